"""Two contacts turn out to be one person, or two after all: leads, facts, promises and appointments follow."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from channels.stores.folds import Fold
from channels.stores.people import Merger
from core.db.sessions import TenantSession
from graphs import leads
from graphs.stores import belongings as store


async def carry(session: TenantSession, merger: Merger, folds: Sequence[Fold]) -> dict[str, Any]:
    """Before the contacts themselves are merged, after their conversations were folded: both are locked by then.

    Gives what was done, as JSON, for `give_back`. A lead that the other has on the same board, too, rests with the
    contact that goes, and is there again when that one is.
    """
    pair: dict[str, UUID] = {"kept": merger.kept, "gone": merger.gone}
    await store.hold_conversations(session, **pair)
    opened = [await store.move_open(session, fold) for fold in folds]
    moved = await store.move_leads(session, **pair)
    joined = [await _join(session, kept, gone) for kept, gone in await store.pairs_of_leads(session, **pair)]
    return {
        "open": opened,
        "leads": moved,
        "joined": [one for one in joined if one is not None],
        "facts": await store.move_facts(session, **pair),
        "owned": await store.move_owned(session, **pair),
    }


async def give_back(session: TenantSession, carried: dict[str, Any], *, kept: UUID, gone: UUID) -> None:
    """After the contacts were parted. What happened since stays with whom it happened to, as far as that is known."""
    if not carried:  # merged before anything was carried
        return
    await store.give_back_owned(session, carried["owned"], kept=kept, gone=gone)
    await store.give_back_facts(session, carried["facts"], kept=kept, gone=gone)
    for one in carried["joined"]:
        await leads.part(session, UUID(one["lead"]), seq=one["seq"])
    await store.give_back_leads(session, carried["leads"], kept=kept, gone=gone)
    for moved in carried["open"]:
        await store.give_back_open(session, moved)


async def _join(session: TenantSession, kept: UUID, gone: UUID) -> dict[str, Any] | None:
    seq = await leads.join(session, kept, other=gone)
    return None if seq is None else {"lead": str(kept), "seq": seq}
