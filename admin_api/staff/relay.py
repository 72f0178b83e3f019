"""What people of the company say in a customer's topic: sent to the customer, kept as a note, or done.

Nothing of it is sent that was forwarded, that is a command, or that comes from somebody who may only look on.
"""

from dataclasses import dataclass
from uuid import UUID

from admin_api.staff import answers, carrying, desk, inner, teaching, ticks
from admin_api.staff.asking import Ask
from admin_api.staff.cards import who_has_it
from admin_api.staff.carrying import Cargo
from admin_api.staff.desk import Hand
from admin_api.staff.desk_words import PREFIX, note_in, worded_in
from admin_api.staff.dispatch import Dispatch, Request
from admin_api.staff.heard import Heard
from admin_api.staff.roles import too_weak
from admin_api.staff.spots import spot_of
from admin_api.staff.stores import lines, profiles, settings
from admin_api.staff.stores.lines import NewLine
from channels.contents import Reaction
from channels.stores import media as files
from channels.stores import outbox, templates
from channels.stores.outbox import NewOutbound
from channels.telegram_staff.notes import React, Say
from channels.telegram_staff.rich import Rich
from channels.telegram_staff.updates import Reacted, Said, TopicChanged
from core import audit
from core.errors import Conflict
from core.floor import Floor
from core.ids import MessageId
from core.models.outbox import Purpose
from core.models.people import Role
from core.models.staff import LineKind, NoteLane
from core.models.stream import Control, MessageKind
from core.storage import Storage
from core.texts import Text
from graphs import drafts, effects


@dataclass(frozen=True, kw_only=True, slots=True)
class Relay:
    floor: Floor
    storage: Storage
    dispatch: Dispatch

    async def said(self, heard: Heard, said: Said) -> None:
        ask = heard.ask(self.floor, self.storage)
        if not ask.asker.may(Role.AGENT):
            raise too_weak(ask.asker.role, Role.AGENT)
        if said.is_forwarded or said.via_bot:
            raise Conflict(
                "Mensagem encaminhada não vai para o cliente: copie e cole o texto, ou envie o arquivo de novo.",
                "What was forwarded is not sent: paste the text, or send the file yourself.",
            )
        group = ask.place.group
        prefix = (await settings.of_group(ask.session, group)).get("prefix", PREFIX) if group else PREFIX
        if (note := note_in(said.text, str(prefix))) is not None:
            return await _note_down(ask, said, note)
        if await inner.continues(ask, said):
            return await _mark(ask)  # it goes nowhere, and that is shown
        if (key := await answers.asked_of(ask, said)) is not None:
            return await _answered(ask, key, said)
        _refuse_slash(said)
        if (worded := await worded_in(ask, said.text)) is not None and said.file is None:
            request = Request(asker=heard.asker, place=heard.place, key=heard.key)
            await self.dispatch.do(ask.session, request, worded.action, arguments=worded.arguments)
            return None
        return await _relay(ask, said)

    async def edited(self, heard: Heard, said: Said) -> None:
        """No channel of ours can change what has left: whoever edits a line has to know it."""
        ask = heard.ask(self.floor, self.storage)
        line = await lines.written_as(ask.session, _group(ask), said.message_id)
        if line is None or line.kind is not LineKind.SENT:
            return
        words = Text(
            "A sua edição não chega ao cliente: este canal não edita o que já saiu. Mande uma correção.",
            "Your edit does not reach the customer: this channel cannot change what has left. Send a correction.",
        )
        await _answer(ask, words)

    async def reacted(self, heard: Heard, reacted: Reacted) -> None:
        """Of whoever has the conversation: others react among themselves."""
        ask = heard.ask(self.floor, self.storage)
        line = await lines.written_as(ask.session, _group(ask), reacted.message_id)
        if line is None or line.said_id is None or line.kind is LineKind.CARD or not ask.asker.may(Role.AGENT):
            return
        hand = await desk.lay_hand(ask)
        target = await lines.provider_id_of(ask.session, line.said_id)
        if target is None or not (desk.is_theirs(hand) or hand.view.control is Control.COPILOT):
            return
        carrying.refuse_unfit(hand.view.kind, MessageKind.REACTION)
        await _refuse_unheard(hand)
        new = NewOutbound(
            conversation=hand.view.conversation,
            intent=f"staff:{hand.spot.group}:{reacted.message_id}:{ask.key}",
            content=Reaction(target=target, emoji=reacted.signs[-1] if reacted.signs else ""),
            purpose=Purpose.STAFF,
        )
        await outbox.queue(ask.session, new)

    async def changed(self, heard: Heard, change: TopicChanged) -> None:
        """Closed or renamed by hand, it stays what it is to us: what is said in it next opens it again."""


def _refuse_slash(said: Said) -> None:
    """Telegram did not tell us that it is a command: it was pasted as code, or mistyped."""
    words = said.text.lstrip()
    if words.startswith("/") and not words.startswith("//"):
        raise Conflict(
            "Não enviei: o que começa com barra é um comando. Se é para o cliente, comece com outra palavra.",
            "Not sent: what begins with a slash is a command. For the customer, begin with another word.",
        )


async def _relay(ask: Ask, said: Said) -> None:
    hand = await desk.lay_hand(ask)
    _refuse_others(hand)
    cargo = carrying.cargo_of(said, ask.place.attached, hand.view.kind)
    await _refuse_unheard(hand)
    if not desk.is_theirs(hand):
        await desk.take(hand)  # whoever writes answers from now on, also where a bot drafts
    intent = f"staff:{hand.spot.group}:{ask.place.message_id}"
    news = [
        NewOutbound(
            conversation=hand.view.conversation,
            intent=f"{intent}:{number}" if number else intent,
            content=content,
            purpose=Purpose.STAFF,
            reply_to=await _quoted(ask) if number == 0 else None,
        )
        for number, content in enumerate(cargo.contents)
    ]
    queued = await outbox.queue_many(ask.session, news)
    for number, message in enumerate(queued):
        if message is not None:
            await _keep(ask, hand, cargo if number == 0 else None, message)
    if queued and queued[0] is not None and said.text.strip():
        await teaching.offer(ask, queued[0])


