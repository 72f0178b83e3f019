#!/bin/sh
# Makes secrets/ for docker-compose.yml: random passwords, the addresses that carry them, the installation's key.
#
#   docker/make-secrets.sh            make everything, once; refuses where secrets/ is already there
#   docker/make-secrets.sh --add-key  put a new key in front of the installation's keys; the old ones go on reading
#
# Compose hands a container the files as they are, owner and mode included. So the containers run as the owner of the
# files, who alone may read them: CONTAINER_USER in .env says who that is.
set -eu
umask 077
cd "$(dirname "$0")/.."

IMAGE_USER=10001:10001

fail() {
    printf '✗ make-secrets: %s\n' "$1" >&2
    exit "${2:-1}"
}

# A pipe hides that its first half failed, so the length is what tells.
of_length() {
    [ "${#2}" -eq "$1" ] || fail "could not draw random bytes; nothing was made"
    printf '%s' "$2"
}

password() {
    of_length 48 "$(head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n')"
}

new_key() {
    id=$(of_length 8 "$(head -c 4 /dev/urandom | od -An -v -tx1 | tr -d ' \n')") || exit 1
    bytes=$(of_length 44 "$(head -c 32 /dev/urandom | base64 | tr -d '\n')") || exit 1
    printf 'k%s:%s' "$id" "$bytes"
}

put() {
    printf '%s\n' "$2" >"$draft/$1"
}

container_user() {
    given=$(sed -n 's/^CONTAINER_USER=//p' .env 2>/dev/null | tail -n 1)
    me=$(id -u):$(id -g)
    if [ "${me%%:*}" = 0 ]; then
        printf '%s' "${given:-$IMAGE_USER}"
    elif [ -z "$given" ] || [ "$given" = "$me" ]; then
        printf '%s' "$me"
    else
        fail ".env says CONTAINER_USER=$given, but the files would belong to $me; mend .env or run as that user"
    fi
}

remember_user() {
    grep -qs '^CONTAINER_USER=' .env && return
    if [ -s .env ] && [ -n "$(tail -c 1 .env)" ]; then
        printf '\n' >>.env
    fi
    printf 'CONTAINER_USER=%s\n' "$1" >>.env
}

make_all() {
    if [ -e secrets ] || [ -h secrets ]; then
        fail "secrets/ is already there and was left as it is; keep it safe, for without it the data cannot be read"
    fi
    user=$(container_user)
    draft=$(mktemp -d secrets.XXXXXX)
    trap 'rm -rf "$draft"' EXIT
    trap 'exit 1' HUP INT TERM
    put .gitignore '*'

    postgres=$(password)
    migrator=$(password)
    app=$(password)
    valkey=$(password)
    key=$(new_key)
    put postgres_password "$postgres"
    put migrator_password "$migrator"
    put app_password "$app"
    put valkey.conf "requirepass $valkey"
    put database_migrate_url "postgresql://migrator:$migrator@postgres:5432/masteria"
    put database_url "postgresql://app:$app@postgres:5432/masteria"
    put redis_url "redis://:$valkey@valkey:6379/0"
    put masteria_secret_keys "$key"

    if [ "$(id -u)" = 0 ]; then
        chown -R "$user" "$draft"
    fi
    remember_user "$user"
    mv "$draft" secrets
    printf 'secrets/ is made, readable by %s alone. Copy masteria_secret_keys to a safe place now.\n' "$user"
}

add_key() {
    [ -s secrets/masteria_secret_keys ] || fail "secrets/masteria_secret_keys is not there; run without --add-key first"
    key=$(new_key)
    draft=secrets/.masteria_secret_keys.new
    cp -p secrets/masteria_secret_keys "$draft"
    trap 'rm -f "$draft"' EXIT
    trap 'exit 1' HUP INT TERM
    { printf '%s,\n' "$key"; cat secrets/masteria_secret_keys; } >"$draft"
    mv "$draft" secrets/masteria_secret_keys
    printf 'The key %s comes first from the next start on.\n' "${key%%:*}"
}

case "$#:${1:-}" in
    0:) make_all ;;
    1:--add-key) add_key ;;
    *) fail "usage: docker/make-secrets.sh [--add-key]" 2 ;;
esac
