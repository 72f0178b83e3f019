"""The statements that erase a person, table by table: each blanks or removes what says something of them.

A test plants a word in every column of every table, so that a new one has to have its answer here.
"""

import re
from collections.abc import Mapping
from typing import Final

from sqlalchemy import ARRAY, Text, TextClause, Uuid, bindparam, text

_CALLED: Final = re.compile(r"@(\w+)\(([\w.]*)\)")
_TEXTS: Final = ARRAY(Text)
_UUIDS: Final = ARRAY(Uuid)
_TYPES: Final = {"subjects": _TEXTS, "numbers": _TEXTS}


def given(sql: str) -> TextClause:
    """With its conditions written out, and the types of the lists that it is given."""
    while _CALLED.search(sql):
        sql = _CALLED.sub(lambda called: _CONDITIONS[called[1]].format(it=called[2]), sql)
    names = text(sql).compile().params
    return text(sql).bindparams(*(bindparam(name, type_=_TYPES.get(name, _UUIDS)) for name in names))


# Conditions that statements ask for by name: does a document or text name one of their rows, has it a number of
# theirs, or their whole name? Of one word there are many who bear it, so that it proves nothing.
_CONDITIONS: Final[Mapping[str, str]] = {
    # What is left of something said: that it was, when, by whom, and of which kind.
    "nothing_said": """'{{"type": "unsupported", "what": "erased"}}'""",
    "names_one": """EXISTS (SELECT FROM jsonb_path_query({it}, 'strict $.** ? (@.type() == "string")') AS said
        WHERE said #>> '{{}}' = ANY (:subjects))""",
    "tells_one": """EXISTS (
        SELECT FROM regexp_matches({it}, '[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}', 'g') AS found
        WHERE found[1] = ANY (:subjects))""",
    "has_number": """EXISTS (
        SELECT FROM unnest(:numbers) AS n (number) WHERE position(n.number IN CAST({it} AS text)) > 0)""",
    "has_name": """EXISTS (
        SELECT FROM contacts c WHERE c.id = ANY (:contacts) AND c.name LIKE '% %'
            AND position(c.name IN CAST({it} AS text)) > 0)""",
    "is_about_them": """({it}.topic_id IS NULL AND (@names_one({it}.body) OR @tells_one({it}.key)
        OR @has_number({it}.body) OR @has_name({it}.body)))""",
}

