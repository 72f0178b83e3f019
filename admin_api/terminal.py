"""How every command speaks: help in the reader's language, one line for an error, exit code 0, 1 or 2."""

import argparse
import json
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NoReturn, TypeVar

from typing_extensions import override

from core.errors import AppError
from core.texts import Language, Text, language_of_terminal

USAGE: Final = 2
_INTERRUPTED: Final = 130
_BAR: Final = 24
_LAST_PORT: Final = 65_535

Item = TypeVar("Item")

Main = Callable[[Sequence[str]], int]

# What argparse says by itself, for it knows English only.
_ARGPARSE: Final = (
    (r"the following arguments are required: (.+)", r"faltam argumentos: \1"),
    (r"unrecognized arguments: (.+)", r"argumentos desconhecidos: \1"),
    (r"argument (.+?): expected one argument", r"\1: falta o valor"),
    (r"argument (.+?): invalid choice: (.+) \(choose from (.+)\)", r"\1: \2 não existe; escolha entre \3"),
    (r"argument (.+?): invalid (?:.+) value: (.+)", r"\1: valor inválido: \2"),
    (r"one of the arguments (.+) is required", r"é preciso um destes argumentos: \1"),
    (r"argument (.+?): not allowed with argument (.+)", r"\1 não combina com \2"),
    (r"^argument (.+?): (.+)", r"\1: \2"),  # what a type of ours says is in the reader's language already
)


class Parser(argparse.ArgumentParser):
    """An argument parser whose own words follow the reader's language."""

    def __init__(self, *, prog: str, description: str | None = None, **options: Any) -> None:
        options |= {"add_help": False, "formatter_class": _Help}
        super().__init__(prog=prog, description=description, **options)
        self._positionals.title = text("argumentos", "arguments")
        self._optionals.title = text("opções", "options")
        self.add_argument("-h", "--help", action="help", help=text("mostra esta ajuda", "show this help"))
        self.add_argument("--debug", action="store_true", help=text("mostra o erro por inteiro", "show errors in full"))

    @override
    def error(self, message: str) -> NoReturn:
        if language_of_terminal() is Language.PT:
            for english, portuguese in _ARGPARSE:
                message = re.sub(english, portuguese, message)
        hint = text(f"veja `{self.prog} --help`", f"see `{self.prog} --help`")
        sys.stderr.write(f"✗ {self.prog}: {message}; {hint}\n")
        raise SystemExit(USAGE)


class _Help(argparse.HelpFormatter):
    @override
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, text("uso: ", "usage: ") if prefix is None else prefix)


def text(pt: str, en: str) -> str:
    return Text(pt, en).in_(language_of_terminal())


def say(pt: str, en: str) -> None:
    write(text(pt, en))


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write_json(value: Any) -> None:
    write(json.dumps(value, ensure_ascii=False, default=str))


def progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items one by one, with a bar where a person is watching."""
    for done, item in enumerate(items):
        draw(done, len(items), what)
        yield item
    draw(len(items), len(items), what)


def draw(done: int, total: int, what: str) -> None:
    """A bar, where a person is watching; whole, it ends its line."""
    if sys.stderr.isatty():
        filled = _BAR * done // max(total, 1)
        end = "\n" if done >= total else ""
        sys.stderr.write(f"\r{'█' * filled}{'░' * (_BAR - filled)} {done}/{total} {what}{end}")
        sys.stderr.flush()


def launch(main: Main) -> NoReturn:
    """Run a command to its exit code; an error of ours is one line, anything else keeps its traceback."""
    try:
        code = main(sys.argv[1:])
    except AppError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        sys.stderr.write(f"✗ {error.detail.in_(language_of_terminal())}\n")
        code = error.exit_code
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        kind = type(error).__name__
        say_wrong(
            f"Erro inesperado ({kind}): rode de novo com --debug e nos conte o que ele mostra.",
            f"Unexpected error ({kind}): run again with --debug and tell us what it shows.",
        )
        code = 1
    sys.exit(code)


def say_wrong(pt: str, en: str) -> None:
    sys.stderr.write(f"✗ {text(pt, en)}\n")


def port(value: str) -> int:
    """For `type=`: a port number, 0 for any free one."""
    number = int(value)
    if not 0 <= number <= _LAST_PORT:
        raise ValueError(value)
    return number
