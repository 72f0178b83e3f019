"""`masteria down`: stop what `masteria up` started."""

import os
import signal
import time
from collections.abc import Sequence
from typing import Final

from admin_api.commands.home_option import add_home, settings_from
from admin_api.terminal import Parser, launch, say, text
from core.errors import Misconfigured, Unavailable
from core.home import Home

_SECONDS: Final = 15.0
_LAST_SECONDS: Final = 2.0
_QUESTIONS: Final = 20


def main(arguments: Sequence[str]) -> int:
    parser = Parser(prog="masteria down", description=text("Para tudo o que `up` iniciou.", "Stop what `up` started."))
    add_home(parser)
    options = parser.parse_args(arguments)
    settings = settings_from(options)
    home = Home(settings.masteria_home)
    holder = _holder(home)
    if holder is None:
        say(f"Nada está no ar em {home.folder}.", f"Nothing runs in {home.folder}.")
        return 0
    try:
        os.kill(holder, signal.SIGTERM)
    except PermissionError as error:
        raise Misconfigured(
            f"O processo {holder} é de outro usuário: rode `masteria down` como ele.",
            f"Process {holder} belongs to another user: run `masteria down` as that user.",
        ) from error
    _wait_until_free(home, holder)
    say("Parado.", "Stopped.")
    return 0


def _holder(home: Home) -> int | None:
    """Who just took the home writes its number a moment later; 0 would be the whole family of whoever asks."""
    for _ in range(_QUESTIONS):
        holder = home.holder()
        if holder is None or holder > 1:
            return holder
        time.sleep(0.05)
    raise Unavailable(
        f"A pasta {home.folder} está em uso, mas {home.folder / 'lock'} não diz por qual processo: encerre-o à mão.",
        f"{home.folder} is held, but {home.folder / 'lock'} does not say by which process: end it by hand.",
    )


def _wait_until_free(home: Home, holder: int) -> None:
    end = time.monotonic() + _SECONDS
    while home.is_held():
        if time.monotonic() > end:
            raise Unavailable(
                f"O processo {holder} não parou em {_SECONDS:.0f} s: confira-o, ou encerre-o com `kill -9 {holder}`.",
                f"Process {holder} did not stop within {_SECONDS:.0f} s: end it with `kill -9 {holder}`.",
            )
        time.sleep(0.05)
    _wait_until_gone(holder)


def _wait_until_gone(process: int) -> None:
    """The home is free a moment before the process has ended; where nobody reaps it, it stays listed, which is fine."""
    end = time.monotonic() + _LAST_SECONDS
    while time.monotonic() < end:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)


if __name__ == "__main__":
    launch(main)
