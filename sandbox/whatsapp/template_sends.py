"""A template that is sent: does it exist, and do the parameters fit it?"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.whatsapp.attachments import check_media
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json, inside, listed, one_of, text
from sandbox.whatsapp.media import Shelf
from sandbox.whatsapp.template_rules import rendered, variables
from sandbox.whatsapp.templates import Template, Templates, TemplateStatus

_COUNT: Final = 132000
_NOT_THERE: Final = 132001
_TOO_LONG: Final = 132005
_FORMAT: Final = 132012
_PAUSED: Final = 132015
_DISABLED: Final = 132016
_LONGEST_BODY: Final = 1024
_LONGEST_HEADER: Final = 60
_LONGEST_CODE: Final = 20
_KINDS: Final = frozenset({"header", "body", "button"})
_SUB_TYPES: Final = {
    "QUICK_REPLY": "quick_reply",
    "URL": "url",
    "COPY_CODE": "copy_code",
    "FLOW": "flow",
    "OTP": "url",
    "VOICE_CALL": "voice_call",
}
_UNWANTED: Final = re.compile(r"[\n\r\t]| {5}")


def template_of(content: Json, waba_id: str, templates: Templates) -> Template:
    """The one that is meant; only an approved one may be sent."""
    name = text(content, "name", "template.")
    code = text(inside(content, "language", "template."), "code", "template.language.")
    template = templates.named(waba_id, name, code)
    if template is not None and template.status is TemplateStatus.PAUSED:
        raise GraphError(_PAUSED, "Template is paused because of low quality.")
    if template is not None and template.status is TemplateStatus.DISABLED:
        raise GraphError(_DISABLED, "Template was paused too many times and is disabled for good.")
    if template is None or template.status is not TemplateStatus.APPROVED:
        raise GraphError(_NOT_THERE, f"template name ({name[:64]}) does not exist in {code[:16]}")
    return template


def fill(template: Template, content: Json, shelf: Shelf) -> str:
    """The body as it will be read."""
    parts = listed(content, "components", "template.") if content.get("components") else []
    given: dict[str, list[Json]] = {kind: [] for kind in _KINDS}
    for part in parts:
        given[one_of(part, "type", _KINDS, "template.components.")].append(part)
    _only_one(given["header"], "header")
    _only_one(given["body"], "body")
    _header(template, given["header"], shelf)
    _buttons(template, given["button"])
    body = template.component("BODY") or {}
    words = _filled(template, "body", str(body.get("text", "")), _parameters(given["body"]))
    if len(words) > _LONGEST_BODY:
        raise GraphError(_TOO_LONG, f"body: {len(words)} characters, {_LONGEST_BODY} at most")
    return words


def _only_one(parts: list[Json], kind: str) -> None:
    if len(parts) > 1:
        raise GraphError(_FORMAT, f"{kind}: given more than once")


def _parameters(parts: list[Json]) -> list[Json]:
    return listed(parts[0], "parameters", "components.") if parts and parts[0].get("parameters") else []


def _filled(template: Template, place: str, words: str, parameters: list[Json]) -> str:
    names = variables(words)
    if len(parameters) != len(names):
        raise GraphError(
            _COUNT,
            f"{place}: number of localizable_params ({len(parameters)}) does not match the expected number of params "
            f"({len(names)})",
        )
    is_named = template.parameter_format == "NAMED"
    values = {
        _name(parameter, place) if is_named else name: _value(parameter, place)
        for name, parameter in zip(names, parameters, strict=True)
    }
    if values.keys() != set(names):
        raise GraphError(_FORMAT, f"{place}: the parameter names are not those of the template")
    return rendered(words, values)


def _name(parameter: Json, place: str) -> str:
    name = parameter.get("parameter_name")
    if not isinstance(name, str):
        raise GraphError(_FORMAT, f"{place}: parameter_name is missing, the template was created with NAMED")
    return name


def _value(parameter: Json, place: str) -> str:
    if parameter.get("type") != "text":
        raise GraphError(_FORMAT, f"{place}: a variable takes a parameter of type text")
    value = text(parameter, "text", f"{place}.parameters.")
    if _UNWANTED.search(value):
        raise GraphError(
            _FORMAT, f"{place}: param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )
    return value


def _header(template: Template, given: list[Json], shelf: Shelf) -> None:
    header = template.component("HEADER") or {"format": "TEXT", "text": ""}
    parameters = _parameters(given)
    if header["format"] == "TEXT":
        words = _filled(template, "header", str(header["text"]), parameters)
        if len(words) > _LONGEST_HEADER:
            raise GraphError(_TOO_LONG, f"header: {len(words)} characters, {_LONGEST_HEADER} at most")
        return
    if len(parameters) != 1:
        raise GraphError(_FORMAT if not parameters else _COUNT, f"header: one {header['format']} is expected")
    kind = str(header["format"]).lower()
    if parameters[0].get("type") != kind:
        raise GraphError(_FORMAT, f"header: Format mismatch, expected {header['format']}")
    if kind != "location":
        check_media(kind, inside(parameters[0], kind, "header."), shelf)


def _buttons(template: Template, given: list[Json]) -> None:
    part = template.component("BUTTONS") or {}
    buttons: list[Mapping[str, Any]] = part.get("buttons", [])
    filled = {_index(button): button for button in given}
    if len(filled) < len(given) or not all(index < len(buttons) for index in filled):
        raise GraphError(_FORMAT, "button: the template has no such button, or it is given twice")
    for index, button in enumerate(buttons):
        _button(button, filled.get(index), index)


def _index(button: Json) -> int:
    index = str(button.get("index", ""))
    if not index.isdecimal():
        raise GraphError(_FORMAT, "button: index is missing")
    return int(index)


def _button(button: Mapping[str, Any], given: Json | None, index: int) -> None:
    kind = button["type"]
    has_variable = kind in {"COPY_CODE", "OTP"} or (kind == "URL" and bool(variables(button["url"])))
    if given is None:
        if has_variable:
            raise GraphError(_COUNT, f"button at index {index} requires a parameter")
        return
    if given.get("sub_type") != _SUB_TYPES.get(kind):
        raise GraphError(_FORMAT, f"button at index {index} is not of type {str(given.get('sub_type'))[:20]}")
    parameters = listed(given, "parameters", "button.", most=1) if given.get("parameters") else []
    if has_variable and not parameters:
        raise GraphError(_COUNT, f"button at index {index} requires a parameter")
    if kind == "URL" and parameters and not has_variable:
        raise GraphError(_COUNT, f"button at index {index} does not take a parameter")
    for parameter in parameters:
        _button_value(kind, parameter)


def _button_value(kind: str, parameter: Json) -> None:
    name = {"QUICK_REPLY": "payload", "COPY_CODE": "coupon_code", "FLOW": "action"}.get(kind, "text")
    if parameter.get("type") != name:
        raise GraphError(_FORMAT, f"button: a parameter of type {name} is expected")
    if name == "action":
        inside(parameter, name, "button.")
        return
    value = text(parameter, name, "button.", most=_LONGEST_CODE if kind == "COPY_CODE" else 2000)
    if kind != "QUICK_REPLY" and _UNWANTED.search(value):
        raise GraphError(_FORMAT, "button: param text cannot have new-line/tab characters")
