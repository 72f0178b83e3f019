"""The same dialogues leave the same log, whatever hashes are made of and however many run at once."""

import asyncio
import os
import sys
from typing import Final

_LOGBOOK: Final = "tests.graphs.conversation.logbook"


async def log_of(*only: str, hashes: str, seeds: int, width: int) -> str:
    """Turns and SHA-256, as another process has them."""
    environment = {**os.environ, "PYTHONHASHSEED": hashes}
    command = [sys.executable, "-W", "ignore", "-m", _LOGBOOK, str(seeds), str(width), *only]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


class TestDeterminism:
    async def test_neither_hashes_nor_company_change_a_word(self) -> None:
        one, other = await asyncio.gather(
            log_of("agendamento", hashes="1", seeds=1, width=1), log_of("agendamento", hashes="2", seeds=1, width=16)
        )
        assert one == other
        assert int(one.split()[0]) > 150
