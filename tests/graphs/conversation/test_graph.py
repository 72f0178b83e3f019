"""What a run of the graph gives back, and how long a node may take."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest

from agents.ports import Passage
from bench.turn_talk import PASSAGES, BenchModel, BenchPort
from bench.turn_walk import Walk
from core.models.stream import Author, Control, Trigger
from graphs.conversation.graph import _Step, _timed, run
from graphs.conversation.ports import Context
from graphs.conversation.state import Committed, Outcome, Route, TurnData
from tests.graphs.conversation.theatre import PERSONAS, World, graph_of

PERSONA = PERSONAS["vendas-consultivas"]
LONG_WAY = "Os entregadores conseguem ver as rotas no celular deles?"


class Shelf(World):
    """What the model's answers cite."""

    async def search(self, *_: object, **__: object) -> Sequence[Passage]:
        return PASSAGES


def _context(words: str, control: Control = Control.BOT) -> Context:
    walk = Walk(PERSONA, graph_of(PERSONA), BenchPort(BenchModel(), None, 0), Shelf())
    walk._add(Author.CUSTOMER, words)
    context = walk._context(Trigger.INBOUND, ())
    return replace(context, snapshot=replace(context.snapshot, control=control))


class TestRun:
    @pytest.mark.parametrize(
        ("words", "control", "route"),
        [
            (LONG_WAY, Control.BOT, Route.STAGE),
            ("quero falar com uma pessoa", Control.BOT, Route.HANDOFF),
            ("oi", Control.HUMAN, Route.ABSORB),
        ],
    )
    async def test_it_is_the_outcome_that_was_committed(self, words: str, control: Control, route: Route) -> None:
        committed: list[Outcome] = []

        async def commit(outcome: Outcome) -> Committed:
            committed.append(outcome)
            return Committed.DONE

        outcome = await run(graph_of(PERSONA), replace(_context(words, control), commit=commit))

        assert committed == [outcome]
        assert outcome.decision.route is route

    async def test_each_node_on_the_way_has_its_time(self) -> None:
        context = _context(LONG_WAY)
        await run(graph_of(PERSONA), context)

        way = ["gate", "understand", "prefetch", "decide", "stage.novo", "respond", "check", "commit"]
        assert sorted(context.phases) == sorted(way)


class TestTimed:
    async def test_a_node_that_waits_too_long_is_cut_off(self) -> None:
        context = _context("oi")

        async def hangs(_: TurnData, __: Context) -> TurnData:
            await asyncio.Event().wait()
            return TurnData()

        with pytest.raises(TimeoutError):
            await _timed("slow", _Step(node=hangs, seconds=0.01))(TurnData(), SimpleNamespace(context=context))
        assert context.phases["slow"] >= 0.01

    async def test_where_it_leads_is_chosen_by_what_it_did(self) -> None:
        async def drafts(_: TurnData, __: Context) -> TurnData:
            return TurnData(draft="sim")

        def choose(data: TurnData, _: Context) -> str:
            return f"{data['draft']}:{data['repairs']}"

        step = _Step(node=drafts, choose=choose, leads_to=("sim:1",))
        command = await _timed("drafts", step)(TurnData(draft="", repairs=1), SimpleNamespace(context=_context("oi")))

        assert (command.goto, command.update) == ("sim:1", {"draft": "sim"})