async def _keep(ask: Ask, hand: Hand, cargo: Cargo | None, message: MessageId) -> None:
    """The file lies in our storage already; from here on it is the message's."""
    if cargo is not None and cargo.file is not None and cargo.media is not None and cargo.file.storage_key is not None:
        file = files.OurFile(
            id=cargo.media,
            message=message,
            connection=hand.view.connection,
            kind=cargo.file.kind,
            key=cargo.file.storage_key,
            mime=cargo.file.mime or "application/octet-stream",
            size=cargo.file.size or 0,
            sha256=cargo.file.sha256,
            filename=cargo.file.name,
        )
        await files.keep_ours(ask.session, file)
    line = NewLine(
        group=hand.spot.group,
        message=ask.place.message_id,
        topic=hand.spot.topic,
        kind=LineKind.SENT,
        person=ask.asker.person,
        said=message,
    )
    await lines.keep(ask.session, line)


def _refuse_others(hand: Hand) -> None:
    """Two who answer one customer contradict each other."""
    if hand.view.control is Control.CLOSED:
        raise Conflict(
            "Não enviei: esta conversa foi encerrada. Quando a pessoa escrever, abre-se outra.",
            "Not sent: this conversation was closed. When the person writes, another one opens.",
        )
    if desk.is_anothers(hand):
        who = who_has_it(hand.view)
        raise Conflict(
            f"Não enviei: {who} Para responder, escreva: aceitar. Para anotar sem enviar: // texto",
            f"Not sent: {who} To answer, write: accept. To note something without sending it: // text",
        )


async def _refuse_unheard(hand: Hand) -> None:
    """What would be stopped on its way is said at once, with what may be sent instead."""
    if hand.view.hears_nothing:
        raise Conflict(
            "Não enviei: a pessoa pediu para não receber mensagens e não escreveu depois disso.",
            "Not sent: the person asked not to be written to, and has not written since.",
        )
    await templates.refuse_closed_window(hand.spot.session, hand.view.conversation)


async def _quoted(ask: Ask) -> str | None:
    """The provider's name of what is answered. What is on its way has none yet: then it is an answer to nothing."""
    replied = ask.place.replied
    if replied is None or replied.said_id is None or replied.kind is LineKind.CARD:
        return None
    return await lines.provider_id_of(ask.session, replied.said_id)


async def _answered(ask: Ask, key: str, said: Said) -> None:
    """A draft is edited by answering it with other words, an effect refused by `recusar: motivo`."""
    if said.file is not None:
        raise Conflict(
            "Um arquivo não pode responder a isto: nada foi enviado. Mande o arquivo sem responder a esta mensagem.",
            "A file cannot be an answer to this: nothing was sent. Send the file without replying to this message.",
        )
    words = said.text.strip()
    kind, _, subject = key.partition(":")
    if kind == "draft":
        _refuse_slash(said)
        await drafts.send_edited(ask.session, UUID(subject), [answers.other_words(words)], by=ask.asker.actor)
    else:
        reason = answers.refusal(words)
        await effects.reject(ask.session, UUID(subject), by=ask.asker.actor, reason=reason)
        await _answer(ask, Text(f"Recusado: {reason}", f"Refused: {reason}"), sign="❌")
    await _mark(ask)


async def _note_down(ask: Ask, said: Said, words: str) -> None:
    """Kept with the contact, never sent, nor what comes with it. Others of the company read it there as well."""
    hand = await desk.lay_hand(ask)
    if not words and said.file is None:
        raise Conflict("Escreva a nota depois do sinal: // texto", "Write the note after the mark: // text")
    if words:
        view = hand.view
        note = await profiles.note(ask.session, view.contact, words, conversation=view.conversation, by=ask.asker.user)
        audit.record(ask.session, ask.asker.actor, "contact.noted", subject=view.contact, detail={"note": str(note)})
    line = NewLine(
        group=hand.spot.group,
        message=ask.place.message_id,
        topic=hand.spot.topic,
        kind=LineKind.INNER,
        person=ask.asker.person,
    )
    await lines.keep(ask.session, line)
    await inner.begin(ask, said)
    if said.file is not None:
        only_words = Text(
            "Arquivo e nota ficam só entre vocês: nada foi enviado. Na ficha do cliente ficam só as palavras.",
            "File and note stay among yourselves: nothing was sent. Only the words are kept with the contact.",
        )
        await _answer(ask, only_words, sign="✍")
    await _mark(ask)


async def _mark(ask: Ask) -> None:
    """It stays among the people of the company."""
    marked = React(message_id=ask.place.message_id, sign=ticks.INNER)
    await spot_of(ask).post(marked, key=f"{ask.key}:mark", lane=NoteLane.NEWS)


async def _answer(ask: Ask, words: Text, *, sign: str = "✋") -> None:
    said = Say(text=Rich(f"{sign} {ask.say(words)}"), reply_to=ask.place.message_id)
    await spot_of(ask).post(said, key=f"{ask.key}:answer", lane=NoteLane.ANSWER)


def _group(ask: Ask) -> UUID:
    if ask.place.group is None:
        raise ValueError("a line that was said in no group")
    return ask.place.group
