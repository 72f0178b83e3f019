"""A persona as a LangGraph state machine: one spine for all of them, and a node for each of its stages and routes.

No checkpointer: what a conversation remembers is a column that the commit writes (ADR 0002).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agents.personas.definition import Persona
from graphs.conversation import nodes
from graphs.conversation.ports import Context
from graphs.conversation.state import Outcome, Route, TurnData

Graph = CompiledStateGraph[TurnData, Context, TurnData, TurnData]
Node = Callable[[TurnData, Context], Awaitable[TurnData]]
Choice = Callable[[TurnData, Context], list[str] | str]

_LONGEST_PATH: Final = 16
_KEPT: Final = 256  # compiled graphs
_READ_SECONDS: Final = 5.0
_MODEL_SECONDS: Final = 45.0  # the turn's own deadline is shorter; this ends what does not heed it
_GRAPHS: Final[dict[str, Graph]] = {}
_CANNED: Final = (Route.CANNED, Route.CLARIFY, Route.ACTION, Route.HANDOFF, Route.SILENCE)


def compile_graph(persona: Persona) -> Graph:
    """A new one; `graph_of` keeps those that are used."""
    builder = StateGraph(TurnData, context_schema=Context)
    stages = [f"stage.{stage.id}" for stage in persona.stages]
    routes = [f"route.{route}" for route in (*_CANNED, Route.ABSORB)]
    for name, step in _steps(stages, routes).items():
        builder.add_node(name, _timed(name, step), destinations=step.leads_to)
    builder.add_edge(START, "gate")
    builder.add_edge("absorb", "commit")
    builder.add_edge(["understand", "prefetch"], "decide")
    for name in stages:
        builder.add_edge(name, "respond")
    for name in (*routes, "route.fallback"):
        builder.add_edge(name, "commit")
    builder.add_edge("respond", "check")
    builder.add_edge("repair", "check")
    builder.add_edge("commit", END)
    return builder.compile()


def graph_of(fingerprint: str, persona: Persona) -> Graph:
    """By what is in the version: two companies with the same persona share its graph, which knows neither."""
    if fingerprint not in _GRAPHS:
        if len(_GRAPHS) >= _KEPT:
            del _GRAPHS[next(iter(_GRAPHS))]
        _GRAPHS[fingerprint] = compile_graph(persona)
    return _GRAPHS[fingerprint]


async def run(graph: Graph, context: Context) -> Outcome:
    """One turn, up to and with its commit. To follow all that the nodes pass on would take time, so we do not."""
    done: Any = await graph.ainvoke(
        TurnData(), {"recursion_limit": _LONGEST_PATH}, context=context, output_keys="outcome", version="v2"
    )
    outcome: Outcome = done.value
    return outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """A node; its time, where it waits for anything; and where it leads, where that depends on what it did.

    A conditional edge of LangGraph's would read the whole state again, in a task of its own.
    """

    node: Node
    seconds: float | None = None
    choose: Choice | None = None
    leads_to: tuple[str, ...] = ()


def _steps(stages: Sequence[str], routes: Sequence[str]) -> Mapping[str, _Step]:
    return {
        "gate": _Step(
            node=nodes.gate, choose=nodes.after_gate, leads_to=("absorb", "understand", "prefetch", "decide")
        ),
        "absorb": _Step(node=nodes.absorb),
        "understand": _Step(node=nodes.understand, seconds=_MODEL_SECONDS),
        "prefetch": _Step(node=nodes.prefetch, seconds=_READ_SECONDS),
        "decide": _Step(
            node=nodes.decide, seconds=_READ_SECONDS, choose=nodes.after_decide, leads_to=(*stages, *routes)
        ),
        "respond": _Step(node=nodes.respond, seconds=_MODEL_SECONDS),
        "check": _Step(node=nodes.check, choose=nodes.after_check, leads_to=("commit", "repair", "route.fallback")),
        "repair": _Step(node=nodes.repair, seconds=_MODEL_SECONDS),
        "commit": _Step(node=nodes.commit, seconds=_MODEL_SECONDS),
        "route.fallback": _Step(node=nodes.fallback),
        **dict.fromkeys(stages, _Step(node=nodes.stage, seconds=_READ_SECONDS)),
        **dict.fromkeys(routes, _Step(node=nodes.canned, seconds=_READ_SECONDS)),
    }


def _timed(name: str, step: _Step) -> Any:
    """LangGraph's own timeout runs each node in two more tasks."""

    async def run_node(data: TurnData, runtime: Runtime[Context]) -> TurnData | Command[str]:
        begun, context = time.perf_counter(), runtime.context
        try:
            async with asyncio.timeout(step.seconds):
                done = await step.node(data, context)
        finally:
            phases = context.phases
            phases[name] = phases.get(name, 0.0) + time.perf_counter() - begun
        return done if step.choose is None else Command(update=done, goto=step.choose({**data, **done}, context))

    return run_node
