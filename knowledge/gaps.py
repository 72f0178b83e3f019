"""Questions that nothing answered: counted together where they ask the same, and without who asked."""

import re
from typing import Final
from uuid import UUID

from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.models.answers import GapState
from core.redaction import MASK, redact_text
from knowledge.alike import RELATED, Gist, likeness
from knowledge.stores import gaps

_LONGEST: Final = 300
_READ: Final = 2_000  # characters in which we look for what identifies a person
_WORDS: Final = 12  # of a question, by which it is found again: comparing takes the time of their square
_MOST: Final = 2_000  # open ones that are looked at
_FIGURES: Final = re.compile(r"(?<![\w-])\d[\d\s().-]{6,}\d(?!\w)")  # a telephone, a CPF, a card, however it is parted


async def note(session: TenantSession, question: str, *, persona: str | None = None) -> UUID | None:
    """The gap it counts for; none where the question says nothing that could be looked for."""
    wording = masked(question)
    asked = Gist.of(wording, most=_WORDS)
    if not asked.says_something:
        return None
    compared: dict[UUID, float] = {}
    gap = await _likest(session, asked, persona, compared)
    if gap is None:
        await hold_until_commit(session, "knowledge gaps")
        gap = await _likest(session, asked, persona, compared)  # another may have been quicker
    if gap is None:
        return await gaps.add(session, wording, _words(asked), persona)
    await gaps.count(session, gap)
    return gap


def masked(question: str) -> str:
    """As a gap keeps it."""
    return hidden(question[:_READ])[:_LONGEST]


def hidden(words: str) -> str:
    """All of it, but for what has the shape of something that identifies a person."""
    return " ".join(_FIGURES.sub(MASK, redact_text(words)).split())


def identifies(words: str) -> bool:
    return hidden(words) != " ".join(words.split())


async def close(session: TenantSession, gap: UUID, *, answer: UUID | None = None) -> None:
    """Answered by an approved answer; or dismissed, where there is none."""
    await gaps.close(session, gap, GapState.ANSWERED if answer else GapState.DISMISSED, answer)


async def renew(session: TenantSession) -> None:
    """The words that open ones are found again by, as the code of today takes them."""
    for row in await gaps.every(session, most=_MOST):
        words = _words(Gist.of(row.question, most=_WORDS))
        if words != row.words:
            await gaps.set_words(session, row.id, words)


def _words(asked: Gist) -> list[str]:
    return sorted(asked.words.keys() | asked.codes)


async def _likest(session: TenantSession, asked: Gist, persona: str | None, compared: dict[UUID, float]) -> UUID | None:
    """`compared` grows by what it looks at, so that nothing is compared twice."""
    for row in await gaps.sharing(session, sorted(asked.matter), persona):
        if row.id not in compared:
            compared[row.id] = likeness(asked, Gist.of(row.question, most=_WORDS))
    gap = max(compared, key=compared.__getitem__, default=None)
    return gap if gap is not None and compared[gap] >= RELATED else None
