"""The linter's rules about names: whatever a persona refers to is there, and nothing is there twice."""

from collections.abc import Iterable, Iterator, Sequence

from agents.personas.definition import Answer, Goal, Stage
from agents.personas.lint_sheet import READ, Sheet, criteria
from agents.personas.problems import Path, Problem, meant
from core import lexicon


def unknown(sheet: Sheet) -> Iterator[Problem]:
    for place, stage, path in sheet.stages():
        yield from _of_criteria(sheet, stage, path)
        yield from _of_losses(sheet, place, path)
        yield from _of_stage(sheet, stage, path)
        yield from _of_bases(sheet, stage, path)
    yield from _of_texts(sheet)
    yield from _of_goals_and_causes(sheet)


def repeated(sheet: Sheet) -> Iterator[Problem]:
    """The second of two would never be found."""
    persona = sheet.persona
    for part, names in (
        ("stages", [stage.id for stage in persona.stages]),
        ("goals", [goal.id for goal in persona.goals]),
        ("answers", [answer.id for answer in persona.answers]),
    ):
        yield from _twice(sheet, names, (part,), "id")
    for name, slot in persona.slots.items():
        values = [option.value for option in slot.options]
        yield from _twice(sheet, values, ("slots", name, "options"), "value")
    for place, stage in enumerate(persona.stages):
        yield from _twice(sheet, stage.collect, ("stages", place, "collect"))
        yield from _twice(sheet, [use.tool for use in stage.tools], ("stages", place, "tools"), "tool")


def phrases(sheet: Sheet) -> Iterator[Problem]:
    """What is said word for word should mean one thing."""
    persona = sheet.persona
    parts: tuple[tuple[str, Sequence[Answer | Goal]], ...] = (("answers", persona.answers), ("goals", persona.goals))
    for part, items in parts:
        seen: dict[str, str] = {}
        for place, item in enumerate(items):
            for number, phrase in enumerate(item.any_of):
                said = lexicon.normalise(phrase)
                first = seen.setdefault(said, item.id)
                path: Path = (part, place, "any_of", number)
                if not said:
                    yield sheet.error(path, "a frase não tem palavras", "the phrase has no words")
                elif first != item.id:
                    yield sheet.warning(
                        path, f"`{phrase}` já é de `{first}`", f"`{phrase}` belongs to `{first}` already"
                    )


def _of_criteria(sheet: Sheet, stage: Stage, path: Path) -> Iterator[Problem]:
    for criterion, below in criteria(stage):
        kind, _, name = criterion.partition(":")
        here = (*path, *below)
        match kind:
            case "slot":
                yield from _known(sheet, here, name, "slot")
            case "evidence":
                yield from _known(sheet, here, name, "evidence")
            case "effect":
                yield from _effect(sheet, here, name.removesuffix(":succeeded"))
            case "fact":
                yield from _fact(sheet, here, name)


def _of_losses(sheet: Sheet, place: int, path: Path) -> Iterator[Problem]:
    stages = sheet.persona.stages
    for number, loss in enumerate(stages[place].leave_back):
        kind, _, name = loss.partition(":")
        here = (*path, "leave_back", number)
        if kind == "slot_lost":
            yield from _known(sheet, here, name, "slot")
            continue
        tool, _, ending = name.rpartition(":")
        problems = list(_effect(sheet, here, tool))
        yield from problems
        first = sheet.offered(tool)
        is_passed_on = any(loss in following.leave_back for following in stages[place + 1 : place + 2])
        if not problems and not is_passed_on and (first is None or first > place):
            yield sheet.error(
                here,
                f"`{tool}` não é oferecida neste estágio nem antes",
                f"`{tool}` is offered neither in this stage nor before",
            )
        if ending == "succeeded" and tool in stages[place].wants("effect"):
            yield sheet.error(
                here,
                f"entra-se neste estágio por `{tool}`: o mesmo não pode tirar dele",
                f"this stage is entered by `{tool}`: the same cannot lead out of it",
            )


