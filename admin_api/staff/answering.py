"""An answer becomes what is posted: where it was asked for, once for each thing that was typed or pressed."""

import hashlib
from typing import Final, NamedTuple
from uuid import UUID

from admin_api.staff.asking import Answer, Ask, Picture
from admin_api.staff.buttons import Buttons
from admin_api.staff.stores import chats, notes
from admin_api.staff.stores.notes import NewNote
from channels.telegram_staff.notes import NOTHING, Body, Change, Rows, Say, Show
from channels.telegram_staff.rich import LONGEST_CAPTION, Rich, units
from core.ids import new_id
from core.models.staff import NoteLane
from core.models.stream import MessageKind
from core.objects import Label, ObjectKey
from core.storage import Storage

_KIND: Final = "staff"
_PNG: Final = "image/png"


class _Target(NamedTuple):
    """As a note names them."""

    group: UUID | None
    topic: UUID | None
    person: UUID | None


class Speaker:
    def __init__(self, buttons: Buttons, storage: Storage) -> None:
        self._buttons = buttons
        self._storage = storage

    async def say(self, ask: Ask, answer: Answer, *, is_press: bool = False) -> None:
        """Nothing where there is neither text nor picture: then the toast is all."""
        to = await _target(ask, answer)
        rows = await self._rows(ask, answer)
        if answer.picture is not None:
            await self._show(ask, answer, answer.picture, rows=rows, to=to)
        elif answer.text:
            await _post(ask, _body(ask, answer, rows, is_press=is_press), to)

    async def warn(self, ask: Ask, told: str) -> None:
        await _post(ask, Say(text=Rich(f"✋ {told}"), reply_to=ask.place.message_id or None), _place(ask))

    async def _show(self, ask: Ask, answer: Answer, picture: Picture, *, rows: Rows, to: _Target) -> None:
        """The picture with its words; where these are too many for a caption, they follow it."""
        fits = units(answer.text.text) <= LONGEST_CAPTION
        name = f"{hashlib.sha256(ask.key.encode()).hexdigest()[:40]}.png"
        key = ObjectKey(company=ask.session.tenant_id, kind=_KIND, name=name)
        await self._storage.put(key, picture.png, label=Label(content_type=_PNG))
        shown = Show(
            storage_key=key.path,
            kind=MessageKind.IMAGE,
            mime=_PNG,
            filename=picture.name,
            caption=answer.text if fits else NOTHING,
            buttons=rows if fits else (),
            reply_to=ask.place.message_id or None,
            is_passing=True,
        )
        await _post(ask, shown, to, what="picture")
        if not fits:
            await _post(ask, Say(text=answer.text, buttons=rows), to)

    async def _rows(self, ask: Ask, answer: Answer) -> Rows:
        """Of one card: who presses one of them has pressed all."""
        card = new_id()
        made = [[await self._buttons.make(ask.session, card, choice) for choice in row] for row in answer.choices]
        return tuple(tuple(row) for row in made if row)


async def _target(ask: Ask, answer: Answer) -> _Target:
    if answer.is_general and ask.place.group is not None:
        return _Target(group=ask.place.group, topic=None, person=None)
    if answer.is_private and ask.place.group is not None and await chats.has_chat(ask.session, ask.asker.person):
        return _Target(group=None, topic=None, person=ask.asker.person)
    return _place(ask)


def _place(ask: Ask) -> _Target:
    if ask.place.group is None:
        return _Target(group=None, topic=None, person=ask.asker.person)
    return _Target(group=ask.place.group, topic=ask.place.about.topic if ask.place.about else None, person=None)


def _body(ask: Ask, answer: Answer, rows: Rows, *, is_press: bool) -> Body:
    message = ask.place.message_id
    if answer.is_general and ask.place.about is not None:
        return Say(text=answer.text, buttons=rows)
    if is_press and answer.replaces and message:
        return Change(message_id=message, text=answer.text, buttons=rows)
    return Say(text=answer.text, buttons=rows, reply_to=message or None)


async def _post(ask: Ask, body: Body, to: _Target, *, what: str = "answer") -> None:
    await notes.post(
        ask.session,
        NewNote(
            key=f"{ask.key}:{what}",
            body=body,
            lane=NoteLane.ANSWER,
            group=to.group,
            topic=to.topic,
            person=to.person,
        ),
    )
