"""What the graph is given to work with, for one run of one turn."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from agents.gateway.port import ModelPort
from agents.personas.definition import Persona
from agents.ports import Appointments, Orders, Retriever
from core.clock import Deadline
from graphs.conversation.state import Committed, Outcome, Snapshot

_SATURDAY: Final = 5
Commit = Callable[[Outcome], Awaitable[Committed]]


class Reads(Protocol):
    """Runs a tool that only reads, for the contact of this turn."""

    async def __call__(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    persona: Persona
    snapshot: Snapshot
    model: ModelPort
    retriever: Retriever
    appointments: Appointments
    orders: Orders
    commit: Commit
    deadline: Deadline
    cache_key: str = ""
    phases: dict[str, float] = field(default_factory=dict)  # seconds, by node

    @property
    def is_open(self) -> bool:
        """Whether people answer at this hour, of a weekday."""
        local = self.snapshot.now.astimezone(ZoneInfo(self.snapshot.time_zone))
        opens, _, closes = self.persona.handoff.hours.partition("-")
        return local.weekday() < _SATURDAY and time.fromisoformat(opens) <= local.time() < time.fromisoformat(closes)
