#!/usr/bin/env bash
# Every call of libstele at a standalone server, on the library's thread and inline: the program that run-libstele.sh of
# tests/interop plays against real HBase too. The last call ends the server. STELE names the program; the test program is
# that of its build.
set -u
. "$(dirname "$0")/server.sh"
test=$(dirname "$(realpath "$stele")")/../tests/interop/libstele_test
[ -x "$test" ] || { echo "there is no $test: build first"; exit 77; }
fail() { echo "libstele-calls: $1"; tail -n 20 "$work/out" "$work/server.log"; exit 1; }

start_server
timeout 300 "$test" "$address" >"$work/out" 2>&1 || fail "on the library's thread"
timeout 300 "$test" "$address" inline changes stop >>"$work/out" 2>&1 || fail "inline"
for _ in $(seq 600); do
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
done
kill -0 "$server" 2>/dev/null && fail "the server goes on when it was told to stop"
wait "$server" || fail "the server does not end well"
server=
cat "$work/out"
