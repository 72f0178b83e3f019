"""Embedding spaces: one is searched while another is built; what is missing in them; what lies near a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pgvector import HalfVector
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from core.db.sessions import TenantSession
from core.errors import Conflict, NotFound
from core.ids import new_id
from core.models.knowledge import (
    INDEXED_DIMENSIONS,
    EmbeddingSpace,
    PassageVector,
    SpaceState,
)
from knowledge.stores.statements import NUMBERS, ONE_NUMBER, ONE_TEXT, ONE_UUID, TEXTS, UUIDS, given

EXACT: Final = 10_000  # vectors that are compared one by one: an index that all companies share loses some
_SAMPLE: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    id: UUID
    model: str
    dimensions: int
    state: SpaceState


@dataclass(frozen=True, kw_only=True, slots=True)
class Unplaced:
    """A passage without a vector in a space."""

    id: UUID
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """A passage, and the cosine between it and what was asked."""

    id: UUID
    cosine: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    """How near passages are to a question that they have nothing to do with, mostly."""

    mean: float
    deviation: float
    looked_at: int


async def ensure(session: TenantSession, model: str, dimensions: int) -> Space:
    """That of a model. One that was retired is built up again."""
    row = {"tenant_id": session.tenant_id, "id": new_id(), "model": model, "dimensions": dimensions}
    await session.execute(insert(EmbeddingSpace).values(row).on_conflict_do_nothing())
    same = (EmbeddingSpace.model == model) & (EmbeddingSpace.dimensions == dimensions)
    again = update(EmbeddingSpace).where(same, EmbeddingSpace.state == SpaceState.RETIRED)
    await session.execute(again.values(state=SpaceState.BUILDING, is_behind=True))
    return _space(await session.scalar(select(EmbeddingSpace).where(same).execution_options(populate_existing=True)))


async def active(session: TenantSession) -> Space | None:
    found = await session.scalar(select(EmbeddingSpace).where(EmbeddingSpace.state == SpaceState.ACTIVE))
    return None if found is None else _space(found)


async def one(session: TenantSession, space: UUID) -> Space:
    return _space(await session.scalar(select(EmbeddingSpace).where(EmbeddingSpace.id == space)))


async def every(session: TenantSession) -> Sequence[Space]:
    rows = await session.scalars(select(EmbeddingSpace).order_by(EmbeddingSpace.created_at))
    return [_space(row) for row in rows]


async def unplaced(session: TenantSession, space: UUID, *, most: int) -> list[Unplaced]:
    rows = await session.execute(_UNPLACED, {"space": space, "most": most})
    return [Unplaced(id=row.id, text=row.words) for row in rows]


async def place(session: TenantSession, space: Space, vectors: Sequence[tuple[UUID, Sequence[float]]]) -> int:
    """Of passages that are still there. How many were new."""
    wrong = next((vector for _, vector in vectors if len(vector) != space.dimensions), None)
    if wrong is not None:
        raise Conflict(
            f"O modelo {space.model} devolveu {len(wrong)} dimensões em vez de {space.dimensions}.",
            f"The model {space.model} returned {len(wrong)} dimensions instead of {space.dimensions}.",
        )
    values = {
        "tenant": session.tenant_id,
        "space": space.id,
        "dimensions": space.dimensions,
        "ids": [passage for passage, _ in vectors],
        "vectors": [HalfVector(list(vector)).to_text() for _, vector in vectors],
    }
    return len((await session.execute(_PLACE, values)).all())


async def set_aside(session: TenantSession, space: Space, passage: UUID) -> None:
    """The model does not take its text: it is found by words alone, and nothing waits for its vector."""
    aside = {"tenant": session.tenant_id, "space": space.id, "dimensions": space.dimensions, "ids": [passage]}
    await session.execute(_PLACE, aside | {"vectors": [None]})


async def is_complete(session: TenantSession, space: UUID) -> bool:
    """Nothing is missing, and whoever adds a passage from now on says so."""
    locked = select(EmbeddingSpace.id).where(EmbeddingSpace.id == space).with_for_update(key_share=True)
    if await session.scalar(locked) is None or await unplaced(session, space, most=1):
        return False
    await session.execute(update(EmbeddingSpace).where(EmbeddingSpace.id == space).values(is_behind=False))
    return True


async def activate(session: TenantSession, space: UUID) -> None:
    """Search goes by it from the commit on; the one before it is retired, and its vectors stay until it is removed."""
    if not await is_complete(session, space):
        raise Conflict(
            "Ainda faltam vetores nesse modelo: espere terminar antes de trocar.",
            "Vectors are still missing in that model: wait for them before you switch.",
        )
    before = (EmbeddingSpace.state == SpaceState.ACTIVE) & (EmbeddingSpace.id != space)
    await session.execute(update(EmbeddingSpace).where(before).values(state=SpaceState.RETIRED))
    now = {"state": SpaceState.ACTIVE, "activated_at": func.app_now()}
    await session.execute(update(EmbeddingSpace).where(EmbeddingSpace.id == space).values(now))


async def remove(session: TenantSession, space: UUID) -> None:
    found = await session.get(EmbeddingSpace, (session.tenant_id, space))
    if found is None:
        raise NotFound("Esse modelo de vetores não existe.", "That embedding space does not exist.")
    await session.execute(delete(EmbeddingSpace).where(EmbeddingSpace.id == space))


async def nearest(
    session: TenantSession,
    space: Space,
    bases: Sequence[UUID],
    vector: Sequence[float],
    *,
    most: int,
    one_by_one: int = EXACT,
) -> list[Near]:
    """Nearest first. Few vectors are compared one by one; of many an index finds the near ones.

    Where it gives up before it has found enough, they are all compared after all.
    """
    values = {"space": space.id, "bases": list(bases), "vector": HalfVector(list(vector)).to_text(), "most": most}
    count = (PassageVector.space_id == space.id) & PassageVector.base_id.in_(bases)
    size = await session.scalar(
        select(func.count()).select_from(select(1).where(count).limit(one_by_one + 1).subquery())
    )
    if size and size > one_by_one and space.dimensions in INDEXED_DIMENSIONS:
        await session.execute(_LOOK_FURTHER)
        found = _near((await session.execute(_BY_INDEX[space.dimensions], values)).all())
        if len(found) == most:
            return found
    return _near((await session.execute(_BY_ALL, values)).all())


async def usual(session: TenantSession, space: Space, bases: Sequence[UUID], vector: Sequence[float]) -> Usual:
    """Of passages from all over: the oldest alone are one document's, and near each other."""
    values = {"space": space.id, "bases": list(bases), "vector": HalfVector(list(vector)).to_text(), "most": _SAMPLE}
    row = (await session.execute(_USUAL, values)).one()
    return Usual(mean=float(row.mean or 0), deviation=float(row.deviation or 0), looked_at=row.looked_at)


