#!/usr/bin/env bash
# Bad input at the command line and on the socket: each gets one clear answer, and the server goes on serving.
# STELE names the program (default build/release/stele). Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
passed=0 failed=0

# expect NAME CODE PATTERN COMMAND...: exit code, and a line of stderr (one line) that matches.
expect() {
    local name=$1 code=$2 pattern=$3 got
    shift 3
    timeout 120 "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got -eq "$code" ] && grep -qE "$pattern" "$work/err" && [ "$(wc -l <"$work/err")" -le 2 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name: exit $got, expected $code and /$pattern/:"
        head -3 "$work/err" | sed 's/^/    | /'
    fi
}

off="--zookeeper-port=off --bigtable-port=off --web-port=off"
start_server --zookeeper-port=0
"$stele" shell -n -e "create 't', 'f'; put 't', 'r', 'f:q', 'v'" >/dev/null

# ---- the command line ----
expect "empty command" 2 "no command ''" "$stele" ""
expect "unknown command" 2 "did you mean 'standalone'" "$stele" standalon x
expect "unknown option" 2 "did you mean '--memory'" "$stele" standalone "$work/x" --memroy=1G
expect "no directory" 2 "stele: " "$stele" standalone
expect "bad size" 2 "memory" "$stele" standalone "$work/x" --memory=lots
expect "bad address" 2 "listen" "$stele" standalone "$work/x" --listen=nowhere
expect "not loopback" 2 "insecure" "$stele" standalone "$work/x" --listen=0.0.0.0:0
expect "a role without its ZooKeeper" 2 "needs --zookeeper" "$stele" master "$work/x"
expect "a ZooKeeper that is none" 2 "HOST:PORT" "$stele" tabletserver "$work/x" --zookeeper=host:port
expect "a ZooKeeper of unknown hosts" 1 "no host of these names" "$stele" tabletserver "$work/x" --zookeeper=no-such-host.invalid --listen=127.0.0.1:0
expect "a standalone is no ZooKeeper" 1 "cannot be written" "$stele" tabletserver "$work/y" --zookeeper="$zookeeper" --listen=127.0.0.1:0
expect "bad time" 2 "6s" "$stele" tabletserver "$work/x" --zookeeper="$zookeeper" --session-timeout=soon
expect "directory in use" 1 "$server" "$stele" standalone "$work/data" --listen=127.0.0.1:0 $off
expect "port in use" 1 "in use|Address" "$stele" standalone "$work/x" --listen="$STELE_CONNECT" $off
mkdir "$work/foreign" && echo hello >"$work/foreign/file"
expect "foreign directory" 1 "foreign is not a Stele directory: it has no file \"cluster\"" "$stele" standalone "$work/foreign" --listen=127.0.0.1:0 $off
expect "config is missing" 2 "nothing.conf" "$stele" standalone "$work/x" --config="$work/nothing.conf"
config="printf 'memory = 64M\\nlisten = nowhere\\n'"
expect "config from standard input" 2 "listen takes HOST:PORT, not 'nowhere'" bash -c "$config | '$stele' standalone '$work/x' --config=-"
expect "config from a pipe" 2 "listen takes HOST:PORT, not 'nowhere'" bash -c "'$stele' standalone '$work/x' --config=<($config)"
expect "fsck of a directory in use" 1 "use" "$stele" fsck "$work/data"
expect "an accepted loss beside a repair" 2 "stands alone" "$stele" fsck "$work/data" --repair --accept-loss=x
expect "a loss of nobody" 1 "servers/nobody is not there" "$stele" fsck "$work/data" --accept-loss=nobody
expect "a loss outside" 1 "is no incarnation" "$stele" fsck "$work/data" --accept-loss=../data
expect "a loss of one who lives" 1 "is not recovered yet" "$stele" fsck "$work/data" --accept-loss="$(ls "$work/data/servers" | tail -1)"
expect "fsck of nothing" 1 "nothing" "$stele" fsck "$work/nothing"
expect "dump of nothing" 1 "nothing" "$stele" dump "$work/nothing"
expect "dump of a foreign file" 1 "file" "$stele" dump "$work/foreign/file"
expect "shell without a server" 1 "stele: " "$stele" shell -n --connect=127.0.0.1:1 -e "list"
expect "shell script missing" 1 "nothing.rb" "$stele" shell "$work/nothing.rb"
expect "import into no table" 1 "nope" "$stele" import nope --format=cells /dev/null
printf 'r\tf:q\tv\nonly one field\n' >"$work/bad.cells"
expect "export of no table" 1 "Unknown table nope!" "$stele" export nope
expect "import of a bad line" 1 "2" "$stele" import t --format=cells "$work/bad.cells"
expect "bench without a table" 1 "nope" "$stele" bench load --table=nope --reuse --duration=1
expect "study without a scenario" 2 "name a scenario" "$stele" bench study --simulate
expect "study of an unknown scenario" 2 "did you mean 'national-id'" "$stele" bench study nationalid --simulate
expect "study with an unknown mapper" 2 "did you mean 'salt'" "$stele" bench study national-id --simulate --mappers=salts:4
expect "study with an unknown field" 2 "did you mean 'birth'" "$stele" bench study national-id --simulate --mappers=salt:4:brith
expect "study with an unknown option" 2 "did you mean '--simulate'" "$stele" bench study national-id --simulat
expect "study with an unknown model" 2 "did you mean 'stele'" "$stele" bench study national-id --simulate --model=stela
expect "study with a model, measured" 2 "model goes with --simulate" "$stele" bench study national-id --model=stele
expect "study with an unknown presplit" 2 "rows, none or bytes" "$stele" bench study national-id --simulate --presplit=row
expect "study of no cluster" 3 "cannot reach" "$stele" bench study national-id --connect=127.0.0.1:1 --quiet
expect "study of two places" 2 "both" "$stele" bench study national-id --connect=127.0.0.1:1 --zookeeper=127.0.0.1:1
expect "advice on a missing file" 1 "nothing.tsv" "$stele" bench study --advise="$work/nothing.tsv"
expect "advice on no keys" 1 "holds no keys" "$stele" bench study --advise=/dev/null
printf 'a\t1\nb\tmany\n' >"$work/bad.tsv"
expect "advice on a bad weight" 1 "line 2: 'many'" "$stele" bench study --advise="$work/bad.tsv"
expect "advice on a missing table" 1 "nope" "$stele" bench study --table=nope
expect "server with a bad capacity" 2 "sim-capacity" "$stele" standalone "$work/x" --sim-capacity=none
expect "bench with a bad mix" 2 "mix" "$stele" bench load --mix=get:50

