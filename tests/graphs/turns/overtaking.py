"""A customer who writes on, or a person who takes over, at the n-th moment at which a turn waits."""

from typing import Final

from core.ids import ConversationId
from graphs import handoff
from graphs.handoff import Source, Taker
from tests.fixtures.inbound import Customer
from tests.graphs.turns.deaths import measured
from tests.graphs.turns.dying import Steps, walk
from tests.graphs.turns.room import Room

FIRST: Final = "Qual plano vocês recomendam para uma padaria?"
SECOND: Final = "e meu nome é Ana"


async def take_over(room: Room, who: Customer) -> None:
    conversation = ConversationId((await room.conversation(who)).id)
    async with room.inbox.session() as session:
        await handoff.take_over(session, conversation, Taker(source=Source.STAFF))


async def written_on(room: Room, moment: int) -> list[str]:
    """What is wrong where the customer writes on at this moment of the turn."""
    who = room.person()
    await room.say((who, FIRST))
    await room.hurry()
    steps = Steps(at=moment, act=lambda: room.say((who, SECOND)))
    await walk(room.taker.run_due, steps)
    if not steps.has_ended:  # it was through before
        return []
    await room.settle()
    done = [turn for turn in await room.turns(who) if turn.state == "done"]
    heard = [turn.dialogue_after["heard"] for turn in done]
    said = await room.answers(who)
    wrong = []
    # Both in one turn, or one after the other; the turn that was opened meanwhile may find nothing left to hear.
    if heard not in ([2], [2, 2], [1, max(heard)]) or max(heard) == 1:
        wrong.append(f"turns heard until {heard}")
    if len([one for one in said if "inteligência artificial" in one]) != 1:
        wrong.append("the greeting was not said once")
    if any(turn.restarts > 2 for turn in done):
        wrong.append("too many restarts")
    return [f"at {moment}: {one}" for one in wrong]


async def taken_over(room: Room, moment: int) -> list[str]:
    """What is wrong where a person takes over at this moment of the turn."""
    who = room.person()
    await room.say((who, FIRST))
    await room.hurry()
    steps = Steps(at=moment, act=lambda: take_over(room, who))
    await walk(room.taker.run_due, steps)
    if not steps.has_ended:  # it was through before
        return []
    await room.settle()
    conversation = await room.conversation(who)
    left = await room.inbox.rows(
        "SELECT intent_key FROM outbound WHERE conversation_id = :id AND state <> 'suppressed'", id=conversation.id
    )
    wrong = [f"{row.intent_key} may still be sent" for row in left]
    if conversation.control != "human":
        wrong.append(f"{conversation.control} answers")
    return [f"at {moment}: {one}" for one in wrong]


async def moments(room: Room) -> int:
    return await measured(room, FIRST)
