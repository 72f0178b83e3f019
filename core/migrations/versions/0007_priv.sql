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
