"""Customers who write while they are answered, people who take over and give back, workers who lose their turns.

Everything happens at moments that a seed chooses; afterwards the tables and the provider's book say what came of it.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text

from agents.gateway.gateway import Gateway, make_gateway
from agents.gateway.port import ModelReply, ModelRequest
from agents.personas.shipped import shipped
from channels.registry import Registry
from core.audit import SYSTEM
from core.db.sessions import Pool
from core.floor import Floor
from core.ids import ConversationId
from core.models.outbox import OutboundState
from core.models.people import ConnectionKind
from core.models.stream import Trigger
from core.probe import Pulse
from graphs import handoff, timers
from graphs.handoff import Source, Taker
from graphs.stores import chains, owed, personas
from graphs.stores.chains import Chain
from graphs.turn_taking import TurnTaker
from tests.fixtures.inbound import Customer, Inbox, Reader, message
from tests.fixtures.outbox import World, make_world
from tests.graphs.turns.room import SALES, Room, taker_of, wamid

LINES: Final = (
    "Oi",
    "meu nome é Ana",
    "quero um site para a padaria",
    "quanto custa?",
    "Qual plano vocês recomendam para uma padaria?",
    "meu orçamento é 8 mil",
    "quer dizer, 9 mil",
    "até sexta",
    "e para Santos?",
    "obrigada",
)
WORKERS: Final = 2
POOL: Final = Pool(size=10, overflow=40)
CAP: Final = 8.0  # seconds after the first message, however many follow
_LONGEST_THOUGHT: Final = 0.03
_HANDS: Final = 10  # who acts at the same time: a database has only so many lines
_LONGEST_PAUSE: Final = 0.03
_MOVES: Final = ("say", "say", "say", "pause", "fly", "fly", "take_over", "give_back", "lapse", "ring")


@dataclass
class Hesitant:
    """A model that takes its time, longer or shorter."""

    gateway: Gateway
    dice: random.Random

    def for_turn(self, *limits: Any, **more: Any) -> "Hesitant":
        return Hesitant(self.gateway.for_turn(*limits, **more), self.dice)  # type: ignore[arg-type] # a ModelPort too

    async def complete(self, request: ModelRequest) -> ModelReply:
        await asyncio.sleep(self.dice.uniform(0, _LONGEST_THOUGHT))
        return await self.gateway.complete(request)


@dataclass(slots=True)
class Course:
    """What happened to one customer, on the clock of the event loop."""

    who: Customer
    dice: random.Random
    taken: list[tuple[float, float]] = field(default_factory=list)  # while a person had the conversation
    waits: list[float] = field(default_factory=list)
    conversation: ConversationId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    world: World
    room: Room
    takers: Sequence[TurnTaker]

    async def run(self, seeds: Sequence[int], *, moves: int) -> list[str]:
        """All at the same time; what was not as promised."""
        courses = [Course(self.room.person(), random.Random(seed)) for seed in seeds]  # noqa: S311 - given again
        await self.room.say(*((course.who, course.dice.choice(LINES)) for course in courses))
        for course in courses:
            course.conversation = ConversationId((await self.room.conversation(course.who)).id)
        async with self._working():
            async with asyncio.TaskGroup() as group:
                hands = asyncio.Semaphore(_HANDS)
                for course in courses:
                    group.create_task(self._drive(course, moves, hands))
            await self._come_to_rest(courses)
        return [
            f"seed {seed}: {what}"
            for seed, course in zip(seeds, courses, strict=True)
            for what in await self._judge(course)
        ]

    async def tally(self) -> str:
        """Of all that has been run: how much there was to get in each other's way."""
        [row] = await self.room.inbox.rows(_TALLY)
        return ", ".join(f"{value} {name}" for name, value in row._mapping.items())

    async def broken_chains(self, most: int) -> list[str]:
        """Of so many of the bot's messages, whichever they are: what nobody could tell of why and how each was said."""
        said = await self.room.inbox.rows(_SAID_BY_BOT, most=most)
        assert len(said) == most  # else there were fewer
        async with self.world.session() as session:
            every = [await chains.of_message(session, row.id) for row in said]
        return [f"{chain.message.id}: {what}" for chain in every for what in _missing(chain)]

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with self.world.sending(), asyncio.TaskGroup() as group:
            for taker in self.takers:
                group.create_task(taker.run(stop, Pulse().loop("turns")))
            yield
            stop.set()
            for taker in self.takers:
                taker.wake.set()

    async def _drive(self, course: Course, moves: int, hands: asyncio.Semaphore) -> None:
        async with hands:
            for _ in range(moves):
                await getattr(self, f"_{course.dice.choice(_MOVES)}")(course)

    async def _come_to_rest(self, courses: Sequence[Course]) -> None:
        """What one has posted another may have begun to take in."""
        await self.room.inbox.take_in()
        async with asyncio.timeout(30):
            while any([await self._fly(course) for course in courses]):
                await self._pause(courses[0])

    async def _say(self, course: Course) -> None:
        lines = course.dice.choices(LINES, k=course.dice.choice((1, 1, 2, 3)))
        await self.room.post(*(message(course.who, wamid(), text=words) for words in lines))
        course.waits += [row.seconds for row in await self.room.inbox.rows(_WAITS, number=course.who.number)]

    async def _pause(self, course: Course) -> None:
        await asyncio.sleep(course.dice.uniform(0, _LONGEST_PAUSE))

    async def _fly(self, course: Course) -> int:
        """Whatever waits for its time here has waited. One transaction each: nobody else locks both in this order."""
        left = 0
        for statement in _FLY:
            async with self.world.session() as session:
                left += len((await session.execute(text(statement), {"id": course.conversation})).all())
        for taker in self.takers:
            taker.wake.set()
        self.world.sender.wake.set()
        return left

    async def _lapse(self, course: Course) -> None:
        """Whoever has the turn is slower than anybody waits, and goes on all the same."""
        async with self.world.session() as session:
            await session.execute(text(_LAPSE), {"id": course.conversation})
        self.takers[course.dice.randrange(WORKERS)].wake.set()

    async def _take_over(self, course: Course) -> None:
        assert course.conversation is not None
        if (await self.room.conversation(course.who)).control == "human":
            return
        async with self.world.session() as session:
            await handoff.take_over(session, course.conversation, Taker(source=Source.STAFF))
        course.taken.append((asyncio.get_running_loop().time(), float("inf")))

    async def _give_back(self, course: Course) -> None:
        assert course.conversation is not None
        if (await self.room.conversation(course.who)).control != "human":
            return
        course.taken[-1] = (course.taken[-1][0], asyncio.get_running_loop().time())
        async with self.world.session() as session:
            await handoff.give_back(session, course.conversation)
            await owed.owe(session, course.conversation, Trigger.STAFF_RETURN, payload={"reason": "staff"})

    async def _ring(self, course: Course) -> None:
        async with self.world.session() as session:
            await session.execute(text(_DUE_TIMERS), {"id": course.conversation})
        await timers.run_due(self.world.floor)

    # --- afterwards ---------------------------------------------------------------------------------------------------

    async def _judge(self, course: Course) -> list[str]:
        conversation = await self.room.conversation(course.who)
        turns = await self.room.inbox.rows(_TURNS, id=conversation.id)
        said = [row.seq for row in await self.room.inbox.rows(_SAID, id=conversation.id)]
        done = [turn for turn in turns if turn.state == "done" and turn.dialogue_after]  # else a draft for a person
        found = list(_covered(conversation, done, said))
        found += list(_uncut(conversation, turns, done, changes=2 * len(course.taken)))
        found += [f"waited {seconds:.1f} s" for seconds in course.waits if seconds > CAP]
        found += [f"{late} left after a person took over" for late in self._late(course, turns)]
        return found

    def _late(self, course: Course, turns: Sequence[Any]) -> Iterator[str]:
        mine = {f"turn:{turn.id}" for turn in turns}
        for call in self.world.provider.calls:
            is_mine = call.intent.rpartition(":")[0] in mine
            if is_mine and any(begun < call.at < ended for begun, ended in course.taken):
                yield call.intent


