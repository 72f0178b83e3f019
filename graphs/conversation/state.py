"""What a turn begins with, what it decides, and what it leaves to be written: plain values, without a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, TypedDict
from uuid import UUID

from agents.commands import Quote, Understood, Value
from agents.gateway.port import NOTHING_USED, Usage
from agents.ports import Fact, Passage
from core.ids import CompanyId, ContactId, ConversationId, TurnId
from core.models.people import ConnectionKind
from core.models.stream import Author, Control, MessageKind, Trigger, TurnOutcome

VERSION: Final = 1  # of the dialogue's shape
MOST_AGENDA: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A message as the turn sees it: `text` is what its author wrote or said, and nothing else may be quoted."""

    seq: int
    author: Author
    kind: MessageKind
    text: str
    at: datetime
    choice: str | None = None  # the id of the button that was pressed
    was_spoken: bool = False
    described: str = ""  # what a file is, or what a model says that it shows

    @property
    def is_unheard(self) -> bool:
        """Something was said, and nobody knows what."""
        return self.was_spoken and not self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A slot with its value, and the words that gave it."""

    value: Value
    quote: Quote
    is_confirmed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """The working memory of a conversation: at most one kilobyte as JSON, written by the commit and by nobody else."""

    stage: str
    slots: Mapping[str, Filled] = field(default_factory=dict)
    evidence: Mapping[str, Quote] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)  # how often what was given for a slot failed its check
    agenda: tuple[str, ...] = ()  # goals that wait, the current one first
    last_ask: str | None = None  # the slot that was asked for, or `confirm:<slot>`, or `effect:<tool>`
    asked: Mapping[str, int] = field(default_factory=dict)  # how often
    repairs: int = 0  # in a row: turns that understood nothing
    failed_checks: int = 0  # in a row
    heard_until: int = 0  # the number of the last message that a turn has taken in
    unheard: tuple[int, ...] = ()  # of those, the recordings whose words nobody knew
    has_greeted: bool = False
    done: frozenset[str] = frozenset()  # stages whose closing text was said
    settled: frozenset[str] = frozenset()  # tools whose offer was answered, until they are spoken of again
    shown: Mapping[str, str] = field(default_factory=dict)  # tools, with what they were looked up by, and when
    language: str = "pt-BR"


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectNews:
    """What became of something that an earlier turn proposed."""

    tool: str
    state: Literal["succeeded", "failed", "rejected", "expired"]
    result: Mapping[str, Any]
    reason: str | None = None
    counts: bool = True  # not: the stages know of it since a person had the conversation, and it is only to be said


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All that a turn knows of its conversation, read in one transaction before the graph runs."""

    company: CompanyId
    company_name: str
    conversation: ConversationId
    contact: ContactId
    contact_name: str | None
    turn: TurnId
    trigger: Trigger
    payload: Mapping[str, Any]
    channel: ConnectionKind
    control: Control
    epoch: int
    turn_seq: int
    last_inbound_seq: int
    dialogue: Dialogue
    unanswered: Sequence[Line]  # what this turn is about, oldest first
    history: Sequence[Line]  # before it, oldest first
    now: datetime  # of the business
    time_zone: str
    summary: str | None = None
    facts: Sequence[Fact] = ()
    human_span: Sequence[Line] = ()  # what was said while a person had the conversation
    succeeded: frozenset[str] = frozenset()  # tools whose effect succeeded in this conversation
    effects: Sequence[EffectNews] = ()
    is_opted_out: bool = False
    is_loop: bool = False  # what writes to us looks like a machine, and we answer it
    restarts: int = 0


class Route(StrEnum):
    """Where the decision leads."""

    STAGE = "stage"  # a reply is phrased from the stage
    CANNED = "canned"  # an approved text, as it stands
    CLARIFY = "clarify"
    ACTION = "action"  # something is proposed, or was done
    HANDOFF = "handoff"
    SILENCE = "silence"
    ABSORB = "absorb"  # a person has the conversation


@dataclass(frozen=True, kw_only=True, slots=True)
class CannedText:
    """A text of the persona's, and what stands in its places."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class StageMove:
    """A lead's step, with each criterion and what satisfied it."""

    source: str | None
    target: str
    rule: str
    criteria: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """What `decide` wants looked up or done; arguments from slots and tables alone."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_confirmed: bool = False
    needs_staff: bool = False  # somebody of the company has to agree


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    reason: str
    quote: Quote | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Everything that follows from what was said. Words come later, and change nothing of it."""

    route: Route
    stage: str
    dialogue: Dialogue  # as it will be once this is committed
    rules: tuple[str, ...]  # the ids of the rules that spoke, in order
    texts: tuple[CannedText, ...] = ()  # before the phrased part, or instead of it
    ask: str | None = None  # the slot to ask for at the end
    query: str | None = None  # to be answered from the knowledge
    moves: tuple[StageMove, ...] = ()
    reads: tuple[ToolCall, ...] = ()
    effects: tuple[ToolCall, ...] = ()
    handover: Handover | None = None
    opt_out: Quote | None = None
    promise: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bubble:
    """One message to be sent, and how long after the commit."""

    text: str
    delay_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a turn leaves to be written, all of it or nothing."""

    decision: Decision
    outcome: TurnOutcome
    bubbles: tuple[Bubble, ...] = ()
    usage: Usage = NOTHING_USED
    summary: str | None = None  # rewritten in this turn
    trace: Mapping[str, Any] = field(default_factory=dict)


class TurnData(TypedDict, total=False):
    """What travels between the nodes of one run, and ends with it."""

    understood: Understood
    passages: Sequence[Passage]
    results: Mapping[str, Any]  # of the tools that only read
    decision: Decision
    draft: str
    cited: tuple[str, ...]
    violations: tuple[str, ...]
    repairs: int
    usage: Usage
    outcome: Outcome
    trace: dict[str, Any]


class Committed(StrEnum):
    """What came of a commit."""

    DONE = "done"
    OVERTAKEN = "overtaken"  # the customer wrote meanwhile: run again with everything said
    TAKEN = "taken"  # a person took over, or another engine has the turn: nothing of it counts
    LOST = "lost"


def bundle(turn: UUID, number: int) -> str:
    """The business key of a bubble: a turn that is committed twice queues it once."""
    return f"turn:{turn}:{number}"
