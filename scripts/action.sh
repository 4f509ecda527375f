#!/usr/bin/env bash
# What the GitHub Action of this repository does (action.yml): `start` installs Bodega and starts a server with one store,
# `save` writes the state of that store to a folder, from which the next `start` takes it.
set -euo pipefail

store="${BODEGA_STORE:-ci}"
state="$RUNNER_TEMP/bodega-state"
data="$RUNNER_TEMP/bodega-data"
run="$RUNNER_TEMP/bodega-run"
venv="$RUNNER_TEMP/bodega-venv"
bodega="${BODEGA_COMMAND:-$venv/bin/bodega}"
export BODEGA_DATA="$data" PIP_DISABLE_PIP_VERSION_CHECK=1
unset BODEGA_DATABASE BODEGA_KEY_FILE

fail() {
    echo "::error title=Bodega::$1"
    exit 1
}

install_bodega() {
    [ -z "${BODEGA_COMMAND:-}" ] || return 0
    python3 -m venv "$venv"
    if [ -n "${BODEGA_VERSION:-}" ]; then
        "$venv/bin/pip" install --quiet "$BODEGA_VERSION"
    else
        "$venv/bin/pip" install --quiet --require-hashes --requirement "$BODEGA_ACTION/requirements/run.txt"
        "$venv/bin/pip" install --quiet --no-deps "$BODEGA_ACTION"
    fi
    echo "$venv/bin" >> "$GITHUB_PATH"
}

new_store() {
    local word seeds=()
    for word in ${BODEGA_SEED:-}; do
        case "$word" in
            products=* | customers=* | orders=* | seed=*) seeds+=("--${word%%=*}" "${word#*=}") ;;
            *) fail "There is no seed $word: write products=20 customers=5 orders=3." ;;
        esac
    done
    "$bodega" store create "$store" --plan enterprise
    "$bodega" store set "$store" journal=full webhooks.allow_private=true images.allow_private=true > /dev/null
    [ ${#seeds[@]} -eq 0 ] || "$bodega" seed "$store" "${seeds[@]}"
    "$bodega" account create "$store" action --unlimited > "$run/account.json"
}

loaded_store() {
    local of
    of="$(cat "$state/store")"
    [ "$of" = "$store" ] || fail "The state is that of the store $of: say store: $of."
    cp "$state/account.json" "$run/account.json"
    cp "$state/secrets.key" "$data/secrets.key"
    chmod 600 "$data/secrets.key"
    "$bodega" store recover "$store" "$state/store.backup" --yes
}

read_json() {  # read_json FILE MEMBER; fails as long as the file is not whole
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2" 2> /dev/null
}

start_server() {
    nohup "$bodega" serve --lab --insecure-http --http-port 0 --https-port 0 --json \
        > "$run/server.json" 2> "$run/server.log" < /dev/null &
    local process=$! url="" token
    echo "$process" > "$run/server.pid"
    local give_up=$((SECONDS + 120))
    while [ "$SECONDS" -lt "$give_up" ]; do
        url="$(read_json "$run/server.json" http)" && break
        kill -0 "$process" 2> /dev/null || break
        sleep 0.2
    done
    [ -n "$url" ] || fail "The server did not start: $(tail -n 5 "$run/server.log" | tr '\n' ' ')"
    token="$(read_json "$run/account.json" token)"
    printf '%s\n' "url=$url" "store-url=$url/stores/$store" "token=$token" >> "$GITHUB_OUTPUT"
    printf '%s\n' "BODEGA_URL=$url" "BODEGA_DATA=$data" >> "$GITHUB_ENV"
    echo "Bodega answers at $url, its store $store at $url/stores/$store."
}

case "${1:-}" in
    start)
        mkdir -p -m 700 "$data" "$run"
        [ ! -e "$run/server.json" ] || fail "It was started in this job already."
        install_bodega
        if [ -e "$state/store.backup" ]; then loaded_store; else new_store; fi
        start_server
        ;;
    save)
        [ -e "$run/server.json" ] || fail "Nothing was started in this job: use the action without save-state before."
        mkdir -p -m 700 "$state"
        "$bodega" store backup "$store" "$state/store.backup" --force
        cp "$run/account.json" "$data/secrets.key" "$state"
        echo "$store" > "$state/store"
        ;;
    *)
        echo "Usage: action.sh start|save" >&2
        exit 2
        ;;
esac
