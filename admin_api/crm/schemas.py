"""Contacts over HTTP."""

import re
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from admin_api.crm.queries import Known
from admin_api.resources import Body, Words
from channels.envelope import Identity
from channels.identities import canonical_identity
from channels.stores.contact_details import MOST_FIELDS, Details
from channels.stores.people import PROFILE
from core.errors import FieldError, Malformed
from core.models.people import IdentityKind
from core.texts import Text

_COLUMNS: Final[tuple[str, ...]] = ("name", "locale", "time_zone")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
_NO_PHONE: Final = Text(
    "não é um telefone com DDD, como +5511999990000", "not a telephone number with its area code, as +5511999990000"
)
_NO_EMAIL: Final = Text("não é um e-mail", "not an e-mail address")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, or a name too long for a file
        raise ValueError("not a time zone such as America/Sao_Paulo") from None
    return name


def _name(name: str) -> str:
    """An empty one is none."""
    if name != name.strip():
        raise ValueError("no space at the ends")
    return name


def _free(name: str) -> str:
    if name == PROFILE:
        raise ValueError(f"{PROFILE} is kept by the channels")
    return name


Name = Annotated[Words, Field(min_length=1), AfterValidator(_name)]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"), AfterValidator(_free)]
FieldText = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
FieldNumber = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
FieldValue = bool | Annotated[int, Field(ge=-(10**15), le=10**15)] | FieldNumber | FieldText


class IdentityShape(BaseModel):
    kind: IdentityKind
    value: str


class _Details(Body):
    name: Name | None = None
    locale: Locale | None = None
    time_zone: Zone | None = Field(None, description="Of the person; for quiet hours.")
    fields: dict[FieldName, FieldValue | None] = Field(default_factory=dict, max_length=MOST_FIELDS)

    def details(self) -> Details:
        said = self.model_fields_set
        columns = {name: getattr(self, name) for name in _COLUMNS if name in said}
        return Details(columns=columns, fields=self.fields)


class ContactIn(_Details):
    """Somebody is known by a phone number, an e-mail, or both."""

    phone: Annotated[str, Field(max_length=40)] | None = None
    email: Annotated[Words, Field(max_length=254)] | None = None

    def identities(self) -> tuple[Identity, ...]:
        told = [(IdentityKind.PHONE, self.phone, _NO_PHONE), (IdentityKind.EMAIL, self.email, _NO_EMAIL)]
        read = [(kind, value, wrong, _canonical(kind, value)) for kind, value, wrong in told if value is not None]
        errors = tuple(
            FieldError(field=f"body.{kind}", message=wrong) for kind, _, wrong, value in read if value is None
        )
        if errors or not read:
            raise Malformed(
                "Um contato precisa de um telefone ou de um e-mail válido.",
                "A contact needs a valid phone number or e-mail.",
                errors=errors,
            )
        return tuple(Identity(kind=kind, value=value) for kind, _, _, value in read if value is not None)


class ContactChange(_Details):
    """What is absent stays; null takes it away, in `fields` key by key."""


class ErasureOut(BaseModel):
    """The receipt: per store, of how many rows something was erased."""

    id: UUID
    contact_id: UUID
    stores: dict[str, int]


class ContactOut(BaseModel):
    """One that was merged away still answers, and `merged_into` says who the person is now."""

    id: UUID
    name: str | None
    identities: list[IdentityShape]
    locale: str | None
    time_zone: str | None
    opted_out_at: datetime | None
    merged_into: UUID | None
    fields: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, known: Known) -> "ContactOut":
        row = known.row
        return cls(
            id=row.id,
            name=row.name,
            identities=[IdentityShape(kind=one.kind, value=one.value) for one in known.identities],
            locale=row.locale,
            time_zone=row.time_zone,
            opted_out_at=row.opted_out_at,
            merged_into=known.survivor,
            fields={name: value for name, value in row.fields.items() if name != PROFILE},
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def _canonical(kind: IdentityKind, value: str) -> str | None:
    if kind is IdentityKind.EMAIL and _EMAIL.fullmatch(value) is None:
        return None
    return canonical_identity(Identity(kind=kind, value=value)).value or None
