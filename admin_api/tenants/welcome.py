"""What a new company finds ready: the personas that come with the product, one of which answers by default."""

from typing import Final

from agents.personas.shipped import shipped
from core.audit import SYSTEM
from core.db.sessions import TenantSession
from graphs.stores import personas

DEFAULT: Final = "vendas-consultivas"


async def furnish(session: TenantSession) -> None:
    """Told again it changes nothing. What a release has improved becomes a version that waits to be activated."""
    for source in shipped().values():
        await personas.publish(session, source, SYSTEM)
    await personas.set_default_where_none(session, DEFAULT)