# ---- the socket ----
"$stele" shell -n -e "create 'halves', 'f', SPLITS => ['m']" >/dev/null
PYTHONPATH=$top/tests/cluster python3 - "$STELE_CONNECT" "$zookeeper" >"$work/socket" <<'PY'
import re, socket, struct, sys
from wire import Connection, Region, field, specifier, varint

def place(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)

main, zookeeper = place(sys.argv[1]), place(sys.argv[2])

def sized(message):
    return varint(len(message)) + message

HELLO = b"HBas\0\x50"
def header(service=b"ClientService"):
    message = field(2, service)
    return struct.pack(">I", len(message)) + message

def request(call_id, method, param, extra=b""):
    head = varint(1 << 3) + varint(call_id) + field(3, method) + varint(4 << 3) + b"\1"
    body = sized(head) + sized(param) + extra
    return struct.pack(">I", len(body)) + body

def talk(address, data, seconds=60, says_end=True):
    """What comes back until the peer closes; with a mark in front when it does not close in time. says_end: it may
    close because no more will come; else it has to want to."""
    with socket.create_connection(address, timeout=seconds) as s:
        try:
            s.sendall(data)
            if says_end:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        got = b""
        try:
            while True:
                more = s.recv(65536)
                if not more:
                    return got
                got += more
        except TimeoutError:
            return b"(not closed) " + got
        except OSError:
            return got

def ask(method, param):
    return talk(main, HELLO + header() + request(1, method, param))

def check(name, ok):
    print(("passed" if ok else "failed"), name)

