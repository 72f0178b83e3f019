"""The working memory of a conversation as JSON: at most a kilobyte, and read whatever shape it was written in."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from agents.commands import Quote
from graphs.conversation.state import VERSION, Dialogue, Filled

MOST_BYTES: Final = 1024
_LONGEST_QUOTE: Final = 60
_FEWEST_CHARACTERS: Final = 0


def to_json(dialogue: Dialogue) -> dict[str, Any]:
    """Short quotes first, then none: the words stay in the messages, and with the events that they proved."""
    for longest in (_LONGEST_QUOTE, _LONGEST_QUOTE // 3, _FEWEST_CHARACTERS):
        written = _written(dialogue, longest)
        if len(json.dumps(written, ensure_ascii=False).encode()) <= MOST_BYTES:
            return written
    return _written(replace(dialogue, evidence={}, asked={}, refused={}, shown={}), _FEWEST_CHARACTERS)


def from_json(data: Mapping[str, Any], *, first_stage: str) -> Dialogue:
    """An empty one is a beginning; one of a later version than ours is begun anew from its stage."""
    if data.get("v") != VERSION:
        return Dialogue(stage=str(data.get("stage") or first_stage))
    return Dialogue(
        stage=data["stage"],
        slots={name: _filled(filled) for name, filled in data["slots"].items()},
        evidence={name: Quote(text=words, message=message) for name, (words, message) in data["evidence"].items()},
        refused=data["refused"],
        agenda=tuple(data["agenda"]),
        last_ask=data["ask"],
        asked=data["asked"],
        repairs=data["repairs"],
        failed_checks=data["failed"],
        heard_until=data["heard"],
        unheard=tuple(data.get("unheard", ())),
        has_greeted=data["greeted"],
        done=frozenset(data["done"]),
        settled=frozenset(data.get("settled", ())),
        shown=data.get("shown", {}),
        language=data["lang"],
    )


def _written(dialogue: Dialogue, longest: int) -> dict[str, Any]:
    return {
        "v": VERSION,
        "stage": dialogue.stage,
        "slots": {
            name: [filled.value, filled.quote.text[:longest], filled.quote.message, int(filled.is_confirmed)]
            for name, filled in dialogue.slots.items()
        },
        "evidence": {name: [quote.text[:longest], quote.message] for name, quote in dialogue.evidence.items()},
        "refused": dict(dialogue.refused),
        "agenda": list(dialogue.agenda),
        "ask": dialogue.last_ask,
        "asked": dict(dialogue.asked),
        "repairs": dialogue.repairs,
        "failed": dialogue.failed_checks,
        "heard": dialogue.heard_until,
        "greeted": dialogue.has_greeted,
        "done": sorted(dialogue.done),
        "settled": sorted(dialogue.settled),
        "shown": dict(dialogue.shown),
        "lang": dialogue.language,
        **({"unheard": list(dialogue.unheard)} if dialogue.unheard else {}),
    }


def _filled(written: list[Any]) -> Filled:
    value, words, message, is_confirmed = written
    return Filled(value=value, quote=Quote(text=words, message=message), is_confirmed=bool(is_confirmed))
