"""The linter's rules about stages: each can be reached and left, and what it uses is known by then."""

from collections.abc import Iterator

from agents.personas.definition import AnyOf, SlotType, Stage, StageEnd, ToolUse
from agents.personas.lint_sheet import READ, ParameterRules, Sheet, is_final, names_of
from agents.personas.problems import Path, Problem


def order(sheet: Sheet) -> Iterator[Problem]:
    """They are entered one after the other; those that end a lead stand last."""
    first, *others = sheet.persona.stages
    yield from _first(sheet, first)
    ended = is_final(first)
    for place, stage in enumerate(others, start=1):
        path: Path = ("stages", place)
        if ended and stage.end is not StageEnd.LOST:
            yield sheet.error(
                (*path, "id"),
                f"o estágio `{stage.id}` nunca é alcançado: vem depois de um que encerra",
                f"the stage `{stage.id}` is never reached: it comes after one that ends the lead",
            )
        elif stage.enter is None and not is_final(stage):
            yield sheet.error(
                (*path, "id"),
                f"o estágio `{stage.id}` nunca é alcançado: não tem `enter`",
                f"the stage `{stage.id}` is never reached: it has no `enter`",
            )
        elif stage.enter is not None and stage.end is StageEnd.LOST:
            yield sheet.warning(
                (*path, "enter"),
                "só a equipe leva alguém a um estágio perdido: este `enter` não vale",
                "only staff move a lead to a lost stage: this `enter` does nothing",
            )
        ended = ended or is_final(stage)
    yield from _inescapable(sheet)


def reach(sheet: Sheet) -> Iterator[Problem]:
    """Each criterion can hold by the time at which it is asked for."""
    for place, stage, path in sheet.stages():
        if place == 0 or stage.enter is None:
            continue
        for number, criterion in enumerate(stage.enter.all):
            here: Path = (*path, "enter", "all", number)
            if isinstance(criterion, AnyOf):
                blocked = [why for one in criterion.any if (why := _blocked(sheet, one, place))]
                if len(blocked) == len(criterion.any):
                    yield _never(sheet, here, stage, blocked[0])
            elif why := _blocked(sheet, criterion, place):
                yield _never(sheet, here, stage, why)


def goals(sheet: Sheet) -> Iterator[Problem]:
    """Nobody is led where leads are lost."""
    lost = {stage.id for _, stage, _ in sheet.stages() if stage.end is StageEnd.LOST}
    for place, goal in enumerate(sheet.persona.goals):
        if goal.stage in lost:
            yield sheet.error(
                ("goals", place, "stage"),
                f"`{goal.stage}` encerra um lead perdido: nenhum objetivo é tratado ali",
                f"`{goal.stage}` ends a lost lead: no goal is dealt with there",
            )


def questions(sheet: Sheet) -> Iterator[Problem]:
    """What is to be collected has to be asked for."""
    wanted = dict.fromkeys(name for stage in sheet.persona.stages for name in stage.collect)
    for name in wanted:
        if name in sheet.persona.slots and not sheet.is_asked(name):
            yield sheet.error(
                ("slots", name),
                f"`{name}` precisa ser recolhido e não tem `ask`",
                f"`{name}` has to be collected and has no `ask`",
            )


def tools(sheet: Sheet) -> Iterator[Problem]:
    """Their arguments are there by then, and of the right kind; whoever has to agree is asked."""
    for place, stage, path in sheet.stages():
        for number, use in enumerate(stage.tools):
            if use.tool in sheet.tools:
                here: Path = (*path, "tools", number)
                yield from _arguments(sheet, use, here)
                yield from _needs(sheet, use, place, here)
                yield from _approval(sheet, use, here)


def _approval(sheet: Sheet, use: ToolUse, path: Path) -> Iterator[Problem]:
    tool = sheet.tools[use.tool]
    if use.approver and tool.cls == READ:
        yield sheet.error(
            (*path, "approver"),
            f"`{use.tool}` só consulta: não há o que aprovar",
            f"`{use.tool}` only looks up: there is nothing to approve",
        )
    elif tool.needs_staff and not use.approver:
        yield sheet.error(
            path,
            f"`{use.tool}` só é feita com o sim da equipe: escreva `approver: staff`",
            f"`{use.tool}` is done with a yes of staff only: write `approver: staff`",
        )


