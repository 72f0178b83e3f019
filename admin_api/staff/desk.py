"""What people of the group do with a conversation: take it, pass it on, give it back, end it. Under its lock, once."""

from dataclasses import dataclass, replace

from admin_api.staff.asking import Ask
from admin_api.staff.cards import CATEGORIES, who_has_it
from admin_api.staff.spots import OUTSIDE, Spot, spot_of
from admin_api.staff.stores import desk as store
from admin_api.staff.stores import lines, notes
from admin_api.staff.stores.desk import Colleague, View
from admin_api.staff.stores.notes import NewNote
from channels.telegram_staff.notes import Say
from channels.telegram_staff.rich import bold
from core.db.sessions import TenantSession
from core.errors import Malformed
from core.ids import ConversationId
from core.models.staff import NoteLane
from core.models.stream import Control
from core.texts import Language, Text
from graphs import control
from graphs.control import Wanted
from graphs.handoff import Source
from graphs.stores import handoffs


@dataclass(frozen=True, kw_only=True, slots=True)
class Hand:
    """A person of the company with their hand on a conversation, which is locked until the commit."""

    ask: Ask
    spot: Spot
    view: View

    @property
    def name(self) -> str:
        return self.ask.asker.name

    async def change(self, wanted: Wanted, words: Text) -> View:
        """On record as theirs, and said in the topic once."""
        await control.change(self.spot.session, self.view.conversation, wanted)
        after = await store.view(self.spot.session, self.view.conversation)
        if after.epoch != self.view.epoch:
            await self.spot.announce(after, words)
        return after

    def wanted(self, to: Control) -> Wanted:
        """Against what is seen here and now, under the lock."""
        return Wanted(to=to, by=self.ask.asker.actor, seen=self.view.epoch, source=Source.STAFF)


async def lay_hand(ask: Ask) -> Hand:
    about = ask.place.about
    if about is None:
        raise Malformed(*OUTSIDE)
    spot = spot_of(ask)
    await lines.hold(ask.session, about.conversation)
    return Hand(ask=ask, spot=spot, view=await store.view(ask.session, about.conversation))


def is_anothers(hand: Hand) -> bool:
    """Somebody else of the company has it."""
    view = hand.view
    return view.control is Control.HUMAN and view.assignee not in {None, hand.ask.asker.user}


def is_theirs(hand: Hand) -> bool:
    return hand.view.control is Control.HUMAN and hand.view.assignee == hand.ask.asker.user


async def take(hand: Hand) -> None:
    words = Text(f"✋ {hand.name} assumiu.", f"✋ {hand.name} took it.")
    await hand.change(hand.wanted(Control.HUMAN), words)


async def pass_to(hand: Hand, colleague: Colleague) -> None:
    """They are told in private too, where they have ever written to the bot."""
    words = Text(f"➡️ {hand.name} transferiu para {colleague.name}.", f"➡️ {hand.name} passed it to {colleague.name}.")
    await hand.change(replace(hand.wanted(Control.HUMAN), user=colleague.user), words)
    if colleague.has_chat and colleague.user != hand.ask.asker.user:
        told = Text(" foi transferido para você por ", " was passed to you by ").in_(hand.view.language)
        said = Say(text=bold(hand.view.person) + told + hand.name)
        key = f"passed:{hand.ask.key}"
        await notes.post(hand.spot.session, NewNote(key=key, body=said, lane=NoteLane.ALERT, person=colleague.person))


async def put_in(hand: Hand, queue: str) -> None:
    words = Text(f"➡️ {hand.name} passou para a fila {queue}.", f"➡️ {hand.name} put it in queue {queue}.")
    await hand.change(replace(hand.wanted(Control.QUEUED), queue=queue), words)


async def resolve(hand: Hand, category: str, note: str) -> None:
    """What the customer writes next opens another conversation."""
    label = CATEGORIES[category]
    told = f" {note}" if note else ""
    words = Text(f"✅ {hand.name} encerrou: {label.pt}.{told}", f"✅ {hand.name} closed it: {label.en}.{told}")
    await handoffs.conclude(hand.spot.session, hand.view.conversation, category=category, note=note)
    await hand.change(replace(hand.wanted(Control.CLOSED), reason=category), words)


async def give_back(hand: Hand, note: str) -> None:
    told = f" {note}" if note else ""
    words = Text(f"🤖 {hand.name} devolveu ao bot.{told}", f"🤖 {hand.name} gave it back to the bot.{told}")
    await hand.change(replace(hand.wanted(Control.BOT), reason=note), words)


async def demands_note(hand: Hand) -> bool:
    is_held = hand.view.control is Control.HUMAN
    return is_held and await handoffs.demands_note(hand.spot.session, hand.view.conversation)


async def standing(session: TenantSession, conversation: ConversationId, language: Language) -> str:
    """Who has it, in one line: for whoever came second."""
    return who_has_it(replace(await store.view(session, conversation), language=language))
