#!/bin/sh
# Every call of libstele against real HBase 2.6.4 and against Stele, by ZooKeeper and by RPC registry, on the
# library's thread and inline; and the example of client/examples. `changes`: splits, merges, moves, snapshots, switches.
# Then one `bench load` on both, and look-ups in HBase's hbase:meta.
#
# STELE names the binary (default build/release/stele); the test programs are those of the same build.
set -eu
cd "$(dirname "$0")/../.."
stele=${STELE:-$PWD/build/release/stele}
build=$(dirname "$stele")
test=$build/tests/interop/libstele_test
example=$build/client/example-rows
[ -x "$test" ] || { echo "there is no $test: build first"; exit 1; }
work=$(mktemp -d)
hbase=
server=
stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$hbase" ] || tests/interop/hbase.sh stop "$work/hbase" >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT

# field NAME LINE: the value of NAME=value.
field() { printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

total=0
# play PLACE [inline] [changes]: one run; its expectations join the total.
play() {
    timeout 300 "$test" "$@" >"$work/out" 2>&1 # some 12 s; against an HBase that has aborted each call waits its time
    cat "$work/out"
    total=$((total + $(sed -n 's/.*: \([0-9]*\) expectations.*/\1/p' "$work/out" | grep . || echo 0)))
    grep -q ', 0 failed$' "$work/out"
}

# play_all ZOOKEEPER SERVER [changes]
play_all() {
    play "zk://$1" ${3:-} && play "zk://$1" inline && play "$2" && play "$2" inline ${3:-} && "$example" "$2"
}

start_hbase() {
    hbase=yes
    tests/interop/hbase.sh start "$work/hbase" >"$work/hbase.ready" || { result=$?; echo "real HBase cannot be had here"; exit $result; }
    line=$(tail -n 1 "$work/hbase.ready")
    echo "HBase 2.6.4: $line"
    zookeeper=$(field zookeeper "$line")
}

# HBase's master races with itself now and then: what it does not do as expected it is asked afresh, up to three times. Stele is asked once.
for try in 1 2 3; do
    start_hbase
    total=0
    if play_all "$zookeeper" "$(field master "$line")" changes; then
        break
    fi
    echo "that was try $try on HBase"
    [ $try -lt 3 ] || exit 1
    tests/interop/hbase.sh stop "$work/hbase" >/dev/null 2>&1
done

"$stele" standalone "$work/data" --listen=127.0.0.1:0 --zookeeper-port=0 --bigtable-port=off --web-port=off \
    >"$work/ready" 2>"$work/log" &
server=$!
for _ in $(seq 600); do
    grep -q '^ready' "$work/ready" && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log"; echo "stele did not start"; exit 1; }
    sleep 0.1
done
line=$(grep '^ready' "$work/ready")
echo "Stele: $line"
play_all "$(field zookeeper "$line")" "$(field hbase "$line")" changes

# The same load at both, side by side: reads, updates, scans of four tablets, what the servers count, their CPU.
"$stele" bench load -q --connect="$(field hbase "$line")" --against="zookeeper:$zookeeper" --table=loaded --splits=4 --rows=2000 --depth=4 \
    --mix=read:50,update:40,scan:5,increment:5 --scan-rows=10 --warmup=0 --operations=2000 --drop --json >"$work/loads" || { cat "$work/loads"; exit 1; }
"$stele" bench load -q --zookeeper="$zookeeper" --workload=metaRandomRead --table=located --rows=1000 --splits=4 --operations=200 --drop --json \
    >"$work/located" || { cat "$work/located"; exit 1; }
python3 - "$work/loads" "$work/located" <<'PYTHON'
import json, sys
loads, located = (open(path).read().splitlines() for path in sys.argv[1:])
for load in map(json.loads, loads):
    place, totals, operations = load["place"], load["totals"], load["operations"]
    assert load["end"] == "complete" and totals["operations"] == 2000, (place, totals)
    assert totals["failed"] == totals["missing"] == 0 and set(operations) == {"read", "update", "scan", "increment"}, (place, totals)
    assert load["fill"]["rows"] == 2000 and operations["scan"]["rows"] > 8 * operations["scan"]["operations"], (place, operations["scan"])
    assert len(load["tablets"]) == 4 and all(one["reads"] > 0 and one["writes"] > 0 for one in load["tablets"]), (place, load["tablets"])
    assert load["servers"][0]["cpu_s"] > 0, (place, load["servers"])
    print("%s: %.0f operations/s" % (place, totals["rate"]))
assert len(loads) == 2, "one at each place"
totals = json.loads(located[0])["totals"]
assert totals["operations"] == 200 and totals["failed"] == totals["missing"] == 0, totals
PYTHON
[ "$total" -ge 2500 ] || { echo "only $total expectations"; exit 1; }
echo "$total expectations on HBase and Stele, all met"
