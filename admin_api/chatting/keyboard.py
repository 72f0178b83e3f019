"""Lines as somebody types them, or as a script has them, and a screen on which others may speak meanwhile."""

import asyncio
import queue
import readline
import sys
import termios
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from admin_api.terminal import write
from core.errors import Malformed

_UP_AND_CLEAR: Final = "\x1b[A\x1b[2K"
_CLEAR: Final = "\r\x1b[2K"


@contextmanager
def calm_terminal() -> Iterator[None]:
    """As it was before: whoever is interrupted while a line is typed would leave it without an echo."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@dataclass(slots=True)
class Keyboard:
    """`prompt` is asked for before each line. What was typed is taken off again if `echoes`: it comes back as said."""

    prompt: Callable[[], str]
    script: Path | None = None
    echoes: bool = False
    _is_typing: bool = field(default=False, init=False)

    @property
    def is_person(self) -> bool:
        return self.script is None and sys.stdin.isatty()

    async def lines(self) -> AsyncIterator[str]:
        """Without those that are empty."""
        if self.script is not None:
            for line in await asyncio.to_thread(_read, self.script):
                if line.strip():
                    yield line.strip()
            return
        wanted: queue.SimpleQueue[asyncio.Future[str | None]] = queue.SimpleQueue()
        # Nobody can call back a thread that waits for a key: as a daemon it does not hold up the end.
        threading.Thread(target=self._type, args=(wanted,), daemon=True).start()
        while True:
            typed = asyncio.get_running_loop().create_future()
            wanted.put(typed)
            line = await typed
            if line is None:
                return
            if line.strip():
                yield line.strip()

    def show(self, lines: Iterable[str]) -> None:
        """Above what is being typed."""
        shown = list(lines)
        if not shown:
            return
        if not self._is_typing:
            write("\n".join(shown))
            return
        write(_CLEAR + "\n".join(shown))
        sys.stdout.write(self.prompt() + readline.get_line_buffer())
        sys.stdout.flush()

    def _type(self, wanted: "queue.SimpleQueue[asyncio.Future[str | None]]") -> None:
        while True:
            typed = wanted.get()
            line = self._line()
            typed.get_loop().call_soon_threadsafe(_settle, typed, line)
            if line is None:
                return

    def _line(self) -> str | None:
        self._is_typing = self.is_person
        try:
            line = input(self.prompt() if self.is_person else "")
        except (EOFError, UnicodeDecodeError):
            return None
        finally:
            self._is_typing = False
        if self.is_person and self.echoes:
            sys.stdout.write(_UP_AND_CLEAR)
            sys.stdout.flush()
        return line


def _settle(typed: "asyncio.Future[str | None]", line: str | None) -> None:
    if not typed.done():
        typed.set_result(line)


def _read(script: Path) -> list[str]:
    try:
        return script.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(
            f"Não consegui ler {script}: confira o caminho, e que é um arquivo de texto.",
            f"{script} cannot be read: check the path, and that it is a text file.",
        ) from error
