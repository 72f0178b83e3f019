"""Understand, honestly: what a customer says as commands, each with the words that carry it. No word, no command."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from agents.commands import Mention
from agents.extractors import dates
from agents.extractors.answers import find_yes_no
from agents.extractors.found import Found
from agents.rehearsal.phrases import Wish, clauses, mention, promises, takes_back, wish, wish_of_message
from agents.rehearsal.questions import is_question, leans, questions, sentences
from agents.rehearsal.reading import Line, Reading, slots_of
from agents.rehearsal.slot_filling import filled
from agents.rehearsal.vocabulary import ASKING
from agents.rehearsal.words import fold, stem, word_set, words

Command = Mapping[str, Any]
_MOST_COMMANDS: Final = 8
_LEAST_SHARE: Final = 0.75  # of what a piece of evidence describes: a description is no phrase
_LEAST_WORDS: Final = 2
_SHORTEST_STEM: Final = 3
_MOST_QUESTIONS: Final = 3
_PROPOSALS: Final = ("pode ser ", "que tal ", "serve ", "can it be ", "would it be ok ", "puede ser ")


def understand(reading: Reading) -> Mapping[str, Any]:
    query = _query(reading)
    commands = [*_wishes(reading), *_confirmation(reading), *filled(reading)]
    commands += [*_taken_back(reading), *_evidence(reading), *_promises(reading), *_goals(reading)]
    commands += [{"type": "ask_knowledge", "query": query}] if query else []
    commands += _mentions(reading)
    is_lost = not commands and bool(reading.heard)
    if is_lost:
        commands.append({"type": "say", "mention": Mention.UNCLEAR.value})
    return {
        "lang": reading.tongue,
        "commands": commands[:_MOST_COMMANDS],
        "query": query,
        "unsure": is_lost,
    }


def _wishes(reading: Reading) -> Iterator[Command]:
    """Each once, wherever it stands: a long message about something else may end in it."""
    said: set[Wish] = set()
    for line in reading.heard:
        whole = wish_of_message(line.text)
        pieces = [(whole, line.text)] if whole else [(wish(piece), piece) for piece in _pieces(line)]
        for found, quote in pieces:
            if found is not None and found not in said:
                said.add(found)
                yield {"type": found.value} if found is Wish.CANCEL else {"type": found.value, "quote": quote}


def _confirmation(reading: Reading) -> Iterator[Command]:
    """A yes or no has a meaning only where something was asked."""
    if not reading.slots.get("asked"):
        return
    for line in reversed(reading.heard):
        for found in find_yes_no(line.text):
            quote = line.text[found.start : found.end]
            yield {"type": "confirm", "yes": bool(found.value["yes"]), "quote": quote}
            return


def _taken_back(reading: Reading) -> Iterator[Command]:
    """Of what is known alone, and only where it is called by its name."""
    slots = slots_of(reading)
    known = {name: _stems(str(slots[name].label)) for name in reading.slots.get("known", {}) if name in slots}
    for line in reading.heard:
        for piece in filter(takes_back, _pieces(line)):
            said = _stems(piece)
            for name, label in known.items():
                if label and label <= said:
                    yield {"type": "clear_slot", "name": name, "quote": piece, "message": line.number}


def _evidence(reading: Reading) -> Iterator[Command]:
    """Where a sentence says nearly all that is described, and names no goal by that.

    A question shows nothing, and what is described as a no ("não sabe o número") is left to phrases.
    """
    described = {name: str(describes) for name, describes in dict(reading.lists.get("evidence", {})).items()}
    wanted = {name: _stems(told) for name, told in described.items() if not _DENIALS & _folded_words(told)}
    goals = [_stems(str(label)) for label in dict(reading.lists.get("goals", {})).values()]
    for line in reading.heard:
        for sentence in sentences(line.text):
            said = _stems(sentence)
            if is_question(sentence) or _DENIALS & _folded_words(sentence):
                continue
            named = [goal for goal in goals if goal <= said]
            best = max(wanted, key=lambda name: _share(wanted[name], said), default=None)
            if best is None or any(_common(wanted[best], said) <= goal for goal in named):
                continue
            if len(_common(wanted[best], said)) >= _LEAST_WORDS and _share(wanted[best], said) >= _LEAST_SHARE:
                yield {"type": "evidence", "name": best, "quote": sentence, "message": line.number}


def _share(wanted: frozenset[str], said: frozenset[str]) -> float:
    return len(_common(wanted, said)) / len(wanted) if wanted else 0.0


def _common(wanted: frozenset[str], said: frozenset[str]) -> frozenset[str]:
    """Two stems of one verb may be cut differently: decide, decido."""
    return frozenset(
        one
        for one in wanted
        if one in said
        or any(
            min(len(one), len(other)) >= _SHORTEST_STEM and (one.startswith(other) or other.startswith(one))
            for other in said
        )
    )


def _promises(reading: Reading) -> Iterator[Command]:
    for line in reading.heard:
        for sentence in sentences(line.text):
            if promises(sentence) and not is_question(sentence):
                days = (day for day in dates.find(sentence, reading.today) if isinstance(day, Found))
                when = next((str(day.value["date"]) for day in days), None)
                yield {"type": "promise", "when": when, "quote": sentence}
                return


def _goals(reading: Reading) -> Iterator[Command]:
    """The one that is called by most of its label, and by all of it."""
    said = frozenset[str]().union(*(_stems(line.text) for line in reading.heard))
    labels = {goal: _stems(str(label)) for goal, label in dict(reading.lists.get("goals", {})).items()}
    named = [goal for goal, label in labels.items() if len(label) >= _LEAST_WORDS and label <= said]
    if named:
        yield {"type": "switch_goal", "goal": max(named, key=lambda goal: len(labels[goal]))}


def _query(reading: Reading) -> str | None:
    """The last questions that ask for knowledge; where the first leans on one asked before, with that one."""
    asked = [
        sentence
        for line in reading.heard
        for sentence in sentences(line.text)
        if is_question(sentence) and not _is_about_us(sentence)
    ]
    if not asked:
        return None
    before = [one for line in reading.history if line.who == "customer" for one in questions(line.text)]
    if leans(asked[0]):
        asked = [*before[-1:], *asked]
    return " ".join(asked[-_MOST_QUESTIONS:])


def _is_about_us(question: str) -> bool:
    """It asks for a person, for silence or who is speaking, or proposes something: no page answers that."""
    if fold(question).startswith(_PROPOSALS):
        return True
    about = mention(question)
    return wish(question) is not None or about in {Mention.ASKS_IF_BOT, Mention.STILL_THERE, Mention.REPEAT}


def _mentions(reading: Reading) -> Iterator[Command]:
    found = dict.fromkeys(about for line in reading.heard if (about := mention(line.text)) is not None)
    for about in found:
        yield {"type": "say", "mention": about.value}


def _pieces(line: Line) -> Iterator[str]:
    return (line.text[start:end].strip() for start, end in clauses(line.text))


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word.text) for word in words(fold(text)) if word.text not in _EMPTY)


def _folded_words(text: str) -> frozenset[str]:
    return frozenset(word.text for word in words(fold(text)))


_DENIALS: Final = frozenset({"nao", "nunca", "nem", "not", "never", "dont", "no"})
_EMPTY: Final = ASKING | word_set("cliente customer diz disse fala confirma mostra says said shows contato pessoa")
