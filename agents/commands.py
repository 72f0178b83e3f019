"""All that anybody, rule or model, may claim about what a customer said: typed, from closed lists, with their words.

A command is a claim and nothing more: `graphs/conversation/decide.py` says what follows from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

Source = Literal["rule", "model", "staff", "button"]
Value = Mapping[str, Any]  # plain JSON, in the shape of its slot's type (see `agents/extractors/`)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A message to be understood: `choice` is what stands behind a button that was pressed."""

    message: int  # its number in the conversation
    text: str
    choice: str | None = None
    was_spoken: bool = False
    by_staff: bool = False  # of the span in which a person had the conversation
    described: str = ""  # by us or a model: what a file is or shows; nobody's words, so nothing is quoted from it


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message of the past, by whom it was written."""

    author: Literal["customer", "bot", "staff"]
    text: str
    message: int
    described: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """The customer's own words, and the message in which they stand."""

    text: str
    message: int  # its number in the conversation


@dataclass(frozen=True, kw_only=True, slots=True)
class SetSlot:
    name: str
    value: Value
    quote: Quote
    source: Source
    type: Literal["set_slot"] = "set_slot"


@dataclass(frozen=True, kw_only=True, slots=True)
class RefuseSlot:
    """Something of the right shape that fails its check: a CPF whose digits do not add up."""

    name: str
    quote: Quote
    reason: str
    type: Literal["refuse_slot"] = "refuse_slot"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClearSlot:
    name: str
    quote: Quote
    type: Literal["clear_slot"] = "clear_slot"


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveEvidence:
    name: str
    quote: Quote
    type: Literal["evidence"] = "evidence"


@dataclass(frozen=True, kw_only=True, slots=True)
class AskKnowledge:
    query: str
    type: Literal["ask_knowledge"] = "ask_knowledge"


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchGoal:
    goal: str
    type: Literal["switch_goal"] = "switch_goal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirm:
    """Yes or no to what we asked last."""

    is_yes: bool
    quote: Quote
    type: Literal["confirm"] = "confirm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancel:
    type: Literal["cancel"] = "cancel"


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestHuman:
    quote: Quote
    source: Source
    type: Literal["request_human"] = "request_human"


@dataclass(frozen=True, kw_only=True, slots=True)
class OptOut:
    quote: Quote
    source: Source
    type: Literal["opt_out"] = "opt_out"


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """The customer says that they will do something, by then if they said when."""

    quote: Quote
    when: str | None = None  # ISO date or moment
    type: Literal["promise"] = "promise"


class Mention(StrEnum):
    """What takes no argument."""

    GREETING = "greeting"
    THANKS = "thanks"
    SMALLTALK = "smalltalk"
    REPEAT = "repeat"
    COMPLAINT = "complaint"
    LEGAL_THREAT = "legal_threat"
    CRISIS = "crisis"  # somebody may harm themselves
    STILL_THERE = "still_there"
    ASKS_IF_BOT = "asks_if_bot"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    mention: Mention
    type: Literal["say"] = "say"


Command = (
    SetSlot
    | RefuseSlot
    | ClearSlot
    | GiveEvidence
    | AskKnowledge
    | SwitchGoal
    | Confirm
    | Cancel
    | RequestHuman
    | OptOut
    | Promise
    | Say
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Understood:
    """What a turn's messages say. `explained`: the rules account for every word, so that no model need be asked."""

    commands: tuple[Command, ...] = ()
    language: str = "pt-BR"
    is_explained: bool = False
    rejected: tuple[str, ...] = ()  # what a model claimed and code refused, for the trace
