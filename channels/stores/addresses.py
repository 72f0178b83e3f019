"""The outside addresses under which a company's connections answer. One address belongs to one company."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Uuid, column, func, select

from channels.connection_forms import Form
from core.db.sessions import TenantSession
from core.errors import Conflict
from core.ids import CompanyId, ConnectionId
from core.models.people import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class _Holder:
    company: CompanyId
    connection: ConnectionId


async def own_at(session: TenantSession, kind: str, value: str) -> ConnectionId | None:
    """The company's connection at this address; another company's is none."""
    found = await _holder(session, kind, value)
    return found.connection if found is not None and found.company == session.tenant_id else None


async def claim(session: TenantSession, form: Form, row: Connection) -> None:
    """In the order of the form, which is the same for everybody: two who claim wait for each other, never in a ring."""
    for address in form.addresses:
        value = row.settings.get(address.setting)
        if value is None:
            continue
        if address.is_own:
            await _refuse_taken(session, row, address.kind, value)
        await _keep(session, address.kind, value, row)


async def move(session: TenantSession, form: Form, row: Connection, others: Iterable[Connection]) -> None:
    """Let go of what this connection is no more told; what it shared with others is theirs until it claims it again."""
    await session.execute(select(func.priv.forget_addresses(session.tenant_id, row.id)))
    shared = [address for address in form.addresses if not address.is_own]
    for other in others:
        for address in shared:
            if value := other.settings.get(address.setting):
                await _keep(session, address.kind, value, other)
    await claim(session, form, row)


async def _keep(session: TenantSession, kind: str, value: str, row: Connection) -> None:
    kept = func.priv.keep_address(kind, value, session.tenant_id, row.id)
    if not await session.scalar(select(kept)):
        raise _held_elsewhere()


async def _refuse_taken(session: TenantSession, row: Connection, kind: str, value: str) -> None:
    holder = await _holder(session, kind, value)
    if holder is None or holder.connection == row.id:
        return
    if holder.company != session.tenant_id:
        raise _held_elsewhere()
    raise Conflict(
        f"Esta empresa já tem uma conexão com este número ({holder.connection}): atualize-a em vez de criar outra.",
        f"This company has a connection of this number already ({holder.connection}): update it instead.",
    )


async def _holder(session: TenantSession, kind: str, value: str) -> _Holder | None:
    found = func.priv.find_address(kind, value).table_valued(column("company", Uuid), column("connection", Uuid))
    row = (await session.execute(select(found))).one_or_none()
    return None if row is None else _Holder(company=row.company, connection=row.connection)


def _held_elsewhere() -> Conflict:
    """It does not say by whom."""
    return Conflict(
        "Este número ou esta conta já está em uso nesta instalação: confira os ids, ou fale com quem a opera.",
        "This number or account is in use in this installation already: check the ids, or ask whoever runs it.",
    )
