"""What is looked for each second among all that a group was ever told is found by its key."""

import itertools
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Interval, bindparam, text

from admin_api.staff.stores import desk_told, lines, scheduled
from channels.policy import Reason
from core.floor import Floor
from core.ids import new_id
from tests.fixtures.outbox import World, make_world

GROUP: Final = {"group": new_id()}
TALK: Final = {"conversation": new_id()}
LOOKS: Final[dict[str, tuple[Any, dict[str, UUID | str | timedelta]]]] = {
    "late files": (lines._LATE_FILES, {**GROUP}),
    "late words": (lines._LATE_WORDS, {**GROUP}),
    "drafts": (desk_told._DRAFTS, {**TALK}),
    "effects": (desk_told._EFFECTS, {**TALK}),
    "decided": (desk_told._DECIDED, {**TALK}),
    "ended": (scheduled._ENDED, {**GROUP, "withdrawn": Reason.WITHDRAWN.value}),
    "untold": (desk_told._UNTOLD, {"person": str(new_id()), "patience": desk_told.PATIENCE}),
}


@pytest.fixture(scope="module")
async def world(floor: Floor) -> World:
    """Whose group was told a lot."""
    world = await make_world(floor)
    async with world.session() as session:
        await session.execute(_TOLD)
    return world


@pytest.mark.parametrize("name", LOOKS)
async def test_notes_are_looked_up_one_by_one(world: World, name: str) -> None:
    """A condition that the policy of the table keeps from the index would have all of a company's notes read."""
    statement, bound = LOOKS[name]
    asked = text(f"EXPLAIN {statement}")
    if "patience" in bound:
        asked = asked.bindparams(bindparam("patience", type_=Interval))
    async with world.session() as session:
        await session.execute(text("SET LOCAL enable_bitmapscan = off"))  # the same, said otherwise
        plan = [str(row[0]) for row in await session.execute(asked, bound)]

    how = looked_up(plan)
    assert how
    assert [one for one in how if "Index Cond" not in one or "(key = " not in one] == []


async def test_who_was_rung_for_is_read_of_their_own_topics_and_of_the_general(world: World) -> None:
    """Cards are kept for ever: those of others are not looked at."""
    async with world.session() as session:
        for other in ("bitmapscan", "seqscan"):  # whatever share of all there are it takes these for
            await session.execute(text(f"SET LOCAL enable_{other} = off"))
        plan = list(await session.scalars(text(f"EXPLAIN {desk_told._SHOWN}"), GROUP))

    own, general = sorted(looked_up(plan))
    assert "(topic_id = ANY" in own
    assert "(topic_id IS NULL)" in general


def looked_up(plan: list[str]) -> list[str]:
    """By what, each time that notes are read."""
    return [after.strip() for line, after in itertools.pairwise(plan) if " on staff_notes " in line]


async def test_the_card_of_a_topic_is_found_among_the_notes_of_its_own(world: World) -> None:
    async with world.session() as session:
        await session.execute(text("SET LOCAL enable_bitmapscan = off"))
        asked = text(f"EXPLAIN {desk_told._HAS_CARD}")
        plan = "\n".join(await session.scalars(asked, {"topic": new_id(), "text": "Ana"}))

    assert "ix_staff_notes_topic on staff_notes" in plan
    assert "(topic_id = " in plan


_TOLD: Final = text("""
    INSERT INTO staff_notes (tenant_id, id, key, lane, body, state)
    SELECT current_tenant(), gen_random_uuid(), 'said:' || n, 'news', '{}', 'sent' FROM generate_series(1, 10000) AS n
""")
