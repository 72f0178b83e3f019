"""Tries a connection: asks its provider who we are, and keeps the answer."""

from dataclasses import dataclass
from typing import Final

from admin_api.principals import Principal
from admin_api.tenants import queries
from channels.base import Health, Line
from channels.errors import SendError, Unproven
from channels.registry import Registry
from channels.stores import connections
from channels.telegram_staff.problems import Problem, words_of
from core import rate_limit
from core.clock import Deadline
from core.db.sessions import TenantSession
from core.errors import Misconfigured, NotFound, TooMany, Unavailable
from core.floor import Floor
from core.http import CallFailed
from core.ids import ConnectionId
from core.logging import get_logger
from core.models.people import Connection, ConnectionKind, ConnectionState
from core.models.staff import StaffBot
from core.rate_limit import Limit, Wait
from core.texts import Text

_SECONDS: Final = 10.0
_EAGER: Final = Limit(name="check", count=6, period=60, burst=3, is_full_when_forgotten=True)
_BLOCKS: Final = {
    "credential_refused": ConnectionState.CREDENTIAL_REFUSED,
    "account_blocked": ConnectionState.ACCOUNT_BLOCKED,
}
_UNREADABLE: Final = Text(
    "As credenciais guardadas não podem ser lidas: envie-as de novo.",
    "The stored credentials cannot be read: send them again.",
)

_NOT_MET: Final = Text(
    "O processo do grupo da equipe ainda não falou com este bot: ele está no ar (`masteria staff`)?",
    "The process of the staff group has not met this bot yet: is it up (`masteria staff`)?",
)
_CODES: Final[dict[str, str]] = {Problem.TOKEN: "credential_refused", Problem.UNREACHABLE: "no_answer"}

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    row: Connection
    code: str | None = None
    detail: Text | None = None

    @property
    def is_ok(self) -> bool:
        return self.code is None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failure:
    code: str
    detail: Text


async def check(floor: Floor, registry: Registry, principal: Principal, connection: ConnectionId) -> Checked:
    """Two transactions with the provider's answer between them: none waits for the outside."""
    async with floor.database.tenant_session(principal.company) as session:
        row = await connections.get(session, connection)
        opened = (await connections.open_lines(session, floor.ring, [connection])).get(connection)
        bot = await queries.bot_of(session, connection) if row.kind is ConnectionKind.TELEGRAM else None
    await _refuse_eager(floor, connection)
    if opened is None:
        answer: Health | _Failure = _Failure(code="unreadable", detail=_UNREADABLE)
    elif row.kind is ConnectionKind.TELEGRAM:
        answer = _as_its_process_says(bot)
    else:
        answer = await _ask(registry, row.kind, opened.line)
    async with floor.database.tenant_session(principal.company) as session:
        await _apply(session, row, answer)
        row = await connections.get(session, connection)
    if isinstance(answer, Health):
        return Checked(row=row)
    return Checked(row=row, code=answer.code, detail=answer.detail)


def _as_its_process_says(bot: StaffBot | None) -> Health | _Failure:
    """The staff process talks with Telegram all the time; this one does not know its library."""
    if bot is None or bot.heard_at is None:
        return _Failure(code="no_answer", detail=_NOT_MET)
    if bot.problem is not None:
        return _Failure(code=_CODES.get(bot.problem, bot.problem), detail=words_of(bot.problem) or _NOT_MET)
    return Health(detail={"username": bot.username, "heard_at": bot.heard_at.isoformat()})


async def _ask(registry: Registry, kind: ConnectionKind, line: Line) -> Health | _Failure:
    """Whatever the provider does wrong is the answer, not an error of ours."""
    try:
        return await registry.get(kind).check(line, Deadline.after(_SECONDS))
    except SendError as error:
        return _Failure(code=error.name, detail=error.detail)
    except (Unproven, CallFailed) as error:
        return _Failure(code="no_answer", detail=error.detail)
    except NotFound as error:
        return _Failure(code="no_channel", detail=error.detail)


async def _apply(session: TenantSession, tested: Connection, answer: Health | _Failure) -> None:
    """The provider had seconds to answer: of a connection that was changed meanwhile it says nothing."""
    connection, version = ConnectionId(tested.id), tested.updated_at
    row = await connections.hold(session, connection)
    if row.updated_at != version:
        log.info("check.outdated", connection=str(connection))
    elif isinstance(answer, Health):
        await connections.note_health(session, connection, answer)
        # Only what a provider took away it gives back: a device that must be paired is none of this.
        if row.state in _BLOCKS.values():
            await connections.set_state(session, connection, ConnectionState.ACTIVE, None)
    elif state := _BLOCKS.get(answer.code):
        await connections.set_state(session, connection, state, answer.code)


async def _refuse_eager(floor: Floor, connection: ConnectionId) -> None:
    try:
        answer = await rate_limit.take(floor.valkey, _EAGER, group=str(connection))
    except (Unavailable, Misconfigured) as error:
        log.warning("check.unlimited", error=type(error).__name__)
        return
    if isinstance(answer, Wait):
        raise TooMany(
            "Esta conexão acabou de ser testada: espere um pouco.",
            "This connection was tested just now: wait a little.",
            retry_after=answer.seconds,
        )
