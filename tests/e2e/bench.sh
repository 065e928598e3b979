#!/usr/bin/env bash
# `stele bench` as users and scripts run it: presets, reports, exit codes; a server that stands still or dies meanwhile.
# STELE names the program (default build/release/stele). Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
passed=0 failed=0 skipped=0

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
    timeout 180 "$stele" bench load "$@" >"$work/out" 2>"$work/err" </dev/null
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

# measured NAME EXPRESSION OPTIONS...: what a load of some seconds must show; up to three times, for the machine may stand still meanwhile.
measured() {
    local name=$1 expression=$2 try failed_before=$failed passed_before=$passed
    shift 2
    for try in 1 2 3; do
        failed=$failed_before passed=$passed_before
        run "$name" 0 "schema" "$@"
        [ "$failed" -eq "$failed_before" ] || return # it failed
        json "$name" "$expression"
        [ "$failed" -ne "$failed_before" ] || return
        echo "that was try $try"
    done
}

# has_run FILE SECONDS PID: waits until the live lines of a load tell of so many seconds of its run.
has_run() {
    for _ in $(seq 1200); do
        grep -qE "^run +$2 s " "$1" && return
        kill -0 "$3" 2>/dev/null || return
        sleep 0.05
    done
}

short="--rows=1000 --duration=0.5 --warmup=0.1"
start_server

# ---- before use ----
"$stele" bench --help >"$work/out" && grep -q '^  load' "$work/out" && grep -q '^  study' "$work/out"
note "bench --help lists the commands" $? "$work/out"
for page in load study engine diff; do
    "$stele" bench $page --help >"$work/out" && [ "$(wc -l <"$work/out")" -le 50 ] && [ "$(wc -L <"$work/out")" -le 120 ]
    note "the page of $page fits a screen" $? "$work/out"
done
run "a list of workloads" 0 "scanRange100" --list
run "keys are shown" 0 "^user0000000000000001$" --keys=sequential --print-keys=3
run "a distribution is shown" 0 "busiest of 32 parts: 9\." --keys=hotspot:90/10 --print-distribution
run "and of those that are not done" 0 "^  metaWrite +not done: .*hbase:meta" --list
run "a workload that is not done" 2 "does not do cleanMeta: it deletes from hbase:meta" --workload=cleanMeta
run "an unknown workload" 2 "did you mean 'ycsb-a'" --workload=ycsb-aa
run "an unknown command of PerformanceEvaluation" 2 "did you mean 'randomRead'" --workload=randomread
run "a workload in other letters" 2 "did you mean 'ycsb-a'" --workload=YCSB-A
run "a number out of bounds" 2 "--threads takes a number from 1 to 64, not '0'" --threads=0
run "a time out of bounds" 2 "--duration takes a time" --duration=0
run "a processor that is not there" 2 "processor 999, there are" --cpu=999
run "a process that is not there" 2 "no process 999999999" --server-pid=999999999
run "more connections than files" 2 "ulimit -n" --connections=100000 --threads=64
run "a filter that is none" 2 "--scan-filter: Incorrect Filter String" --scan-filter=bogus
run "a place that is none" 2 "'localhost:99999' is not host:port" --connect=localhost:99999
run "another place that is none" 2 "'' is not host:port" --against=
run "another place that is not there, before the work" 3 "cannot connect to 127.0.0.1:1" -q --against=127.0.0.1:1 --table=early
run "a table without a name" 2 "--table takes a name" --table=
run "the system's own table" 2 "can be read" --table=hbase:meta --reuse --mix=update
run "a report that cannot be written, before the work" 1 "/nonexistent/x: No such file" -q --json=/nonexistent/x --table=early
run "a page that cannot be written, before the work" 1 "/nonexistent/x: No such file" -q --html=/nonexistent/x --table=early
"$stele" shell -n -e "exists 'early'" 2>"$work/err" | grep -q "does not exist"
note "nothing was done of those" $? "$work/err"
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
run "the first load makes, fills and reads a table" 0 "fill .* 1000 rows" $short
run "a live line each second" 0 "^run +1 s .*ops/s .*p50" --rows=1000 --duration=1.2 --warmup=0 --reuse
run "and none when quiet" 0 "^client CPU" $short --reuse -q
[ ! -s "$work/err" ]
note "nothing on stderr when quiet" $? "$work/err"
run "a table that exists is refused" 1 "--reuse" $short -q
run "a table that is not there is not reused" 1 "nope does not exist" $short -q --reuse --table=nope
for workload in ycsb-a ycsb-b ycsb-c ycsb-d ycsb-e ycsb-f randomRead randomWrite sequentialRead sequentialWrite scanRange10 \
    increment append checkAndPut checkAndDelete randomDelete; do
    run "$workload" 0 "schema" --rows=1000 --operations=100 --warmup=0 -q --json --workload=$workload --table="w-$workload" --drop --depth=4
    json "$workload" 'j["totals"]["operations"] == 100 and j["totals"]["failed"] == 0 and j["end"] == "complete"'
