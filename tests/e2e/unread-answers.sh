#!/usr/bin/env bash
# Clients that ask for much and read nothing cost the server a bounded amount of memory and are shown out; a client
# that has sent its last byte still gets every answer. Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
start_server --memory=128M
head -c 750000 /dev/urandom | base64 -w 0 >"$work/value"
for i in $(seq 0 9); do printf 'row%s\tf:q\t' "$i"; cat "$work/value"; echo; done >"$work/cells"
"$stele" shell -n -e "create 't', 'f'; create 'small', 'f'" >/dev/null
"$stele" import t --format=cells "$work/cells" >/dev/null 2>&1 || { echo "the rows could not be loaded"; exit 1; }
"$stele" shell -n -e "scan 'hbase:meta', {COLUMNS => 'info:regioninfo'}" | sed -n 's/^ \(\(t\|small\),[^ ]*\) .*/\1/p' >"$work/regions"

PYTHONPATH=$top/tests/cluster python3 - "$address" "$work/regions" "$server" "$work/server.log" >"$work/results" <<'PY'
import socket, struct, sys, time
from wire import field, varint
place = (sys.argv[1].rsplit(":", 1)[0], int(sys.argv[1].rsplit(":", 1)[1]))
regions = {line.split(b",")[0]: line.strip() for line in open(sys.argv[2], "rb")}
server = int(sys.argv[3])

def sized(message):
    return varint(len(message)) + message

service = field(2, b"ClientService")
HELLO = b"HBas\0\x50" + struct.pack(">I", len(service)) + service

def request(call_id, method, param):
    body = sized(field(1, call_id) + field(3, method) + field(4, 1)) + sized(param)
    return struct.pack(">I", len(body)) + body

def region(table):
    return field(1, field(1, 1) + field(2, regions[table]))

def get(call_id, table, row):
    return request(call_id, b"Get", region(table) + field(2, field(1, row)))

def put(call_id, table, row):
    value = field(1, b"q") + field(2, b"v")
    mutation = field(1, row) + field(2, 2) + field(3, field(1, b"f") + field(2, value))
    return request(call_id, b"Mutate", region(table) + field(2, mutation))

def answers(got):
    """The frames in what came."""
    count = 0
    while len(got) >= 4:
        size = struct.unpack(">I", got[:4])[0]
        if len(got) < 4 + size:
            break
        got, count = got[4 + size:], count + 1
    return count

def read_all(s):
    got = b""
    while True:
        more = s.recv(1 << 20)
        if not more:
            return got
        got += more

def resident_mib():
    for line in open("/proc/%d/status" % server):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024

def check(name, ok, detail=""):
    print("passed" if ok else "failed", name, detail, flush=True)

# A client that has sent its last byte: 500 puts, then the end of what it sends.
with socket.create_connection(place, timeout=120) as s:
    s.sendall(HELLO + b"".join(put(i, b"small", b"r%d" % i) for i in range(500)))
    s.shutdown(socket.SHUT_WR)
    got = read_all(s)
check("500 puts before a half-close: 500 answers", answers(got) == 500, answers(got))
check("none is an exception", b"Exception" not in got)

# The same with answers that take long to send.
with socket.create_connection(place, timeout=120) as s:
    s.sendall(HELLO + b"".join(get(i, b"t", b"row%d" % (i % 10)) for i in range(40)))
    s.shutdown(socket.SHUT_WR)
    time.sleep(0.3)
    got = read_all(s)
check("40 MB of answers after a half-close", answers(got) == 40 and len(got) > 40 * 1000000, len(got))

# Forty that read nothing: each would have 100 MB sent to it.
idle = resident_mib()
unread = []
for i in range(40):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(place)
    s.sendall(HELLO + b"".join(get(j, b"t", b"row%d" % (j % 10)) for j in range(100)))
    unread.append(s)
peak = 0
until = time.time() + 180
served = None
told = False
while time.time() < until and not (served and told):
    peak = max(peak, resident_mib())
    try:
        with socket.create_connection(place, timeout=20) as s:
            s.sendall(HELLO + get(1, b"t", b"row1"))
            s.shutdown(socket.SHUT_WR)
            got = read_all(s)
        if len(got) > 1000000:
            served = time.time()
    except OSError:
        pass
    told = " warn connection.unread " in open(sys.argv[4]).read()
    time.sleep(0.05)
check("another client is served again", served is not None)
check("memory stays bounded", peak < 128 + 16, "%d MiB before, %d MiB at most" % (idle, peak))
for s in unread:
    s.close()
PY
[ -s "$work/results" ] || echo "failed no results" >>"$work/results"
if grep -q ' warn connection.unread ' "$work/server.log"; then
    echo "passed the log names who read nothing" >>"$work/results"
else
    echo "failed no line in the log" >>"$work/results"
fi
"$stele" shell -n -e "put 'small', 'after', 'f:q', 'v'" >/dev/null && echo "passed a put afterwards" >>"$work/results" ||
    echo "failed a put afterwards" >>"$work/results"
passed=$(grep -c '^passed' "$work/results") failed=$(grep -vc '^passed' "$work/results")
cat "$work/results"
[ "$failed" = 0 ] || cat "$work/server.log"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
