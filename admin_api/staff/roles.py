"""Roles, and what somebody is told who has not the one that it takes."""

from collections.abc import Mapping
from typing import Final

from core.errors import Forbidden
from core.models.people import Role
from core.texts import Text

NAMES: Final[Mapping[Role, Text]] = {
    Role.OWNER: Text("dono", "owner"),
    Role.ADMIN: Text("administrador", "admin"),
    Role.AGENT: Text("atendente", "agent"),
    Role.VIEWER: Text("leitor", "viewer"),
}
STRANGER: Final = Text(
    "Não sei quem você é. Peça um código a quem administra e me mande, no privado: /vincular CÓDIGO",
    "I do not know who you are. Ask an administrator for a code and send me, in private: /vincular CODE",
)


def too_weak(has: Role, needs: Role) -> Forbidden:
    it_takes, is_now = NAMES[needs], NAMES[has]
    return Forbidden(
        f"Isto pede o papel de {it_takes.pt}; o seu é {is_now.pt}.",
        f"This takes the role of {it_takes.en}; yours is {is_now.en}.",
    )
