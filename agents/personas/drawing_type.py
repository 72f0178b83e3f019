"""The type of a drawing: sizes that are read on a phone, and a face that has the letters of Portuguese.

Pillow's own font has none with an accent, so the face is a package of its own.
"""

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Final

from PIL import ImageFont

_FOLDER: Final = files("font_source_sans_pro").joinpath("files")


class Style(Enum):
    """A weight and a size in pixels, of a picture 1080 wide."""

    TITLE = ("Bold", 66)
    HEADING = ("Semibold", 50)
    STRONG = ("Semibold", 38)
    BODY = ("Regular", 38)
    SMALL = ("Regular", 34)


@lru_cache
def typeface(style: Style) -> ImageFont.FreeTypeFont:
    weight, size = style.value
    return ImageFont.truetype(BytesIO(_FOLDER.joinpath(f"SourceSansPro-{weight}.ttf").read_bytes()), size)


def line_height(style: Style) -> int:
    return style.value[1] * 13 // 10


def wrapped(text: str, style: Style, width: int) -> Iterator[str]:
    """Lines that fit: broken between words, and within one only where it is wider than a line."""
    line = ""
    for word in (part for one in text.split() for part in _parts(one, style, width)):
        longer = f"{line} {word}" if line else word
        if _wide(longer, style) <= width:
            line = longer
            continue
        yield line
        line = word
    if line:
        yield line


def _parts(word: str, style: Style, width: int) -> Iterator[str]:
    while _wide(word, style) > width:
        size = max((size for size in range(1, len(word)) if _wide(word[:size], style) <= width), default=1)
        yield word[:size]
        word = word[size:]
    yield word


def _wide(text: str, style: Style) -> float:
    return typeface(style).getlength(text)
