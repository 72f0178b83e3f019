"""A network of its own in which every address answers and every packet is counted, and children that stay in it."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from knowledge.parsing import PYTHON, Cell

_SELF: Final = (*PYTHON, "-m", "tests.knowledge.confined")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tap:
    """The network, held open by a process."""

    holder: int

    @property
    def python(self) -> tuple[str, ...]:
        """Starts Python in it."""
        return (*_SELF, str(self.holder))

    @property
    def cell(self) -> Cell:
        return Cell(python=self.python)

    def packets(self) -> int:
        """That were sent so far, to whatever address."""
        lines = Path(f"/proc/{self.holder}/net/dev").read_text().splitlines()[2:]
        return sum(int(line.partition(":")[2].split()[9]) for line in lines)


@asynccontextmanager
async def open_tap() -> AsyncIterator[Tap | None]:
    """None: this machine lets nobody have a network of one's own."""
    holder = await asyncio.create_subprocess_exec(*_SELF, stdin=PIPE, stdout=PIPE)
    try:
        said = await holder.stdout.readline() if holder.stdout is not None else b""
        yield Tap(holder=holder.pid) if said == b"open\n" else None
    finally:
        if holder.stdin is not None:
            holder.stdin.close()
        await holder.wait()
