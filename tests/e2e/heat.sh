#!/usr/bin/env bash
# Measured heat at the shell: a hot row is found with its count, its tablet is the hottest, and the map is bright where it
# lies. STELE names the program (default build/release/stele). Ends with "N passed, N failed, N skipped".
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/server.sh"
start_server
passed=0 failed=0

check() { # name, pattern, file
    if grep -Eq -- "$2" "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1: no line like $2 in:"
        cat "$3"
    fi
}

run() {
    "$stele" shell --connect="$address" -n >"$work/out" 2>&1 || { failed=$((failed + 1)); cat "$work/out"; }
}

run <<'END'
create 'warm', 'f', SPLITS => ['m']
200.times { |i| put 'warm', format('a%04d', i), 'f:q', 'x' * 100 }
200.times { |i| put 'warm', format('z%04d', i), 'f:q', 'x' * 100 }
200.times { get 'warm', 'z0150' }
END

# reports come each five seconds: looked for until they are there
for _ in $(seq 120); do
    run <<'END'
hot_rows 'warm', LIMIT => 3
END
    grep -Eq '^z0150 +read +200 ' "$work/out" && break
    sleep 0.5
done
check 'the hot row is found with its exact count' '^z0150 +read +200 .* 100 % ' "$work/out"
run <<'END'
hot_tablets 'warm'
END
check 'its tablet is the hottest' '^warm [0-9a-f]{32} .* \[m, \) ' <(sed -n 2p "$work/out")
check 'all tablets with calls are counted' '^2 tablet\(s\) had calls' "$work/out"
# so many rows that none has more than its error: none is shown as hot
"$stele" bench load -q --connect="$address" --table=many --rows=20000 --operations=60000 --depth=32 >/dev/null 2>"$work/err" || cat "$work/err"
for _ in $(seq 120); do
    run <<'END'
hot_rows 'many'
END
    grep -q '^no row stands out' "$work/out" && break
    sleep 0.5
done
check 'evenly read rows are not hot' '^no row stands out' "$work/out"
check 'and are not listed' '^0 row' "$work/out"
run <<'END'
heatmap 'warm', METRIC => 'gets', MINUTES => 10, ROWS => 8
END
check 'the brightest row of the map begins in the upper half' '^(m|z[0-9]*) .*@' "$work/out"
check 'cold keys are dark' '^\(start\) +\| *\| 0/s' "$work/out"
check 'the map has its numbers' '^brightest: ' "$work/out"
# A table whose fill takes longer than a second: what came after its first buckets does not lie all in the last of them. That is so
# for the five seconds in which a tablet is young; a machine that stood still for as long is asked again.
fill() { seq "$2" "$3" | awk '{printf "r%05d\tf:q\t%0100d\n", $1, $1}' | "$stele" import "$1" --connect="$address" --format=cells - >"$work/out" 2>&1 || cat "$work/out"; }
for table in filled refilled filled-again; do
    run <<END
create '$table', 'f'
END
    fill $table 1 5000
    sleep 1.2 # the collector, which comes each second, has seen them
    fill $table 5001 10000
    sleep 2 # and these
    run <<END
(8000..8299).each { |i| get '$table', format('r%05d', i) }
END
    for _ in $(seq 60); do # there is no heat of it at first
        "$stele" shell --connect="$address" -n -e "heatmap '$table', METRIC => 'gets', MINUTES => 10, ROWS => 64" >"$work/out" 2>&1
        grep -q '@' "$work/out" && break
        sleep 0.5
    done
    grep -Eq '^r0(7[5-9]|8[0-2])[0-9]* .*@' "$work/out" && break
done
check 'rows of the later half have buckets of their own' '^r0(7[5-9]|8[0-2])[0-9]* .*@' "$work/out"
run <<'END'
split 'warm', 'a0100'
END
for _ in $(seq 120); do
    run <<'END'
heatmap 'warm', MINUTES => 10
END
    grep -q '\^' "$work/out" && break
    sleep 0.5
done
check 'a split is marked' '^ +\^' "$work/out"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
