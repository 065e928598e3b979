#!/usr/bin/env bash
# A disk that fills up and gets space again, under the real server: writes are refused by name, reads go on, it
# recovers by itself, nothing counted before is missing after a SIGKILL, and fsck finds nothing.
#
#   disk_full.sh            STELE names the program; needs root (a tmpfs of its own), else it is left out (77)
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
stele=${STELE:-$top/build/release/stele}
[ -x "$stele" ] || { echo "no $stele: build first"; exit 77; }
work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null
    sleep 0.2
    umount "$work/disk" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
mkdir "$work/disk"
mount -t tmpfs -o size=260m tmpfs "$work/disk" 2>/dev/null || { echo "cannot mount a tmpfs: left out"; exit 77; }

fail() {
    echo "FAILED: $1"
    tail -n 5 "$work/server.log" 2>/dev/null
    exit 1
}

# Listens on $1: the second time where it did before, for that is where clients look.
start() {
    : >"$work/ready"
    "$stele" standalone "$work/disk/data" --listen="$1" --zookeeper-port=off >"$work/ready" 2>>"$work/server.log" &
    server=$!
    disown "$server" # or bash tells of its death
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        STELE_CONNECT=$(sed -n 's/^ready.* hbase=\([^ ]*\).*/\1/p' "$work/ready")
        export STELE_CONNECT
        [ -z "$STELE_CONNECT" ] || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    fail "the server does not start"
}

shell() { timeout "$1" "$stele" shell -n -e "$2" 2>&1; }
rows() { shell 60 "count 't', INTERVAL => 10000000" | tee "$work/count" | sed -n 's/^\([0-9]*\) row(s)$/\1/p'; }

# comes_to_say PATTERN STATEMENT: sooner or later; @ is the number of the look.
comes_to_say() {
    local until=$((SECONDS + 120))
    for ((look = 0; SECONDS < until; look++)); do
        shell 15 "${2//@/$look}" >"$work/said"
        grep -q "$1" "$work/said" && return
        sleep 0.5
    done
    fail "never '$1' for $2: $(cat "$work/said")"
}

start 127.0.0.1:0
shell 20 "create 't', 'f'" >/dev/null || fail "create"
# Far more than there is room for; values that do not shrink.
head -c 300000000 /dev/urandom | base64 -w 800 | awk '{ printf "row%07d\tf:q\t%s\n", NR, $0 }' |
    "$stele" import t --format=cells - >"$work/import" 2>&1 &
import=$!
comes_to_say "no space left" "put 't', 'one more @', 'f:q', 'v'"
kill "$import" 2>/dev/null # it goes on trying for a while, as clients do
wait "$import" 2>/dev/null && fail "400 MB fit into 260 MB"
comes_to_say "no space left" "put 't', 'and one @', 'f:q', 'v'"
# The master hears of it with the next report.
comes_to_say "no space left for the log of hbase:meta" "create_namespace 'late@'"
comes_to_say "no space left for the log of hbase:meta" "create 'early@', 'f'"
before=$(rows)
[ "${before:-0}" -gt 1000 ] || fail "reads do not go on: ${before:-nothing} rows"

mount -o remount,size=700m "$work/disk" || fail "remount"
comes_to_say "^Took" "put 't', 'after', 'f:q', 'v'"
looks=$look
comes_to_say "^Created table late" "create 'late', 'f'"

kill -9 "$server"
sleep 1
start "$STELE_CONNECT"
after=$(rows)
[ "${after:-0}" -gt "$before" ] || fail "$before rows and one more before SIGKILL, ${after:-none} after: $(cat "$work/count")"
kill "$server"
for ((i = 0; i < 600; i++)); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
server=
"$stele" fsck "$work/disk/data" || fail "fsck"
echo "full at $before rows, refused by name, read on, written again after $looks looks; $after rows after SIGKILL"
