"""A customer's topic: opened when somebody is needed, kept up while somebody is, closed with what it came to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid5

from admin_api.staff import cards, showing
from admin_api.staff.buttons import Buttons, Choice
from admin_api.staff.proposals import Proposals
from admin_api.staff.spots import Spot
from admin_api.staff.stores import desk, desk_told, lines, topics
from admin_api.staff.stores.desk import View
from admin_api.staff.stores.lines import Line
from admin_api.staff.stores.topics import Attended
from channels.inbound import BROKEN
from channels.telegram_staff.notes import Body, Card, CloseTopic, OpenTopic, Rows, Say
from channels.telegram_staff.rich import Rich, bold, quote
from channels.telegram_staff.rich import lines as stacked
from core.db.sessions import TenantSession
from core.ids import ConversationId, new_id
from core.logging import get_logger
from core.models.staff import NoteLane
from core.models.stream import Control
from core.texts import Language, Text

_MOST_LINES: Final = 30  # of one pass
_HISTORY: Final = 10
_LONGEST_NAME: Final = 120
_MOST_KNOWN: Final = 5000

log = get_logger(__name__)


@dataclass(slots=True)
class Topics:
    """One per process. It remembers which card it showed last, so that only another one is shown again."""

    buttons: Buttons
    _shown: dict[UUID, bytes] = field(default_factory=dict)

    async def open(self, session: TenantSession, group: UUID, conversation: ConversationId) -> UUID:
        """Its head is the card. What was said before its lines begin, and nobody saw there, is folded below it."""
        view = await desk.view(session, conversation)
        wanted = await topics.want(session, group, conversation, name=view.title[:_LONGEST_NAME])
        topic = wanted.topic
        if not wanted.opens:
            return topic.id
        spot = Spot(session=session, group=group, topic=topic.id)
        await spot.post(OpenTopic(name=topic.name), key=f"open:{new_id()}", lane=NoteLane.ALERT)
        self._shown.pop(topic.id, None)
        await self.renew_card(spot, view)
        told = await lines.before(session, group, conversation, seq=topic.shown_seq, most=_HISTORY)
        unseen = [line for line in told if line.seq > wanted.shown_before]
        if words := showing.history(unseen, view.language):
            folded = quote("\n".join(words), is_folded=True)
            head = bold(Text("Antes disso", "Before that").in_(view.language))
            await spot.post(Say(text=stacked(head, folded), is_silent=True), key=f"history:{new_id()}")
        return topic.id

    async def tend(self, spot: Spot, one: Attended, *, is_touched: bool) -> bool:
        """What was said since, what waits for a yes, the card, and the end of it. True: there is more to show."""
        is_behind = await self._show_lines(spot, one) if one.last_seq > one.shown_seq else False
        if not is_touched and one.needs_person and self.knows(one.topic):
            return is_behind
        view = await desk.view(spot.session, one.conversation)
        await Proposals(self.buttons).show(spot, view)
        await self.show_card(spot, view)
        if view.control in {Control.HUMAN, Control.COPILOT}:
            await spot.announce(view)
        if not one.needs_person and not is_behind:
            await self._close(spot, view)
        return is_behind

    def knows(self, topic: UUID) -> bool:
        """Whether its card was shown by this process."""
        return topic in self._shown

    async def show_card(self, spot: Spot, view: View) -> None:
        """Where it looks otherwise than it did. Another process may have shown it: then its last note tells."""
        uses = await desk.uses_of(spot.session, view.conversation, view.epoch)
        look = _look(view, uses)
        if self._shown.get(spot.topic) == look:
            return
        is_new_here = spot.topic not in self._shown
        if is_new_here and not uses and await desk_told.has_card(spot.session, spot.topic, _safely(view).text):
            self._remember(spot.topic, look)
            return
        await self.renew_card(spot, view, uses=uses)

    async def renew_card(self, spot: Spot, view: View, *, uses: int | None = None) -> None:
        """Edited in place, with fresh buttons; what waits to be shown is replaced."""
        if uses is None:
            uses = await desk.uses_of(spot.session, view.conversation, view.epoch)
        look, card = _look(view, uses), uuid5(spot.topic, f"{view.conversation}:{view.epoch}:{uses}")
        body = Card(text=_safely(view), buttons=await self._rows(spot, card, cards.choices(view)))
        lane = NoteLane.ALERT if view.control is Control.QUEUED else NoteLane.RELAY
        await spot.post(body, key=f"card:{new_id()}", lane=lane, slot=f"card:{spot.topic}")
        spot.session.after_commit(lambda: self._remember(spot.topic, look))

    def _remember(self, topic: UUID, look: bytes) -> None:
        self._shown[topic] = look
        while len(self._shown) > _MOST_KNOWN:
            del self._shown[next(iter(self._shown))]

    async def _rows(self, spot: Spot, card: UUID, choices: Iterable[Iterable[Choice]]) -> Rows:
        """Those of the card before hold as well: it is shown until Telegram has taken this one."""
        made = [[await self.buttons.make(spot.session, card, choice) for choice in row] for row in choices]
        return tuple(tuple(row) for row in made)

    async def _show_lines(self, spot: Spot, one: Attended) -> bool:
        told = await lines.since(spot.session, spot.group, one.conversation, seq=one.shown_seq, most=_MOST_LINES)
        language = await desk.language_of(spot.session)
        shown = one.shown_seq
        for line in told:
            if not line.is_ripe:
                break
            if showing.is_worth_showing(line):
                await spot.post(_shown_as(line, language), key=f"line:{line.id}:{spot.topic}")
            shown = line.seq
        await topics.note_shown(spot.session, spot.topic, shown)
        return shown < one.last_seq

    async def _close(self, spot: Spot, view: View) -> None:
        if not await topics.close(spot.session, spot.topic):
            return
        await spot.announce(view)
        await spot.post(CloseTopic(), key=f"close:{new_id()}")


def _look(view: View, uses: int) -> bytes:
    """A card of yesterday is shown again: its buttons do not live for ever."""
    return hashlib.sha256(f"{_safely(view).text}\0{view.epoch}\0{uses}\0{view.now.date()}".encode()).digest()


def _safely(view: View) -> Rich:
    """A brief of a shape that nobody foresaw must not keep people from the customer."""
    try:
        return cards.card(view)
    except BROKEN as error:
        log.warning("staff.card_not_shown", conversation=str(view.conversation), reason=type(error).__name__)
        return stacked(bold(view.person), cards.who_has_it(view))


def _shown_as(line: Line, language: Language) -> Body:
    """One line that cannot be shown does not hide those behind it."""
    try:
        return showing.body_of(line, language)
    except BROKEN as error:
        log.warning("staff.line_not_shown", message=str(line.id), reason=type(error).__name__)
        return showing.unshowable(line, language)
