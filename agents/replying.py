"""Words for what was decided: asked of a model, made plain, and handed on to be checked. They change nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from agents.checks.memory import told
from agents.checks.words import capped, cited_within, plain, without_last_questions
from agents.commands import Heard, Said, Value
from agents.gateway.port import ModelGarbage, ModelPort, ModelReply, ModelRequest, Purpose, Usage
from agents.personas.definition import Persona
from agents.ports import Passage
from agents.prompts import purposes
from agents.prompts.layout import Slots, Tail
from agents.prompts.schemas import respond_schema, summarise_schema
from core.clock import Deadline
from core.texts import Text

MOST_REPLY: Final = 1_500  # characters
MOST_SUMMARY: Final = 700
_SUMMARY_TOKENS: Final = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Brief:
    """What is to be said, and from what."""

    persona: Persona
    stage: str
    query: str | None
    said: tuple[str, ...]  # approved texts that go out before the words
    ask: str | None  # the question that goes out after them
    passages: Sequence[Passage]
    results: Mapping[str, Any]
    known: Mapping[str, Value]
    facts: Mapping[str, Value]
    summary: str | None
    history: Sequence[Said]
    heard: Sequence[Heard]
    language: str
    contact_name: str | None
    company_name: str
    now: datetime
    time_zone: str
    draft: str | None = None  # with `violations`: what was wrong with it, and is to be mended
    violations: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    text: str
    cited: tuple[str, ...]
    usage: Usage
    is_rehearsal: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    text: str
    model: str
    usage: Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Recap:
    """A conversation to be summed up, from its last summary on."""

    persona: Persona
    stage: str
    summary: str | None
    history: Sequence[Said]
    known: Mapping[str, Value]
    now: datetime
    time_zone: str


async def reply(model: ModelPort, brief: Brief, deadline: Deadline, *, cache_key: str = "") -> Draft:
    """Raises a `ModelError` where there are no words to be had."""
    persona = brief.persona
    alias = persona.model.respond
    answer = await model.complete(
        ModelRequest(
            purpose=Purpose.RESPOND,
            aliases=(alias.primary, *alias.fallback),
            prompts=purposes.respond_prompt(persona, _tail(brief), company=brief.company_name, cache_key=cache_key),
            deadline=deadline,
            schema=respond_schema(),
            max_output_tokens=persona.budget.output_tokens,
            cache_key=purposes.cache_key_of(Purpose.RESPOND, cache_key),
        )
    )
    said = _string(answer, "say")
    text = plain(said)
    text = capped(without_last_questions(text) if brief.ask else text, MOST_REPLY)
    if not text and (brief.query or not brief.ask):
        raise _garbage(answer)
    return Draft(
        text=text, cited=_cited(answer, said, brief.passages), usage=answer.usage, is_rehearsal=answer.is_rehearsal
    )


async def summarise(model: ModelPort, recap: Recap, deadline: Deadline, *, cache_key: str = "") -> Summary:
    persona = recap.persona
    alias = persona.model.understand
    tail = Tail(
        stage=recap.stage,
        now=recap.now,
        time_zone=recap.time_zone,
        instruction=purposes.instruction(purposes.SUMMARISE, persona.locale),
        slots=Slots(known=told(persona, recap.known, persona.locale)),
        summary=recap.summary,
        history=recap.history,
    )
    answer = await model.complete(
        ModelRequest(
            purpose=Purpose.SUMMARISE,
            aliases=(alias.primary, *alias.fallback),
            prompts=purposes.summarise_prompt(persona, tail, cache_key=cache_key),
            deadline=deadline,
            schema=summarise_schema(),
            max_output_tokens=_SUMMARY_TOKENS,
            cache_key=purposes.cache_key_of(Purpose.SUMMARISE, cache_key),
        )
    )
    summary = capped(plain(_string(answer, "summary")), MOST_SUMMARY)
    if not summary:
        raise _garbage(answer)
    return Summary(text=summary, model=answer.model, usage=answer.usage)


def _tail(brief: Brief) -> Tail:
    persona = brief.persona
    facts = told(persona, brief.facts, brief.language)
    return Tail(
        stage=brief.stage,
        now=brief.now,
        time_zone=brief.time_zone,
        instruction="\n".join(_instructions(brief)),
        slots=Slots(
            known=told(persona, brief.known, brief.language),
            missing=[name for name in persona.stage(brief.stage).collect if name not in brief.known],
            said=brief.said,
            ask_after=brief.ask,
            question=brief.query,
        ),
        facts={**facts, "contact_name": brief.contact_name} if brief.contact_name else facts,
        summary=brief.summary,
        history=brief.history,
        heard=brief.heard,
        passages=brief.passages,
        results=brief.results,
        repair={"draft": brief.draft, "violations": list(brief.violations)} if brief.draft else None,
    )


def _instructions(brief: Brief) -> Iterator[str]:
    """Ours alone, word by word: what anybody else wrote stands in the sections that are data."""
    texts: list[Text] = [purposes.ANSWER if brief.query else purposes.CONTINUE]
    texts.append(purposes.IN_LANGUAGE.get(brief.language, purposes.IN_LANGUAGE[brief.persona.locale]))
    if brief.draft:
        texts.append(purposes.REPAIR)
    return (purposes.instruction(text, brief.persona.locale) for text in texts)


def _cited(answer: ModelReply, said: str, passages: Sequence[Passage]) -> tuple[str, ...]:
    """Of the passages that it was given: an id that was made up cites nothing."""
    claimed = (answer.data or {}).get("cited")
    ids = [str(one) for one in claimed] if isinstance(claimed, list | tuple) else []
    given = {passage.id for passage in passages}
    return tuple(dict.fromkeys(one for one in (*ids, *cited_within(said)) if one in given))


def _string(answer: ModelReply, field: str) -> str:
    value = (answer.data or {}).get(field)
    return value if isinstance(value, str) else ""


def _garbage(answer: ModelReply) -> ModelGarbage:
    return ModelGarbage("O modelo não deu nenhuma palavra.", "The model gave no words.", usage=answer.usage)
