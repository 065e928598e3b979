#!/usr/bin/env bash
# `stele bench` as users and scripts run it: presets, reports, exit codes; a server that stands still or dies meanwhile.
# STELE names the program (default build/release/stele). Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
passed=0 failed=0

note() { # NAME RESULT [DETAILS-FILE]
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1"
        [ $# -lt 3 ] || head -20 "$3" | sed 's/^/    | /'
    fi
}

# run NAME CODE OUT-PATTERN OPTIONS...: exit code of `bench load`, and a pattern that stdout or stderr has.
run() {
    local name=$1 code=$2 pattern=$3 got
    shift 3
    timeout 60 "$stele" bench load "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    cat "$work/out" "$work/err" >"$work/both"
    [ $got -eq "$code" ] && grep -qE -- "$pattern" "$work/both"
    note "$name: exit $got, expected $code and /$pattern/" $? "$work/both"
}

# json NAME EXPRESSION: what of the JSON report in $work/out must hold (j is the object).
json() {
    python3 -c '
import json, sys
j = json.loads(open(sys.argv[1]).read())
assert eval(sys.argv[2], {"j": j}), json.dumps(j)[:2000]
' "$work/out" "$2" 2>"$work/both"
    note "$1: $2" $? "$work/both"
}

short="--rows=2000 --duration=1 --warmup=0.2"
start_server

# ---- before use ----
"$stele" bench --help >"$work/out" && grep -q '^  load' "$work/out" && grep -q '^  study' "$work/out"
note "bench --help lists the commands" $? "$work/out"
for page in load study; do
    "$stele" bench $page --help >"$work/out" && [ "$(wc -l <"$work/out")" -le 50 ] && [ "$(wc -L <"$work/out")" -le 120 ]
    note "the page of $page fits a screen" $? "$work/out"
done
run "a list of workloads" 0 "scanRange100" --list
run "keys are shown" 0 "^user0000000000000001$" --keys=sequential --print-keys=3
run "a distribution is shown" 0 "busiest of 32 parts: 9\." --keys=hotspot:90/10 --print-distribution
run "an unknown workload" 2 "did you mean 'ycsb-a'" --workload=ycsb-aa
run "an unknown command of PerformanceEvaluation" 2 "did you mean 'randomRead'" --workload=randomread
run "an unknown distribution" 2 "did you mean 'zipf'" --keys=zpif
run "an unknown operation" 2 "did you mean 'update'" --mix=updte:100
run "an unknown option" 2 "did you mean '--rate'" --raet=5
run "a mix that is not whole" 2 "sum to 50 %" --mix=get:50
run "a bad size" 2 "uniform:A-B" --value-size=big
run "a bad distribution" 2 "cohort:OPS/FROM-TO" --keys=cohort:85/90-10
run "keys without room" 2 "no room" --key-size=5 --rows=1000
"$stele" bench lod >"$work/out" 2>&1
[ $? -eq 2 ] && grep -q "did you mean 'load'" "$work/out"
note "an unknown command of bench" $? "$work/out"

# ---- workloads ----
run "the first load makes, fills and reads a table" 0 "fill .* 2000 rows" $short
run "a live line each second" 0 "^run +1 s .*ops/s .*p50" $short --reuse
run "and none when quiet" 0 "^client CPU" $short --reuse -q
[ ! -s "$work/err" ]
note "nothing on stderr when quiet" $? "$work/err"
run "a table that exists is refused" 1 "--reuse" $short -q
run "a table that is not there is not reused" 1 "nope does not exist" $short -q --reuse --table=nope
for workload in ycsb-a ycsb-b ycsb-c ycsb-d ycsb-e ycsb-f randomRead randomWrite sequentialRead sequentialWrite scanRange10 \
    increment append checkAndPut checkAndDelete randomDelete; do
    run "$workload" 0 "schema" --rows=1000 --duration=0.4 --warmup=0 -q --json --workload=$workload --table="w-$workload" --drop --depth=4
    json "$workload" 'j["totals"]["operations"] > 5 and j["totals"]["failed"] == 0 and j["end"] == "complete"'
done
json "deletes count rows" 'j["operations"].keys() == {"delete"} and j["fill"]["rows"] == 1000'
run "dropped tables are gone" 0 "schema" $short -q --json --workload=ycsb-c --table=w-ycsb-a --splits=4 --key-order=hashed
json "splits, and what tablets and servers took" 'len(j["tablets"]) == 4 and 0.9 < sum(t["reads"] for t in j["tablets"]) / j["totals"]["operations"] < 1.7 and j["servers"][0]["cpu_s"] > 0'
json "the report says how it was made" 'j["schema"] == "stele.load/1" and j["seed"] == 1 and j["config"]["workload"] == "ycsb-c" and j["host"]["cores"] > 0 and j["revision"]'
run "batches" 0 "schema" $short -q --json --mix=read:50,update:50 --batch=20 --table=batches
json "rows of batches" 'j["totals"]["rows"] == 20 * j["totals"]["operations"] and j["totals"]["missing"] == 0'
run "a report in a file, the table on stdout" 0 "latency, ms" $short -q --reuse --json="$work/report.json"
cp "$work/report.json" "$work/out"
json "percentiles without enough samples are not told" 'all(("p99.99" in o["service_us"]) == (o["operations"] >= 100000) for o in j["operations"].values())'
run "several threads and connections" 0 "schema" $short -q --json --reuse --threads=2 --connections=2 --depth=4
json "all of them" 'j["totals"]["operations"] > 100'
run "so many operations" 0 "schema" -q --json --reuse --operations=500 --rows=2000
json "no more" 'j["totals"]["operations"] == 500'
run "a rate" 0 "schema" -q --json --reuse --rows=2000 --rate=200 --duration=2 --warmup=0
json "is kept, with intended latency" '380 <= j["totals"]["operations"] <= 401 and j["totals"]["intended_us"]["count"] == j["totals"]["operations"]'
run "a rate beyond reach" 0 "beyond reach +50000000 operations/s were asked for" -q --reuse --rows=2000 --rate=50000000 --duration=1 --warmup=0 --depth=4
run "the generator alone" 0 "nothing \(--null\)" -q --null --duration=1 --warmup=0
run "no server" 3 "stele: " -q --connect=127.0.0.1:1
run "two places" 2 "one of --connect" --connect=127.0.0.1:1 --zookeeper=127.0.0.1:1

# ---- a server that stands still, an interrupt, a server that dies ----
"$stele" bench load -q --json --reuse --rows=2000 --rate=500 --duration=4 --warmup=0 >"$work/out" 2>"$work/err" &
load=$!
sleep 1
kill -STOP "$server"
sleep 1
kill -CONT "$server"
wait $load
note "a load over a stall ends well" $? "$work/err"
# half a second's stall at least is in it: the mean over 4 s is then at least 500 / 8 / 4 ms
json "the stall is seen in the intended latency" 'j["totals"]["intended_us"]["max"] > 800000 and j["totals"]["intended_us"]["mean"] > 60000'
json "and every request that was due was made" '1990 <= j["totals"]["operations"] <= 2001'

"$stele" bench load -q --json --reuse --rows=2000 --duration=30 --warmup=0 >"$work/out" 2>"$work/err" &
load=$!
sleep 1.5
kill -INT $load
wait $load
[ $? -eq 130 ]
note "^C exits 130" $? "$work/err"
json "and tells what there is" 'j["end"] == "interrupted" and j["totals"]["operations"] > 100 and 1 < j["totals"]["seconds"] < 5'

"$stele" bench load -q --json --reuse --rows=2000 --duration=60 --warmup=0 --patience=2s >"$work/out" 2>"$work/err" &
load=$!
sleep 1.5
kill -9 "$server"
wait "$server" 2>/dev/null
server=
wait $load
[ $? -eq 3 ] && grep -q "stopped answering" "$work/err"
note "a server that dies: exit 3" $? "$work/err"
json "and tells what there is" 'j["end"] == "server lost" and j["totals"]["operations"] > 100 and j["totals"]["seconds"] < 20'

echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
