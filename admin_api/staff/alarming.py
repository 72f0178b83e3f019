"""What is wrong with the group is said by a second way: in private to those who look after it, and in the log."""

from datetime import datetime
from typing import Final
from uuid import UUID

from admin_api.staff.stores import groups, people
from admin_api.staff.stores.notes import NewNote, post
from channels.telegram_staff.notes import Say
from channels.telegram_staff.problems import WORDS, Problem
from channels.telegram_staff.rich import bold
from core import clock
from core.db.sessions import TenantSession
from core.ids import ConnectionId
from core.logging import get_logger
from core.models.staff import NoteLane

_EACH: Final = "%Y-%m-%dT%H"  # one alarm of a kind per hour, however often it comes and goes

log = get_logger(__name__)


async def say(session: TenantSession, group: UUID, problem: Problem | None) -> bool:
    """Noted on the group; new, it is told to those who can mend it. True where it is another one than before."""
    if not await groups.say_problem(session, group, problem):
        return False
    await tell_chiefs(session, f"{group}", problem)
    return True


async def tell_chiefs(session: TenantSession, about: str, problem: Problem | None) -> None:
    if problem is None:
        log.info("staff.mended", company=str(session.tenant_id))
        return
    log.error("staff.problem", company=str(session.tenant_id), problem=problem)
    words = WORDS[problem]
    moment = _hour(clock.now())
    for chief in await people.chiefs(session):
        key = f"alarm:{about}:{problem}:{chief.person}:{moment}"
        text = bold("⚠️ Grupo da equipe") + f"\n{words.pt}"
        await post(session, NewNote(key=key, body=Say(text=text), lane=NoteLane.ALERT, person=chief.person))


async def tell_group(session: TenantSession, connection: ConnectionId, problem: Problem) -> None:
    group = await groups.bound(session)
    if group is None or group.connection_id != connection:
        return
    text = bold("⚠️ Telegram") + f"\n{WORDS[problem].pt}"
    key = f"alarm:{group.id}:{problem}:{_hour(clock.now())}"
    await post(session, NewNote(key=key, body=Say(text=text), lane=NoteLane.ALERT, group=group.id))


def _hour(moment: datetime) -> str:
    return moment.strftime(_EACH)
