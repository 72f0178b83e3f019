"""Every dialogue that tests know, as a log without its times.

`python -m tests.graphs.conversation.logbook SEEDS WIDTH [PERSONA]` prints how many turns were played, so many dialogues
at once, and the SHA-256 of all that they left.
"""

import asyncio
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from agents.personas.definition import Persona
from graphs.conversation import memory
from tests.graphs.conversation.improvising import improvise
from tests.graphs.conversation.repertoire import Play, repertoire
from tests.graphs.conversation.theatre import PERSONAS, Cue, Dialogues, Played


def dialogues(seeds: int, only: str | None = None) -> Iterator[tuple[Dialogues, tuple[Cue, ...]]]:
    for persona in [PERSONAS[only]] if only else PERSONAS.values():
        for play in repertoire(persona):
            yield _of(persona, play), play.cues
    for seed in range(seeds):
        for persona, cues in improvise(seed):
            yield Dialogues.of(persona), tuple(cues)


def _of(persona: Persona, play: Play) -> Dialogues:
    return Dialogues.of(persona, play.dialogue, succeeded=set(play.succeeded))


async def digest(seeds: int, width: int, only: str | None = None) -> tuple[int, str]:
    gate = asyncio.Semaphore(width)

    async def played(stage: Dialogues, cues: tuple[Cue, ...]) -> list[str]:
        async with gate:
            return [_line(await stage.turn(cue)) for cue in cues]

    logs = await asyncio.gather(*(played(stage, cues) for stage, cues in dialogues(seeds, only)))
    lines = [line for log in logs for line in log]
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(played: Played) -> str:
    outcome = played.outcome
    told: Mapping[str, Any] = {
        "outcome": outcome.outcome.value,
        "stage": outcome.decision.stage,
        "bubbles": [(bubble.text, bubble.delay_seconds) for bubble in outcome.bubbles],
        "moves": [(move.source, move.target, list(move.criteria)) for move in outcome.decision.moves],
        "effects": [(call.tool, dict(call.arguments)) for call in outcome.decision.effects],
        "dialogue": memory.to_json(outcome.decision.dialogue),
        "usage": [outcome.usage.calls, outcome.usage.input_tokens, outcome.usage.output_tokens],
        "trace": {key: value for key, value in outcome.trace.items() if key != "seconds"},
    }
    return json.dumps(told, ensure_ascii=False, default=str)  # in the order in which it was made: that may not differ


if __name__ == "__main__":
    turns, sha = asyncio.run(digest(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4]))
    sys.stdout.write(f"{turns} {sha}\n")
