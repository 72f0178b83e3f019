-- Each Telegram connection gets the row by which somebody works for it.
CREATE FUNCTION priv.open_staff_bots() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO staff_bots (tenant_id, connection_id)
        SELECT c.tenant_id, c.id FROM connections c WHERE c.kind = 'telegram' AND c.state <> 'disabled'
        ON CONFLICT (tenant_id, connection_id) DO NOTHING
$$;
;;
-- Conversations that wait for a person or are with one.
CREATE FUNCTION priv.handoffs_open() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT count(*) FROM handoffs WHERE state <> 'ended' $$;
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
;;
-- What is on record about somebody who was erased goes on saying that it happened, and no more what was said. Of the
-- company of this transaction alone, and only ever blank. `subjects`: all that hangs on them, by id.
CREATE FUNCTION priv.erase_record(people uuid[], pipelines uuid[], subjects uuid[])
    RETURNS TABLE (consents bigint, changes bigint, moves bigint, acts bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH quoted AS (
        UPDATE consent_events SET quote = NULL
        WHERE tenant_id = required_tenant() AND contact_id = ANY (people) AND quote IS NOT NULL RETURNING 1),
    changed AS (
        UPDATE contact_events SET detail = '{}'
        WHERE tenant_id = required_tenant() AND contact_id = ANY (people) AND detail <> '{}' RETURNING 1),
    moved AS (
        UPDATE lead_stage_events SET criteria = '[]', slots_before = '{}', reason = NULL
        WHERE tenant_id = required_tenant() AND lead_id = ANY (pipelines)
          AND (criteria <> '[]' OR slots_before <> '{}' OR reason IS NOT NULL) RETURNING 1),
    acted AS (
        UPDATE audit_log a SET detail = '{}'
        WHERE tenant_id = required_tenant() AND detail <> '{}' AND (subject_id = ANY (subjects) OR EXISTS (
            SELECT FROM jsonb_path_query(a.detail, 'strict $.** ? (@.type() == "string")') AS said
            WHERE said #>> '{}' = ANY (CAST(subjects AS text[])))) RETURNING 1)
    SELECT (SELECT count(*) FROM quoted), (SELECT count(*) FROM changed), (SELECT count(*) FROM moved),
        (SELECT count(*) FROM acted)
$$;
