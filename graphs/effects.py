"""What is done in the world because a turn wanted it: once, under a fence, in one transaction with its result."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from agents.extractors import values
from agents.personas.definition import SlotType
from agents.ports import Booking, OrderNews, Place
from agents.tools.registry import SHOWN, TOOLS
from agents.tools.running import in_words, names_of, number_in
from core import audit
from core.audit import Actor
from core.crashpoints import CrashPoint, crashpoint
from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.errors import Conflict, FieldError, Malformed
from core.floor import Floor
from core.models.commerce import OrderState
from core.models.service import Approver, EffectState
from core.models.stream import Control
from core.texts import Text
from graphs import handoff, office_hours, store
from graphs.stores import appointments, effects, orders, timers
from graphs.stores.appointments import Refusal, Wish
from graphs.stores.effects import Claim, Proposal, Running

LONGEST_REASON: Final = 500
_MOST: Final = 50
_LEASE: Final = timedelta(seconds=30)
_TRIES: Final = 5
_WEEK: Final = timedelta(days=7)
_ALTERNATIVES: Final = 3
_PAID_FOR: Final = frozenset({OrderState.PAID, OrderState.SHIPPED, OrderState.DELIVERED})
_INSTEAD: Final = frozenset({Refusal.TAKEN, Refusal.CLOSED, Refusal.PAST})


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """`reason`: why it was not done. The result holds what the persona's text about it may say."""

    result: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None


Do = Callable[[TenantSession, Running], Awaitable[Outcome]]


async def run_due(floor: Floor) -> int:
    """How many were claimed."""
    claims = await store.claim_effects(floor.database, most=_MOST, lease=_LEASE)
    await run(floor, claims)
    return len(claims)


async def run(floor: Floor, claims: Sequence[Claim]) -> None:
    """Each in a transaction of its own; what was claimed and not reached is claimed again when its lease is over."""
    for claim in claims:
        async with floor.database.tenant_session(claim.company) as session:
            effect = await effects.take(session, claim)
            if effect is not None:
                await _run(session, effect)
            crashpoint(CrashPoint.EFFECT_PRE_COMMIT)


async def approve(session: TenantSession, effect: UUID, *, by: Actor) -> None:
    """Somebody of the company says yes, once: it is run next. Said again by the same person, it changes nothing."""
    proposal = await effects.hold(session, effect)
    is_theirs = proposal.decided_by is not None and proposal.decided_by == by.id
    if is_theirs and proposal.state not in {EffectState.PROPOSED, EffectState.REJECTED}:
        return
    _demand_open(proposal)
    if proposal.is_expired:
        raise Conflict(
            "O prazo desta aprovação passou: se ainda for o caso, peça de novo ao cliente.",
            "The time for this approval is over: where it still applies, ask the customer again.",
        )
    if proposal.control is Control.CLOSED:
        raise handoff.was_closed()
    await effects.approve(session, proposal, by.id)
    audit.record(session, by, "effect.approved", subject=effect, detail=effects.told_of(proposal))


async def reject(session: TenantSession, effect: UUID, *, by: Actor, reason: str) -> None:
    """Somebody of the company says no, and why; the customer hears of it in a turn. Its time may be over, too."""
    said = reason.replace("\0", "").strip()[:LONGEST_REASON]
    if not said:
        wrong = FieldError(field="body.reason", message=Text("diga por que", "say why"))
        raise Malformed("Nada foi recusado: veja `errors`.", "Nothing was refused: see `errors`.", errors=(wrong,))
    proposal = await effects.hold(session, effect)
    if proposal.state is EffectState.REJECTED and proposal.decided_by == by.id:
        return
    _demand_open(proposal)
    await effects.decided_by(session, proposal, by.id)
    await effects.end(session, proposal, EffectState.REJECTED, result={}, reason=said)
    audit.record(session, by, "effect.rejected", subject=effect, detail=effects.told_of(proposal))


def _demand_open(proposal: Proposal) -> None:
    if proposal.approver is not Approver.STAFF:
        raise Conflict("Isto não espera aprovação da equipe.", "This does not wait for an approval by staff.")
    if proposal.state is not EffectState.PROPOSED:
        raise Conflict("Isto já foi decidido.", "This was decided already.")


async def _run(session: TenantSession, effect: Running) -> None:
    if effect.is_expired:
        await effects.end(session, effect, EffectState.EXPIRED, result={}, reason="expired")
        return
    done = await _outcome(session, effect)
    state = EffectState.SUCCEEDED if done.reason is None else EffectState.FAILED
    await effects.end(session, effect, state, result=done.result, reason=done.reason)


async def _outcome(session: TenantSession, effect: Running) -> Outcome:
    do = _DO.get(effect.tool)
    if do is None:
        return Outcome(reason="unknown_tool")
    if effect.attempts > _TRIES:
        return Outcome(reason="tried_out")
    if TOOLS[effect.tool].needs_consent and effect.is_opted_out:
        return Outcome(reason="opted_out")
    return await do(session, effect)


