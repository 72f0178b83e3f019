"""The only door to consent: who may not be written to any more, since when, and how we know.

An opt-out stops all that the company starts and all that is queued, at its commit. Two things may still leave: notices,
such as its one confirmation, and answers to what the person writes afterwards, or asked for in the very message. Who
decides that at the moment of sending is `policy`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from channels.contents import Text as Words
from channels.policy import Reason, window_is_open
from channels.stores import consent as store
from channels.stores import outbox
from channels.stores.outbox import NewOutbound, Scope
from core.db.sessions import TenantSession
from core.errors import Forbidden, Malformed
from core.events import Event, EventKind, emit
from core.ids import ContactId, ConversationId, MessageId
from core.models.outbox import Lane, Purpose
from core.models.people import ConsentKind, ConsentSource

LONGEST_QUOTE: Final = 1000
CONFIRMED_WITHIN: Final = timedelta(minutes=15)
_STOPPED: Final = frozenset(Purpose) - {Purpose.NOTICE}
_STARTED_BY_US: Final = frozenset({Purpose.UTILITY, Purpose.MARKETING})
_BY_MESSAGE: Final = frozenset({ConsentSource.KEYWORD, ConsentSource.BUTTON})
_BY_THE_PERSON: Final = _BY_MESSAGE | {ConsentSource.PROVIDER}
# Everyday words ("voltar") say something only to who opted out; these say it in any case, also when they come first.
_PLAIN: Final = frozenset({ConsentSource.BUTTON, ConsentSource.PROVIDER})

UNDO_WORDS: Final = {"pt": "VOLTAR", "en": "START", "es": "VOLVER"}
_CONFIRMATIONS: Final = {
    "pt": "Pronto: você não vai mais receber nossas mensagens. Se mudar de ideia, responda VOLTAR.",
    "en": "Done: you will not get our messages any more. If you change your mind, answer START.",
    "es": "Listo: ya no vas a recibir nuestros mensajes. Si cambias de idea, responde VOLVER.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """`quote` is what the person said, or the reason that staff wrote down.

    `at` is when it was said, if not when the message was; `conversation` is where, if not where the message is.
    """

    source: ConsentSource
    quote: str | None = None
    message: MessageId | None = None
    conversation: ConversationId | None = None
    at: datetime | None = None


async def opt_out(
    session: TenantSession, contact: ContactId, evidence: Evidence, *, answered: MessageId | None = None
) -> bool:
    """True: until now they could be written to. No call to a provider starts after this transaction's commit.

    But for answers to `answered`, in which they asked for one as well, unless an opt-out of after it is on record.

    Asked again it is on record again and stops what was queued since, but is not confirmed again. What was said before
    the person's own opt-in, and comes late, is only put on record.
    """
    person = await store.hold(session, contact)
    said = _said(ConsentKind.OPTED_OUT, evidence)
    at = await store.moment_of(session, said)
    is_outdated = await store.is_outdated(session, person.id, said, at)
    event = await store.record(session, person.id, said, at)
    if is_outdated:
        return False
    await store.opt_out(session, [person.id], at=await store.before(session, answered) if answered else None)
    is_new = person.opted_out_at is None
    if is_new:
        await _confirm(session, person, evidence, event)
        _emit(session, EventKind.CONTACT_OPTED_OUT, person.id, evidence.source)
    scope = Scope(contact=person.id, only=_STOPPED)
    await outbox.withdraw(session, scope, Reason.OPTED_OUT)
    await outbox.wait_for_starts(session, scope)
    return is_new


async def opt_in(session: TenantSession, contact: ContactId, evidence: Evidence) -> bool:
    """True: from now on they may be written to again. Only they say so, or staff, who write down why."""
    _demand_right(evidence)
    person = await store.hold(session, contact)
    said = _said(ConsentKind.OPTED_IN, evidence)
    if person.opted_out_at is None and evidence.source not in _PLAIN:
        return False
    at = await store.moment_of(session, said)
    is_outdated = await store.is_outdated(session, person.id, said, at)
    await store.record(session, person.id, said, at)
    if person.opted_out_at is None or is_outdated:
        return False
    await store.opt_in(session, person.id)
    await outbox.withdraw(session, Scope(contact=person.id, only=frozenset({Purpose.NOTICE})), Reason.WITHDRAWN)
    _emit(session, EventKind.CONTACT_OPTED_IN, person.id, evidence.source)
    return True


async def join(session: TenantSession, kept: ContactId, *, gone: ContactId) -> bool:
    """Two contacts are one person, who gets the stricter of the two. True: the one kept could be written to until now.

    Part of their merging, in its transaction: before or after identities move from one to the other.
    """
    held = await store.hold_all(session, {kept, gone})
    since = stricter(held[kept], held[gone])
    if since is None:
        return False
    await store.opt_out(session, held, at=since)
    if held[kept] is None:
        said = store.Said(kind=ConsentKind.OPTED_OUT, source=ConsentSource.MERGE)
        await store.record(session, kept, said, await store.moment_of(session, said))
        _emit(session, EventKind.CONTACT_OPTED_OUT, kept, ConsentSource.MERGE)
    for contact in sorted(held):
        # Answers stay queued: each may be one to what was written since, which is judged at the moment of sending.
        await outbox.withdraw(session, Scope(contact=contact, only=_STARTED_BY_US), Reason.OPTED_OUT)
        await outbox.wait_for_starts(session, Scope(contact=contact, only=_STOPPED))
    return held[kept] is None


def stricter(one: datetime | None, other: datetime | None) -> datetime | None:
    """Opted out is stricter than not, and a later opt-out than an earlier one: it leaves less that may be answered."""
    return max((moment for moment in (one, other) if moment is not None), default=None)


async def _confirm(session: TenantSession, person: store.Held, evidence: Evidence, event: UUID) -> None:
    """Where they said it, while it can be answered; elsewhere it would be one more message they did not ask for."""
    if evidence.source not in _BY_MESSAGE:
        return
    thread = await store.thread_of(session, person.id, conversation=evidence.conversation, message=evidence.message)
    if thread is None or not window_is_open(thread.last_inbound_at, thread.now):
        return
    await outbox.queue(
        session,
        NewOutbound(
            conversation=thread.id,
            intent=f"optout:{event}",
            content=Words(body=confirmation_in(person.locale)),
            purpose=Purpose.NOTICE,
            lane=Lane.REPLY,
            expires_at=thread.now + CONFIRMED_WITHIN,
        ),
    )


def confirmation_in(locale: str) -> str:
    """In the person's language, with the word that takes the opt-out back; Portuguese where we have none of theirs."""
    return _CONFIRMATIONS.get(locale[:2].lower(), _CONFIRMATIONS["pt"])


def _said(kind: ConsentKind, evidence: Evidence) -> store.Said:
    quote = (evidence.quote or "").replace("\0", "").strip()[:LONGEST_QUOTE]
    return store.Said(kind=kind, source=evidence.source, quote=quote or None, message=evidence.message, at=evidence.at)


def _demand_right(evidence: Evidence) -> None:
    if evidence.source not in _BY_THE_PERSON | {ConsentSource.STAFF}:
        raise Forbidden(
            "Só a própria pessoa pode voltar a aceitar mensagens, ou a equipe, com o motivo por escrito.",
            "Only the person can accept messages again, or staff with a written reason.",
        )
    if evidence.source is ConsentSource.STAFF and not (evidence.quote or "").strip():
        raise Malformed(
            "Escreva por que esta pessoa volta a receber mensagens.",
            "Write down why this person is to get messages again.",
        )


def _emit(session: TenantSession, kind: EventKind, contact: ContactId, source: ConsentSource) -> None:
    emit(session, Event(kind=kind, subject_id=contact, payload={"source": source.value}))
