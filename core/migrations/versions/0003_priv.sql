DROP FUNCTION priv.claim_turns(integer, interval);
;;
-- Each company's longest due first, in turn: one with thousands of turns keeps no other waiting.
CREATE FUNCTION priv.claim_turns(most integer, lease interval)
    RETURNS TABLE (company uuid, turn uuid, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH ready AS (
        SELECT t.tenant_id, t.id, t.due_at,
            row_number() OVER (PARTITION BY t.tenant_id ORDER BY t.due_at, t.id) AS place
        FROM (
            SELECT * FROM turns
            WHERE state IN ('open', 'running') AND due_at <= public.app_now()
              AND (state = 'open' OR lease_until < now())
            ORDER BY due_at LIMIT most * 20) AS t
        WHERE t.state = 'running' OR NOT EXISTS (
            SELECT FROM turns r WHERE r.tenant_id = t.tenant_id AND r.conversation_id = t.conversation_id
              AND r.state = 'running')
    ),
    due AS (
        SELECT t.tenant_id, t.id FROM ready r JOIN turns t ON t.tenant_id = r.tenant_id AND t.id = r.id
        WHERE t.state = 'open' OR t.state = 'running' AND t.lease_until < now()
        ORDER BY r.place, r.due_at LIMIT most FOR UPDATE OF t SKIP LOCKED
    )
    UPDATE turns t SET state = 'running', lease_until = now() + lease, fence = t.fence + 1, attempts = t.attempts + 1
    FROM due WHERE t.tenant_id = due.tenant_id AND t.id = due.id
    RETURNING t.tenant_id, t.id, t.fence
$$;
;;
-- Seconds until the next turn, timer or effect is due; nothing where none waits.
CREATE FUNCTION priv.next_due() RETURNS TABLE (work text, seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'turns', extract(epoch FROM min(due_at) - public.app_now()) FROM turns WHERE state = 'open'
    UNION ALL SELECT 'timers', extract(epoch FROM min(due_at) - public.app_now()) FROM timers WHERE done_at IS NULL
    UNION ALL SELECT 'effects', extract(epoch FROM min(next_at) - public.app_now()) FROM effects
        WHERE state = 'approved'
$$;
;;
CREATE FUNCTION priv.claim_timers(most integer, lease interval)
    RETURNS TABLE (company uuid, timer uuid, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH due AS (
        SELECT tenant_id, id FROM timers
        WHERE done_at IS NULL AND due_at <= public.app_now() AND (lease_until IS NULL OR lease_until < now())
        ORDER BY due_at, id LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE timers t SET lease_until = now() + lease, fence = t.fence + 1, attempts = t.attempts + 1
    FROM due WHERE t.tenant_id = due.tenant_id AND t.id = due.id
    RETURNING t.tenant_id, t.id, t.fence
$$;
;;
CREATE FUNCTION priv.claim_effects(most integer, lease interval)
    RETURNS TABLE (company uuid, effect uuid, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH due AS (
        SELECT tenant_id, id FROM effects
        WHERE state IN ('approved', 'running') AND next_at <= public.app_now()
          AND (state = 'approved' OR lease_until < now())
        ORDER BY next_at, id LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE effects e SET state = 'running', lease_until = now() + lease, fence = e.fence + 1,
        attempts = e.attempts + 1
    FROM due WHERE e.tenant_id = due.tenant_id AND e.id = due.id
    RETURNING e.tenant_id, e.id, e.fence
$$;
