#!/usr/bin/env bash
# Kills the real server with SIGKILL while clients write, again and again, in one directory: nothing acknowledged is
# lost, no row is half there, and the directory is clean by fsck before the next start.
#
#   kill9.sh [CYCLES]       20 by default; STELE names the program, KILL9_SEED repeats a run
#
# Every other cycle the server kills itself at a named pause point of the write, flush or commit path instead (the
# n-th time it comes by); when that does not happen within 3 s it is killed from here.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
stele=${STELE:-$top/build/release/stele}
client=$(dirname "$(readlink -f "$stele")")/../tests/crash/kill9_client
cycles=${1:-20}
RANDOM=${KILL9_SEED:=$$}
[ -x "$stele" ] && [ -x "$client" ] || { echo "no $stele or no $client: build first"; exit 77; }

points=(log.write.before log.write.after log.sync.before log.sync.after log.look.after log.switch.between
    chain.link.before chain.link.after chain.sync.after)
work=$(mktemp -d)
server= writer= keep=
finish() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null
    [ -z "$writer" ] || kill -9 "$writer" 2>/dev/null
    [ -n "$keep" ] || rm -rf "$work"
}
trap finish EXIT

fail() {
    echo "FAILED in cycle $cycle (KILL9_SEED=$KILL9_SEED $0 $cycles): $1"
    tail -n 5 "$work/server.log" 2>/dev/null
    keep=yes
    echo "all of it is in $work"
    exit 1
}

# Starts the server with STELE_PAUSE=$1 and waits for its ready line; the address goes to $address.
start() {
    : >"$work/ready"
    STELE_PAUSE=$1 "$stele" standalone "$work/data" --listen=127.0.0.1:0 --zookeeper-port=off --bigtable-port=off \
        --web-port=off >"$work/ready" 2>>"$work/server.log" &
    server=$!
    disown "$server" # or bash tells of each death
    local tries
    for ((tries = 0; tries < 6000; tries++)); do
        address=$(sed -n 's/^ready.* hbase=\([^ ]*\).*/\1/p' "$work/ready")
        [ -z "$address" ] || return 0
        kill -0 "$server" 2>/dev/null || return 1
        sleep 0.01
    done
    return 1
}

# Until the process is gone or the seconds are over.
wait_gone() {
    local tries
    for ((tries = 0; tries < $2 * 50; tries++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.02
    done
    return 1
}

kill_server() {
    kill -9 "$server" 2>/dev/null
    wait_gone "$server" 30 || fail "the server survives SIGKILL"
    server=
}

# acknowledged: how many writes, until now. An idle run proves nothing: on a slow disk there are more cycles.
acknowledged() { grep -chs '^[PDA]' "$work/notes" /dev/null | head -n 1; }

by_itself=0
for ((cycle = 1; cycle <= cycles || (cycle <= 5 * cycles && $(acknowledged) < cycles * 200); cycle++)); do
    pause=
    if ((cycle % 2 == 0)); then
        point=${points[$((RANDOM % ${#points[@]}))]}
        # Log points come by hundreds of times a second, the others a few times a cycle.
        case $point in log.switch.*) nth=1 ;; log.*) nth=$((RANDOM % 400 + 50)) ;; *) nth=$((RANDOM % 4 + 12)) ;; esac
        pause="$point@$nth=kill"
    fi
    # A death at its start leaves a state to start from too.
    until start "$pause"; do
        [ -n "$pause" ] || fail "the server does not start"
        kill_server
        pause=
    done
    "$client" write "$address" "$work/notes" >"$work/writer" 2>>"$work/writer.log" &
    writer=$!
    for ((tries = 0; tries < 6000; tries++)); do
        grep -qs writing "$work/writer" && break
        kill -0 "$server" 2>/dev/null || break
        sleep 0.01
    done
    if [ -z "$pause" ]; then
        sleep "0.$((RANDOM % 60 + 20))"
    elif wait_gone "$server" 3; then
        by_itself=$((by_itself + 1))
    fi
    kill_server
    wait_gone "$writer" 90 || fail "the client did not notice"
    writer=
    "$stele" fsck "$work/data" >"$work/fsck" 2>&1 || { cat "$work/fsck"; fail "fsck"; }
    start "" || fail "the server does not start again"
    checked=$("$client" check "$address" "$work/notes" 2>&1) || fail "$checked"
    kill_server
done
grep -q "WARNING: ThreadSanitizer\|ERROR: AddressSanitizer\|runtime error:" "$work/server.log" && fail "a sanitizer's report"
acknowledged=$(acknowledged)
[ "$acknowledged" -ge $((cycles * 200)) ] || fail "only $acknowledged writes were acknowledged: an idle run proves nothing"
echo "$((cycle - 1)) kills ($by_itself at a pause point), $acknowledged acknowledged writes, none lost; last: $checked"
