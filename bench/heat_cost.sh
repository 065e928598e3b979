#!/bin/sh
# What measuring heat costs a call: instructions of the server for each read and update, with and without it.
#
#   bench/heat_cost.sh [BUILD] [CALLS]         BUILD: build/release; CALLS: 20000
#
# The server runs under callgrind, driven by bench load over one connection, twice for each kind of call: with CALLS and with
# three times as many. The difference is what the calls cost, without start and stop. What lies in tablet_heat_add (and
# all that it calls) is what heat costs of it. Fails above 2 %.
set -eu
build=${1:-build/release}
calls=${2:-20000}
stele=$build/cli/stele
work=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null || :; rm -rf "$work"' EXIT

# instructions of the whole server, and of tablet_heat_add with what it calls, after $2 calls of kind $1
run() {
    rm -rf "$work/data" "$work/out" "$work/profile"
    valgrind --tool=callgrind --callgrind-out-file="$work/profile" "$stele" standalone "$work/data" \
        --listen=127.0.0.1:0 --zookeeper-port=off --bigtable-port=off --web-port=off >"$work/out" 2>"$work/err" &
    server=$!
    while ! grep -q ready "$work/out"; do
        kill -0 "$server" || { cat "$work/err" >&2; exit 1; }
        sleep 0.2
    done
    address=$(sed -n 's/.*hbase=\([^ ]*\).*/\1/p' "$work/out")
    "$stele" bench load --mix="$1":100 --connect="$address" --rows=2000 --operations="$2" --table=cost -q --patience=60s >"$work/load" 2>&1 ||
        { cat "$work/load" >&2; exit 1; }
    kill "$server"
    wait "$server" || :
    server=
    callgrind_annotate --inclusive=yes "$work/profile" 2>/dev/null | awk '
        { count = $1; gsub(",", "", count) }
        /PROGRAM TOTALS/ { total = count }
        /:tablet_heat_add( |$)/ { heat += count }
        END { print total, heat + 0 }'
}

for kind in read update; do
    first=$(run "$kind" "$calls")
    second=$(run "$kind" $((calls * 3)))
    echo "$kind $calls $first $second" | awk '{
        calls = $2 * 2
        all = ($5 - $3) / calls
        heat = ($6 - $4) / calls
        printf "%s: %.0f instructions a call, %.0f of them for heat: %.2f %%\n", $1, all, heat, heat * 100 / (all - heat)
        exit heat * 100 / (all - heat) > 2
    }'
done
