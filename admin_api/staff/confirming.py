"""The yes to something risky: asked of whoever wants it, once, for ten minutes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from admin_api.staff.asking import Answer, Ask
from admin_api.staff.buttons import Choice
from channels.telegram_staff.rich import Rich
from core.texts import Text

CONFIRM: Final = "confirm"
CANCEL: Final = "cancel"
WAITS: Final = timedelta(minutes=10)


def with_confirmation(ask: Ask, name: str, shown: Answer) -> Answer:
    """What will happen, with the two buttons below it that are for the asker alone: to what was shown, nothing else."""
    arguments = ask.arguments if shown.pinned is None else shown.pinned
    yes = Choice(
        text=ask.say(Text("✅ Confirmar", "✅ Confirm")),
        action=CONFIRM,
        arguments={"action": name, "arguments": dict(arguments)},
        person=ask.asker.person,
        lifetime=WAITS,
    )
    no = Choice(
        text=ask.say(Text("Cancelar", "Cancel")),
        action=CANCEL,
        person=ask.asker.person,
        lifetime=WAITS,
    )
    return replace(shown, choices=[*shown.choices, [yes, no]])


def confirmed(arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    return str(arguments["action"]), arguments["arguments"]


def cancelled(ask: Ask) -> Answer:
    nothing = ask.say(Text("Cancelado: nada mudou.", "Cancelled: nothing changed."))
    return Answer(text=Rich(nothing), toast=nothing, replaces=True)