_SQL: Final[Mapping[str, str]] = {
    "parked_news": """
        DELETE FROM parked_news p WHERE @has_number(p.news) OR EXISTS (
            SELECT FROM messages m WHERE m.id = ANY (:messages) AND m.connection_id = p.connection_id
                AND m.provider_id = p.provider_id)
        RETURNING id""",
    "messages": """
        UPDATE messages SET text = NULL, content = @nothing_said(), reply_to = NULL,
            provider_id = CASE WHEN provider_id IS NULL THEN NULL ELSE 'erased:' || id END,
            deleted_at = coalesce(deleted_at, app_now())
        WHERE id = ANY (:messages) RETURNING id""",
    # Without its key nobody opens a sealed file again, whatever became of its bytes; those go afterwards.
    "media_files": """
        UPDATE media_files SET state = 'gone', reason = 'erased', provider_media_id = NULL, declared_mime = NULL,
            declared_sha256 = NULL, filename = NULL, mime = NULL, sha256 = NULL, sealed_key = NULL, words = NULL,
            words_state = NULL, lease_until = NULL, fence = fence + 1
        WHERE message_id = ANY (:messages) RETURNING id""",
    "outbound_attempts": """
        UPDATE outbound_attempts a SET tag = 'erased.' || a.id, answer = '{}'
        FROM outbound o WHERE o.id = a.outbound_id AND o.contact_id = ANY (:contacts) RETURNING a.id""",
    "outbound": """
        UPDATE outbound SET content = @nothing_said(), intent_key = 'erased:' || id, reply_to = NULL,
            provider_id = NULL, error = NULL, pricing = NULL, unknown_since = NULL, retry_at = NULL, lease_until = NULL,
            state = CASE WHEN state IN ('draft', 'queued') THEN 'suppressed' WHEN state = 'unknown' THEN 'ambiguous'
                ELSE state END,
            reason = CASE WHEN state IN ('draft', 'queued', 'unknown') THEN 'erased' ELSE reason END
        WHERE contact_id = ANY (:contacts) OR conversation_id = ANY (:conversations) RETURNING id""",
    # Which rules decided and what was found stays; what was understood, and from which words, does not.
    "turns": """
        UPDATE turns SET payload = '{}',
            dialogue_after = CASE WHEN jsonb_typeof(dialogue_after -> 'heard') = 'number'
                THEN jsonb_build_object('heard', dialogue_after -> 'heard') END,
            trace = jsonb_strip_nulls(jsonb_build_object('rules', trace -> 'rules', 'route', trace -> 'route',
                'seconds', trace -> 'seconds', 'cited', trace -> 'cited', 'passages', (
                    SELECT jsonb_agg(jsonb_build_object('id', p -> 'id', 'score', p -> 'score'))
                    FROM jsonb_path_query(trace, '$.passages[*]') AS p)))
        WHERE id = ANY (:turns) RETURNING id""",
    "conversations": """
        UPDATE conversations SET dialogue = '{}', control_reason = 'erased' WHERE id = ANY (:conversations)
        RETURNING id""",
    "conversation_summaries": """
        DELETE FROM conversation_summaries WHERE conversation_id = ANY (:conversations) RETURNING id""",
    "handoffs": """
        UPDATE handoffs SET brief = '{}', reason = 'erased', category = NULL, closing_note = NULL
        WHERE id = ANY (:handoffs) RETURNING id""",
    "timers": """
        UPDATE timers SET payload = '{}', done_at = coalesce(done_at, app_now()),
            outcome = CASE WHEN done_at IS NULL THEN 'erased' ELSE outcome END, lease_until = NULL, fence = fence + 1
        WHERE conversation_id = ANY (:conversations) RETURNING id""",
    "drafts": """
        UPDATE drafts SET bubbles = '[]', sent_text = NULL, reason = NULL,
            state = CASE WHEN state = 'proposed' THEN 'superseded' ELSE state END
        WHERE id = ANY (:drafts) RETURNING id""",
    "effects": """
        UPDATE effects SET arguments = '{}', result = NULL, reason = 'erased', lease_until = NULL, fence = fence + 1,
            state = CASE WHEN state IN ('proposed', 'approved', 'running') THEN 'expired' ELSE state END
        WHERE id = ANY (:effects) RETURNING id""",
    "contact_facts": "DELETE FROM contact_facts WHERE contact_id = ANY (:contacts) RETURNING id",
    "contact_notes": "DELETE FROM contact_notes WHERE contact_id = ANY (:contacts) RETURNING id",
    "contact_tags": "DELETE FROM contact_tags WHERE contact_id = ANY (:contacts) RETURNING tag",
    "draft_cases": """
        UPDATE draft_cases SET content = NULL, title = '', state = 'dropped' WHERE contact_id = ANY (:contacts)
        RETURNING id""",
    "leads": "UPDATE leads SET slots = '{}' WHERE id = ANY (:leads) RETURNING id",
    # The books of the company stay, and do not say any more who it was.
    "orders": """
        UPDATE orders SET contact_id = NULL, items = '[]', tracking = NULL WHERE contact_id = ANY (:contacts)
        RETURNING id""",
    "charges": """
        UPDATE charges SET contact_id = NULL, description = '', pay_url = NULL, pay_code = NULL
        WHERE contact_id = ANY (:contacts) RETURNING id""",
    "approved_answers": """
        UPDATE approved_answers a SET origin = NULL WHERE @tells_one(a.origin) RETURNING id""",
    "staff_buttons": """
        DELETE FROM staff_buttons b
        WHERE b.conversation_id = ANY (:conversations) OR @names_one(b.arguments) RETURNING id""",
    "staff_lines": """
        DELETE FROM staff_lines WHERE topic_id = ANY (:topics) OR said_id = ANY (:messages) RETURNING id""",
    # One that still waits is not said.
    "staff_notes": """
        UPDATE staff_notes t SET body = '{}', key = 'erased:' || t.id, slot = NULL, lease_until = NULL,
            reason = CASE WHEN state IN ('queued', 'sending') THEN 'erased' ELSE reason END,
            state = CASE WHEN state IN ('queued', 'sending') THEN 'failed' ELSE state END
        WHERE t.topic_id = ANY (:topics) OR @is_about_them(t) RETURNING id""",
    "staff_topics": "UPDATE staff_topics SET name = 'Apagado', state = 'closed' WHERE id = ANY (:topics) RETURNING id",
    "domain_events": """
        DELETE FROM domain_events e
        WHERE CAST(e.subject_id AS text) = ANY (:subjects) OR @names_one(e.payload) RETURNING seq""",
    "contact_identities": "DELETE FROM contact_identities WHERE contact_id = ANY (:contacts) RETURNING id",
    "contacts": """
        UPDATE contacts SET name = NULL, locale = NULL, time_zone = NULL, fields = '{}', updated_at = app_now()
        WHERE id = ANY (:contacts) RETURNING id""",
}

# Those that are found by others come first.
STATEMENTS: Final = {store: given(sql) for store, sql in _SQL.items()}

SPOKEN: Final = given("""
    SELECT t.group_id, t.person_id, t.message_ids, g.chat_id,
        t.sent_at < app_now() - interval '47 hours' AND coalesce(g.rights ->> 'can_delete_messages', '') <> 'true'
            AS is_too_late
    FROM staff_notes t LEFT JOIN staff_groups g ON g.id = t.group_id
    WHERE t.message_ids IS NOT NULL AND @is_about_them(t) ORDER BY t.id
""")

TAUGHT: Final = given("""
    SELECT a.id, a.question, a.answer FROM approved_answers a WHERE @tells_one(a.origin) ORDER BY a.id
""")
