"""Buttons under a message, refused as Telegram refuses them."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.telegram.errors import bad_request
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.wire import Json

_MOST_DATA: Final = 64
_MOST_BUTTONS: Final = 100
_MOST_COPIED: Final = 256
_SCHEMES: Final = frozenset({"http", "https", "tg"})
_STYLES: Final = frozenset({"", "primary", "success", "danger"})
_KINDS: Final = ("url", "callback_data", "copy_text", "web_app", "switch_inline_query_current_chat", "pay")


def keyboard_of(parameters: Parameters, *, is_private: bool) -> Json | None:
    """Only an inline keyboard stays with its message; the others are taken and forgotten."""
    told = parameters.json("reply_markup", "reply keyboard markup")
    if told is None:
        return None
    if not isinstance(told, dict):
        raise bad_request("object expected as reply markup")
    rows = told.get("inline_keyboard")
    if rows is None:
        return None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be an Array of Arrays')
    checked = [[_button(each, is_private=is_private) for each in row] for row in rows if row]
    if sum(map(len, checked)) > _MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": checked} if checked else None


def data_under(markup: Json | None, label: str) -> str | None:
    """What the button with this text sends."""
    rows = [] if markup is None else markup["inline_keyboard"]
    return next((each.get("callback_data") for row in rows for each in row if each["text"] == label), None)


def carries(markup: Json | None, data: str) -> bool:
    rows = [] if markup is None else markup["inline_keyboard"]
    return any(each.get("callback_data") == data for row in rows for each in row)


def _button(told: Any, *, is_private: bool) -> Json:
    if not isinstance(told, dict):
        raise _unparsed("InlineKeyboardButton must be an Object")
    text = told.get("text")
    if not isinstance(text, str):
        raise _unparsed('Can\'t find field "text"')
    if told.get("style", "") not in _STYLES:
        raise _unparsed("invalid button style specified")
    kind = next((name for name in _KINDS if name in told), None)
    if kind is None:
        raise _unparsed("Text buttons are unallowed in the inline keyboard")
    if not text.strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    _check(kind, told, is_private=is_private)
    return {name: told[name] for name in ("text", "style", kind) if name in told}


def _check(kind: str, told: Mapping[str, Any], *, is_private: bool) -> None:
    value = told[kind]
    match kind:
        case "callback_data" if not (isinstance(value, str) and 0 < len(value.encode()) <= _MOST_DATA):
            raise bad_request("BUTTON_DATA_INVALID")
        case "url" if not _is_address(value):
            raise bad_request("BUTTON_URL_INVALID")
        case "copy_text" if not _is_copied(value):
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
        case "web_app" if not is_private:
            raise bad_request("BUTTON_TYPE_INVALID")


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and ("." in parts.netloc or parts.scheme == "tg")


def _is_copied(value: object) -> bool:
    text = value.get("text") if isinstance(value, dict) else None
    return isinstance(text, str) and 0 < len(text) <= _MOST_COPIED


def _unparsed(reason: str) -> Exception:
    return bad_request(f"can't parse inline keyboard button: {reason}")
