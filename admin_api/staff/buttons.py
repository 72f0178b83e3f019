"""Buttons of the staff group: signed, pressed once, by whom they are for, under the control they were shown under."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from admin_api.staff.stores import buttons as store
from admin_api.staff.stores.buttons import Press, Refused
from channels.telegram_staff.notes import Button
from core.crypto import InstallationKey, KeyRing
from core.db.sessions import TenantSession
from core.ids import ConversationId, new_id

_PURPOSE: Final = "staff.buttons"
_MARK: Final = "b:"
_SIGNATURE_BYTES: Final = 12
LIFETIME: Final = timedelta(days=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What a button says and does. With a conversation it holds under this epoch of its control alone."""

    text: str
    action: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    conversation: ConversationId | None = None
    epoch: int | None = None
    person: UUID | None = None
    lifetime: timedelta = LIFETIME


class Buttons:
    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    async def make(self, session: TenantSession, card: UUID, choice: Choice) -> Button:
        """`card` holds together what excludes each other: one of them pressed, the others are void."""
        row = new_id()
        press = Press(
            id=row,
            signature=_sign(self._ring.current, session, row),
            card=card,
            action=choice.action,
            arguments=dict(choice.arguments),
            conversation=choice.conversation,
            epoch=choice.epoch,
            person=choice.person,
        )
        await store.keep(session, press, choice.lifetime)
        return Button(text=choice.text, data=_MARK + _text(row.bytes + press.signature))

    async def press(self, session: TenantSession, data: str, person: UUID) -> Press | Refused:
        """Once, in the transaction of what it does."""
        try:
            raw = urlsafe_b64decode(data.removeprefix(_MARK))
            row = UUID(bytes=raw[:-_SIGNATURE_BYTES])
        except (ValueError, Error):
            return Refused.FORGED
        signature = raw[-_SIGNATURE_BYTES:]
        found = await store.use(session, row, signature, person)
        if found is Refused.UNKNOWN and not self._was_ours(session, row, signature):
            return Refused.FORGED
        return found

    def _was_ours(self, session: TenantSession, row: UUID, signature: bytes) -> bool:
        return any(hmac.compare_digest(signature, _sign(key, session, row)) for key in self._ring.keys)


def _sign(key: InstallationKey, session: TenantSession, row: UUID) -> bytes:
    return hmac.digest(key.derive(_PURPOSE), session.tenant_id.bytes + row.bytes, "sha256")[:_SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()  # of 28 bytes, which with the mark are 42 characters of Telegram's 64
