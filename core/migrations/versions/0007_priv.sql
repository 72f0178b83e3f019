-- Of these turns those that still run under these fences are held for so long from now. Held for no time they are anybody's
-- at once, and this was no try of theirs. One that is being committed is left to its commit.
CREATE FUNCTION priv.hold_turns(companies uuid[], running uuid[], fences bigint[], lease interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH held AS (
        SELECT t.tenant_id, t.id FROM unnest(companies, running, fences) AS w (company, id, fence)
        JOIN turns t ON t.tenant_id = w.company AND t.id = w.id AND t.fence = w.fence AND t.state = 'running'
        FOR UPDATE OF t SKIP LOCKED
    )
    UPDATE turns t SET lease_until = now() + lease,
        attempts = t.attempts - CASE WHEN lease > interval '0' THEN 0 ELSE 1 END
    FROM held WHERE t.tenant_id = held.tenant_id AND t.id = held.id
$$;
;;
-- As before, but for those that were begun again and again and never ended: such a one may kill its process. They are
-- claimed one at a time, the least tried first, so that one that kills again takes none of them along.
CREATE FUNCTION priv.claim_turns(most integer, lease interval, suspects boolean)
    RETURNS TABLE (company uuid, turn uuid, held_fence bigint, tries integer)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH ready AS (
        SELECT t.tenant_id, t.id, t.due_at, t.attempts,
            row_number() OVER (PARTITION BY t.tenant_id ORDER BY t.due_at, t.id) AS place
        FROM (
            SELECT * FROM turns
            WHERE state IN ('open', 'running') AND due_at <= public.app_now()
              AND (state = 'open' OR lease_until < now()) AND (attempts >= 5) = suspects
            ORDER BY due_at LIMIT most * 20) AS t
        WHERE t.state = 'running' OR NOT EXISTS (
            SELECT FROM turns r WHERE r.tenant_id = t.tenant_id AND r.conversation_id = t.conversation_id
              AND r.state = 'running')
    ),
    due AS (
        SELECT t.tenant_id, t.id FROM ready r JOIN turns t ON t.tenant_id = r.tenant_id AND t.id = r.id
        WHERE t.state = 'open' OR t.state = 'running' AND t.lease_until < now()
        ORDER BY CASE WHEN suspects THEN r.attempts END, r.place, r.due_at
        LIMIT CASE WHEN suspects THEN 1 ELSE most END FOR UPDATE OF t SKIP LOCKED
    )
    UPDATE turns t SET state = 'running', lease_until = now() + lease, fence = t.fence + 1, attempts = t.attempts + 1
    FROM due WHERE t.tenant_id = due.tenant_id AND t.id = due.id
    RETURNING t.tenant_id, t.id, t.fence, t.attempts
$$;
