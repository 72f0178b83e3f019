"""Every table, in one place for whoever needs them all: migrations, the drift check, the isolation tests."""

from typing import Final

from sqlalchemy import MetaData, Table

from core.models import (
    answers,
    commerce,
    files,
    ingestion,
    installation,
    knowledge,
    outbox,
    people,
    personas,
    record,
    service,
    staff,
    stream,
)
from core.models.base import Base, InstallationRow, TenantRow

METADATA: Final[MetaData] = Base.metadata
MODULES: Final = (
    installation,
    people,
    stream,
    outbox,
    personas,
    service,
    commerce,
    record,
    knowledge,
    answers,
    ingestion,
    files,
    staff,
)


def _tables_of(kind: type[Base]) -> tuple[Table, ...]:
    mapped = {mapper.local_table for mapper in Base.registry.mappers if issubclass(mapper.class_, kind)}
    return tuple(table for table in METADATA.sorted_tables if table in mapped)


TENANT_TABLES: Final = _tables_of(TenantRow)
INSTALLATION_TABLES: Final = _tables_of(InstallationRow)
