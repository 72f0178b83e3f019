"""The control plane of groups: who opens them, who is in them, their topics, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from sandbox.panel import Refusal, answer, not_there, read
from sandbox.strict import strict
from sandbox.telegram.chats import GENERAL, Chat, Kind, Topic
from sandbox.telegram.finding import Finding
from sandbox.telegram.members import USUAL_RIGHTS, Member, Permission, Right, Status
from sandbox.telegram.provider import Telegram
from sandbox.telegram.rooms import become, open_group, retitle, turn_topics, upgrade
from sandbox.telegram.topics import LONGEST_NAME, Hands, close, delete, hide, rename, start

_NO_FORUM: Final = ("O grupo não tem tópicos: ligue is_forum.", "The group has no topics: turn is_forum on.")


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class NewGroup:
    """With the `id` of a group that an earlier sandbox had, it is that one for whoever knew it."""

    title: str
    creator_id: int
    kind: Kind = Kind.SUPERGROUP
    is_forum: bool = False
    id: int | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class GroupChange:
    """By whom, and what becomes another. Topics in a basic group make it a supergroup with another id."""

    by: int
    title: str | None = None
    is_forum: bool | None = None
    permissions: frozenset[Permission] | None = None
    is_deleted: bool = False


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class By:
    by: int


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class MemberChange:
    """Who joins, rises, falls or goes. An administrator without `rights` has the usual ones."""

    user_id: int
    by: int
    status: Status = Status.MEMBER
    rights: frozenset[Right] | None = None
    permissions: frozenset[Permission] = frozenset()
    is_anonymous: bool = False
    is_restricted_member: bool = True
    custom_title: str = ""
    until_date: int = 0


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class NewTopic:
    by: int
    name: str


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class TopicChange:
    """`is_hidden` is for the General topic, whose number here is 1."""

    by: int
    name: str | None = None
    is_closed: bool | None = None
    is_hidden: bool | None = None


class RoomControl:
    def __init__(self, telegram: Telegram, find: Finding) -> None:
        self._office = telegram.office
        self._find = find

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        one = f"{prefix}/chats/{{chat_id}}"
        router.add_get(f"{prefix}/chats", self._chats)
        router.add_post(f"{prefix}/chats", self._open)
        router.add_get(one, self._chat)
        router.add_patch(one, self._change)
        router.add_post(f"{one}/migrate", self._migrate)
        router.add_post(f"{one}/members", self._become)
        router.add_post(f"{one}/topics", self._start)
        router.add_patch(f"{one}/topics/{{thread_id}}", self._change_topic)
        router.add_delete(f"{one}/topics/{{thread_id}}", self._delete_topic)

    async def _chats(self, _request: web.Request) -> web.Response:
        return answer({"chats": [whole(chat) for chat in self._office.chats]})

    async def _open(self, request: web.Request) -> web.Response:
        told = await read(request, NewGroup)
        if told.kind is Kind.PRIVATE or (told.is_forum and told.kind is Kind.GROUP):
            pt, en = (
                "Um fórum é um supergroup; um chat privado começa em /starts.",
                "A forum is a supergroup; see /starts.",
            )
            raise Refusal(422, pt, en)
        creator, kind = self._find.user(told.creator_id), told.kind
        try:
            group = open_group(
                self._office, told.title, creator=creator, kind=kind, is_forum=told.is_forum, chat_id=told.id
            )
        except ValueError as error:
            raise Refusal(409, f"Id impossível: {error}.", f"Impossible id: {error}.") from error
        return answer(whole(group), status=201)

    async def _chat(self, request: web.Request) -> web.Response:
        return answer(whole(self._group(request)))

    async def _change(self, request: web.Request) -> web.Response:
        chat, told = self._group(request), await read(request, GroupChange)
        by = self._find.user(told.by)
        if told.title is not None:
            retitle(self._office, chat, told.title, by=by)
        if told.permissions is not None:
            chat.permissions = told.permissions
        if told.is_forum is not None:
            chat = turn_topics(self._office, chat, by=by, are_on=told.is_forum)
        chat.is_deleted = chat.is_deleted or told.is_deleted
        return answer(whole(chat))

    async def _migrate(self, request: web.Request) -> web.Response:
        chat, by = self._group(request), self._find.user((await read(request, By)).by)
        try:
            return answer(whole(upgrade(self._office, chat, by=by)), status=201)
        except ValueError:
            pt, en = "Só um grupo básico migra, e uma vez.", "Only a basic group is upgraded, and once."
            raise Refusal(409, pt, en) from None

    async def _become(self, request: web.Request) -> web.Response:
        chat, told = self._group(request), await read(request, MemberChange)
        usual = USUAL_RIGHTS if told.rights is None else told.rights
        new = Member(
            user=self._find.user(told.user_id),
            status=told.status,
            rights=usual if told.status is Status.ADMINISTRATOR else frozenset(),
            permissions=told.permissions,
            is_anonymous=told.is_anonymous,
            is_restricted_member=told.is_restricted_member,
            custom_title=told.custom_title,
            until_date=told.until_date,
        )
        become(self._office, chat, new, by=self._find.user(told.by))
        return answer(new.wire(is_supergroup=chat.is_supergroup))

    async def _start(self, request: web.Request) -> web.Response:
        told = await read(request, NewTopic)
        _check_name(told.name)
        topic = start(self._hands(request, told.by), told.name.strip())
        return answer(topic.wire(), status=201)

    async def _change_topic(self, request: web.Request) -> web.Response:
        told = await read(request, TopicChange)
        hands = self._hands(request, told.by)
        topic = self._topic(request, hands.chat)
        if told.name is not None:
            _check_name(told.name)
            rename(hands, topic, name=told.name.strip(), emoji=None)
        if told.is_closed is not None and told.is_closed is not topic.is_closed:
            close(hands, topic, is_closed=told.is_closed)
        if told.is_hidden is not None and topic.id == GENERAL:
            hide(hands, topic, is_hidden=told.is_hidden)
        return answer(_topic(topic))

    async def _delete_topic(self, request: web.Request) -> web.Response:
        """By any administrator; no bot is told."""
        hands = self._hands(request, self._find.number(request, "by"))
        topic = self._topic(request, hands.chat)
        if topic.id == GENERAL:
            raise Refusal(409, "O tópico General não se apaga.", "The General topic is not deleted.")
        delete(hands, topic)
        return answer(_topic(topic))

    def _group(self, request: web.Request) -> Chat:
        chat = self._find.chat(self._find.number(request, "chat_id"), bot_id=None)
        if chat.kind is Kind.PRIVATE:
            raise not_there("chat_id")
        return chat

    def _hands(self, request: web.Request, by: int) -> Hands:
        chat = self._group(request)
        if not chat.is_forum:
            raise Refusal(409, *_NO_FORUM)
        return Hands(self._office, chat, self._find.user(by))

    def _topic(self, request: web.Request, chat: Chat) -> Topic:
        if (topic := chat.topic(self._find.number(request, "thread_id"))) is None:
            raise not_there("thread_id")
        return topic


def whole(chat: Chat) -> Mapping[str, Any]:
    """A chat with who is in it, and its topics: also those that are deleted."""
    return {
        **chat.wire(),
        "is_deleted": chat.is_deleted,
        "migrated_to": chat.migrated_to,
        "bot_id": chat.owner_id or None,
        "members": [each.wire(is_supergroup=chat.is_supergroup) for each in chat.members.values()],
        "topics": [_topic(each) for each in chat.topics.values()],
        "pinned": list(chat.pinned),
    }


def _topic(topic: Topic) -> dict[str, Any]:
    state = {"is_closed": topic.is_closed, "is_hidden": topic.is_hidden, "is_deleted": topic.is_deleted}
    return topic.wire() | state | {"creator_id": topic.creator_id}


def _check_name(name: str) -> None:
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        most = f"1 … {LONGEST_NAME}"
        raise Refusal(422, f"O nome de um tópico tem {most} caracteres.", f"A topic's name has {most} characters.")
