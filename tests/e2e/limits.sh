#!/usr/bin/env bash
# What one call may take of time and memory, asked by hand over the wire: a scan that finds nothing for long says that it
# lives (heartbeat, cursor), a call that waited past its timeout is dropped, a write is refused while memory is full and
# taken again when it is flushed. Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
. "$(dirname "$0")/ask.sh"

# ---- heartbeats: 300,000 rows, none of which passes the filter; each call has half of 20 ms ----
start_server
"$stele" shell -n -e "create 't', 'f'" >/dev/null
seq -f 'row%06.0f	f:q	v' 0 299999 >"$work/cells"
"$stele" import t --format=cells "$work/cells" >/dev/null 2>&1 || echo "failed: the rows could not be loaded" >>"$work/results"
ask t <<'PY'
FILTER = "org.apache.hadoop.hbase.filter."
value = field(1, FILTER + "BinaryComparator") + field(2, field(1, field(1, b"other")))
no_value = field(1, FILTER + "ValueFilter") + field(2, field(1, field(1, 2) + field(2, value)))
# any of so many: a fast machine does not come to the end of 300,000 rows in 10 ms, either
no_row = field(1, FILTER + "FilterList") + field(2, field(1, 2) + field(2, no_value) * 50)
PARTIALS, HEARTBEATS = field(7, 1), field(8, 1)

def scan(takes, wants_cursor=False, timeout_ms=20):
    """The answers of a whole scan, one a call."""
    takes += field(4, 2**31 - 1)
    scan = field(5, no_row) + (field(24, 1) if wants_cursor else b"")
    answers = [ask(field(1, specifier(region)) + field(2, scan) + takes, timeout_ms)]
    while answers[-1][8] == [1] and len(answers) < 10000:
        answers.append(ask(field(3, answers[0][2][0]) + takes, timeout_ms))
    return answers

def ask(param, timeout_ms):
    """On a machine that does other things a call may wait past its 20 ms, and is dropped unseen: it is sent again, as clients do."""
    for _ in range(1000):
        try:
            return client.call("Scan", param, timeout_ms)
        except Refused as refusal:
            if refusal.name != "CallDroppedException":
                raise
    raise TimeoutError("dropped a thousand times")

def is_heartbeat(answer):
    return answer.get(9) == [1]

answers = scan(PARTIALS + HEARTBEATS)
check("a scan that finds nothing lives by heartbeats", len(answers) > 1 and all(map(is_heartbeat, answers[:-1])), len(answers))
check("a heartbeat says that there is more", all(one[3] == [1] and one[8] == [1] and 5 not in one for one in answers[:-1]))
check("the end is no heartbeat", not is_heartbeat(answers[-1]) and answers[-1][8] == [0])
check("no cursor for who wants none", all(12 not in one for one in answers))
answers = scan(PARTIALS + HEARTBEATS, wants_cursor=True)
rows = [fields(one[12][0])[1][0] for one in answers if is_heartbeat(one)]
check("each heartbeat tells its row", len(rows) == len(answers) - 1 > 0 and rows == sorted(set(rows)), rows[:2])
answers = scan(PARTIALS)
check("who takes no heartbeats gets none", len(answers) == 1 and not is_heartbeat(answers[0]), len(answers))
answers = scan(PARTIALS + HEARTBEATS, timeout_ms=60000)
check("none is due while there is time", len(answers) == 1 and not is_heartbeat(answers[0]), len(answers))
PY
stop_server

# ---- a call that waited: it has 20 ms, of a server that answers two in a second ----
start_server --sim-capacity=2
ask t <<'PY'
client.call("Get", get(region, b"row000001"))
try:
    refusal = client.call("Get", get(region, b"row000001"), 20)
    check("a call that waited past its timeout is dropped", False, refusal)
except Refused as refusal:
    check("a call that waited past its timeout is dropped",
          refusal.name == "CallDroppedException" and "Call Get waited past its timeout" in refusal.text, refusal)
PY
stop_server

# ---- memory: sixteen families, each of which takes a megabyte for its first large cell ----
start_server --memory=32M
"$stele" shell -n -e "create 'wide', $(seq -s, -f "'f%.0f'" 16)" >/dev/null
ask wide <<'PY'
import time
cells = b"".join(field(3, field(1, "f%d" % i) + field(2, field(1, b"q") + field(2, bytes(135000)))) for i in range(1, 17))

def until_taken(param):
    """The refusals before it."""
    refusals, until = [], time.monotonic() + 120
    while True:
        try:
            client.call("Mutate", param)
            return refusals
        except Refused as refusal:
            refusals.append(refusal)
        if time.monotonic() > until:
            raise TimeoutError("refused for two minutes")
        time.sleep(0.001)

large = field(1, specifier(region)) + field(2, field(1, b"wide") + field(2, 2) + cells)
for _ in range(100):  # the flush may be over before the next put comes
    if refusals := until_taken(large) + until_taken(put(region, b"small", b"f1", b"q", b"v")):
        break
check("a write is refused while memory is full", refusals and refusals[0].name == "RegionTooBusyException" and
      "Over memstore limit=12582912, regionName=" + region in refusals[0].text, refusals[:1])
check("nothing else is said of it", all(one.name == "RegionTooBusyException" for one in refusals), refusals[-1:])
check("it is taken when memory is flushed", 1 in client.call("Get", get(region, b"small")))
PY
# many small rows: a batch of them may need more memory than all requests have
"$stele" shell -n -e "create 'many', 'f'" >/dev/null
head -n 20000 "$work/cells" | timeout 300 "$stele" import many --format=cells - 2>&1 | grep -q '^20000 rows, 0 bad lines' &&
    echo "passed an import with little memory" >>"$work/results" || echo "failed an import with little memory" >>"$work/results"
stop_server

tell 12
