"""The nodes of a turn. Only the last has an outside effect; a run that is cut off before it leaves nothing behind."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from agents import fast_rules, guardrails, replying, understanding
from agents.commands import AskKnowledge, Heard, Said, Understood
from agents.fast_rules import RuleContext
from agents.gateway.port import NOTHING_USED, ModelError
from agents.guardrails import Ground
from agents.ports import Passage, SearchFailed
from agents.replying import Brief
from agents.tools import running
from agents.tools.running import Ports
from agents.understanding import Question
from core import lexicon
from core.logging import get_logger
from core.models.stream import Author, Control, Trigger, TurnOutcome
from graphs.conversation import absence, showing
from graphs.conversation.decide import decide as decide_purely
from graphs.conversation.delivery import bubbles
from graphs.conversation.ports import Context
from graphs.conversation.rules import Rule
from graphs.conversation.state import CannedText, Decision, Handover, Line, Outcome, Route, Snapshot, TurnData
from graphs.conversation.wording import Wording

MOST_REPAIRS: Final = 1
FALLBACK: Final = "fallback"  # in a trace: what was wrong with the words that were not said
SEARCH_FAILED: Final = "search_failed"  # in a trace: what is known was not found out
_MOST_PASSAGES: Final = 5
_SAME_QUERY: Final = 0.5  # share of words two questions have in common
_OUTCOMES: Final[Mapping[Route, TurnOutcome]] = {
    Route.SILENCE: TurnOutcome.SILENT,
    Route.ABSORB: TurnOutcome.ABSORBED,
    Route.HANDOFF: TurnOutcome.HANDED_OFF,
}
_WHO: Final = {Author.CUSTOMER: "customer", Author.BOT: "bot", Author.STAFF: "staff", Author.SYSTEM: "staff"}

log = get_logger(__name__)


async def gate(_: TurnData, context: Context) -> TurnData:
    """What the rules can read by themselves; where they explain everything, no model is asked."""
    snapshot = context.snapshot
    understood = fast_rules.read(heard(snapshot), context.persona, _rule_context(snapshot))
    return TurnData(understood=understood, passages=(), results={}, usage=NOTHING_USED, repairs=0, violations=())


def after_gate(data: TurnData, context: Context) -> list[str]:
    if context.snapshot.control in {Control.HUMAN, Control.CLOSED}:
        return ["absorb"]
    if data["understood"].is_explained or not context.snapshot.unanswered:
        return ["decide"]
    return ["understand", "prefetch"]


async def absorb(data: TurnData, context: Context) -> TurnData:
    """A person has the conversation: it is heard, and not answered."""
    return TurnData(decision=decide_purely(context.persona, context.snapshot, data["understood"]))


async def understand(data: TurnData, context: Context) -> TurnData:
    snapshot = context.snapshot
    question = Question(
        persona=context.persona,
        heard=heard(snapshot),
        history=history(snapshot),
        rules=data["understood"],
        last_ask=snapshot.dialogue.last_ask,
        known={name: filled.value for name, filled in snapshot.dialogue.slots.items()},
        facts={fact.key: fact.value for fact in snapshot.facts},
        summary=snapshot.summary,
        stage=snapshot.dialogue.stage,
        now=snapshot.now,
        time_zone=snapshot.time_zone,
    )
    understood, usage = await understanding.understand(
        context.model, question, context.deadline, cache_key=context.cache_key
    )
    return TurnData(understood=understood, usage=usage)


async def prefetch(_: TurnData, context: Context) -> TurnData:
    """On what was said, while it is being understood."""
    return await _search(context, _words(context.snapshot))


async def decide(data: TurnData, context: Context) -> TurnData:
    decision = decide_purely(context.persona, context.snapshot, data["understood"])
    decision = await showing.show(context.persona, decision, _ports(context))
    if not decision.query:
        return TurnData(decision=decision, passages=())
    if _differs(decision.query, _words(context.snapshot)):
        return TurnData(**await _search(context, decision.query), decision=decision)
    return TurnData(decision=decision)


def after_decide(data: TurnData, _: Context) -> str:
    decision = data["decision"]
    return f"stage.{decision.stage}" if decision.route is Route.STAGE else f"route.{decision.route}"


async def stage(data: TurnData, context: Context) -> TurnData:
    """What is looked up before anything is phrased."""
    return TurnData(results=await _run_reads(data["decision"], context))


async def respond(data: TurnData, context: Context) -> TurnData:
    """Words, and nothing else: what they say changes no stage and calls no tool."""
    if (approved := _approved(data)) is not None:
        return TurnData(draft=approved.text, cited=(approved.id,), violations=())
    try:
        draft = await replying.reply(
            context.model, _brief(data, context), context.deadline, cache_key=context.cache_key
        )
    except ModelError as error:
        name = type(error).__name__
        log.warning("turn.no_words", turn=str(context.snapshot.turn), reason=name)
        return TurnData(draft="", cited=(), usage=data["usage"] + error.usage, violations=(f"model: {name}",))
    return TurnData(draft=draft.text, cited=draft.cited, usage=data["usage"] + draft.usage, violations=())


async def check(data: TurnData, context: Context) -> TurnData:
    """By code: what a draft says has to stand somewhere."""
    return TurnData(violations=_violations(data, context)) if data["draft"] else TurnData()


def after_check(data: TurnData, _: Context) -> str:
    if not data["violations"]:
        return "commit"
    return "repair" if data["draft"] and data["repairs"] < MOST_REPAIRS else "route.fallback"


async def repair(data: TurnData, context: Context) -> TurnData:
    """Once more, with what was wrong; then it is enough."""
    return TurnData(**await respond(data, context), repairs=data["repairs"] + 1)


async def canned(data: TurnData, context: Context) -> TurnData:
    """Approved texts alone."""
    return TurnData(draft="", results=await _run_reads(data["decision"], context))


async def fallback(data: TurnData, context: Context) -> TurnData:
    """What could not be said properly is not said: an approved text stands for it, and it is counted.

    Where no model had words, a person is called at once, as the persona says.
    """
    decision = data["decision"]
    trace = {**data.get("trace", {}), FALLBACK: list(data["violations"])}
    if rule := absence.calls_for_person(context.persona, context.snapshot, data["violations"]):
        return TurnData(draft="", cited=(), decision=_handed_over(decision, rule), trace=trace)
    failed = decision.dialogue.failed_checks + 1
    text = context.persona.text("fallback", data["understood"].language)
    return TurnData(
        draft=text,
        cited=(),
        decision=replace(decision, dialogue=replace(decision.dialogue, failed_checks=failed)),
        trace=trace,
    )


async def commit(data: TurnData, context: Context) -> TurnData:
    """All of it or nothing: the only node that writes."""
    outcome = _outcome(data, context)
    await context.commit(outcome)
    return TurnData(outcome=outcome)


# --- what the nodes share ---------------------------------------------------------------------------------------------


def heard(snapshot: Snapshot) -> tuple[Heard, ...]:
    """What the turn is about; after a person had the conversation, what they and the customer said, too."""
    span = snapshot.human_span if snapshot.trigger is Trigger.STAFF_RETURN else ()
    return tuple(_heard(line) for line in (*span, *snapshot.unanswered))


def history(snapshot: Snapshot) -> tuple[Said, ...]:
    return tuple(said(line) for line in snapshot.history)


def said(line: Line) -> Said:
    who = _WHO[line.author]
    return Said(author=who, text=line.text, message=line.seq, described=line.described)  # type: ignore[arg-type] # the table has just these


def _heard(line: Line) -> Heard:
    return Heard(
        message=line.seq,
        text=line.text,
        choice=line.choice,
        was_spoken=line.was_spoken,
        by_staff=line.author is Author.STAFF,
        described=line.described,
    )


def _rule_context(snapshot: Snapshot) -> RuleContext:
    return RuleContext(
        stage=snapshot.dialogue.stage,
        last_ask=snapshot.dialogue.last_ask,
        known={name: filled.value for name, filled in snapshot.dialogue.slots.items()},
        today=snapshot.now.date(),
        language=snapshot.dialogue.language,
    )


def _words(snapshot: Snapshot) -> str:
    return " ".join(line.text for line in snapshot.unanswered)[:500]


async def _search(context: Context, query: str) -> TurnData:
    """Where a stage names no base, there may be an approved answer all the same. A turn goes on without."""
    persona = context.persona
    bases = persona.stage(context.snapshot.dialogue.stage).kb
    if not query.strip():
        return TurnData(passages=(), trace={})
    try:
        found = await context.retriever.search(query, bases=bases, most=_MOST_PASSAGES, persona=persona.persona)
    except SearchFailed:
        return TurnData(passages=(), trace={SEARCH_FAILED: True})
    return TurnData(passages=found, trace={})


def _approved(data: TurnData) -> Passage | None:
    """What a person has said is the answer is told in their words, once, without a model. A check may refuse it."""
    first = next(iter(data["passages"]), None)
    is_it = first is not None and first.is_approved and not data["results"] and not data["repairs"]
    return first if is_it and not data.get("draft") else None


def _differs(query: str, text: str) -> bool:
    asked, said = set(lexicon.normalise(query).split()), set(lexicon.normalise(text).split())
    return len(asked & said) < _SAME_QUERY * len(asked | said)


async def _run_reads(decision: Decision, context: Context) -> Mapping[str, Any]:
    """At the same time; what is not there in time is missing, and is not made up."""
    ports = _ports(context)
    found = await asyncio.gather(*(running.read(call.tool, call.arguments, ports) for call in decision.reads))
    return {call.tool: result for call, result in zip(decision.reads, found, strict=True) if result is not None}


def _ports(context: Context) -> Ports:
    snapshot = context.snapshot
    return Ports(
        appointments=context.appointments, orders=context.orders, now=snapshot.now, time_zone=snapshot.time_zone
    )


def _brief(data: TurnData, context: Context) -> Brief:
    snapshot, decision = context.snapshot, data["decision"]
    wording = Wording(context.persona, snapshot, data["understood"].language)
    return Brief(
        persona=context.persona,
        stage=decision.stage,
        query=decision.query,
        said=tuple(wording.texts(decision)),
        ask=wording.question(decision),
        passages=data["passages"],
        results=data["results"],
        known={name: filled.value for name, filled in decision.dialogue.slots.items() if filled.is_confirmed},
        facts={fact.key: fact.value for fact in snapshot.facts},
        summary=snapshot.summary,
        history=history(snapshot),
        heard=heard(snapshot),
        language=data["understood"].language,
        contact_name=snapshot.contact_name,
        company_name=snapshot.company_name,
        now=snapshot.now,
        time_zone=snapshot.time_zone,
        draft=data.get("draft") or None,
        violations=data["violations"],
    )


def _violations(data: TurnData, context: Context) -> tuple[str, ...]:
    persona, decision, snapshot = context.persona, data["decision"], context.snapshot
    wording = Wording(persona, snapshot, data["understood"].language)
    rules = persona.on(snapshot.channel)
    last = next((line.text for line in reversed(snapshot.history) if line.author is Author.BOT), None)
    own = (*wording.texts(decision), *wording.results(data["results"], decision), wording.question(decision) or "")
    ground = Ground(
        passages=data["passages"],
        texts=(*own, *_known_words(data, context)),
        approved=own,
        links_allow=persona.guardrails.links_allow,
        max_questions=persona.guardrails.max_questions - (decision.ask is not None),
        forbidden=persona.tone.forbidden,
        last_bot_text=None if Rule.REPEATED in decision.rules else last,
        language=data["understood"].language,
        max_chars=rules.bubble_chars * rules.max_bubbles,
        done=snapshot.succeeded,
        hands_over=decision.handover is not None,
    )
    return tuple(f"{one.rule}: {one.detail}" for one in guardrails.violations(data["draft"], data["cited"], ground))


def _known_words(data: TurnData, context: Context) -> tuple[str, ...]:
    """Where a number or a link may come from: what tools said, what the customer wrote, what the company is called."""
    results = tuple(str(result) for result in data["results"].values())
    said = tuple(line.text for line in context.snapshot.unanswered)
    return (*results, *said, context.snapshot.company_name, context.snapshot.contact_name or "")


def _outcome(data: TurnData, context: Context) -> Outcome:
    decision, snapshot = data["decision"], context.snapshot
    parts = _parts(data, context)
    is_copilot = snapshot.control is Control.COPILOT and bool(parts) and decision.handover is None
    outcome = _OUTCOMES.get(decision.route, TurnOutcome.REPLIED if parts else TurnOutcome.SILENT)
    return Outcome(
        decision=decision,
        outcome=TurnOutcome.DRAFTED if is_copilot else outcome,
        bubbles=bubbles(parts, context.persona.on(snapshot.channel)),
        usage=data["usage"],
        trace=_trace(data, context),
    )


def _parts(data: TurnData, context: Context) -> list[str]:
    """Approved texts, then what was looked up, then words, then the question."""
    decision = data["decision"]
    if decision.route in {Route.SILENCE, Route.ABSORB}:
        return []
    wording = Wording(context.persona, context.snapshot, data["understood"].language)
    if decision.route is Route.HANDOFF and not context.is_open:
        decision = _out_of_hours(decision)
    parts = [*wording.texts(decision), *wording.results(data["results"], decision)]
    if data.get("draft"):
        parts.append(data["draft"])
    if question := wording.question(decision):
        parts.append(question)
    if not parts and decision.reads:  # it was asked for, and could not be looked up
        parts.append(context.persona.text("fallback", data["understood"].language))
    return parts


def _handed_over(decision: Decision, rule: Rule) -> Decision:
    """All that was decided stays, but the question: whoever takes over asks."""
    return replace(
        decision,
        route=Route.HANDOFF,
        rules=(*decision.rules, rule.value),
        texts=(*decision.texts, CannedText(name="handoff")),
        ask=None,
        handover=Handover(reason=absence.cause(rule)),
        dialogue=replace(decision.dialogue, last_ask=None),
    )


def _out_of_hours(decision: Decision) -> Decision:
    texts = tuple(replace(text, name="handoff_closed") if text.name == "handoff" else text for text in decision.texts)
    return replace(decision, texts=texts)


def _trace(data: TurnData, context: Context) -> Mapping[str, Any]:
    """Why this was said: kept with the turn, for whoever asks."""
    understood: Understood = data["understood"]
    return {
        "rules": list(data["decision"].rules),
        "route": data["decision"].route.value,
        "commands": [_claim(command) for command in understood.commands],
        "rejected": list(understood.rejected),
        "passages": [_source(one) for one in data["passages"]],
        "cited": list(data.get("cited", ())),
        "violations": list(data["violations"]),
        "seconds": {name: round(seconds, 4) for name, seconds in context.phases.items()},
        **data.get("trace", {}),
    }


def _source(passage: Passage) -> Mapping[str, Any]:
    about = {"id": passage.id, "title": passage.title, "score": round(passage.score, 3)}
    source = {} if passage.source is None else {"source": str(passage.source)}
    return about | source | ({"approved": True} if passage.is_approved else {})


def _claim(command: Any) -> Mapping[str, Any]:
    """As it was claimed, with the words; a query is the customer's own."""
    return asdict(command) if not isinstance(command, AskKnowledge) else {"type": command.type, "query": command.query}
