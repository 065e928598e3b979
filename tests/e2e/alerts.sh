#!/usr/bin/env bash
# The alerts fire when they should (promtool, docs/alerts), and neither they nor the dashboard ask for a metric that
# /metrics does not have.
. "$(dirname "$0")/server.sh"
if command -v promtool >/dev/null; then
    (cd "$top/docs/alerts" && promtool check rules stele.yml && promtool test rules stele_test.yml) || exit 1
fi
start_server --web-port=0
web=$(sed -n 's/^ready .*web=\([^ ]*\).*/\1/p' "$work/ready")
python3 - "$web" "$top/docs/grafana/stele.json" "$top/docs/alerts/stele.yml" <<'END' || exit 1
import http.client, json, re, sys
connection = http.client.HTTPConnection(sys.argv[1], timeout=60)
connection.request("GET", "/metrics")
text = connection.getresponse().read().decode()
known = set(re.findall(r"^# TYPE (\S+)", text, re.M))
for name in list(known):
    known |= {name + suffix for suffix in ("_bucket", "_sum", "_count")}
dashboard = json.load(open(sys.argv[2]))
asked = " ".join(t["expr"] for panel in dashboard["panels"] for t in panel.get("targets", []))
asked += " ".join(re.findall(r"^\s*expr: (.*)$", open(sys.argv[3]).read(), re.M))
wanted = set(re.findall(r"\b(?:stele|process)_[a-z_]+\b", asked))
if len(wanted) < 20 or wanted - known:
    sys.exit("alerts.sh: /metrics does not have %s" % ", ".join(sorted(wanted - known)))
END
command -v promtool >/dev/null || { echo "SKIP: no promtool here (Debian: prometheus): the rules are not tried"; exit 77; }
echo "alerts.sh: ok"
