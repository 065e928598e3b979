#!/usr/bin/env bash
# Plays the shell's stories against a fresh standalone server and compares the transcripts.
#
# A story (stories/NAME.story) is a transcript: lines that begin with "stele> " (or "stele* " inside an open
# statement) are typed, all others are what the shell prints. Times, timestamps and start codes are written as
# T, N and S. Lines that begin with "## " tell the reader what is shown.
#
#   run-stories.sh [--accept] [NAME...]     --accept writes what was printed into the story; read it then.
# STELE names the program (default build/release/stele). Ends with "N passed, N failed, N skipped".
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/server.sh"
accept=no
[ "${1:-}" = --accept ] && { accept=yes; shift; }
start_server

# What differs from run to run, by name.
normalise() {
    sed -E -e 's/^stele:[0-9]{3}:[0-9]+> /stele> /; s/^stele:[0-9]{3}:[0-9]+\* /stele* /' \
        -e 's/^Took [0-9.]+ seconds/Took N seconds/' \
        -e 's/^stele [0-9a-z.-]+, (r[0-9a-f]{40}, [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9:]+ UTC 20[0-9]{2}|rUnknown, Unknown)$/stele V, rR, DATE/' \
        -e 's/timestamp=20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+/timestamp=T/g' \
        -e 's/20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8} [+-][0-9]{4}/T/g' \
        -e 's/(127\.0\.0\.1|localhost)[:,][0-9]+([, ])[0-9]{13}/HOST\2S/g; s/(127\.0\.0\.1|localhost):[0-9]+/HOST/g' \
        -e 's/^[^ ]+ \(auth:SIMPLE\)$/USER (auth:SIMPLE)/; s/^    groups: .*/    groups: GROUPS/; s/seqNum=[0-9]+/seqNum=N/' \
        -e 's/,[0-9]{13}\.[0-9a-f]{32}\./,T.ID./g; s/ENCODED => [0-9a-f]{32}/ENCODED => ID/g' | sed -e '/^## /d'
}

passed=0 failed=0
names=("$@")
[ ${#names[@]} -eq 0 ] && names=($(cd "$here/stories" && ls | sed -n 's/\.story$//p'))
for name in "${names[@]}"; do
    story=$here/stories/$name.story
    sed -n -E 's/^stele[>*] //p' "$story" >"$work/input"
    TZ=UTC timeout 180 "$stele" shell --connect="$address" <"$work/input" >"$work/raw" 2>"$work/errors"
    code=$?
    sed -n '/./!q; /^## /p; /^## /!q' "$story" >"$work/head"
    sed -e '/^## /d' "$story" >"$work/expected"
    normalise <"$work/raw" >"$work/printed"
    if [ $accept = yes ]; then
        cat "$work/head" "$work/printed" >"$story"
        echo "accepted $name"
        passed=$((passed + 1))
    elif [ $code -eq 0 ] && diff -u "$work/expected" "$work/printed" >"$work/diff"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED story $name (exit code $code)"
        head -60 "$work/diff"
        head -5 "$work/errors"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
