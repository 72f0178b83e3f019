"""Documents and their passages: put, replaced where they changed, held, retired, removed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import String, cast, delete, exists, func, select, update

from core.db.sessions import TenantSession
from core.errors import Malformed, NotFound
from core.ids import new_id
from core.models.answers import ApprovedAnswer
from core.models.knowledge import (
    DocumentState,
    EmbeddingSpace,
    KnowledgeBase,
    KnowledgeDocument,
    KnowledgePassage,
    SpaceState,
)
from knowledge.documents import Flag, Note, Piece
from knowledge.features import EDITION, of_passage
from knowledge.stores import bases, disputes, editions, postings
from knowledge.stores.statements import BYTES, NUMBERS, ONE_NUMBER, ONE_UUID, TEXTS, UUIDS, given

MOST_PIECES: Final = 20_000
_AT_ONCE: Final = 500  # pieces of which everything is in memory at the same time


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a document is made of: the same key in the same base is the same document, read again.

    A date that it does not name stays as it was, for a person may have set it.
    """

    key: str
    title: str
    kind: str
    content_sha256: str
    notes: Sequence[Note] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    published_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Put:
    """What became of a document's passages."""

    document: UUID
    added: int
    kept: int
    removed: int


async def put(session: TenantSession, base: UUID, source: Source, pieces: Sequence[Piece]) -> Put:
    """Passages that say what they said keep their rows, and with them their vectors."""
    _refuse_unsound(source, pieces)
    first = await bases.hold(session, base)
    document = await _document(session, base, source)
    wanted = {piece.sha256: piece for piece in reversed(pieces)}
    found = await _passages(session, document)
    gone = [row for row in found if row.sha256 not in wanted]
    kept = {row.sha256 for row in found} & wanted.keys()
    aged = [row.id for row in found if row.sha256 in kept and row.edition != EDITION]
    disputing = await disputes.of_document(session, document, (row.id for row in gone))
    await _remove(session, base, gone)
    await _move(session, document, [wanted[sha256] for sha256 in kept])
    added = sorted((piece for key, piece in wanted.items() if key not in kept), key=lambda piece: piece.position)
    for start in range(0, len(added), _AT_ONCE):
        place = _Place(base=base, document=document, first=first + start)
        await _add(session, place, added[start : start + _AT_ONCE])
    for start in range(0, len(aged), _AT_ONCE):
        await editions.renew(session, base, aged[start : start + _AT_ONCE], first=first + len(added) + start)
    await disputes.carry_over(session, document, disputing, added)
    numbers = len(added) + len(aged)
    await bases.mark_written(session, base, numbers=numbers, passages=len(added) - len(gone))
    await _write_row(session, document, source, has_changed=bool(added or gone), passages=len(wanted))
    if added:
        await _tell_spaces(session)
    return Put(document=document, added=len(added), kept=len(kept), removed=len(gone))


async def is_unchanged(session: TenantSession, base: UUID, key: str, content_sha256: str) -> UUID | None:
    """The document, where its bytes are the ones that were read last, and no other code read them."""
    same = (KnowledgeDocument.base_id == base) & (KnowledgeDocument.source == key)
    query = select(KnowledgeDocument.id).where(same, KnowledgeDocument.content_sha256 == content_sha256)
    aged = exists().where(KnowledgePassage.document_id == KnowledgeDocument.id, KnowledgePassage.edition != EDITION)
    return await session.scalar(query.where(~aged))


async def every(session: TenantSession, base: UUID | None = None, *, most: int = 1000) -> Sequence[KnowledgeDocument]:
    """Of one base or of all that are not ours, the latest first."""
    ours = select(KnowledgeBase.id).where(KnowledgeBase.is_reserved)
    which = KnowledgeDocument.base_id.not_in(ours) if base is None else KnowledgeDocument.base_id == base
    query = select(KnowledgeDocument).where(which).order_by(KnowledgeDocument.updated_at.desc(), KnowledgeDocument.id)
    return (await session.scalars(query.limit(most))).all()


async def named(session: TenantSession, base: UUID, name: str) -> KnowledgeDocument | None:
    """By its source, or by its id."""
    its_name = (KnowledgeDocument.source == name) | (cast(KnowledgeDocument.id, String) == name)
    return await session.scalar(select(KnowledgeDocument).where(KnowledgeDocument.base_id == base, its_name).limit(1))


