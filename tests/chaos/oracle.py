"""Whether the world is as promised after a run: what the tables say against the provider's book.

Pure, so that every rule can be shown to object.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.models.outbox import OutboundState, Purpose
from tests.chaos.facts import Facts, Gate, GateKind, Row
from tests.chaos.panel import Call

ACCEPTED: Final = frozenset({OutboundState.ACCEPTED, OutboundState.SENT, OutboundState.DELIVERED, OutboundState.READ})
LISTED: Final = frozenset({OutboundState.UNKNOWN, OutboundState.AMBIGUOUS})
_COUNTED: Final = ("queued", "sending", "unknown", "accepted", "failed", "suppressed", "expired", "ambiguous")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    rule: str
    what: str


Rule = Callable[[Facts], Iterator[str]]


def check_world(facts: Facts) -> list[Finding]:
    """Empty, the world is as promised."""
    return [Finding(rule=rule.__name__, what=what) for rule in RULES for what in rule(facts)]


def accepted_once_or_listed(facts: Facts) -> Iterator[str]:
    """Nothing is sent twice, unless the table says that nobody knows."""
    states = {row.intent: row.state for row in facts.rows}
    for intent, times in _times(facts).items():
        if times > 1 and states.get(intent) not in LISTED:
            yield f"{intent} was accepted {times} times and is {states.get(intent)}"


def accepted_is_known(facts: Facts) -> Iterator[str]:
    """What the provider took is not shown as something that never left."""
    known = ACCEPTED | LISTED | {OutboundState.FAILED, OutboundState.SENDING}
    rows = {row.intent: row for row in facts.rows}
    for taken in facts.accepted:
        row = rows.get(taken.intent or "")
        if row is None:
            yield f"nobody asked for {taken.intent}"
        elif row.state not in known:
            yield f"{row.intent} was accepted and is {row.state} ({row.reason})"


def shown_as_accepted_was(facts: Facts) -> Iterator[str]:
    """What is shown as sent was taken: else it is lost, and nobody is told."""
    taken = _times(facts)
    for row in facts.rows:
        if row.state in ACCEPTED and row.intent not in taken:
            yield f"{row.intent} is {row.state} and was never accepted"


def nothing_waits_for_nobody(facts: Facts) -> Iterator[str]:
    for row in facts.rows:
        if row.state is OutboundState.SENDING and not row.has_lease:
            yield f"{row.intent} is being sent by nobody"
        if row.state is OutboundState.UNKNOWN and not row.is_dated:
            yield f"{row.intent} is unknown since nobody knows when"


def unknowns_are_settled(facts: Facts) -> Iterator[str]:
    """After quiescence each is proved, sent again, or listed by name."""
    for row in facts.rows:
        if row.state in {OutboundState.UNKNOWN, OutboundState.SENDING}:
            yield f"{row.intent} is still {row.state}"


def calls_were_recorded_before(facts: Facts) -> Iterator[str]:
    """No byte leaves for an attempt that is not on record."""
    tags = {attempt.tag for attempt in facts.attempts}
    for call in facts.calls:
        if call.tag is not None and call.tag not in tags:
            yield f"call {call.number} carries {call.tag}, which no attempt has"


def order_is_kept(facts: Facts) -> Iterator[str]:
    """In a conversation, of one lane: a reply may overtake what a campaign sends."""
    firsts: dict[str, int] = {}
    for taken in sorted(facts.accepted, key=lambda taken: taken.number):
        firsts.setdefault(taken.intent or "", taken.number)
    lines: defaultdict[tuple[UUID, str], list[Row]] = defaultdict(list)
    for row in facts.rows:
        if row.intent in firsts:
            lines[row.conversation, row.lane].append(row)
    for (conversation, _), rows in lines.items():
        ordered = sorted(rows, key=lambda row: row.seq)
        for before, after in itertools.pairwise(ordered):
            if firsts[before.intent] > firsts[after.intent]:
                yield f"in {conversation}, {after.seq} was accepted before {before.seq}"


def gates_held(facts: Facts) -> Iterator[str]:
    """No call began after the commit of what stops it."""
    for gate, call, row in past_gates(facts):
        late = (call.at_ns - gate.shut_ns) / 1e6
        yield f"{gate.kind} of {gate.of}: {row.intent} ({row.purpose}) reached the provider {late:.1f} ms after it"


def one_confirmation(facts: Facts) -> Iterator[str]:
    notices = Counter(row.contact for row in facts.rows if row.purpose is Purpose.NOTICE)
    for contact, times in notices.items():
        if times > 1:
            yield f"{contact} has {times} confirmations"


def counters_add_up(facts: Facts) -> Iterator[str]:
    """What became of them adds up to what was asked for, and what the product counts is what the table holds."""
    for batch, told in facts.counts.items():
        if told["requested"] != sum(told[name] for name in _COUNTED):
            yield f"{batch}: {dict(told)} do not add up"
        held = Counter(_counted_as(row) for row in facts.rows if row.batch == batch)
        for name in _COUNTED:
            if held[name] != told[name]:
                yield f"{batch}: {told[name]} {name} are told, {held[name]} are there"


def said_is_kept_once(facts: Facts) -> Iterator[str]:
    """What somebody answered 200 to is a message, once."""
    kept = Counter(said.provider_id for said in facts.said)
    for message in facts.acknowledged:
        if kept[message] != 1:
            yield f"{message} was acknowledged and is kept {kept[message]} times"


def said_is_answered(facts: Facts) -> Iterator[str]:
    """A turn, or a reason why there is none."""
    for said in facts.said:
        if said.is_owed and not (said.has_turn or said.has_reason):
            yield f"{said.provider_id} has no turn and no reason"


def nothing_is_left(facts: Facts) -> Iterator[str]:
    """What came in was taken in. Quarantine is a place to look at, which a test names if it expects one."""
    for name in ("incoming", "quarantined", "turns", "media", "parked"):
        if left := getattr(facts.waiting, name):
            yield f"{left} {name}"


RULES: Final[tuple[Rule, ...]] = (
    accepted_once_or_listed,
    accepted_is_known,
    shown_as_accepted_was,
    nothing_waits_for_nobody,
    unknowns_are_settled,
    calls_were_recorded_before,
    order_is_kept,
    gates_held,
    one_confirmation,
    counters_add_up,
    said_is_kept_once,
    said_is_answered,
    nothing_is_left,
)


def doubled(facts: Facts) -> list[str]:
    return [intent for intent, times in _times(facts).items() if times > 1]


def lost(facts: Facts) -> list[str]:
    """Unreported: neither taken by the provider nor shown as anything but sent."""
    return list(shown_as_accepted_was(facts))


def past_gates(facts: Facts) -> Iterator[tuple[Gate, Call, Row]]:
    gates: defaultdict[UUID, list[Gate]] = defaultdict(list)
    for gate in facts.gates:
        gates[gate.of].append(gate)
    rows = _rows_by_tag(facts)
    for call in facts.calls:
        row = rows.get(call.tag or "")
        if row is None:
            continue
        for gate in (gate for of in (row.contact, row.conversation, row.batch) if of for gate in gates.get(of, ())):
            is_allowed = gate.kind is GateKind.OPT_OUT and row.answers_later
            if row.purpose in gate.stops and not is_allowed and gate.holds_at(call.at_ns):
                yield gate, call, row


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What became of the attempts that nobody confirmed."""

    unknown: int
    by_tag: int
    by_silence: int
    listed: int


def settled(facts: Facts) -> Settled:
    rows = {row.id: row for row in facts.rows}
    unknown = [attempt for attempt in facts.attempts if attempt.was_unknown]
    last = [row.state for attempt in unknown if (row := rows[attempt.outbound]).attempt == attempt.number]
    listed = sum(state in LISTED for state in last)
    resent = len(unknown) - len(last)
    return Settled(unknown=len(unknown), by_silence=resent, listed=listed, by_tag=len(last) - listed)


def _times(facts: Facts) -> Counter[str]:
    return Counter(taken.intent for taken in facts.accepted if taken.intent is not None)


def _rows_by_tag(facts: Facts) -> dict[str, Row]:
    rows = {row.id: row for row in facts.rows}
    return {attempt.tag: rows[attempt.outbound] for attempt in facts.attempts}


def _counted_as(row: Row) -> str:
    return "accepted" if row.state in ACCEPTED else row.state.value
