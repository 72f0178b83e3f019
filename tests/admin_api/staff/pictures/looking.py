"""A picture as its pixels: how wide it is, and whether anything was painted where nothing may be."""

from io import BytesIO

from PIL import Image, ImageColor

from admin_api.staff.pictures.canvas import MARGIN, PAPER, WIDTH


def opened(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    assert image.format == "PNG"
    assert image.width == WIDTH
    return image.convert("RGB")


def has_clean_margins(image: Image.Image) -> bool:
    """Nothing runs out of the sheet, to either side, above or below."""
    paper = ImageColor.getrgb(PAPER)
    edge = MARGIN - 4
    wide, high = image.size
    sides = [(0, 0, edge, high), (wide - edge, 0, wide, high), (0, 0, wide, edge), (0, high - edge, wide, high)]
    return all(image.crop(side).getcolors(maxcolors=4) == [(size_of(side), paper)] for side in sides)


def size_of(box: tuple[int, int, int, int]) -> int:
    """How many pixels it has."""
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def count_of(image: Image.Image, colour: str) -> int:
    wanted = ImageColor.getrgb(colour)
    counted = {seen: count for count, seen in image.getcolors(maxcolors=1 << 20) or ()}
    return counted.get(wanted, 0)
