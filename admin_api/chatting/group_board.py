"""The staff group as lines of a terminal: what is new in it, and the numbers by which it can be named."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from admin_api.chatting.telegram import GENERAL
from admin_api.staff.folding import folded
from admin_api.terminal import text
from core.texts import Text

Item = Mapping[str, Any]

PRIVATE: Final = 0  # where a topic's number is told: somebody's private chat with the bot
_QUOTES: Final = frozenset({"blockquote", "expandable_blockquote"})
_FILES: Final[Mapping[str, Text]] = {
    "photo": Text("foto", "photo"),
    "voice": Text("áudio", "voice note"),
    "audio": Text("música", "audio"),
    "document": Text("documento", "document"),
    "video": Text("vídeo", "video"),
    "video_note": Text("vídeo redondo", "video note"),
    "animation": Text("animação", "animation"),
    "sticker": Text("figurinha", "sticker"),
    "location": Text("localização", "location"),
    "contact": Text("contato", "contact"),
}
# As `admin_api/staff/ticks.py` shows what became of a line.
TICKS: Final[Mapping[str, Text]] = {
    "🕊": Text("saiu", "left"),
    "👌": Text("chegou", "arrived"),
    "👀": Text("lida", "read"),
    "👎": Text("não saiu", "did not go out"),
    "🤔": Text("não se sabe", "nobody knows"),
    "😴": Text("espera", "waits"),
    "✍": Text("nota interna", "inner note"),
}
_BOT: Final = Text("bot", "bot")
_PRIVATE: Final = Text("privado com o bot", "private chat with the bot")


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A message that was shown, and where."""

    chat: int
    message: int
    place: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    on: Named
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    body: str
    rows: tuple[tuple[str, ...], ...]
    reactions: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class Board:
    """Everything that was shown keeps its number, so that it can still be named when more has come."""

    topics: dict[int, str] = field(default_factory=lambda: {GENERAL: "General"})
    closed: set[int] = field(default_factory=set)
    messages: list[Named] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    files: dict[Named, str] = field(default_factory=dict)
    _looks: dict[Named, _Look] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _shown_place: int | None = None

    def lines(self, item: Item) -> list[str]:
        """What there is to show of a message now that it is new, or different."""
        told = item["message"]
        if item["is_deleted"]:
            return self._deleted(int(told["message_id"]))
        self._names[told["from"]["id"]] = _name(told["from"])
        at = self._named(told)
        if item["is_service"]:
            return self._service(told, at.place)
        look, before = _look(item), self._looks.get(at)
        self._looks[at] = look
        if (file_id := _file_of(told)) is not None:
            self.files[at] = file_id
        changes = self._new(told, at, look) if before is None else self._different(at, before, look)
        return [*self._heading(at.place), *changes] if changes else []

    def place_named(self, name: str) -> int | None:
        """By its number in the list, or a piece of its name; of several the newest."""
        if folded(name) in {"bot", folded(_PRIVATE.pt), folded(_PRIVATE.en)}:
            return PRIVATE
        listed = list(self.topics)
        if name.isascii() and name.isdigit() and int(name) < len(listed):
            return listed[int(name)]
        wanted = folded(name)
        return next((place for place in reversed(listed) if wanted in folded(self.topics[place])), None)

    def title(self, place: int) -> str:
        if place == PRIVATE:
            return text(_PRIVATE.pt, _PRIVATE.en)
        return self.topics.get(place, "?")

    def listed(self) -> Iterator[str]:
        for number, (place, name) in enumerate(self.topics.items()):
            closed = text("  (fechado)", "  (closed)") if place in self.closed else ""
            yield f"  #{number} {name}{closed}"

    def message(self, number: int) -> Named | None:
        return self.messages[number - 1] if 0 < number <= len(self.messages) else None

    def button(self, number: int) -> Button | None:
        return self.buttons[number - 1] if 0 < number <= len(self.buttons) else None

    def number(self, named: Named) -> int:
        return self.messages.index(named) + 1

    def is_on(self, button: Button) -> bool:
        """It may have been taken off since."""
        look = self._looks.get(button.on)
        return look is not None and any(button.label in row for row in look.rows)

    def has_said(self, place: int, words: str) -> bool:
        return any(named.place == place and words in look.body for named, look in self._looks.items())

    def _named(self, told: Mapping[str, Any]) -> Named:
        is_private = told["chat"]["type"] == "private"
        place = PRIVATE if is_private else _thread(told)
        return Named(chat=told["chat"]["id"], message=told["message_id"], place=place)

    def _heading(self, place: int) -> list[str]:
        if place == self._shown_place:
            return []
        self._shown_place = place
        number = f"#{list(self.topics).index(place)} " if place in self.topics else ""
        return [f"── {number}{self.title(place)} ──"]

    def _new(self, told: Mapping[str, Any], at: Named, look: _Look) -> list[str]:
        self.messages.append(at)
        head = f"{self.number(at):>3} {_name(told['from'])}{self._answers(told)}: "
        return [*_indented(head, look.body), *self._rows(at, look), *self._reacted(at, look.reactions)]

    def _different(self, at: Named, before: _Look, now: _Look) -> list[str]:
        head = f"{self.number(at):>3} ✎ "
        lines: list[str] = []
        if now.body != before.body:
            lines = _indented(head, now.body)
        if (now.body, now.rows) != (before.body, before.rows):
            lines += self._rows(at, now)
        fresh = tuple(each for each in now.reactions if each not in before.reactions)
        return lines + self._reacted(at, fresh)

    def _rows(self, at: Named, look: _Look) -> Iterator[str]:
        for row in look.rows:
            yield "      " + "  ".join(f"[{self._button(at, label)}] {label}" for label in row)

    def _button(self, at: Named, label: str) -> int:
        made = Button(on=at, label=label)
        if made not in self.buttons:
            self.buttons.append(made)
        return self.buttons.index(made) + 1

    def _reacted(self, at: Named, reactions: Iterable[tuple[int, str]]) -> list[str]:
        lines = []
        for who, sign in reactions:
            plain = sign.replace("\N{VARIATION SELECTOR-16}", "")
            means = TICKS.get(plain)
            words = text(means.pt, means.en) if means else self._names.get(who, "")
            lines.append(f"{self.number(at):>3} {sign} {words}".rstrip())
        return lines

    def _answers(self, told: Mapping[str, Any]) -> str:
        answered = told.get("reply_to_message")
        if answered is None or "forum_topic_created" in answered:
            return ""
        at = self._named(answered)
        return f" ↩{self.number(at)}" if at in self._looks else ""

    def _deleted(self, message: int) -> list[str]:
        gone = [named for named in self._looks if named.message == message]
        for named in gone:
            del self._looks[named]
        return [f"{self.number(named):>3} ✗ {text('apagada', 'deleted')}" for named in gone]

    def _service(self, told: Mapping[str, Any], place: int) -> list[str]:
        if (made := told.get("forum_topic_created")) is not None:
            self.topics[place] = made["name"]
            return [*self._heading(place), f"    {text('(tópico aberto)', '(topic opened)')}"]
        if "name" in (named := told.get("forum_topic_edited", {})):
            self.topics[place] = named["name"]
            return [*self._heading(place), f"    {text('(agora se chama', '(now called')} {named['name']})"]
        if "forum_topic_closed" in told:
            self.closed.add(place)
            return [*self._heading(place), f"    {text('(tópico fechado)', '(topic closed)')}"]
        if "forum_topic_reopened" in told:
            self.closed.discard(place)
            return [*self._heading(place), f"    {text('(tópico reaberto)', '(topic reopened)')}"]
        return []


