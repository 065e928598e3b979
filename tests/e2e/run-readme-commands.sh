#!/usr/bin/env bash
# The README's three commands for a newcomer, taken out of it and run as they stand there: on a server that is started as
# ./quickstart starts it (its own lines), with its ports, in a network of the test's own; without Java, so that the study
# predicts. The load, a minute long, is interrupted once the Key Visualizer shows it. What opens the page is a stand-in.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/own_network.sh"
. "$here/server.sh"
unset STELE_CONNECT
cd "$work" || exit 1
fail() { echo "FAILED $1"; [ -z "${2:-}" ] || head -30 "$2"; exit 1; }

mkdir -p build/release bin
ln -s "$(realpath "$stele")" build/release/stele
release=build/release place=build/quickstart
eval "$(sed -n '/^start_server()/,/^}/p' "$top/quickstart")"
start_server
web=$(sed -n 's/^ready .*web=\([^ ]*\).*/\1/p' $place/ready)
[ "$address" = 127.0.0.1:16000 ] && [ -n "$web" ] || fail "not the ports that clients expect" $place/ready

# "    build/release/stele bench load ...     words": the three lines, without the words
sed -n '/^Three commands to begin with/,/^## /p' "$top/README.md" | sed -n 's/^    //p' | sed -E 's/   +.*//' >commands
[ "$(wc -l <commands)" -eq 3 ] || fail "README has no three commands" commands
load=$(sed -n 1p commands) study=$(sed -n 2p commands) page=$(sed -n 3p commands)

bash -c "exec $load" >load.out 2>load.err &
loading=$!
python3 - "$web" <<'PYTHON' || fail "the Key Visualizer does not show the load" load.err
import base64, json, sys, time, urllib.request
until = time.monotonic() + 240
asked = "http://%s/api/v1/keyvis?table=bench&from=-60&metric=reads&rows=128" % sys.argv[1]
while True:
    total = inside = 0
    try:
        picture = json.load(urllib.request.urlopen(asked, timeout=60))
        for key, reads in zip(picture["bounds"], picture["row_totals"]):
            number = int(key["text"][4:].ljust(16, "0") or 0) if key["text"].startswith("user") else 0
            total += reads
            inside += reads if 70000 <= number <= 86000 else 0
    except urllib.error.HTTPError:
        pass  # no such table yet
    if total > 1000 and inside > 0.75 * total:
        sys.exit(0)
    if time.monotonic() > until:
        sys.exit("%d of %d reads lie where the cohort does" % (inside, total))
    time.sleep(0.2)
PYTHON
mkdir nothing # no Java below
PATH=$work/nothing /bin/bash -c "$study" >study.out 2>study.err || fail "$study" study.err
grep -q "predicted only: a cluster needs ZooKeeper, which is not here" study.err || fail "it does not say that nothing was measured" study.err
grep -q "^raw .* cured$" study.out && grep -q "</html>" report.html || fail "the study tells nothing" study.out

cat >bin/xdg-open <<'PYTHON'
#!/usr/bin/python3
import sys, urllib.request
page = urllib.request.urlopen(sys.argv[1], timeout=60)
sys.exit(page.status != 200 or b"<title>Stele" not in page.read())
PYTHON
chmod +x bin/xdg-open
PATH=$work/bin:$PATH bash -c "$page" || fail "$page"

expected=130
kill -INT $loading 2>/dev/null || expected=0 # a minute was too short to see it in
wait $loading
[ $? -eq $expected ] && grep -q "^client CPU" load.out || fail "$load, interrupted" load.err
# a second time, as the README says
bash -c "exec $load" >load.out 2>load.err && fail "a second load took the table without being told" load.out
grep -q -- "--reuse" load.err || fail "it does not say what to do" load.err
bash -c "exec $load --reuse --duration=0.5" >load.out 2>load.err && grep -q "^client CPU" load.out || fail "$load --reuse" load.err
stop_server
echo "3 commands of the README work"
