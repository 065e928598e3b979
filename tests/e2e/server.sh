# Sourced: a standalone server for a script of tests/, in a directory that goes when the script ends.
#
#   top, stele, work         the tree; the program (STELE, default build/release/stele); a directory of the script's own
#   start_server [OPTION...] serves $work/data on a free port; sets server (pid), address, zookeeper, and exports
#                            STELE_CONNECT. No other port is opened but for the options given. Exits 1 with the log
#                            when it does not start.
#   stop_server              SIGTERM and wait; at the script's end it happens by itself
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
stele=${STELE:-$top/build/release/stele}
work=$(mktemp -d)
server=

stop_server() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    server=
}
trap 'stop_server; rm -rf "$work"' EXIT

start_server() {
    : >"$work/ready"
    "$stele" standalone "$work/data" --listen=127.0.0.1:0 --zookeeper-port=off --bigtable-port=off --web-port=off "$@" \
        >"$work/ready" 2>"$work/server.log" &
    server=$!
    for _ in $(seq 1200); do
        grep -q '^ready ' "$work/ready" && break
        kill -0 "$server" 2>/dev/null || break
        sleep 0.05
    done
    grep -q '^ready ' "$work/ready" || { echo "the server did not start:"; cat "$work/server.log"; exit 1; }
    address=$(sed -n 's/^ready .*hbase=\([^ ]*\).*/\1/p' "$work/ready")
    zookeeper=$(sed -n 's/^ready .*zookeeper=\([^ ]*\).*/\1/p' "$work/ready")
    export STELE_CONNECT=$address
}
