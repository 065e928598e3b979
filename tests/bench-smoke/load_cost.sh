#!/usr/bin/env bash
# What the load generator itself costs, by CPU time so that a busy machine changes little: under 1 us to plan and record an
# operation (1 M operations/s on one core), under 8 us for a real one with requests in flight (issue 5). Measured up to three times: who
# shares the processors takes of their caches, too.
set -u
. "$(dirname "$0")/../e2e/server.sh"
passed=0 failed=0

# cost NAME ASSERTION OPTIONS...
cost() {
    local name=$1 assertion=$2 code
    shift 2
    for try in 1 2 3; do
        [ $try -eq 1 ] || set -- "$@" --reuse
        "$stele" bench load -q --duration=2 --warmup=0.5 --assert="$assertion" "$@" >"$work/out" 2>&1
        code=$?
        [ $code -eq 4 ] || break # the assertion alone
        echo "$name, try $try: $(grep 'does not hold' "$work/out")"
    done
    if [ $code -eq 0 ]; then
        passed=$((passed + 1))
        echo "$name: $(sed -n 's/^client CPU *//p' "$work/out")"
    else
        failed=$((failed + 1))
        echo "FAILED $name"
        tail -5 "$work/out"
    fi
}

cost "planned and recorded against nothing" "client_cpu<1us" --null
# A slower processor is given as much more: planning takes 0.09 us on that of the figures.
null_us=$(sed -n 's/^client CPU *\([0-9.]*\) us.*/\1/p' "$work/out")
most_us=$(awk -v null="${null_us:-0}" 'BEGIN { most = 90 * null; print (most > 8) ? most : 8 }')
cost "the same of updates by zipf" "client_cpu<1us" --null --mix=read:50,update:50 --keys=zipf-scrambled
start_server
cost "a get, 16 in flight" "client_cpu<${most_us}us" --rows=20000 --depth=16
cost "an update, 64 in flight" "client_cpu<${most_us}us" --rows=20000 --depth=64 --mix=update --reuse
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
