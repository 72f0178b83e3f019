"""What an object in storage is called and what is kept beside its bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

from core.errors import Malformed, NotFound, TooLarge
from core.ids import CompanyId

KEY: Final = re.compile(
    r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"  # the company
    r"/([a-z][a-z0-9_]{0,31})"  # the kind
    r"/([A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\.[A-Za-z0-9]{1,10})?)",  # the name: one segment, at most one dot
)
_CONTENT_TYPE: Final = re.compile(r"[a-zA-Z0-9.+-]{1,64}/[a-zA-Z0-9.+-]{1,128}(?: ?;[\x20-\x7e]{0,120})?")
ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9]{0,31}")  # the least that every store and proxy lets through


class ObjectNotFound(NotFound):
    """There is no such object."""


class ObjectTooLarge(TooLarge):
    """The object is larger than the caller takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectKey:
    """Where an object lies. The company comes first and no part can hold a separator: no key leaves its company."""

    company: CompanyId
    kind: str
    name: str

    def __post_init__(self) -> None:
        match_key(self.path)

    @property
    def path(self) -> str:
        return f"{self.company}/{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        company, kind, name = match_key(text).groups()
        return cls(company=CompanyId(UUID(company)), kind=kind, name=name)


def match_key(text: str) -> re.Match[str]:
    match = KEY.fullmatch(text)
    if match is None:
        raise Malformed(f"Chave de objeto inválida: {text!r:.160}.", f"Invalid object key: {text!r:.160}.")
    return match


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """What is kept beside the bytes."""

    content_type: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _CONTENT_TYPE.fullmatch(self.content_type) or not all(map(ATTRIBUTE.fullmatch, self.attributes)):
            raise Malformed("Tipo ou atributo de objeto inválido.", "Invalid content type or attribute of an object.")


def too_large(max_bytes: int) -> ObjectTooLarge:
    return ObjectTooLarge(f"O objeto passa de {max_bytes} bytes.", f"The object is larger than {max_bytes} bytes.")
