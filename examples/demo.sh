#!/usr/bin/env bash
# `make demo`: the whole way on real data, in a sandbox of its own under var/demo. Each command is shown before it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=$(cd "${BIN:-.venv/bin}" && pwd)
DATA=var/demo
unset LAPWING_DATABASE_URL LAPWING_TIME_ZONE LAPWING_COUNTRY LAPWING_CLOCK
export LAPWING_CURRENCY=USD

title() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
say() { printf '%s\n' "$*"; }
lapwing() { printf '\n\033[36m$ lapwing %s\033[0m\n' "$*"; "$BIN/lapwing" "$@"; }
quietly() { "$BIN/lapwing" "$@" >/dev/null; }
clock() { export LAPWING_CLOCK="$1T21:00:00+00:00"; }

replay() { # date, date before: what became known in between, then the round of that night
    clock "$1"
    title "$1: invoices and payments since $2 arrive"
    "$BIN/python" examples/receivables/derive.py --as-of "$1" --since "$2" --provider acme --out "$DATA/$1"
    lapwing import "$DATA/$1"
    [ ! -e "$DATA/$1/subscriptions.csv" ] || "$BIN/python" examples/receivables/switch_on.py "$PROVIDER_URL" "$DATA/$1/subscriptions.csv"
    say "Who paid comes back first; who is newly overdue gets 14 days of grace."
    lapwing run start BBS --wait --yes
    tail -n +2 "$DATA/$1.grace.csv" | while IFS=, read -r subscription _ until; do
        quietly subscription do "$subscription" extend_grace_period --until "$until" </dev/null
    done
    say "$(($(wc -l <"$DATA/$1.grace.csv") - 1)) grace periods granted"
    lapwing run start NGC --wait --yes
    tell_provider
}

tell_provider() {
    lapwing job work --until-idle
    lapwing provider compare acme
}

rm -rf "$DATA" && mkdir -p "$DATA"
title "1. Real receivables: 100 business customers, as known on 10 May 2013 (examples/receivables)"
export LAPWING_HOME=$DATA/receivables
clock 2013-05-10
lapwing init --sandbox
say "The services are delivered by a provider: here a sandbox, a process that keeps its own count"
"$BIN/python" -m lapwing.connectors.sandbox_provider --port 0 --journal "$DATA/provider.jsonl" \
    --port-file "$DATA/provider.port" >"$DATA/provider.log" &
trap "kill $! 2>/dev/null" EXIT
until [ -s "$DATA/provider.port" ]; do sleep 0.1; done
PROVIDER_URL="http://127.0.0.1:$(cat "$DATA/provider.port")"
echo "{\"url\": \"$PROVIDER_URL\"}" >"$DATA/provider.json"
lapwing provider set acme automatic --configuration "$DATA/provider.json"
"$BIN/python" examples/receivables/derive.py --as-of 2013-05-10 --provider acme --out "$DATA/2013-05-10"
lapwing import "$DATA/2013-05-10"
"$BIN/python" examples/receivables/switch_on.py "$PROVIDER_URL" "$DATA/2013-05-10/subscriptions.csv"
lapwing definition apply examples/definitions/nightly_grace_cut.yaml
quietly definition apply examples/definitions/bring_back_settled.yaml

title "What would it do? Nothing is written"
lapwing run preview NGC
title "Do it"
lapwing run start NGC --wait --yes
lapwing run items 1
title "Each deactivation left a license change and a job; a worker tells the provider"
lapwing job list --status waiting
tell_provider

title "2. Two later dates: each run meets what the customers had paid by then"
replay 2013-05-17 2013-05-10
replay 2013-05-31 2013-05-17

title "3. Why? One that was cut off, and one that was spared"
lapwing subscription why S-9014-WENVB-1
lapwing run explain NGC "$("$BIN/lapwing" run items 5 --outcome skipped --limit 1 --format csv | tail -n 1 | cut -d, -f1)"

title "4. A mistake? Undo the last run"
lapwing run undo 5 --wait --yes
tell_provider
lapwing subscription changes S-9014-WENVB-1
lapwing subscription why S-9014-WENVB-1
quietly scheduler tick
lapwing verify

title "5. A larger base: 7,043 telecom subscribers (terms real, receivables derived: examples/telco)"
export LAPWING_HOME=$DATA/telco
clock 2024-06-18
quietly init --sandbox
"$BIN/python" examples/telco/derive.py --as-of 2024-06-18 --out "$DATA/telco-files"
lapwing import "$DATA/telco-files"
lapwing definition apply examples/definitions/telco_grace_cut.yaml
lapwing run preview TGC
lapwing run start TGC --wait --yes
quietly scheduler tick
lapwing verify

title "Done"
say "Screens:      LAPWING_HOME=$LAPWING_HOME LAPWING_CLOCK=$LAPWING_CLOCK .venv/bin/lapwing serve"
say "              then http://127.0.0.1:8000/ with user and password of a line of $LAPWING_HOME/sandbox-login:"
sed 's/^/              /' "$LAPWING_HOME/sandbox-login"
say "Look around:  LAPWING_HOME=$LAPWING_HOME LAPWING_CLOCK=$LAPWING_CLOCK .venv/bin/lapwing --help"
