"""The declarative base, and the two kinds of table: a company's own, and the installation's."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from core.crypto import looks_sealed
from core.ids import new_id

APP_NOW: Final = text("app_now()")
EMPTY: Final = text("'{}'::jsonb")


class Sealed(TypeDecorator[bytes]):
    """Bytes that only `Vault.seal` writes and `Vault.unseal` reads: a column sees neither row nor company."""

    impl = LargeBinary
    cache_ok = True

    @override
    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """What was not sealed is not written: a plain secret would pass for one that nobody can open."""
        if value is not None and not looks_sealed(value):
            raise ValueError("a sealed column takes what Vault.seal made, nothing else")
        return value


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        str: Text,
        UUID: Uuid,
        bytes: LargeBinary,
    }


class TenantRow(Base):
    """A company's own row: under forced row-level security, with the company first in its key."""

    __abstract__ = True

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True, sort_order=-2)


class TenantEntity(TenantRow):
    """A company's row with an identifier of its own, made before the insert."""

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


class InstallationRow(Base):
    """A row of the closed list that belongs to no company, reached only through the functions of schema `priv`."""

    __abstract__ = True


def within_tenant(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key that cannot cross companies: plain ones ignore row-level security."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete=ondelete)


def closed(kind: type[StrEnum], name: str) -> Enum:
    """A closed set kept as text with a check, which a later release may widen without rewriting the table."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name,
        values_callable=lambda members: [member.value for member in members],
    )
