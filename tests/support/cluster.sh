#!/bin/sh
# A cluster of real processes on loopback: ZooKeeper, masters m1 m2 ..., tablet servers t1 t2 ..., over DIR/root.
#
#   cluster.sh start DIR [MASTERS [SERVERS]]   all of it (2 and 3); prints "zookeeper=HOST:PORT/hbase" when hbase:meta is served
#   cluster.sh up DIR NAME...                  starts those of these that are down, each at the port it had; they serve when it returns
#   cluster.sh stop | kill | pause | resume DIR NAME...     SIGTERM and waits; -9 and waits; SIGSTOP; SIGCONT. NAME may be zk
#   cluster.sh restart DIR NAME...             stop, up
#   cluster.sh pid | address DIR NAME          address: HOST:PORT
#   cluster.sh names DIR                       those that have been started and not stopped
#   cluster.sh leader DIR                      the master that leads, by its log
#   cluster.sh end DIR                         everything, -9; what there is to read stays in DIR (NAME.log)
#
# DIR/hosts/NAME, where there is one, says where a process lives: "ADDRESS COMMAND...". It listens on ADDRESS, and COMMAND starts
# it (a network namespace of tests/cluster/run-partitions).
#
# STELE names the program, SESSION the session time-out (2s), TICK ZooKeeper's (250 ms), OPTIONS more options for every process.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
stele=${STELE:-$here/../../build/release/cli/stele}
session=${SESSION:-2s}
tick=${TICK:-250}

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

[ $# -ge 2 ] || usage
verb=$1
directory=$2
shift 2

host_of() { [ ! -f "$directory/hosts/$1" ] || cut -d' ' -f1 "$directory/hosts/$1"; }
command_of() { [ ! -f "$directory/hosts/$1" ] || cut -d' ' -f2- "$directory/hosts/$1"; }
quorum() { address=$(host_of zk); echo "${address:-127.0.0.1}:$(cat "$directory/zk/port")/hbase"; }
pid_of() { if [ "$1" = zk ]; then cat "$directory/zk/pid"; else cat "$directory/$1.pid"; fi; }
is_alive() {
    [ -f "$directory/$1.pid" ] && kill -0 "$(pid_of "$1")" 2>/dev/null &&
        [ "$(sed 's/.*) //' "/proc/$(pid_of "$1")/stat" 2>/dev/null | cut -c1)" != Z ]
}
is_zookeeper_alive() { [ -f "$directory/zk/pid" ] && kill -0 "$(pid_of zk)" 2>/dev/null; }
address_of() { sed -n 's/^ready .*hbase=\([^ ]*\).*/\1/p' "$directory/$1.ready"; }

. "$here/free_ports.sh"

# A process that ends has its port until its last thread is gone, which may be a moment after it is seen as a zombie.
wait_threads_gone() {
    for _ in $(seq 500); do
        kill -0 "$1" 2>/dev/null || return 0
        [ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1)" = Z ] || return 0
        [ "$(ls "/proc/$1/task" 2>/dev/null | wc -l)" -gt 1 ] || return 0
        sleep 0.01
    done
}

# Starts a process; its address is kept, so that it comes back where it was.
launch() {
    case $1 in
        m*) role=master ;;
        t*) role=tabletserver ;;
        *) echo "cluster.sh: '$1' is no name of a process" >&2; exit 2 ;;
    esac
    host=$(host_of "$1")
    [ ! -f "$directory/$1.pid" ] || wait_threads_gone "$(pid_of "$1")"
    if [ -f "$directory/$1.ready" ]; then
        listen=$(address_of "$1")
    else
        listen=${host:-127.0.0.1}:$(free_ports 1)
    fi
    : >"$directory/$1.ready.new"
    # shellcheck disable=SC2086 # lists of words
    $(command_of "$1") "$stele" $role "$directory/root" --zookeeper="$(quorum)" --session-timeout="$session" \
        --listen="$listen" ${host:+--insecure} ${OPTIONS:-} >"$directory/$1.ready.new" 2>>"$directory/$1.log" </dev/null &
    echo $! >"$directory/$1.pid"
}

