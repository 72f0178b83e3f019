"""Customers who wait for a person: rung for one by one, told together where many wait, else told by another way."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from admin_api.staff.amounts import age, moment
from admin_api.staff.reasons import in_words
from admin_api.staff.spots import Spot
from admin_api.staff.stores import desk, desk_told, notes, people, topics
from admin_api.staff.stores.desk import InLine, View
from admin_api.staff.stores.desk_told import Untold
from admin_api.staff.stores.notes import NewNote
from admin_api.staff.stores.whereabouts import link_to
from channels.telegram_staff.notes import Say
from channels.telegram_staff.rich import Rich, bold, lines, link
from core import clock
from core.db.sessions import TenantSession
from core.ids import ConversationId
from core.models.staff import NoteLane, StaffGroup
from core.models.stream import Control
from core.texts import Language, Text
from graphs.stores import handoffs

_DIGEST_FROM: Final = 3  # so many waiting are told together, unless the group wants it otherwise
_MOST_NAMED: Final = 15
_EACH: Final = 120  # seconds: a digest at most so often
_SETTING: Final = "digest_from"


async def note_told(session: TenantSession, group: StaffGroup) -> None:
    """What Telegram has taken, people have been told."""
    if shown := await desk_told.shown(session, group.id):
        await handoffs.told(session, shown)


async def ring(spot: Spot, group: StaffGroup, conversation: ConversationId) -> bool:
    """An edited card rings no bell: whoever waits again is said in their topic. True: the digest has to say it."""
    topic = await topics.get(spot.session, spot.topic)
    view = await desk.view(spot.session, conversation)
    waiting = view.waiting
    if view.control is not Control.QUEUED or waiting is None or waiting.told_at or topic.card_message_id is None:
        return False
    if await is_crowded(spot.session, group):
        return True
    why = in_words(waiting.reason, view.language)
    words = Text(f" está esperando: {why}.", f" is waiting: {why}.").in_(view.language)
    said = Say(text="🔔 " + bold(view.person) + words)
    await spot.post(said, key=f"ring:{waiting.id}:{view.epoch}", lane=NoteLane.ALERT)
    return False


async def is_crowded(session: TenantSession, group: StaffGroup) -> bool:
    at_least = group.settings.get(_SETTING, _DIGEST_FROM)
    return bool(at_least) and await topics.count_waiting(session) >= int(at_least)


async def digest(session: TenantSession, group: StaffGroup, language: Language) -> None:
    """One message for all who wait, in the General; while it waits to be said, it is replaced by a newer one."""
    waiting = await desk.in_line(session, group.id, most=_MOST_NAMED)
    if not waiting:
        return
    now = clock.now()
    count = await topics.count_waiting(session)
    head = Text(f"🔔 {count} pessoas esperando atendimento", f"🔔 {count} people are waiting").in_(language)
    more = count - len(waiting)
    rest = Text(f"… e mais {more}", f"… and {more} more").in_(language) if more > 0 else None
    named = (_named(one, group.chat_id, language, age(now - one.since, language)) for one in waiting)
    said = Say(text=lines(bold(head), *named, rest))
    window = int(now.timestamp()) // _EACH
    was_said = await desk_told.has(session, f"digest:{group.id}:{window}")
    if was_said:  # whoever came since is told with the next one
        window += 1
    new = NewNote(
        key=f"digest:{group.id}:{window}",
        body=said,
        lane=NoteLane.ALERT,
        group=group.id,
        slot=f"digest:{group.id}",
        not_before=datetime.fromtimestamp(window * _EACH, UTC) if was_said else None,
    )
    await notes.post(session, new)


async def raise_alarm(session: TenantSession) -> list[UUID]:
    """A minute, and nobody was told: then by another way, to those who look after the group, once for each.

    Gives all of whom even so nobody may know: there is nobody who could be told.
    """
    chiefs = await people.chiefs(session)
    untold = await desk_told.untold(session, to=chiefs[0].person if chiefs else None)
    for one in untold:
        view = await desk.view(session, one.conversation)
        for chief in chiefs:
            said, key = Say(text=_untold(one, view)), f"{one.key}:{chief.person}"
            await notes.post(session, NewNote(key=key, body=said, lane=NoteLane.ALERT, person=chief.person))
    return [one.handoff for one in untold]


async def late(spot: Spot, view: View, *, kind: str, to: str | None, key: str) -> None:
    """Nobody was there in time: said in the topic, and from the second time on to those who look after the group."""
    since = view.waiting.since if view.waiting else view.since
    span = age(view.now - since, view.language)
    if view.control is Control.QUEUED:
        words = Text(f" espera há {span} e ninguém assumiu.", f" has waited for {span}, and nobody took it.")
    else:
        name = view.assignee_name or Text("a equipe", "the team").in_(view.language)
        words = Text(f" espera resposta de {name} há algum tempo.", f" has been waiting for an answer of {name}.")
    said = Say(text="⏰ " + bold(view.person) + words.in_(view.language))
    await spot.post(said, key=key, lane=NoteLane.ALERT)
    if kind != "escalate":
        return
    queue = Text(f" (fila {to})", f" (queue {to})").in_(view.language) if to else ""
    for chief in await people.chiefs(spot.session):
        note = NewNote(
            key=f"{key}:{chief.person}", body=Say(text=said.text + queue), lane=NoteLane.ALERT, person=chief.person
        )
        await notes.post(spot.session, note)


def _named(one: InLine, chat: int, language: Language, span: str) -> Rich:
    name = one.name or Text("Cliente", "Customer").in_(language)
    address = link_to(chat, one.thread)
    return "• " + (link(name, address) if address else Rich(name)) + f" ({span})"


def _untold(one: Untold, view: View) -> Rich:
    name = one.name or Text("Um cliente", "A customer").in_(view.language)
    at = moment(view.local(one.since), view.language)
    told = Text(
        f" pediu uma pessoa ({at}) e o grupo da equipe não recebeu o aviso. Atenda pela API ou confira o grupo.",
        f" asked for a person ({at}), and the staff group was not told. Use the API, or look after the group.",
    )
    return "⚠️ " + bold(name) + told.in_(view.language)
