"""What a prompt has no room for any more is summed up first, after the turn and outside of anybody's wait.

The summary is rewritten where the history is trimmed, and nowhere else: nothing is lost, and nothing is said twice.
"""

from collections.abc import Sequence
from typing import Final

from agents import replying
from agents.commands import Said
from agents.gateway.gateway import used_by
from agents.gateway.port import ModelError, ModelPort
from agents.prompts.history import BLOCK, MOST_CHARACTERS, MOST_MESSAGES, kept
from agents.replying import Recap
from core.clock import Deadline
from core.db.sessions import Database
from core.logging import get_logger
from graphs.conversation.nodes import said
from graphs.conversation.state import Line
from graphs.stores import summaries, turns
from graphs.stores.endings import Ended
from graphs.stores.snapshots import MOST_LINES
from graphs.stores.summaries import NewSummary, Past

MOST_STEPS: Final = 3  # of a turn; a past that was never summed up takes several
_STEP_SECONDS: Final = 15.0
_FRAME: Final = 60  # characters of a line of the prompt beside its text

log = get_logger(__name__)


def is_due(ended: Ended) -> bool:
    """As far as the turn itself can tell: whether the next one could not show all that was said."""
    snapshot = ended.begun.snapshot
    lines = sorted({line.seq: line for line in (*snapshot.history, *snapshot.unanswered)}.values(), key=_number)
    if _surely_fits([*(line.text + line.described for line in lines), *(one.text for one in ended.outcome.bubbles)]):
        return False
    last = lines[-1].seq if lines else 0
    own = [Said(author="bot", text=one.text, message=last + n) for n, one in enumerate(ended.outcome.bubbles, start=1)]
    return outgrown([*map(said, lines), *own]) > 0


def _surely_fits(texts: Sequence[str]) -> bool:
    """Asked after every turn, so that nothing is laid out where there is plainly room."""
    return len(texts) < MOST_MESSAGES and sum(len(text) + _FRAME for text in texts) <= MOST_CHARACTERS


async def sum_up(database: Database, model: ModelPort, ended: Ended) -> int:
    """How many summaries were written. What it took is the turn's, whether or not anything came of it."""
    written = 0
    try:
        while written < MOST_STEPS and await _step(database, model, ended):
            written += 1
    except ModelError as error:
        log.warning("summary.failed", turn=str(ended.begun.claim.turn), reason=type(error).__name__)
    if (used := used_by(model)).calls:
        async with database.tenant_session(ended.begun.snapshot.company) as session:
            await turns.charge(session, ended.begun.claim.turn, used)
    return written


async def _step(database: Database, model: ModelPort, ended: Ended) -> bool:
    snapshot = ended.begun.snapshot
    async with database.tenant_session(snapshot.company) as session:
        past = await summaries.past(session, snapshot.conversation, most=MOST_LINES)
    lines = _next(past)
    if not lines:
        return False
    summary = await replying.summarise(
        model, _recap(ended, past, lines), Deadline.after(_STEP_SECONDS), cache_key=ended.begun.cache_key
    )
    new = NewSummary(body=summary.text, past=past, until=lines[-1].seq, model=summary.model)
    async with database.tenant_session(snapshot.company) as session:
        return await summaries.add(session, snapshot.conversation, new)


def _next(past: Past) -> Sequence[Line]:
    """The oldest that the prompt has no room for, no more of them than one prompt can show."""
    history = [said(line) for line in past.lines]
    count = min(outgrown(history), BLOCK)
    while count > 1 and outgrown(history[:count]):
        count -= 1
    return past.lines[:count]


def outgrown(history: Sequence[Said]) -> int:
    """How many of the oldest are left out, once what remains stays as it is."""
    rest = list(history)
    while len(shorter := kept(rest)) < len(rest):
        rest = list(shorter)
    return len(history) - len(rest)


def _recap(ended: Ended, past: Past, lines: Sequence[Line]) -> Recap:
    snapshot, dialogue = ended.begun.snapshot, ended.outcome.decision.dialogue
    return Recap(
        persona=ended.begun.version.persona,
        stage=dialogue.stage,
        summary=past.summary,
        history=[said(line) for line in lines],
        known={name: filled.value for name, filled in dialogue.slots.items()},
        now=snapshot.now,
        time_zone=snapshot.time_zone,
    )


def _number(line: Line) -> int:
    return line.seq
