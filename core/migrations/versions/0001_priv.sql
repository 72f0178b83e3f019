CREATE FUNCTION priv.create_company(company uuid, slug text, name text, time_zone text, locale text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO companies (id, slug, name, time_zone, locale) VALUES (company, $2, $3, $4, $5)
        ON CONFLICT ON CONSTRAINT uq_companies_slug DO NOTHING;
    RETURN FOUND;
END $$;
;;
CREATE FUNCTION priv.company_named(wanted text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT id FROM companies WHERE slug = wanted $$;
;;
CREATE FUNCTION priv.companies() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT id FROM companies ORDER BY id $$;
;;
CREATE FUNCTION priv.create_user(wanted_id uuid, wanted_email text, wanted_name text, wanted_locale text) RETURNS uuid
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO users (id, email, name, locale) VALUES (wanted_id, lower(wanted_email), wanted_name, wanted_locale)
        ON CONFLICT (email) DO UPDATE SET email = excluded.email RETURNING id
$$;
;;
CREATE FUNCTION priv.user_with_email(wanted text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT id FROM users WHERE email = lower(wanted) $$;
;;
CREATE FUNCTION priv.memberships_of(person uuid) RETURNS TABLE (company uuid, membership uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT tenant_id, id FROM memberships WHERE user_id = person ORDER BY tenant_id $$;
;;
-- What is written here is written for the company of the transaction, whatever the caller says.
CREATE FUNCTION priv.keep_api_key(wanted_digest bytea, company uuid, api_key uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ INSERT INTO api_key_index (digest, company_id, api_key_id)
        SELECT wanted_digest, company, api_key WHERE company = current_tenant() $$;
;;
CREATE FUNCTION priv.find_api_key(wanted bytea) RETURNS TABLE (company uuid, api_key uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT company_id, api_key_id FROM api_key_index WHERE digest = wanted $$;
;;
CREATE FUNCTION priv.forget_api_key(company uuid, api_key uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ DELETE FROM api_key_index
        WHERE company_id = company AND api_key_id = api_key AND company = current_tenant() $$;
;;
-- False where another company holds the address; the caller must not learn which.
CREATE FUNCTION priv.keep_address(wanted_kind text, wanted_value text, company uuid, connection uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO addresses AS a (kind, value, company_id, connection_id)
        SELECT wanted_kind, wanted_value, company, connection WHERE company = current_tenant()
        ON CONFLICT (kind, value) DO UPDATE SET connection_id = excluded.connection_id
            WHERE a.company_id = excluded.company_id;
    RETURN FOUND;
END $$;
;;
CREATE FUNCTION priv.find_address(wanted_kind text, wanted_value text) RETURNS TABLE (company uuid, connection uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT company_id, connection_id FROM addresses WHERE kind = wanted_kind AND value = wanted_value $$;
;;
CREATE FUNCTION priv.forget_addresses(company uuid, connection uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$ DELETE FROM addresses
        WHERE company_id = company AND connection_id = connection AND company = current_tenant() $$;
;;
-- True for one caller; again for another when the first one died on the way.
CREATE FUNCTION priv.claim_tick(wanted_schedule text, wanted_time timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO schedule_ledger AS t (schedule, fire_at) VALUES (wanted_schedule, wanted_time)
        ON CONFLICT (schedule, fire_at) DO UPDATE SET claimed_at = now()
            WHERE t.done_at IS NULL AND t.claimed_at < now() - interval '10 minutes';
    RETURN FOUND;
END $$;
;;
CREATE FUNCTION priv.finish_tick(wanted_schedule text, wanted_time timestamptz) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE schedule_ledger SET done_at = now() WHERE schedule = wanted_schedule AND fire_at = wanted_time
$$;
;;
CREATE FUNCTION priv.forget_ticks(before timestamptz) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (DELETE FROM schedule_ledger WHERE fire_at < before RETURNING 1) SELECT count(*) FROM gone
$$;
;;
-- The lease is written here, on the database's clock; the fence tells a late worker that it lost.
CREATE FUNCTION priv.claim_incoming(wanted text, most integer, lease interval)
    RETURNS TABLE (company uuid, event uuid, received timestamptz, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH due AS (
        SELECT tenant_id, id, received_at FROM incoming_events
        WHERE consumer = wanted AND state = 'new' AND (lease_until IS NULL OR lease_until < now())
        ORDER BY received_at, id LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE incoming_events e SET lease_until = now() + lease, fence = e.fence + 1, attempts = e.attempts + 1
    FROM due WHERE e.tenant_id = due.tenant_id AND e.id = due.id AND e.received_at = due.received_at
    RETURNING e.tenant_id, e.id, e.received_at, e.fence
$$;
;;
CREATE FUNCTION priv.claim_turns(most integer, lease interval)
    RETURNS TABLE (company uuid, turn uuid, held_fence bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH due AS (
        SELECT t.tenant_id, t.id FROM turns t
        WHERE t.due_at <= public.app_now()
          AND (t.state = 'running' AND t.lease_until < now()
            OR t.state = 'open' AND NOT EXISTS (
                SELECT FROM turns r WHERE r.tenant_id = t.tenant_id AND r.conversation_id = t.conversation_id
                  AND r.state = 'running'))
        ORDER BY t.due_at, t.id LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE turns t SET state = 'running', lease_until = now() + lease, fence = t.fence + 1, attempts = t.attempts + 1
    FROM due WHERE t.tenant_id = due.tenant_id AND t.id = due.id
    RETURNING t.tenant_id, t.id, t.fence
$$;
;;
-- How much waits, for the gauges: numbers only.
CREATE FUNCTION priv.queue_depths() RETURNS TABLE (queue text, depth bigint, oldest_seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'incoming', count(*), coalesce(extract(epoch FROM public.app_now() - min(received_at)), 0)
        FROM incoming_events WHERE state = 'new'
    UNION ALL SELECT 'turns', count(*), coalesce(extract(epoch FROM public.app_now() - min(due_at)), 0)
        FROM turns WHERE state = 'open' AND due_at <= public.app_now()
    UNION ALL SELECT 'outbox.' || lane, count(*), coalesce(extract(epoch FROM public.app_now() - min(not_before)), 0)
        FROM outbound WHERE state = 'queued' GROUP BY lane
$$;
