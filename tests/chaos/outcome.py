"""What a run came to, for people as a table and for machines as one line."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tests.chaos.facts import Facts
from tests.chaos.oracle import doubled, lost, settled
from tests.chaos.seeds import SEED

_COLUMNS: Final = ("sends", "kills", "accepted", "doubled", "lost", "unknown", "by_tag", "by_silence", "listed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    run: str
    sends: int
    kills: int
    accepted: int
    doubled: int
    lost: int
    unknown: int
    by_tag: int
    by_silence: int
    listed: int
    seconds: float
    notes: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, run: str, facts: Facts, *, kills: int, seconds: float, **notes: Any) -> "Outcome":
        found = settled(facts)
        outcome = cls(
            run=run,
            sends=len(facts.rows),
            kills=kills,
            accepted=len({taken.intent for taken in facts.accepted}),
            doubled=len(doubled(facts)),
            lost=len(lost(facts)),
            seconds=round(seconds, 1),
            notes=notes,
            **asdict(found),
        )
        TOLD.append(outcome)
        return outcome


TOLD: Final[list[Outcome]] = []


def lines() -> Iterator[str]:
    """A table with a row for each run, and one line of JSON."""
    if not TOLD:
        return
    width = max(len(outcome.run) for outcome in TOLD)
    yield " ".join([f"{'run':<{width}}", *(f"{name:>10}" for name in (*_COLUMNS, "seconds"))])
    for outcome in TOLD:
        told = asdict(outcome)
        figures = " ".join(f"{told[name]:>10}" for name in (*_COLUMNS, "seconds"))
        notes = ", ".join(f"{name} {value}" for name, value in outcome.notes.items())
        yield f"{outcome.run:<{width}} {figures}  {notes}"
    sums = {name: sum(getattr(outcome, name) for outcome in TOLD if _counts(outcome)) for name in _COLUMNS}
    seconds = round(sum(outcome.seconds for outcome in TOLD), 1)
    runs = [asdict(outcome) for outcome in TOLD]
    yield json.dumps({"chaos": "runs", **sums, "seconds": seconds, "seed": SEED, "runs": runs})


def _counts(outcome: Outcome) -> bool:
    """What was made to fail, to show that it can, is no part of the sums."""
    return not outcome.notes.get("is_control")
