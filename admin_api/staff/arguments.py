"""Whether the arguments of an action are what it says that it takes."""

from collections.abc import Mapping
from typing import Any, Final

from admin_api.staff.asking import Action, Param
from core.errors import Malformed
from core.texts import Text

LONGEST: Final = 4000  # of words that somebody types


class Misused(Malformed):
    """Something is missing or wrong in what was typed; how it is written is told along."""

    def __init__(self, what: Text, usage: Text | None = None) -> None:
        shown = Text(f"\nUso: {usage.pt}", f"\nUsage: {usage.en}") if usage else Text("", "")
        super().__init__(what.pt + shown.pt, what.en + shown.en)
        self.what = what


def checked(action: Action, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what is empty. What an action does not name, such as the number of a page, is its own button's."""
    given = {name: _tidy(value) for name, value in arguments.items() if value is not None and value != ""}
    for param in action.params:
        if param.name in given:
            _refuse_wrong(param, given[param.name])
        elif param.is_required:
            raise Misused(Text(f"Falta: {param.about.pt}.", f"Missing: {param.about.en}."))
    return {name: value for name, value in given.items() if value is not None}


def _tidy(value: Any) -> Any:
    return value.replace("\0", "").strip() or None if isinstance(value, str) else value


def _refuse_wrong(param: Param, value: Any) -> None:
    is_of_kind = isinstance(value, param.kind) and (param.kind is bool or not isinstance(value, bool))
    if not is_of_kind:
        raise Misused(Text(f"{param.about.pt}: não entendi.", f"{param.about.en}: not understood."))
    if isinstance(value, str) and len(value) > LONGEST:
        raise Misused(
            Text(
                f"{param.about.pt}: no máximo {LONGEST} caracteres.", f"{param.about.en}: {LONGEST} characters at most."
            )
        )
    if param.choices and value not in param.choices:
        known = ", ".join(param.choices)
        raise Misused(Text(f"{param.about.pt}: use {known}.", f"{param.about.en}: use {known}."))
