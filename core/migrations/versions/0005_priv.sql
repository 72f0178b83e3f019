-- Jobs that nobody has carried on for a while, because whoever read them died; the longest forgotten first.
CREATE FUNCTION priv.ingestion_due(most integer) RETURNS TABLE (company uuid, job uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT tenant_id, id FROM ingestion_jobs
    WHERE state IN ('listing', 'reading') AND updated_at < public.app_now() - interval '2 minutes'
    ORDER BY updated_at LIMIT most
$$;
;;
-- Embedding spaces to which passages may be missing.
CREATE FUNCTION priv.embedding_due(most integer) RETURNS TABLE (company uuid, space uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT tenant_id, id FROM embedding_spaces
    WHERE is_behind AND state <> 'retired' ORDER BY created_at LIMIT most
$$;
