"""What an element of a page says of itself that keeps its text from every reader's eyes."""

import re
from collections.abc import Mapping
from typing import Final

_LONGEST_STYLE: Final = 200_000
_INVISIBLE: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?<![\w-])opacity\s*:\s*0*\.?0+(?![.\d])"
    r"|font-size\s*:\s*(?:0*\.\d+|0+|1)(?:px|pt|em|rem|%)?(?![.\d])|text-indent\s*:\s*-\d{3,}"
    r"|(?:left|top|right)\s*:\s*-\d{4,}px|clip\s*:\s*rect\(\s*0|color\s*:\s*transparent",
    re.IGNORECASE,
)
_WHITE: Final = re.compile(
    r"(?<![\w-])color\s*:\s*(?:white|#fff(?:fff)?\b|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))", re.IGNORECASE
)
_GROUND: Final = re.compile(r"(?<![\w-])background", re.IGNORECASE)
_AT_RULE: Final = re.compile(r"@[^{};]{0,500}\{(?:[^{}]{0,5000}\{[^{}]{0,5000}\}){0,500}[^{}]{0,5000}\}")
_RULE: Final = re.compile(r"(?:^|[},/])\s*([.#][\w-]{1,100})\s*\{([^{}]{0,2000})\}")

Attributes = Mapping[str, str]


def hides(attributes: Attributes, closed: frozenset[str]) -> bool:
    """`closed` are the classes and ids that the page's own style takes from view."""
    style = attributes.get("style", "")
    names = {f".{name}" for name in attributes.get("class", "").split()} | {f"#{attributes.get('id', '')}"}
    return "hidden" in attributes or bool(_INVISIBLE.search(style)) or bool(names & closed)


def writes_white(attributes: Attributes) -> bool:
    style = f"{attributes.get('style', '')};color:{attributes.get('color', '')}"
    return bool(_WHITE.search(style))


def has_ground(attributes: Attributes) -> bool:
    """Perhaps a dark one: a class may bring it, and what it brings is not known here."""
    return bool("class" in attributes or "bgcolor" in attributes or _GROUND.search(attributes.get("style", "")))


def closed_by(style_sheet: str) -> frozenset[str]:
    """What only a phone or a printer does not show is shown."""
    plain = _AT_RULE.sub("}", style_sheet[:_LONGEST_STYLE])
    return frozenset(rule[1] for rule in _RULE.finditer(plain) if _INVISIBLE.search(rule[2]))
