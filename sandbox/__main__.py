"""`python -m sandbox --port N`: serves until SIGTERM, and says where on one line."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Final

from sandbox.world import Sandbox

_NOT_FINE: Final = 1
_LAST_PORT: Final = 65535


async def serve(*, port: int, seed: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Sandbox.open(port=port, seed=seed) as sandbox:
        sys.stdout.write(f"SANDBOX {sandbox.url}\n")
        sys.stdout.flush()
        await stop.wait()


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="sandbox", description="Provedores simulados / simulated providers")
    parser.add_argument("--port", type=_port, default=0, help="0: uma porta livre / a free one")
    parser.add_argument("--seed", type=int, default=0, help="o acaso das falhas e dos status / of faults and statuses")
    told = parser.parse_args(words)
    try:
        asyncio.run(serve(port=told.port, seed=told.seed))
    except OSError as error:
        sys.stderr.write(
            f"✗ O sandbox não conseguiu abrir a porta {told.port} ({error.strerror}). Escolha outra com --port. / "
            f"The sandbox could not open port {told.port}. Choose another with --port.\n"
        )
        return _NOT_FINE
    return 0


def _port(word: str) -> int:
    if not word.isdecimal() or int(word) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"0 … {_LAST_PORT}")
    return int(word)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
