"""A place in the group where things about one customer are said."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from admin_api.staff.asking import Ask
from admin_api.staff.stores import notes
from admin_api.staff.stores.desk import View
from admin_api.staff.stores.notes import NewNote
from channels.telegram_staff.notes import Body, Say
from channels.telegram_staff.rich import Rich
from core.db.sessions import TenantSession
from core.errors import Malformed
from core.models.staff import NoteLane
from core.models.stream import Control
from core.texts import Text

OUTSIDE: Final = Text("Use isto no tópico de um cliente.", "Use this in a customer's topic.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """Where things about one customer are said."""

    session: TenantSession
    group: UUID
    topic: UUID

    async def post(self, body: Body, *, key: str, lane: NoteLane = NoteLane.RELAY, slot: str | None = None) -> bool:
        new = NewNote(key=key, body=body, lane=lane, group=self.group, topic=self.topic, slot=slot)
        return await notes.post(self.session, new)

    async def announce(self, view: View, words: Text | None = None) -> None:
        """Who has it from now on, said once for each change, by whoever is first to know how to say it."""
        told = words.in_(view.language) if words else _standing_in_words(view)
        if told:
            await self.post(
                Say(text=Rich(told)),
                key=f"stands:{view.conversation}:{view.epoch}",
                lane=NoteLane.ANSWER if words else NoteLane.RELAY,
            )


def spot_of(ask: Ask) -> Spot:
    """Where it was asked."""
    about, group = ask.place.about, ask.place.group
    if about is None or group is None:
        raise Malformed(*OUTSIDE)
    return Spot(session=ask.session, group=group, topic=about.topic)


def _standing_in_words(view: View) -> str | None:
    name = view.assignee_name
    told = {
        Control.BOT: Text("🤖 O bot voltou a atender.", "🤖 The bot answers again."),
        Control.CLOSED: Text("✅ Conversa encerrada.", "✅ The conversation was closed."),
        Control.COPILOT: Text("🔵 O bot rascunha, a equipe envia.", "🔵 The bot drafts, people send."),
    }.get(view.control)
    if view.control is Control.HUMAN:
        if name:
            told = Text(f"✋ {name} assumiu.", f"✋ {name} took it.")
        elif view.reason == "echo":
            told = Text(
                "📱 Alguém respondeu pelo celular da empresa: o bot está em silêncio.",
                "📱 Somebody answered from the business's phone: the bot is silent.",
            )
        else:
            told = Text("✋ Alguém da equipe assumiu fora do grupo.", "✋ Somebody took it outside this group.")
    return told.in_(view.language) if told else None
