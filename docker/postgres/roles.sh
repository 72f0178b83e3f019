#!/bin/sh
# Makes the three roles, the database and its extension: what core/db/roles.py does, statement for statement.
#
# PostgreSQL's image runs it when it makes a new cluster. It may run again at any time, after a first start that was
# killed half-way or to set new passwords:
#   docker compose exec postgres /docker-entrypoint-initdb.d/roles.sh
# tests/deploy/test_roles.py holds the outcome against that of core/db/roles.py. The connection may be steered by
# libpq's variables (PGHOST, PGPORT); passwords are read by psql itself and appear in no list of processes.
set -eu

SECRETS=${SECRETS:-/run/secrets}
for name in postgres_password migrator_password app_password; do
    if [ ! -s "$SECRETS/$name" ] || [ ! -r "$SECRETS/$name" ]; then
        printf '✗ roles: cannot read %s; run docker/make-secrets.sh, and see CONTAINER_USER in .env\n' "$SECRETS/$name" >&2
        exit 1
    fi
done
PGUSER=${POSTGRES_USER:-postgres}
PGPASSWORD=$(cat "$SECRETS/postgres_password")
PGOPTIONS='-c client_min_messages=warning'
export SECRETS PGUSER PGPASSWORD PGOPTIONS

exec psql --no-psqlrc --quiet --no-password --set ON_ERROR_STOP=1 --dbname postgres <<'SQL'
\set migrator_password `cat "$SECRETS/migrator_password"`
\set app_password `cat "$SECRETS/app_password"`

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'migrator') THEN CREATE ROLE migrator; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN CREATE ROLE app; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'masteria_priv') THEN CREATE ROLE masteria_priv; END IF;
END $$;
ALTER ROLE migrator LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE masteria_priv NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE app SET statement_timeout = '15s';
GRANT masteria_priv TO migrator WITH INHERIT FALSE, SET TRUE;
ALTER ROLE migrator PASSWORD :'migrator_password';
ALTER ROLE app PASSWORD :'app_password';

SELECT 'CREATE DATABASE masteria OWNER migrator'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'masteria') \gexec
REVOKE ALL ON DATABASE masteria FROM PUBLIC;
GRANT CONNECT ON DATABASE masteria TO app;

\connect masteria
CREATE EXTENSION IF NOT EXISTS vector;
SQL