wait_ready() {
    [ -f "$directory/$1.ready.new" ] || return 0
    tries=0
    until grep -q '^ready ' "$directory/$1.ready.new"; do
        if ! is_alive "$1" || [ $tries -ge 2400 ]; then
            echo "cluster.sh: $1 did not start; the end of its log:" >&2
            tail -n 20 "$directory/$1.log" >&2
            exit 1
        fi
        tries=$((tries + 1))
        sleep 0.05
    done
    mv "$directory/$1.ready.new" "$directory/$1.ready"
}

up() {
    for name in "$@"; do
        if [ "$name" = zk ] && is_zookeeper_alive; then
            :
        elif [ "$name" = zk ]; then
            ADDRESS=$(host_of zk) COMMAND=$(command_of zk) "$here/zookeeper.sh" start "$directory/zk" "$tick" >/dev/null
        else
            is_alive "$name" || launch "$name"
        fi
    done
    for name in "$@"; do [ "$name" = zk ] || wait_ready "$name"; done
}

# One that has ended by itself meanwhile is as stopped or killed as it can be.
send() {
    for name in "$@"; do
        kill "-$signal" "$(pid_of "$name")" || { [ "$signal" != STOP ] && [ "$signal" != CONT ] && ! kill -0 "$(pid_of "$name")" 2>/dev/null; }
    done
}

wait_gone() {
    for name in "$@"; do
        pid=$(pid_of "$name")
        while kill -0 "$pid" 2>/dev/null && [ "$(sed 's/.*) //' /proc/"$pid"/stat 2>/dev/null | cut -c1)" != Z ]; do sleep 0.02; done
        if [ "$name" = zk ]; then rm -f "$directory/zk/pid"; else rm -f "$directory/$name.pid"; fi
    done
}

# Can a client read hbase:meta?
wait_served() {
    until_s=$(($(date +%s) + 120))
    until echo "list" | timeout 30 "$stele" shell -n --zookeeper="$(quorum)" >"$directory/served" 2>&1; do
        if [ "$(date +%s)" -ge $until_s ]; then
            echo "cluster.sh: the cluster does not serve:" >&2
            tail -n 3 "$directory/served" "$directory"/*.log >&2
            exit 1
        fi
        sleep 0.2
    done
}

start() {
    mkdir -p "$directory"
    names=zk
    number=0
    while [ $number -lt "${1:-2}" ]; do number=$((number + 1)); names="$names m$number"; done
    number=0
    while [ $number -lt "${2:-3}" ]; do number=$((number + 1)); names="$names t$number"; done
    # shellcheck disable=SC2086
    up $names
    wait_served
    echo "zookeeper=$(quorum)"
}

running() {
    for file in "$directory"/*.pid; do
        [ ! -f "$file" ] || basename "$file" .pid
    done
}

# The one that said so last.
leader() {
    for name in $(running); do
        [ "${name#m}" = "$name" ] || sed -n "s/^\([^ ]*\) .* coordination.leading epoch=.*/\1 $name/p" "$directory/$name.log"
    done | sort | tail -n 1 | cut -d' ' -f2
}

end() {
    for name in $(running); do
        kill -CONT "$(pid_of "$name")" 2>/dev/null || true
        kill -KILL "$(pid_of "$name")" 2>/dev/null || true
        rm -f "$directory/$name.pid"
    done
    [ ! -d "$directory/zk" ] || "$here/zookeeper.sh" kill "$directory/zk"
}

case $verb in
    start) start "$@" ;;
    up) up "$@" ;;
    stop) signal=TERM; send "$@"; wait_gone "$@" ;;
    kill) signal=KILL; send "$@"; wait_gone "$@" ;;
    pause) signal=STOP; send "$@" ;;
    resume) signal=CONT; send "$@" ;;
    restart) signal=TERM; send "$@"; wait_gone "$@"; up "$@" ;;
    pid) pid_of "$1" ;;
    address) address_of "$1" ;;
    names) running ;;
    leader) leader ;;
    end) end ;;
    *) usage ;;
esac
