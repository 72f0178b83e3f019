"""A stage with a company on it, and the question at the end whether all was as promised."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg

from channels import batches
from graphs import intake
from tests.chaos.children import Nursery
from tests.chaos.crowd import Crowd, Person
from tests.chaos.estate import Estate
from tests.chaos.facts import Facts, Gate, gather
from tests.chaos.oracle import check_world
from tests.chaos.panel import Panel
from tests.chaos.stage import Plan, Stage

_SOON: Final = {"least": 0.05, "most": 0.3}
STATUSES: Final[dict[str, Any]] = {"sent": _SOON, "delivered": _SOON, "read": _SOON, "duplicated": 0.05}
WEBHOOKS: Final = {"first_retry": 0.2, "retry_factor": 1.5, "longest_retry": 2.0, "timeout": 5.0, "duplicated": 0.02}
_LOOKS: Final = 0.2
_MOST_SHOWN: Final = 20
_AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    stage: Stage
    crowd: Crowd
    said: list[str] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    batches: list[UUID] = field(default_factory=list)
    began: float = field(default_factory=time.time)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, estate: Estate, nursery: Nursery, plan: Plan | None = None, *, per_second: int = 1000
    ) -> AsyncIterator["World"]:
        """A provider that is quick to tell, and a company without people yet. Nothing of ours runs."""
        async with Stage.open(estate, nursery, plan) as stage:
            await stage.panel.statuses(**STATUSES)
            await stage.panel.webhooks(**WEBHOOKS)
            yield cls(stage=stage, crowd=await Crowd.open(stage, per_second=per_second))

    @property
    def panel(self) -> Panel:
        return self.stage.panel

    async def say(self, person: Person, body: str = "Oi! Tudo bem?") -> str:
        message = await self.crowd.say(person, body)
        self.said.append(message)
        return message

    async def show(self, person: Person, picture: bytes) -> str:
        """The same with a picture."""
        file = {"data": base64.b64encode(picture).decode(), "mime_type": "image/png"}
        kept = await self.panel.post("/whatsapp/media", {"phone_id": self.crowd.phone_id, "file": file})
        content = {"type": "media", "kind": "image", "media_id": kept["media_id"]}
        message = await self.panel.write(self.crowd.phone_id, person.phone, content)
        self.said.append(message)
        return message

    @property
    def noon(self) -> int:
        """A moment of this run, in the seconds that Meta counts in: the same whenever it is asked for."""
        return int(self.began)

    async def until(self, sql: str, *, seconds: float = 60.0) -> None:
        """Until the database says yes."""
        async with asyncio.timeout(seconds), self.stage.superuser() as superuser:
            while not await superuser.fetchval(sql):  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(_LOOKS)

    async def until_accepted(self, count: int, *, seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while await self.panel.count_accepted() < count:  # noqa: ASYNC110 - the provider is another process
                await asyncio.sleep(_LOOKS)

    async def hurry(self) -> None:
        """The leases of whoever died end now: a file's is longer than a test has patience."""
        async with self.stage.superuser() as superuser:
            for statement in _HURRY:
                await superuser.execute(statement)

    async def hurry_sends(self) -> None:
        """The same of whoever died while sending. Nobody may be alive: a call may start until its lease ends."""
        async with self.stage.superuser() as superuser:
            await superuser.execute("UPDATE outbound SET lease_until = now() WHERE lease_until > now()")

    async def release_quarantined(self) -> int:
        """As a person does who has looked at them."""
        async with self.stage.superuser() as superuser:
            events = [row["id"] for row in await superuser.fetch(_QUARANTINED)]
        async with self.crowd.session() as session:
            return sum([await intake.replay(session, event) for event in events])

    async def start_batch(self, name: str = "campanha") -> UUID:
        batch = await self.crowd.start_batch(name)
        self.batches.append(batch)
        return batch

    async def quiet(self, seconds: float = 60.0) -> float:
        """Until nothing is on its way any more; how long it took."""
        began = time.monotonic()
        while moving := await self._moving():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"after {seconds} s there are still {moving}\n{self.stage.last_words()}")
            await asyncio.sleep(_LOOKS)
        return time.monotonic() - began

    async def facts(self) -> Facts:
        async with self.stage.superuser() as superuser:
            known = {"gates": self.gates, "acknowledged": self.said, "counts": await self._counts()}
            return await gather(superuser, self.panel, **known)

    async def check(self, *, but_for: frozenset[str] = frozenset()) -> Facts:
        """Everything is as promised, except for what the test itself planted."""
        facts = await self.facts()
        wrong = [f"{finding.rule}: {finding.what}" for finding in check_world(facts) if finding.rule not in but_for]
        assert not wrong, "\n".join([*wrong[:_MOST_SHOWN], f"{len(wrong)} in all", self.stage.last_words()])
        return facts

    async def quiet_and_check(self, seconds: float = 60.0) -> Facts:
        await self.quiet(seconds)
        return await self.check()

    def _spooled(self) -> int:
        """Acknowledged, and not in the database yet."""
        records = self.stage.home / "spool" / "records"
        return len(list(records.iterdir())) if records.exists() else 0

    async def _counts(self) -> dict[UUID, dict[str, int]]:
        async with self.crowd.session() as session:
            return {batch: asdict(await batches.counts(session, batch)) for batch in self.batches}

    async def _moving(self) -> dict[str, int] | str:
        try:
            async with self.stage.superuser() as superuser:
                [found] = await superuser.fetch(_MOVING)
        except _AWAY as error:
            return f"no answers of the database ({type(error).__name__})"
        told = {"untold": await self.panel.still_to_tell(), "spooled": self._spooled(), **dict(found)}
        return {what: count for what, count in told.items() if count}


_QUARANTINED: Final = "SELECT id FROM incoming_events WHERE state = 'quarantined'"
_HURRY: Final = (
    "UPDATE incoming_events SET lease_until = now() WHERE lease_until > now()",
    "UPDATE media_files SET lease_until = now() WHERE lease_until > now()",
    "UPDATE turns SET lease_until = now() WHERE lease_until > now()",
)
_MOVING: Final = """
    SELECT (SELECT count(*) FROM outbound o WHERE o.state = 'queued' AND (o.batch_id IS NULL OR EXISTS (
            SELECT FROM send_batches b WHERE b.tenant_id = o.tenant_id AND b.id = o.batch_id
                AND b.state = 'running'))) AS queued,
        (SELECT count(*) FROM outbound WHERE state = 'sending') AS sending,
        (SELECT count(*) FROM outbound WHERE state = 'unknown') AS unknown,
        (SELECT count(*) FROM incoming_events WHERE state = 'new') AS incoming,
        (SELECT count(*) FROM turns WHERE state IN ('open', 'running')) AS turns,
        (SELECT count(*) FROM media_files WHERE state = 'pending' AND provider_media_id IS NOT NULL) AS media,
        (SELECT count(*) FROM parked_news) AS parked
"""
