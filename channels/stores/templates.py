"""Templates as the provider last told us of them, so that a send is checked, and a person is offered what fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from channels.base import KnownTemplate
from channels.policy import window_is_open
from core import clock
from core.db.sessions import TenantSession
from core.errors import Conflict, NotFound
from core.ids import ConnectionId, ConversationId, new_id
from core.models.outbox import MessageTemplate
from core.models.people import Connection, ConnectionKind
from core.models.stream import Conversation
from core.texts import Text

APPROVED: Final = "APPROVED"
WITH_WINDOW: Final = frozenset({ConnectionKind.WHATSAPP})  # where free text needs a customer who wrote within a day
_MOST_NAMED: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Usable:
    """A template that may be sent, as a person chooses it."""

    name: str
    language: str
    category: str


async def replace_all(session: TenantSession, connection: ConnectionId, known: Sequence[KnownTemplate]) -> None:
    """What the provider does not list any more is gone."""
    listed = {(template.name, template.language): template for template in known}
    gone = MessageTemplate.connection_id == connection
    if listed:
        row = insert(MessageTemplate).values([_row(session, connection, template) for template in listed.values()])
        fresh = ("provider_id", "status", "category", "quality", "components", "synced_at")
        changed = {name: row.excluded[name] for name in fresh}
        same = ["tenant_id", "connection_id", "name", "language"]
        await session.execute(row.on_conflict_do_update(index_elements=same, set_=changed))
        gone &= tuple_(MessageTemplate.name, MessageTemplate.language).not_in(listed)
    await session.execute(delete(MessageTemplate).where(gone))


async def note_status(session: TenantSession, connection: ConnectionId, *, provider_id: str, status: str) -> bool:
    """News of one of them. False: we do not know it yet, the next look at the list will tell."""
    known = (MessageTemplate.connection_id == connection) & (MessageTemplate.provider_id == provider_id)
    done = await session.execute(
        update(MessageTemplate).where(known).values(status=status).returning(MessageTemplate.id)
    )
    return bool(done.all())


async def usable(session: TenantSession, connection: ConnectionId) -> list[MessageTemplate]:
    """Those that may be sent now, by name."""
    may_be_sent = (MessageTemplate.connection_id == connection) & (MessageTemplate.status == APPROVED)
    ordered = select(MessageTemplate).where(may_be_sent).order_by(MessageTemplate.name, MessageTemplate.language)
    return list(await session.scalars(ordered))


class WindowClosed(Conflict):
    """Free text would not arrive. `usable` is what may be sent instead."""

    title = Text("Janela de 24 horas fechada", "The 24-hour window is closed")

    def __init__(self, usable: Sequence[Usable]) -> None:
        super().__init__(_in_portuguese(usable), _in_english(usable))
        self.usable = tuple(usable)


async def refuse_closed_window(session: TenantSession, conversation: ConversationId) -> None:
    """For whoever writes to a person: free text outside the window is refused at once, with what may be sent instead.

    At the moment of sending it is judged again.
    """
    found = await session.execute(
        select(Conversation.connection_id, Conversation.last_inbound_at, Connection.kind, func.app_now().label("now"))
        .join(Connection, Connection.id == Conversation.connection_id)
        .where(Conversation.id == conversation)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("Esta conversa não existe.", "This conversation does not exist.")
    if row.kind in WITH_WINDOW and not window_is_open(row.last_inbound_at, row.now):
        raise WindowClosed([_usable(template) for template in await usable(session, ConnectionId(row.connection_id))])


def _in_portuguese(usable: Sequence[Usable]) -> str:
    closed = "Passaram 24 h da última mensagem da pessoa"
    if not usable:
        return f"{closed}, e esta conexão não tem modelo aprovado: crie um no painel do provedor."
    return f"{closed}: use um modelo aprovado ({_names(usable)})."


def _in_english(usable: Sequence[Usable]) -> str:
    closed = "24 hours have passed since the person wrote"
    if not usable:
        return f"{closed}, and this connection has no approved template: make one in the provider's panel."
    return f"{closed}: use an approved template ({_names(usable)})."


def _names(usable: Sequence[Usable]) -> str:
    names = [f"{one.name} [{one.language}]" for one in usable]
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")


def _usable(template: MessageTemplate) -> Usable:
    return Usable(name=template.name, language=template.language, category=template.category)


def _row(session: TenantSession, connection: ConnectionId, template: KnownTemplate) -> dict[str, Any]:
    return {
        "tenant_id": session.tenant_id,
        "id": new_id(),
        "connection_id": connection,
        "provider_id": template.provider_id,
        "name": template.name,
        "language": template.language,
        "status": template.status,
        "category": template.category,
        "quality": template.quality,
        "components": [dict(component) for component in template.components],
        "synced_at": clock.now(),
    }
