"""A newcomer's staff group: a bot that the sandbox plays, a group that is bound already, and a person for each role."""

import secrets
from dataclasses import dataclass
from typing import Final

from admin_api.staff.stores import groups, people
from admin_api.staff.stores.groups import Seen
from admin_api.staff.stores.people import Account
from admin_api.tenants.store import add_member
from channels.stores import connections
from channels.stores.connections import Change, Listing, NewConnection
from channels.telegram_staff.rights import RIGHTS
from core.audit import SYSTEM
from core.crypto import KeyRing
from core.db.sessions import TenantSession
from core.ids import ConnectionId
from core.models.people import Connection, ConnectionKind, ConnectionState, Role

USERNAME: Final = "MasterIaEquipeBot"
_TITLE: Final = "Equipe de demonstração"
_FIRST_BOT: Final = 7_100_000_000
_FIRST_PERSON: Final = 1 << 52  # beyond what Telegram gives: nobody there can be one of them
_FIRST_GROUP: Final = -1_002_000_000_000
_MANY: Final = 90_000_000


@dataclass(frozen=True, slots=True)
class _Demo:
    role: Role
    name: str
    email: str


_PEOPLE: Final = (
    _Demo(Role.OWNER, "Olga (dona)", "olga@demo.example"),
    _Demo(Role.ADMIN, "Davi (administrador)", "davi@demo.example"),
    _Demo(Role.AGENT, "Bia (atendente)", "bia@demo.example"),
    _Demo(Role.VIEWER, "Vera (só olha)", "vera@demo.example"),
)


async def install(session: TenantSession, ring: KeyRing) -> None:
    """Once: what is there already stays as it is."""
    if await connections.list_some(session, Listing(kind=ConnectionKind.TELEGRAM, most=1)):
        return
    number = _FIRST_BOT + secrets.randbelow(_MANY)
    new = NewConnection(
        kind=ConnectionKind.TELEGRAM,
        name="Telegram de demonstração",
        settings={"username": USERNAME, "is_sandbox": True},
        secrets={"token": f"{number}:{secrets.token_urlsafe(26)}"},
    )
    row = await connections.create(session, ring, new, SYSTEM)
    base = _FIRST_PERSON + 10 * secrets.randbelow(_MANY)
    for place, demo in enumerate(_PEOPLE):
        joined = await add_member(session, email=demo.email, name=demo.name, role=demo.role, by=SYSTEM)
        account = Account(telegram_id=base + place, name=demo.name, chat=base + place)
        await people.link(session, joined.user, account)
    seen = Seen(
        chat=_FIRST_GROUP - secrets.randbelow(_MANY),
        title=_TITLE,
        is_forum=True,
        rights=dict.fromkeys(RIGHTS, True),
        problem=None,
    )
    await groups.bind(session, ConnectionId(row.id), seen, by=base)


async def use_own_bot(session: TenantSession, ring: KeyRing, token: str) -> None:
    """The bot that the environment names, in the place of the one that is played."""
    wanted = NewConnection(kind=ConnectionKind.TELEGRAM, name="Telegram", secrets={"token": token})
    known = await connections.list_some(session, Listing(kind=ConnectionKind.TELEGRAM))
    number = token.partition(":")[0]
    mine = next((row for row in known if row.settings.get("bot_id") == number), None)
    for row in known:
        if row.settings.get("is_sandbox") and row.state is not ConnectionState.DISABLED:
            await _retire(session, ring, row)
    if mine is None:
        await connections.create(session, ring, wanted, SYSTEM)
        return
    opened = (await connections.open_lines(session, ring, [ConnectionId(mine.id)])).get(ConnectionId(mine.id))
    if opened is None or opened.line.secrets.get("token") != token:
        held = await connections.hold(session, ConnectionId(mine.id))
        await connections.change(session, ring, held, Change(secrets={"token": token}), SYSTEM)


async def _retire(session: TenantSession, ring: KeyRing, row: Connection) -> None:
    held = await connections.hold(session, ConnectionId(row.id))
    await connections.change(session, ring, held, Change(is_enabled=False), SYSTEM)
    group = await groups.bound(session)
    if group is not None and group.connection_id == row.id:
        await groups.leave(session, group.id)