async def _book(session: TenantSession, effect: Running) -> Outcome:
    at = _moment(effect)
    if at is None:
        return Outcome(reason="no_time")
    names: Sequence[str | None] = names_of(effect.arguments.get("service") or {}) or (None,)
    booked: Booking | Refusal = Refusal.NO_SERVICE
    for name in names:  # the first by which it is known
        if booked is Refusal.NO_SERVICE:
            booked = await appointments.book(session, _wish(effect, service=name, at=at))
    if isinstance(booked, Booking):
        return Outcome(result=_told(effect, booked))
    return Outcome(result=await _instead(session, effect, booked, names=names, at=at), reason=booked.value)


async def _cancel(session: TenantSession, effect: Running) -> Outcome:
    cancelled = await appointments.cancel_next(session, effect.contact)
    if isinstance(cancelled, Refusal):
        return Outcome(reason=cancelled.value)
    await effects.undo(session, cancelled.id)
    return Outcome(result=_told(effect, cancelled))


async def _refund(session: TenantSession, effect: Running) -> Outcome:
    """Allowed by the company from here on: whoever pays it out hears of it, and tells us of the order when it is."""
    order = await _order(session, effect)
    if order is None:
        return Outcome(reason="no_order")
    if order.state not in _PAID_FOR:
        return Outcome(reason="not_refundable")
    if effect.arguments.get(SHOWN, {}).get("total_cents", order.total_cents) != order.total_cents:
        return Outcome(reason="changed")  # another amount than the one that was agreed to
    await hold_until_commit(session, "refund", str(order.id))  # whoever asked for it, in whichever conversation
    if await effects.is_refunded(session, order):
        return Outcome(reason="already_refunded")
    result = {"order_id": str(order.id), "order": order.number, "total_cents": order.total_cents}
    return Outcome(result=result)


async def _order(session: TenantSession, effect: Running) -> OrderNews | None:
    """The one that staff saw; where it could not be shown, the newest that is called so."""
    said, *_ = names_of(effect.arguments.get("number") or {}) or [""]
    found = await orders.of_contact(session, effect.contact, number_in(said)) if said else []
    shown = effect.arguments.get(SHOWN, {}).get("id")
    return next((order for order in found if shown in {None, str(order.id)}), None)


async def _promise(session: TenantSession, effect: Running) -> Outcome:
    """A timer brings it back, to the bot or to whoever has the conversation by then."""
    at = _moment(effect)
    if at is None:
        return Outcome(reason="no_time")
    if at <= effect.now:
        return Outcome(reason="past")
    promise = {"at": at.isoformat(), "by": "company", "effect": str(effect.id)}
    await timers.promise_later(session, effect.conversation, epoch=effect.epoch, promises=[promise])
    return Outcome(result={"at": _local(effect, at), "items": _when(effect)})


async def _instead(
    session: TenantSession, effect: Running, refusal: Refusal, *, names: Sequence[str | None], at: datetime
) -> dict[str, Any]:
    """What may be had in the place of what is gone."""
    if refusal not in _INSTEAD:
        return {}
    since = max(at, effect.now)
    places: Sequence[Place] = ()
    for name in names:
        places = places or await appointments.free(session, name, since=since, until=since + _WEEK, most=_ALTERNATIVES)
    found = {"places": [{"service": place.service, "at": _local(effect, place.starts_at)} for place in places]}
    items = in_words("agenda.livre", found, effect.language)["items"]
    return {"items": items} if items else {}


def _wish(effect: Running, *, service: str | None, at: datetime) -> Wish:
    return Wish(
        contact=effect.contact, conversation=effect.conversation, effect=effect.id, service=service, starts_at=at
    )


def _told(effect: Running, booking: Booking) -> dict[str, Any]:
    at = _local(effect, booking.place.starts_at)
    items = values.in_words(SlotType.MOMENT, {"at": at}, effect.language)
    return {"appointment": str(booking.id), "service": booking.place.service, "at": at, "items": items}


def _moment(effect: Running) -> datetime | None:
    """What was said of a clock where the customer lives; a day alone means its morning."""
    said = effect.arguments.get("at") or {}
    try:
        if "at" in said:
            return office_hours.moment_of(datetime.fromisoformat(said["at"]), effect.time_zone)
        return office_hours.morning_of(date.fromisoformat(said["date"]), effect.time_zone)
    except (KeyError, ValueError, TypeError):
        return None


def _local(effect: Running, moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(effect.time_zone)).replace(tzinfo=None).isoformat(timespec="minutes")


def _when(effect: Running) -> str:
    said = effect.arguments["at"]
    return values.in_words(SlotType.MOMENT if "at" in said else SlotType.DATE, said, effect.language)


_DO: Final[Mapping[str, Do]] = {
    "agenda.criar": _book,
    "agenda.cancelar": _cancel,
    "pedidos.reembolsar": _refund,
    "retorno.prometer": _promise,
}