done
json "deletes count rows" 'j["operations"].keys() == {"delete"} and j["fill"]["rows"] == 1000'
run "a fill has the rows asked for, and none twice" 0 "schema" -q --json --rows=700 --table=seven --duration=0.2 --warmup=0 --workload=ycsb-c
json "700 of them" 'j["fill"]["rows"] == 700'
"$stele" shell -n -e "count 'seven'" 2>"$work/err" | grep -q "^700 row(s)" &&
    [ "$("$stele" shell -n -e "scan 'seven', {RAW => true, VERSIONS => 5}" 2>>"$work/err" | grep -c 'column=f:q0')" -eq 700 ]
note "the table has as many, each once" $? "$work/err"
measured "dropped tables are gone; splits, and what tablets and servers took" \
    'len(j["tablets"]) == 4 and 0.2 < sum(t["reads"] for t in j["tablets"]) / j["totals"]["operations"] < 1.7 and j["servers"][0]["cpu_s"] > 0' \
    $short -q --json --workload=ycsb-c --table=w-ycsb-a --splits=4 --key-order=hashed --drop
json "the report says how it was made" 'j["schema"] == "stele.load/1" and j["seed"] == 1 and j["config"]["workload"] == "ycsb-c" and j["host"]["cores"] > 0 and j["revision"]'
run "look-ups in hbase:meta" 0 "schema" -q --json --workload=metaRandomRead --table=located --splits=8 --depth=4 --operations=50 --warmup=0
json "each is one of a row" 'j["totals"]["operations"] == 50 and j["totals"]["missing"] == j["totals"]["failed"] == 0 and list(j["operations"]) == ["locate"] and "fill" not in j'
run "batches" 0 "schema" $short -q --json --mix=read:50,update:50 --batch=20 --table=batches
json "rows of batches" 'j["totals"]["rows"] == 20 * j["totals"]["operations"] and j["totals"]["missing"] == 0'
run "a report in a file, the table on stdout" 0 "latency, ms" $short -q --reuse --json="$work/report.json"
cp "$work/report.json" "$work/out"
json "percentiles without enough samples are not told" 'all(("p99.99" in o["service_us"]) == (o["operations"] >= 100000) for o in j["operations"].values())'
run "several threads and connections" 0 "schema" -q --json --reuse --rows=1000 --operations=500 --warmup=0 --threads=2 --connections=2 --depth=4
json "all of them" 'j["totals"]["operations"] == 500'
run "so many operations" 0 "schema" -q --json --reuse --operations=500 --rows=1000
json "no more" 'j["totals"]["operations"] == 500'
measured "a rate is kept, with intended latency" '380 <= j["totals"]["operations"] <= 401 and j["totals"]["intended_us"]["count"] == j["totals"]["operations"]' \
    -q --json --reuse --rows=1000 --rate=200 --duration=2 --warmup=0
