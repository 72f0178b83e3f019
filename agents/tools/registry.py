"""What a persona can look up and do: a closed list. A tool names its arguments, and never whom it is for.

Arguments come from slots, facts and the persona's own constants, which code has checked: never from a model's words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from agents.personas.definition import SlotType, ToolUse
from agents.ports import Fact
from core.models.service import Approver
from core.texts import Text

SHOWN: Final = "order"  # among the arguments: what an effect is about, for whoever approves it


class Class(StrEnum):
    READ = "read"  # runs within the turn
    EFFECT = "effect"  # becomes a row, and its result another turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """`types`: the slots that may fill it; none of them means that only a constant may."""

    types: frozenset[SlotType]
    is_needed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    name: str
    cls: Class
    about: Text
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    approver: Approver = Approver.NOBODY
    timeout: timedelta = timedelta(seconds=3)
    expires: timedelta = timedelta(hours=24)  # a proposal that nobody answers
    needs_consent: bool = False  # to be written to: it starts a message by itself
    needs_staff: bool = False  # never without somebody of the company, whatever a persona says
    shows: str | None = None  # looked up first: staff see what it is, and what is not there is said
    is_repeatable: bool = False  # each time it is about another: that it was done once is no reason not to do it again

    @property
    def text(self) -> str:
        """The first part of the names of the persona's texts about it: `agenda.criar` has `agenda_criar_done`."""
        return self.name.replace(".", "_")


def _tools(*tools: Tool) -> Mapping[str, Tool]:
    return {tool.name: tool for tool in tools}


_CHOICES: Final = frozenset({SlotType.CHOICE, SlotType.TEXT})

TOOLS: Final = _tools(
    Tool(
        name="agenda.livre",
        cls=Class.READ,
        about=Text("Mostra horários livres.", "Shows free times."),
        parameters={
            "service": Parameter(types=_CHOICES, is_needed=False),
            "day": Parameter(types=frozenset({SlotType.DATE, SlotType.PERIOD}), is_needed=False),
        },
    ),
    Tool(
        name="agenda.minhas",
        cls=Class.READ,
        about=Text("Mostra os horários marcados da pessoa.", "Shows the person's appointments."),
    ),
    Tool(
        name="agenda.criar",
        cls=Class.EFFECT,
        about=Text("Marca um horário.", "Books an appointment."),
        parameters={
            "service": Parameter(types=_CHOICES, is_needed=False),
            "at": Parameter(types=frozenset({SlotType.MOMENT})),
        },
        approver=Approver.CUSTOMER,
    ),
    Tool(
        name="agenda.cancelar",
        cls=Class.EFFECT,
        about=Text("Cancela o próximo horário marcado.", "Cancels the next appointment."),
        approver=Approver.CUSTOMER,
        is_repeatable=True,
    ),
    Tool(
        name="pedidos.consultar",
        cls=Class.READ,
        about=Text("Diz como está um pedido.", "Says how an order is going."),
        parameters={"number": Parameter(types=frozenset({SlotType.TEXT, SlotType.QUANTITY}), is_needed=False)},
    ),
    Tool(
        name="pedidos.reembolsar",
        cls=Class.EFFECT,
        about=Text("Pede à equipe o reembolso de um pedido.", "Asks staff to refund an order."),
        parameters={"number": Parameter(types=frozenset({SlotType.TEXT, SlotType.QUANTITY}))},
        approver=Approver.CUSTOMER,
        expires=timedelta(days=3),  # a weekend, too
        needs_staff=True,
        shows="pedidos.consultar",
        is_repeatable=True,
    ),
    Tool(
        name="cobrancas.consultar",
        cls=Class.READ,
        about=Text("Mostra o que está em aberto e como pagar.", "Shows what is owed and how to pay it."),
    ),
    Tool(
        name="retorno.prometer",
        cls=Class.EFFECT,
        about=Text("Combina um retorno em uma data.", "Promises to come back to them on a date."),
        parameters={"at": Parameter(types=frozenset({SlotType.DATE, SlotType.MOMENT}))},
        needs_consent=True,
    ),
)


def arguments_of(use: ToolUse, slots: Mapping[str, Any], facts: Mapping[str, Fact]) -> Mapping[str, Any] | None:
    """What each parameter gets; None where something it needs is not known yet. `slots`: values that count."""
    given: dict[str, Any] = {}
    for name, source in use.arguments.items():
        kind, _, rest = source.partition(":")
        match kind:
            case "slot" if rest in slots:
                given[name] = slots[rest]
            case "fact" if rest in facts:
                given[name] = facts[rest].value
            case "const":
                given[name] = {"text": rest}
    needed = {name for name, parameter in TOOLS[use.tool].parameters.items() if parameter.is_needed}
    return given if needed <= given.keys() else None
