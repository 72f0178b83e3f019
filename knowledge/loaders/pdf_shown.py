"""Which texts of a PDF page no reader sees: drawn invisibly, white on nothing, tiny, or beside the page."""

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pypdfium2_raw import bindings as pdfium  # type: ignore[import-untyped]  # generated; the rest of it draws

_MOST_OBJECTS: Final = 50_000
_DEEPEST: Final = 8
_TINIEST: Final = 2.0  # points
_WHITE: Final = 245
_COVERS: Final = 0.5  # of the page
_TEXT, _PATH, _IMAGE, _SHADING, _FORM = 1, 2, 3, 4, 5
_INVISIBLE: Final = frozenset({3, 7})


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    bottom: float
    right: float
    top: float

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.top - self.bottom)

    def meets(self, other: "_Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def holds_centre_of(self, other: "_Box") -> bool:
        x, y = (other.left + other.right) / 2, (other.bottom + other.top) / 2
        return self.left <= x <= self.right and self.bottom <= y <= self.top


@dataclass(frozen=True, slots=True)
class _Drawn:
    handle: Any
    kind: int
    box: _Box
    depth: int  # in forms within forms, whose places are not the page's


@dataclass(frozen=True, slots=True)
class Shown:
    hidden: frozenset[int]
    is_scanned: bool = False  # a picture of the page, with its text beneath

    def hides(self, handle: Any) -> bool:
        return bool(handle) and _address(handle) in self.hidden


def shown_of(page: Any) -> Shown:
    drawn = list(_drawn(page, 0))
    texts = [item for item in drawn if item.kind == _TEXT]
    whole = _page_box(page)
    unseen = [text for text in texts if pdfium.FPDFTextObj_GetTextRenderMode(text.handle) in _INVISIBLE]
    pictures = (item for item in drawn if item.kind == _IMAGE and item.depth == 0)
    if unseen and len(unseen) == len(texts) and any(item.box.area > _COVERS * whole.area for item in pictures):
        return Shown(frozenset(), is_scanned=True)
    grounds = [item for item in drawn if _is_ground(item)]
    hidden = [*unseen, *(text for text in texts if _is_lost(text, whole) or _is_white_on_white(text, grounds))]
    return Shown(frozenset(_address(text.handle) for text in hidden))


def _drawn(holder: Any, depth: int) -> Iterator[_Drawn]:
    count, get = (
        (pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject)
        if depth
        else (pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject)
    )
    for index in range(min(count(holder), _MOST_OBJECTS)):
        handle = get(holder, index)
        kind = pdfium.FPDFPageObj_GetType(handle)
        if kind == _FORM and depth < _DEEPEST:
            yield from _drawn(handle, depth + 1)
        else:
            yield _Drawn(handle, kind, _box(handle), depth)


def _is_lost(text: _Drawn, page: _Box) -> bool:
    """Too small to be read, or wholly beside the page."""
    if text.depth == 0 and page.area and not text.box.meets(page) and text.box.area:
        return True
    size, matrix = ctypes.c_float(), pdfium.FS_MATRIX()
    if not pdfium.FPDFTextObj_GetFontSize(text.handle, size) or not pdfium.FPDFPageObj_GetMatrix(text.handle, matrix):
        return False
    return abs(size.value) * math.hypot(matrix.c, matrix.d) < _TINIEST and text.depth == 0


def _is_white_on_white(text: _Drawn, grounds: list[_Drawn]) -> bool:
    colour = _fill(text.handle)
    if colour is None:
        return False
    *shades, alpha = colour
    if alpha == 0:
        return True
    if min(shades) < _WHITE:
        return False
    return not any(
        ground.depth != text.depth or text.depth or ground.box.holds_centre_of(text.box) for ground in grounds
    )


def _is_ground(item: _Drawn) -> bool:
    """What white letters may stand on."""
    if item.kind in {_IMAGE, _SHADING}:
        return True
    if item.kind != _PATH:
        return False
    mode, stroke = ctypes.c_int(), pdfium.FPDF_BOOL()
    pdfium.FPDFPath_GetDrawMode(item.handle, mode, stroke)
    colour = _fill(item.handle)
    return bool(mode.value) and colour is not None and min(colour[:3]) < _WHITE


def _fill(handle: Any) -> tuple[int, int, int, int] | None:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not pdfium.FPDFPageObj_GetFillColor(handle, red, green, blue, alpha):
        return None
    return red.value, green.value, blue.value, alpha.value


def _box(handle: Any) -> _Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(handle, left, bottom, right, top)
    return _Box(left.value, bottom.value, right.value, top.value)


def _page_box(page: Any) -> _Box:
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    return _Box(box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top))


def _address(handle: Any) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0