def _of_stage(sheet: Sheet, stage: Stage, path: Path) -> Iterator[Problem]:
    for number, name in enumerate(stage.collect):
        yield from _known(sheet, (*path, "collect", number), name, "slot")
    for number, use in enumerate(stage.tools):
        here: Path = (*path, "tools", number)
        if use.tool not in sheet.tools:
            hint = meant(use.tool, list(sheet.tools))
            yield sheet.error(
                here, f"não há ferramenta `{use.tool}`{hint.pt}", f"there is no tool `{use.tool}`{hint.en}"
            )
        for parameter, source in use.arguments.items():
            kind, _, name = source.partition(":")
            if kind == "slot":
                yield from _known(sheet, (*here, "arguments", parameter), name, "slot")
            elif kind == "fact":
                yield from _fact(sheet, (*here, "arguments", parameter), name)


def _of_bases(sheet: Sheet, stage: Stage, path: Path) -> Iterator[Problem]:
    for number, name in enumerate(stage.kb):
        if sheet.bases is not None and name not in sheet.bases:
            hint = meant(name, sorted(sheet.bases))
            yield sheet.warning(
                (*path, "kb", number),
                f"ainda não há base de conhecimento `{name}`{hint.pt}",
                f"there is no knowledge base `{name}` yet{hint.en}",
            )


def _of_texts(sheet: Sheet) -> Iterator[Problem]:
    persona = sheet.persona
    wanted: list[tuple[Path, str | None]] = [
        *((("slots", name, "ask"), slot.ask) for name, slot in persona.slots.items()),
        *((("stages", place, "done"), stage.done) for place, stage in enumerate(persona.stages)),
        *(
            (("stages", place, "stall", "kickoff"), stage.stall.kickoff)
            for place, stage in enumerate(persona.stages)
            if stage.stall
        ),
        *((("answers", place, "text"), answer.text) for place, answer in enumerate(persona.answers)),
    ]
    for path, name in wanted:
        if name is not None:
            yield from _known(sheet, path, name, "text")


def _of_goals_and_causes(sheet: Sheet) -> Iterator[Problem]:
    for place, goal in enumerate(sheet.persona.goals):
        if goal.stage is not None:
            yield from _known(sheet, ("goals", place, "stage"), goal.stage, "stage")
    for place, cause in enumerate(sheet.persona.handoff.on):
        if cause.startswith("slot:"):
            yield from _known(sheet, ("handoff", "on", place), cause.split(":")[1], "slot")


def _known(sheet: Sheet, path: Path, name: str, kind: str) -> Iterator[Problem]:
    persona = sheet.persona
    names = {
        "slot": list(persona.slots),
        "evidence": list(persona.evidence),
        "text": list(persona.texts),
        "stage": [stage.id for stage in persona.stages],
    }[kind]
    if name not in names:
        words = {"slot": "slot", "evidence": "evidência", "text": "texto", "stage": "estágio"}
        hint = meant(name, names)
        yield sheet.error(path, f"não há {words[kind]} `{name}`{hint.pt}", f"there is no {kind} `{name}`{hint.en}")


def _effect(sheet: Sheet, path: Path, tool: str) -> Iterator[Problem]:
    if tool not in sheet.tools:
        hint = meant(tool, list(sheet.tools))
        yield sheet.error(path, f"não há ferramenta `{tool}`{hint.pt}", f"there is no tool `{tool}`{hint.en}")
    elif sheet.tools[tool].cls == READ:
        yield sheet.error(path, f"`{tool}` só consulta: não tem efeito", f"`{tool}` only looks up: it has no effect")


def _fact(sheet: Sheet, path: Path, name: str) -> Iterator[Problem]:
    slot = sheet.persona.slots.get(name)
    if slot is None:
        yield sheet.warning(
            path,
            f"nenhum slot desta persona guarda o fato `{name}`: ele só vem de outra",
            f"no slot of this persona keeps the fact `{name}`: it can only come from another",
        )
    elif not slot.remember:
        yield sheet.error(
            path,
            f"`{name}` tem remember: false e nunca vira um fato",
            f"`{name}` has remember: false and never becomes a fact",
        )


def _twice(sheet: Sheet, names: Iterable[str], path: Path, key: str | None = None) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            here = (*path, place, key) if key else (*path, place)
            yield sheet.error(here, f"`{name}` aparece duas vezes", f"`{name}` is there twice")
        seen.add(name)
