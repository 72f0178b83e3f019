"""The passages that a question's features or vector lead to, with what an answer names as their source."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.sql.expression import TextClause

from core.db.sessions import TenantSession
from core.models.knowledge import FEATURES
from knowledge.stores.statements import NUMBERS, ONE_NUMBER, ONE_TEXT, TEXTS, UUIDS, given


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A passage as it is kept, and how well its features fit."""

    id: UUID
    base: UUID
    document: UUID
    source: str
    kind: str
    text: str
    title: str
    headings: tuple[str, ...]
    page: int | None
    position: int
    flags: tuple[str, ...]
    likeness: bytes
    written_at: datetime  # when its document says it was, or when we read it
    disputed_by: UUID | None  # an approved answer that says something else
    fit: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelves:
    """The bases that are searched, and what the company means by the question's words."""

    ids: dict[UUID, str]
    versions: dict[UUID, int]
    passages: int
    synonyms: dict[str, list[str]]


async def shelves(
    session: TenantSession, names: Sequence[str], words: Sequence[str], *, is_reserved: bool = False
) -> Shelves:
    """Names that do not exist are left out, and those of ours unless they are what is asked for."""
    values = {"names": list(names), "words": list(words), "is_reserved": is_reserved}
    rows = (await session.execute(_SHELVES, values)).all()
    return Shelves(
        ids={row.id: row.name for row in rows},
        versions={row.id: row.version for row in rows},
        passages=sum(row.passages for row in rows),
        synonyms=json.loads(next((row.synonyms or "{}" for row in rows), "{}")),
    )


async def rank(
    session: TenantSession, bases: Sequence[UUID], vector: str, *, most: int, among: Sequence[tuple[UUID, int]] | None
) -> list[Ranked]:
    """By the product of the features, the best first: of all, or among those that were named by base and number."""
    values: dict[str, Any] = {"bases": list(bases), "vector": vector, "most": most}
    if among is None:
        rows = await session.execute(_RANK_ALL, values)
    else:
        named = {"homes": [base for base, _ in among], "numbers": [number for _, number in among]}
        rows = await session.execute(_RANK_SOME, {"vector": vector, "most": most} | named)
    return [ranked(row) for row in rows]


async def of_ids(session: TenantSession, ids: Sequence[UUID], vector: str) -> list[Ranked]:
    """Those that something else found, with how well their features fit."""
    rows = await session.execute(_OF_IDS, {"ids": list(ids), "vector": vector, "most": len(ids)})
    return [ranked(row) for row in rows]


def ranked(row: Any) -> Ranked:
    return Ranked(
        id=row.id,
        base=row.base_id,
        document=row.document_id,
        source=row.source,
        kind=row.kind,
        text=row.body,
        title=row.title,
        headings=tuple(row.headings),
        page=row.page,
        position=row.position,
        flags=tuple(row.flags),
        likeness=row.likeness,
        written_at=row.written_at,
        disputed_by=row.disputed_by,
        fit=-float(row.distance),
    )


def _given(statement: str) -> TextClause:
    return given(
        statement,
        names=TEXTS,
        words=TEXTS,
        bases=UUIDS,
        homes=UUIDS,
        ids=UUIDS,
        numbers=NUMBERS,
        vector=ONE_TEXT,
        most=ONE_NUMBER,
    )


# What is held, retired, not yet or no longer valid is never found.
_VISIBLE: Final = """
    d.state = 'active' AND (d.valid_from IS NULL OR d.valid_from <= app_now())
    AND (d.valid_until IS NULL OR d.valid_until > app_now())
"""
# `OFFSET 0` keeps each look-up one by its key: the planner knows nothing of how many rows a company has, and would
# rather walk all of them. The vector is read in a query of its own, once, and not for each passage. Ordered within, so
# that texts are fetched only of those that are shown.
_BEST: Final = f"""
    WITH best AS MATERIALIZED (
        SELECT p.id, p.features <#> (SELECT CAST(CAST(:vector AS text) AS sparsevec({FEATURES}))) AS distance
        FROM {{rows}}
        CROSS JOIN LATERAL (
            SELECT FROM knowledge_documents d WHERE d.tenant_id = p.tenant_id AND d.id = p.document_id AND {_VISIBLE}
            OFFSET 0) AS seen
        ORDER BY distance, p.id LIMIT :most
    )
    SELECT p.*, best.distance
    FROM best CROSS JOIN LATERAL (
        SELECT p.id, p.base_id, p.document_id, p.body, p.title, p.headings, p.page, p.position, p.flags, p.likeness,
            d.source, d.kind, coalesce(d.published_at, d.updated_at) AS written_at,
            (SELECT a.id FROM answer_conflicts c
             JOIN approved_answers a ON a.tenant_id = c.tenant_id AND a.id = c.answer_id
             WHERE c.tenant_id = p.tenant_id AND c.passage_id = p.id AND c.settled_at IS NULL
               AND a.withdrawn_at IS NULL AND a.valid_from <= app_now()
               AND (a.valid_until IS NULL OR a.valid_until > app_now())
             ORDER BY a.created_at DESC LIMIT 1) AS disputed_by
        FROM knowledge_passages p JOIN knowledge_documents d ON d.tenant_id = p.tenant_id AND d.id = p.document_id
        WHERE p.tenant_id = current_tenant() AND p.id = best.id OFFSET 0) AS p
    ORDER BY best.distance, p.id
"""  # noqa: S608 - only constants are put in
_RANK_ALL: Final = _given(
    _BEST.format(
        rows="""(SELECT * FROM knowledge_passages
                 WHERE tenant_id = current_tenant() AND base_id = ANY(:bases) OFFSET 0) AS p"""
    )
)
_RANK_SOME: Final = _given(
    _BEST.format(
        rows="""unnest(:homes, :numbers) AS w (base, number) CROSS JOIN LATERAL (
            SELECT * FROM knowledge_passages
            WHERE tenant_id = current_tenant() AND base_id = w.base AND number = w.number OFFSET 0) AS p"""
    )
)
_OF_IDS: Final = _given(
    _BEST.format(
        rows="""unnest(:ids) AS w (id) CROSS JOIN LATERAL (
            SELECT * FROM knowledge_passages WHERE tenant_id = current_tenant() AND id = w.id OFFSET 0) AS p"""
    )
)
_SHELVES: Final = _given("""
    SELECT b.id, b.name, b.version, b.passages,
        (SELECT jsonb_object_agg(s.word, to_jsonb(s.others))::text FROM knowledge_synonyms s
         WHERE s.word = ANY(:words)) AS synonyms
    FROM knowledge_bases b WHERE b.name = ANY(:names) AND b.is_reserved = :is_reserved ORDER BY b.name
""")
