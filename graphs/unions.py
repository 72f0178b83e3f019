"""Two contacts turn out to be one person: their conversations and what is owed in them become one, then they do."""

from collections.abc import Sequence
from uuid import UUID

from channels import consent
from channels.stores import folds, mergers
from channels.stores.folds import Fold, Rivals
from channels.stores.people import Merger
from core.db.sessions import TenantSession
from core.events import Event, EventKind, emit
from core.ids import ContactId
from core.models.stream import Control
from graphs import belongings, handoff
from graphs.stores import turns

MERGED = "merged"


async def unite(session: TenantSession, found: Sequence[Merger]) -> None:
    """In the order in which everybody locks: contacts, conversations, what is to be sent."""
    for merger in found:
        await consent.join(session, merger.kept, gone=merger.gone)
    done = [(pair, await _fold(session, pair)) for pair in await folds.rivals(session, found)]
    for merger in found:
        own = [fold for pair, fold in done if pair.gone_of == merger.gone]
        carried = await belongings.carry(session, merger, own)
        event = await mergers.merge(session, merger, own, carried=carried)
        payload = {"gone": str(merger.gone), "merger": str(event)}
        emit(session, Event(kind=EventKind.CONTACT_MERGED, subject_id=merger.kept, payload=payload))


async def part(session: TenantSession, event: UUID) -> ContactId:
    """Two people after all: each has again what was theirs."""
    parted = await mergers.unmerge(session, event)
    await belongings.give_back(session, parted.carried, kept=parted.kept, gone=parted.gone)
    return parted.gone


async def _fold(session: TenantSession, pair: Rivals) -> Fold:
    """Closed first where somebody else answers from now on: then nothing that a bot had begun goes on."""
    if pair.control is not Control.HUMAN:
        await turns.move(session, pair.gone, pair.kept)
    if not pair.is_same_control:
        await handoff.close(session, pair.gone, MERGED)
    done = await folds.fold(session, pair)
    if pair.is_same_control:
        await handoff.close(session, pair.gone, MERGED)
    return done
