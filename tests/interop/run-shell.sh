#!/usr/bin/env bash
# stele shell against real HBase 2.6.4: stories of tests/e2e are played there too, and must print the same.
#
# Left out of the comparison: times, timestamps, ids of regions, and the whole schema that HBase puts behind a region.
# A story that HBase tells otherwise is played once more on a fresh one, up to three times: its master races with itself now and then.
# Exit 77 when HBase cannot be had. Ends with "N passed, N failed, N skipped".
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
stele=${STELE:-$top/build/release/stele}
work=$(mktemp -d)
stop() {
    "$here/hbase.sh" stop "$work/hbase" >/dev/null 2>&1
    rm -rf "$work"
}
trap stop EXIT

start() {
    "$here/hbase.sh" start "$work/hbase" >"$work/ready" 2>"$work/start.log"
    code=$?
    if [ $code -ne 0 ]; then
        tail -3 "$work/start.log"
        echo "real HBase could not be started"
        exit $code
    fi
    zookeeper=$(sed -n 's/^ready .*zookeeper=\([^ ]*\).*/\1/p' "$work/ready")
}
start

normalise() {
    sed -E -e 's/^stele:[0-9]{3}:[0-9]+> /stele> /; s/^stele:[0-9]{3}:[0-9]+\* /stele* /' \
        -e 's/^Took [0-9.]+ seconds/Took N seconds/' \
        -e 's/timestamp=20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+/timestamp=T/g' \
        -e 's/20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8} [+-][0-9]{4}/T/g' \
        -e 's/^[^ ]+ \(auth:SIMPLE\)$/USER (auth:SIMPLE)/; s/^    groups: .*/    groups: GROUPS/; s/seqNum=[0-9]+/seqNum=N/' \
        -e 's/^ [^ ]+ (\{ENCODED)/ HOST \1/; s/hostname=[^ ]+,[S0-9]+,/hostname=HOST,S,/' \
        -e 's/,[0-9]{13}\.[0-9a-f]{32}\./,T.ID./g; s/ENCODED => [0-9a-f]{32}/ENCODED => ID/g' -e "s/(in region [^ ]*) in table '.*/\1/" | sed -e '/^## /d'
}

# play NAME: true when the story is as it is written; what differs is printed.
play() {
    story=$top/tests/e2e/stories/$1.story
    sed -n -E 's/^stele[>*] //p' "$story" >"$work/input"
    TZ=UTC timeout 240 "$stele" shell --zookeeper="$zookeeper" <"$work/input" >"$work/raw" 2>"$work/errors"
    code=$?
    normalise <"$story" >"$work/said"
    normalise <"$work/raw" >"$work/printed"
    diff -u "$work/said" "$work/printed" >"$work/diff" && [ $code -eq 0 ] && return
    echo "story $1 (exit code $code):"
    head -40 "$work/diff"
    head -5 "$work/errors"
    return 1
}

passed=0 failed=0
for name in first-steps versions scans counters ruby java errors regions schema snapshots master; do
    for try in 1 2 3; do
        if [ $try -gt 1 ]; then
            "$here/hbase.sh" stop "$work/hbase" >/dev/null 2>&1
            start
        fi
        play $name && passed=$((passed + 1)) && continue 2
        echo "that was try $try"
    done
    failed=$((failed + 1))
    echo "FAILED story $name"
done
# What HBase has not: it hangs up, and the shell says what that means.
printf "%s\n" "hot_tablets" "hot_rows 'heatless'" "create 'heatless', 'f'" "heatmap 'heatless'" "scan 'heatless'" "drop 'heatless'" >"$work/input"
timeout 240 "$stele" shell --zookeeper="$zookeeper" <"$work/input" >"$work/printed" 2>"$work/errors"
if [ "$(grep -c 'it is HBase, which does not measure heat$' "$work/printed")" = 2 ] && grep -q '^ERROR: Unknown table heatless!$' "$work/printed" &&
    grep -q '^0 row(s)$' "$work/printed"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED measured heat, which HBase has not"
    head -40 "$work/printed" "$work/errors"
fi
# Advice for a table of HBase's: no heat is told there, so its counters are watched; of a table that nobody asks they say nothing.
# Both are watched at the same time.
printf "create 'asked', 'f', SPLITS => ['m']\nput 'asked', 'a', 'f:q', 'v'\ncreate 'quiet', 'f'\n" |
    timeout 240 "$stele" shell -n --zookeeper="$zookeeper" >/dev/null 2>&1
timeout 240 "$stele" bench study --advise --table=quiet --zookeeper="$zookeeper" >/dev/null 2>"$work/errors.quiet" &
quiet=$!
timeout 240 "$stele" bench study --advise --table=nobody --zookeeper="$zookeeper" >"$work/printed" 2>"$work/errors"
absent=$?
printf "loop { get 'asked', 'a' }\n" | timeout 240 "$stele" shell -n --zookeeper="$zookeeper" >/dev/null 2>&1 &
asking=$!
timeout 240 "$stele" bench study --advise --table=asked --zookeeper="$zookeeper" >>"$work/printed" 2>>"$work/errors"
used=$?
wait $quiet
idle=$?
cat "$work/errors.quiet" >>"$work/errors"
kill $asking # timeout hands it on
wait $asking 2>/dev/null
if [ $idle$absent$used = 110 ] && grep -q 'it is HBase, which does not measure heat$' "$work/errors" &&
    grep -q 'table quiet was not used while it was watched$' "$work/errors" && grep -q 'there is no table nobody$' "$work/errors" &&
    grep -q '^seen     the tablets. counters, watched for' "$work/printed" && grep -q '^pattern  narrow range$' "$work/printed" &&
    grep -q '100 % of the load lies in one tablet of 2' "$work/printed"; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAILED advice for a table of HBase's: $idle $absent $used"
    head -40 "$work/printed" "$work/errors"
fi
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
