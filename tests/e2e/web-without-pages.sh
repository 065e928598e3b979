#!/usr/bin/env bash
# A machine without npm, or without a registry: the tree is configured all the same, the table of pages is empty, and the
# program of such a build says so at / and serves the API, /metrics and the probes. The program that is asked is
# linked from the objects under test and that table (tests/meson.build); a whole second build would take minutes.
set -u
. "$(dirname "$0")/server.sh"
fail() { echo "web-without-pages: $1"; [ -z "${2:-}" ] || tail -n 20 "$2"; exit 1; }

# ---- built: without node and npm, by hand or because they are not there ----
meson setup "$work/disabled" "$top" -Dweb=disabled -Dtests=disabled >"$work/said" 2>&1 || fail "-Dweb=disabled cannot be configured" "$work/said"
! grep -q "build.mjs" "$work/disabled/build.ninja" || fail "-Dweb=disabled runs node"
ninja -C "$work/disabled" web/libweb-assets.a >"$work/said" 2>&1 || fail "-Dweb=disabled cannot be built" "$work/said"

# an npm that gets nothing from its registry: pages are left out with a line, but for --mode=enabled
if command -v node >/dev/null; then
    mkdir "$work/bin"
    printf '#!/bin/sh\necho "npm error ENOTFOUND registry.example" >&2\nexit 1\n' >"$work/bin/npm"
    chmod +x "$work/bin/npm"
    PATH=$work/bin:$PATH node "$top/web/build.mjs" --out="$work/auto" --mode=auto >"$work/said" 2>&1 || fail "without a registry: an error" "$work/said"
    grep -q "web_asset_count = 0" "$work/auto/web_assets.c" || fail "without a registry: no empty table" "$work/auto/web_assets.c"
    PATH=$work/bin:$PATH node "$top/web/build.mjs" --out="$work/enabled" --mode=enabled >"$work/said" 2>&1 && fail "pages that are wanted and cannot be had are no error"
fi

# ---- asked ----
stele=$(dirname "$stele")/tests/stele-without-pages
start_server --web-port=0
web=$(sed -n 's/^ready .*web=\([^ ]*\).*/\1/p' "$work/ready")
"$stele" shell -n -e "create 't', 'f'; put 't', 'a', 'f:q', 'v'" >/dev/null || fail "no table"
python3 - "$web" <<'PYTHON' || exit 1
import http.client, json, re, sys

def ask(path):
    connection = http.client.HTTPConnection(sys.argv[1], timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()

status, headers, page = ask("/")
assert status == 200 and "built without its pages (they need npm" in page and headers["ETag"] is None, page
links = re.findall(r'href="([^"]*)"', page)
assert len(links) >= 5, links
for path in links + ["/livez", "/api/v1/tables/t", "/api/v1/keyvis?table=t", "/api/v1/data/t", "/api/v1/hot-tablets", "/api/v1/config"]:
    status, headers, body = ask(path)
    assert status == 200, (path, status, body)
    assert not path.startswith("/api/") or json.loads(body), path
assert json.loads(ask("/api/v1/version")[2])["has_pages"] is False
assert [one["row"]["text"] for one in json.loads(ask("/api/v1/data/t")[2])["items"]] == ["a"]
assert re.search(r'^stele_requests_total\{op="write",table="t",code="ok"\} 1$', ask("/metrics")[2], re.M)
assert ask("/assets/app.js")[0] == 404
PYTHON
echo "web-without-pages: ok"
