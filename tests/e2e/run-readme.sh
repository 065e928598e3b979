#!/usr/bin/env bash
# Plays the README's session against a fresh server that holds the few packages it shows, and compares what is
# printed with what the README says. What depends on the day's catalogue (the count) and on the clock is left out.
set -u
. "$(dirname "$0")/server.sh"
export TZ=UTC
start_server

section() { printf '%s\tinfo:section\t%s\n' "$1" "$2"; }
{
    section ash shells
    section autojump shells
    section bash shells
    printf 'bash\tinfo:priority\trequired\nbash\tdep:libc6\tpre-depends >= 2.36\n'
    section sqlite-utils utils
    section sqlite3 database
    section sqlite3-doc doc
    section vim editors
} >"$work/packages"
"$stele" shell -n -e "create 'packages', {NAME => 'info', VERSIONS => 3}, 'dep'" >/dev/null &&
    "$stele" import packages --format=cells "$work/packages" >/dev/null 2>&1 || { echo "the packages could not be loaded"; exit 1; }

normalise() {
    sed -E -e 's/^stele:[0-9]{3}:[0-9]+> /stele> /' -e 's/^Took [0-9.]+ seconds/Took N seconds/' \
        -e 's/timestamp=20[0-9T:.-]+/timestamp=T/g' -e '/^Current count/d; /^=> [0-9]+$/d; s/^[0-9]{3,} row\(s\)|^7 row\(s\)/N row(s)/' |
        sed -e '/^$/d'
}
sed -n '/^    stele> /,/^## /p' "$top/README.md" | sed -n 's/^    //p' >"$work/readme"
sed -n -E 's/^stele[>*] //p' "$work/readme" >"$work/input"
"$stele" shell <"$work/input" >"$work/raw" 2>&1
normalise <"$work/raw" >"$work/printed"
normalise <"$work/readme" >"$work/said"
if [ -s "$work/input" ] && diff -u "$work/said" "$work/printed"; then
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