def _missing(chain: Chain) -> Iterator[str]:
    """From what was heard, by which version and rules, to the provider's own name of it."""
    thought, sent = chain.thought, chain.outbound
    if thought is None or thought.version is None or not thought.turn.trace.get("rules"):
        yield "why it was said"
    elif thought.turn.trigger is Trigger.INBOUND and not thought.heard:
        yield "what it answers"
    if sent is None or (sent.state in _LEFT and not (chain.attempts and sent.provider_id)):
        yield f"how it left ({sent and sent.state})"


def _covered(conversation: Any, done: Sequence[Any], said: Sequence[int]) -> Iterator[str]:
    """Every message is heard in one turn; a person answers for those that none has heard."""
    before = 0
    times: defaultdict[int, int] = defaultdict(int)
    for turn in done:
        heard = turn.dialogue_after["heard"]
        if heard < before:
            yield f"a turn heard until {heard} after one until {before}"
        new = [seq for seq in said if before < seq <= heard]
        for seq in new:
            times[seq] += 1
        if not new and turn.bubbles and turn.trigger == "inbound":
            yield f"{turn.bubbles} bubbles to nothing"
        before = max(before, heard)
    missing = [seq for seq in said if times[seq] != 1]
    if missing and conversation.control != "human":
        yield f"messages {missing} were not heard once"


