"""The figures of a company, counted from its rows. A message counts on the day on which it was written."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Date, TextClause, text

from admin_api.analytics.figures import (
    Appointments,
    Cost,
    Figures,
    Handoffs,
    Knowledge,
    Moves,
    Period,
    Sales,
    Standing,
    Step,
    Talk,
)
from core.db.sessions import TenantSession
from core.models.personas import StageKind


async def today(session: TenantSession) -> date:
    """As the company's calendar says."""
    found: date = (await session.scalars(_TODAY)).one()
    return found


async def figures_of(session: TenantSession, period: Period) -> Figures:
    bound = {"begins": period.begins, "ends": period.ends}
    return Figures(
        period=period,
        steps=await _steps(session, period),
        talk=Talk(**await _one(session, _TALK, bound)),
        handoffs=_handoffs(await _one(session, _HANDOFFS, bound)),
        standings=await standings(session),
        moves=Moves(**await _one(session, _MOVES, bound)),
        opt_outs=(await _one(session, _OPT_OUTS, bound))["people"],
        costs=[Cost(**row) for row in await _all(session, _COSTS, bound)],
        knowledge=Knowledge(**await _one(session, _KNOWLEDGE, bound)),
        appointments=Appointments(**await _one(session, _APPOINTMENTS, bound)),
        sales=[Sales(**row) for row in await _all(session, _SALES, bound)],
    )


async def standings(session: TenantSession) -> list[Standing]:
    """Every column of every board as it is now, left to right."""
    rows = await _all(session, _STANDINGS, {})
    return [Standing(**{**row, "kind": StageKind(row["kind"])}) for row in rows]


async def _steps(session: TenantSession, period: Period) -> list[Step]:
    bound = {"begins": period.begins, "ends": period.ends, "unit": period.unit.value}
    return [Step(**row) for row in await _all(session, _STEPS, bound | {"step": f"1 {period.unit.value}"})]


def _handoffs(row: Mapping[str, Any]) -> Handoffs:
    return Handoffs(
        **{name: row[name] for name in ("asked", "taken", "answered", "waiting_now")},
        median_response=_span(row["median"]),
        ninth_decile=_span(row["ninth"]),
    )


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


