"""A persona as a picture: wide enough for a phone, with everything on it, and with every letter of Portuguese."""

from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from agents.personas.drawing_png import png
from agents.personas.drawing_type import Style, typeface, wrapped
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from core.errors import TooLarge
from tests.agents.personas.planting import SALES


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content)).convert("RGB")


def shape(letter: str) -> bytes:
    image = Image.new("L", (80, 80))
    ImageDraw.Draw(image).text((10, 10), letter, font=typeface(Style.BODY), fill=255)
    return image.tobytes()


class TestPng:
    @pytest.mark.parametrize("name", shipped())
    def test_it_is_a_portrait_wide_enough_with_something_on_it(self, name: str) -> None:
        image = opened(png(read_persona(shipped()[name])))
        assert image.format is None
        assert image.width >= 1080
        assert image.height > image.width
        colours = image.getcolors(maxcolors=256)
        assert colours is not None
        assert len(colours) > 10

    def test_it_is_the_same_each_time(self) -> None:
        persona = read_persona(shipped()[SALES])
        assert png(persona) == png(persona)

    def test_what_is_written_changes_it(self) -> None:
        other = read_persona(shipped()[SALES].replace("label: Proposta", "label: Oferta"))
        assert png(other) != png(read_persona(shipped()[SALES]))

    def test_nothing_reaches_its_edges(self) -> None:
        long = "Demonstração " + "muitíssimo" * 30
        image = opened(png(read_persona(shipped()[SALES].replace("label: Proposta", f"label: {long}"))))
        for x in (*range(20), *range(image.width - 20, image.width)):
            assert {image.getpixel((x, y)) for y in range(image.height)} == {image.getpixel((0, 0))}

    def test_more_stages_than_a_picture_holds_are_refused(self) -> None:
        persona = read_persona(shipped()[SALES])
        many = persona.model_copy(update={"stages": persona.stages * 40})
        with pytest.raises(TooLarge):
            png(many)


class TestType:
    @pytest.mark.parametrize("letter", "ãáâàçéêíóôõúüÃÁÂÀÇÉÊÍÓÔÕÚÜ✓↑•“”")
    def test_every_letter_that_is_drawn_has_a_shape_of_its_own(self, letter: str) -> None:
        assert shape(letter) not in {shape("\uffff"), shape(" ")}

    def test_lines_are_no_wider_than_they_may_be(self) -> None:
        text = "Uma frase com palavras de vários tamanhos e umapalavracompridademaisparacaberemumalinhasó"
        lines = list(wrapped(text, Style.BODY, 300))
        assert max(typeface(Style.BODY).getlength(line) for line in lines) <= 300
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
