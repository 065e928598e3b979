#!/usr/bin/env bash
# Row key studies at the shell: predicted ones and their files, advice, and a short one measured on a standalone server.
# Ends with "study: N checks passed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/server.sh"
passed=0

fail() { echo "study: $1"; [ -z "${2:-}" ] || head -n 30 "$2"; exit 1; }
pass() { passed=$((passed + 1)); }
says() { grep -q -- "$2" "$1" || fail "no '$2'" "$1"; pass; }

# ---- predicted ----
"$stele" bench study national-id --simulate --mappers='raw;salt:16;md5' --html="$work/a.html" --svg="$work/a.svg" \
    >"$work/a.txt" 2>&1 || fail "simulate failed" "$work/a.txt"
says "$work/a.txt" "^raw .* cured$"
says "$work/a.txt" "^md5 .* even$"
says "$work/a.txt" "wide cohort"
sed '/^In short:/,/^$/d' "$work/a.txt" | awk 'length > 80' >"$work/wide" # a sentence is one line for a program
[ ! -s "$work/wide" ] || fail "lines wider than a terminal" "$work/wide"
pass
"$stele" bench study national-id --simulate --mappers='raw;salt:16;md5' --json >"$work/a.json" || fail "json failed"
"$stele" bench study national-id --simulate --mappers='raw;salt:16;md5' --json | cmp - "$work/a.json" || fail "a seed gives two answers"
pass
python3 - "$work/a.json" "$work/a.html" "$work/a.svg" <<'PYTHON' || exit 1
import json, re, sys
import xml.etree.ElementTree as tree
study = json.load(open(sys.argv[1]))
assert study["schema"] == "stele.study/2" and study["mode"] == "simulate", study["schema"]
assert [cell["verdict"] for cell in study["cells"]] == ["cured", "even", "even"]
run = study["cells"][0]["predicted"]
assert len(run["heat"][0]) == study["settings"]["buckets"]
# one server is asked for two thirds: its tablet is the busiest of four, and who asks it waits until its queue is full
tablets, servers = run["by_tablet"], run["by_server"]
assert abs(sum(one["asked"]["read"] for one in tablets) - run["asked"]["read"]) < 1 and run["asked"]["write"] == 0
assert max(one["share"] for one in tablets[:4]) > 0.6 and len(tablets) == 4 + 2 * run["splits"]
busiest = max(servers, key=lambda one: sum(one["timeline"]["p50_ms"][:10]))
assert busiest["timeline"]["p50_ms"][8] > 900 and run["timeline"]["p99_ms"][8] > 900, run["timeline"]["p99_ms"]
assert all(one["timeline"]["max_ms"][8] < 50 for one in servers if one is not busiest)
assert run["skew"]["tablets"]["start"]["max_mean"] > 2.4 and run["skew"]["servers"]["end"]["effective"] > 3.8
assert all(len(series) == run["seconds"] for series in run["timeline"].values())
assert [design["write"]["key_bytes"] - design["write"]["logical_bytes"] for design in study["designs"]] == [0, 2, 20]
page = open(sys.argv[2]).read()
inside = re.search(r'<script id="study" type="application/json">(.*?)</script>', page, re.S).group(1)
assert json.loads(inside)["cells"] and page.count('class="panel"') == 3
for picture in re.findall(r"<svg.*?</svg>", page, re.S):
    tree.fromstring(picture)
assert tree.parse(sys.argv[3]).getroot().tag.endswith("svg")
PYTHON
pass

# Who splits and moves is said; Stele's own policies move at other times, and need no server either.
says "$work/a.txt" "^Predicted: tablets are split and moved by the policies of an independent"
"$stele" bench study national-id --simulate --model=stele --mappers='raw;random-salt:4' >"$work/stele.txt" || fail "--model=stele failed" "$work/stele.txt"
says "$work/stele.txt" "^Predicted: tablets are split and moved when Stele's own policies would"
says "$work/stele.txt" "^random-salt:4 \[writes\] .* even$"
says "$work/stele.txt" "^\[writes\] is asked to write each row"
"$stele" bench study national-id --simulate --model=experiment --mappers='raw;salt:16;md5' | cmp - "$work/a.txt" || fail "--model=experiment is not what is meant without"
pass
"$stele" bench study national-id --simulate --model=stele --mappers=raw --json >"$work/stele.json" || fail "--model=stele failed as JSON"
python3 - "$work/a.json" "$work/stele.json" <<'PYTHON' || exit 1
import json, sys
experiment, stele = (json.load(open(name)) for name in sys.argv[1:])
assert experiment["settings"]["model"] == "experiment" and stele["settings"]["model"] == "stele"
moves = [[one["second"] for one in study["cells"][0]["predicted"]["events"] if one["kind"] == "move"] for study in (experiment, stele)]
assert moves[0] and moves[1] and moves[0] != moves[1], moves
PYTHON
pass

