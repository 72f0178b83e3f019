"""Whether a template that is to be sent fits the one that Meta approved."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from channels.base import KnownTemplate
from channels.contents import Location, Media, Template, Variable
from channels.whatsapp_cloud.fields import filled, mapping, objects, text
from channels.whatsapp_cloud.limits import Checks
from channels.whatsapp_cloud.template_rendering import HEADER_FORMATS, PLACEHOLDER, render_template
from core.errors import FieldError

_NEEDS_VALUE: Final = {"URL": "url", "COPY_CODE": "copy_code"}
_KIND_OF_BUTTON: Final = {**_NEEDS_VALUE, "QUICK_REPLY": "quick_reply"}


def misfits(template: Template, known: KnownTemplate) -> tuple[FieldError, ...]:
    """Everything for which Meta would refuse it, for a whole campaign before its first message."""
    checks = Checks()
    render_template(template, checks)
    if (template.name, template.language) != (known.name, known.language):
        checks.refuse("name", "não é o modelo aprovado com este nome e idioma.", "is not the template approved.")
    if known.status.upper() != "APPROVED":
        checks.refuse("name", "o modelo não está aprovado no momento.", "the template is not approved at the moment.")
    _compare_header(template, known, checks)
    _compare_variables("body", template.body, _text_of(known, "BODY"), checks)
    _compare_buttons(template, known, checks)
    return checks.errors


def _compare_header(template: Template, known: KnownTemplate, checks: Checks) -> None:
    wanted = (text(_component(known, "HEADER").get("format")) or "NONE").upper()
    match template.header:
        case Media() as media:
            given = HEADER_FORMATS.get(media.kind, "NONE")
        case Location():
            given = "LOCATION"
        case _:
            given = wanted if wanted in {"TEXT", "NONE"} else "NONE"
            variables = [template.header] if template.header else []
            _compare_variables("header", variables, _text_of(known, "HEADER"), checks)
    if given != wanted:
        checks.refuse("header", f"o modelo espera {wanted}.", f"the template expects {wanted}.")


def _compare_variables(field: str, given: Sequence[Variable], approved: str, checks: Checks) -> None:
    """By name where the approved text has names, else by their number: `{{1}}` may stand in it twice."""
    wanted = list(dict.fromkeys(PLACEHOLDER.findall(approved)))
    is_positional = all(map(str.isdecimal, wanted))
    if is_positional and any(variable.name is not None for variable in given):
        checks.refuse(field, "o modelo não usa nomes.", "the template uses no names.")
    elif not is_positional and {variable.name for variable in given} != set(wanted):
        names = ", ".join(wanted)
        checks.refuse(field, f"o modelo espera as variáveis {names}.", f"the template expects the variables {names}.")
    elif len(given) != len(wanted):
        checks.refuse(
            field,
            f"tem {len(given)} variáveis; o modelo espera {len(wanted)}.",
            f"has {len(given)} variables; the template expects {len(wanted)}.",
        )


def _compare_buttons(template: Template, known: KnownTemplate, checks: Checks) -> None:
    approved = objects(_component(known, "BUTTONS").get("buttons"))
    given = {button.index: button for button in template.buttons}
    for index, button in enumerate(approved):
        wanted = _NEEDS_VALUE.get(_kind(button)) if _has_value(button) else None
        if wanted and index not in given:
            checks.refuse(f"buttons[{index}]", "falta o valor deste botão.", "the value of this button is missing.")
    for index, own in given.items():
        if index >= len(approved) or _KIND_OF_BUTTON.get(_kind(approved[index])) != own.kind:
            checks.refuse(f"buttons[{index}]", "o modelo não tem este botão.", "the template has no such button.")
        elif not _has_value(approved[index]):
            checks.refuse(f"buttons[{index}]", "este botão não tem variável.", "this button has no variable.")


def _kind(button: Mapping[str, Any]) -> str:
    return (text(button.get("type")) or "").upper()


def _has_value(button: Mapping[str, Any]) -> bool:
    """The address of a link can be whole already."""
    return _kind(button) != "URL" or bool(PLACEHOLDER.search(text(button.get("url")) or ""))


def _component(known: KnownTemplate, kind: str) -> Mapping[str, Any]:
    return next((part for part in known.components if (text(part.get("type")) or "").upper() == kind), {})


def _text_of(known: KnownTemplate, kind: str) -> str:
    return filled(mapping(_component(known, kind)).get("text")) or ""