def _space(row: EmbeddingSpace | None) -> Space:
    if row is None:
        raise NotFound("Esse modelo de vetores não existe.", "That embedding space does not exist.")
    return Space(id=row.id, model=row.model, dimensions=row.dimensions, state=row.state)


def _near(rows: Sequence[Any]) -> list[Near]:
    return [Near(id=row.passage_id, cosine=1 - float(row.distance)) for row in rows]


_TYPES: Final = {
    "tenant": ONE_UUID,
    "space": ONE_UUID,
    "bases": UUIDS,
    "ids": UUIDS,
    "vector": ONE_TEXT,
    "vectors": TEXTS,
    "numbers": NUMBERS,
    "dimensions": ONE_NUMBER,
    "most": ONE_NUMBER,
}
_UNPLACED: Final = given(
    """
    SELECT p.id, concat_ws(E'\\n', nullif(p.title, ''), nullif(array_to_string(p.headings, ' > '), ''), p.body) AS words
    FROM knowledge_passages p
    WHERE NOT EXISTS (SELECT FROM passage_vectors v
        WHERE v.tenant_id = p.tenant_id AND v.space_id = :space AND v.passage_id = p.id)
    ORDER BY p.id LIMIT :most
    """,
    **_TYPES,
)
_PLACE: Final = given(
    """
    INSERT INTO passage_vectors (tenant_id, space_id, passage_id, base_id, dimensions, embedding)
    SELECT :tenant, :space, p.id, p.base_id, :dimensions, w.vector::halfvec
    FROM unnest(:ids, :vectors) AS w (id, vector) JOIN knowledge_passages p ON p.id = w.id
    FOR KEY SHARE OF p
    ON CONFLICT (tenant_id, space_id, passage_id) DO NOTHING RETURNING passage_id
    """,
    **_TYPES,
)
_LOOK_FURTHER: Final = text("""
    SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '200', true),
        set_config('hnsw.max_scan_tuples', '100000', true)
""")
_SEEN: Final = "v.space_id = :space AND v.base_id = ANY(:bases) AND v.embedding IS NOT NULL"
_BY_ALL: Final = given(
    f"""
    SELECT v.passage_id, v.embedding <=> CAST(CAST(:vector AS text) AS halfvec) AS distance FROM passage_vectors v
    WHERE {_SEEN} ORDER BY distance, v.passage_id LIMIT :most
    """,  # noqa: S608 - only constants are put in
    **_TYPES,
)
_BY_INDEX: Final = {
    length: given(
        f"""
        SELECT v.passage_id, v.embedding::halfvec({length}) <=> CAST(CAST(:vector AS text) AS halfvec({length}))
            AS distance FROM passage_vectors v
        WHERE {_SEEN} AND v.dimensions = {length} ORDER BY distance LIMIT :most
        """,  # noqa: S608 - only constants are put in
        **_TYPES,
    )
    for length in INDEXED_DIMENSIONS
}
_USUAL: Final = given(
    """
    SELECT avg(1 - s.distance) AS mean, stddev_pop(s.distance) AS deviation, count(s.distance) AS looked_at
    FROM (SELECT v.embedding <=> CAST(CAST(:vector AS text) AS halfvec) AS distance
          FROM unnest(:bases) AS w (base) CROSS JOIN LATERAL (
              SELECT embedding, uuid_hash(passage_id) AS hash FROM passage_vectors
              WHERE tenant_id = current_tenant() AND space_id = :space AND base_id = w.base
              ORDER BY uuid_hash(passage_id) LIMIT :most) AS v
          ORDER BY v.hash LIMIT :most) AS s
    """,
    **_TYPES,
)
