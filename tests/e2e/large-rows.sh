#!/usr/bin/env bash
# A row of 40 MB in cells of 800 KB, asked for by fifty clients at once: the server's memory stays in its bounds, each is
# answered with the row or with the exception that says why not, others are served meanwhile, and a scan reads the
# row in parts. Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"

load() {
    "$stele" shell -n -e "create 't', 'f'; create 'small', 'f'; put 'small', 'r', 'f:q', 'v'" >/dev/null
    head -c 600000 /dev/urandom | base64 -w 0 >"$work/value"
    for i in $(seq 10 59); do printf 'wide\tf:q%s\t' "$i"; cat "$work/value"; echo; done >"$work/cells"
    "$stele" import t --format=cells "$work/cells" >/dev/null 2>&1 || { echo "the row could not be loaded"; exit 1; }
    "$stele" shell -n -e "scan 'hbase:meta', {COLUMNS => 'info:regioninfo'}" |
        sed -n 's/^ \(\(t\|small\),[^ ]*\) .*/\1/p' >"$work/regions"
}

# gets MEMORY_MIB NAME CLIENTS: so many at once, beside one that asks for small things.
gets() {
    PYTHONPATH=$top/tests/cluster python3 - "$address" "$work/regions" "$server" "$1" "$2" "$3" >>"$work/results" <<'PY'
import socket, struct, sys, threading, time
from wire import field, varint
place = (sys.argv[1].rsplit(":", 1)[0], int(sys.argv[1].rsplit(":", 1)[1]))
regions = {line.split(b",")[0]: line.strip() for line in open(sys.argv[2], "rb")}
server, memory_mib, name, clients = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], int(sys.argv[6])
ROW = 50 * 800000

def sized(message):
    return varint(len(message)) + message

# ClientService, with a codec: cells come behind the message, as for every real client.
HELLO_BODY = field(2, b"ClientService") + field(3, b"org.apache.hadoop.hbase.codec.KeyValueCodec") + \
    field(5, field(1, b"2.6.4") + field(2, b"") + field(3, b"") + field(4, b"") + field(5, b"") + field(6, b"") +
          field(7, 2) + field(8, 6))
HELLO = b"HBas\0\x50" + struct.pack(">I", len(HELLO_BODY)) + HELLO_BODY

def request(method, param):
    body = sized(field(1, 1) + field(3, method) + field(4, 1)) + sized(param)
    return struct.pack(">I", len(body)) + body

def region(table):
    return field(1, field(1, 1) + field(2, regions[table]))

def get(table, row):
    return request(b"Get", region(table) + field(2, field(1, row)))

def put(table, row):
    value = field(1, b"q") + field(2, b"v")
    mutation = field(1, row) + field(2, 2) + field(3, field(1, b"f") + field(2, value))
    return request(b"Mutate", region(table) + field(2, mutation))

def read_answer(s):
    need, got = 4, []
    size = 0
    while size < need:
        more = s.recv(1 << 20)
        if not more:
            return None
        got.append(more)
        size += len(more)
        if need == 4 and size >= 4:
            need = 4 + struct.unpack(">I", b"".join(got)[:4])[0]
    return b"".join(got)

def resident_mib():
    for line in open("/proc/%d/status" % server):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024

def check(what, ok, detail=""):
    print("passed" if ok else "failed", name + ":", what, detail, flush=True)

rows = too_big = busy = odd = closed = 0
lock = threading.Lock()
together = threading.Barrier(clients)

def read_row(s):
    """Until there is an answer for good: True. False: the server closed the connection, as it does when answers wait for others
    who read too slowly; it is to be asked again."""
    global rows, too_big, busy, odd
    pause = 0.05
    while True:
        s.sendall(get(b"t", b"wide"))
        got = read_answer(s)
        if got is None:
            return False
        with lock:
            if len(got) > ROW:
                rows += 1
                return True
            if b"RowTooBigException" in got:
                too_big += 1
                return True
            if b"CallQueueTooBigException" not in got:
                odd += 1
                return True
            busy += 1
        time.sleep(pause)
        pause = min(pause * 2, 1)

def reader():
    global closed
    together.wait()
    is_over = False
    while not is_over and closed <= clients:
        try:
            with socket.create_connection(place, timeout=180) as s:
                s.sendall(HELLO)
                is_over = read_row(s)
        except ConnectionError:
            pass
        if not is_over:
            with lock:
                closed += 1
            time.sleep(0.5)

readers = [threading.Thread(target=reader) for _ in range(clients)]
before = peak = resident_mib()
for one in readers:
    one.start()
served = refused = 0
longest = 0
with socket.create_connection(place, timeout=180) as s:
    s.sendall(HELLO)
    while any(one.is_alive() for one in readers) or served < 20:
        peak = max(peak, resident_mib())
        began = time.time()
        s.sendall(put(b"small", b"r") if served % 2 else get(b"small", b"r"))
        got = read_answer(s)
        longest = max(longest, time.time() - began)
        if not got or b"Exception" in got:
            refused += 1
        served += 1
        time.sleep(0.005)
print("%s: %d rows, %d too big, %d to come again; %d MiB before, %d at most; %d others served, longest %d ms" %
      (name, rows, too_big, busy, before, peak, served, longest * 1000), file=sys.stderr)
if closed:
    print(name + ":", closed, "connections were closed because of who reads too slowly", file=sys.stderr)
check("all have an answer", odd == 0 and rows + too_big == clients, odd)
fits = memory_mib * 3 / 32 * 1.048 > 40
check("it is the row" if fits else "it is RowTooBigException", rows == clients if fits else too_big == clients, rows)
check("others are served", refused == 0, "%d of %d not" % (refused, served))
check("memory stays bounded", peak < memory_mib + 16, "%d MiB" % peak)
PY
}

start_server --memory=256M
load
gets 256 "256 MiB, in memory" 50
"$stele" shell -n -e "flush 't'" >/dev/null
gets 256 "256 MiB, in files" 20
"$stele" export t >"$work/exported" 2>/dev/null
cmp -s <(cut -f 1-2 "$work/cells") <(cut -f 1-2 "$work/exported") && [ "$(wc -c <"$work/exported")" -gt 40000000 ] &&
    echo "passed a scan reads the row in parts" >>"$work/results" || echo "failed the scan of the row" >>"$work/results"
"$stele" shell -n -e "get 't', 'wide'" 2>&1 | grep -q 'Max row size allowed' &&
    echo "passed the shell says why not" >>"$work/results" || echo "failed the shell does not say why not" >>"$work/results"
stop_server
start_server --memory=1G
gets 1024 "1 GiB" 8
stop_server
passed=$(grep -c '^passed' "$work/results") failed=$(grep -vc '^passed' "$work/results")
cat "$work/results"
[ "$failed" = 0 ] || tail -20 "$work/server.log"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
