CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant', true), '')::uuid;
;;
-- For the owner of the tables: a statement without a company is a mistake that must be heard.
CREATE FUNCTION required_tenant() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF current_tenant() IS NULL THEN
        RAISE EXCEPTION 'no company is set: run this once per company, see core.db.migrate.for_each_company';
    END IF;
    RETURN current_tenant();
END $$;
;;
-- The same for the installation's own tables, which the owner reaches through the functions of priv.
CREATE FUNCTION through_priv() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'this table is reached through the functions of priv, by its owner too';
END $$;
;;
-- The time of the business, which a rehearsal may turn. Leases use now().
CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
    RETURN now() + (SELECT shift FROM public.clock_shift);
