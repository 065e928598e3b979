#!/bin/sh
# Every call of libstele against real HBase 2.6.4 and against Stele, by ZooKeeper and by RPC registry, on the
# library's thread and inline; and the example of client/examples. `changes`: splits, merges, moves, snapshots, switches.
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
    "$test" "$@" | tee "$work/out"
    total=$((total + $(sed -n 's/.*: \([0-9]*\) expectations.*/\1/p' "$work/out")))
    grep -q ', 0 failed$' "$work/out"
}

# play_all ZOOKEEPER SERVER [changes]
play_all() {
    play "zk://$1" ${3:-}
    play "zk://$1" inline
    play "$2"
    play "$2" inline ${3:-}
    "$example" "$2"
}

if line=$(tests/interop/hbase.sh start "$work/hbase" | tail -n 1); then
    hbase=yes
    echo "HBase 2.6.4: $line"
    play_all "$(field zookeeper "$line")" "$(field master "$line")" changes
else
    echo "real HBase cannot be had here"
    exit 77
fi

"$stele" standalone "$work/data" --listen=127.0.0.1:0 --zookeeper-port=0 --bigtable-port=off --web-port=off \
    >"$work/ready" 2>"$work/log" &
server=$!
for _ in $(seq 100); do
    grep -q '^ready' "$work/ready" && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log"; echo "stele did not start"; exit 1; }
    sleep 0.1
done
line=$(grep '^ready' "$work/ready")
echo "Stele: $line"
play_all "$(field zookeeper "$line")" "$(field hbase "$line")" changes
[ "$total" -ge 2500 ] || { echo "only $total expectations"; exit 1; }
echo "$total expectations on HBase and Stele, all met"
