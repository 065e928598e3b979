#!/usr/bin/env bash
# A server has an event loop for each core that it may run on: all of them, or those that taskset or a container leaves it.
# Ends with "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/server.sh"
passed=0 failed=0

# expect N WHERE: so many loops has the running server.
expect() {
    local loops
    loops=$(cat /proc/"$server"/task/*/comm | grep -c '^loop-')
    if [ "$loops" -eq "$1" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2: $loops event loops, expected $1"
    fi
}

start_server
expect "$(nproc)" "on all cores"
stop_server
allowed=$(taskset -pc $$ | sed 's/.*: //')
taskset -pc "${allowed%%[,-]*}" $$ >/dev/null
start_server
expect 1 "on one core"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
