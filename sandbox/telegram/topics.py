"""What becomes of topics, whoever does it: a bot by a method, or a person by hand."""

from dataclasses import dataclass
from typing import Final

from sandbox.telegram.chats import GENERAL, Chat, Topic
from sandbox.telegram.office import Office
from sandbox.telegram.people import User
from sandbox.telegram.wire import Json

LONGEST_NAME: Final = 128
DEFAULT_COLOR: Final = 7322096
ICON_COLORS: Final = frozenset({7322096, 16766590, 13338331, 9367192, 16749490, 16478047, 3766495})


@dataclass(frozen=True, slots=True)
class Hands:
    """Who does something in a chat."""

    office: Office
    chat: Chat
    by: User

    def announce(self, topic: Topic, content: Json) -> None:
        thread_id = None if topic.id == GENERAL else topic.id
        self.office.tell(self.chat, self.office.announce(self.chat, self.by, content, thread_id=thread_id))


def make_forum(chat: Chat) -> None:
    """Its General topic is there from the beginning, and named by nobody."""
    chat.is_forum = True
    if GENERAL not in chat.topics:
        chat.topics[GENERAL] = Topic(id=GENERAL, name="General", icon_color=DEFAULT_COLOR, creator_id=0)


def start(hands: Hands, name: str, *, icon_color: int = DEFAULT_COLOR) -> Topic:
    """Its number is that of the message that says so."""
    office, chat = hands.office, hands.chat
    content = {"forum_topic_created": {"name": name, "icon_color": icon_color}}
    message = office.announce(chat, hands.by, content)
    message.thread_id, message.is_topic = message.id, True
    topic = Topic(id=message.id, name=name, icon_color=icon_color, creator_id=hands.by.id)
    chat.topics[topic.id] = topic
    office.tell(chat, message)
    return topic


def rename(hands: Hands, topic: Topic, *, name: str | None, emoji: str | None) -> None:
    changed: Json = {}
    if name is not None and name != topic.name:
        topic.name = changed["name"] = name
    if emoji is not None:
        topic.icon_custom_emoji_id = changed["icon_custom_emoji_id"] = emoji
    hands.announce(topic, {"forum_topic_edited": changed})


def close(hands: Hands, topic: Topic, *, is_closed: bool) -> None:
    topic.is_closed = is_closed
    hands.announce(topic, {"forum_topic_closed" if is_closed else "forum_topic_reopened": {}})


def hide(hands: Hands, topic: Topic, *, is_hidden: bool) -> None:
    """A hidden General topic is closed as well."""
    topic.is_hidden = is_hidden
    topic.is_closed = is_hidden or topic.is_closed
    name = "general_forum_topic_hidden" if is_hidden else "general_forum_topic_unhidden"
    hands.announce(topic, {name: {}})


def delete(hands: Hands, topic: Topic) -> None:
    topic.is_deleted = True
    for message in list(hands.chat.messages.values()):
        if message.is_topic and message.thread_id == topic.id and not message.is_deleted:
            message.is_deleted = True
            hands.office.chats.touch(message)
