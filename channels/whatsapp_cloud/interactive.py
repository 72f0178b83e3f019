"""Messages one can tap: buttons, lists, a link, a request for what the phone knows, a PIX charge."""

import re
from typing import Any, Final

from channels.contents import Ask, Buttons, LinkButton, Menu, Option, PixItem, PixOrder, Section
from channels.whatsapp_cloud.fields import without_nothing
from channels.whatsapp_cloud.limits import LONGEST_BODY, LONGEST_FOOTER, LONGEST_NAME, LONGEST_TEXT, Checks

Part = dict[str, Any]
Interactive = Buttons | Menu | LinkButton | Ask | PixOrder

_MOST_BUTTONS: Final = 3
_MOST_ROWS: Final = 10
_LONGEST_LABEL: Final = 20
_LONGEST_TITLE: Final = 24
_LONGEST_DESCRIPTION: Final = 72
_LONGEST_BUTTON_ID: Final = 256
_LONGEST_ROW_ID: Final = 200
_LONGEST_PIX: Final = 4096
_MOST_ITEMS: Final = 999
_MOST_CENTS: Final = 10**12
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_.-]{1,35}")


def render_interactive(content: Interactive, checks: Checks) -> Part:
    match content:
        case Buttons():
            return _framed("button", content, checks, action=_buttons(content, checks))
        case Menu():
            return _framed("list", content, checks, action=_list(content, checks))
        case LinkButton():
            return _framed("cta_url", content, checks, action=_link(content, checks))
        case Ask():
            return _ask(content, checks)
        case PixOrder():
            return _pix(content, checks)


def _framed(kind: str, content: Buttons | Menu | LinkButton, checks: Checks, *, action: Part) -> Part:
    header = checks.words_if_any("header", content.header, LONGEST_FOOTER)
    footer = checks.words_if_any("footer", content.footer, LONGEST_FOOTER)
    longest = LONGEST_TEXT if kind == "list" else LONGEST_BODY
    return {
        "type": kind,
        **({"header": {"type": "text", "text": header}} if header else {}),
        "body": {"text": checks.words("body", content.body, longest)},
        **({"footer": {"text": footer}} if footer else {}),
        "action": action,
    }


def _buttons(content: Buttons, checks: Checks) -> Part:
    checks.count("options", len(content.options), most=_MOST_BUTTONS)
    _tell_apart(content.options, checks)
    checks.distinct("options.title", [option.title for option in content.options])
    return {
        "buttons": [
            {
                "type": "reply",
                "reply": {
                    "id": checks.words(f"options[{index}].id", option.id, _LONGEST_BUTTON_ID),
                    "title": checks.words(f"options[{index}].title", option.title, _LONGEST_LABEL),
                },
            }
            for index, option in enumerate(content.options)
        ]
    }


def _list(content: Menu, checks: Checks) -> Part:
    rows = [row for section in content.sections for row in section.rows]
    checks.count("sections", len(content.sections), most=_MOST_ROWS)
    checks.count("rows", len(rows), most=_MOST_ROWS)
    _tell_apart(rows, checks)
    is_titled = len(content.sections) > 1  # one section alone may do without
    return {
        "button": checks.words("button", content.button, _LONGEST_LABEL),
        "sections": [
            _section(f"sections[{index}]", section, checks, is_titled=is_titled)
            for index, section in enumerate(content.sections)
        ],
    }


def _section(field: str, section: Section, checks: Checks, *, is_titled: bool) -> Part:
    checks.count(f"{field}.rows", len(section.rows), most=_MOST_ROWS)
    title = section.title if is_titled or section.title else None
    return without_nothing(
        {
            "title": checks.words_if_any(f"{field}.title", title, _LONGEST_TITLE),
            "rows": [_row(f"{field}.rows[{index}]", row, checks) for index, row in enumerate(section.rows)],
        }
    )


def _row(field: str, row: Option, checks: Checks) -> Part:
    return without_nothing(
        {
            "id": checks.words(f"{field}.id", row.id, _LONGEST_ROW_ID),
            "title": checks.words(f"{field}.title", row.title, _LONGEST_TITLE),
            "description": checks.words_if_any(f"{field}.description", row.description, _LONGEST_DESCRIPTION),
        }
    )


def _tell_apart(options: tuple[Option, ...] | list[Option], checks: Checks) -> None:
    checks.distinct("options.id", [option.id for option in options])


def _link(content: LinkButton, checks: Checks) -> Part:
    label = checks.words("label", content.label, _LONGEST_LABEL)
    return {"name": "cta_url", "parameters": {"display_text": label, "url": checks.link("url", content.url)}}


def _ask(content: Ask, checks: Checks) -> Part:
    body = {"text": checks.words("body", content.body, LONGEST_BODY)}
    if content.what == "location":
        return {"type": "location_request_message", "body": body, "action": {"name": "send_location"}}
    return {"type": "request_contact_info", "body": body, "action": {"name": "request_contact_info"}}


def _pix(content: PixOrder, checks: Checks) -> Part:
    checks.count("items", len(content.items), most=_MOST_ITEMS)
    subtotal = sum(item.amount_cents * item.quantity for item in content.items)
    total = subtotal + content.tax_cents
    if content.tax_cents < 0 or not 0 < total <= _MOST_CENTS:
        checks.refuse("items", "o total precisa ser maior que zero.", "the total must be more than zero.")
    return {
        "type": "order_details",
        "body": {"text": checks.words("body", content.body, LONGEST_BODY)},
        "action": {
            "name": "review_and_pay",
            "parameters": {
                "reference_id": checks.matches(
                    "reference", content.reference, _REFERENCE, like="A-Z a-z 0-9 _ . -, até 35"
                ),
                "type": "digital-goods",
                "payment_type": "br",
                "currency": "BRL",
                "total_amount": _amount(total),
                "payment_settings": [{"type": "pix_dynamic_code", "pix_dynamic_code": _pix_code(content, checks)}],
                "order": {
                    "status": "pending",
                    "items": [_item(f"items[{index}]", item, checks) for index, item in enumerate(content.items)],
                    "subtotal": _amount(subtotal),
                    "tax": _amount(content.tax_cents),
                },
            },
        },
    }


def _pix_code(content: PixOrder, checks: Checks) -> Part:
    return {
        "code": checks.words("code", content.code, _LONGEST_PIX),
        "merchant_name": checks.words("merchant", content.merchant, LONGEST_NAME),
        "key": checks.words("key", content.key, LONGEST_NAME),
        "key_type": content.key_kind,
    }


def _item(field: str, item: PixItem, checks: Checks) -> Part:
    checks.count(f"{field}.quantity", item.quantity, most=_MOST_CENTS)
    if item.amount_cents < 0:
        checks.refuse(f"{field}.amount_cents", "não pode ser negativo.", "must not be negative.")
    return {
        "retailer_id": checks.words(f"{field}.id", item.id, LONGEST_NAME),
        "name": checks.words(f"{field}.name", item.name, LONGEST_NAME),
        "amount": _amount(item.amount_cents),
        "quantity": item.quantity,
    }


def _amount(cents: int) -> Part:
    return {"value": cents, "offset": 100}
