"""What the pictures of the staff group share: paper, colours, and text that fits and has only letters of its face."""

import math
import unicodedata
from bisect import bisect
from functools import lru_cache
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from agents.personas.drawing_type import Style, line_height, typeface

WIDTH: Final = 1080
MARGIN: Final = 44
ROOM: Final = WIDTH - 2 * MARGIN
PAPER, CARD, INK, SOFT, LINE, PALE = "#F3F5F7", "#FFFFFF", "#17212B", "#51606E", "#C9D2DA", "#E6EBEF"
TEAL, BLUE, RUST, GREEN, GREY = "#0B6E69", "#3E7CB1", "#A8442A", "#2E7D32", "#7A7F87"
_MORE: Final = "…"
_COLOURS: Final = 256  # with fewer, the rare ones are lost
_STEPS: Final = (1, 2, 2.5, 5, 10)

Box = tuple[float, float, float, float]


class Canvas:
    """A sheet as high as what is on it."""

    def __init__(self, height: int) -> None:
        self._image = Image.new("RGB", (WIDTH, height), PAPER)
        self.draw = ImageDraw.Draw(self._image)

    def write(self, at: tuple[float, float], text: str, style: Style, colour: str = INK) -> None:
        self.draw.text(at, text, font=typeface(style), fill=colour)

    def write_right(self, at: tuple[float, float], text: str, style: Style, colour: str = INK) -> None:
        """Ends at this place."""
        self.write((at[0] - wide(text, style), at[1]), text, style, colour)

    def write_centred(self, at: tuple[float, float], text: str, style: Style, colour: str = INK) -> None:
        self.write((at[0] - wide(text, style) / 2, at[1]), text, style, colour)

    def card(self, box: Box, stripe: str | None = None) -> None:
        self.draw.rounded_rectangle(box, radius=18, fill=CARD, outline=LINE, width=2)
        if stripe:
            left, top, right, _ = box
            self.draw.rounded_rectangle((left, top, right, top + 12), radius=6, fill=stripe)

    def png(self) -> bytes:
        written = BytesIO()
        self._image.quantize(_COLOURS, dither=Image.Dither.NONE).save(written, format="PNG")
        return written.getvalue()


def wide(text: str, style: Style) -> float:
    return typeface(style).getlength(text)


def high(style: Style) -> int:
    return line_height(style)


def fitted(text: str, style: Style, width: float) -> str:
    """The beginning of it, where it is too long. Of what `legible` gave: the face has no shape for a line's end."""
    if wide(text, style) <= width:
        return text
    least = bisect(range(1, len(text)), width, key=lambda end: wide(text[:end] + _MORE, style))
    return text[:least].rstrip() + _MORE


def legible(text: str, instead: str = "") -> str:
    """Signs that the face has not are left out, letters of other scripts become a question mark."""
    seen = unicodedata.normalize("NFC", " ".join(text.split()))
    written = "".join(one if _is_drawn(one) else _sign_for(one) for one in seen)
    return " ".join(written.split()) or instead


def steps(most: float, count: int = 4) -> list[float]:
    """Round values from nought to at least `most`, for the lines behind a chart."""
    rough = max(most, 1) / count
    scale = 10 ** math.floor(math.log10(rough))
    size = max(1, next(step * scale for step in _STEPS if step * scale >= rough))
    return [size * place for place in range(math.ceil(max(most, 1) / size) + 1)]


def _sign_for(character: str) -> str:
    return "?" if unicodedata.category(character).startswith("L") else ""


@lru_cache(maxsize=4096)
def _is_drawn(character: str) -> bool:
    if unicodedata.category(character) in {"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me"}:
        return False
    return character.isspace() or _shape(character) != _shape("\uffff")


def _shape(character: str) -> tuple[tuple[int, int], bytes]:
    mask = typeface(Style.BODY).getmask(character)
    return mask.size, bytes(mask)
