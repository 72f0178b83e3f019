"""What to ask next, and what can be answered with a text that was approved beforehand. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from agents.personas.definition import Answer, Slot, Stage
from agents.rules import approved_questions, questions
from agents.rules.sentences import clauses
from core import lexicon
from graphs.conversation.desk import Desk
from graphs.conversation.rules import Rule

CONFIRM: Final = "confirm:"
_SENTENCE: Final = re.compile(r"[^.?!…\n]+[.?!…]*")


def next_question(desk: Desk) -> bool:
    """One question a turn: first what waits for its yes, then what the stage still lacks."""
    if (name := _unconfirmed(desk)) is not None:
        return _confirm(desk, name)
    for name in _wanted(desk):
        slot = desk.persona.slots[name]
        if slot.ask is None or desk.asked.get(name, 0) >= slot.ask_max:
            continue
        desk.note(Rule.ASK, name)
        desk.asked[name] = desk.asked.get(name, 0) + 1
        desk.ask = desk.last_ask = name
        return True
    desk.last_ask = None
    return _finish_stage(desk)


def again(desk: Desk) -> None:
    """The last question once more, without counting it: we did not understand, they need not be at fault."""
    kind, _, name = (desk.last_ask or "").rpartition(":")
    if name in (desk.slots if kind else desk.persona.slots) or kind == "effect":
        desk.ask = desk.last_ask


def approved(desk: Desk) -> Sequence[Answer]:
    """Those to what was said, word for word."""
    asked = {lexicon.normalise(line.text) for line in desk.snapshot.unanswered}
    asked |= {said for line in desk.snapshot.unanswered for one in _sentences(line.text) for said in _readings(one)}
    answers = zip(desk.persona.answers, approved_questions.by_answer(desk.persona), strict=True)
    return [answer for answer, questions_to_it in answers if not asked.isdisjoint(questions_to_it)]


def left_open(desk: Desk) -> str:
    """Of what was asked, in the customer's words: all but what has an approved answer."""
    known = approved_questions.every(desk.persona)
    return " ".join(
        sentence
        for line in desk.snapshot.unanswered
        if lexicon.normalise(line.text) not in known
        for sentence in _sentences(line.text)
        if not known & _readings(sentence) and asks(sentence)
    )


def asks(text: str) -> bool:
    """Whether something is asked in it, with or without a mark."""
    return questions.query(text, clauses(text), ()) is not None


def answer(desk: Desk) -> bool:
    """With a text that was approved beforehand, if there is one."""
    found = approved(desk)
    for one in found:
        desk.note(Rule.APPROVED, one.id)
        desk.say(one.text)
    return bool(found)


def lacking(stage: Stage, following: Stage | None) -> Iterator[str]:
    """The slots that a stage is there to collect: its own, then those that the next one asks for."""
    yield from stage.collect
    if following is not None:
        yield from following.wants("slot")


def _sentences(text: str) -> Sequence[str]:
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if lexicon.normalise(sentence)]


def _readings(sentence: str) -> frozenset[str]:
    """As it is compared: whole, and what is asked behind what was only told."""
    _, comma, asked = sentence.rpartition(",")
    pieces = [sentence, asked] if comma and sentence.endswith("?") else [sentence]
    return frozenset(map(lexicon.normalise, pieces))


def _wanted(desk: Desk) -> Iterator[str]:
    stages, place = desk.persona.stages, desk.place
    following = stages[place + 1] if place + 1 < len(stages) else None
    settled = {name for use in desk.here.tools if use.tool in desk.settled for name in use.slots}
    names = dict.fromkeys(name for name in lacking(desk.here, following) if name not in settled)
    way = _way(desk)
    needed = names if not way else names.keys() & frozenset(_needed(way))
    return (name for name in names if name in needed and name in desk.persona.slots and name not in desk.slots)


def _way(desk: Desk) -> Sequence[Stage]:
    """From here to where the customer's goal is dealt with; nothing, if that is here, behind us, or anywhere."""
    goal = next((goal for goal in desk.persona.goals if desk.agenda[:1] == [goal.id]), None)
    ahead = desk.persona.stages[desk.place :]
    last = next((number for number, stage in enumerate(ahead) if goal and stage.id == goal.stage), 0)
    return ahead[: last + 1] if last else ()


def _needed(way: Sequence[Stage]) -> Iterator[str]:
    """The slots without which one of the stages is not entered, or what it waits for is not done."""
    for before, stage in pairwise(way):
        yield from stage.wants("slot")
        tools = frozenset(stage.wants("effect"))
        yield from (name for use in before.tools if use.tool in tools for name in use.slots)


def _unconfirmed(desk: Desk) -> str | None:
    return next((name for name, filled in desk.slots.items() if not filled.is_confirmed), None)


def _confirm(desk: Desk, name: str) -> bool:
    """Two times at most: whoever says neither yes nor no twice is not pressed, and the value does not count."""
    key = f"{CONFIRM}{name}"
    limit = _slot(desk, name).ask_max
    if desk.asked.get(key, 0) >= limit:
        desk.note(Rule.CONFIRM_GAVE_UP, name)
        del desk.slots[name]
        return next_question(desk)
    desk.note(Rule.CONFIRM_ASKED, name)
    desk.asked[key] = desk.asked.get(key, 0) + 1
    desk.ask = desk.last_ask = key
    return True


def _finish_stage(desk: Desk) -> bool:
    """Nothing is left to ask for here: its closing text is said once."""
    closing = desk.here.done
    if closing is None or desk.stage in desk.done:
        return False
    desk.note(Rule.STAGE_DONE, desk.stage)
    desk.done.add(desk.stage)
    desk.say(closing)
    return False


def _slot(desk: Desk, name: str) -> Slot:
    return desk.persona.slots[name]
