"""What can be said or done in a staff group, as it is kept until it is done: one class for each, and its JSON."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from channels.telegram_staff.rich import Mark, MarkKind, Rich
from core.models.staff import LineKind
from core.models.stream import MessageKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """Either `data`, which comes back when it is pressed, or an address that it opens, or a text that it copies."""

    text: str
    data: str | None = None
    url: str | None = None
    copied: str | None = None


Rows = tuple[tuple[Button, ...], ...]
NOTHING: Final = Rich("")


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """Which message of the conversation it stands for: what the sender notes down once it is said."""

    said: UUID
    kind: LineKind = LineKind.SHOWN


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """`merges`: while the group is behind, it may be said in one message with its neighbours of the same kind."""

    text: Rich
    buttons: Rows = ()
    reply_to: int | None = None
    about: About | None = None
    merges: bool = False
    is_silent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Show:
    """A file of our storage. `media_id`: whose key opens it, if it is sealed; a passing one is deleted afterwards."""

    storage_key: str
    kind: MessageKind
    mime: str
    filename: str
    caption: Rich = NOTHING
    buttons: Rows = ()
    reply_to: int | None = None
    about: About | None = None
    media_id: UUID | None = None
    is_passing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Locate:
    latitude: float
    longitude: float
    about: About | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """The summary at the head of a topic: said and pinned once, edited from then on."""

    text: Rich
    buttons: Rows = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """Another text, or other buttons, for a message of ours."""

    message_id: int
    text: Rich
    buttons: Rows = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class React:
    """On a message of the group; an empty sign takes it away."""

    message_id: int
    sign: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenTopic:
    """Made, or opened again, under this name."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseTopic:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteTopic:
    """With all that was said in it; what still waits for it is said nowhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsay:
    """Take messages back, wherever they are; those that are gone already are fine."""

    message_ids: tuple[int, ...]


Body = Say | Show | Locate | Card | Change | React | OpenTopic | CloseTopic | DeleteTopic | Unsay

_TYPES: Final[Mapping[str, type[Body]]] = {
    "say": Say,
    "show": Show,
    "locate": Locate,
    "card": Card,
    "change": Change,
    "react": React,
    "open_topic": OpenTopic,
    "close_topic": CloseTopic,
    "delete_topic": DeleteTopic,
    "unsay": Unsay,
}
_NAMES: Final = {kind: name for name, kind in _TYPES.items()}


def to_json(body: Body) -> dict[str, Any]:
    told = {name: value for name, value in asdict(body).items() if value is not None and value != ()}
    if isinstance(body, (Say, Show, Locate)) and body.about:
        told["about"] = {"said": str(body.about.said), "kind": body.about.kind.value}
    if isinstance(body, Show) and body.media_id:
        told["media_id"] = str(body.media_id)
    return {"type": _NAMES[type(body)]} | told


def from_json(told: Mapping[str, Any]) -> Body:
    values = {name: _READERS.get(name, _as_it_is)(value) for name, value in told.items() if name != "type"}
    return _TYPES[told["type"]](**values)


def _as_it_is(value: Any) -> Any:
    return value


def _rich(told: Mapping[str, Any]) -> Rich:
    marks = (Mark(**(mark | {"kind": MarkKind(mark["kind"])})) for mark in told["marks"])
    return Rich(told["text"], tuple(marks))


def _rows(told: list[list[Mapping[str, Any]]]) -> Rows:
    return tuple(tuple(Button(**button) for button in row) for row in told)


def _about(told: Mapping[str, str]) -> About:
    return About(said=UUID(told["said"]), kind=LineKind(told["kind"]))


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "text": _rich,
    "caption": _rich,
    "buttons": _rows,
    "about": _about,
    "kind": MessageKind,
    "media_id": UUID,
    "message_ids": tuple,
}