"$stele" bench load -q --reuse --rows=1000 --operations=10 >/dev/full 2>"$work/err"
[ $? -eq 1 ] && grep -q "standard output: No space left" "$work/err"
note "a report that nobody gets is a failure" $? "$work/err"
"$stele" bench load -q --rows=100000000 --table=dropped --drop >"$work/out" 2>"$work/err" &
load=$!
for _ in $(seq 600); do
    "$stele" shell -n -e "exists 'dropped'" 2>/dev/null | grep -q "does exist" && break
    sleep 0.05
done
kill -INT $load
wait $load
[ $? -eq 130 ] && "$stele" shell -n -e "exists 'dropped'" | grep -q "does not exist"
note "a fill that is interrupted drops what it made" $? "$work/err"
run "a rate beyond reach" 0 "beyond reach +50000000 operations/s were asked for" -q --reuse --rows=1000 --rate=50000000 --duration=1 --warmup=0 --depth=4
run "the generator alone" 0 "nothing \(--null\)" -q --null --duration=1 --warmup=0
run "no server" 3 "stele: " -q --connect=127.0.0.1:1
run "two places" 2 "one of --connect" --connect=127.0.0.1:1 --zookeeper=127.0.0.1:1

# ---- what happens to the tablets meanwhile; the live line of a terminal ----
: >"$work/err" # that of the load before is looked at no more
"$stele" bench load --json --table=moving --rows=1000 --duration=90 --warmup=0 >"$work/out" 2>"$work/err" &
load=$!
has_run "$work/err" 1 $load
"$stele" shell -n -e "split 'moving', 'user0000000000000500'" >/dev/null 2>"$work/both"
told=1
for _ in $(seq 600); do
    grep -qE '^run .* ms  2 tablets, 1 split, max/mean [12]\.[0-9]+$' "$work/err" && told=0 && break
    sleep 0.1
done
kill -INT $load
wait $load
[ $? -eq 130 ]
note "a load over a split ends well" $? "$work/err"
note "the live line tells of the split, and of the busiest tablet" $told "$work/err"
json "the split is an event" 'any("split at" in e["text"] and "500" in e["text"] for e in j["events"]) and len(j["tablets"]) == 2 and j["totals"]["failed"] == 0'
if command -v script >/dev/null; then
    script -qec "'$stele' bench load --reuse --rows=1000 --duration=2.2 --warmup=0" /dev/null >"$work/out" 2>&1 </dev/null
    grep -qP '\r\x1b\[K' "$work/out" && grep -q "latency, ms" "$work/out"
    note "a terminal's live line is rewritten in place" $? "$work/out"
    script -qec "stty cols 40; '$stele' bench load --reuse --rows=1000 --duration=2.2 --warmup=0" /dev/null >"$work/out" 2>&1 </dev/null
    grep -oP '\r\x1b\[K\K(fill|run )[^\r\n]*' "$work/out" >"$work/lines"
    [ -s "$work/lines" ] && awk 'length > 39 { exit 1 }' "$work/lines"
    note "a terminal's live line is cut to its width" $? "$work/lines"
fi

# ---- reports and what is asserted ----
run "an unknown metric" 2 "did you mean 'p9" -q --assert='p98<5ms'
run "a bound without a unit" 2 "a time such as" -q --assert='p99<5'
ln -s same.html "$work/same"
for same in json csv hdr; do
    run "a page and another output in one file: $same" 2 "^stele: bench load: --$same and --html go to the same place" -q --$same="$work/same" --html="$work/same.html"
done
ls "$work" >"$work/out"
! grep -q '^same.html' "$work/out"
note "nothing is left of a file that was looked at" $? "$work/out"
run "what holds" 0 "latency, ms" -q --reuse --rows=1000 --duration=2 --warmup=0.5 --assert='p50<1s,rate>1,errors<1%,client_cpu<1s' \
    --csv="$work/a.csv" --hdr="$work/a.hdr" --html="$work/a.html" --json="$work/a.json"
