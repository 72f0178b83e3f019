"""A QR code in a picture is the code itself, module by module, with quiet around it."""

import re
from datetime import datetime

import pytest
import segno
from PIL import Image, ImageColor

from admin_api.staff.pictures.canvas import INK
from admin_api.staff.pictures.qr import QUIET, Pairing, png
from core.errors import TooLarge
from tests.admin_api.staff.pictures.looking import has_clean_margins, opened

# As long as what a phone is shown when it is to be linked.
LINK = "2@" + "Ab3/" * 60
DARK, LIGHT = ImageColor.getrgb(INK), (255, 255, 255)


def pairing(data: str = LINK, **told: str) -> Pairing:
    how = "No celular: Aparelhos conectados, depois Conectar um aparelho, e aponte a câmera para cá."
    return Pairing(title=told.get("title", "Loja"), data=data, how=how, code=told.get("code"))


def code_in(image: Image.Image) -> list[str]:
    """The code as it is seen: a line of dark and light for each row of its modules."""
    lit = [(x, y) for y in range(image.height) for x in range(0, image.width, 8) if image.getpixel((x, y)) == LIGHT]
    top, bottom = lit[0][1], lit[-1][1]
    row = "".join("#" if image.getpixel((x, top + 1)) == LIGHT else "." for x in range(image.width))
    left, right = row.index("#"), row.rindex("#")
    assert right - left == bottom - top
    scale = _scale(image, left, top)
    steps = range(scale // 2, right - left + 1, scale)
    return ["".join("#" if image.getpixel((left + x, top + y)) == DARK else "." for x in steps) for y in steps]


def _scale(image: Image.Image, left: int, top: int) -> int:
    """The first dark run on the diagonal is the corner of a finder: one module."""
    diagonal = "".join("#" if image.getpixel((left + n, top + n)) == DARK else "." for n in range(200))
    found = re.search(r"#+", diagonal)
    assert found is not None
    return len(found[0])


class TestPng:
    @pytest.mark.parametrize("data", ["oi", LINK, "ção " * 100])
    def test_every_module_is_there_with_quiet_around_it(self, data: str) -> None:
        image = opened(png(pairing(data)))
        seen = code_in(image)
        wanted = segno.make_qr(data, error="l").matrix
        quiet = "." * len(seen)
        assert seen[:QUIET] == seen[-QUIET:] == [quiet] * QUIET
        rows = ["." * QUIET + "".join("#" if module else "." for module in row) + "." * QUIET for row in wanted]
        assert seen[QUIET:-QUIET] == rows
        assert has_clean_margins(image)

    def test_a_code_to_type_stands_below(self) -> None:
        plain, typed = opened(png(pairing())), opened(png(pairing(code="abcd1234")))
        assert typed.height > plain.height
        assert has_clean_margins(typed)

    def test_its_end_is_told(self) -> None:
        told = Pairing(title="L", data="a", how="b", expires_at=datetime(2026, 1, 1, 9))  # noqa: DTZ001 - as it is drawn
        assert png(told) != png(Pairing(title="L", data="a", how="b"))

    def test_a_name_that_is_far_too_long_stays_on_the_sheet(self) -> None:
        assert has_clean_margins(opened(png(pairing(title="W🎉" * 300, code="X" * 400))))

    def test_more_than_a_code_holds_is_refused(self) -> None:
        with pytest.raises(TooLarge):
            png(pairing("a" * 3000))
