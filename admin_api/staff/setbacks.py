"""What becomes of a note that Telegram did not take: said again, put off, said elsewhere, or given up with a reason."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from admin_api.staff import alarming
from admin_api.staff.pacing import Pace
from admin_api.staff.stores import groups, outgoing, people
from admin_api.staff.stores.bots import Lease
from admin_api.staff.stores.outgoing import Waiting
from channels.telegram_staff.failures import Failed, Kind
from channels.telegram_staff.notes import Card, Change, CloseTopic, DeleteTopic, OpenTopic, React, Unsay
from channels.telegram_staff.problems import Problem
from channels.telegram_staff.sending import Target, Teller
from core import telemetry
from core.db.sessions import TenantSession
from core.logging import get_logger

_PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_TRIES: Final = 3
_WITHOUT_RIGHT_SECONDS: Final = 30.0

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setbacks:
    lease: Lease
    pace: Pace
    teller: Teller

    async def take(self, session: TenantSession, head: Waiting, ids: Sequence[UUID], failed: Failed) -> None:
        goal = head.goal
        log.warning("staff.note_not_taken", company=str(session.tenant_id), note=str(head.id), kind=failed.kind)
        match failed.kind:
            case Kind.FLOOD | Kind.CLOSED_TOPIC:
                await outgoing.give_back(session, ids)
            case Kind.MIGRATED if failed.chat is not None:
                await groups.move(session, self.lease.connection, goal.chat, failed.chat)
                await outgoing.give_back(session, ids)
            case Kind.GONE_TOPIC if isinstance(head.body, DeleteTopic | CloseTopic):
                await outgoing.finish(session, head.id, (), ())
            case Kind.GONE_TOPIC if goal.topic is not None and goal.thread is not None:
                await outgoing.lost(session, goal.topic, goal.thread)
                await outgoing.give_back(session, ids)
            case Kind.GONE_CHAT | Kind.NO_FORUM | Kind.NO_RIGHTS:
                await self._shut_out(session, head, ids, failed.kind)
            case Kind.GONE_MESSAGE if isinstance(head.body, Card) and goal.topic is not None:
                await outgoing.carded(session, goal.topic, None)
                await outgoing.give_back(session, ids)
            case Kind.UNKNOWN | Kind.TOKEN:
                await self.put_off(session, head, ids, failed.kind)
            case _:
                log.error("staff.note_failed", company=str(session.tenant_id), note=str(head.id), kind=failed.kind)
                await outgoing.fail(session, ids, failed.kind)

    async def after(self, head: Waiting, failed: Failed) -> None:
        """What has to be asked of others than the database."""
        match failed.kind:
            case Kind.FLOOD:
                telemetry.rate_limited(connection=self.lease.connection).inc()
                await self.pace.slow_down(head.goal.chat, failed.seconds)
            case Kind.CLOSED_TOPIC:
                await self._reopen(head)
            case _:
                return

    async def put_off(self, session: TenantSession, head: Waiting, ids: Sequence[UUID], reason: str) -> None:
        pause = _PAUSES[min(head.tries, len(_PAUSES) - 1)]
        await outgoing.put_off(session, ids, pause, reason)

    async def broke(self, session: TenantSession, head: Waiting, ids: Sequence[UUID], reason: str) -> None:
        """A fault of ours, and perhaps of this note alone: it must not hold up its topic for ever."""
        if head.tries + 1 >= _TRIES:
            await outgoing.fail(session, ids, reason)
        else:
            await self.put_off(session, head, ids, reason)

    async def _shut_out(self, session: TenantSession, head: Waiting, ids: Sequence[UUID], kind: Kind) -> None:
        """Of a group it waits until somebody lets us in again; of a person, until they write to us."""
        goal = head.goal
        if goal.group is None and goal.person is not None:
            await people.lose_chat(session, goal.person)
            await outgoing.fail(session, ids, kind)
        elif isinstance(head.body, _OPTIONAL) and kind is Kind.NO_RIGHTS:
            await outgoing.fail(session, ids, kind)
        elif goal.group is not None:
            await alarming.say(session, goal.group, _problem(head, kind))
            await outgoing.put_off(session, ids, _WITHOUT_RIGHT_SECONDS, kind)

    async def _reopen(self, head: Waiting) -> None:
        try:
            await self.pace.next(head.goal.chat)
            await self.teller.reopen_topic(head.goal.name, Target(chat=head.goal.chat, thread=head.goal.thread))
        except Failed as failed:
            log.warning("staff.topic_stays_closed", company=str(self.lease.company), kind=failed.kind)
            await asyncio.sleep(_PAUSES[0])


# Without the right to these everything else can go on.
_OPTIONAL: Final = (Unsay, React, Change, OpenTopic, CloseTopic, DeleteTopic)


def _problem(head: Waiting, kind: Kind) -> Problem:
    """Refused a right to speak at all, it is no administrator; refused a topic, it may manage none."""
    if kind is Kind.GONE_CHAT:
        return Problem.KICKED
    if kind is Kind.NO_FORUM:
        return Problem.NO_TOPICS
    opens = head.goal.topic is not None and head.goal.thread is None
    return Problem.NO_RIGHT if opens else Problem.NO_ADMIN
