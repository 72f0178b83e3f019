"""What a turn's messages say: a model translates, the customer's own words decide, and the rules are never lost."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agents.checks.claims import Measure, understood
from agents.checks.memory import told
from agents.checks.merging import merged
from agents.checks.quotes import may_be_quoted
from agents.commands import Heard, Said, Understood, Value
from agents.gateway.port import ModelError, ModelPort, ModelRequest, Purpose, Usage
from agents.personas.definition import Persona
from agents.prompts.layout import Slots, Tail
from agents.prompts.purposes import UNDERSTAND, cache_key_of, instruction, understand_prompt
from agents.prompts.schemas import understand_schema
from core.clock import Deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What was said, and all that helps to understand it."""

    persona: Persona
    heard: Sequence[Heard]
    history: Sequence[Said]
    rules: Understood
    last_ask: str | None
    known: Mapping[str, Value]
    facts: Mapping[str, Value]
    summary: str | None
    stage: str
    now: datetime
    time_zone: str


async def understand(
    model: ModelPort, question: Question, deadline: Deadline, *, cache_key: str = ""
) -> tuple[Understood, Usage]:
    """Both readings as one. Where no model answers, what the rules read stands alone."""
    persona, rules = question.persona, question.rules
    try:
        reply = await model.complete(_request(question, deadline, cache_key))
    except ModelError as error:
        rejected = (*rules.rejected, f"model:{type(error).__name__}")
        return _with(rules, rejected), error.usage
    measure = Measure(
        persona=persona,
        spoken=may_be_quoted(question.heard, question.history),
        known=question.known,
        today=question.now.astimezone(ZoneInfo(question.time_zone)).date(),
        language=rules.language,
    )
    return merged(persona, rules, understood(reply.data or {}, measure)), reply.usage


def _with(rules: Understood, rejected: tuple[str, ...]) -> Understood:
    return Understood(
        commands=rules.commands, language=rules.language, is_explained=rules.is_explained, rejected=rejected
    )


def _request(question: Question, deadline: Deadline, cache_key: str) -> ModelRequest:
    persona = question.persona
    tail = Tail(
        stage=question.stage,
        now=question.now,
        time_zone=question.time_zone,
        instruction=instruction(UNDERSTAND, persona.locale),
        slots=Slots(
            known=told(persona, question.known, persona.locale),
            missing=tuple(_missing(question)),
            asked=question.last_ask,
        ),
        facts=told(persona, question.facts, persona.locale),
        summary=question.summary,
        history=question.history,
        heard=question.heard,
    )
    alias = persona.model.understand
    return ModelRequest(
        purpose=Purpose.UNDERSTAND,
        aliases=(alias.primary, *alias.fallback),
        prompts=understand_prompt(persona, tail, cache_key=cache_key),
        deadline=deadline,
        schema=understand_schema(persona),
        max_output_tokens=persona.budget.output_tokens,
        cache_key=cache_key_of(Purpose.UNDERSTAND, cache_key),
    )


def _missing(question: Question) -> Iterator[str]:
    """What the stage asks for comes first, then all the rest that may be told."""
    persona = question.persona
    stage = persona.stage(question.stage)
    others = (name for one in persona.stages for name in one.collect)
    return _unknown((*stage.collect, *others, *persona.slots), question.known)


def _unknown(names: Iterable[str], known: Mapping[str, Value]) -> Iterator[str]:
    return (name for name in dict.fromkeys(names) if name not in known)