# A letter that there is not: the option that begins with it.
"$stele" bench study national-id -j >"$work/said" 2>&1
[ $? -eq 2 ] || fail "an unknown letter" "$work/said"
says "$work/said" "did you mean '--json'"
"$stele" bench load --q >"$work/said" 2>&1
[ $? -eq 2 ] || fail "an unknown letter" "$work/said"
says "$work/said" "did you mean '--quiet'"

# Interrupted: the designs that were predicted until then are told, in each report; nothing before the first. It is interrupted
# after ever more CPU time: all take thirty times as long as one, so some time lies between, however fast this machine is.
told=
for hundredths in 20 40 80 160 320 640 1280 2560 5120; do
    "$stele" bench study iot --simulate --quiet --rows=1000000 \
        --mappers="$(printf 'raw;uuid;md5;reverse;bit-reverse;promote;swap;'; seq -s';' -f 'salt:%.0f' 3 26)" --json >"$work/cut.json" 2>"$work/said" &
    cut=$!
    while [ "$(awk '{print $14 + $15}' /proc/$cut/stat 2>/dev/null || echo 99999)" -lt $hundredths ]; do sleep 0.05; done
    kill -INT $cut 2>/dev/null
    wait $cut
    code=$?
    [ $code -eq 130 ] || fail "an interrupted prediction ends with $code, not 130" "$work/said"
    [ ! -s "$work/cut.json" ] || { told=1; break; }
done
[ -n "$told" ] || fail "interrupted predictions tell nothing" "$work/said"
python3 - "$work/cut.json" <<'PYTHON' || exit 1
import json, sys
study = json.load(open(sys.argv[1]))
assert 0 < len(study["cells"]) == len(study["designs"]) < 31 and study["unfinished"] == "interrupted", study["unfinished"]
PYTHON
pass

# A report that cannot be written is told before the work; a device stays a device.
"$stele" bench study national-id --html=/nonexistent/x >"$work/said" 2>&1 && fail "a page that cannot be written" "$work/said"
says "$work/said" "/nonexistent/x: No such file"
for same in "--html=$work/same --svg=$work/../${work##*/}/same" "--html=- --svg=-" "--json --html=-"; do
    "$stele" bench study national-id --simulate $same >"$work/printed" 2>"$work/said"
    [ $? -eq 2 ] && [ ! -s "$work/printed" ] && [ ! -e "$work/same" ] || fail "two outputs in one place: $same" "$work/said"
    says "$work/said" "^stele: bench study: --html and --[a-z]* go to the same place$"
done
mkfifo "$work/pipe"
cat "$work/pipe" >"$work/piped.svg" &
"$stele" bench study national-id --simulate --quiet --mappers=raw --svg="$work/pipe" >/dev/null 2>"$work/said" || fail "a pipe" "$work/said"
wait $!
[ -p "$work/pipe" ] && says "$work/piped.svg" "</svg>"

# ---- advice ----
"$stele" bench study --advise=/dev/null --html="$work/none.html" >"$work/said" 2>&1
[ $? -eq 2 ] || fail "--advise with a page" "$work/said"
says "$work/said" "no page and no picture"
for number in $(seq 400); do printf 'user%04d\t%d\n' "$number" $((number == 7 ? 900 : 1)); done >"$work/keys.tsv"
"$stele" bench study --advise "$work/keys.tsv" >"$work/advice.txt" || fail "advice failed" "$work/advice.txt"
says "$work/advice.txt" "^pattern  single row"
says "$work/advice.txt" "user0007"
printf 'b\na\n' | "$stele" bench study --advise=- >"$work/advice.txt" 2>"$work/said" || fail "advice failed" "$work/advice.txt"
says "$work/said" "^2 requests are too few to judge keys by"
seq -f 'log%08g' 1000 | "$stele" bench study --advise=- >"$work/advice.txt" 2>"$work/said" || fail "advice failed" "$work/advice.txt"
says "$work/advice.txt" "^pattern  append"
says "$work/said" "sorted by key"
awk 'BEGIN { srand(1); for (i = 0; i < 2000; i++) printf "k%06d\n", rand() < 0.8 ? 400000 + 100000 * rand() : 1000000 * rand() }' |
    "$stele" bench study --advise=- --json >"$work/advice.json" || fail "advice failed" "$work/advice.json"
says "$work/advice.json" '"pattern":"wide cohort"'

