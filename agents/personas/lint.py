"""The linter: what a persona that can be read would still get wrong, each thing with its line."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from agents.personas import lint_limits, lint_names, lint_secrets, lint_stages, lint_texts
from agents.personas.definition import Persona
from agents.personas.lint_sheet import Sheet, ToolRules
from agents.personas.problems import NOWHERE, Level, Lines, Problem
from agents.personas.reading import PersonaBroken, read_with_lines

Rule = Callable[[Sheet], Iterator[Problem]]

_RULES: Final[tuple[Rule, ...]] = (
    lint_names.unknown,
    lint_names.repeated,
    lint_names.phrases,
    lint_stages.order,
    lint_stages.reach,
    lint_stages.goals,
    lint_stages.questions,
    lint_stages.tools,
    lint_texts.presence,
    lint_texts.places,
    lint_texts.words,
    lint_texts.disclosure,
    lint_texts.room,
    lint_texts.use,
    lint_limits.scope,
    lint_limits.people,
    lint_limits.hours,
    lint_limits.stalls,
    lint_limits.budget,
    lint_limits.typing,
    lint_limits.choices,
    lint_limits.links,
    lint_secrets.secrets,
)


def lint(
    persona: Persona, *, bases: frozenset[str] | None, tools: Mapping[str, ToolRules], lines: Lines = NOWHERE
) -> tuple[Problem, ...]:
    """`bases`: the knowledge there is, if anybody knows; `tools`: what this persona's company may use."""
    sheet = Sheet(persona=persona, tools=tools, bases=bases, lines=lines)
    found = [problem for rule in _RULES for problem in rule(sheet)]
    return tuple(sorted(found, key=lambda one: (one.line or 0, one.field)))


def check(text: str, *, bases: frozenset[str] | None, tools: Mapping[str, ToolRules]) -> tuple[Problem, ...]:
    """Everything about a document as it was written: that it cannot be read, or what it would get wrong."""
    try:
        read = read_with_lines(text)
    except PersonaBroken as broken:
        return broken.problems
    return lint(read.persona, bases=bases, tools=tools, lines=read.lines)


def has_errors(problems: tuple[Problem, ...]) -> bool:
    return any(problem.level is Level.ERROR for problem in problems)