async def _one(session: TenantSession, query: TextClause, bound: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict((await session.execute(query, bound)).mappings().one())


async def _all(session: TenantSession, query: TextClause, bound: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [dict(row) for row in (await session.execute(query, bound)).mappings()]


_TODAY: Final = text("""
    SELECT CAST(app_now() AT TIME ZONE k.time_zone AS date) AS today FROM companies k WHERE k.id = current_tenant()
""").columns(today=Date)

_SPAN: Final = """
    span AS MATERIALIZED (
        SELECT k.time_zone AS zone, CAST(CAST(:begins AS date) AS timestamp) AT TIME ZONE k.time_zone AS begun,
            CAST(CAST(:ends AS date) + 1 AS timestamp) AT TIME ZONE k.time_zone AS done
        FROM companies k WHERE k.id = current_tenant())
"""

# Of messages `m` that we meant to send: those that did not leave, or not yet, were said to nobody.
_LEFT: Final = """
    NOT EXISTS (SELECT FROM outbound o WHERE o.tenant_id = m.tenant_id AND o.message_id = m.id
        AND o.state IN ('draft', 'queued', 'sending', 'failed', 'suppressed', 'expired'))
"""

# A conversation says when the last thing was said in it: those that were silent before the first day are not read.
_SAID: Final = f"""
    {_SPAN},
    said AS MATERIALIZED (
        SELECT m.conversation_id, c.contact_id, m.author, coalesce(m.provider_at, m.created_at) AS at
        FROM span s JOIN conversations c ON c.last_message_at >= s.begun
        JOIN messages m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id
        WHERE coalesce(m.provider_at, m.created_at) >= s.begun AND coalesce(m.provider_at, m.created_at) < s.done
          AND {_LEFT})
"""  # noqa: S608 - a constant of ours

_STEPS: Final = text(f"""
    WITH {_SAID},
    happened AS (
        SELECT at, author, 'said' AS what FROM said
        UNION ALL SELECT c.created_at, NULL, 'opened' FROM conversations c, span s
            WHERE c.created_at >= s.begun AND c.created_at < s.done
        UNION ALL SELECT h.created_at, NULL, 'handed' FROM handoffs h, span s
            WHERE h.created_at >= s.begun AND h.created_at < s.done
              AND (h.taken_at IS NULL OR h.taken_at > h.created_at)),
    counted AS (
        SELECT date_trunc(:unit, h.at AT TIME ZONE s.zone) AS begins,
            count(*) FILTER (WHERE what = 'opened') AS conversations,
            count(*) FILTER (WHERE author = 'customer') AS received,
            count(*) FILTER (WHERE author = 'bot') AS by_bot,
            count(*) FILTER (WHERE author = 'staff') AS by_people,
            count(*) FILTER (WHERE what = 'handed') AS handoffs
        FROM happened h, span s GROUP BY 1)
    SELECT step AS begins, coalesce(conversations, 0) AS conversations, coalesce(received, 0) AS received,
        coalesce(by_bot, 0) AS by_bot, coalesce(by_people, 0) AS by_people, coalesce(handoffs, 0) AS handoffs
    FROM generate_series(date_trunc(:unit, CAST(CAST(:begins AS date) AS timestamp)),
        CAST(CAST(:ends AS date) + 1 AS timestamp) - interval '1 second', CAST(CAST(:step AS text) AS interval)) AS step
    LEFT JOIN counted ON counted.begins = step ORDER BY step
""")  # noqa: S608 - a constant of ours

_TALK: Final = text(f"""
    WITH {_SAID},
    talks AS (
        SELECT conversation_id, min(at) FILTER (WHERE author = 'customer') IS NOT NULL AS is_asked,
            bool_or(author = 'staff') AS has_people, bool_or(author = 'bot') AS has_bot
        FROM said GROUP BY conversation_id)
    SELECT
        (SELECT count(*) FROM conversations c, span s WHERE c.created_at >= s.begun AND c.created_at < s.done)
            AS conversations,
        count(DISTINCT contact_id) FILTER (WHERE author = 'customer') AS people,
        count(*) FILTER (WHERE author = 'customer') AS received,
        count(*) FILTER (WHERE author = 'bot') AS by_bot,
        count(*) FILTER (WHERE author = 'staff') AS by_people,
        count(*) FILTER (WHERE author = 'system') AS by_system,
        (SELECT count(*) FROM talks WHERE is_asked AND has_bot AND NOT has_people) AS answered_by_bot_alone,
        (SELECT count(*) FROM talks WHERE is_asked AND has_people) AS answered_by_people,
        (SELECT count(*) FROM talks WHERE is_asked AND NOT has_bot AND NOT has_people) AS unanswered
    FROM said
""")  # noqa: S608 - a constant of ours

# Who took over of their own accord kept nobody waiting.
_HANDOFFS: Final = text(f"""
    WITH {_SPAN},
    asked AS (
        SELECT h.taken_at, extract(epoch FROM (
            SELECT min(m.created_at) FROM messages m
            WHERE m.conversation_id = h.conversation_id AND m.author = 'staff' AND m.created_at >= h.created_at
              AND m.created_at <= coalesce(h.ended_at, 'infinity') AND {_LEFT}) - h.created_at) AS waited
        FROM handoffs h, span s
        WHERE h.created_at >= s.begun AND h.created_at < s.done AND (h.taken_at IS NULL OR h.taken_at > h.created_at))
    SELECT count(*) AS asked, count(taken_at) AS taken, count(waited) AS answered,
        CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY waited) AS float) AS median,
        CAST(percentile_cont(0.9) WITHIN GROUP (ORDER BY waited) AS float) AS ninth,
        (SELECT count(*) FROM handoffs WHERE state = 'queued') AS waiting_now
    FROM asked
""")  # noqa: S608 - a constant of ours

_STANDINGS: Final = text("""
    SELECT b.name AS board, g.name AS stage, g.kind, count(p.id) AS leads,
        CAST(sum(l.value_cents) FILTER (WHERE p.id IS NOT NULL) AS bigint) AS value_cents
    FROM board_stages g JOIN boards b ON b.id = g.board_id
    LEFT JOIN leads l ON l.board_id = g.board_id AND l.stage = g.key
    LEFT JOIN contacts p ON p.id = l.contact_id AND p.merged_into IS NULL
    GROUP BY b.id, b.name, g.id, g.name, g.kind, g.position, g.key ORDER BY b.name, b.id, g.position, g.key
""")

_MOVES: Final = text(f"""
    WITH {_SPAN},
    moved AS (
        SELECT e.id, e.cause, e.from_stage, g.kind,
            EXISTS (SELECT FROM lead_stage_events u WHERE u.lead_id = e.lead_id AND u.undo_of = e.id) AS is_undone
        FROM span s JOIN lead_stage_events e ON e.created_at >= s.begun AND e.created_at < s.done
        JOIN leads l ON l.id = e.lead_id
        LEFT JOIN board_stages g ON g.board_id = l.board_id AND g.key = e.to_stage)
    SELECT
        (SELECT count(*) FROM leads l, span s WHERE l.created_at >= s.begun AND l.created_at < s.done) AS new_leads,
        count(*) FILTER (WHERE cause = 'rule' AND from_stage IS NOT NULL) AS by_rule,
        count(*) FILTER (WHERE cause = 'rule' AND from_stage IS NOT NULL AND is_undone) AS undone,
        count(*) FILTER (WHERE kind = 'won' AND cause <> 'undo' AND NOT is_undone) AS won,
        count(*) FILTER (WHERE kind = 'lost' AND cause <> 'undo' AND NOT is_undone) AS lost
    FROM moved
""")  # noqa: S608 - a constant of ours

_OPT_OUTS: Final = text(f"""
    WITH {_SPAN}
    SELECT count(DISTINCT e.contact_id) AS people FROM consent_events e, span s
    WHERE e.kind = 'opted_out' AND e.source NOT IN ('merge', 'import')
      AND e.created_at >= s.begun AND e.created_at < s.done
""")  # noqa: S608 - a constant of ours

# A turn keeps what all of its calls cost, not which models they were: it is told by the persona that thought.
_COSTS: Final = text(f"""
    WITH {_SPAN},
    spent AS (
        SELECT coalesce(v.name, '?') AS what, t.model_calls AS calls, t.cost_micros AS micros
        FROM span s JOIN turns t ON t.ended_at >= s.begun AND t.ended_at < s.done AND t.model_calls > 0
        LEFT JOIN persona_versions v ON v.id = t.persona_version_id
        UNION ALL
        SELECT coalesce(f.words_model, '?'), f.model_calls, f.cost_micros
        FROM span s JOIN media_files f ON f.heard_at >= s.begun AND f.heard_at < s.done AND f.model_calls > 0
        UNION ALL
        SELECT a.action, CAST(a.detail ->> 'calls' AS bigint), CAST(a.detail ->> 'cost_micros' AS bigint)
        FROM span s JOIN audit_log a ON a.created_at >= s.begun AND a.created_at < s.done
        WHERE a.action = 'staff.words' AND a.detail ? 'calls')
    SELECT what, CAST(sum(calls) AS bigint) AS calls, CAST(coalesce(sum(micros), 0) AS bigint) AS micros,
        CAST(coalesce(sum(calls) FILTER (WHERE micros IS NULL), 0) AS bigint) AS unknown
    FROM spent GROUP BY what ORDER BY micros DESC, calls DESC, what
""")  # noqa: S608 - a constant of ours

_KNOWLEDGE: Final = text(f"""
    WITH {_SPAN}
    SELECT (SELECT count(*) FROM knowledge_gaps WHERE state = 'open') AS open_gaps,
        (SELECT count(*) FROM knowledge_gaps g WHERE g.first_at >= s.begun AND g.first_at < s.done) AS new_gaps,
        (SELECT count(*) FROM approved_answers a WHERE a.created_at >= s.begun AND a.created_at < s.done) AS approved
    FROM span s
""")  # noqa: S608 - a constant of ours

_APPOINTMENTS: Final = text(f"""
    WITH {_SPAN}
    SELECT (SELECT count(*) FROM appointments a WHERE a.created_at >= s.begun AND a.created_at < s.done) AS booked,
        (SELECT count(*) FROM appointments a WHERE a.cancelled_at >= s.begun AND a.cancelled_at < s.done) AS cancelled,
        (SELECT count(*) FROM appointments a
            WHERE a.state = 'booked' AND a.starts_at >= s.begun AND a.starts_at < s.done) AS due
    FROM span s
""")  # noqa: S608 - a constant of ours

_SALES: Final = text(f"""
    WITH {_SPAN},
    sold AS (
        SELECT o.currency, 1 AS orders, o.total_cents AS orders_cents, 0 AS charges, 0 AS charges_cents
        FROM span s JOIN orders o ON o.placed_at >= s.begun AND o.placed_at < s.done
        WHERE o.state IN ('paid', 'shipped', 'delivered')
        UNION ALL
        SELECT c.currency, 0, 0, 1, c.amount_cents
        FROM span s JOIN charges c ON c.paid_at >= s.begun AND c.paid_at < s.done WHERE c.state = 'paid')
    SELECT currency, sum(orders) AS orders, CAST(sum(orders_cents) AS bigint) AS orders_cents,
        sum(charges) AS charges, CAST(sum(charges_cents) AS bigint) AS charges_cents
    FROM sold GROUP BY currency ORDER BY currency
""")  # noqa: S608 - a constant of ours
