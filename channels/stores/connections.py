"""Connections: made, changed, opened for a call. The one writer of the table."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select, update

from channels.base import Health, Line
from channels.connection_forms import Form, Words, form_of, refuse_bad_name
from channels.stores import addresses
from core import audit, clock
from core.audit import Actor
from core.crypto import KeyRing
from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.errors import Conflict, FieldError, Malformed, NotFound, Tampered
from core.events import Event, EventKind, emit
from core.ids import ConnectionId, new_id
from core.logging import get_logger
from core.models.people import Connection, ConnectionKind, ConnectionState
from core.texts import Text
from core.vault import Vault, open_vault

CHANNEL: Final = "connections"
MOST: Final = 10_000

log = get_logger(__name__)


class Keep(Enum):
    """Leave it as it is, where None means that there shall be none."""

    KEEP = "keep"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewConnection:
    kind: ConnectionKind
    name: str
    persona: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """Only what shall be different. Of settings and secrets too, the others stay."""

    name: str | None = None
    persona: str | Keep | None = Keep.KEEP
    is_enabled: bool | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Which connections, in the order in which they were made."""

    after: ConnectionId | None = None
    most: int = MOST
    kind: ConnectionKind | None = None
    state: ConnectionState | None = None
    words: str | None = None  # somewhere in the name


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedLine:
    kind: ConnectionKind
    state: ConnectionState
    line: Line


async def create(session: TenantSession, ring: KeyRing, new: NewConnection, by: Actor) -> Connection:
    form = form_of(new.kind)
    told = form.make_up(form.read_out(Words(settings=new.settings, secrets=new.secrets)))
    form.refuse_wrong(told.settings, told.secrets, is_new=True)
    _refuse_bad_words(new.name, new.persona)
    await _one_at_a_time(session)
    row = Connection(
        tenant_id=session.tenant_id,
        id=new_id(),
        kind=new.kind,
        name=new.name,
        persona=new.persona,
        settings=dict(told.settings),
    )
    await _refuse_used_name(session, row)
    _seal(await open_vault(session, ring), row, told.secrets)
    session.add(row)
    await session.flush()
    await addresses.claim(session, form, row)
    audit.record(session, by, "connection.created", subject=row.id, detail={"kind": new.kind.value, "name": new.name})
    emit(session, Event(kind=EventKind.CONNECTION_CREATED, subject_id=row.id, payload={"kind": new.kind.value}))
    await _notify(session)
    return row


async def hold(session: TenantSession, connection: ConnectionId) -> Connection:
    """The row, locked until the commit, for whoever decides by what is in it before changing it."""
    await _one_at_a_time(session)
    found = await session.scalar(_current(connection).with_for_update())
    if found is None:
        raise _unknown()
    return found


async def change(session: TenantSession, ring: KeyRing, row: Connection, wanted: Change, by: Actor) -> Connection:
    """Of a held row. What is the same already is no change, and a change of nothing leaves no trace."""
    form = form_of(row.kind) if wanted.settings or wanted.secrets else None
    if form is not None:
        told = form.read_out(Words(settings=wanted.settings, secrets=wanted.secrets))
        wanted = replace(wanted, settings=told.settings)
        form.refuse_wrong(wanted.settings, wanted.secrets, is_new=False)
        _refuse_another_line(form, row, wanted)
    _refuse_bad_words(row.name if wanted.name is None else wanted.name, wanted.persona)
    changed = _apply(row, wanted)
    if "name" in changed:
        await _refuse_used_name(session, row)
    if wanted.secrets:
        await _rotate(session, ring, row, wanted.secrets)
        changed.append("credentials")
    if form is not None and "settings" in changed:
        others = [other for other in await list_some(session, Listing(kind=row.kind)) if other.id != row.id]
        await addresses.move(session, form, row, others)
    if changed:
        await _changed(session, row, changed, by)
    return row


async def get(session: TenantSession, connection: ConnectionId) -> Connection:
    found = await session.scalar(_current(connection))
    if found is None:
        raise _unknown()
    return found


