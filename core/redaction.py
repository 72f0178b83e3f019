"""What must not be read in a log line: secrets, personal data and the bodies of messages, taken out of any value."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from itertools import islice, pairwise
from pathlib import PurePath
from typing import Final
from uuid import UUID

MASK: Final = "***"
_MAX_TEXT: Final = 65_536
_MAX_ITEMS: Final = 100
_MAX_DEPTH: Final = 8
_MAX_BITS: Final = 128  # no id and no count is longer, and Python refuses to print a very long number
_MIN_CHANGES: Final = 0.3  # random base64 changes its class of character 63 times in 100, names and paths hardly

_BODY: Final = r"(?:text|body|payload|content|caption|transcript)"
_CREDENTIAL: Final = (
    r"pass(?:word|wd|phrase)|senha|secret(?!ar)|token(?!s|i[sz])|authorization|cookie|credential|signature"
    r"|(?:api|access|private|signing|encryption)[_-]?key|connection_string|(?:one_time|link)_code"
)
_SHORT: Final = r"phone|telefone|celular|msisdn|e[_-]?mail|cpf|cnpj|pwd|dsn|otp|pin|kek|dek|csrf|hottok|sig"
# About a secret, not the secret itself: token_count, api_key_id, cookie_name.
_ABOUT: Final = ("id", "ids", "count", "kind", "type", "name", "names", "at", "seconds", "ms", "length", "state")
_NAME: Final = (
    rf"(?:(?:{_CREDENTIAL}|(?<![A-Za-z])(?:{_SHORT})(?![A-Za-z]))[\w-]{{0,40}}+"
    + "".join(f"(?<!_{word})" for word in _ABOUT)
    + r"|session_?id|(?<![a-z])wa_?id)"
)
_HIDDEN_NAME: Final = re.compile(_NAME)
_BODY_NAME: Final = re.compile(rf"(?:^|_){_BODY}$")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATOR: Final = r"""(?:\\*["']?\s{0,4}(?:[:=]>?|%3[ad])\s{0,4}|["']\s{0,4},\s{0,4})"""
_QUOTED: Final = r"""[bruf]{0,2}(?:"(?:[^"\\]|\\.?)*+"?|'(?:[^'\\]|\\.?)*+'?|\\++"[^"\\]*+(?:\\++")?)"""
_OPENED: Final = r"\w*+[\[({][^\n]*+"  # a container or a call, of which the rest of the line goes
_BARE: Final = r"""(?:\*\*\*(?=[\s,;)\]}]|\Z)|[^\s"'&]++)"""  # what is hidden already stays as it is
_KNOWN_SHAPE: Final = (
    r"(?<![A-Za-z0-9])(?:eyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)*"  # JWT, JWE
    r"|[rs]k[-_][\w-]{8,}|whsec_[\w+/=-]{8,}|key_[0-9a-f]{20,}"  # OpenAI, Anthropic, Stripe, webhooks, Retell
    r"|EAA[A-Za-z0-9]{8,}|AIza[\w-]{20,}|AKIA[A-Z0-9]{12,}|gh[opsur]_\w{16,}|xox[abeprs]-[\w-]{8,}"
    r"|wamid\.[\w+/=-]+)"  # WhatsApp's message ids are base64 with the customer's number inside
    r"|(?<!\d)\d{6,12}:[\w-]{30,}"  # Telegram
)
# Ids and moments, which look like telephone numbers to the rules of shape.
_UNTOUCHED: Final = re.compile(
    r"((?<![0-9A-Za-z])(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-f]{32}|20\d{12}"
    r"|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)(?![0-9A-Za-z]))"
)
_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _basic(match: re.Match[str]) -> str:
    """`basic` is also a word of English."""
    return f"{match[1]}{MASK}" if re.search(r"[A-Z0-9=+/]", match[2]) else match[0]


def _key_material(match: re.Match[str]) -> str:
    """Long and random; a path, a dotted name or a hexadecimal id is long as well."""
    letters = [character for character in match[0] if character.isalnum()]
    classes = ["9" if letter.isdigit() else "U" if letter.isupper() else "l" for letter in letters]
    changes = sum(a != b for a, b in pairwise(classes))
    return MASK if {"U", "l"} <= set(classes) and changes >= _MIN_CHANGES * len(classes) else match[0]


def _tax_number(match: re.Match[str]) -> str:
    """Bare digits are a CPF or a CNPJ only if both check digits say so."""
    digits = [int(character) for character in match[0]]
    cycle, kind = (10, "[cpf]") if match["cpf"] else (8, "[cnpj]")
    for place in (len(digits) - 2, len(digits) - 1):
        total = sum(digit * (2 + index % cycle) for index, digit in enumerate(reversed(digits[:place])))
        if digits[place] != -total % 11 % 10:
            return match[0]
    return kind


# The order matters: what has a name goes before what only has a shape. The quantifiers are possessive or bounded,
# because a hostile text must not cost more than one pass.
_BY_NAME: Final[tuple[_Rule, ...]] = (
    (re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"), ""),
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=:-]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(basic\s+)([\w.~+/=-]{6,})"), _basic),
    (re.compile(rf"(?i)((?:authorization|cookie){_SEPARATOR})(?:{_QUOTED}|{_OPENED}|[^\r\n\"']*+)"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b((?:postgres\w*|mysql|rediss?|amqps?)(?:\+\w+)?://)[^\s\"'<>]{0,300}@"), rf"\1{MASK}@"),
    (re.compile(r"(?<=://)[^\s/?#\"'<>]*@"), f"{MASK}@"),
    (re.compile(r"(?i)([?&;](?:key|code|t|hash|state|hub\.challenge)=)[^\s&#\"'<>]+"), rf"\1{MASK}"),
    (re.compile(_KNOWN_SHAPE), MASK),
    (re.compile(r"(/voice/(?:retell|vapi)/|/webhooks/in/|/(?:vincular|start)\s+)[^\s/?#\"'<>]+"), rf"\1{MASK}"),
    (re.compile(rf"(?i)({_NAME}{_SEPARATOR})(?:{_QUOTED}|{_OPENED}|{_BARE})"), rf"\1{MASK}"),
    (re.compile(rf"(?i)((?<=-){_NAME}\s{{1,4}})(?:{_QUOTED}|{_BARE})"), rf"\1{MASK}"),  # --password …
    (re.compile(rf"(?i)((?<![a-z]){_BODY}(?:\\*[\"']\s{{0,4}}:|=)\s{{0,4}})(?:{_QUOTED}|{_OPENED})"), rf"\1{MASK}"),
    # What SQLAlchemy, PostgreSQL and pydantic quote from the row or the request at fault.
    (re.compile(r"(?s)\[parameters: .*?(?:\](?=\n\(Background)|\Z)"), f"[parameters: {MASK}]"),
    (re.compile(r"(Failing row contains |Key \([^\n()]{0,200}\)=)\([^\n]*"), rf"\1{MASK}"),
    (re.compile(r"(?s)(input_value=).*?(?=, input_type=|\Z)"), rf"\1{MASK}"),
    (re.compile(r"(?<![\w.%+-])[\w.%+-]++@[\w-]+(?:\.[\w-]+)+"), "[email]"),
)
_BY_SHAPE: Final[tuple[_Rule, ...]] = (
    (re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{40,}={0,2}"), _key_material),
    (re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{64,}(?![0-9A-Za-z])"), MASK),
    (re.compile(r"(?<!\d)\d{3}\.?\d{3}\.?\d{3}-\d\d(?!\d)"), "[cpf]"),
    (re.compile(r"(?<![0-9A-Za-z])[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/[0-9A-Z]{4}-\d\d(?!\d)"), "[cnpj]"),
    (re.compile(r"(?<![0-9A-Za-z])(?<!\d\.)(?:(?P<cpf>\d{11})|\d{14})(?![0-9A-Za-z]|\.\d)"), _tax_number),
    (re.compile(r"(?:\+|%2[Bb])[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)"), "[phone]"),
    (re.compile(r"(?<!\d)(?:55[ -]?)?\([1-9]\d\)[ -]?9?\d{4}[ -]?\d{4}(?!\d)"), "[phone]"),
    (re.compile(r"(?<!\d)(?<!\d\.)55[1-9]\d9?\d{8}(?!\d|\.\d)"), "[phone]"),
    (re.compile(r"(?<![0-9A-Za-z])(?<!\d\.)[1-9]\d9\d{8}(?![0-9A-Za-z]|\.\d)"), "[phone]"),
    (re.compile(r"(?<![0-9A-Za-z-])(?:(?:55[ -]?)?[1-9]\d[ -])?9 ?\d{4}[ -]\d{4}(?![0-9A-Za-z-])"), "[phone]"),
    (re.compile(r"(?<![0-9A-Za-z-])(?:55[ -])?[1-9]\d [2-5]\d{3}-\d{4}(?![0-9A-Za-z-])"), "[phone]"),
)
_PLAIN: Final = re.compile(r"[a-z_.]*|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_Container = Mapping[object, object] | Sequence[object] | AbstractSet[object]
_Bytes = bytes | bytearray | memoryview
_PRINTED: Final = (UUID, date, time, timedelta, IPv4Address, IPv6Address, PurePath)


def redact_text(text: str) -> str:
    """The text without credentials, personal data and key material; ids, moments and counts stay."""
    if _PLAIN.fullmatch(text):
        return text
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT].rpartition(" ")[0] + " [cut]"  # at a space: half a token would not be recognised
    for pattern, replacement in _BY_NAME:
        text = pattern.sub(replacement, text)
    pieces = _UNTOUCHED.split(text)
    pieces[::2] = (_redact_shapes(piece) for piece in pieces[::2])
    return "".join(pieces)


def _redact_shapes(text: str) -> str:
    for pattern, replacement in _BY_SHAPE:
        text = pattern.sub(replacement, text)
    return text


def redact(value: object, *, depth: int = 0) -> object:
    """The value as something JSON can hold."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return redact(value.value, depth=depth)
    if isinstance(value, str):
        return redact_text(str.__str__(value))
    if isinstance(value, int | float | Decimal):
        return _redact_number(value)
    if isinstance(value, Mapping | Sequence | AbstractSet) and not isinstance(value, _Bytes):
        return _redact_container(value, depth=depth + 1)
    return _redact_object(value)


def _redact_number(value: float | Decimal) -> object:
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _MAX_BITS else "[number]"
    return float(value) if isinstance(value, float) and math.isfinite(value) else str(value)


def _redact_object(value: object) -> str:
    """What we do not know, a SecretStr among it, shows its type only: log ids, not objects."""
    if isinstance(value, _Bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, BaseException):
        return redact_text(f"{type(value).__name__}: {value}")
    if isinstance(value, _PRINTED):
        return redact_text(str(value))
    return f"<{type(value).__name__}>"


def _redact_container(value: _Container, *, depth: int) -> object:
    if depth > _MAX_DEPTH:
        return "[deep]"
    items = list(islice(value, _MAX_ITEMS))
    if isinstance(value, Mapping):
        pairs = [(str(redact(key, depth=depth)), value[key]) for key in items]
        return {name: redact_field(name, item, depth=depth) for name, item in pairs}
    match items:
        case [str() | bytes() as name, item]:  # a header is such a pair
            name = name if isinstance(name, str) else name.decode(errors="replace")
            return [redact_text(name), redact_field(name, item, depth=depth)]
    return [redact(item, depth=depth) for item in items]


def redact_field(name: str, value: object, *, depth: int = 0) -> object:
    """The value under that name: hidden if it is a secret or a person's, measured if it is the body of a message."""
    if value is None or isinstance(value, bool):
        return value
    snake = re.sub(r"[-. ]", "_", _CAMEL.sub("_", name)).lower()
    if _HIDDEN_NAME.search(snake):
        return MASK
    if _BODY_NAME.search(snake):
        return f"[{len(value)} long]" if isinstance(value, str | bytes | Mapping | Sequence) else MASK
    return redact(value, depth=depth)
