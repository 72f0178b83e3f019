#!/bin/sh
# Writes every lock anew: first all groups together, then each group held to the same versions. Called by `make lock`.
set -eu
uv=${1:?usage: lock.sh UV}
here=$(dirname "$0")
compile() {
    out=$1
    shift
    "$uv" pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --quiet "$@" -o "$here/$out"
}
rm -f "$here"/*.lock
groups="api model staff embedded build dev"
compile all.lock "$here/../pyproject.toml" $(for group in $groups; do printf -- '--group pyproject.toml:%s ' "$group"; done)
compile base.lock "$here/../pyproject.toml" -c "$here/all.lock"
for group in api model staff embedded build; do
    compile "$group.lock" --group "pyproject.toml:$group" -c "$here/all.lock"
done
