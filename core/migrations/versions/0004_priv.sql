-- Files whose words are awaited, once we have them or know that we never will; of each company the oldest, in turn.
CREATE FUNCTION priv.claim_hearing(most integer, lease interval)
    RETURNS TABLE (company uuid, media uuid, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH ready AS (
        SELECT w.tenant_id, w.id, w.next_at,
            row_number() OVER (PARTITION BY w.tenant_id ORDER BY w.next_at, w.id) AS place
        FROM (
            SELECT * FROM media_files
            WHERE words_state = 'awaited' AND state <> 'pending' AND next_at <= now()
              AND (lease_until IS NULL OR lease_until < now())
            ORDER BY next_at LIMIT most * 20) AS w
    ),
    due AS (
        SELECT m.tenant_id, m.id FROM ready r JOIN media_files m ON m.tenant_id = r.tenant_id AND m.id = r.id
        WHERE m.words_state = 'awaited' AND (m.lease_until IS NULL OR m.lease_until < now())
        ORDER BY r.place, r.next_at LIMIT most FOR UPDATE OF m SKIP LOCKED
    )
    UPDATE media_files m SET lease_until = now() + lease, fence = m.fence + 1, words_tries = m.words_tries + 1
    FROM due WHERE m.tenant_id = due.tenant_id AND m.id = due.id
    RETURNING m.tenant_id, m.id, m.fence
$$;
;;
-- Of these turns those beside which another is open by now because the customer wrote again.
CREATE FUNCTION priv.overtaken(companies uuid[], running uuid[]) RETURNS TABLE (company uuid, turn uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT r.tenant_id, r.id
    FROM unnest(companies, running) AS w (company, id)
    JOIN turns r ON r.tenant_id = w.company AND r.id = w.id AND r.state = 'running'
    WHERE EXISTS (
        SELECT FROM turns o WHERE o.tenant_id = r.tenant_id AND o.conversation_id = r.conversation_id
          AND o.state = 'open' AND o.trigger = 'inbound')
$$;
;;
-- Besides those that are to be run: those that waited for a yes until it was too late, which are only to be told.
CREATE OR REPLACE FUNCTION priv.claim_effects(most integer, lease interval)
    RETURNS TABLE (company uuid, effect uuid, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH wanted AS (
        SELECT tenant_id, id FROM effects
        WHERE state IN ('approved', 'running') AND next_at <= public.app_now()
          AND (state = 'approved' OR lease_until < now())
        ORDER BY next_at, id LIMIT most FOR UPDATE SKIP LOCKED
    ),
    late AS (
        SELECT tenant_id, id FROM effects
        WHERE state = 'proposed' AND expires_at <= public.app_now()
        ORDER BY expires_at, id LIMIT most FOR UPDATE SKIP LOCKED
    ),
    due AS (SELECT * FROM wanted UNION ALL SELECT * FROM late)
    UPDATE effects e SET state = 'running', lease_until = now() + lease, fence = e.fence + 1,
        attempts = e.attempts + 1, reason = CASE WHEN e.state = 'proposed' THEN 'expired' ELSE e.reason END
    FROM due WHERE e.tenant_id = due.tenant_id AND e.id = due.id
    RETURNING e.tenant_id, e.id, e.fence
$$;
;;
-- Seconds until the next turn, timer or effect is due; nothing where none waits.
CREATE OR REPLACE FUNCTION priv.next_due() RETURNS TABLE (work text, seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'turns', extract(epoch FROM min(due_at) - public.app_now()) FROM turns WHERE state = 'open'
    UNION ALL SELECT 'timers', extract(epoch FROM min(due_at) - public.app_now()) FROM timers WHERE done_at IS NULL
    UNION ALL SELECT 'effects', extract(epoch FROM least(
        (SELECT min(next_at) FROM effects WHERE state = 'approved'),
        (SELECT min(expires_at) FROM effects WHERE state = 'proposed')) - public.app_now())
$$;
