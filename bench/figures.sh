#!/usr/bin/env bash
# The figures of a closing note, each beside its peer in the same run: medians of ROUNDS (3) rounds.
#
#   bench/figures.sh [DIR]     a scratch directory on the disk to measure (default: a new one below build/)
# Needs a release build, redis-server and redis-benchmark; the catalogue part needs apt's package lists.
# The server runs on core 0, clients on core 1. Nothing else should run. Takes about four minutes.
set -u
cd "$(dirname "$0")/.." || exit 1
stele=$PWD/build/release/stele
[ -x "$stele" ] || stele=$PWD/build/release/cli/stele
sync_loop=$PWD/build/release/bench/sync-loop
sync_echo=$PWD/build/release/bench/sync-echo
rounds=${ROUNDS:-3}
work=${1:-$(mktemp -d build/figures.XXXXXX)}
mkdir -p "$work"
server=

stop_server() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    server=
}
trap 'stop_server; [ -n "${redis:-}" ] && kill "$redis" 2>/dev/null; rm -rf "$work"' EXIT

now_us() { echo $(($(date +%s%N) / 1000)); }
median() { sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }

# start_server DIR [CORES]: sets $server, $STELE_CONNECT and $start_ms (exec to the ready line).
start_server() {
    local fifo=$work/ready from line
    rm -f "$fifo"
    mkfifo "$fifo"
    from=$(now_us)
    taskset -c "${2:-0,1}" "$stele" standalone "$1" --listen=127.0.0.1:0 --zookeeper-port=off --bigtable-port=off \
        --web-port=off >"$fifo" 2>"$work/server.log" &
    server=$!
    read -r line <"$fifo"
    start_ms=$((($(now_us) - from) / 1000))
    STELE_CONNECT=$(echo "$line" | sed -n 's/^ready .*hbase=\([^ ]*\).*/\1/p')
    export STELE_CONNECT
}

# field JSON NAME: one of the totals of a load
field() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])["totals"][sys.argv[2]])' "$1" "$2"; }

# load OPTIONS...: one JSON line of the generator on core 1.
load() { taskset -c 1 "$stele" bench load -q --json --key-order=hashed "$@"; }

# rates N OPTIONS...: the median rate of N rounds.
rates() {
    local n=$1 i
    shift
    for ((i = 0; i < n; i++)); do field "$(load --reuse "$@")" rate; done | median
}

echo "== start"
for ((i = 0; i < rounds; i++)); do
    rm -rf "$work/empty"
    start_server "$work/empty"
    echo $start_ms
    sleep 0.3
    resident=$(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$server/status")
    stop_server
done | median | sed 's/$/ ms from exec to the ready line on an empty directory/'
rm -rf "$work/empty"
start_server "$work/empty"
sleep 1
awk '/VmRSS/ {printf "%.1f MB resident, idle\n", $2 / 1024}' "/proc/$server/status"
stop_server

echo "== catalogue"
cells=build/quickstart/packages.cells
if [ -s $cells ] || { mkdir -p build/quickstart && tools/package-catalogue >$cells; }; then
    for ((i = 0; i < rounds; i++)); do
        rm -rf "$work/catalogue"
        start_server "$work/catalogue"
        "$stele" shell -n -e "create 'packages', {NAME => 'info', VERSIONS => 3}, 'dep'" >/dev/null
        from=$(now_us)
        "$stele" import packages --format=cells $cells >"$work/import" 2>/dev/null
        echo $((($(now_us) - from) / 1000))
        stop_server
    done | median | sed "s/$/ ms to import $(wc -l <$cells) cells/"
    tail -1 "$work/import"
fi

echo "== puts of 100 bytes, acknowledged after fdatasync"
"$sync_loop" "$work" 150 2 >/dev/null
loop=$(for ((i = 0; i < rounds; i++)); do "$sync_loop" "$work" 150 2; done | median)
echo=$(for ((i = 0; i < rounds; i++)); do "$sync_echo" "$work" 150 2 1; done | median)
rm -rf "$work/put"
start_server "$work/put"
load --mix=put --rows=100000 --duration=1 >/dev/null
one=$(rates "$rounds" --mix=put --rows=100000 --duration=3 --depth=1)
many=$(rates "$rounds" --mix=put --rows=100000 --duration=3 --depth=64)
stop_server
awk -v a="$one" -v b="$loop" -v c="$echo" 'BEGIN {
    printf "%.0f/s with 1 in flight; the sync loop alone %.0f/s: %.0f %%\n", a, b, 100 * a / b
    printf "the sync loop behind a bare server on loopback %.0f/s (%.0f %% of the loop): %.0f %%\n", c, 100 * c / b, 100 * a / c
}'
printf '%.0f/s with 64 in flight\n' "$many"

echo "== gets of 100 bytes, cached, 50 connections, server on one core"
start_server "$work/put" 0
redis-server --port 6390 --save '' --appendonly no --bind 127.0.0.1 >/dev/null 2>&1 &
redis=$!
taskset -pc 0 $redis >/dev/null
sleep 0.5
taskset -c 1 redis-benchmark -p 6390 -t set -n 100000 -r 100000 -d 100 -P 16 -q >/dev/null 2>&1
redis_rate() {
    for ((i = 0; i < rounds; i++)); do
        taskset -c 1 redis-benchmark -p 6390 -t get -n "$2" -r 100000 -d 100 -c 50 -P "$1" --csv 2>/dev/null |
            awk -F'","|"' '/^"GET/ {print $3}'
    done | median
}
load --reuse --mix=get --rows=100000 --duration=2 --connections=50 >/dev/null
for depth in 1 16; do
    ours=$(rates "$rounds" --mix=get --rows=100000 --duration=3 --connections=50 --depth=$depth)
    theirs=$(redis_rate $depth $((depth == 1 ? 200000 : 1500000)))
    awk -v d=$depth -v a="$ours" -v b="$theirs" \
        'BEGIN {printf "depth %d: %.0f/s; Redis %.0f/s: %.0f %%\n", d, a, b, 100 * a / b}'
done
kill $redis
redis=
stop_server

echo "== scan of 1 KB rows"
rm -rf "$work/scan"
start_server "$work/scan"
load --rows=1000000 --value-size=1000 --mix=get --duration=1 >/dev/null
for ((i = 0; i < rounds; i++)); do
    out=$(load --reuse --rows=1000000 --value-size=1000 --mix=scan --scan-rows=0 --operations=1)
    awk -v b="$(field "$out" value_bytes)" -v s="$(field "$out" seconds)" 'BEGIN {printf "%.0f\n", b / s / 1e6}'
done | median | sed 's/$/ MB\/s of values, whole table of 1 GB/'
stop_server
start_server "$work/scan"
echo "$start_ms ms from exec to the ready line on that table, after a clean stop"
stop_server
