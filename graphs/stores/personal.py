"""What is known of who somebody is."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db.sessions import TenantSession
from graphs.personal import Person

_LEAST: Final = 8  # figures of a number that stands nowhere by chance
_SHORTEST: Final = 5  # characters of an address


async def of(session: TenantSession, contacts: Sequence[UUID]) -> Person:
    row = (await session.execute(_KNOWN, {"contacts": list(contacts)})).one()
    figures = ["".join(one for one in value if one.isdigit()) for value in row.identities or ()]
    return Person(
        names=row.names or (),
        numbers=[one for number in figures if len(number) >= _LEAST for one in (number, number[-_LEAST:])],
        told=[value for value in row.told or () if len(value) >= _SHORTEST],
    )


_KNOWN: Final = text("""
    SELECT (SELECT array_agg(name) FROM contacts WHERE id = ANY (:contacts) AND name IS NOT NULL) AS names,
        (SELECT array_agg(value) FROM contact_identities WHERE contact_id = ANY (:contacts)) AS identities,
        (SELECT array_agg(leaf #>> '{}') FROM contact_facts f,
            jsonb_path_query(f.value, 'strict $.** ? (@.type() == "string")') AS leaf
            WHERE f.contact_id = ANY (:contacts)) AS told
""").bindparams(bindparam("contacts", type_=ARRAY(Uuid)))
