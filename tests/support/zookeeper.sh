#!/bin/sh
# A real ZooKeeper of one server on a free port, for tests and ./quickstart cluster; Debian's jars, no service.
#
#   zookeeper.sh start DIR [TICK_MS]   its data and log in DIR; prints "port=N pid=N" once it answers. Started again in the
#                                      same DIR it has the same port and data
#   zookeeper.sh kill DIR              with -9
#   zookeeper.sh stop DIR
#
# ADDRESS is where it listens (127.0.0.1), COMMAND what starts it (a network namespace).
#
# A tick (500 ms unless said) decides which session times it grants: 2 to 20 ticks. Exit 77: no jars or no Java here.
set -eu

verb=${1:?"usage: zookeeper.sh start|stop|kill DIR [TICK_MS]"}
directory=${2:?"usage: zookeeper.sh start|stop|kill DIR [TICK_MS]"}
jars=/usr/share/java
address=${ADDRESS:-127.0.0.1}

. "$(dirname "$0")/free_ports.sh"

# Is it our ZooKeeper that listens there?
answers() {
    python3 - "$address" "$1" <<'PYTHON'
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 1) as s:
        s.settimeout(2)
        s.sendall(b"ruok")
        sys.exit(0 if s.recv(4) == b"imok" else 1)
except OSError:
    sys.exit(1)
PYTHON
}

is_running() { [ -f "$directory/pid" ] && kill -0 "$(cat "$directory/pid")" 2>/dev/null; }

launch() {
    cat >"$directory/zoo.cfg" <<CONFIG
tickTime=$tick
dataDir=$directory/data
clientPort=$port
clientPortAddress=$address
admin.enableServer=false
maxClientCnxns=0
4lw.commands.whitelist=*
CONFIG
    # fsync is off: what these runs test is not ZooKeeper's disk.
    # shellcheck disable=SC2086 # a list of words
    ${COMMAND:-} java -Xmx96m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Dzookeeper.forceSync=no \
        -Djava.net.preferIPv4Stack=true -cp "$jars/zookeeper.jar:$jars/slf4j-simple.jar" \
        org.apache.zookeeper.server.ZooKeeperServerMain "$directory/zoo.cfg" >"$directory/log" 2>&1 </dev/null &
    echo $! >"$directory/pid"
    tries=0
    while [ $tries -lt 1200 ]; do
        ! answers "$port" || return 0
        is_running || return 1
        tries=$((tries + 1))
        sleep 0.05
    done
    return 1
}

start() {
    tick=${1:-500}
    command -v java >/dev/null || { echo "zookeeper.sh: SKIP: no java here" >&2; exit 77; }
    [ -f $jars/zookeeper.jar ] && [ -f $jars/slf4j-simple.jar ] ||
        { echo "zookeeper.sh: SKIP: no ZooKeeper here (Debian: libzookeeper-java libslf4j-java)" >&2; exit 77; }
    mkdir -p "$directory/data"
    if [ -f "$directory/port" ]; then
        port=$(cat "$directory/port")
        if launch; then
            echo "port=$port pid=$(cat "$directory/pid")"
            return
        fi
    else
        for _ in 1 2 3; do # somebody else may take the port between the two
            port=$(free_ports 1)
            if launch; then
                echo "$port" >"$directory/port"
                echo "port=$port pid=$(cat "$directory/pid")"
                return
            fi
            stop KILL
        done
    fi
    echo "zookeeper.sh: it did not start:" >&2
    tail -n 20 "$directory/log" >&2
    exit 1
}

stop() {
    is_running || return 0
    pid=$(cat "$directory/pid")
    kill "-$1" "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    rm -f "$directory/pid"
}

case $verb in
    start) start "${3:-}" ;;
    stop) stop TERM ;;
    kill) stop KILL ;;
    *) echo "zookeeper.sh: no verb is named '$verb'" >&2; exit 2 ;;
esac
