#!/usr/bin/env bash
# How many calls wait at once: of one connection 1,024, and then it is not read on; of a server 20,000, and what is over is
# refused (CallQueueTooBigException). Clients pipeline more while the disk hangs; what need not wait is answered, and all
# that was taken is done when the disk comes back. Ends with "N passed, N failed, N skipped"; needs the build's
# tests/cluster/bad_host.so.
set -u
. "$(dirname "$0")/server.sh"
. "$(dirname "$0")/ask.sh"
shim=$(dirname "$(dirname "$(realpath "$stele")")")/tests/cluster/bad_host.so
[ -f "$shim" ] || { echo "no $shim here: meson setup -Dtests=enabled"; exit 77; }
export BAD_HOST_ROOT=$work/data BAD_HOST_STATE=$work/state
LD_PRELOAD=$shim start_server --memory=2G
"$stele" shell -n -e "create 't', 'f'" >/dev/null
ask t <<'PY'
import os, select
ONE, ALL, MORE = 1024, 20000, 300  # calls of one connection, of the server; and more

def disk_is(state):
    with open(os.environ["BAD_HOST_STATE"], "w") as file:
        file.write(state)

def row(connection, i):
    return b"row%02d-%04d" % (connection, i)

def put_of(name):
    return put(region, name, b"f", b"q", b"v")

def answers(connections, count):
    """The next so many, of any connection: those that are refusals."""
    refusals = []
    while count:
        ready = [one for one in connections if one.input] or select.select(connections, [], [], 60)[0]
        if not ready:
            raise TimeoutError(f"{count} answers are missing")
        count -= 1
        try:
            ready[0].answer()
        except Refused as refusal:
            refusals.append((connections.index(ready[0]), refusal))
    return refusals

def is_full(refusal):
    return refusal.name == "CallQueueTooBigException" and refusal.text.split(": ", 1)[1].startswith("Call queue is full on 127.0.0.1,") and \
        refusal.text.endswith(", too many items queued ?\n")

def has(name):
    return 1 in fields(client.call("Get", get(region, name))[1][0])

client.call("Mutate", put_of(b"before"))
connections = [Connection(sys.argv[1], "ClientService") for _ in range(ALL // ONE + 1)]
over = len(connections) * ONE - ALL
disk_is("hang")
for at, one in enumerate(connections):
    count = ONE + (MORE if at == 0 else 0)
    one.socket.sendall(b"".join(one.request("Mutate", put_of(row(at, i))) for i in range(count)))
refused = answers(connections, over)
check("what is over the server's limit is refused", len(refused) == over and all(is_full(one) for _, one in refused), refused[:2])
client.send("Mutate", put_of(b"late"))
late = answers([client], 1)
check("and so is one of another connection", len(late) == 1 and is_full(late[0][1]), late)
check("what need not wait is answered", has(b"before") and not has(b"late"))
disk_is("well")
later = answers(connections, ALL + MORE)
check("what was taken is done; what one connection sent over its limit was not read before", later == [], later[:2])
lost = {(at, one.call_id) for at, one in refused}
wrong = [row(at, i) for at in range(len(connections)) for i in (0, 1, ONE // 2, ONE - 2, ONE - 1) if has(row(at, i)) == ((at, i + 1) in lost)]
check("what was taken is there, what was refused is not", wrong == [] and has(row(0, ONE + MORE - 1)), wrong[:2])
client.call("Mutate", put_of(b"late"))
check("there is room again", has(b"late"))
PY
echo well >"$work/state"
tell 6
