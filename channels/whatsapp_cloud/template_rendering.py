"""The request body of a template, and what a variable may hold."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from channels.contents import Location, Media, Template, TemplateButton, Variable
from channels.whatsapp_cloud.limits import LONGEST_NAME, Checks
from channels.whatsapp_cloud.parts import location_part, media_reference

Part = dict[str, Any]

LONGEST_VARIABLE: Final = 1024
HEADER_FORMATS: Final = {"image": "IMAGE", "video": "VIDEO", "document": "DOCUMENT"}
PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2,3})?")
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
_BROKEN: Final = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]| {4}")
_MOST_VARIABLES: Final = 100
_MOST_BUTTONS: Final = 10
_LONGEST_BUTTON: Final = {"quick_reply": 256, "url": 2000, "copy_code": 20}
_PARAMETER: Final = {"quick_reply": "payload", "url": "text", "copy_code": "coupon_code"}


def render_template(template: Template, checks: Checks) -> Part:
    components = [
        *_header(template, checks),
        *_body(template, checks),
        *_buttons(template.buttons, checks),
    ]
    return {
        "name": checks.matches("name", template.name, _NAME, like="a-z 0-9 _"),
        "language": {"code": checks.matches("language", template.language, _LANGUAGE, like="pt_BR, en_US, es")},
        **({"components": components} if components else {}),
    }


def _header(template: Template, checks: Checks) -> Iterator[Part]:
    if template.header is not None:
        yield {"type": "header", "parameters": [_header_parameter(template.header, checks)]}


def _header_parameter(header: Media | Location | Variable, checks: Checks) -> Part:
    match header:
        case Variable():
            return _variable("header", header, checks)
        case Location():
            return {"type": "location", "location": location_part("header", header, checks)}
        case Media():
            return _media(header, checks)


def _media(media: Media, checks: Checks) -> Part:
    if media.kind not in HEADER_FORMATS:
        checks.refuse("header", "só imagem, vídeo ou documento.", "only an image, a video or a document.")
    part = media_reference("header", media, checks)
    if media.kind == "document" and media.filename:
        part["filename"] = checks.words("header.filename", media.filename, LONGEST_NAME)
    return {"type": media.kind, media.kind: part}


def _body(template: Template, checks: Checks) -> Iterator[Part]:
    names = [variable.name for variable in template.body if variable.name is not None]
    checks.count("body", len(template.body), least=0, most=_MOST_VARIABLES)
    checks.distinct("body", names)
    if names and len(names) < len(template.body):
        checks.refuse("body", "ou todas as variáveis têm nome, ou nenhuma.", "all variables have names, or none.")
    if template.body:
        parameters = [_variable(f"body[{index}]", variable, checks) for index, variable in enumerate(template.body)]
        yield {"type": "body", "parameters": parameters}


def _variable(field: str, variable: Variable, checks: Checks) -> Part:
    if _BROKEN.search(variable.text):
        checks.refuse(
            field,
            "não pode ter quebra de linha, tabulação ou quatro espaços seguidos.",
            "must not have a line break, a tab or four spaces in a row.",
        )
    if PLACEHOLDER.search(variable.text):
        checks.refuse(field, "ficou sem preencher.", "was left unfilled.")
    written = checks.words(field, variable.text, LONGEST_VARIABLE)
    if variable.name is None:
        return {"type": "text", "text": written}
    name = checks.matches(f"{field}.name", variable.name, _VARIABLE_NAME, like="a-z 0-9 _")
    return {"type": "text", "parameter_name": name, "text": written}


def _buttons(buttons: Sequence[TemplateButton], checks: Checks) -> Iterator[Part]:
    checks.distinct("buttons", [str(button.index) for button in buttons])
    for button in buttons:
        field = f"buttons[{button.index}]"
        if not 0 <= button.index < _MOST_BUTTONS:
            checks.refuse(field, "não existe botão nesta posição.", "there is no button at this place.")
        if button.kind == "url" and any(map(str.isspace, button.value)):
            checks.refuse(field, "um endereço não tem espaços.", "an address has no spaces.")
        name = _PARAMETER[button.kind]
        value = checks.words(field, button.value, _LONGEST_BUTTON[button.kind])
        yield {
            "type": "button",
            "sub_type": button.kind,
            "index": str(button.index),
            "parameters": [{"type": name, name: value}],
        }
