#!/usr/bin/env bash
# The web port as a client of HTTP sees it: tests/e2e/web.py against a standalone server.
. "$(dirname "$0")/server.sh"
start_server --web-port=0
web=$(sed -n 's/^ready .*web=\([^ ]*\).*/\1/p' "$work/ready")
[ -n "$web" ] || { echo "the ready line has no web=:"; cat "$work/ready"; exit 1; }
exec_status=0
python3 "$top/tests/e2e/web.py" --stele "$stele" --hbase "$address" --web "$web" || exec_status=$?
[ $exec_status = 0 ] || { cat "$work/server.log"; exit $exec_status; }

# The default port, when it is taken, is left out with a line; one that was asked for is an error.
port=${web##*:}
if "$stele" standalone "$work/second" --listen=127.0.0.1:0 --zookeeper-port=off --web-port="$port" 2>"$work/second.log"; then
    echo "a web port that is taken was accepted"; exit 1
fi
grep -q "web port 127.0.0.1:$port: address already in use" "$work/second.log" || { cat "$work/second.log"; exit 1; }
echo "web.sh: ok"
