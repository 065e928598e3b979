#!/usr/bin/env bash
# The server is killed before every action of every DDL procedure; after the restart the change is done or undone,
# whole either way, the table that was not touched has its rows, and fsck finds nothing.
#
#   ddl.sh            STELE names the program (default build/release/stele)
# Ends with "N passed, N failed, N skipped": one for each kill that happened. A floor makes sure that kills happen.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
stele=${STELE:-$top/build/release/stele}
floor=45
work=$(mktemp -d)
server=
stop() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    rm -rf "$work"
}
trap stop EXIT

# start DIR [PAUSE]: serves DIR; the address in $STELE_CONNECT.
start() {
    : >"$work/ready"
    STELE_PAUSE=${2:-} "$stele" standalone "$1" --listen=127.0.0.1:0 --zookeeper-port=off --bigtable-port=off \
        --web-port=off >"$work/ready" 2>>"$work/server.log" &
    server=$!
    for _ in $(seq 1200); do
        STELE_CONNECT=$(sed -n 's/^ready .*hbase=\([^ ]*\).*/\1/p' "$work/ready")
        export STELE_CONNECT
        [ -n "$STELE_CONNECT" ] && return 0
        kill -0 "$server" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

run() { timeout 60 "$stele" shell -n -e "$1" 2>&1; }

# What a table may look like after a restart, by statement: the whole transcript of a probe.
probe() {
    run "exists 't'" | grep -E 'does' | sed 's/^Table t //'
    if run "exists 't'" | grep -q 'does exist'; then
        run "is_enabled 't'" | head -1
        run "describe 't'" | grep -oE "NAME => '[a-z]+'" | tr '\n' ' '
        run "get_splits 't'" | head -1
        run "is_enabled 't'" | grep -q '^true' && run "count 't'" | grep 'row(s)'
    fi
    return 0
}

passed=0 failed=0
complain() {
    failed=$((failed + 1))
    echo "FAILED $1"
    tail -5 "$work/server.log" | sed 's/^/    | /'
}

# cases: NAME | statements before | the statement that is cut short | a whole state (regular expression) ...
play() {
    local name=$1 before=$2 cut=$3 n out killed state
    shift 3
    for n in $(seq 20); do # more than any has: a truncate with its disable before has fifteen
        rm -rf "$work/data"
        : >"$work/server.log"
        start "$work/data" || { complain "$name: the first start"; return; }
        run "create 'other', 'f'; put 'other', 'r', 'f:q', 'v'; $before" >/dev/null
        kill "$server" && wait "$server" 2>/dev/null
        start "$work/data" "procedure.action.before@$n=kill" || { complain "$name: the start to be killed"; return; }
        timeout 120 "$stele" shell -n -e "$cut" >"$work/out" 2>&1 &
        local client=$!
        killed=no
        for _ in $(seq 3000); do # it dies, or the statement is done
            kill -0 "$server" 2>/dev/null || { killed=yes; break; }
            kill -0 "$client" 2>/dev/null || break
            sleep 0.02
        done
        kill "$client" 2>/dev/null
        wait "$client" 2>/dev/null
        [ $killed = no ] && ! kill -0 "$server" 2>/dev/null && killed=yes
        if [ $killed = no ]; then
            kill "$server" && wait "$server" 2>/dev/null
            [ "$n" -gt 1 ] || complain "$name: no action was reached"
            return
        fi
        wait "$server" 2>/dev/null
        start "$work/data" || { complain "$name, killed before action $n: no restart"; continue; }
        local until=$((SECONDS + 60))
        while [ $SECONDS -lt $until ]; do # what was cut short is taken up in the background
            state=$(probe | tr '\n' ';')
            for whole in "$@"; do
                echo "$state" | grep -qxE "$whole" && break 2
            done
            sleep 0.1
        done
        out=$(run "get 'other', 'r'" | grep -c 'value=v')
        kill "$server" && wait "$server" 2>/dev/null
        if ! printf '%s\n' "$@" | grep -q . || ! { for whole in "$@"; do echo "$state" | grep -qxE "$whole" && echo yes; done; } | grep -q yes; then
            complain "$name, killed before action $n: table is '$state'"
        elif [ "$out" != 1 ]; then
            complain "$name, killed before action $n: the other table lost its row"
        elif ! "$stele" fsck "$work/data" >"$work/fsck" 2>&1; then
            complain "$name, killed before action $n: fsck: $(head -2 "$work/fsck" | tr '\n' ' ')"
        else
            passed=$((passed + 1))
        fi
    done
}

make="create 't', 'f', 'g', SPLITS => ['m']; put 't', 'a', 'f:q', '1'; put 't', 'z', 'f:q', '2'"
absent="does not exist;"
full="does exist;true;NAME => 'f' NAME => 'g' Total number of splits = 2;2 row\(s\);"
empty2="does exist;true;NAME => 'f' NAME => 'g' Total number of splits = 2;0 row\(s\);"
disabled="does exist;false;NAME => 'f' NAME => 'g' Total number of splits = 2;"
play create "" "create 't', 'f', 'g', SPLITS => ['m']" "$absent" "$empty2"
play disable "$make" "disable 't'" "$full" "$disabled"
play enable "$make; disable 't'" "enable 't'" "$full" "$disabled"
play drop "$make; disable 't'" "drop 't'" "$disabled" "$absent"
play alter "$make" "alter 't', {NAME => 'h'}, {NAME => 'g', METHOD => 'delete'}" "$full" \
    "does exist;true;NAME => 'f' NAME => 'h' Total number of splits = 2;2 row\(s\);"
play truncate "$make" "truncate_preserve 't'" "$full" "$disabled" "$empty2"
play clone "$make; snapshot 't', 's'; disable 't'; drop 't'" "clone_snapshot 's', 't'" "$absent" "$full"
play restore "$make; snapshot 't', 's'; alter 't', {NAME => 'h'}, {NAME => 'g', METHOD => 'delete'}; split 't', 'p'; 100.times { break if get_splits('t').size == 2; sleep 0.2 }; disable 't'" \
    "restore_snapshot 's'" "does exist;false;NAME => 'f' NAME => 'h' Total number of splits = 3;" "$disabled"
play restore-anew "$make; snapshot 't', 's'; disable 't'; drop 't'; create 't', 'h'; disable 't'" \
    "restore_snapshot 's'" "does exist;false;NAME => 'h' Total number of splits = 1;" "$disabled"

[ $passed -ge $floor ] || complain "only $passed kills happened, fewer than $floor"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
