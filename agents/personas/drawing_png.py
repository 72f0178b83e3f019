"""A persona as a picture for a phone: its stages as cards, one below the other, and between them what moves a lead."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from agents.personas.definition import Persona, Stage, StageEnd
from agents.personas.drawing_type import Style, line_height, typeface, wrapped
from agents.personas.drawing_words import Words, duration, is_by_staff
from core.errors import TooLarge
from core.texts import Text

_WIDTH: Final = 1080
_TALLEST: Final = 30_000
_MARGIN: Final = 44
_PADDING: Final = 40
_STEM: Final = 110  # where the arrows stand
_GAP: Final = 26
_HEAD: Final = 26
_DASH: Final = 10

_PAPER, _CARD, _INK, _SOFT, _LINE = "#F3F5F7", "#FFFFFF", "#17212B", "#51606E", "#C9D2DA"
_ACCENT, _BACK = "#0B6E69", "#A8442A"
_ENDS: Final = {StageEnd.OPEN: _ACCENT, StageEnd.WON: "#2E7D32", StageEnd.LOST: "#7A7F87"}

_COLLECTS: Final = Text("Recolhe", "Collects")
_TOOLS: Final = Text("Ferramentas", "Tools")
_KNOWLEDGE: Final = Text("Conhecimento", "Knowledge")
_STALLED: Final = Text(
    "Se parar por {after}: retoma até {max}x", "If it stalls for {after}: follows up, {max}x at most"
)
_STRICT: Final = Text("Só textos aprovados", "Approved texts only")
_WON: Final = Text("Fim: ganho", "End: won")
_LOST: Final = Text("Fim: perdido", "End: lost")
_PERSON: Final = Text("Uma pessoa assume quando", "A person takes over on")
_BACK_IF: Final = Text("volta se ", "back on ")


class _Arrow(Enum):
    SOLID = "solid"  # code moves a lead
    DASHED = "dashed"  # people do


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    text: str
    style: Style
    colour: str = _INK
    before: int = 0  # the space above it


@dataclass(frozen=True, kw_only=True, slots=True)
class _Block:
    """A run of rows: on a card with a stripe, beside arrows, or on the paper itself."""

    rows: tuple[_Row, ...]
    left: int
    right: int = _WIDTH - _MARGIN
    stripe: str | None = None
    arrow: _Arrow | None = None
    lines: tuple[tuple[_Row, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        width = self.right - self.left - (_PADDING if self.stripe else 0)
        lines = ((row, part) for row in self.rows for part in wrapped(row.text, row.style, width))
        object.__setattr__(self, "lines", tuple(lines))

    @property
    def height(self) -> int:
        seen: set[int] = set()
        total = 0
        for row, _ in self.lines:
            total += line_height(row.style) + (0 if id(row) in seen else row.before)
            seen.add(id(row))
        return total + 2 * (_PADDING if self.stripe else _GAP)


def png(persona: Persona) -> bytes:
    blocks = list(_blocks(persona, Words(persona)))
    height = sum(block.height for block in blocks) + 2 * _MARGIN
    if height > _TALLEST:
        raise TooLarge(
            "A persona tem estágios demais para uma imagem: use o formato mermaid.",
            "The persona has too many stages for one picture: use the mermaid format.",
        )
    image = Image.new("RGB", (_WIDTH, height), _PAPER)
    draw = ImageDraw.Draw(image)
    top = _MARGIN
    for block in blocks:
        _paint(draw, block, top)
        top += block.height
    written = BytesIO()
    image.quantize(64, dither=Image.Dither.NONE).save(written, format="PNG", optimize=True)
    return written.getvalue()


def _blocks(persona: Persona, words: Words) -> Iterator[_Block]:
    about = f"{persona.identity.name}, {persona.identity.role}"
    yield _Block(
        left=_MARGIN,
        rows=(
            _Row(text=words.title(), style=Style.TITLE),
            _Row(text=about, style=Style.BODY, colour=_SOFT),
            _Row(text=f"{persona.persona} {persona.version}", style=Style.SMALL, colour=_SOFT),
        ),
    )
    for place, stage in enumerate(persona.stages):
        if place:
            yield _step(stage, words)
        yield _card(place, stage, words)
    causes = (_Row(text=f"• {cause}", style=Style.BODY) for cause in words.causes())
    yield _Block(left=_MARGIN, rows=(_Row(text=words.say(_PERSON), style=Style.STRONG, before=_GAP), *causes))


def _step(stage: Stage, words: Words) -> _Block:
    """What leads into a stage, and what leads back out of it."""
    bullet = "" if is_by_staff(stage) else "✓ "
    rows = [_Row(text=f"{bullet}{one}", style=Style.BODY, colour=_ACCENT) for one in words.entering(stage)]
    rows += [_Row(text=f"↑ {words.say(_BACK_IF)}{one}", style=Style.BODY, colour=_BACK) for one in words.leaving(stage)]
    arrow = _Arrow.DASHED if is_by_staff(stage) else _Arrow.SOLID
    return _Block(left=_STEM + 50, rows=tuple(rows), arrow=arrow)


def _card(place: int, stage: Stage, words: Words) -> _Block:
    rows = [_Row(text=f"{place + 1}. {words.stage(stage)}", style=Style.HEADING)]
    if stage.end is not StageEnd.OPEN:
        mark = words.say(_WON if stage.end is StageEnd.WON else _LOST)
        rows.append(_Row(text=mark, style=Style.STRONG, colour=_ENDS[stage.end]))
    if stage.strict:
        rows.append(_Row(text=words.say(_STRICT), style=Style.STRONG, colour=_BACK))
    rows.append(_Row(text=stage.objective, style=Style.BODY, colour=_SOFT, before=6))
    for label, names in (
        (_COLLECTS, [words.slot(name) for name in stage.collect]),
        (_TOOLS, list(map(words.tool, stage.tools))),
        (_KNOWLEDGE, list(stage.kb)),
    ):
        if names:
            rows.append(_Row(text=f"{words.say(label)}: {', '.join(names)}", style=Style.BODY, before=10))
    if stage.stall:
        text = words.say(_STALLED).replace("{after}", duration(stage.stall.after))
        rows.append(_Row(text=text.replace("{max}", str(stage.stall.max)), style=Style.SMALL, colour=_SOFT, before=10))
    return _Block(left=_MARGIN + _PADDING, rows=tuple(rows), stripe=_ENDS[stage.end])


def _paint(draw: ImageDraw.ImageDraw, block: _Block, top: int) -> None:
    bottom = top + block.height
    if block.stripe:
        box = (_MARGIN, top, _WIDTH - _MARGIN, bottom)
        draw.rounded_rectangle(box, radius=22, fill=_CARD, outline=_LINE, width=2)
        draw.rounded_rectangle((_MARGIN, top, _MARGIN + 14, bottom), radius=7, fill=block.stripe)
    if block.arrow:
        colour, pause = (_ACCENT, 0) if block.arrow is _Arrow.SOLID else (_SOFT, _DASH)
        for start in range(top, bottom - _HEAD, _DASH + pause):
            draw.line((_STEM, start, _STEM, min(start + _DASH, bottom - _HEAD)), fill=colour, width=7)
        draw.polygon([(_STEM - 18, bottom - _HEAD), (_STEM + 18, bottom - _HEAD), (_STEM, bottom)], fill=colour)
    _write(draw, block, top + (_PADDING if block.stripe else _GAP))


def _write(draw: ImageDraw.ImageDraw, block: _Block, top: int) -> None:
    last: _Row | None = None
    for row, text in block.lines:
        top += row.before if row is not last else 0
        draw.text((block.left, top), text, font=typeface(row.style), fill=row.colour)
        top += line_height(row.style)
        last = row
