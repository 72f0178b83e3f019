"""How the rehearsal model reads plain words of staff: a request begins with its verb, and a few shapes are known."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agents.extractors.found import Plain, plain
from agents.prompts.contract import ContractError
from agents.prompts.proposing import ACTIONS
from agents.rehearsal.replies import Messages, text_of
from agents.rehearsal.wishes import BORDER, POLITE, THANKS, WAYS

Answer = Mapping[str, Any]
_MOST: Final = 4

_BEFORE_TEXT: Final = re.compile(r":(?!\d)")


def propose(messages: Messages) -> Answer:
    wish, cards = _read(messages)
    known = {str(card["action"]): card for card in cards}
    said = str(wish["said"])
    found = list(_all_found(said, known))
    return {"proposals": _with_reminded(found)[:_MOST]}


def _all_found(said: str, known: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Until one is not understood: what is said behind a condition is not asked for now."""
    for clause in _clauses(said):
        one = _found(clause, known)
        if one is not None:
            yield one
        elif _rest(plain(clause).text).strip():
            return


def _read(messages: Messages) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    try:
        line = next(one for one in text_of(messages[0]).splitlines() if one.startswith(ACTIONS))
        return json.loads(text_of(messages[1])), json.loads(line.removeprefix(ACTIONS))
    except (IndexError, StopIteration, ValueError) as error:
        raise ContractError("O pedido não segue o contrato.", "The prompt is not of the contract.") from error


def _clauses(said: str) -> Iterator[str]:
    """Up to the first colon behind which a text stands; that one goes on to the end."""
    folded = plain(said)
    colon = _BEFORE_TEXT.search(folded.text)
    borders = [found for found in BORDER.finditer(folded.text) if colon is None or found.start() < colon.start()]
    start = 0
    for border in borders:
        yield _cut(said, folded, start, border.start())
        start = border.end()
    yield _cut(said, folded, start, len(folded.text))


def _cut(said: str, folded: Plain, start: int, end: int) -> str:
    first, last = folded.span(start, end)
    return said[first:last]


def _found(clause: str, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    folded = plain(clause)
    if thanks := THANKS.search(folded.text):
        clause = _cut(clause, folded, 0, thanks.start())
        folded = plain(clause)
    begin = len(folded.text) - len(_rest(folded.text))
    for way in WAYS:
        match = way.shape.match(folded.text, begin) if way.action in known else None
        if match is not None:
            said = {name: _cut(clause, folded, *match.span(name)) for name, part in match.groupdict().items() if part}
            return _proposal(known[way.action], {**said, **dict(way.fixed)}, clause.strip())
    return None


def _rest(text: str) -> str:
    polite = POLITE.match(text)
    return text[polite.end() :] if polite else text


def _proposal(card: Mapping[str, Any], said: Mapping[str, Any], quote: str) -> dict[str, Any]:
    """With nothing where it was not said."""
    arguments = {field["name"]: said.get(field["name"]) for field in card["fields"]}
    return {"action": card["action"], "arguments": arguments, "quote": quote.rstrip(".,;! ")}


def _with_reminded(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A reminder that does not say of what is one of what was asked for beside it."""
    for place, one in enumerate(found):
        if one["action"] == "remind" and not one["arguments"].get("text") and len(found) > 1:
            other = found[place - 1] if place else found[1]
            one["arguments"]["text"] = other["quote"]
    return found
