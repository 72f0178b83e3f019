"""What is wrong with the staff groups of an installation, for those who look after it."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from core.db.sessions import TenantSession


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Of one company: `problems` by their names; how many notes wait, and for how long the oldest that is due does."""

    bots: int
    problems: tuple[str, ...]
    waiting: int
    oldest_seconds: float
    failed: int  # since yesterday


async def standing(session: TenantSession) -> Standing:
    row = (await session.execute(_STANDING)).one()
    return Standing(
        bots=row.bots,
        problems=tuple(row.problems),
        waiting=row.waiting,
        oldest_seconds=row.oldest or 0.0,
        failed=row.failed,
    )


_STANDING: Final = text("""
    SELECT (SELECT count(*) FROM staff_bots b JOIN connections c ON c.id = b.connection_id
            WHERE c.state <> 'disabled') AS bots,
        ARRAY(SELECT b.problem FROM staff_bots b JOIN connections c ON c.id = b.connection_id
              WHERE b.problem IS NOT NULL AND c.state <> 'disabled'
              UNION SELECT problem FROM staff_groups WHERE left_at IS NULL AND problem IS NOT NULL) AS problems,
        count(*) FILTER (WHERE state <> 'failed') AS waiting,
        CAST(extract(epoch FROM app_now() - min(greatest(created_at, not_before))
            FILTER (WHERE state <> 'failed')) AS float) AS oldest,
        count(*) FILTER (WHERE state = 'failed') AS failed
    FROM staff_notes
    WHERE state IN ('queued', 'sending') AND not_before <= app_now()
          AND (person_id IS NULL OR EXISTS (
              SELECT FROM staff_people p WHERE p.id = person_id AND p.chat_id IS NOT NULL))
        OR state = 'failed' AND created_at > app_now() - interval '1 day'
""")