cp "$work/a.json" "$work/out"
run "what does not" 4 "p50<1us does not hold: " -q --reuse $short --assert='p50<1us,rate>1'
run "what is not known" 4 "too few samples" -q --reuse --rows=1000 --operations=100 --assert='p99.9<1s'
python3 - "$work/a.csv" "$work/a.json" >"$work/both" 2>&1 <<'PY'
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1])))
report = json.load(open(sys.argv[2]))
counted = [r for r in rows if int(r["second"]) >= 0]
for operation, total in [("all", report["totals"]), ("read", report["operations"]["read"])]:
    assert sum(int(r["operations"]) for r in counted if r["operation"] == operation) == total["operations"]
assert any(int(r["second"]) < 0 for r in rows), "the warm-up is there"
assert sum(p["operations"] for p in report["timeline"] if p["second"] >= 0) == report["totals"]["operations"]
PY
note "the CSV, the timeline and the totals agree" $? "$work/both"
grep -q '<svg' "$work/a.html" && ! grep -qE '(src|href)=' "$work/a.html" && tail -1 "$work/a.html" | grep -q '</html>'
note "the page is one file" $? "$work/a.html"

# HdrHistogram's own program, in Java, where its jar is served.
jar=$(ls "$HOME"/.m2/repository/org/hdrhistogram/HdrHistogram/*/HdrHistogram-*.jar 2>/dev/null | tail -1)
if [ -z "$jar" ] && command -v mvn >/dev/null; then
    mvn -q -B dependency:get -Dartifact=org.hdrhistogram:HdrHistogram:2.1.12 >/dev/null 2>&1
    jar=$(ls "$HOME"/.m2/repository/org/hdrhistogram/HdrHistogram/*/HdrHistogram-*.jar 2>/dev/null | tail -1)
fi
if [ -n "$jar" ] && command -v java >/dev/null; then
    java -cp "$jar" org.HdrHistogram.HistogramLogProcessor -i "$work/a.hdr" -tag read -outputValueUnitRatio 1000 >"$work/hdr" 2>&1
    python3 - "$work/hdr" "$work/a.json" >"$work/both" 2>&1 <<'PY'
import json, re, sys
text, read = open(sys.argv[1]).read(), json.load(open(sys.argv[2]))["operations"]["read"]["service_us"]
count = int(re.findall(r"Total count\s*=\s*(\d+)", text)[-1])
mean = float(re.findall(r"Mean\s*=\s*([\d.]+)", text)[-1])
maximum = float(re.findall(r"Max\s*=\s*([\d.]+)", text)[-1])
assert count == read["count"], (count, read)
assert abs(mean / read["mean"] - 1) < .02 and abs(maximum / read["max"] - 1) < .01, (mean, maximum, read)
PY
    note "HdrHistogram's program reads the log and finds the same" $? "$work/both"
else
    skipped=$((skipped + 1))
    echo "SKIPPED the log read by HdrHistogram: no jar or no java here"
fi

# ---- side by side ----
run "one more" 0 "schema" -q --json --reuse --rows=1000 --duration=2 --warmup=0.5
cp "$work/out" "$work/b.json"
"$stele" bench diff "$work/a.json" "$work/b.json" >"$work/both" 2>&1 && grep -q "^read  *rate /s" "$work/both" && grep -q "Mann-Whitney" "$work/both"
note "two reports side by side" $? "$work/both"
python3 - "$work/a.json" "$work/slow.json" "$work/same.json" <<'PY'
import json, sys
def series(rate, p99):
    a = json.load(open(sys.argv[1]))
    a["timeline"] = [{"second": s, "length_s": 1, "operations": rate + s * 37 % 11, "of": {},
                      "service_us": {"mean": 100, "p50": 90 + s * 13 % 5, "p99": p99 + s * 7 % 3, "max": 9000}} for s in range(20)]
    a["totals"].update(rate=rate, service_us={"mean": 100, "p50": 92, "p99": p99})
    return a
