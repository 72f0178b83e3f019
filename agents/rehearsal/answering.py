"""Respond, honestly: quote what was found, say that nothing was, or one friendly line. It never imitates small talk."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agents.commands import Mention
from agents.rehearsal.badge import WHAT_I_AM
from agents.rehearsal.finding import Known, Quotation, find
from agents.rehearsal.lines import Lines, lines_in
from agents.rehearsal.phrases import mention
from agents.rehearsal.questions import in_full, is_opener, is_question, questions, sentences
from agents.rehearsal.reading import Reading
from agents.rehearsal.words import fold
from core.texts import Language

Answer = Mapping[str, Any]
_MOST_RESULTS: Final = 6
_MOST_CHARS: Final = 320
_MOST_QUOTED: Final = 480
_SHORT: Final = 160
_MOST_QUESTIONS: Final = 3
# What a draft was refused for, by the ids of `agents/guardrails.py`.
_TOO_LONG: Final = re.compile(r"\bsay\.length\b")
_ASKS: Final = re.compile(r"\bsay\.questions\b")
_REPEATS: Final = re.compile(r"\bsay\.repeats\b")


def respond(reading: Reading, seed: int) -> Answer:
    lines = lines_in(reading.tongue)
    answer = _answer(reading, lines, seed)
    return _mended(reading, answer, lines) if reading.repair else answer


def _answer(reading: Reading, lines: Lines, seed: int) -> Answer:
    question = _question(reading)
    about = [mention(line.text) for line in reading.heard]
    if Mention.ASKS_IF_BOT in about and not reading.slots.get("question"):
        return _say(WHAT_I_AM.in_(Language.EN if reading.tongue == "en" else Language.PT))
    if reading.results:
        told = _told(reading.results)
        if told:
            return _say(lines.results.replace("{items}", told))
    if question:
        return _found(question, reading, lines)
    return _say(_friendly(reading, lines, about, seed))


def _question(reading: Reading) -> str | None:
    given = reading.slots.get("question")
    if given:
        return str(given)
    asked = [one for line in reading.heard for one in sentences(line.text) if is_question(one)]
    return " ".join(asked[-_MOST_QUESTIONS:]) if asked and reading.passages else None


def _found(question: str, reading: Reading, lines: Lines) -> Answer:
    """What answers each of its questions, as far as there is room; and where one is not answered, that too."""
    found = [(one, find(one, reading.passages)) for one in _asked(question, reading)]
    told: list[Quotation] = []
    said: list[str] = []
    for quotation in filter(None, (quotation for _, quotation in found)):
        words = _quoted(quotation, lines, before=told[-1].passage if told else None)
        is_said = any(quotation.text in one.text for one in told)
        if not told or (not is_said and sum(map(len, (*said, words))) <= _MOST_QUOTED):
            told.append(quotation)
            said.append(words)
    if not told:
        return _say(lines.not_found)
    if any(quotation is None and not is_opener(one) for one, quotation in found):
        said.append(lines.rest_not_found)
    return {"say": " ".join(said), "cited": list(dict.fromkeys(one.passage.id for one in told))}


def _asked(question: str, reading: Reading) -> Sequence[str]:
    """Each of its questions in full; not those that were asked before, and only lead to one that is asked now."""
    parts = questions(question) or (question,)
    every = dict(zip(parts, in_full(parts), strict=True))
    said = fold(" ".join(line.text for line in reading.heard))
    return [full for part, full in every.items() if fold(part).rstrip("?! ") in said] or list(every.values())


def _quoted(quotation: Quotation, lines: Lines, *, before: Known | None = None) -> str:
    """With its source, unless that was named just before."""
    passage = quotation.passage
    text = quotation.text if passage.text.startswith(quotation.text) else _entered(quotation)
    is_named = passage == before or not passage.title.strip()
    return text if is_named else lines.quoted.replace("{title}", passage.title) + text


def _entered(quotation: Quotation) -> str:
    """Three dots where it begins or ends within a sentence."""
    start = quotation.passage.text.index(quotation.text)
    before = quotation.passage.text[:start].rstrip(" \t-•*–·")
    dots_before = "" if not before or before[-1] in '.!?…:\n"”' else "… "
    return f"{dots_before}{quotation.text}{'' if quotation.text[-1] in '.!?…' else '…'}"


def _told(results: Mapping[str, Any]) -> str:
    """What a tool found, in the words that it came in."""
    leaves = [leaf for leaf in _leaves(results) if leaf.strip()]
    return "; ".join(list(dict.fromkeys(leaves))[:_MOST_RESULTS])[:_MOST_CHARS]


def _leaves(value: object, name: str = "") -> Iterator[str]:
    match value:
        case str():
            yield value
        case bool() | None:
            return
        case int() | float():
            yield f"{name.replace('_', ' ')}: {value}" if name else str(value)
        case Mapping():
            spoken = value.get("items") or value.get("words") or value.get("text")
            for key, one in {"items": spoken}.items() if isinstance(spoken, str) else sorted(value.items()):
                yield from _leaves(one, str(key))
        case list() | tuple():
            for one in value:
                yield from _leaves(one, name)


def _friendly(reading: Reading, lines: Lines, about: Sequence[Mention | None], seed: int) -> str:
    """What fits what was just said; where a question of ours follows, nothing that asks or repeats it."""
    if Mention.COMPLAINT in about or Mention.LEGAL_THREAT in about:
        choices = lines.sorry
    elif Mention.THANKS in about:
        choices = lines.welcome
    elif reading.slots.get("ask_after"):
        choices = lines.hello if Mention.GREETING in about and not reading.slots.get("said") else lines.noted
    else:
        choices = lines.at_your_service
    return _fresh(choices, reading, seed)


def _fresh(choices: Sequence[str], reading: Reading, seed: int) -> str:
    """Another one than last time, and none with a word that the persona never says."""
    forbidden = [fold(str(word)) for word in reading.card.get("forbidden", ())]
    said = fold(reading.last_bot_text)
    fit = [
        line
        for line in choices
        if fold(line) not in said and not any(word and word in fold(line) for word in forbidden)
    ]
    pool = fit or list(choices)
    turn = hashlib.sha256(f"{seed}|{len(reading.history)}".encode()).digest()[0]
    return pool[turn % len(pool)]


def _mended(reading: Reading, answer: Answer, lines: Lines) -> Answer:
    """What was refused is not said again: shorter, without its question, else that nothing was found."""
    why = fold(" ".join(map(str, reading.repair.get("violations", ()))))
    draft = str(reading.repair.get("draft", ""))
    if _TOO_LONG.search(why):
        return {**answer, "say": _shortened(str(answer["say"]), lines)}
    if _ASKS.search(why):
        kept = [one for one in sentences(str(answer["say"])) if not one.endswith("?")]
        return {**answer, "say": " ".join(kept) or lines.noted[0]}
    if _REPEATS.search(why) and not answer["cited"]:
        others = [
            line for line in (*lines.noted, *lines.welcome) if fold(line) not in fold(draft + reading.last_bot_text)
        ]
        return _say(others[0] if others else lines.noted[0])
    if fold(str(answer["say"])) != fold(draft) and not answer["cited"]:
        return answer
    return _say(lines.not_found if _question(reading) or reading.results else lines.noted[0])


def _shortened(text: str, lines: Lines) -> str:
    """Its first sentence; the whole of it where even that is too long to be said is given up."""
    first = next(sentences(text), text)
    return first if len(first) <= _SHORT else lines.not_found


def _say(text: str) -> Answer:
    return {"say": text, "cited": []}