# ---- measured, one server ----
start_server --sim-capacity=400
# live: measures, and looks at all of it; 3: the server could not keep up, or not all was counted in time.
live() {
    "$stele" bench study national-id --connect="$address" --mappers=md5:4 --rate=400 --seconds=16 --rows=2000 --quiet \
        --html="$work/live.html" --json >"$work/live.json" 2>"$work/said" || fail "live failed" "$work/said"
    python3 - "$work/live.json" <<'PYTHON'
import json, sys
def weather(is_fine, what):
    if not is_fine:
        print("study: what was measured:", what)
        sys.exit(3)
study = json.load(open(sys.argv[1]))
assert study["mode"] == "live" and study["settings"]["servers"] == 1
for cell in study["cells"]:
    run = cell["measured"][0]
    weather(run["verdict"] == "even" and run["requests"] >= 400 * 15, (run["verdict"], run["requests"]))
    weather(run["answers"] > 0.9 * run["requests"], (run["answers"], run["requests"]))
    counted = run["counted"] + run["lost_by_counters"]
    weather(0.95 * run["answers"] < counted < 1.05 * run["answers"], (counted, run["answers"]))
    assert cell["seen"][0]["rows_wanted"] == study["cells"][0]["seen"][0]["rows_wanted"]
    assert run["asked"]["read"] == run["requests"] == sum(one["asked"]["read"] for one in run["by_tablet"])
    assert run["answered"] == run["answers"] == sum(one["answered"] for one in run["by_server"])
    latency = run["latency_ms"]
    weather(0 < latency["service"]["p50"] <= latency["intended"]["p50"] * 1.05 <= 1.1 * latency["intended"]["p99"], latency)
    assert run["by_tablet"][0]["latency_ms"]["intended"]["p99"] > 0 and len(run["timeline"]["p50_ms"]) == run["seconds"]
    assert cell["written"]["rows"] == 2000 and cell["written"]["bytes"] == 2000 * (16 + 12), cell["written"]
    assert cell["written"]["put_ms"]["p99"] >= cell["written"]["put_ms"]["p50"] > 0, cell["written"]
    assert cell["seen"][0]["bytes_read"] == cell["seen"][0]["rows_read"] * 28 and cell["seen"][0]["first_row_ms"] > 0
PYTHON
}
# The machine may do other things meanwhile: up to three times.
for try in 1 2 3; do
    live
    judged=$?
    [ $judged -eq 3 ] || break
    echo "study: that was try $try"
done
[ $judged -eq 0 ] || exit 1
pass
says "$work/live.html" "Predicted and measured"
says "$work/live.html" "Servers, tablets and latency"
says "$work/live.html" "a put: p50"
grep -q '"capacity_is_guessed":true' "$work/live.json" || fail "a capacity that nobody gave is not said to be a guess" "$work/live.json"
says "$work/live.html" "are for a guess, 40 % of the rate"
echo "list" | "$stele" shell -n >"$work/tables" 2>&1
says "$work/tables" "^0 row(s)"
echo "create 'stele_study_1', 'f'" | "$stele" shell -n >/dev/null
"$stele" bench study national-id --connect="$address" --mappers=raw --rate=400 --seconds=2 --rows=500 --quiet >"$work/said" 2>&1
[ $? -eq 1 ] || fail "a table that exists was taken" "$work/said"
says "$work/said" "exists; --overwrite"

# ---- advice on a table: from the heat that its server measured; without any, from its counters ----
echo "create 'quiet', 'f'" | "$stele" shell -n >/dev/null
"$stele" bench study --advise --table=quiet >"$work/quiet" 2>&1 &
quiet=$!
echo "create 'busy', 'f', SPLITS => ['h', 'q']; 300.times { |i| put 'busy', format('k%04d', i), 'f:q', i.to_s; get 'busy', 'k0123' }" |
    "$stele" shell -n >/dev/null || fail "no busy table"
for _ in $(seq 120); do # reports come each five seconds
    echo "hot_rows 'busy', LIMIT => 1" | "$stele" shell -n >"$work/rows" 2>&1
    grep -Eq '^k0123 +read +300 ' "$work/rows" && break
    sleep 0.5
done
"$stele" bench study --advise --table=busy --minutes=30 >"$work/advice.txt" 2>"$work/said" || fail "no advice on a table" "$work/said"
says "$work/advice.txt" "^pattern  single row"
says "$work/advice.txt" "row k0123 takes "
says "$work/advice.txt" "^seen     the server's measured heat: the last [0-9]* minute"
"$stele" bench study --advise --table=busy --json >"$work/advice.json" 2>/dev/null || fail "no advice on a table as JSON"
says "$work/advice.json" '"source":"history","pattern":"single row"'
wait "$quiet"
[ $? -eq 1 ] || fail "advice on a table that nobody uses" "$work/quiet"
says "$work/quiet" "^no measured heat of the last 60 minutes: "
says "$work/quiet" "was not used while it was watched"
"$stele" bench study --advise --table=nowhere >"$work/said" 2>&1
[ $? -eq 1 ] || fail "advice on a table that is not there" "$work/said"
says "$work/said" "there is no table nowhere"
echo "study: $passed checks passed"