json.dump(series(10000, 500), open(sys.argv[3], "w"))
json.dump(series(8000, 700), open(sys.argv[2], "w"))
PY
"$stele" bench diff "$work/same.json" "$work/same.json" --fail-on-worse >"$work/both" 2>&1
note "the same twice is not worse" $? "$work/both"
"$stele" bench diff "$work/same.json" "$work/slow.json" --fail-on-worse >"$work/both" 2>&1
[ $? -eq 4 ] && grep -qE "^all +rate /s .*worse" "$work/both" && grep -qE "^all +p99 us .*worse" "$work/both" && ! grep -qE "^all +p50 us .*worse" "$work/both"
note "what is slower is worse, and only that" $? "$work/both"
"$stele" bench diff "$work/slow.json" "$work/same.json" --fail-on-worse >"$work/both" 2>&1 && grep -qE "^all +rate /s .*better" "$work/both"
note "and the other way round better" $? "$work/both"
cat "$work/same.json" "$work/same.json" "$work/same.json" >"$work/three.json"
"$stele" bench diff "$work/three.json" "$work/three.json" >"$work/both" 2>&1 && grep -q "A: 3 runs" "$work/both" && grep -q "over the runs" "$work/both"
note "several runs are compared as runs" $? "$work/both"
"$stele" bench diff "$work/a.json" >"$work/both" 2>&1
[ $? -eq 2 ] && grep -q "two files" "$work/both"
note "diff of one file" $? "$work/both"
echo '{"schema": "x"}' >"$work/foreign.json"
"$stele" bench diff "$work/a.json" "$work/foreign.json" >"$work/both" 2>&1
[ $? -eq 1 ] && grep -q "no report of" "$work/both"
note "diff of a foreign file" $? "$work/both"
printf '{"schema": "stele.load/1", "timeline": 5, "totals": {"seconds": []}, "operations": {"read": 7}, "config": []}' >"$work/odd.json"
"$stele" bench diff "$work/odd.json" "$work/a.json" >"$work/both" 2>&1 && grep -q "^A: 1 run of '?'" "$work/both"
note "diff of a report that lacks everything" $? "$work/both"
sed 's/"rate": *[0-9.]*/"rate": "many"/g' "$work/a.json" >"$work/text.json"
"$stele" bench diff "$work/a.json" "$work/text.json" >"$work/both" 2>&1
[ $? -eq 1 ] && grep -q "text.json: rate of .* is not a number" "$work/both"
note "diff of a report that has text for a number" $? "$work/both"
echo '{"schema": "stele.load/1"}' >"$work/none.json"
head -c 300 "$work/a.json" >"$work/torn.json"
for file in none.json torn.json .; do
    "$stele" bench diff "$work/a.json" "$work/$file" >"$work/both" 2>&1
    [ $? -eq 1 ] && grep -qE "without totals|torn.json, line|Is a directory" "$work/both"
    note "diff of what is no report: $file" $? "$work/both"
done
run "one place against another" 0 "^all +server CPU us" -q --rows=1000 --duration=1 --warmup=0 --reuse --against="$STELE_CONNECT"

run "the comparison in the files too" 0 "^all +rate" -q --rows=1000 --duration=1 --warmup=0 --reuse --against="$STELE_CONNECT" \
    --json="$work/against.json" --html="$work/against.html"
python3 - "$work/against.json" "$work/against.html" "$STELE_CONNECT" <<'END' >"$work/both" 2>&1
import json, sys
first, second = [json.loads(line) for line in open(sys.argv[1])]
told = second["against"]
assert "against" not in first and told["schema"] == "stele.diff/1", told
assert told["a"]["place"] == first["place"] and told["b"]["place"] == second["place"] == sys.argv[3], told
rate = next(one for one in told["figures"] if (one["operation"], one["figure"]) == ("all", "rate /s"))
assert abs(rate["a"] - first["totals"]["rate"]) < 1 and abs(rate["b"] - second["totals"]["rate"]) < 1, rate
assert abs(rate["ratio"] - rate["b"] / rate["a"]) < 1e-6 and rate["verdict"] in ("same", "better", "worse", "not sure"), rate
page = open(sys.argv[2]).read()
assert f"<td>{rate['ratio']:.3f}</td>" in page and page.rstrip().endswith("</html>"), page[-2000:]
END
note "the ratio in JSON and HTML" $? "$work/both"
"$stele" bench diff --json "$work/a.json" "$work/a.json" >"$work/out" && python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
assert j["schema"] == "stele.diff/1" and j["worse"] == 0 and all(one["ratio"] == 1 for one in j["figures"]) and j["figures"], j
' "$work/out" >"$work/both" 2>&1
note "diff as JSON" $? "$work/both"

