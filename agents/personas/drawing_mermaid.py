"""A persona as Mermaid text: its stages as a state diagram, and on request the turn that every message goes through."""

from collections.abc import Iterable, Iterator
from typing import Final

from agents.personas.definition import Persona, StageEnd
from agents.personas.drawing_words import Words
from core.texts import Text

_COLLECTS: Final = Text("recolhe: ", "collects: ")
_TOOLS: Final = Text("ferramentas: ", "tools: ")
_AND: Final = " + "
_ROUTES: Final = ("canned", "clarify", "action", "handoff", "silence", "absorb")
# Every character that Mermaid would read as its own, and the way to write it.
_ESCAPED: Final = str.maketrans(
    {"#": "#35;", '"': "#quot;", ";": "#59;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\n": " ", ":": "#58;"}
)


def mermaid(persona: Persona) -> str:
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _states(persona))]) + "\n"


def spine(persona: Persona) -> str:
    """The nodes of a turn, as the conversation graph has them: the same for all personas but for their stages."""
    lines = ["flowchart TD", *(f"    {source} --> {target}" for source, target in spine_edges(persona))]
    return "\n".join(lines).replace("stage.", "stage_").replace("route.", "route_") + "\n"


def spine_edges(persona: Persona) -> list[tuple[str, str]]:
    stages = [f"stage.{stage.id}" for stage in persona.stages]
    routes = [f"route.{route}" for route in _ROUTES]
    return [
        ("START", "gate"),
        *_each("gate", ["absorb", "understand", "prefetch", "decide"]),
        ("absorb", "commit"),
        ("understand", "decide"),
        ("prefetch", "decide"),
        *_each("decide", [*stages, *routes]),
        *((stage, "respond") for stage in stages),
        *((route, "commit") for route in routes),
        ("respond", "check"),
        *_each("check", ["commit", "repair", "route.fallback"]),
        ("repair", "check"),
        ("route.fallback", "commit"),
        ("commit", "END"),
    ]


def _states(persona: Persona) -> Iterator[str]:
    words = Words(persona)
    yield "direction TB"
    for stage in persona.stages:
        yield f'state "{_plain(words.stage(stage))}" as {_id(stage.id)}'
        if stage.collect:
            yield f"{_id(stage.id)} : {_plain(words.say(_COLLECTS) + ', '.join(map(words.slot, stage.collect)))}"
        if stage.tools:
            yield f"{_id(stage.id)} : {_plain(words.say(_TOOLS) + ', '.join(map(words.tool, stage.tools)))}"
    yield f"[*] --> {_id(persona.stages[0].id)}"
    yield from _moves(persona, words)
    yield from (f"{_id(stage.id)} --> [*]" for stage in persona.stages if stage.end is not StageEnd.OPEN)


def _moves(persona: Persona, words: Words) -> Iterator[str]:
    """Forward and back as code moves a lead; to a lost stage as staff do, drawn from the last open one."""
    last_open = max(place for place, stage in enumerate(persona.stages) if stage.end is StageEnd.OPEN or place == 0)
    for place, stage in enumerate(persona.stages[1:], start=1):
        source = persona.stages[last_open if stage.end is StageEnd.LOST else place - 1]
        yield f"{_id(source.id)} --> {_id(stage.id)} : {_plain(_AND.join(words.entering(stage)))}"
        if losses := words.leaving(stage):
            before = persona.stages[place - 1]
            yield f"{_id(stage.id)} --> {_id(before.id)} : {_plain(', '.join(losses))}"


def _each(source: str, targets: Iterable[str]) -> list[tuple[str, str]]:
    return [(source, target) for target in targets]


def _id(name: str) -> str:
    """A name of ours may be a word of Mermaid's, such as `end`."""
    return f"stage_{name}"


def _plain(text: str) -> str:
    return " ".join(text.translate(_ESCAPED).split())