def _uncut(conversation: Any, turns: Sequence[Any], done: Sequence[Any], *, changes: int) -> Iterator[str]:
    """Nothing that was decided is gone, and nothing is left to do. `changes` of who answers each void a turn, too."""
    if conversation.turn_seq != len(done):
        yield f"{len(done)} turns are done, and {conversation.turn_seq} were counted"
    if done and conversation.dialogue != done[-1].dialogue_after:
        yield "what the last turn left is not what is known"
    for turn in turns:
        if turn.restarts > 2 + changes:
            yield f"{turn.restarts} restarts"
        if turn.state not in {"done", "ignored"}:
            yield f"a turn is {turn.state} ({turn.reason})"


@asynccontextmanager
async def open_track(floor: Floor, seed: int) -> AsyncIterator[Track]:
    world = await make_world(floor, settings={"per_second": 1000})
    async with world.session() as session:
        await personas.publish(session, shipped()[SALES], SYSTEM)
        await personas.set_default_where_none(session, SALES)
        number = await session.scalar(text("SELECT settings ->> 'phone_number_id' FROM connections"))
    gateway = make_gateway(floor.settings)
    model = Hesitant(gateway, random.Random(seed))  # noqa: S311 - given again
    takers = [taker_of(floor, model) for _ in range(WORKERS)]
    registry = Registry({ConnectionKind.WHATSAPP: Reader()})
    inbox = Inbox(
        floor=floor, registry=registry, company=world.company, connection=world.connection, number=str(number)
    )
    yield Track(world=world, room=Room(inbox=inbox, taker=takers[0]), takers=takers)
    await gateway.close()
    await world.finish()


_MINE: Final = """
    SELECT c.id FROM conversations c JOIN contact_identities i ON i.contact_id = c.contact_id AND i.kind = 'wa_id'
    WHERE i.value = :number
"""
_WAITS: Final = f"""
    SELECT extract(epoch FROM t.due_at - t.created_at) AS seconds FROM turns t
    WHERE t.state = 'open' AND t.conversation_id IN ({_MINE})
"""  # noqa: S608 - ours
_FLY: Final = (
    """UPDATE turns SET due_at = least(due_at, app_now())
       WHERE conversation_id = :id AND state IN ('open', 'running') RETURNING id""",
    """UPDATE outbound SET not_before = least(not_before, app_now())
       WHERE conversation_id = :id AND state IN ('queued', 'sending') RETURNING id""",
)
_LAPSE: Final = (
    "UPDATE turns SET lease_until = now() - interval '1 second' WHERE conversation_id = :id AND state = 'running'"
)
_DUE_TIMERS: Final = "UPDATE timers SET due_at = app_now() WHERE conversation_id = :id AND done_at IS NULL"
_LEFT: Final = frozenset(
    {OutboundState.ACCEPTED, OutboundState.SENT, OutboundState.DELIVERED, OutboundState.READ},
)
_SAID_BY_BOT: Final = "SELECT id FROM messages WHERE author = 'bot' ORDER BY md5(CAST(id AS text)) LIMIT :most"
_SAID: Final = "SELECT seq FROM messages WHERE conversation_id = :id AND author = 'customer' ORDER BY seq"
_TALLY: Final = """
    SELECT (SELECT count(*) FROM messages WHERE author = 'customer') AS said,
        (SELECT count(*) FROM turns WHERE state = 'done') AS done,
        (SELECT count(*) FROM turns WHERE state = 'ignored') AS gave_way,
        (SELECT count(*) FROM turns WHERE restarts > 0) AS restarted,
        (SELECT max(restarts) FROM turns) AS times_at_most,
        (SELECT sum(control_epoch) FROM conversations) AS changes_of_control,
        (SELECT count(*) FROM outbound WHERE state = 'suppressed') AS suppressed_bubbles
"""
_TURNS: Final = """
    SELECT t.id, t.state, t.reason, t.trigger, t.restarts, t.dialogue_after,
        (SELECT count(*) FROM outbound o WHERE o.intent_key LIKE 'turn:' || t.id || ':%') AS bubbles
    FROM turns t WHERE t.conversation_id = :id ORDER BY t.ended_at
"""
