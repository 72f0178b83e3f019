"""What a company knows: bases, documents, passages, and the words and vectors that passages are found by."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pgvector.sqlalchemy import HALFVEC, SPARSEVEC
from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, literal_column, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import TEXT as PG_TEXT
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, TenantEntity, TenantRow, closed, within_tenant

FEATURES: Final = 1 << 29  # so many places there are in the vector of a passage's features, which are hashed into them
INDEXED_DIMENSIONS: Final = (256, 384, 768, 1024, 1536, 3072)  # vectors of another length are compared one by one
_NOTHING: Final = text("'[]'::jsonb")


class KnowledgeBase(TenantEntity):
    """A shelf of documents, which personas name."""

    __tablename__ = "knowledge_bases"

    name: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="0")  # another mark with every write: caches are keyed by it
    passages: Mapped[int] = mapped_column(server_default="0")
    next_number: Mapped[int] = mapped_column(server_default="0")  # of a passage, never given twice
    is_reserved: Mapped[bool] = mapped_column(server_default=text("false"))  # ours: no persona names it
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (UniqueConstraint("tenant_id", "name"),)


class DocumentState(StrEnum):
    ACTIVE = "active"
    HELD = "held"  # kept and not found, until a person has looked at it
    RETIRED = "retired"


class KnowledgeDocument(TenantEntity):
    """What one source said when it was last read."""

    __tablename__ = "knowledge_documents"

    base_id: Mapped[UUID]
    source: Mapped[str]  # which file or address of its base it is: the same one is replaced
    title: Mapped[str]
    kind: Mapped[str]
    state: Mapped[DocumentState] = mapped_column(closed(DocumentState, "state"), server_default="active")
    version: Mapped[int] = mapped_column(server_default="1")  # one more whenever its passages change
    content_sha256: Mapped[str]
    notes: Mapped[list[dict[str, Any]]] = mapped_column(server_default=_NOTHING)
    passages: Mapped[int] = mapped_column(server_default="0")
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    published_at: Mapped[datetime | None]  # by whoever wrote it
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("base_id", "knowledge_bases"),
        UniqueConstraint("tenant_id", "base_id", "source"),
        CheckConstraint("valid_from < valid_until", name="validity"),
        Index(None, "tenant_id", "base_id", "updated_at"),
    )


class KnowledgePassage(TenantEntity):
    """A piece of a document, as it is found and quoted."""

    __tablename__ = "knowledge_passages"

    base_id: Mapped[UUID]
    document_id: Mapped[UUID]
    number: Mapped[int]  # in its base, by which the postings name it
    position: Mapped[int]  # in its document
    body: Mapped[str]
    title: Mapped[str]
    headings: Mapped[list[str]] = mapped_column(ARRAY(PG_TEXT), server_default=text("'{}'"))
    page: Mapped[int | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(PG_TEXT), server_default=text("'{}'"))
    sha256: Mapped[str]
    likeness: Mapped[bytes]  # of its words alone: two that say the same have the same
    features: Mapped[Any] = mapped_column(SPARSEVEC(FEATURES))
    edition: Mapped[int] = mapped_column(server_default="0")  # of the code that made its features and postings
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("base_id", "knowledge_bases"),
        within_tenant("document_id", "knowledge_documents"),
        UniqueConstraint("tenant_id", "base_id", "number"),
        UniqueConstraint("tenant_id", "document_id", "sha256"),
    )


class KnowledgePosting(TenantRow):
    """In which passages of a run of numbers a word occurs, and how much it weighs there.

    Equality is the only condition of which PostgreSQL lets an index answer under row-level security, which is why
    these rows exist beside the vectors.
    """

    __tablename__ = "knowledge_postings"

    base_id: Mapped[UUID] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True)
    places: Mapped[bytes] = mapped_column(LargeBinary)  # two bytes each: the number within its block
    weights: Mapped[bytes] = mapped_column(LargeBinary)  # a byte each

    __table_args__ = (within_tenant("base_id", "knowledge_bases"),)


class KnowledgeSpelling(TenantRow):
    """Which words of a base are written with these three letters."""

    __tablename__ = "knowledge_spellings"

    base_id: Mapped[UUID] = mapped_column(primary_key=True)
    letters: Mapped[str] = mapped_column(primary_key=True)
    words: Mapped[list[str]] = mapped_column(ARRAY(PG_TEXT))

    __table_args__ = (within_tenant("base_id", "knowledge_bases"),)


class KnowledgeSynonyms(TenantEntity):
    """Words that mean the same to this company."""

    __tablename__ = "knowledge_synonyms"

    word: Mapped[str]  # folded
    others: Mapped[list[str]] = mapped_column(ARRAY(PG_TEXT))
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (UniqueConstraint("tenant_id", "word"),)


class SpaceState(StrEnum):
    BUILDING = "building"
    ACTIVE = "active"
    RETIRED = "retired"


class EmbeddingSpace(TenantEntity):
    """One embedding model's vectors of everything a company knows. One of them is searched; others are being built."""

    __tablename__ = "embedding_spaces"

    model: Mapped[str]
    dimensions: Mapped[int]
    state: Mapped[SpaceState] = mapped_column(closed(SpaceState, "state"), server_default="building")
    is_behind: Mapped[bool] = mapped_column(server_default=text("true"))  # passages came that it may not have yet
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    activated_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_embedding_spaces_behind", "created_at", postgresql_where=text("is_behind AND state <> 'retired'")),
        CheckConstraint("dimensions BETWEEN 1 AND 4000", name="dimensions"),
        UniqueConstraint("tenant_id", "model", "dimensions"),
        Index("uq_embedding_spaces_active", "tenant_id", unique=True, postgresql_where=text("state = 'active'")),
    )


def _near(dimensions: int) -> Index:
    """An index takes vectors of one length only."""
    return Index(
        f"ix_passage_vectors_near_{dimensions}",
        literal_column(f"(embedding::halfvec({dimensions}))").label("near"),
        postgresql_using="hnsw",
        postgresql_ops={"near": "halfvec_cosine_ops"},
        postgresql_where=text(f"dimensions = {dimensions}"),
    )


class PassageVector(TenantRow):
    """Where a passage lies in an embedding space."""

    __tablename__ = "passage_vectors"

    space_id: Mapped[UUID] = mapped_column(primary_key=True)
    passage_id: Mapped[UUID] = mapped_column(primary_key=True)
    base_id: Mapped[UUID]
    dimensions: Mapped[int]
    embedding: Mapped[Any | None] = mapped_column(HALFVEC())  # none: the model does not take this text

    __table_args__ = (
        within_tenant("space_id", "embedding_spaces", ondelete="CASCADE"),
        within_tenant("passage_id", "knowledge_passages", ondelete="CASCADE"),
        # A few of a base, whose hashes have nothing to do with when they came.
        Index("ix_passage_vectors_sample", "tenant_id", "base_id", "space_id", literal_column("uuid_hash(passage_id)")),
        Index(None, "tenant_id", "passage_id"),
        *(_near(dimensions) for dimensions in INDEXED_DIMENSIONS),
    )
