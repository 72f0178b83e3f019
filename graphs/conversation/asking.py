"""What to ask next, and what can be answered with a text that was approved beforehand. Pure."""

from collections.abc import Iterator
from typing import Final

from agents.personas.definition import AnyOf, Slot, Stage
from core import lexicon
from graphs.conversation.desk import Desk

CONFIRM: Final = "confirm:"


def next_question(desk: Desk) -> bool:
    """One question a turn: first what waits for its yes, then what the stage still lacks."""
    if (name := _unconfirmed(desk)) is not None:
        return _confirm(desk, name)
    for name in _wanted(desk):
        slot = desk.persona.slots[name]
        if slot.ask is None or desk.asked.get(name, 0) >= slot.ask_max:
            continue
        desk.note(f"ask.slot:{name}")
        desk.asked[name] = desk.asked.get(name, 0) + 1
        desk.ask = desk.last_ask = name
        return True
    desk.last_ask = None
    return _finish_stage(desk)


def again(desk: Desk) -> None:
    """The last question once more, without counting it: we did not understand, they need not be at fault."""
    if desk.last_ask and desk.last_ask in desk.persona.slots:
        desk.ask = desk.last_ask


def approved(desk: Desk) -> bool:
    """Whether what was said is, word for word, a question to which there is an approved answer."""
    asked = {lexicon.normalise(line.text) for line in desk.snapshot.unanswered}
    found = [
        answer for answer in desk.persona.answers if any(lexicon.normalise(phrase) in asked for phrase in answer.any_of)
    ]
    for answer in found:
        desk.note(f"answer.approved:{answer.id}")
        desk.say(answer.text)
    return bool(found)


def lacking(stage: Stage, following: Stage | None) -> Iterator[str]:
    """The slots that a stage is there to collect: its own, then those that the next one asks for."""
    yield from stage.collect
    criteria = following.enter.all if following and following.enter else ()
    for criterion in criteria:
        for one in criterion.any if isinstance(criterion, AnyOf) else (criterion,):
            kind, _, name = one.partition(":")
            if kind == "slot":
                yield name


def _wanted(desk: Desk) -> Iterator[str]:
    stages = desk.persona.stages
    place = next(number for number, stage in enumerate(stages) if stage.id == desk.stage)
    following = stages[place + 1] if place + 1 < len(stages) else None
    names = dict.fromkeys(lacking(desk.here, following))
    return (name for name in names if name in desk.persona.slots and name not in desk.slots)


def _unconfirmed(desk: Desk) -> str | None:
    return next((name for name, filled in desk.slots.items() if not filled.is_confirmed), None)


def _confirm(desk: Desk, name: str) -> bool:
    """Two times at most: whoever says neither yes nor no twice is not pressed, and the value does not count."""
    key = f"{CONFIRM}{name}"
    limit = _slot(desk, name).ask_max
    if desk.asked.get(key, 0) >= limit:
        desk.note(f"confirm.gave_up:{name}")
        del desk.slots[name]
        return next_question(desk)
    desk.note(f"confirm.asked:{name}")
    desk.asked[key] = desk.asked.get(key, 0) + 1
    desk.ask = desk.last_ask = key
    return True


def _finish_stage(desk: Desk) -> bool:
    """Nothing is left to ask for here: its closing text is said once."""
    closing = desk.here.done
    if closing is None or desk.stage in desk.done:
        return False
    desk.note(f"stage.done:{desk.stage}")
    desk.done.add(desk.stage)
    desk.say(closing)
    return False


def _slot(desk: Desk, name: str) -> Slot:
    return desk.persona.slots[name]
