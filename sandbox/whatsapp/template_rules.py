"""How a template may be written: its name, its parts, its variables and their examples."""

import re
from typing import Any, Final

from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json, inside, listed, one_of, text

CATEGORIES: Final = frozenset({"MARKETING", "UTILITY", "AUTHENTICATION"})
FORMATS: Final = frozenset({"NAMED", "POSITIONAL"})
_PARTS: Final = frozenset({"HEADER", "BODY", "FOOTER", "BUTTONS"})
_HEADERS: Final = frozenset({"TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION"})
_BUTTONS: Final = frozenset(
    {"QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "FLOW", "OTP", "VOICE_CALL", "REQUEST_CONTACT_INFO"}
)
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2})?")
_VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_EDGE: Final = re.compile(r"^\s*\{\{|\}\}\s*$")
_VARIABLE_AT_EDGE: Final = 2388299
_BODY: Final = 1024
_SHORT: Final = 60
_BUTTON_TEXT: Final = 25
_MOST_BUTTONS: Final = 10


def check_template(body: Json) -> None:
    """Everything about a new template that can be wrong without knowing the others."""
    if not _NAME.fullmatch(text(body, "name")):
        raise _refused("Template name has characters other than lower-case letters, digits and underscores.")
    if not _LANGUAGE.fullmatch(text(body, "language")):
        raise _refused("Template language is not a language code such as pt_BR.")
    one_of(body, "category", CATEGORIES)
    if "parameter_format" in body:
        one_of(body, "parameter_format", FORMATS)
    check_components(listed(body, "components"), is_named=body.get("parameter_format") == "NAMED")


def check_components(components: list[Json], *, is_named: bool) -> None:
    kinds = [one_of(part, "type", _PARTS, "components.") for part in components]
    if kinds.count("BODY") != 1 or len(set(kinds)) < len(kinds):
        raise _refused("A template has one BODY, and every other component at most once.")
    for kind, part in zip(kinds, components, strict=True):
        match kind:
            case "BODY":
                _body(part, is_named=is_named)
            case "HEADER":
                _header(part, is_named=is_named)
            case "FOOTER":
                _plain(text(part, "text", "footer.", most=_SHORT))
            case "BUTTONS":
                _buttons(part)


def variables(template_text: str) -> list[str]:
    """Each once, in order of its first place."""
    return list(dict.fromkeys(_VARIABLE.findall(template_text)))


def rendered(template_text: str, values: dict[str, str]) -> str:
    """One pass: a value that looks like a variable stays as it is."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), template_text)


def _body(part: Json, *, is_named: bool) -> None:
    words = text(part, "text", "body.", most=_BODY)
    if _EDGE.search(words):
        raise _refused("Variables can't be at the start or end of the template.", subcode=_VARIABLE_AT_EDGE)
    _examples(part, "body", words, is_named=is_named)


def _header(part: Json, *, is_named: bool) -> None:
    header = one_of(part, "format", _HEADERS, "header.")
    if header == "TEXT":
        words = text(part, "text", "header.", most=_SHORT)
        if len(variables(words)) > 1:
            raise _refused("A text header has one variable at most.")
        _examples(part, "header", words, is_named=is_named)
    elif header != "LOCATION" and not inside(part, "example", "header.").get("header_handle"):
        raise _refused(f"A header of format {header} needs example.header_handle.")


def _examples(part: Json, place: str, words: str, *, is_named: bool) -> None:
    names = variables(words)
    if not names:
        return
    if not is_named and names != [str(number) for number in range(1, len(names) + 1)]:
        raise _refused("Positional variables are {{1}}, {{2}} and so on, in this order.")
    example = inside(part, "example", f"{place}.")
    given = example.get(f"{place}_text_named_params" if is_named else f"{place}_text")
    if _example_names(given, is_named=is_named, count=len(names)) != set(names):
        raise _refused(f"{place}.example does not have one example for each variable.")


def _example_names(given: Any, *, is_named: bool, count: int) -> set[str]:
    if not isinstance(given, list) or not given:
        return set()
    if is_named:
        return {str(item.get("param_name")) for item in given if isinstance(item, dict) and item.get("example")}
    values = given[0] if isinstance(given[0], list) else given
    return {str(number) for number in range(1, len(values) + 1)} if len(values) == count else set()


def _buttons(part: Json) -> None:
    for button in listed(part, "buttons", "buttons.", most=_MOST_BUTTONS):
        kind = one_of(button, "type", _BUTTONS, "buttons.")
        if kind not in {"COPY_CODE", "OTP", "REQUEST_CONTACT_INFO"}:
            _plain(text(button, "text", "buttons.", most=_BUTTON_TEXT))
        if kind == "URL":
            url = text(button, "url", "buttons.", most=2000)
            if variables(url) and (variables(url) != ["1"] or not url.endswith("}}") or not button.get("example")):
                raise _refused("A button's URL has one variable {{1}}, at its end, and an example.")
        if kind == "PHONE_NUMBER":
            text(button, "phone_number", "buttons.", most=20)


def _plain(words: str) -> None:
    if variables(words):
        raise _refused("Footers and buttons have no variables.")


def _refused(details: str, *, subcode: int | None = None) -> GraphError:
    return GraphError(100, details, subcode=subcode)
