"""What every simulated provider stands on, whichever wire format it speaks."""

import random
from dataclasses import dataclass, field

from sandbox.agenda import Agenda
from sandbox.background import Background
from sandbox.clock import VirtualClock
from sandbox.faults import Faults
from sandbox.ledger import Ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    url: str
    clock: VirtualClock
    faults: Faults
    ledger: Ledger
    random: random.Random
    agenda: Agenda = field(default_factory=Agenda)
    background: Background = field(default_factory=Background)
