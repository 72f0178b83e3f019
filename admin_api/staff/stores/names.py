"""Customers found by how one types their name on a phone, or by a piece of their number."""

from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.types import Text

from admin_api.staff.folding import folded
from core.db.sessions import TenantSession
from core.ids import ContactId

_FEW_DIGITS: Final = 3  # of a number; fewer would find everybody
_ACCENTED: Final = "áàâãäåéèêëíìîïóòôõöúùûüçñýÿ"
_PLAIN: Final = "aaaaaaeeeeiiiiooooouuuucnyy"


def folded_name(column: str) -> str:
    """SQL that folds a name as `pattern` folds what is looked for."""
    return f"translate(lower({column}), '{_ACCENTED}', '{_PLAIN}')"


def pattern(words: str) -> str | None:
    """None: any name will do."""
    if not words:
        return None
    escaped = folded(words).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def digits(words: str) -> str | None:
    """None: these are no number's."""
    found = "".join(character for character in words if character.isdigit())
    is_number = len(found) >= _FEW_DIGITS and not any(character.isalpha() for character in words)
    return f"%{found}%" if is_number else None


async def called(session: TenantSession, words: str, *, most: int) -> list[ContactId]:
    """Those of that very name first, then the newest. Without those that were merged away."""
    bound = {"name": folded(words), "pattern": pattern(words), "digits": digits(words), "most": most}
    return [ContactId(contact) for contact in await session.scalars(_CALLED, bound)]


_CALLED: Final = text(f"""
    SELECT p.id FROM contacts p
    WHERE p.merged_into IS NULL AND ({folded_name("p.name")} LIKE :pattern OR EXISTS (
        SELECT FROM contact_identities i WHERE i.contact_id = p.id
          AND (lower(i.value) LIKE :pattern OR i.value LIKE CAST(:digits AS text))))
    ORDER BY {folded_name("p.name")} = :name DESC NULLS LAST, p.created_at DESC, p.id DESC LIMIT :most
""").bindparams(bindparam("digits", type_=Text))  # noqa: S608 - SQL of ours