def _name(user: Mapping[str, Any]) -> str:
    return text(_BOT.pt, _BOT.en) if user["is_bot"] else str(user["first_name"])


def _thread(told: Mapping[str, Any]) -> int:
    return int(told["message_thread_id"]) if told.get("is_topic_message") else GENERAL


def _look(item: Item) -> _Look:
    told = item["message"]
    rows = told.get("reply_markup", {}).get("inline_keyboard", ())
    return _Look(
        body=_body(item["kind"], told),
        rows=tuple(tuple(_label(button) for button in row) for row in rows),
        reactions=tuple(
            (each["user_id"], one.get("emoji", "?")) for each in item["reactions"] for one in each["reaction"]
        ),
    )


def _label(button: Mapping[str, Any]) -> str:
    return f"{button['text']} ({button['url']})" if "url" in button else str(button["text"])


def _body(kind: str, told: Mapping[str, Any]) -> str:
    if kind == "text":
        return _quoted(told["text"], told.get("entities", ()))
    name = _FILES.get(kind)
    shown = f"[{text(name.pt, name.en) if name else kind}{_particulars(kind, told)}]"
    caption = _quoted(told.get("caption", ""), told.get("caption_entities", ()))
    return f"{shown} {caption}".rstrip()


def _particulars(kind: str, told: Mapping[str, Any]) -> str:
    content = told.get(kind)
    if not isinstance(content, Mapping):
        return ""
    if "duration" in content:
        return f" {content['duration']} s"
    return f" {content['file_name']}" if content.get("file_name") else ""


def _file_of(told: Mapping[str, Any]) -> str | None:
    """Of a picture the largest."""
    for kind in _FILES:
        content = told.get(kind)
        if isinstance(content, list) and content:
            return str(content[-1]["file_id"])
        if isinstance(content, Mapping) and "file_id" in content:
            return str(content["file_id"])
    return None


def _quoted(words: str, entities: Iterable[Mapping[str, Any]]) -> str:
    """What Telegram shows behind a bar has one here, too. It counts in halves of UTF-16."""
    coded = words.encode("utf-16-le")
    starts = sorted(each["offset"] for each in entities if each["type"] in _QUOTES)
    ends = {each["offset"]: each["offset"] + each["length"] for each in entities if each["type"] in _QUOTES}
    shown, at = "", 0
    for start in starts:
        before, quote = coded[2 * at : 2 * start], coded[2 * start : 2 * ends[start]]
        shown += before.decode("utf-16-le") + _barred(quote.decode("utf-16-le"))
        at = ends[start]
    return _printable(shown + coded[2 * at :].decode("utf-16-le"))


def _barred(words: str) -> str:
    return "\n".join(f"│ {line}" for line in words.split("\n"))


def _printable(words: str) -> str:
    """What a customer writes must not steer the terminal. Marks that join emojis may stay."""
    return "".join(one for one in words if one == "\n" or unicodedata.category(one) != "Cc")


def _indented(head: str, body: str) -> list[str]:
    first, *rest = body.split("\n")
    return [head + first, *(f"      {line}".rstrip() for line in rest)]
