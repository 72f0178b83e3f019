"""A QR code as a picture that a phone reads off another phone's screen, with the code to type where there is one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import segno

from admin_api.staff.pictures.canvas import INK, MARGIN, ROOM, SOFT, WIDTH, Canvas, fitted, high, legible
from agents.personas.drawing_type import Style, wrapped
from core.errors import TooLarge
from core.texts import Language, Text

QUIET: Final = 4  # modules around it that the standard asks for
_SIDE: Final = 880
_GROUP: Final = 4
_PADDING: Final = 40

_UNTIL: Final = Text("Vale até {at}", "Valid until {at}")
_CODE: Final = Text("Ou digite o código", "Or type the code")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """`data` is what the code says. `expires_at` is in the company's time zone."""

    title: str
    data: str
    how: str
    code: str | None = None
    expires_at: datetime | None = None
    language: Language = Language.PT


def png(pairing: Pairing) -> bytes:
    modules = _modules(pairing.data)
    scale = _SIDE // (len(modules) + 2 * QUIET)
    side = scale * (len(modules) + 2 * QUIET)
    how = list(wrapped(legible(pairing.how), Style.BODY, ROOM))
    below = high(Style.BODY) * len(how) + (high(Style.BODY) + high(Style.TITLE) if pairing.code else 0)
    canvas = Canvas(2 * MARGIN + high(Style.TITLE) + high(Style.BODY) + side + 2 * _PADDING + below)
    canvas.write((MARGIN, MARGIN), fitted(legible(pairing.title, "?"), Style.TITLE, ROOM), Style.TITLE)
    canvas.write((MARGIN, MARGIN + high(Style.TITLE)), _until(pairing), Style.BODY, SOFT)
    top = MARGIN + high(Style.TITLE) + high(Style.BODY) + _PADDING // 2
    _paint(canvas, modules, ((WIDTH - side) // 2, top, scale))
    top += side + _PADDING
    for line in how:
        canvas.write((MARGIN, top), line, Style.BODY)
        top += high(Style.BODY)
    if pairing.code:
        canvas.write((MARGIN, top), _CODE.in_(pairing.language), Style.BODY, SOFT)
        canvas.write((MARGIN, top + high(Style.BODY)), fitted(_grouped(pairing.code), Style.TITLE, ROOM), Style.TITLE)
    return canvas.png()


def _modules(data: str) -> list[list[bool]]:
    """As little as fits, and of what room is left as much as can be mended."""
    try:
        code = segno.make_qr(data, error="l")
    except segno.DataOverflowError as error:
        raise TooLarge("Isto não cabe num QR code.", "This does not fit into a QR code.") from error
    return [[bool(module) for module in row] for row in code.matrix]


def _paint(canvas: Canvas, modules: list[list[bool]], place: tuple[int, int, int]) -> None:
    left, top, scale = place
    side = scale * (len(modules) + 2 * QUIET)
    canvas.draw.rectangle((left, top, left + side - 1, top + side - 1), fill="#FFFFFF")
    for down, row in enumerate(modules, start=QUIET):
        for across, is_dark in enumerate(row, start=QUIET):
            if is_dark:
                x, y = left + across * scale, top + down * scale
                canvas.draw.rectangle((x, y, x + scale - 1, y + scale - 1), fill=INK)


def _until(pairing: Pairing) -> str:
    if pairing.expires_at is None:
        return ""
    at = f"{pairing.expires_at:%H:%M:%S}"
    return _UNTIL.in_(pairing.language).replace("{at}", at)


def _grouped(code: str) -> str:
    """As phones show it: ABCD-1234."""
    plain = "".join(legible(code).split()).replace("-", "")
    return "-".join(plain[start : start + _GROUP] for start in range(0, len(plain), _GROUP))
