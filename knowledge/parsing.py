"""Sources read in a process of their own, which nothing of ours depends on: whatever they are, it ends in an answer."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from core.logging import get_logger
from knowledge.documents import Loaded, Refusal, RefusalReason, Unreadable
from knowledge.hearing import Heard, Unheard, hear
from knowledge.loaders.answers import Folder, Hints, SiteMap
from knowledge.sniffing import Shape, shape_of

log = get_logger(__name__)

MOST_BYTES: Final = 32 * 1024 * 1024
# Isolated from variables and from the folder it starts in, both of which others may write.
PYTHON: Final = (sys.executable, "-I", "-X", "utf8")
_MODULES: Final = {
    Shape.PDF: "knowledge.loaders.pdf",
    Shape.ZIPPED: "knowledge.loaders.zipped",
    Shape.TEXTUAL: "knowledge.loaders.textual",
}
_SITE_MAP: Final = "knowledge.loaders.site_map"
_PIECE: Final = 64 * 1024
_TOO_SLOW: Final = frozenset({-signal.SIGXCPU, -signal.SIGALRM})


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """The child and what it may take; its memory and its processor time it limits itself."""

    python: tuple[str, ...] = PYTHON
    wall_seconds: float = 30.0
    most_said: int = 96 * 1024 * 1024


CELL: Final = Cell()


async def read_source(data: bytes, hints: Hints | None = None, *, cell: Cell = CELL) -> Loaded | Folder | Refusal:
    """What kind it is, is seen in its bytes. Never raises for what they hold."""
    if len(data) > MOST_BYTES:
        return Refusal(reason=RefusalReason.TOO_LARGE)
    try:
        shape = shape_of(data)
    except Unreadable as refused:
        return Refusal(reason=refused.reason)
    heard = await _ask(_MODULES[shape], data, hints or Hints(), cell)
    return heard if isinstance(heard, Loaded | Folder | Refusal) else Refusal(reason=RefusalReason.BROKEN)


async def read_site_map(data: bytes, *, cell: Cell = CELL) -> SiteMap | Refusal:
    heard = await _ask(_SITE_MAP, data, Hints(), cell)
    return heard if isinstance(heard, SiteMap | Refusal) else Refusal(reason=RefusalReason.BROKEN)


async def _ask(module: str, data: bytes, hints: Hints, cell: Cell) -> Heard:
    head = json.dumps({"name": hints.name, "charset": hints.charset}).encode() + b"\n"
    try:
        async with asyncio.timeout(cell.wall_seconds), _child(module, cell) as child:
            said = await _talk(child, head, data, cell.most_said)
            code = await child.wait()
    except TimeoutError:
        log.warning("parsing.too_slow", module=module, size=len(data))
        return Refusal(reason=RefusalReason.TOO_SLOW)
    heard = hear(said) if said is not None else Unheard()
    if not isinstance(heard, Unheard):
        return heard
    log.warning("parsing.unheard", module=module, size=len(data), code=code)
    return Refusal(reason=_reason_of(code))


def _reason_of(code: int) -> RefusalReason:
    if code in _TOO_SLOW:
        return RefusalReason.TOO_SLOW
    return RefusalReason.TOO_HEAVY if code == -signal.SIGKILL else RefusalReason.BROKEN


@asynccontextmanager
async def _child(module: str, cell: Cell) -> AsyncIterator[Process]:
    """It inherits no variable: what it does not know, no file can make it tell."""
    child = await asyncio.create_subprocess_exec(
        *cell.python, "-m", module, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, cwd="/", start_new_session=True
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def _talk(child: Process, head: bytes, data: bytes, most: int) -> bytes | None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_tell(child, head, data))
        listening = tasks.create_task(_listen(child, most))
    return listening.result()


async def _tell(child: Process, head: bytes, data: bytes) -> None:
    """A child that ends early has said why, or has nothing to say."""
    if child.stdin is None:
        raise AssertionError("a child is made with its pipes")
    try:
        child.stdin.writelines((head, data))
        await child.stdin.drain()
        child.stdin.close()
        await child.stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        return


async def _listen(child: Process, most: int) -> bytes | None:
    if child.stdout is None:
        raise AssertionError("a child is made with its pipes")
    said = bytearray()
    while piece := await child.stdout.read(_PIECE):
        said += piece
        if len(said) > most:
            child.kill()
            return None
    return bytes(said)
