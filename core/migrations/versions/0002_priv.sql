DROP FUNCTION priv.claim_incoming(text, integer, interval);
;;
-- What was claimed before and not finished may have killed its process: such events are claimed one at a time, so that
-- one that kills again takes no neighbour along.
CREATE FUNCTION priv.claim_incoming(wanted text, most integer, lease interval, suspects boolean)
    RETURNS TABLE (company uuid, event uuid, received timestamptz, held_fence bigint, tries bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH due AS (
        SELECT tenant_id, id, received_at FROM incoming_events
        WHERE consumer = wanted AND state = 'new' AND (lease_until IS NULL OR lease_until < now())
          AND (attempts > 0) = suspects
        ORDER BY received_at, id LIMIT CASE WHEN suspects THEN 1 ELSE most END FOR UPDATE SKIP LOCKED
    )
    UPDATE incoming_events e SET lease_until = now() + lease, fence = e.fence + 1, attempts = e.attempts + 1
    FROM due WHERE e.tenant_id = due.tenant_id AND e.id = due.id AND e.received_at = due.received_at
    RETURNING e.tenant_id, e.id, e.received_at, e.fence, e.attempts
$$;
;;
-- One transaction of the inbox carries events of several companies. Kept twice under one id, an event is kept once.
CREATE FUNCTION priv.keep_incoming(companies uuid[], ids uuid[], received timestamptz[], connections uuid[],
        consumers text[], bodies bytea[], hashes bytea[], heads text[], payloads text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE kept bigint;
BEGIN
    INSERT INTO incoming_events
            (tenant_id, id, received_at, connection_id, consumer, body, body_sha256, headers, payload)
        SELECT e.company, e.id, e.received_at, e.connection, e.consumer, e.body, e.hash, e.head::jsonb, e.payload::jsonb
        FROM unnest(companies, ids, received, connections, consumers, bodies, hashes, heads, payloads)
            AS e (company, id, received_at, connection, consumer, body, hash, head, payload)
        ON CONFLICT (tenant_id, id, received_at) DO NOTHING;
    GET DIAGNOSTICS kept = ROW_COUNT;
    PERFORM pg_notify('incoming', '');
    RETURN kept;
END $$;
;;
CREATE FUNCTION priv.keep_stray(wanted_id uuid, wanted_kind text, wanted_address text, wanted_body bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO stray_events (id, kind, address, body)
        VALUES (wanted_id, wanted_kind, wanted_address, wanted_body) ON CONFLICT (id) DO NOTHING
$$;
;;
CREATE FUNCTION priv.stray_counts() RETURNS TABLE (channel text, address text, events bigint, latest timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT kind, stray_events.address, count(*), max(received_at) FROM stray_events GROUP BY 1, 2 ORDER BY 3 DESC $$;
;;
CREATE FUNCTION priv.forget_strays(before timestamptz) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (DELETE FROM stray_events WHERE received_at < before RETURNING 1) SELECT count(*) FROM gone
$$;
;;
-- The minutes in which something could be received, on the world's clock: a silence is only evidence without a gap.
CREATE FUNCTION priv.mark_inbox_open() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO inbox_minutes (minute) VALUES (date_trunc('minute', now())) ON CONFLICT (minute) DO NOTHING
$$;
;;
CREATE FUNCTION priv.inbox_was_open(since timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM generate_series(date_trunc('minute', since), date_trunc('minute', now()) - interval '1 minute',
                                    interval '1 minute') AS m (minute)
        WHERE NOT EXISTS (SELECT FROM inbox_minutes i WHERE i.minute = m.minute))
$$;
;;
CREATE FUNCTION priv.last_inbox_minute() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT max(minute) FROM inbox_minutes $$;
;;
CREATE FUNCTION priv.forget_inbox_minutes(before timestamptz) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (DELETE FROM inbox_minutes WHERE minute < before RETURNING 1) SELECT count(*) FROM gone
$$;
;;
-- The heads of conversations whose time has come, oldest first. A hint: whoever claims looks again under locks.
-- Batches are asked one by one, so that a paused one costs nothing and a large one starves nobody; those that ended
-- lately too, so that what came back from a call is put aside.
CREATE FUNCTION priv.due_outbound(wanted text, most integer, skipped uuid[])
    RETURNS TABLE (company uuid, outbound uuid, conversation uuid, connection uuid, contact uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH moment AS MATERIALIZED (SELECT public.app_now() AS business),
    due AS (
        (SELECT o.tenant_id, o.id, o.conversation_id, o.connection_id, o.contact_id, o.not_before
            FROM moment m, outbound o
            WHERE o.state = 'queued' AND o.batch_id IS NULL AND o.lane = wanted AND o.not_before <= m.business
              AND (o.retry_at IS NULL OR o.retry_at <= now()) AND o.connection_id <> ALL (skipped)
              AND NOT EXISTS (SELECT FROM outbound p
                  WHERE p.tenant_id = o.tenant_id AND p.conversation_id = o.conversation_id
                    AND p.state IN ('queued', 'sending', 'unknown')
                    AND (p.state = 'sending' OR p.state = 'unknown' AND p.unknown_since > now() - interval '20 seconds'
                      OR p.state = 'queued' AND p.lane = o.lane AND p.batch_id IS NOT DISTINCT FROM o.batch_id
                        AND p.seq < o.seq AND p.not_before <= m.business))
            ORDER BY o.not_before LIMIT most)
        UNION ALL
        (SELECT o.* FROM moment m, send_batches b, LATERAL (
            SELECT o.tenant_id, o.id, o.conversation_id, o.connection_id, o.contact_id, o.not_before
            FROM outbound o
            WHERE o.tenant_id = b.tenant_id AND o.batch_id = b.id AND o.state = 'queued' AND o.lane = wanted
              AND o.not_before <= m.business AND (o.retry_at IS NULL OR o.retry_at <= now())
              AND o.connection_id <> ALL (skipped)
              AND NOT EXISTS (SELECT FROM outbound p
                  WHERE p.tenant_id = o.tenant_id AND p.conversation_id = o.conversation_id
                    AND p.state IN ('queued', 'sending', 'unknown')
                    AND (p.state = 'sending' OR p.state = 'unknown' AND p.unknown_since > now() - interval '20 seconds'
                      OR p.state = 'queued' AND p.lane = o.lane AND p.batch_id IS NOT DISTINCT FROM o.batch_id
                        AND p.seq < o.seq AND p.not_before <= m.business))
            ORDER BY o.not_before LIMIT most) o
            WHERE b.state = 'running' OR b.state = 'ended' AND b.updated_at > public.app_now() - interval '1 day')
    )
    SELECT tenant_id, id, conversation_id, connection_id, contact_id FROM due ORDER BY not_before, id LIMIT most
$$;
;;
-- Attempts whose process died or hangs: nobody will tell us how they ended.
CREATE FUNCTION priv.lapsed_sends(most integer) RETURNS TABLE (company uuid, outbound uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT tenant_id, id FROM outbound WHERE state = 'sending' AND lease_until < now() ORDER BY lease_until LIMIT most
$$;
;;
-- Each company's oldest first: one whose news lie unread, so that nothing is settled, keeps no other waiting.
CREATE FUNCTION priv.old_unknowns(patience interval, most integer) RETURNS TABLE (company uuid, outbound uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT tenant_id, id FROM (
        SELECT tenant_id, id, unknown_since, row_number() OVER (PARTITION BY tenant_id ORDER BY unknown_since) AS turn
        FROM outbound WHERE state = 'unknown' AND unknown_since < now() - patience) AS old
    ORDER BY turn, unknown_since LIMIT most
$$;
;;
CREATE FUNCTION priv.companies_with_parked_news(least_age interval) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT DISTINCT tenant_id FROM parked_news WHERE created_at < public.app_now() - least_age $$;
;;
CREATE FUNCTION priv.claim_media(most integer, lease interval)
    RETURNS TABLE (company uuid, media uuid, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH due AS (
        SELECT tenant_id, id FROM media_files
        WHERE state = 'pending' AND next_at <= now() AND (lease_until IS NULL OR lease_until < now())
        ORDER BY next_at, id LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE media_files m SET lease_until = now() + lease, fence = m.fence + 1, attempts = m.attempts + 1
    FROM due WHERE m.tenant_id = due.tenant_id AND m.id = due.id
    RETURNING m.tenant_id, m.id, m.fence
$$;
;;
CREATE FUNCTION priv.hold_sends(why text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO send_hold (reason) VALUES (why) ON CONFLICT (is_only) DO NOTHING
$$;
;;
CREATE FUNCTION priv.release_sends() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM send_hold;
    RETURN FOUND;
END $$;
;;
CREATE FUNCTION priv.why_sends_are_held() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT reason FROM send_hold $$;
;;
-- An installation whose one company is there to be tried out. `prepare` says so, with the providers played at home.
CREATE FUNCTION priv.begin_rehearsal() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (SELECT count(*) FROM companies) <> 1 THEN
        RAISE EXCEPTION 'a rehearsal has one company' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE clock_shift SET is_rehearsal = true WHERE NOT is_rehearsal;
END $$;
;;
-- For rehearsals: it turns everybody's clock. Back to the world's time it may always go.
CREATE FUNCTION priv.turn_clock(wanted interval) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF wanted = (SELECT shift FROM clock_shift) THEN
        RETURN;
    END IF;
    IF wanted <> interval '0' AND (NOT (SELECT is_rehearsal FROM clock_shift) OR (SELECT count(*) FROM companies) > 1)
    THEN
        RAISE EXCEPTION 'the clock is turned in rehearsals alone' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE clock_shift SET shift = wanted;
    PERFORM pg_notify('clock', '');
END $$;
;;
-- Who works for the company of the transaction, and for no other: a person may work for several.
CREATE FUNCTION priv.members() RETURNS TABLE (membership uuid, person uuid, email text, name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT m.id, u.id, u.email, u.name FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.tenant_id = public.current_tenant()
$$;