# ---- the engine alone ----
# engine NAME CODE OUT-PATTERN OPTIONS...: as run, of `bench engine`.
engine() {
    local name=$1 code=$2 pattern=$3 got
    shift 3
    TMPDIR=$work timeout 180 "$stele" bench engine -q "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    cat "$work/out" "$work/err" >"$work/both"
    [ $got -eq "$code" ] && grep -qE -- "$pattern" "$work/both"
    note "$name: exit $got, expected $code and /$pattern/" $? "$work/both"
}
engine "the engine alone" 0 "log syncs" $short --depth=4 --mix=read:40,update:30,scan:10,increment:10,append:5,delete:5
for workload in ycsb-a ycsb-f checkAndPut checkAndDelete; do
    engine "$workload on the engine" 0 "schema" --rows=1000 --operations=100 --warmup=0 --json --workload=$workload --threads=2
    json "$workload on the engine" 'j["totals"]["operations"] == 100 and j["totals"]["failed"] == 0 and j["config"]["engine"]'
done
engine "without a log" 0 "schema" $short --mix=update --durability=skip --json --batch=10
json "rows of batches in the engine" 'j["totals"]["rows"] == 10 * j["totals"]["operations"]'
ls -d "$work"/stele-engine.* >"$work/both" 2>/dev/null
[ ! -s "$work/both" ]
note "its directory goes at the end" $? "$work/both"
engine "a directory of the user's" 0 "engine in $work/engine" $short --directory="$work/engine"
[ -d "$work/engine/tables" ] && "$stele" fsck "$work/engine" >"$work/both" 2>&1
note "it stays, and is whole" $? "$work/both"
engine "a directory of something else" 1 "stele: bench engine: " $short --directory="$top/bench"
engine "the engine has no server" 2 "no option '--connect" --connect=127.0.0.1:1

# ---- a server that stands still, an interrupt, a server that dies ----
: >"$work/err"
"$stele" bench load --json --reuse --rows=1000 --rate=500 --duration=4 --warmup=0 >"$work/out" 2>"$work/err" &
load=$!
has_run "$work/err" 1 $load
kill -STOP "$server"
sleep 1
kill -CONT "$server"
wait $load
note "a load over a stall ends well" $? "$work/err"
# half a second's stall at least is in it: the mean over 4 s is then at least 500 / 8 / 4 ms
json "the stall is seen in the intended latency" 'j["totals"]["intended_us"]["max"] > 800000 and j["totals"]["intended_us"]["mean"] > 60000'
json "and every request that was due was made, or told to be missing" '1998 <= j["totals"]["operations"] + j["totals"]["unstarted"] <= 2001'

: >"$work/err"
"$stele" bench load --json --reuse --rows=1000 --duration=30 --warmup=0 >"$work/out" 2>"$work/err" &
load=$!
has_run "$work/err" 2 $load
kill -INT $load
wait $load
[ $? -eq 130 ]
note "^C exits 130" $? "$work/err"
json "and tells what there is" 'j["end"] == "interrupted" and j["totals"]["operations"] > 100 and 1 < j["totals"]["seconds"] < 25'

: >"$work/err"
"$stele" bench load --json --reuse --rows=1000 --duration=60 --warmup=0 --patience=2s >"$work/out" 2>"$work/err" &
load=$!
has_run "$work/err" 1 $load
kill -9 "$server"
wait "$server" 2>/dev/null
server=
wait $load
[ $? -eq 3 ] && grep -q "stopped answering" "$work/err"
note "a server that dies: exit 3" $? "$work/err"
json "and tells what there is" 'j["end"] == "server lost" and j["totals"]["operations"] > 100 and j["totals"]["seconds"] < 40'

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