def _first(sheet: Sheet, first: Stage) -> Iterator[Problem]:
    path: Path = ("stages", 0)
    if first.enter is not None:
        yield sheet.error(
            (*path, "enter"), "o primeiro estágio não tem `enter`: todos começam nele", "the first stage has no `enter`"
        )
    if first.leave_back:
        yield sheet.error(
            (*path, "leave_back"), "não há estágio antes do primeiro", "there is no stage before the first"
        )
    if is_final(first):
        yield sheet.error((*path, "end"), "o primeiro estágio não pode encerrar", "the first stage cannot be an end")


def _inescapable(sheet: Sheet) -> Iterator[Problem]:
    """Someone who does well has to arrive somewhere."""
    stages = sheet.persona.stages
    place = max((place for place, stage in enumerate(stages) if not is_final(stage)), default=None)
    if place is None or any(stage.end is StageEnd.WON for stage in stages[place + 1 :]):
        return
    yield sheet.error(
        ("stages", place, "id"),
        f"do estágio `{stages[place].id}` não se sai: falta depois dele um com `end: won`",
        f"nobody leaves the stage `{stages[place].id}`: one with `end: won` has to follow",
    )


def _blocked(sheet: Sheet, criterion: str, place: int) -> tuple[str, str] | None:
    """Why it can never hold. What is not known at all is told by another rule."""
    kind, _, name = criterion.partition(":")
    if kind == "slot" and name in sheet.persona.slots and not sheet.is_asked(name):
        is_collected = any(name in stage.collect for stage in sheet.persona.stages[:place])
        return None if is_collected else (f"nada pergunta por `{name}`", f"nothing asks for `{name}`")
    if kind == "effect" and (tool := name.removesuffix(":succeeded")) in sheet.tools:
        first = sheet.offered(tool)
        if sheet.tools[tool].cls != READ and (first is None or first >= place):
            return (f"`{tool}` não é oferecida em nenhum antes", f"`{tool}` is offered in none before it")
    return None


def _never(sheet: Sheet, path: Path, stage: Stage, why: tuple[str, str]) -> Problem:
    pt, en = why
    return sheet.error(
        path, f"o estágio `{stage.id}` nunca é alcançado: {pt}", f"the stage `{stage.id}` is never reached: {en}"
    )


def _arguments(sheet: Sheet, use: ToolUse, path: Path) -> Iterator[Problem]:
    parameters = sheet.tools[use.tool].parameters
    for name, source in use.arguments.items():
        here: Path = (*path, "arguments", name)
        if name not in parameters:
            known = ", ".join(parameters) or "-"
            yield sheet.error(
                here,
                f"`{use.tool}` não tem o argumento `{name}` (tem: {known})",
                f"`{use.tool}` has no argument `{name}` (it has: {known})",
            )
        else:
            yield from _type(sheet, source, parameters[name], here)


def _type(sheet: Sheet, source: str, parameter: ParameterRules, path: Path) -> Iterator[Problem]:
    kind, _, name = source.partition(":")
    wanted = ", ".join(sorted(parameter.types)) or "const"
    given = sheet.persona.slots[name].type if kind != "const" and name in sheet.persona.slots else None
    if kind == "const" and parameter.types and SlotType.TEXT not in parameter.types:
        yield sheet.error(path, f"não pode ser uma constante: precisa de {wanted}", f"no constant: it needs {wanted}")
    elif given is not None and given not in parameter.types:
        yield sheet.error(
            path, f"`{name}` é {given} e o argumento precisa de {wanted}", f"`{name}` is {given}, it needs {wanted}"
        )


def _needs(sheet: Sheet, use: ToolUse, place: int, path: Path) -> Iterator[Problem]:
    asked = sheet.asked_by(place)
    for name, parameter in sheet.tools[use.tool].parameters.items():
        if not parameter.is_needed:
            continue
        kind, _, slot = use.arguments.get(name, "").partition(":")
        if not kind:
            yield sheet.error(path, f"`{use.tool}` precisa do argumento `{name}`", f"`{use.tool}` needs `{name}`")
        elif kind == "slot" and slot in sheet.persona.slots and slot not in asked and _is_optional(sheet, slot):
            yield sheet.error(
                (*path, "arguments", name),
                f"nada recolhe `{slot}` até este estágio, e `{use.tool}` precisa dele",
                f"nothing collects `{slot}` up to this stage, and `{use.tool}` needs it",
            )


def _is_optional(sheet: Sheet, slot: str) -> bool:
    """One that has to be collected and is never asked for is told by another rule."""
    stages = sheet.persona.stages
    is_collected = any(slot in stage.collect for stage in stages)
    return sheet.is_asked(slot) or not (is_collected or any(slot in names_of("slot", stage) for stage in stages))
