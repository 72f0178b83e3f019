"""What people of the company say of a contact: its name, language, time zone and their own fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select

from channels.stores.people import PROFILE
from core import audit, clock
from core.audit import Actor
from core.db.sessions import TenantSession
from core.errors import Conflict, Malformed, NotFound
from core.ids import ContactId
from core.models.people import Contact

MOST_FIELDS: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """Only what was said. `columns` by name; a field that is None is taken away."""

    columns: Mapping[str, str | None] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


async def hold(session: TenantSession, contact: ContactId) -> Contact:
    """Locked until the commit. One that was merged away is refused: what is said of it belongs to who stayed."""
    row = await session.scalar(
        select(Contact)
        .where(Contact.id == contact)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("Este contato não existe.", "There is no such contact.")
    if row.merged_into is not None:
        raise Conflict(
            f"Este contato foi unido a {row.merged_into}: mude aquele.",
            f"This contact was merged into {row.merged_into}: change that one.",
        )
    return row


async def describe(session: TenantSession, row: Contact, said: Details, by: Actor) -> None:
    """Of a held contact. What is the same already is no change."""
    changed = [name for name, value in said.columns.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, said.columns[name])
    fields = _merged(row.fields, said.fields)
    if fields != row.fields:
        row.fields = fields
        changed.append("fields")
    if changed:
        row.updated_at = clock.now()
        await session.flush()
        audit.record(session, by, "contact.changed", subject=row.id, detail={"changed": changed})


def _merged(kept: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a channel keeps there for itself is nobody's to change."""
    merged = {**kept, **{name: value for name, value in said.items() if name != PROFILE}}
    fields = {name: value for name, value in merged.items() if value is not None}
    if len(fields.keys() - {PROFILE}) > MOST_FIELDS:
        raise Malformed(
            f"Um contato tem no máximo {MOST_FIELDS} campos: apague algum.",
            f"A contact has {MOST_FIELDS} fields at most: take one away.",
        )
    return fields
