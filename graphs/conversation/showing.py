"""What staff are asked about is looked up first: they see which order it is, and what is not there is said at once."""

from collections.abc import Sequence
from dataclasses import replace

from agents.personas.definition import Persona
from agents.ports import OrderNews
from agents.tools import running
from agents.tools.registry import SHOWN, TOOLS, Tool
from agents.tools.running import Ports
from graphs.conversation.rules import Rule
from graphs.conversation.state import CannedText, Decision, ToolCall


async def show(persona: Persona, decision: Decision, ports: Ports) -> Decision:
    """What cannot be looked up in time is proposed as it was said, and judged when it is run."""
    for call in decision.effects:
        shows = TOOLS[call.tool].shows
        if shows is not None and (orders := await running.orders_for(shows, call.arguments, ports)) is not None:
            decision = _shown(persona, decision, call, orders)
    return decision


def _shown(persona: Persona, decision: Decision, call: ToolCall, orders: Sequence[OrderNews]) -> Decision:
    if not orders:
        return _without(persona, decision, call)
    order = orders[0]
    told = {"id": str(order.id), "number": order.number, "state": order.state, "total_cents": order.total_cents}
    shown = replace(call, arguments={**call.arguments, "number": {"text": order.number}, SHOWN: told})
    return replace(decision, effects=tuple(shown if one is call else one for one in decision.effects))


def _without(persona: Persona, decision: Decision, call: ToolCall) -> Decision:
    """Nobody waits for staff then: the customer hears what is not there, and is asked for another."""
    tool = TOOLS[call.tool]
    said = CannedText(name=_said_instead(persona, tool))
    waits, refused = Rule.EFFECT_WAITS.about(call.tool), Rule.EFFECT_NOT_ALLOWED.about(call.tool)
    named = _named_by(persona, decision, call)
    known = {name: filled for name, filled in decision.dialogue.slots.items() if name not in named}
    ask = decision.ask or next((name for name in persona.stage(decision.stage).collect if name in named), None)
    return replace(
        decision,
        ask=ask,
        dialogue=replace(decision.dialogue, slots=known, last_ask=ask),
        effects=tuple(one for one in decision.effects if one is not call),
        texts=tuple(said if one.name == f"{tool.text}_waiting" else one for one in decision.texts),
        rules=tuple(refused if one == waits else one for one in decision.rules),
    )


def _named_by(persona: Persona, decision: Decision, call: ToolCall) -> frozenset[str]:
    uses = (use for use in persona.stage(decision.stage).tools if use.tool == call.tool)
    return frozenset[str]().union(*(use.slots for use in uses))


def _said_instead(persona: Persona, tool: Tool) -> str:
    none = f"{TOOLS[tool.shows].text}_none" if tool.shows else ""
    return none if persona.has_text(none) else f"{tool.text}_failed"
