"""Events of providers that tell of a person who is erased: found by what they are known by, and written anew."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, LargeBinary, bindparam, text

from core.db.sessions import TenantSession
from core.models.stream import Consumer
from graphs.erased_events import NOTHING, Wanted, is_of_topic, without
from graphs.stores.erasing import Topic, Traces


async def blank_events(session: TenantSession, traces: Traces, topics: Sequence[Topic]) -> int:
    """Those that are still to be read go on without them; one that was about them alone is done."""
    wanted = Wanted(names=set(traces.identities) | set(traces.numbers), numbers=traces.numbers)
    blanked = 0
    for row in await _found(session, [*traces.identities, *traces.numbers], traces):
        left = without(row.body, wanted)
        if left != row.body:
            await _keep(session, row, left)
            blanked += 1
    for topic in topics:
        if topic.thread is not None:
            blanked += await _blank_topic(session, topic, topic.thread, traces)
    return blanked


async def _blank_topic(session: TenantSession, topic: Topic, thread: int, traces: Traces) -> int:
    # As Telegram writes it, and as we do of what we fetched.
    words = [f'"message_thread_id":{gap}{thread}' for gap in ("", " ")]
    rows = await _found(session, words, traces)
    about = [row for row in rows if row.consumer == Consumer.STAFF and is_of_topic(row.body, topic.chat, thread)]
    for row in about:
        await _keep(session, row, NOTHING)
    return len(about)


async def _found(session: TenantSession, words: Sequence[str], traces: Traces) -> list[Any]:
    """Not before the company first knew them, for no provider told of them then."""
    if not words:
        return []
    bound = {"words": [word.encode() for word in dict.fromkeys(words)], "contacts": list(traces.contacts)}
    return list(await session.execute(_FOUND, bound))


async def _keep(session: TenantSession, row: Any, body: bytes) -> None:
    await session.execute(_KEEP, {"id": row.id, "at": row.received_at, "body": body, "is_nothing": body == NOTHING})


_FOUND: Final = text("""
    SELECT e.id, e.received_at, e.consumer, e.body FROM incoming_events e
    WHERE e.received_at >= (SELECT min(created_at) - interval '2 days' FROM contacts WHERE id = ANY (:contacts))
        AND EXISTS (SELECT FROM unnest(:words) AS w (word) WHERE position(w.word IN e.body) > 0)
    ORDER BY e.received_at, e.id FOR NO KEY UPDATE OF e
""").bindparams(bindparam("words", type_=ARRAY(LargeBinary)))

_KEEP: Final = text("""
    UPDATE incoming_events SET body = :body, payload = NULL, headers = '{}', body_sha256 = sha256(:body),
        state = CASE WHEN :is_nothing AND state = 'new' THEN 'done' ELSE state END,
        reason = CASE WHEN :is_nothing THEN 'erased' ELSE reason END
    WHERE id = :id AND received_at = :at
""").bindparams(bindparam("body", type_=LargeBinary))
