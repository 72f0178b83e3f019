"""What a person of the company asks for in plain words: a model proposes actions, and nothing that was not said counts.

Nobody acts on what comes out of here: it is shown as buttons to whoever said it. What stands in quotation marks is
somebody else's or is to be sent as it is: a model never sees it, and no action can be read out of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from agents.extractors.found import plain
from agents.gateway.port import NOTHING_USED, ModelPort, ModelRequest, Purpose, Usage
from agents.prompts.proposing import propose_prompt, propose_schema
from core.clock import Deadline

ALIASES: Final = ("small",)
MOST: Final = 4
_LONGEST: Final = 1000
_MOST_TOKENS: Final = 500
_MOST_QUOTED: Final = 9  # a mark has one figure
_QUOTED: Final = re.compile(r"“[^”]*”|\"[^\"]*\"|«[^»]*»|```.*?```|`[^`]*`|^[ \t]*>[^\n]*$", re.MULTILINE | re.DOTALL)
_MARK: Final = re.compile(r"\[\[(\d)\]\]")
_WORD: Final = re.compile(r"\w+")
_OPENING: Final = '>`“"«”» \n'

Kind = Literal["string", "integer", "boolean"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """An argument of an action. `choices` close it; else its words have to have been said."""

    name: str
    about: str
    kind: Kind = "string"
    is_required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """An action that this person may ask for, here."""

    name: str
    about: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What was said, by a person of the company alone. `is_about_customer`: said in the topic of one."""

    said: str
    offers: Sequence[Offer]
    now: datetime
    is_about_customer: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    action: str
    arguments: Mapping[str, Any]
    quote: str  # the words that it was read out of


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    proposals: tuple[Proposal, ...] = ()
    rejected: tuple[str, ...] = ()
    usage: Usage = NOTHING_USED


async def propose(model: ModelPort, wish: Wish, deadline: Deadline) -> Proposed:
    """Raises ModelError: where no model answers, commands do all the same."""
    shown, quoted = hidden(wish.said[:_LONGEST])
    if not wish.offers or not _WORD.search(_MARK.sub("", shown)):
        return Proposed()
    cards = [_card(offer) for offer in wish.offers]
    request = ModelRequest(
        purpose=Purpose.PROPOSE,
        aliases=ALIASES,
        prompts=propose_prompt(cards, said=shown, now=wish.now, is_about_customer=wish.is_about_customer),
        deadline=deadline,
        schema=propose_schema(cards, most=MOST),
        max_output_tokens=_MOST_TOKENS,
    )
    reply = await model.complete(request)
    return _believed(reply.data or {}, wish, shown=shown, quoted=quoted, usage=reply.usage)


def hidden(said: str) -> tuple[str, list[str]]:
    """With a mark in the place of each thing that stands in quotation marks, and those things."""
    quoted: list[str] = []

    def mark(found: re.Match[str]) -> str:
        if found[0].lstrip().startswith(">") or len(quoted) == _MOST_QUOTED:
            return " "
        quoted.append(found[0].strip(_OPENING))
        return f"[[{len(quoted)}]]"

    return _QUOTED.sub(mark, _MARK.sub(" ", said)), quoted


def _card(offer: Offer) -> dict[str, Any]:
    """As a prompt shows it, and as a schema closes it."""
    fields = [
        {
            "name": field.name,
            "about": field.about,
            "type": field.kind,
            "is_required": field.is_required,
            "choices": list(field.choices),
        }
        for field in offer.fields
    ]
    return {"action": offer.name, "about": offer.about, "fields": fields}


def _believed(data: Mapping[str, Any], wish: Wish, *, shown: str, quoted: Sequence[str], usage: Usage) -> Proposed:
    """Each once, of what is offered, and from words that were said."""
    kept: list[Proposal] = []
    rejected: list[str] = []
    for one in list(data.get("proposals", ()))[:MOST]:
        found = _proposal(one, wish, shown=shown, quoted=quoted)
        if isinstance(found, str):
            rejected.append(f"{one.get('action')}: {found}")
        elif all((found.action, found.arguments) != (other.action, other.arguments) for other in kept):
            kept.append(found)
    return Proposed(proposals=tuple(kept), rejected=tuple(rejected), usage=usage)


def _proposal(told: Mapping[str, Any], wish: Wish, *, shown: str, quoted: Sequence[str]) -> Proposal | str:
    offer = next((offer for offer in wish.offers if offer.name == told.get("action")), None)
    if offer is None:
        return "not offered"
    quote = str(told.get("quote", "")).strip()
    if not (_WORD.search(_MARK.sub(" ", quote)) and _stands_in(quote, shown)):
        return "quote"
    arguments: dict[str, Any] = {}
    for field in offer.fields:
        value = (told.get("arguments") or {}).get(field.name)
        if value is None or value == "":
            if field.is_required:
                return f"{field.name} missing"
            continue
        if not _was_said(field, value, shown):
            return field.name
        arguments[field.name] = _with_quotes(value, quoted) if isinstance(value, str) else value
    return Proposal(action=offer.name, arguments=arguments, quote=_with_quotes(quote, quoted))


def _was_said(field: Field, value: Any, shown: str) -> bool:
    if field.kind == "boolean":
        return isinstance(value, bool)
    if field.kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and str(abs(value)) in _numbers(shown)
    if not isinstance(value, str):
        return False
    return value in field.choices if field.choices else _stands_in(value, shown)


def _numbers(shown: str) -> set[str]:
    return {found.lstrip("0") or "0" for found in re.findall(r"\d+", _MARK.sub(" ", shown))}


def _stands_in(words: str, shown: str) -> bool:
    """One word after the other, whatever the case, the accents, and the signs between them."""
    wanted, there = list(_folded(words)), list(_folded(shown))
    if not wanted:
        return False
    return any(there[start : start + len(wanted)] == wanted for start in range(len(there) - len(wanted) + 1))


def _folded(words: str) -> Iterator[str]:
    return (found[0] for found in _WORD.finditer(plain(_MARK.sub(r" \1thquoted ", words)).text))


def _with_quotes(value: str, quoted: Sequence[str]) -> str:
    def words(found: re.Match[str]) -> str:
        number = int(found[1])
        return quoted[number - 1] if 1 <= number <= len(quoted) else ""

    return _MARK.sub(words, value).strip()
