"""A persona as a LangGraph state machine: one spine for all of them, and a node for each of its stages and routes.

No checkpointer: what a conversation remembers is a column that the commit writes (ADR 0002).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agents.personas.definition import Persona
from graphs.conversation import nodes
from graphs.conversation.ports import Context
from graphs.conversation.state import Outcome, Route, TurnData

Graph = CompiledStateGraph[TurnData, Context, TurnData, TurnData]
Node = Callable[[TurnData, Context], Awaitable[TurnData]]

_LONGEST_PATH: Final = 16
_KEPT: Final = 256  # compiled graphs
_READ_SECONDS: Final = 5.0
_MODEL_SECONDS: Final = 45.0  # the turn's own deadline is shorter; this ends what does not heed it
_GRAPHS: Final[dict[str, Graph]] = {}
_CANNED: Final = (Route.CANNED, Route.CLARIFY, Route.ACTION, Route.HANDOFF, Route.SILENCE)


def compile_graph(persona: Persona) -> Graph:
    """A new one; `graph_of` keeps those that are used."""
    builder = StateGraph(TurnData, context_schema=Context)
    _add_nodes(builder, persona)
    builder.add_edge(START, "gate")
    builder.add_conditional_edges(
        "gate",
        _routed(nodes.after_gate),
        ["absorb", "understand", "prefetch", "decide"],
    )
    builder.add_edge("absorb", "commit")
    builder.add_edge(["understand", "prefetch"], "decide")
    stages = [f"stage.{stage.id}" for stage in persona.stages]
    routes = [f"route.{route}" for route in _CANNED]
    builder.add_conditional_edges("decide", _routed(nodes.after_decide), [*stages, *routes, "route.absorb"])
    for name in stages:
        builder.add_edge(name, "respond")
    for name in (*routes, "route.absorb"):
        builder.add_edge(name, "commit")
    builder.add_edge("respond", "check")
    builder.add_conditional_edges("check", _routed(nodes.after_check), ["commit", "repair", "route.fallback"])
    builder.add_edge("repair", "check")
    builder.add_edge("route.fallback", "commit")
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
    """One turn, up to and with its commit."""
    done = await graph.ainvoke(TurnData(), {"recursion_limit": _LONGEST_PATH}, context=context)
    outcome: Outcome = done["outcome"]
    return outcome


def _add_nodes(builder: "StateGraph[TurnData, Context, TurnData, TurnData]", persona: Persona) -> None:
    spine: dict[str, tuple[Node, float]] = {
        "gate": (nodes.gate, _READ_SECONDS),
        "absorb": (nodes.absorb, _READ_SECONDS),
        "understand": (nodes.understand, _MODEL_SECONDS),
        "prefetch": (nodes.prefetch, _READ_SECONDS),
        "decide": (nodes.decide, _READ_SECONDS),
        "respond": (nodes.respond, _MODEL_SECONDS),
        "check": (nodes.check, _READ_SECONDS),
        "repair": (nodes.repair, _MODEL_SECONDS),
        "commit": (nodes.commit, _MODEL_SECONDS),
        "route.fallback": (nodes.fallback, _READ_SECONDS),
        "route.absorb": (nodes.canned, _READ_SECONDS),
    }
    spine |= {f"stage.{stage.id}": (nodes.stage, _READ_SECONDS) for stage in persona.stages}
    spine |= {f"route.{route}": (nodes.canned, _READ_SECONDS) for route in _CANNED}
    for name, (node, seconds) in spine.items():
        builder.add_node(name, _timed(name, node, seconds))


def _timed(name: str, node: Node, seconds: float) -> Any:
    """LangGraph's own timeout runs each node in two more tasks."""

    async def run_node(data: TurnData, runtime: Runtime[Context]) -> TurnData:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(seconds):
                return await node(data, runtime.context)
        finally:
            phases = runtime.context.phases
            phases[name] = phases.get(name, 0.0) + time.perf_counter() - begun

    return run_node


def _routed(route: Callable[[TurnData, Context], list[str] | str]) -> Any:
    """A plain function would be called in a thread of its own, each time."""

    async def choose(data: TurnData, runtime: Runtime[Context]) -> list[str] | str:
        return route(data, runtime.context)

    return choose
