"""The methods of topics. The General topic has its own, for nothing else may name it."""

from typing import Final

from sandbox.telegram.access import opened
from sandbox.telegram.asking import Ask, Deed, Method, Reach, Table, table
from sandbox.telegram.book import Act, Done
from sandbox.telegram.chats import GENERAL, Chat, Topic
from sandbox.telegram.errors import bad_request
from sandbox.telegram.members import Permission, Right
from sandbox.telegram.office import Office
from sandbox.telegram.topics import (
    DEFAULT_COLOR,
    ICON_COLORS,
    LONGEST_NAME,
    Hands,
    close,
    delete,
    hide,
    rename,
    start,
)

_MAY_NOT_TOGGLE: Final = "not enough rights to close or open the topic"


class TopicMethods:
    def __init__(self, office: Office) -> None:
        self._office = office

    def table(self) -> Table:
        return table(
            Method("createForumTopic", Reach.CHANGE, self._create),
            Method("editForumTopic", Reach.CHANGE, self._edit),
            Method("closeForumTopic", Reach.CHANGE, lambda ask: self._toggle(ask, closes=True)),
            Method("reopenForumTopic", Reach.CHANGE, lambda ask: self._toggle(ask, closes=False)),
            Method("deleteForumTopic", Reach.CHANGE, self._delete),
            Method("unpinAllForumTopicMessages", Reach.CHANGE, self._unpin_all),
            Method("editGeneralForumTopic", Reach.CHANGE, self._edit_general),
            Method("closeGeneralForumTopic", Reach.CHANGE, lambda ask: self._toggle_general(ask, closes=True)),
            Method("reopenGeneralForumTopic", Reach.CHANGE, lambda ask: self._toggle_general(ask, closes=False)),
            Method("hideGeneralForumTopic", Reach.CHANGE, lambda ask: self._hide_general(ask, hides=True)),
            Method("unhideGeneralForumTopic", Reach.CHANGE, lambda ask: self._hide_general(ask, hides=False)),
            Method("getForumTopicIconStickers", Reach.READ, _no_stickers),
        )

    def _create(self, ask: Ask) -> Deed:
        chat = self._forum(ask)
        member = chat.member(ask.bot.user)
        plain = not member.is_administrator and member.may(Permission.MANAGE_TOPICS, chat.permissions)
        if not member.can(Right.MANAGE_TOPICS) and not plain:
            raise bad_request("not enough rights to create a topic")
        name, color = _name(ask), ask.told.whole("icon_color") or DEFAULT_COLOR
        if not name:
            raise bad_request("title must be non-empty")
        if color not in ICON_COLORS:
            raise bad_request("TOPIC_ICON_COLOR_INVALID")
        self._office.flood.take(ask.bot.id, chat)

        def create() -> object:
            topic = start(Hands(self._office, chat, ask.bot.user), name, icon_color=color)
            topic.icon_custom_emoji_id = ask.told.text("icon_custom_emoji_id")
            self._record(ask, Act.TOPIC_CREATED, chat, topic)
            return topic.wire()

        return create

    def _edit(self, ask: Ask) -> Deed:
        chat, topic = self._topic(ask, "not enough rights to edit the topic")
        name, emoji = _name(ask), ask.told.text("icon_custom_emoji_id")
        has_emoji = "icon_custom_emoji_id" in ask.told
        if (not name or name == topic.name) and (not has_emoji or emoji == topic.icon_custom_emoji_id):
            raise bad_request("TOPIC_NOT_MODIFIED")
        self._office.flood.take(ask.bot.id, chat)

        def edit() -> bool:
            hands = Hands(self._office, chat, ask.bot.user)
            rename(hands, topic, name=name or None, emoji=emoji if has_emoji else None)
            return self._record(ask, Act.TOPIC_EDITED, chat, topic)

        return edit

    def _toggle(self, ask: Ask, *, closes: bool) -> Deed:
        chat, topic = self._topic(ask, _MAY_NOT_TOGGLE)
        return self._toggled(ask, chat, topic, closes=closes)

    def _toggled(self, ask: Ask, chat: Chat, topic: Topic, *, closes: bool) -> Deed:
        if topic.is_closed is closes:
            raise bad_request("TOPIC_NOT_MODIFIED")

        def toggle() -> bool:
            close(Hands(self._office, chat, ask.bot.user), topic, is_closed=closes)
            return self._record(ask, Act.TOPIC_CLOSED if closes else Act.TOPIC_REOPENED, chat, topic)

        return toggle

    def _delete(self, ask: Ask) -> Deed:
        """Its messages go with it, and nobody is told."""
        chat = self._forum(ask)
        topic = _found(ask, chat)
        if not chat.member(ask.bot.user).can(Right.DELETE_MESSAGES) and topic.creator_id != ask.bot.id:
            raise bad_request("not enough rights to delete the topic")

        def gone() -> bool:
            delete(Hands(self._office, chat, ask.bot.user), topic)
            return self._record(ask, Act.TOPIC_DELETED, chat, topic)

        return gone

    def _unpin_all(self, ask: Ask) -> Deed:
        chat = self._forum(ask)
        topic = _found(ask, chat)
        if not chat.member(ask.bot.user).can(Right.PIN_MESSAGES):
            raise bad_request("not enough rights to manage pinned messages in the chat")

        def unpin() -> bool:
            inside = {each.id for each in chat.messages.values() if each.is_topic and each.thread_id == topic.id}
            chat.pinned = [each for each in chat.pinned if each not in inside]
            return self._record(ask, Act.UNPIN, chat, topic)

        return unpin

    def _edit_general(self, ask: Ask) -> Deed:
        chat, topic = self._general(ask, "not enough rights to edit the topic")
        name = _name(ask)
        if not name:
            raise bad_request("title must be non-empty")
        if name == topic.name:
            raise bad_request("TOPIC_NOT_MODIFIED")

        def edit() -> bool:
            rename(Hands(self._office, chat, ask.bot.user), topic, name=name, emoji=None)
            return self._record(ask, Act.TOPIC_EDITED, chat, topic)

        return edit

    def _toggle_general(self, ask: Ask, *, closes: bool) -> Deed:
        chat, topic = self._general(ask, _MAY_NOT_TOGGLE)
        return self._toggled(ask, chat, topic, closes=closes)

    def _hide_general(self, ask: Ask, *, hides: bool) -> Deed:
        chat, topic = self._general(ask, _MAY_NOT_TOGGLE)
        if topic.is_hidden is hides:
            raise bad_request("TOPIC_NOT_MODIFIED")

        def toggle() -> bool:
            hide(Hands(self._office, chat, ask.bot.user), topic, is_hidden=hides)
            return self._record(ask, Act.TOPIC_EDITED, chat, topic)

        return toggle

    def _forum(self, ask: Ask) -> Chat:
        chat = opened(self._office, ask)
        if not chat.is_forum:
            raise bad_request("the chat is not a forum")
        return chat

    def _topic(self, ask: Ask, refusal: str) -> tuple[Chat, Topic]:
        chat = self._forum(ask)
        topic = _found(ask, chat)
        if not chat.member(ask.bot.user).can(Right.MANAGE_TOPICS) and topic.creator_id != ask.bot.id:
            raise bad_request(refusal)
        return chat, topic

    def _general(self, ask: Ask, refusal: str) -> tuple[Chat, Topic]:
        chat = self._forum(ask)
        if not chat.member(ask.bot.user).can(Right.MANAGE_TOPICS):
            raise bad_request(refusal)
        return chat, chat.topics[GENERAL]

    def _record(self, ask: Ask, act: Act, chat: Chat, topic: Topic) -> bool:
        state = {"is_closed": topic.is_closed, "is_hidden": topic.is_hidden, "is_deleted": topic.is_deleted}
        thread_id = None if topic.id == GENERAL else topic.id
        done = Done(act=act, chat_id=chat.id, thread_id=thread_id, kind="topic", text=topic.name, details=state)
        self._office.book.accept(ask.call, done)
        return True


def _found(ask: Ask, chat: Chat) -> Topic:
    thread_id = ask.told.whole("message_thread_id")
    topic = None if thread_id in {0, GENERAL} else chat.topic(thread_id)
    if topic is None:
        raise bad_request("TOPIC_ID_INVALID")
    return topic


def _name(ask: Ask) -> str:
    name = ask.told.text("name").strip()
    if len(name) > LONGEST_NAME:
        raise bad_request("TOPIC_TITLE_TOO_LONG")
    return name


def _no_stickers(_ask: Ask) -> Deed:
    return list