check("wrong preamble names what was expected", b"Expected HEADER=HBas but received HEADER=" in talk(main, b"GET / HTTP/1.1\r\n\r\n"))
check("unknown version", b"Exception" in talk(main, b"HBas\x09\x50" + header()))
check("unknown auth", b"Exception" in talk(main, b"HBas\0\x09" + header()))
check("unknown service", b"Exception" in talk(main, HELLO + header(b"NoSuchService")))
codec = field(2, b"ClientService") + field(3, b"a.b.NoSuchCodec")
check("unknown codec", b"UnsupportedCellCodecException" in talk(main, HELLO + struct.pack(">I", len(codec)) + codec))
compressor = field(2, b"ClientService") + field(4, b"org.apache.hadoop.io.compress.GzipCodec")
refused = talk(main, HELLO + struct.pack(">I", len(compressor)) + compressor)
check("unsupported compressor", b"UnsupportedCompressionCodecException" in refused and b"compress.GzipCodec" in refused)
refused = talk(main, HELLO + b"\xff\xff\xff\xff" + b"x" * 100, says_end=False)
check("oversized header frame", b"FatalConnectionException" in refused and b"a connection header of 4294967295 bytes" in refused)
check("oversized frame", b"RequestTooBigException" in talk(main, HELLO + header() + b"\x7f\xff\xff\xff" + b"x" * 1000))
check("truncated frame is closed without an answer", talk(main, HELLO + header() + request(1, b"Get", b"")[:9]) == b"")
check("unknown method names itself", b"NoSuchMethod" in talk(main, HELLO + header() + request(1, b"NoSuchMethod", b"")))
check("garbage parameter", b"DoNotRetryIOException" in talk(main, HELLO + header() + request(2, b"Get", b"\xff\xff\xff\xff")))
region = varint(1 << 3) + b"\1" + field(2, b"nope,,1.0123456789abcdef0123456789abcdef.")
get = field(1, b"row")
check("unknown region", b"NotServingRegionException" in talk(main, HELLO + header() + request(3, b"Get", field(1, region) + field(2, get))))
check("unknown scanner", b"UnknownScannerException" in talk(main, HELLO + header() + request(4, b"Scan", varint(3 << 3) + varint(12345) + varint(4 << 3) + b"\1")))
check("cell block of nonsense", b"Exception" in talk(main, HELLO + header() + request(5, b"Multi", b"\x0a\x04\x0a\x02\x08\x01", b"\xff" * 40)))
check("ZooKeeper: oversized request is closed without an answer", talk(zookeeper, b"\x7f\xff\xff\xff" + b"x" * 100, says_end=False) == b"")
check("ZooKeeper: garbage is closed without an answer", talk(zookeeper, b"\0\0\0\x10" + b"\xff" * 16, says_end=False) == b"")

# what the table's own region is asked
[t] = [one for one in map(Region, Connection(sys.argv[1], "AdminService").call("GetOnlineRegion")[1]) if one.table == "t"]
region = field(1, specifier(t.encoded))

def get(row, more=b""):
    return region + field(2, field(1, row) + more)

def put(row, kind=2, more=b""):
    """Of f:q; `more` of its qualifier value: a time, a kind of delete."""
    cell = field(1, b"f") + field(2, field(1, b"q") + field(2, b"v") + more)
    return region + field(2, field(1, row) + field(2, kind) + field(3, cell))

[lower] = [one for one in map(Region, Connection(sys.argv[1], "AdminService").call("GetOnlineRegion")[1]) if one.table == "halves" and not one.start]
half = field(1, specifier(lower.encoded))
cell = field(3, field(1, b"f") + field(2, field(1, b"q") + field(2, b"v")))
condition = field(3, field(1, b"z") + field(2, b"f") + field(3, b"q") + field(4, 2) +
                  field(5, field(1, b"org.apache.hadoop.hbase.filter.NullComparator") + field(2, b"")))
for method, param, words in ((b"Get", field(1, b"z"), "Get"), (b"Mutate", field(1, b"z") + field(2, 2) + cell, "batchMutate"),
                             (b"Mutate", field(1, b"z") + field(2, 1) + cell, "batchMutate")):
    text = "WrongRegionException: Requested row out of range for %s on HRegion halves,,%d.%s., startKey='', getEndKey()='m', row='z'" % (
        words, lower.id, lower.encoded)
    check("a row of another region: " + words, text.encode() in ask(method, half + field(2, param)))
refused = ask(b"Mutate", half + field(2, field(1, b"z") + field(2, 2) + cell) + condition)
check("a row of another region, on condition", b"WrongRegionException: Requested row out of range for doCheckAndRowMutate on HRegion halves," in refused)

def filters(depth):
    inner = field(2, filters(depth - 1)) if depth > 1 else b""
    return field(1, b"org.apache.hadoop.hbase.filter.FilterList") + field(2, field(1, 1) + inner)

