#!/usr/bin/env bash
# What the look before each answer costs a get (design 7.2): a tablet server of a cluster, which looks, beside a
# standalone one, which does not; rounds interleaved, medians of ROUNDS (5).
#
#   bench/look.sh
# Needs a release build, ZooKeeper. Nothing else should run. Takes about a minute.
set -u
cd "$(dirname "$0")/.." || exit 1
stele=${STELE:-$PWD/build/release/cli/stele}
cluster=$PWD/tests/support/cluster.sh
rounds=${ROUNDS:-5}
work=$(mktemp -d /var/tmp/look.XXXXXX)
alone=
trap '[ -n "$alone" ] && kill "$alone" 2>/dev/null; "$cluster" end "$work/cluster" >/dev/null 2>&1; rm -rf "$work"' EXIT
cd / || exit 1 # so that `quiet` leaves the servers alone

STELE=$stele "$cluster" start "$work/cluster" 1 1 >"$work/zookeeper" || exit 1
zookeeper=--$(cat "$work/zookeeper")
"$stele" standalone "$work/alone" --listen=127.0.0.1:0 --zookeeper-port=off --bigtable-port=off --web-port=off \
    >"$work/ready" 2>"$work/alone.log" &
alone=$!
until grep -q '^ready' "$work/ready"; do sleep 0.05; done
connect=--connect=$(sed -n 's/^ready .*hbase=\([^ ]*\).*/\1/p' "$work/ready")

median() { sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
rate() { "$stele" bench load -q --json --reuse "$@" | python3 -c 'import json, sys; print(json.load(sys.stdin)["totals"]["rate"])'; }

for where in "$connect" "$zookeeper"; do
    "$stele" bench load "$where" -q --rows=50000 --operations=1000 >/dev/null || exit 1
done
printf '%-34s %10s %10s %7s\n' "gets" "without/s" "with/s" "with"
for shape in "--depth=1" "--depth=16" "--depth=16 --threads=2" "--depth=4 --connections=4" "--depth=1 --connections=16" \
    "--depth=16 --connections=4"; do
    for ((i = 0; i < rounds; i++)); do
        # shellcheck disable=SC2086
        rate "$connect" --rows=50000 --duration=1 --warmup=0.3 $shape >>"$work/without"
        # shellcheck disable=SC2086
        rate "$zookeeper" --rows=50000 --duration=1 --warmup=0.3 $shape >>"$work/with"
    done
    without=$(median <"$work/without")
    with=$(median <"$work/with")
    rm "$work/without" "$work/with"
    awk -v shape="$shape" -v a="$without" -v b="$with" 'BEGIN {printf "%-34s %10.0f %10.0f %6.1f%%\n", shape, a, b, 100 * b / a}'
done
