"""Who did what: an entry in the transaction of the act itself. The app can add entries and change none."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.db.sessions import TenantSession
from core.models.record import ActorKind, AuditEntry


@dataclass(frozen=True, slots=True)
class Actor:
    kind: ActorKind
    id: UUID | None = None


OPERATOR = Actor(ActorKind.OPERATOR)
SYSTEM = Actor(ActorKind.SYSTEM)


def record(
    session: TenantSession,
    actor: Actor,
    action: str,
    *,
    subject: UUID | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    session.add(
        AuditEntry(
            tenant_id=session.tenant_id,
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            subject_id=subject,
            detail=detail or {},
        )
    )