check("nesting within the limit", b"Exception" not in ask(b"Get", get(b"r", field(4, filters(10)))))
check("deep nesting", b"DoNotRetryIOException: filter exceeds the limit of 16 levels" in ask(b"Get", get(b"r", field(4, filters(40)))))
PROBE = field(11, 1)  # closest_row_before: how asynchbase finds out what it talks to
check("closest_row_before", b"exceptions.UnknownProtocolException" in ask(b"Get", get(b"r", PROBE)))
batch = field(1, region + field(3, field(1, 7) + field(3, field(1, b"r") + PROBE)))
check("closest_row_before in a batch", b"exceptions.UnknownProtocolException" in ask(b"Multi", batch))
check("a row of 32,768 bytes", b"DoNotRetryIOException: row has 32768 bytes, but must have 1 to 32767" in ask(b"Mutate", put(b"r" * 32768)))
check("a row of 32,767 bytes", b"Exception" not in ask(b"Mutate", put(b"r" * 32767)))
PAST = field(3, 2**64 - 5)
check("a put before all time", b"DoNotRetryIOException: Timestamp cannot be negative. ts=-5" in ask(b"Mutate", put(b"r", 2, PAST)))
check("a delete before all time", b"DoNotRetryIOException: Timestamp cannot be negative. ts=-5" in ask(b"Mutate", put(b"r", 3, PAST + field(4, 1))))

# other preambles: who asks for security is told that there is none, and goes on without
value = b"\x01r\x12\x01f\x1a\x01q"
rest = header() + request(1, b"Get", get(b"r"))
answered = talk(main, b"Securi" + HELLO + rest)
check("Securi", b"SecurityNotEnabledException" in answered and answered.find(value) > answered.find(b"Security"))
for method in b"\x51\x52":
    answered = talk(main, b"HBas\0" + bytes([method]) + struct.pack(">I", 5) + b"token" + rest)
    check("SASL %x is told to go on without" % method, answered[:8] == b"\0\0\0\0\xff\xff\xff\xa8" and value in answered)
answered = talk(main, b"Regist")
check("Regist gives the cluster's id", re.search(rb"\x0a\x24[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", answered) is not None)

# a client that asks for much and reads nothing must not hold the server up
slow = socket.create_connection(main)
slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
slow.setblocking(False)
sent = 0
ask = HELLO + header() + request(7, b"NoSuchMethod" + b"x" * 900, b"") * 2000
try:
    while sent < len(ask):
        sent += slow.send(ask[sent:])
except OSError:
    pass
answer = talk(main, HELLO + header() + request(1, b"NoSuchMethod", b""))
check("another client while one reads nothing", b"NoSuchMethod" in answer and b"(not closed)" not in answer)
slow.close()
check("every question was asked", True)
PY
while read -r result name; do
    case $result in
        passed) passed=$((passed + 1)) ;;
        *) failed=$((failed + 1)); echo "FAILED socket: $name" ;;
    esac
done <"$work/socket"
tail -1 "$work/socket" | grep -q "every question was asked" || { failed=$((failed + 1)); echo "FAILED the socket tests ended early"; }

# ---- it still serves ----
if kill -0 "$server" 2>/dev/null && timeout 120 "$stele" shell -n -e "get 't', 'r'" | grep -q "value=v"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED the server does not serve any more"
    tail -5 "$work/server.log"
fi
# ---- a damaged block: the client and the log hear which file, and where; all else is served ----
"$stele" shell -n -e "create 'harmed', 'f'; put 'harmed', 'r', 'f:q', 'v' * 100; flush 'harmed'" >/dev/null
stop_server
for file in "$work"/data/tables/*/sst/*; do case $file in */meta/*) ;; *) printf x | dd of="$file" bs=1 seek=20 conv=notrunc 2>/dev/null ;; esac; done
start_server
for _ in 1 2 3; do expect "a damaged block" 1 "\.sst.*data block at offset 0: checksum" "$stele" shell -n -e "get 'harmed', 'r'"; done
if [ "$(grep -c ' call.damaged error=".*\.sst.*data block at offset 0: checksum' "$work/server.log")" -eq 1 ]; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED the log tells of the damage, once"
    tail -5 "$work/server.log"
fi
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
