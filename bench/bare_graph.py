"""The yardstick of `bench-turn`: a LangGraph graph with the nodes and edges of a persona's, which do next to nothing.

What it remembers of a conversation is in its state, as a bare graph has to keep it: with the stock saver, a thread for
each conversation, written once at the end of a run.
"""

import operator
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, TypedDict

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from bench.turn_talk import SCRIPT

CONNECTIONS: Final = 16
BareGraph = CompiledStateGraph["Talk", None, "Talk", "Talk"]


class Said(TypedDict):
    who: str
    text: str


class Talk(TypedDict, total=False):
    """The whole conversation, and what a turn passes on."""

    messages: Annotated[list[Said], operator.add]
    stage: str
    slots: dict[str, str]
    understood: str
    passages: list[str]
    draft: str


def bare_graph(names: list[str], saver: AsyncPostgresSaver | None = None) -> BareGraph:
    """With nodes of these names, eight of which a turn goes through, as it does in ours."""
    builder = StateGraph(Talk)
    stages = [name for name in names if name.startswith("stage.")]
    others = [name for name in names if name not in {*_STEPS, *stages}]
    idle: Any = _pass
    for name, node in _STEPS.items():
        builder.add_node(name, node)
    for name in stages:
        builder.add_node(name, idle)
    for name in others:
        builder.add_node(name, idle)
        builder.add_edge(name, "commit")
    builder.add_edge(START, "gate")
    builder.add_conditional_edges("gate", _always("understand", "prefetch"), ["understand", "prefetch", *others])
    builder.add_edge(["understand", "prefetch"], "decide")
    builder.add_conditional_edges("decide", _always(stages[0]), [*stages, *others])
    for name in stages:
        builder.add_edge(name, "respond")
    builder.add_edge("respond", "check")
    builder.add_conditional_edges("check", _always("commit"), ["commit", *others])
    builder.add_edge("commit", END)
    return builder.compile(checkpointer=saver)


@asynccontextmanager
async def open_saver(url: str) -> AsyncIterator[AsyncPostgresSaver]:
    """As its documentation says, on as many connections as an engine has."""
    manner = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(url, min_size=8, max_size=CONNECTIONS, kwargs=manner, open=False) as pool:
        lines: Any = pool  # of dicts, which its type does not show
        saver = AsyncPostgresSaver(lines)
        await saver.setup()
        yield saver


async def take_turn(graph: BareGraph, thread: str, words: str) -> None:
    config: Any = {"configurable": {"thread_id": thread}}
    durability: Any = "exit" if graph.checkpointer else None
    await graph.ainvoke({"messages": [{"who": "customer", "text": words}]}, config, durability=durability)


async def _ask_model(words: str) -> str:
    """What stands for a model on both sides: it answers from the script, at once."""
    return next(line.say for line in SCRIPT if line.words in words)


async def _pass(talk: Talk) -> Talk:
    return {"stage": talk.get("stage", "novo")}


async def _understand(talk: Talk) -> Talk:
    return {"understood": await _ask_model(talk["messages"][-1]["text"])}


async def _prefetch(_: Talk) -> Talk:
    return {"passages": [line.say for line in SCRIPT[:5]]}


async def _decide(talk: Talk) -> Talk:
    return {"slots": {**talk.get("slots", {}), "necessidade": talk["understood"]}, "stage": "novo"}


async def _respond(talk: Talk) -> Talk:
    return {"draft": await _ask_model(talk["messages"][-1]["text"])}


async def _commit(talk: Talk) -> Talk:
    return {"messages": [{"who": "bot", "text": talk["draft"]}]}


_STEPS: Final[dict[str, Any]] = {
    "gate": _pass,
    "understand": _understand,
    "prefetch": _prefetch,
    "decide": _decide,
    "respond": _respond,
    "check": _pass,
    "commit": _commit,
}


def _always(*names: str) -> Any:
    async def choose(_: Talk) -> list[str]:  # a plain function would be called in a thread, each time
        return list(names)

    return choose