async def set_state(session: TenantSession, document: UUID, state: DocumentState) -> None:
    await _change(session, document, {"state": state})


async def trust(session: TenantSession, document: UUID) -> int:
    """A person has looked at what in it speaks to assistants. How many passages those were."""
    flag = Flag.ADDRESSES_ASSISTANTS.value
    marked = (KnowledgePassage.document_id == document) & (func.array_position(KnowledgePassage.flags, flag) > 0)
    trusted = update(KnowledgePassage).where(marked).values(flags=func.array_remove(KnowledgePassage.flags, flag))
    return len((await session.execute(trusted.returning(KnowledgePassage.id))).all())


async def set_validity(
    session: TenantSession, document: UUID, *, valid_from: datetime | None, valid_until: datetime | None
) -> None:
    _refuse_empty_span(valid_from, valid_until)
    await _change(session, document, {"valid_from": valid_from, "valid_until": valid_until})


async def remove(session: TenantSession, document: UUID) -> int:
    """With its passages. How many those were."""
    base = await _base_of(session, document)
    await bases.hold(session, base)
    rows = await _passages(session, document)
    await _remove(session, base, rows)
    parted = update(ApprovedAnswer).where(ApprovedAnswer.document_id == document)
    await session.execute(parted.values(document_id=None, withdrawn_at=func.app_now()))
    await session.execute(delete(KnowledgeDocument).where(KnowledgeDocument.id == document))
    await bases.mark_written(session, base, passages=-len(rows))
    return len(rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where new passages go: `first` is the number of the first."""

    base: UUID
    document: UUID
    first: int


def _refuse_unsound(source: Source, pieces: Sequence[Piece]) -> None:
    if not source.key.strip():
        raise Malformed("Falta o nome da fonte.", "The source has no name.")
    if len(pieces) > MOST_PIECES:
        raise Malformed(
            f"Um documento tem no máximo {MOST_PIECES} trechos: divida-o.",
            f"A document has at most {MOST_PIECES} passages: split it.",
        )
    _refuse_empty_span(source.valid_from, source.valid_until)


def _refuse_empty_span(valid_from: datetime | None, valid_until: datetime | None) -> None:
    if valid_from and valid_until and valid_from >= valid_until:
        raise Malformed("A validade termina antes de começar.", "The validity ends before it begins.")


async def _document(session: TenantSession, base: UUID, source: Source) -> UUID:
    same = (KnowledgeDocument.base_id == base) & (KnowledgeDocument.source == source.key)
    columns = (KnowledgeDocument.id, KnowledgeDocument.valid_from, KnowledgeDocument.valid_until)
    found = (await session.execute(select(*columns).where(same))).first()
    if found is not None:
        _refuse_empty_span(source.valid_from or found.valid_from, source.valid_until or found.valid_until)
        return UUID(str(found.id))
    made = KnowledgeDocument(
        tenant_id=session.tenant_id,
        id=new_id(),
        base_id=base,
        source=source.key,
        title=source.title,
        kind=source.kind,
        version=0,
        content_sha256=source.content_sha256,
    )
    session.add(made)
    await session.flush()
    return made.id


async def _write_row(
    session: TenantSession, document: UUID, source: Source, *, has_changed: bool, passages: int
) -> None:
    values = {
        "title": source.title,
        "kind": source.kind,
        "content_sha256": source.content_sha256,
        "notes": [asdict(note) for note in source.notes],
        "passages": passages,
        "updated_at": func.app_now(),
    }
    values |= {name: date for name in _DATES if (date := getattr(source, name)) is not None}
    grown = {"version": KnowledgeDocument.version + 1} if has_changed else {}
    await session.execute(update(KnowledgeDocument).where(KnowledgeDocument.id == document).values(values | grown))


async def _change(session: TenantSession, document: UUID, values: dict[str, Any]) -> None:
    base = await _base_of(session, document)
    await bases.hold(session, base)
    await session.execute(update(KnowledgeDocument).where(KnowledgeDocument.id == document).values(values))
    await bases.mark_written(session, base)


async def _base_of(session: TenantSession, document: UUID) -> UUID:
    base = await session.scalar(select(KnowledgeDocument.base_id).where(KnowledgeDocument.id == document))
    if base is None:
        raise NotFound("Esse documento não existe mais.", "That document does not exist any more.")
    return base


async def _passages(session: TenantSession, document: UUID) -> Sequence[Any]:
    columns = (KnowledgePassage.id, KnowledgePassage.number, KnowledgePassage.sha256, KnowledgePassage.edition)
    return (await session.execute(select(*columns).where(KnowledgePassage.document_id == document))).all()


async def _remove(session: TenantSession, base: UUID, rows: Sequence[Any]) -> None:
    for start in range(0, len(rows), _AT_ONCE):
        ids = [row.id for row in rows[start : start + _AT_ONCE]]
        gone = await session.execute(
            delete(KnowledgePassage).where(KnowledgePassage.id.in_(ids)).returning(*editions.WORDED)
        )
        await editions.unlist(session, base, gone.all())


async def _move(session: TenantSession, document: UUID, pieces: Sequence[Piece]) -> None:
    """What surrounds a passage may change while it says the same."""
    if pieces:
        values = {
            "document": document,
            "sha256s": [piece.sha256 for piece in pieces],
            "positions": [piece.position for piece in pieces],
            "pages": [piece.page for piece in pieces],
        }
        await session.execute(_MOVE, values)


async def _add(session: TenantSession, place: _Place, pieces: Sequence[Piece]) -> None:
    pieces = [_clean(piece) for piece in pieces]
    features = [of_passage(piece.text, (piece.title, *piece.headings)) for piece in pieces]
    values = {
        "tenant": session.tenant_id,
        "edition": EDITION,
        "base": place.base,
        "document": place.document,
        "ids": [new_id() for _ in pieces],
        "numbers": [place.first + offset for offset in range(len(pieces))],
        "positions": [piece.position for piece in pieces],
        "bodies": [piece.text for piece in pieces],
        "titles": [piece.title for piece in pieces],
        "headings": [json.dumps(piece.headings) for piece in pieces],
        "pages": [piece.page for piece in pieces],
        "flags": [json.dumps(piece.flags) for piece in pieces],
        "sha256s": [piece.sha256 for piece in pieces],
        "likenesses": [one.likeness for one in features],
        "features": [one.vector for one in features],
    }
    await session.execute(_ADD, values)
    await postings.add(session, place.base, {place.first + offset: one.weights for offset, one in enumerate(features)})


def _clean(piece: Piece) -> Piece:
    """PostgreSQL keeps no NUL."""
    headings = tuple(heading.replace("\0", " ") for heading in piece.headings)
    return replace(piece, text=piece.text.replace("\0", " "), title=piece.title.replace("\0", " "), headings=headings)


async def _tell_spaces(session: TenantSession) -> None:
    wanted = EmbeddingSpace.state != SpaceState.RETIRED
    await session.execute(update(EmbeddingSpace).where(wanted).values(is_behind=True))


_DATES: Final = ("valid_from", "valid_until", "published_at")
_MOVE: Final = given(
    """
    UPDATE knowledge_passages p SET position = w.position, page = w.page
    FROM unnest(:sha256s, :positions, :pages) AS w (sha256, position, page)
    WHERE p.document_id = :document AND p.sha256 = w.sha256
      AND (p.position, coalesce(p.page, 0)) IS DISTINCT FROM (w.position, coalesce(w.page, 0))
    """,
    document=ONE_UUID,
    sha256s=TEXTS,
    positions=NUMBERS,
    pages=NUMBERS,
)
_ADD: Final = given(
    """
    INSERT INTO knowledge_passages (tenant_id, base_id, document_id, id, number, position, body, title, headings, page,
        flags, sha256, likeness, features, edition)
    SELECT :tenant, :base, :document, w.id, w.number, w.position, w.body, w.title,
        ARRAY(SELECT jsonb_array_elements_text(w.headings::jsonb)), w.page,
        ARRAY(SELECT jsonb_array_elements_text(w.flags::jsonb)), w.sha256, w.likeness, w.features::sparsevec, :edition
    FROM unnest(:ids, :numbers, :positions, :bodies, :titles, :headings, :pages, :flags, :sha256s, :likenesses,
        :features) AS w (id, number, position, body, title, headings, page, flags, sha256, likeness, features)
    """,
    tenant=ONE_UUID,
    edition=ONE_NUMBER,
    base=ONE_UUID,
    document=ONE_UUID,
    ids=UUIDS,
    likenesses=BYTES,
    **dict.fromkeys(("numbers", "positions", "pages"), NUMBERS),
    **dict.fromkeys(("bodies", "titles", "headings", "flags", "sha256s", "features"), TEXTS),
)
