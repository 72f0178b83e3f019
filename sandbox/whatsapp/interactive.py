"""Interactive messages: buttons, lists, links, requests, flows and payments."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from sandbox.whatsapp.attachments import check_media
from sandbox.whatsapp.fields import Json, inside, invalid, listed, missing, number, one_of, text, text_if_any
from sandbox.whatsapp.media import Shelf

_BODY: Final = 1024
_LIST_BODY: Final = 4096
_FOOTER: Final = 60
_BUTTONS: Final = 3
_ROWS: Final = 10
_TITLE: Final = 20
_ROW_TITLE: Final = 24
_HEADERS: Final = frozenset({"text", "image", "video", "document"})
_PIX: Final = "pix_dynamic_code"
_PIX_KEYS: Final = frozenset({"CPF", "CNPJ", "EMAIL", "PHONE", "EVP"})
_PAYMENTS: Final = frozenset({_PIX, "payment_link", "boleto", "offsite_card_pay", "payment_gateway"})
_HUNDRED: Final = 100


def interactive(content: Json, shelf: Shelf) -> str:
    """Its text."""
    kind = one_of(content, "type", frozenset(_ACTIONS), "interactive.")
    body = text(inside(content, "body", "interactive."), "text", "interactive.body.", most=_body_length(kind))
    if content.get("header") is not None:
        _header(inside(content, "header", "interactive."), kind, shelf)
    if content.get("footer") is not None:
        text(inside(content, "footer", "interactive."), "text", "interactive.footer.", most=_FOOTER)
    _ACTIONS[kind](inside(content, "action", "interactive."))
    return body


def _body_length(kind: str) -> int:
    return _LIST_BODY if kind == "list" else _BODY


def _header(header: Json, kind: str, shelf: Shelf) -> None:
    header_type = one_of(header, "type", _HEADERS, "interactive.header.")
    if header_type == "text":
        text(header, "text", "interactive.header.", most=_FOOTER)
    elif kind == "list":
        raise invalid("A list message has a header of type text only.")
    else:
        check_media(header_type, inside(header, header_type, "interactive.header."), shelf)


def _buttons(action: Json) -> None:
    buttons = listed(action, "buttons", "action.", most=_BUTTONS)
    replies = []
    for button in buttons:
        one_of(button, "type", frozenset({"reply"}), "action.buttons.")
        reply = inside(button, "reply", "action.buttons.")
        replies.append((text(reply, "id", "reply.", most=256), text(reply, "title", "reply.", most=_TITLE)))
    for parts in zip(*replies, strict=True):
        _unique(parts, "Buttons have the same id or title.")


def _list(action: Json) -> None:
    text(action, "button", "action.", most=_TITLE)
    sections = listed(action, "sections", "action.", most=_ROWS)
    ids = []
    for section in sections:
        title = text_if_any(section, "title", "section.", most=_ROW_TITLE)
        if title is None and len(sections) > 1:
            raise missing("section.title")
        for row in listed(section, "rows", "section."):
            ids.append(text(row, "id", "row.", most=200))
            text(row, "title", "row.", most=_ROW_TITLE)
            text_if_any(row, "description", "row.", most=72)
    if len(ids) > _ROWS:
        raise invalid(f"Total row count exceed max allowed count: {_ROWS}")
    _unique(ids, "Rows have the same id.")


def _unique(names: list[str] | tuple[str, ...], details: str) -> None:
    if len(set(names)) < len(names):
        raise invalid(details)


def _cta_url(action: Json) -> None:
    _named(action, "cta_url")
    parameters = inside(action, "parameters", "action.")
    text(parameters, "display_text", "parameters.", most=_TITLE)
    url = urlsplit(text(parameters, "url", "parameters."))
    if url.scheme not in {"http", "https"} or not url.netloc:
        raise invalid("Param parameters.url is not a valid URL.")


def _location_request(action: Json) -> None:
    _named(action, "send_location")


def _contact_request(action: Json) -> None:
    _named(action, "request_contact_info")


def _flow(action: Json) -> None:
    _named(action, "flow")
    parameters = inside(action, "parameters", "action.")
    text(parameters, "flow_cta", "parameters.", most=_TITLE)
    if not {"flow_id", "flow_name"} & parameters.keys():
        raise missing("parameters.flow_id")


def _order_details(action: Json) -> None:
    _named(action, "review_and_pay")
    parameters = inside(action, "parameters", "action.")
    text(parameters, "reference_id", "parameters.", most=35)
    one_of(parameters, "type", frozenset({"digital-goods", "physical-goods"}), "parameters.")
    one_of(parameters, "currency", frozenset({"BRL"}), "parameters.")
    one_of(parameters, "payment_type", frozenset({"br"}), "parameters.")
    for payment in listed(parameters, "payment_settings", "parameters."):
        if one_of(payment, "type", _PAYMENTS, "payment_settings.") == _PIX:
            _pix(inside(payment, _PIX, "payment_settings."))
    _order(inside(parameters, "order", "parameters."), _cents(parameters, "total_amount"))


def _pix(code: Json) -> None:
    for name in ("code", "merchant_name", "key"):
        text(code, name, f"{_PIX}.")
    one_of(code, "key_type", _PIX_KEYS, f"{_PIX}.")


def _order(order: Json, total: int) -> None:
    one_of(order, "status", frozenset({"pending"}), "order.")
    items = listed(order, "items", "order.")
    for item in items:
        text(item, "retailer_id", "items.")
        text(item, "name", "items.")
    subtotal = sum(_cents(item, "amount") * int(number(item, "quantity", "items.")) for item in items)
    extra = sum(_cents(order, name) for name in ("tax", "shipping") if order.get(name) is not None)
    discount = _cents(order, "discount") if order.get("discount") is not None else 0
    if _cents(order, "subtotal") != subtotal:
        raise invalid("Param order.subtotal is not the sum of its items.")
    if subtotal + extra - discount != total:
        raise invalid("Param total_amount is not subtotal + tax + shipping - discount.")


def _cents(holder: Json, name: str) -> int:
    amount = inside(holder, name, "parameters.")
    if number(amount, "offset", f"{name}.") != _HUNDRED:
        raise invalid(f"Param {name}.offset must be {_HUNDRED}.")
    value = number(amount, "value", f"{name}.")
    if value < 0 or not value.is_integer():
        raise invalid(f"Param {name}.value must be a whole number.")
    return int(value)


def _named(action: Json, name: str) -> None:
    one_of(action, "name", frozenset({name}), "action.")


_ACTIONS: Final[dict[str, Callable[[Json], None]]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _cta_url,
    "location_request_message": _location_request,
    "request_contact_info": _contact_request,
    "flow": _flow,
    "order_details": _order_details,
}
