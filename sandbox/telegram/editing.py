"""The methods that change what stands in a chat: edits, deletions, pins, reactions."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.telegram.access import has_right, message_in, opened
from sandbox.telegram.asking import Ask, Deed, Method, Reach, Table, table
from sandbox.telegram.attachments import CAPTIONED
from sandbox.telegram.book import Act, Done
from sandbox.telegram.chats import Chat, Kind, Message
from sandbox.telegram.drafts import checked_caption, input_media, text_draft
from sandbox.telegram.entities import caption_of, told
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import keyboard_of
from sandbox.telegram.members import Permission, Right
from sandbox.telegram.office import Office
from sandbox.telegram.reactions import checked_reactions
from sandbox.telegram.wire import Json

_DELETABLE_FOR: Final = 48 * 3600
_MOST_DELETED: Final = 100
_UNCHANGED: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


class Editing:
    def __init__(self, office: Office) -> None:
        self._office = office

    def table(self) -> Table:
        return table(
            Method("editMessageText", Reach.CHANGE, self._text),
            Method("editMessageCaption", Reach.CHANGE, self._caption),
            Method("editMessageMedia", Reach.CHANGE, self._media),
            Method("editMessageReplyMarkup", Reach.CHANGE, self._markup),
            Method("deleteMessage", Reach.CHANGE, self._delete),
            Method("deleteMessages", Reach.CHANGE, self._delete_several),
            Method("pinChatMessage", Reach.CHANGE, self._pin),
            Method("unpinChatMessage", Reach.CHANGE, self._unpin),
            Method("unpinAllChatMessages", Reach.CHANGE, self._unpin_all),
            Method("setMessageReaction", Reach.CHANGE, self._react),
        )

    def _text(self, ask: Ask) -> Deed:
        chat, message = self._own(ask)
        if message.kind != "text":
            raise bad_request("there is no text in the message to edit")
        return self._edited(ask, chat, message, text_draft(ask).content)

    def _caption(self, ask: Ask) -> Deed:
        chat, message = self._own(ask)
        if message.kind not in CAPTIONED:
            raise bad_request("there is no caption in the message to edit")
        kept = {name: value for name, value in message.content.items() if not name.startswith("caption")}
        return self._edited(ask, chat, message, kept | told(checked_caption(caption_of(ask.told)), "caption"))

    def _media(self, ask: Ask) -> Deed:
        chat, message = self._own(ask)
        if message.kind not in CAPTIONED:
            raise bad_request("there is no media in the message to edit")
        media = ask.told.json("media", "input media")
        if media is None:
            raise bad_request('parameter "media" is required')
        draft = input_media(ask, media, self._office.shelf)
        return self._edited(ask, chat, message, draft.content, kind=draft.kind, sha256=draft.sha256)

    def _markup(self, ask: Ask) -> Deed:
        chat, message = self._own(ask)
        return self._edited(ask, chat, message, message.content)

    def _own(self, ask: Ask) -> tuple[Chat, Message]:
        if "chat_id" not in ask.told:
            raise bad_request("message identifier is not specified")
        chat = opened(self._office, ask)
        message = message_in(chat, ask, "message to edit")
        if message.sender.id != ask.bot.id or message.is_service or message.origin is not None:
            raise bad_request("message can't be edited")
        return chat, message

    def _edited(self, ask: Ask, chat: Chat, message: Message, content: Json, **more: str | None) -> Deed:
        markup = keyboard_of(ask.told, is_private=chat.kind is Kind.PRIVATE)
        if content == message.content and markup == message.markup:
            raise bad_request(_UNCHANGED)
        if self._office.flood.settings.edits_count:
            self._office.flood.take(ask.bot.id, chat)

        def edit() -> Json:
            message.content, message.markup, message.edit_date = content, markup, self._office.now()
            message.kind = more.get("kind") or message.kind
            self._office.chats.touch(message)
            self._record(ask, Act.EDIT, chat, message, sha256=more.get("sha256"))
            return chat.told(message)

        return edit

    def _delete(self, ask: Ask) -> Deed:
        if not ask.told.whole("message_id"):
            raise bad_request("message identifier is not specified")
        chat = opened(self._office, ask)
        message = message_in(chat, ask, "message to delete")
        self._check_deletable(ask, chat, message)
        return lambda: self._gone(ask, chat, [message])

    def _delete_several(self, ask: Ask) -> Deed:
        """Those that are there; of the others nothing is said."""
        numbers = ask.told.json("message_ids", "message_ids")
        if not isinstance(numbers, list) or not numbers:
            raise bad_request("message identifiers are not specified")
        if len(numbers) > _MOST_DELETED:
            raise bad_request("too many message identifiers specified")
        chat = opened(self._office, ask)
        found = [message for each in numbers if isinstance(each, int) and (message := chat.find(each)) is not None]
        for message in found:
            self._check_deletable(ask, chat, message)
        return lambda: self._gone(ask, chat, found)

    def _check_deletable(self, ask: Ask, chat: Chat, message: Message) -> None:
        if has_right(chat, ask, Right.DELETE_MESSAGES):
            return
        if chat.kind is not Kind.PRIVATE and message.sender.id != ask.bot.id:
            raise bad_request("message can't be deleted")
        if self._office.now() - message.date > _DELETABLE_FOR:
            raise bad_request("message can't be deleted for everyone")

    def _gone(self, ask: Ask, chat: Chat, messages: list[Message]) -> bool:
        for message in messages:
            message.is_deleted = True
            self._office.chats.touch(message)
            self._record(ask, Act.DELETION, chat, message)
        return True

    def _pin(self, ask: Ask) -> Deed:
        chat = opened(self._office, ask)
        message = message_in(chat, ask, "message to pin")
        self._check_pins(ask, chat)

        def pin() -> bool:
            chat.pinned = [*(each for each in chat.pinned if each != message.id), message.id]
            self._record(ask, Act.PIN, chat, message)
            content = {"pinned_message": chat.told(message, with_reply=False)}
            thread_id = message.thread_id if message.is_topic else None
            self._office.tell(chat, self._office.announce(chat, ask.bot.user, content, thread_id=thread_id))
            return True

        return pin

    def _unpin(self, ask: Ask) -> Deed:
        chat = opened(self._office, ask)
        self._check_pins(ask, chat)
        number = ask.told.whole("message_id") or (chat.pinned[-1] if chat.pinned else 0)
        if number not in chat.pinned or (message := chat.find(number)) is None:
            raise bad_request("message to unpin not found")

        def unpin() -> bool:
            chat.pinned.remove(message.id)
            self._record(ask, Act.UNPIN, chat, message)
            return True

        return unpin

    def _unpin_all(self, ask: Ask) -> Deed:
        chat = opened(self._office, ask)
        self._check_pins(ask, chat)

        def unpin() -> bool:
            chat.pinned.clear()
            self._office.book.accept(ask.call, Done(act=Act.UNPIN, chat_id=chat.id))
            return True

        return unpin

    def _check_pins(self, ask: Ask, chat: Chat) -> None:
        member = chat.member(ask.bot.user)
        by_right = member.can(Right.PIN_MESSAGES)
        by_permission = not member.is_administrator and member.may(Permission.PIN_MESSAGES, chat.permissions)
        if chat.kind is not Kind.PRIVATE and not (by_right or by_permission):
            raise bad_request("not enough rights to manage pinned messages in the chat")

    def _react(self, ask: Ask) -> Deed:
        chat = opened(self._office, ask)
        message = message_in(chat, ask, "message to react")
        reactions = checked_reactions(ask.told.json("reaction", "reaction types"))

        def react() -> bool:
            old = message.reactions.pop(ask.bot.id, [])
            if reactions:
                message.reactions[ask.bot.id] = reactions
            self._office.chats.touch(message)
            self._record(ask, Act.REACTION, chat, message, details={"reaction": reactions})
            self._office.hearing.reacted(chat, message, ask.bot.user, old=old)
            return True

        return react

    def _record(
        self,
        ask: Ask,
        act: Act,
        chat: Chat,
        message: Message,
        *,
        sha256: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        done = Done(
            act=act,
            chat_id=chat.id,
            thread_id=message.thread_id if message.is_topic else None,
            message_id=message.id,
            kind=message.kind,
            text=message.text,
            entities=tuple(message.entities),
            reply_markup=message.markup,
            sha256=sha256,
            details=details or {},
        )
        self._office.book.accept(ask.call, done)
