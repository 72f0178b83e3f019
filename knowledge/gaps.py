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
_COMPARED: Final = 400  # open gaps, the latest: what was asked long ago and never again is a gap of its own
_FIGURES: Final = re.compile(r"(?<![\w-])\d[\d\s().-]{6,}\d(?!\w)")  # a telephone, a CPF, a card, however it is parted


async def note(session: TenantSession, question: str, *, persona: str | None = None) -> UUID | None:
    """The gap it counts for; none where the question says nothing that could be looked for."""
    masked = " ".join(_FIGURES.sub(MASK, redact_text(question)).split())[:_LONGEST]
    asked = Gist.of(masked)
    if not asked.says_something:
        return None
    await hold_until_commit(session, "knowledge gaps")
    known = [
        (likeness(asked, Gist.of(row.question)), row.id) for row in await gaps.latest(session, persona, most=_COMPARED)
    ]
    share, gap = max(known, default=(0.0, None))
    if gap is None or share < RELATED:
        return await gaps.add(session, masked, sorted(asked.stems | asked.codes), persona)
    await gaps.count(session, gap)
    return UUID(str(gap))


async def close(session: TenantSession, gap: UUID, *, answer: UUID | None = None) -> None:
    """Answered by an approved answer; or dismissed, where there is none."""
    await gaps.close(session, gap, GapState.ANSWERED if answer else GapState.DISMISSED, answer)