async def list_some(session: TenantSession, wanted: Listing) -> list[Connection]:
    rules: list[ColumnElement[bool]] = []
    if wanted.after is not None:
        rules.append(Connection.id > wanted.after)
    if wanted.kind is not None:
        rules.append(Connection.kind == wanted.kind)
    if wanted.state is not None:
        rules.append(Connection.state == wanted.state)
    if wanted.words:
        rules.append(Connection.name.icontains(wanted.words, autoescape=True))
    return list(await session.scalars(select(Connection).where(*rules).order_by(Connection.id).limit(wanted.most)))


async def open_lines(
    session: TenantSession, ring: KeyRing, ids: Collection[ConnectionId] | None = None
) -> dict[ConnectionId, OpenedLine]:
    """All of the company's, or those named, in whatever state. One that cannot be unsealed is left out, and logged."""
    wanted = select(Connection) if ids is None else select(Connection).where(Connection.id.in_(ids))
    rows = list(await session.scalars(wanted.execution_options(populate_existing=True)))
    vault = await open_vault(session, ring) if any(row.credentials is not None for row in rows) else None
    opened = {ConnectionId(row.id): _open(vault, row) for row in rows}
    return {connection: line for connection, line in opened.items() if line is not None}


async def set_state(
    session: TenantSession, connection: ConnectionId, state: ConnectionState, reason: str | None
) -> bool:
    """What the provider made known. A connection that a person disabled stays so. False: nothing is different."""
    different = Connection.state.is_distinct_from(state) | Connection.state_reason.is_distinct_from(reason)
    is_ours = (Connection.id == connection) & (Connection.state != ConnectionState.DISABLED)
    changed = await session.execute(
        update(Connection)
        .where(is_ours, different)
        .values(state=state, state_reason=reason, updated_at=clock.now())
        .returning(Connection.kind)
    )
    kind = changed.scalar_one_or_none()
    if kind is None:
        return False
    detail = {"state": state.value, "reason": reason}
    audit.record(session, audit.SYSTEM, "connection.state_changed", subject=connection, detail=detail)
    payload = {"kind": kind.value, "changed": ["state"], "state": state.value}
    emit(session, Event(kind=EventKind.CONNECTION_CHANGED, subject_id=connection, payload=payload))
    await _notify(session)
    return True


async def set_bot(session: TenantSession, connection: ConnectionId, *, is_paused: bool, by: Actor) -> bool:
    """Whether a persona answers on it. False: so it was already."""
    is_other = Connection.bot_paused_at.is_(None) if is_paused else Connection.bot_paused_at.is_not(None)
    since = func.app_now() if is_paused else None
    changed = update(Connection).where(Connection.id == connection, is_other).values(bot_paused_at=since)
    kind = (await session.execute(changed.returning(Connection.kind))).scalar_one_or_none()
    if kind is None:
        await get(session, connection)
        return False
    action = "connection.bot_paused" if is_paused else "connection.bot_resumed"
    audit.record(session, by, action, subject=connection)
    payload = {"kind": kind.value, "changed": ["bot"], "is_bot_paused": is_paused}
    emit(session, Event(kind=EventKind.CONNECTION_CHANGED, subject_id=connection, payload=payload))
    return True


async def note_health(session: TenantSession, connection: ConnectionId, health: Health) -> None:
    """What the provider says of the account. Nobody sends differently for it, so nobody is told."""
    said = dict(health.detail)
    if health.token_expires_at is not None:
        said["token_expires_at"] = health.token_expires_at.isoformat()
    noted = update(Connection).where(Connection.id == connection)
    await session.execute(noted.values(health=said, checked_at=clock.now()))


def _current(connection: ConnectionId) -> Select[Connection]:
    return select(Connection).where(Connection.id == connection).execution_options(populate_existing=True)


async def _one_at_a_time(session: TenantSession) -> None:
    """Names and addresses are looked at before they are taken; a company makes connections seldom enough."""
    await hold_until_commit(session, CHANNEL)


