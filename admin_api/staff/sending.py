"""Says what waits for a bot's group and its people: in order per topic, the urgent first, as fast as Telegram takes it.

At least once: what nobody confirmed is said again. Nothing is dropped but what Telegram refuses for good.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from admin_api.staff.pacing import Pace
from admin_api.staff.setbacks import Setbacks
from admin_api.staff.stores import bots, groups, outgoing
from admin_api.staff.stores.bots import Lease
from admin_api.staff.stores.outgoing import Reach, Waiting
from admin_api.staff.telling import LEASE, Telling
from channels.inbound import BROKEN
from channels.telegram_staff.failures import Failed
from channels.telegram_staff.notes import About, Body, Card, Say, Show
from channels.telegram_staff.problems import SILENT, Problem
from channels.telegram_staff.rich import LONGEST, MOST_MARKS, units
from channels.telegram_staff.sending import merged
from core.db.sessions import Database, TenantSession
from core.errors import AppError
from core.logging import get_logger

BEHIND: Final = 5  # as much as a group is told in a quarter of a minute
IDLE_SECONDS: Final = 5.0
_MOST_HEADS: Final = 50
_NOW: Final = 0.0
_LEAST_SECONDS: Final = 0.05

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claimed:
    """One note, and those that are said together with it."""

    head: Waiting
    body: Body
    others: tuple[UUID, ...] = ()
    abouts: tuple[About, ...] = ()

    @property
    def ids(self) -> tuple[UUID, ...]:
        return (self.head.id, *self.others)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    database: Database
    lease: Lease
    pace: Pace
    telling: Telling
    setbacks: Setbacks

    async def once(self) -> float:
        """Says one thing. The seconds after which there may be another one."""
        async with self._session() as session:
            if not await bots.is_held(session, self.lease):
                return IDLE_SECONDS
            heads = await outgoing.heads(session, await self._reach(session), _MOST_HEADS)
            rest = None if heads else await outgoing.seconds_to_next(session)
        waits = [IDLE_SECONDS if rest is None else min(IDLE_SECONDS, max(_LEAST_SECONDS, rest))]
        refused: set[int] = set()
        for head in heads:
            if head.goal.chat in refused:
                continue
            wait = await self.pace.wait_of(head.goal.chat)
            if not wait:
                await self._say(head)
                return _NOW
            refused.add(head.goal.chat)
            waits.append(wait)
        return min(waits)

    async def _reach(self, session: TenantSession) -> Reach:
        """People are written to by the bot of the group; before there is one, by any."""
        group = await groups.bound(session)
        is_ours = group is not None and group.connection_id == self.lease.connection
        problem = None if group is None else group.problem
        return Reach(
            connection=self.lease.connection,
            has_group=is_ours and problem not in SILENT,
            opens_topics=problem not in _WITHOUT_TOPICS,
            speaks_to_people=is_ours or group is None,
        )

    async def _say(self, head: Waiting) -> None:
        claimed = await self._claim(head)
        if claimed is None:
            return
        try:
            said = await self.telling.tell(head, claimed.body)
        except Failed as failed:
            async with self._session() as session:
                await self.setbacks.take(session, head, claimed.ids, failed)
            await self.setbacks.after(head, failed)
        except AppError as error:  # of our storage or our keys, say: it may be mended
            async with self._session() as session:
                await self.setbacks.put_off(session, head, claimed.ids, type(error).__name__)
        except BROKEN as error:
            log.exception("staff.note_broken", company=str(self.lease.company), note=str(head.id), tries=head.tries)
            async with self._session() as session:
                await self.setbacks.broke(session, head, claimed.ids, type(error).__name__)
        else:
            await self._done(claimed, said)

    async def _claim(self, head: Waiting) -> _Claimed | None:
        """None: somebody else has it."""
        async with self._session() as session:
            claimed = await self._with_followers(session, head)
            if not await bots.is_held(session, self.lease):
                return None
            ours = await outgoing.begin(session, claimed.ids, LEASE)
            is_all = ours == set(claimed.ids)
            if not is_all:
                await outgoing.give_back(session, ours)
        return claimed if is_all else None

    async def _with_followers(self, session: TenantSession, head: Waiting) -> _Claimed:
        alone = _Claimed(head=head, body=head.body, abouts=_abouts(head.body))
        if head.behind < BEHIND or head.said or head.goal.topic is None or not _merges(head.body):
            return alone
        bodies, others = [head.body], []
        for follower in await outgoing.followers(session, head):
            if not (_merges(follower.body) and _fit([*bodies, follower.body])):
                break
            bodies.append(follower.body)
            others.append(follower.id)
        if not others:
            return alone
        says = [body for body in bodies if isinstance(body, Say)]
        abouts = tuple(about for body in bodies for about in _abouts(body))
        return _Claimed(head=head, body=merged(says), others=tuple(others), abouts=abouts)

    async def _done(self, claimed: _Claimed, said: Sequence[int]) -> None:
        head = claimed.head
        async with self._session() as session:
            await outgoing.finish(session, head.id, claimed.others, said)
            if head.goal.group is not None:
                await outgoing.keep_lines(session, head.goal, said, claimed.abouts)
        body = claimed.body
        if isinstance(body, Show) and body.is_passing:
            await self.telling.files.forget(body)

    def _session(self) -> AbstractAsyncContextManager[TenantSession]:
        return self.database.tenant_session(self.lease.company)


_WITHOUT_TOPICS: Final = frozenset({Problem.NO_TOPICS, Problem.NO_RIGHT, Problem.NO_ADMIN})


def _merges(body: Body) -> bool:
    return isinstance(body, Say) and body.merges and not body.buttons and body.reply_to is None


def _fit(bodies: Sequence[Body]) -> bool:
    text = merged([body for body in bodies if isinstance(body, Say)]).text
    return units(text.text) <= LONGEST and len(text.marks) <= MOST_MARKS


def _abouts(body: Body) -> tuple[About, ...]:
    about = None if isinstance(body, Card) else getattr(body, "about", None)
    return () if about is None else (about,)
