"""Who asks: somebody who acts for one company, in one role."""

from dataclasses import dataclass
from typing import Final

from core.audit import Actor
from core.ids import CompanyId
from core.models.people import Role

_RANKS: Final = {Role.VIEWER: 0, Role.AGENT: 1, Role.ADMIN: 2, Role.OWNER: 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    company: CompanyId
    role: Role
    actor: Actor

    def may(self, needed: Role) -> bool:
        """Each role may do what the weaker ones may."""
        return _RANKS[self.role] >= _RANKS[needed]
