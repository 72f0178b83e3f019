"""The methods about chats and their members, and a bot's own account."""

from typing import Final

from sandbox.telegram.access import opened, placed
from sandbox.telegram.asking import Ask, Deed, Method, Reach, Table, table
from sandbox.telegram.book import Act, Done
from sandbox.telegram.chats import Chat, Kind
from sandbox.telegram.errors import bad_request
from sandbox.telegram.members import Member, Status
from sandbox.telegram.office import Office
from sandbox.telegram.rooms import become

_ACTIONS: Final = frozenset(
    {"typing", "cancel", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"}
    | {"record_audio", "upload_audio", "upload_document", "choose_sticker", "find_location", "pick_up_location"}
    | {"record_video_note", "upload_video_note"}
)


class ChatMethods:
    def __init__(self, office: Office) -> None:
        self._office = office

    def table(self) -> Table:
        return table(
            Method("getMe", Reach.READ, lambda ask: ask.bot.wire),
            Method("getChat", Reach.READ, lambda ask: opened(self._office, ask).full_wire),
            Method("getChatMember", Reach.READ, self._member),
            Method("getChatMemberCount", Reach.READ, self._count),
            Method("getChatAdministrators", Reach.READ, self._administrators),
            Method("leaveChat", Reach.CHANGE, self._leave),
            Method("sendChatAction", Reach.CHANGE, self._action),
        )

    def _member(self, ask: Ask) -> Deed:
        chat, user_id = opened(self._office, ask), ask.told.whole("user_id")
        if user_id <= 0:
            raise bad_request("invalid user_id specified")
        user = self._office.user(user_id)
        if chat.kind is Kind.PRIVATE:
            if user is None or user_id not in {chat.owner_id, chat.id}:
                raise bad_request("member not found")
            return lambda: Member(user=user).wire(is_supergroup=False)
        member = chat.members.get(user_id)
        if member is None:
            raise bad_request("user not found" if user is None else "PARTICIPANT_ID_INVALID")
        return lambda: member.wire(is_supergroup=chat.is_supergroup)

    def _count(self, ask: Ask) -> Deed:
        chat = opened(self._office, ask)
        return lambda: 2 if chat.kind is Kind.PRIVATE else sum(each.is_here for each in chat.members.values())

    def _administrators(self, ask: Ask) -> Deed:
        """Of the bots only the one that asks."""
        chat = opened(self._office, ask)
        if chat.kind is Kind.PRIVATE:
            raise bad_request("there are no administrators in the private chat")
        return lambda: [
            each.wire(is_supergroup=chat.is_supergroup)
            for each in chat.members.values()
            if each.is_administrator and (not each.user.is_bot or each.user.id == ask.bot.id)
        ]

    def _leave(self, ask: Ask) -> Deed:
        chat = opened(self._office, ask)
        if chat.kind is Kind.PRIVATE:
            raise bad_request("chat member status can't be changed in private chats")

        def leave() -> bool:
            self._office.book.accept(ask.call, Done(act=Act.CHAT_LEFT, chat_id=chat.id))
            become(self._office, chat, chat.member(ask.bot.user).now(Status.LEFT), by=ask.bot.user)
            return True

        return leave

    def _action(self, ask: Ask) -> Deed:
        if (action := ask.told.text("action")) not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        place = placed(self._office, ask)
        return lambda: self._acted(ask, place.chat, place.thread_id, action)

    def _acted(self, ask: Ask, chat: Chat, thread_id: int | None, action: str) -> bool:
        self._office.book.accept(ask.call, Done(act=Act.CHAT_ACTION, chat_id=chat.id, thread_id=thread_id, kind=action))
        return True
