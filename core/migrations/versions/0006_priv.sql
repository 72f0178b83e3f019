-- Each Telegram connection gets the row by which somebody works for it.
CREATE FUNCTION priv.open_staff_bots() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO staff_bots (tenant_id, connection_id)
        SELECT c.tenant_id, c.id FROM connections c WHERE c.kind = 'telegram' AND c.state <> 'disabled'
        ON CONFLICT (tenant_id, connection_id) DO NOTHING
$$;
;;
-- Bots that nobody works for just now, those that Telegram answered longest ago first.
CREATE FUNCTION priv.claim_staff_bots(most integer, lease interval)
    RETURNS TABLE (company uuid, connection uuid, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH free AS (
        SELECT b.tenant_id, b.connection_id FROM staff_bots b
        JOIN connections c ON c.tenant_id = b.tenant_id AND c.id = b.connection_id
        WHERE c.state <> 'disabled' AND (b.lease_until IS NULL OR b.lease_until < now())
        ORDER BY b.heard_at NULLS FIRST, b.connection_id LIMIT most FOR UPDATE OF b SKIP LOCKED
    )
    UPDATE staff_bots b SET lease_until = now() + lease, fence = b.fence + 1
    FROM free WHERE b.tenant_id = free.tenant_id AND b.connection_id = free.connection_id
    RETURNING b.tenant_id, b.connection_id, b.fence
$$;
