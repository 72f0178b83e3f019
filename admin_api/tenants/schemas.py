"""Connections and members over HTTP. Secrets come in and never go out."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from admin_api.resources import Body, Words
from admin_api.rows import OfRow
from channels.errors import KINDS
from channels.stores.connections import Change, Keep, NewConnection
from core.models.people import Connection, ConnectionKind, ConnectionState, Role
from core.texts import Language, Text

_SECRETS: Final = ("app_secret", "access_token", "verify_token", "token")
_SHOWN_SETTINGS: Final = ("phone_number_id", "waba_id", "display_phone_number")
_CHANGED_SETTINGS: Final = ("waba_id", "display_phone_number")
_STATES: Final = {
    ConnectionState.NEEDS_PAIRING: Text("É preciso parear o aparelho.", "The device has to be paired."),
    ConnectionState.DISABLED: Text(
        "Desativada: o que chega é guardado, nada é enviado.", "Disabled: what comes in is kept, nothing is sent."
    ),
}


class Switch(StrEnum):
    """What a person may set; `active` is what it is called afterwards."""

    ENABLED = "enabled"
    ACTIVE = "active"
    DISABLED = "disabled"


class _Secrets(Body):
    app_secret: SecretStr | None = None
    access_token: SecretStr | None = None
    verify_token: SecretStr | None = None
    token: SecretStr | None = Field(None, description="Of a Telegram bot.")

    def told_secrets(self) -> dict[str, str]:
        told = {name: getattr(self, name) for name in _SECRETS}
        return {name: value.get_secret_value() for name, value in told.items() if value is not None}

    def told_settings(self, names: tuple[str, ...]) -> dict[str, Any]:
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class ConnectionIn(_Secrets):
    kind: ConnectionKind
    name: Words
    persona: Words | None = Field(None, description="Without one the company's default answers.")
    phone_number_id: str | None = None
    waba_id: str | None = None
    display_phone_number: str | None = None

    def new(self) -> NewConnection:
        return NewConnection(
            kind=self.kind,
            name=self.name,
            persona=self.persona,
            settings=self.told_settings(_SHOWN_SETTINGS),
            secrets=self.told_secrets(),
        )


class ConnectionChange(_Secrets):
    """What is absent or null stays as it is; only `persona: null` takes the persona away."""

    name: Words | None = None
    persona: Words | None = None
    state: Switch | None = None
    waba_id: str | None = None
    display_phone_number: str | None = None

    def change(self) -> Change:
        return Change(
            name=self.name,
            persona=self.persona if "persona" in self.model_fields_set else Keep.KEEP,
            is_enabled=None if self.state is None else self.state is not Switch.DISABLED,
            settings=self.told_settings(_CHANGED_SETTINGS),
            secrets=self.told_secrets(),
        )


class ConnectionOut(BaseModel):
    id: UUID
    kind: ConnectionKind
    name: str
    persona: str | None
    state: ConnectionState
    state_reason: str | None = Field(description="The word for it.")
    state_detail: str | None = Field(description="What it means and what to do, for people.")
    phone_number_id: str | None
    waba_id: str | None
    display_phone_number: str | None
    bot_id: str | None = Field(description="Of a Telegram bot: the number with which its token begins.")
    health: dict[str, Any] = Field(description="What the provider said of the account when it was last asked.")
    checked_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Connection, language: Language) -> "ConnectionOut":
        return cls(
            id=row.id,
            kind=row.kind,
            name=row.name,
            persona=row.persona,
            state=row.state,
            state_reason=row.state_reason,
            state_detail=_detail(row, language),
            phone_number_id=row.settings.get("phone_number_id"),
            waba_id=row.settings.get("waba_id"),
            display_phone_number=row.settings.get("display_phone_number"),
            bot_id=row.settings.get("bot_id"),
            health=row.health,
            checked_at=row.checked_at,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def _detail(row: Connection, language: Language) -> str | None:
    refusal = KINDS.get(row.state_reason or "") or KINDS.get(row.state)
    words = refusal.operator_text if refusal else _STATES.get(row.state)
    return words.in_(language) if words and row.state is not ConnectionState.ACTIVE else None


class CheckOut(BaseModel):
    """What the provider answered when the connection was tried."""

    ok: bool
    code: str | None = Field(None, description="The kind of failure, for programs.")
    detail: str | None = Field(None, description="What went wrong and what to do, for people.")
    state: ConnectionState
    health: dict[str, Any]
    checked_at: datetime | None


class UserOut(OfRow):
    """A member of the company. `id` is the person's, as `assignee_id` names it."""

    id: UUID = Field(validation_alias="user")
    membership_id: UUID = Field(validation_alias="membership")
    email: str
    name: str
    role: Role
    created_at: datetime = Field(validation_alias="since")
