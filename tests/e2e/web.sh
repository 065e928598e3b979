#!/usr/bin/env bash
# The web port as a client of HTTP sees it: tests/e2e/web.py against a standalone server.
. "$(dirname "$0")/server.sh"
mkdir "$work/studies"
printf '<p>report' >"$work/studies/a.html"
printf '{"schema": "stele.study/1"}' >"$work/studies/b.json"
printf 'x' >"$work/studies/secret.txt"
printf '{}' >"$work/studies/.hidden.json"
start_server --web-port=0 --studies-dir="$work/studies"
web=$(sed -n 's/^ready .*web=\([^ ]*\).*/\1/p' "$work/ready")
[ -n "$web" ] || { echo "the ready line has no web=:"; cat "$work/ready"; exit 1; }
exec_status=0
python3 "$top/tests/e2e/web.py" --stele "$stele" --hbase "$address" --web "$web" || exec_status=$?
[ $exec_status = 0 ] || [ $exec_status = 77 ] || { cat "$work/server.log"; exit $exec_status; }

# The default port, when it is taken, is left out with a line; one that was asked for is an error.
port=${web##*:}
if "$stele" standalone "$work/second" --listen=127.0.0.1:0 --zookeeper-port=off --web-port="$port" 2>"$work/second.log"; then
    echo "a web port that is taken was accepted"; exit 1
fi
grep -q "web port 127.0.0.1:$port: address already in use" "$work/second.log" || { cat "$work/second.log"; exit 1; }

# Actions are off under --ui-readonly.
stop_server
start_server --web-port=0 --ui-readonly
web=$(sed -n 's/^ready .*web=\([^ ]*\).*/\1/p' "$work/ready")
for path in token actions/flush; do
    method=GET
    [ $path = token ] || method=POST
    python3 - "$web" "/api/v1/$path" $method <<'END' || { echo "--ui-readonly does not refuse $path"; exit 1; }
import http.client, json, sys
connection = http.client.HTTPConnection(sys.argv[1])
connection.request(sys.argv[3], sys.argv[2], body=b"{}", headers={"Content-Type": "application/json"})
answer = connection.getresponse()
sys.exit(answer.status != 403 or json.loads(answer.read())["error"]["code"] != "read_only")
END
done
[ $exec_status = 0 ] || { echo "SKIP: no promtool here (Debian: prometheus): the format of /metrics is not checked"; exit 77; }
echo "web.sh: ok"
