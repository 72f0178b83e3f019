"""What people send: each kind as the control plane takes it, and as the part of a message that is particular to it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from sandbox.recordings import picture, voice_note
from sandbox.strict import strict
from sandbox.telegram.attachments import Particulars, wire
from sandbox.telegram.entities import Formatted, completed, told
from sandbox.telegram.files import Kept, Shelf
from sandbox.telegram.wire import Json


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Content(ABC):
    type: ClassVar[str]

    @property
    def kind(self) -> str:
        return self.type

    @abstractmethod
    def wire(self, shelf: Shelf) -> Json:
        """The keys of the message besides its sender, number and time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text(Content):
    type = "text"
    text: str
    entities: tuple[dict[str, Any], ...] = ()

    def wire(self, shelf: Shelf) -> Json:
        del shelf
        return told(completed(Formatted(self.text, self.entities)))


@dataclass(frozen=True, kw_only=True, slots=True)
class File(Content):
    """Any bytes; `words` make a file that says so by itself where there are none."""

    data: bytes = field(default=b"", repr=False)
    words: str = ""
    file_name: str = ""
    mime_type: str = ""
    caption: str = ""
    duration: int = 0

    def bytes_of(self) -> tuple[bytes, str]:
        return self.data or (self.words or "sandbox").encode(), "application/octet-stream"

    def keep(self, shelf: Shelf) -> Kept:
        data, mime_type = self.bytes_of()
        return shelf.keep(data, kind=self.kind, name=self.file_name, mime_type=self.mime_type or mime_type)

    def wire(self, shelf: Shelf) -> Json:
        content = wire(self.keep(shelf), Particulars(duration=self.duration))
        return content | told(completed(Formatted(self.caption)), "caption")


@dataclass(frozen=True, kw_only=True, slots=True)
class Photo(File):
    type = "photo"

    def bytes_of(self) -> tuple[bytes, str]:
        return self.data or picture(self.words or None), "image/jpeg"


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice(File):
    type = "voice"

    def bytes_of(self) -> tuple[bytes, str]:
        return self.data or voice_note(self.words or None, seconds=self.duration or 3), "audio/ogg"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document(File):
    type = "document"


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio(File):
    type = "audio"


@dataclass(frozen=True, kw_only=True, slots=True)
class Video(File):
    type = "video"


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoNote(File):
    type = "video_note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Animation(File):
    type = "animation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sticker(File):
    type = "sticker"


@dataclass(frozen=True, kw_only=True, slots=True)
class Location(Content):
    type = "location"
    latitude: float
    longitude: float

    def wire(self, shelf: Shelf) -> Json:
        del shelf
        return {"location": {"latitude": self.latitude, "longitude": self.longitude}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact(Content):
    type = "contact"
    phone_number: str
    first_name: str

    def wire(self, shelf: Shelf) -> Json:
        del shelf
        return {"contact": {"phone_number": self.phone_number.lstrip("+"), "first_name": self.first_name}}


CONTENTS: Final = (
    Text,
    Photo,
    Voice,
    Document,
    Audio,
    Video,
    VideoNote,
    Animation,
    Sticker,
    Location,
    Contact,
)
