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

# Actions are off under --ui-readonly. A call a second is all that this server answers: the next one is slow, and in the slow log.
stop_server
start_server --web-port=0 --ui-readonly --sim-capacity=1
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
"$stele" shell -n -e "create 'slow', 'f'" >/dev/null || exit 1
python3 - "$web" "$stele" <<'END' || { echo "the slow log"; exit 1; }
import json, subprocess, sys, urllib.request
web, stele = sys.argv[1:]

def slow(query):
    return json.load(urllib.request.urlopen("http://%s/api/v1/slowlog?table=slow%s" % (web, query), timeout=60))

for _ in range(60):  # one comes to an idle server when the machine stands still for a second
    subprocess.run([stele, "shell", "-n", "-e", "get 'slow', 'r'; get 'slow', 'r'; scan 'slow'; scan 'slow'"], check=True, stdout=subprocess.DEVNULL)
    everything = slow("")
    ops = [one["op"] for one in everything["items"]]
    if ops.count("Get") > 1 and "Scan" in ops:
        break
assert everything["total"] == len(ops) and ops.count("Get") > 1 and "Scan" in ops, everything
assert all(one["table"] == "slow" and one["duration_s"] > everything["threshold_s"] == 0.1 for one in everything["items"]), everything
for op in "Get", "Scan", "Nothing":
    some, first = slow("&op=" + op), slow("&limit=1&op=" + op)
    assert some["items"] == [one for one in everything["items"] if one["op"] == op], (op, some)
    assert first["items"] == some["items"][:1] and first["total"] == some["total"] == ops.count(op), (op, first)
END
[ $exec_status = 0 ] || { echo "SKIP: no promtool here (Debian: prometheus): the format of /metrics is not checked"; exit 77; }
echo "web.sh: ok"