def _apply(row: Connection, wanted: Change) -> list[str]:
    """Everything but the secrets; gives what is different now."""
    before = (row.name, row.persona, row.state, row.settings)
    row.name = row.name if wanted.name is None else wanted.name
    row.persona = row.persona if isinstance(wanted.persona, Keep) else wanted.persona
    row.settings = {**row.settings, **wanted.settings}
    may_work_again = wanted.secrets and row.state is ConnectionState.CREDENTIAL_REFUSED
    if wanted.is_enabled is False:
        row.state, row.state_reason = ConnectionState.DISABLED, None
    elif wanted.is_enabled or may_work_again:
        row.state, row.state_reason = ConnectionState.ACTIVE, None
    after = (row.name, row.persona, row.state, row.settings)
    names = ("name", "persona", "state", "settings")
    return [name for name, old, new in zip(names, before, after, strict=True) if old != new]


async def _changed(session: TenantSession, row: Connection, changed: list[str], by: Actor) -> None:
    row.updated_at = clock.now()
    await session.flush()
    audit.record(session, by, "connection.changed", subject=row.id, detail={"changed": changed})
    payload = {"kind": row.kind.value, "changed": changed, "state": row.state.value}
    emit(session, Event(kind=EventKind.CONNECTION_CHANGED, subject_id=row.id, payload=payload))
    await _notify(session)


def _refuse_bad_words(name: str, persona: str | Keep | None) -> None:
    refuse_bad_name(name)
    if isinstance(persona, str):
        refuse_bad_name(persona, "persona")


def _refuse_another_line(form: Form, row: Connection, wanted: Change) -> None:
    for name in form.fixed & wanted.settings.keys():
        if wanted.settings[name] != row.settings.get(name):
            wrong = FieldError(field=f"body.{name}", message=Text("não pode mudar", "cannot change"))
            raise Malformed(
                f"{name} não pode mudar: crie outra conexão.",
                f"{name} cannot change: make another connection.",
                errors=(wrong,),
            )


async def _refuse_used_name(session: TenantSession, row: Connection) -> None:
    same = select(Connection.id).where(Connection.kind == row.kind, Connection.name == row.name)
    with session.no_autoflush:
        if await session.scalar(same.where(Connection.id != row.id)) is not None:
            raise Conflict(
                "Já existe uma conexão deste canal com este nome: escolha outro.",
                "There is a connection of this channel with this name already: choose another.",
            )


def _seal(vault: Vault, row: Connection, secrets: Mapping[str, str]) -> None:
    vault.seal(row, Connection.credentials, json.dumps(dict(secrets), sort_keys=True).encode())


async def _rotate(session: TenantSession, ring: KeyRing, row: Connection, secrets: Mapping[str, str]) -> None:
    """What is told anew takes the place of what was; the old is read only where some of it stays."""
    vault = await open_vault(session, ring)
    is_whole = {field.name for field in form_of(row.kind).secrets} <= secrets.keys()
    kept = {} if is_whole else _unseal(vault, row)
    _seal(vault, row, {**kept, **secrets})


def _unseal(vault: Vault, row: Connection) -> dict[str, str]:
    plain = vault.unseal(row, Connection.credentials)
    secrets: dict[str, str] = {} if plain is None else json.loads(plain)
    return secrets


def _open(vault: Vault | None, row: Connection) -> OpenedLine | None:
    try:
        secrets = {} if vault is None else _unseal(vault, row)
    except Tampered:
        log.exception("connection.unreadable", connection=str(row.id))
        return None
    line = Line(connection=ConnectionId(row.id), settings=row.settings, secrets=secrets)
    return OpenedLine(kind=row.kind, state=row.state, line=line)


async def _notify(session: TenantSession) -> None:
    await session.execute(select(func.pg_notify(CHANNEL, str(session.tenant_id))))


def _unknown() -> NotFound:
    return NotFound("Esta conexão não existe.", "There is no such connection.")
