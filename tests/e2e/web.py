"""What the web port promises (docs/api.md), asked by plain HTTP: answers, refusals, headers.

  web.py --stele PROGRAM --hbase HOST:PORT --web HOST:PORT

Each check is a function `check_*`; a failure names it and ends with exit 1."""
import argparse
import base64
import gzip
import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import time

arguments = argparse.ArgumentParser()
for name in ("stele", "hbase", "web"):
    arguments.add_argument("--" + name, required=True)
options = arguments.parse_args()
promtool = shutil.which("promtool")
host, port = options.web.rsplit(":", 1)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def code(self):
        return self.json()["error"]["code"]

    def message(self):
        return self.json()["error"]["message"]


def ask(path, method="GET", headers=None, body=None):
    """Who is told that the server is busy (it has stood still for two seconds) asks again, unless something is to be done: it may be."""
    for _ in range(10):
        answer = ask_once(path, method, headers, body)
        if method != "GET" or answer.status != 503 or b'"busy"' not in answer.body:
            break
        time.sleep(0.2)
    return answer


def ask_once(path, method, headers, body):
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def raw(text, waits_for_answer=False):
    """Sends bytes as they are; what came back until the end or a second of silence (before an answer that must come: a minute)."""
    with socket.create_connection((host, int(port)), timeout=60) as end:
        end.sendall(text)
        end.settimeout(60 if waits_for_answer else 1)
        got = b""
        try:
            while piece := end.recv(65536):
                got += piece
                end.settimeout(1)
        except TimeoutError:
            pass
        return got


def check_version():
    version = ask("/api/v1/version").json()
    expect(version["name"] == "stele" and version["api"] == 1 and version["role"] == "standalone", version)


def check_headers_of_every_answer():
    for path in ("/", "/api/v1/version", "/livez", "/nowhere"):
        headers = ask(path).headers
        expect("default-src 'self'" in headers["Content-Security-Policy"], path)
        expect(headers["X-Content-Type-Options"] == "nosniff", path)
        expect(headers["X-Frame-Options"] == "DENY", path)
        expect(headers["Access-Control-Allow-Origin"] is None, path)


def check_health():
    for path in ("/livez", "/readyz", "/healthz"):
        answer = ask(path)
        expect(answer.status == 200 and answer.body == b"ok\n", (path, answer.body))
    expect(b"[+]loop-0 ok" in ask("/livez?verbose").body, "loops are told")
    expect(b"[+]log ok" in ask("/readyz?verbose").body, "the log is told")


def check_head_has_no_body():
    answer = ask("/api/v1/version", method="HEAD")
    expect(answer.status == 200 and answer.body == b"" and int(answer.headers["Content-Length"]) > 10, "HEAD")


def check_other_hosts_are_refused():
    for name in ("evil.example", "127.0.0.1.evil.example", "", "localhost.", "[::1", ":80"):
        answer = ask("/api/v1/version", headers={"Host": name})
        expect(answer.status == 403 and answer.code() == "bad_host", (name, answer.body))
    for name in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80", "10.1.2.3:16010"):
        expect(ask("/api/v1/version", headers={"Host": name}).status == 200, name)
    doubled = raw(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n", waits_for_answer=True)
    expect(b" 403 " in doubled.split(b"\r\n")[0], doubled)


def check_wrong_requests():
    for path, status, code in (
        ("/nowhere", 404, "no_such_route"),
        ("/api/v1/nothing", 404, "no_such_route"),
        ("/api/v1/", 404, "no_such_route"),
        ("/../etc/passwd", 404, "no_such_route"),
        ("/api/v1/version?x=1", 400, "bad_parameter"),
        ("/livez?verbose=maybe", 400, "bad_parameter"),
        ("/livez?verbose&verbose", 400, "bad_request"),
        ("/livez?%", 400, "bad_request"),
        ("/%zz", 400, "bad_request"),
        ("/a/b/c/d/e/f/g/h/i/j", 400, "bad_request"),
        ("/livez?" + "&".join("p%d" % i for i in range(40)), 400, "bad_request"),
        ("/" + "a" * 9000, 400, "bad_request"),
    ):
        answer = ask(path)
        expect(answer.status == status and answer.code() == code, (path[:60], answer.status, answer.body))
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = ask("/livez", method=method)
        expect(answer.status == 405 and answer.headers["Allow"] == "GET, HEAD", (method, answer.status))


def check_limits():
    expect(ask("/livez", headers={"X-Long": "a" * 20000}).status in (400, 431), "a long head")
    expect(ask("/livez", method="POST", body=b"a" * 70000).status == 413, "a long body")


def check_bytes_that_are_no_http():
    for text in (b"\0\0\0\0", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"HBas\0\x50", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"):
        raw(text)
    expect(ask("/livez").status == 200, "it lives on")


def check_token():
    token = ask("/api/v1/token").json()["token"]
    expect(len(token) == 32 and token == ask("/api/v1/token").json()["token"], token)
    expect(ask("/api/v1/token", headers={"Sec-Fetch-Site": "cross-site"}).code() == "bad_origin", "another site")
    expect(ask("/api/v1/token", headers={"Origin": "http://evil.example"}).code() == "bad_origin", "another origin")


def check_pages_for_those_that_take_no_gzip():
    plain = ask("/")
    expect(plain.headers["Content-Encoding"] is None and plain.body.lower().startswith(b"<!doctype html>"), plain.body[:80])
    small = ask("/", headers={"Accept-Encoding": "gzip, br"})
    if plain.headers["ETag"]:  # a build with pages
        expect(small.headers["Content-Encoding"] == "gzip" and gzip.decompress(small.body) == plain.body, "the same page")
        expect(plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding", "a cache keeps the two apart")
        expect(ask("/", headers={"If-None-Match": plain.headers["ETag"]}).status == 304, "not changed")


def check_answers_are_small_for_those_that_take_gzip():
    for path in ("/metrics", "/api/v1/keyvis?table=users&rows=64", "/api/v1/config"):
        plain = ask(path)
        expect(plain.headers["Content-Encoding"] is None, path)
        for taken, is_taken in (("gzip, deflate, br", True), ("identity", False), ("gzip;q=0", False), ("br, *;q=0.1", True)):
            answer = ask(path, headers={"Accept-Encoding": taken})
            expect(answer.status == plain.status, f"{path}: {answer.status}")
            is_small = answer.headers["Content-Encoding"] == "gzip"
            expect(is_small == (is_taken and len(plain.body) >= 1024 and plain.headers["Vary"] == "Accept-Encoding"), f"{path} {taken}")
            if is_small:
                expect(len(answer.body) < len(plain.body) / 2, f"{path}: {len(answer.body)} of {len(plain.body)} bytes")
                expect(gzip.decompress(answer.body)[:20] == plain.body[:20], path)
    expect(ask("/metrics", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip", "at least one is")
    expect(ask("/metrics", "HEAD", headers={"Accept-Encoding": "gzip"}).body == b"", "a HEAD has no body")


def check_many_connections():
    """More than it takes at once: none is lost, they wait."""
    ends = [socket.create_connection((host, int(port)), timeout=60) for _ in range(200)]
    for end in ends:
        end.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    expect(all(end.recv(100).startswith(b"HTTP/1.1 200") for end in ends), "each is answered")
    for end in ends:
        end.close()


def check_many_clients_at_once():
    """A room full of people who look at the pages: each is answered, none is told that it is busy."""
    ends = [socket.create_connection((host, int(port)), timeout=60) for _ in range(100)]
    for end in ends:
        end.sendall(b"GET /api/v1/hot-tablets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answers = [end.recv(100)[:12] for end in ends]
    expect(all(answer == b"HTTP/1.1 200" for answer in answers), sorted(set(answers)))
    for end in ends:
        end.close()


def shell(commands):
    ran = subprocess.run([options.stele, "shell", "--connect", options.hbase, "-n", "-e", commands],
                         capture_output=True, text=True, timeout=180)
    expect(ran.returncode == 0, ran.stdout + ran.stderr)
    return ran.stdout


def until(condition, seconds=60):
    """What the cluster reports comes a second late."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen within %d s" % seconds)


def check_tables_and_tablets():
    shell("create 'users', {NAME => 'f', VERSIONS => 3}, SPLITS => ['10', \"\\x00\\xff\", '20']\n"
          "create_namespace 'n'\ncreate 'n:empty', 'f'\n"
          "put 'users', '15', 'f:q', 'v'\nput 'users', '25', 'f:q', 'v'\nget 'users', '15'")
    tables = ask("/api/v1/tables").json()
    names = [one["name"] for one in tables["items"]]
    expect(names == ["hbase:meta", "n:empty", "users"] and tables["total"] == 3 and tables["next"] is None, names)
    expect(ask("/api/v1/tables?filter=ser").json()["total"] == 1, "filter")
    expect([one["name"] for one in ask("/api/v1/tables?sort=-tablets&limit=1").json()["items"]] == ["users"], "sort")
    table = ask("/api/v1/tables/users").json()
    expect(table["tablets"] == 4 and table["state"] == "enabled" and table["schema"][0]["name"] == "f", table)
    expect(ask("/api/v1/tables/default:users").json()["id"] == table["id"], "default: is the same")
    expect(ask("/api/v1/tables/n%3Aempty").json()["namespace"] == "n", "a namespace")
    for path in ("/api/v1/tables/nobody", "/api/v1/tables/nobody/tablets", "/api/v1/tables/%00%ff%22",
                 "/api/v1/hot-tablets?table=nobody", "/api/v1/hot-rows?table=nobody", "/api/v1/keyvis?table=nobody"):
        expect(ask(path).status == 404 and ask(path).code() == "no_such_table", path)
    tablets = ask("/api/v1/tables/users/tablets").json()["items"]
    starts = [base64.b64decode(one["start_key"]["b64"]) for one in tablets]
    expect(starts == [b"", b"\0\xff", b"10", b"20"], starts)
    expect(tablets[1]["start_key"]["text"] == "\\x00\\xFF", tablets[1])
    expect(all(one["state"] == "open" and len(one["id"]) == 32 for one in tablets), tablets)
    first = ask("/api/v1/tables/users/tablets?limit=3").json()
    second = ask("/api/v1/tables/users/tablets?limit=3&after=" + first["next"]).json()
    expect(len(first["items"]) == 3 and len(second["items"]) == 1 and second["next"] is None, "pages")
    expect(ask("/api/v1/tables/users/tablets?state=closed").json()["total"] == 0, "by state")
    for path in ("sort=name", "limit=0", "limit=1001", "limit=x", "after=-1", "state=strange", "limit=", "limit=1e3", "after=", "after=x",
                 "after=" + first["next"] + "%00", "after=" + first["next"] + "x", "after=0x3", "after=3.0", "after=99999999999999999999", "after=%2B3"):
        expect(ask("/api/v1/tables/users/tablets?" + path).code() == "bad_parameter", path)


def check_cluster_and_servers():
    cluster = until(lambda: (lambda now: now if now["warnings"] == [] else None)(ask("/api/v1/cluster").json()))
    expect(cluster["servers"]["live"] == 1 and cluster["tablets"]["open"] == 6, cluster)
    expect(cluster["switches"]["balancer"] is True, cluster)
    expect(cluster["master"]["address"] == options.hbase and cluster["master"]["web"] == "http://" + options.web, cluster)
    servers = until(lambda: (lambda all: all if all["items"][0]["reported_ms"] else None)(ask("/api/v1/servers").json()))
    server = servers["items"][0]
    expect(server["address"] == options.hbase and server["state"] == "live" and server["tablets"] == 6, server)
    expect(server["web"] == "http://" + options.web, server)
    for name in (server["name"], server["address"]):
        expect(ask("/api/v1/servers/" + name.replace(",", "%2C")).json()["name"] == server["name"], name)
    expect(ask("/api/v1/servers/nobody").code() == "no_such_server", "nobody")
    shell("balance_switch false")
    until(lambda: [one["code"] for one in ask("/api/v1/cluster").json()["warnings"]] == ["balancer_off"])
    shell("balance_switch true")


def check_heat():
    hot = until(lambda: ask("/api/v1/hot-tablets?table=users").json()["items"])
    expect({one["table"] for one in hot} == {"users"} and 0 < hot[0]["part"] <= 1, hot)
    for by in ("requests", "bytes", "cpu", "memtable"):
        expect(ask("/api/v1/hot-tablets?limit=1&by=" + by).status == 200, by)
    expect(ask("/api/v1/hot-rows?table=users&kind=write").status == 200, "hot rows")
    for metric in ("requests", "reads", "gets", "scans", "writes", "bytes", "bytes_in", "bytes_out", "cpu"):
        picture = ask("/api/v1/keyvis?table=users&from=-600&metric=" + metric).json()
        levels = base64.b64decode(picture["levels"])
        rows, columns = len(picture["bounds"]) - 1, len(picture["times"]) - 1
        expect(len(levels) == rows * columns and picture["metric"] == metric, picture)
        expect(len(picture["row_totals"]) == rows and len(picture["column_totals"]) == columns, "totals")
        expect(len(picture["tablets"]) == 4 and picture["tablets"][0]["start_row"] == 0, picture["tablets"])
    cell = ask("/api/v1/keyvis/cell?table=users&from=-120&start=10&end=b64:MjA").json()
    expect(cell["tablet_count"] == 1 and cell["start_key"]["text"] == "10" and cell["end_key"]["text"] == "20", cell)
    for query in ("", "table=users&metric=heat", "table=users&from=5&to=4", "table=users&start=b&end=a", "table=users&rows=15",
                  "table=users&columns=4096", "table=users&start=b64:!", "table=users&from=x", "table=users&from=0&to=68719477440&columns=16"):
        expect(ask("/api/v1/keyvis?" + query).code() == "bad_parameter", query)
    expect(ask("/api/v1/keyvis/cell?table=users&from=0&to=4294967340").code() == "bad_parameter", "a cell of 136 years")


def check_a_hot_row_is_diagnosed():
    shell("1500.times { get 'users', '15' }")
    hot = until(lambda: [one for one in ask("/api/v1/hot-tablets?table=users").json()["items"] if one["diagnosis"]])
    expect(hot[0]["start_key"]["text"] == "10" and hot[0]["diagnosis"]["kind"] == "single_row", hot)
    expect("15" in hot[0]["diagnosis"]["text"] and "Price:" in hot[0]["diagnosis"]["advice"], hot)


def check_history():
    past = until(lambda: (lambda past: past if any(past["read_p99_s"]) else None)(ask("/api/v1/history?window=3600").json()))
    expect(past["step_s"] == 5 and past["servers"][-1] == 1 and max(past["requests_per_s"]) > 0, past)
    expect(ask("/api/v1/history?window=86400").json()["step_s"] == 60, "minutes")
    for query in ("window=59", "window=86401", "window=x", "from=5"):
        expect(ask("/api/v1/history?" + query).code() == "bad_parameter", query)


def check_events_tasks_balancer():
    expect(ask("/api/v1/events").json()["items"] is not None, "events")
    for query in ("kind=flood", "limit=0", "after=x"):
        expect(ask("/api/v1/events?" + query).code() == "bad_parameter", query)
    tasks = ask("/api/v1/tasks").json()
    expect(tasks["procedures"] == [] and len(tasks["done"]) >= 2 and tasks["waiting"] == 0, tasks)
    expect(all(one["kind"].endswith("Procedure") for one in tasks["done"]), "what has ended has a name")
    balancer = until(lambda: (lambda b: b if b["runs"] else None)(ask("/api/v1/balancer").json()))
    expect(balancer["is_on"] and "fewer than two" in balancer["last"]["verdict"] and balancer["items"] == [], balancer)


def act(action, body, token=None, headers=None):
    head = {"Content-Type": "application/json", "X-Stele-Token": token or ask("/api/v1/token").json()["token"]}
    head.update(headers or {})
    return ask("/api/v1/actions/" + action, method="POST", headers=head,
               body=body if isinstance(body, (bytes, str)) else json.dumps(body))


def check_data():
    # with a timestamp: two puts within a millisecond are one version
    shell("create 'd', {NAME => 'f', VERSIONS => 3}, {NAME => 'g'}, SPLITS => ['m']\n"
          + "\n".join("put 'd', '%s', 'f:q', 'v%s', 1" % (row, row) for row in "abcmnz")
          + "\nput 'd', 'a', 'f:q', 'new'\nput 'd', 'a', 'g:x', 'y'\nput 'd', \"\\xff\\x00\", 'f:q', 'last'")
    rows = ask("/api/v1/data/d").json()
    keys = [base64.b64decode(one["row"]["b64"]) for one in rows["items"]]
    expect(keys == [b"a", b"b", b"c", b"m", b"n", b"z", b"\xff\0"] and rows["next"] is None, keys)
    expect(rows["items"][0]["cells"][0]["value"]["text"] == "new" and len(rows["items"][0]["cells"]) == 2, rows["items"][0])
    one = ask("/api/v1/data/d?row=b64:_wA").json()
    expect(one["items"][0]["cells"][0]["value"]["text"] == "last" and one["next"] is None, one)
    expect(ask("/api/v1/data/d?row=nobody").json()["items"] == [], "no such row")
    expect(len(ask("/api/v1/data/d?row=a&versions=3&columns=f").json()["items"][0]["cells"]) == 2, "versions")
    for columns, cells in (("g", 1), ("f:q", 1), ("f:no", 0), ("g:x,f:q", 2), ("f:no,f", 1), ("f,f:no", 1)):
        items = ask("/api/v1/data/d?row=a&columns=" + columns).json()["items"]
        expect(sum(len(item["cells"]) for item in items) == cells, (columns, items))
    seen, start = [], ""
    while start is not None:
        page = ask("/api/v1/data/d?limit=2" + ("&start=b64:" + start.replace("+", "-").replace("/", "_") if start else "")).json()
        seen += [base64.b64decode(item["row"]["b64"]) for item in page["items"]]
        start = page["next"] and page["next"]["b64"]
    expect(seen == keys, seen)
    expect([i["row"]["text"] for i in ask("/api/v1/data/d?start=b&end=n").json()["items"]] == ["b", "c", "m"], "a range")
    expect(len(ask("/api/v1/data/d?prefix=b64:_w").json()["items"]) == 1, "a prefix of 0xff")
    for query, status in (("row=", 400), ("row=a&start=b", 400), ("prefix=a&end=b", 400), ("start=b&end=a", 400), ("limit=201", 400),
                          ("versions=0", 400), ("columns=,", 400), ("columns=nofamily", 400), ("start=b64:*", 400)):
        answer = ask("/api/v1/data/d?" + query)
        expect(answer.status == status and answer.code() == "bad_parameter", (query, answer.status, answer.body))
    expect(ask("/api/v1/data/nobody").code() == "no_such_table", "no such table")


def check_actions_are_guarded():
    token = ask("/api/v1/token").json()["token"]
    tablet = ask("/api/v1/tables/d/tablets").json()["items"][0]["id"]
    expect(ask("/api/v1/actions/split").status == 405 and ask("/api/v1/actions/split").headers["Allow"] == "POST", "no GET")
    for answer, code in (
        (act("split", {"tablet": tablet}, token="0" * 32), "bad_token"),
        (act("split", {"tablet": tablet}, token="short"), "bad_token"),
        (act("split", {"tablet": tablet}, token=token[:-1]), "bad_token"),
        (act("split", {"tablet": tablet}, token=token + "0"), "bad_token"),
        (act("split", {"tablet": tablet}, token=token[:-1] + ("0" if token[-1] != "0" else "1")), "bad_token"),
        (act("split", {"tablet": tablet}, token=token.upper() if token.upper() != token else token[::-1] + "x"), "bad_token"),
        (act("split", {"tablet": tablet}, headers={"X-Stele-Token": ""}), "bad_token"),
        (act("split", {"tablet": tablet}, headers={"Origin": "http://evil.example"}), "bad_origin"),
        (act("split", {"tablet": tablet}, headers={"Origin": "null"}), "bad_origin"),
        (act("split", {"tablet": tablet}, headers={"Content-Type": "text/plain"}), "bad_request"),
        (act("split", "{"), "bad_request"),
        (act("split", "[]"), "bad_request"),
        (act("split", '{"tablet": "a", "tablet": "b"}'), "bad_request"),
        (act("split", "[" * 60000), "bad_request"),
        (act("split", {"tablet": 5}), "bad_parameter"),
        (act("split", {}), "bad_parameter"),
        (act("split", {"tablet": tablet, "row": "x"}), "bad_parameter"),
        (act("split", {"tablet": tablet, "row": {"b64": "*"}}), "bad_parameter"),
        (act("split", {"tablet": tablet, "force": True}), "bad_parameter"),
        (act("split", {"tablet": "0" * 32}), "no_such_tablet"),
        (act("split", {"tablet": tablet, "row": {"text": "zz"}}), "refused"),
        (act("merge", {"tablets": [tablet]}), "bad_parameter"),
        (act("merge", {"tablets": tablet}), "bad_parameter"),
        (act("move", {"tablet": tablet, "server": 1}), "bad_parameter"),
        (act("compact", {}), "bad_parameter"),
        (act("compact", {"table": "d", "is_major": 1}), "bad_parameter"),
        (act("flush", {"table": "nobody"}), "no_such_table"),
        (act("flush", {"table": "d", "tablet": tablet}), "bad_parameter"),
    ):
        expect(answer.code() == code, (code, answer.status, answer.body))
    expect(len(ask("/api/v1/tables/d/tablets").json()["items"]) == 2, "nothing was split")


def moved():
    return sum(count for name, count in metrics(ask("/metrics").body).items() if name.startswith("stele_tablet_moves_total"))


def check_actions():
    own = {"Origin": "http://" + options.web}
    tablet = ask("/api/v1/tables/d/tablets").json()["items"][0]["id"]
    expect(act("flush", {"table": "d"}, headers=own).json() == {"tablets": 2}, "flush")
    expect(act("compact", {"tablet": tablet, "is_major": True}, headers=own).json() == {"tablets": 1}, "compact")
    split = act("split", {"tablet": tablet, "row": {"text": "b"}}, headers=own)
    expect(split.status == 202 and split.json()["procedure"] > 0, split.body)
    tablets = until(lambda: (lambda all: all if len(all) == 3 else None)(
        [t for t in ask("/api/v1/tables/d/tablets").json()["items"] if t["state"] == "open"]))
    expect([t["start_key"]["text"] for t in tablets] == ["", "b", "m"], tablets)
    for action, body in (("move", {"tablet": tablet}), ("split", {"tablet": tablet}), ("merge", {"tablets": [tablet, tablets[2]["id"]]})):
        gone = act(action, body, headers=own)  # the master remembers it for a minute
        expect(gone.status == 404 and gone.code() == "no_such_tablet" and tablet in gone.message(), gone.body)
        expect("was split" in gone.message() or "there is no" in gone.message(), gone.body)
    merge = act("merge", {"tablets": [t["id"] for t in tablets[:2]]}, headers=own)
    expect(merge.status == 202, merge.body)
    merged = {t["id"] for t in tablets[:2]}  # for a moment one of them may be open still, and the other not any more
    left = until(lambda: (lambda all: all if len(all) == 2 and not merged & {t["id"] for t in all} else None)(
        ask("/api/v1/tables/d/tablets?state=open").json()["items"]))
    gone = act("move", {"tablet": tablets[0]["id"]}, headers=own)
    expect(gone.status == 404 and ("was merged" in gone.message() or "there is no" in gone.message()), gone.body)
    # one server: there is nowhere to go, and nothing is recorded as a move
    moves = moved()
    server = left[0]["server"]
    for body, words in (({"tablet": left[0]["id"]}, "no other server"), ({"tablet": left[0]["id"], "server": server}, "on that server already"),
                        ({"tablet": left[0]["id"], "server": "10.0.0.1,1,1"}, "10.0.0.1,1,1")):
        nowhere = act("move", body, headers=own)
        expect(nowhere.status == 409 and nowhere.code() == "refused" and words in nowhere.message(), nowhere.body)
    expect(moved() == moves, "no move")
    shell("disable 'd'")
    disabled = act("split", {"tablet": left[0]["id"]}, headers=own)
    expect(disabled.status == 409 and "'d' is not enabled" in disabled.message(), disabled.body)
    shell("enable 'd'")


def check_this_process():
    server = ask("/api/v1/server").json()
    expect(server["role"] == "standalone" and server["tablets"] >= 6 and server["log"]["records"] > 0, server)
    expect({one["op"] for one in server["latency"]} >= {"get", "mutate", "scan"}, server["latency"])
    expect(all(0 < one["p50_s"] <= one["p99_s"] for one in server["latency"]), server["latency"])
    config = ask("/api/v1/config").json()
    expect({"name": "web-port", "value": "0", "is_default": False} in config["items"], config["items"])
    slow = ask("/api/v1/slowlog").json()
    expect(slow["threshold_s"] == 0.1 and all(one["duration_s"] > 0.1 for one in slow["items"]), slow)


def check_tablets_with_hostile_bounds():
    """Markup, quotes, ends of lines and bytes that are no UTF-8 as bounds of tablets: whole in base64, printable in text, nowhere raw."""
    bounds = sorted([b"\0", b"\xff", b"\xc3(", b'<script>alert("1")</script>', b"'\"\n\r\t\\", b"a\0b\x7f\x1b[31m", "\u202e\u00fc".encode()])
    shell("create 'bounds', 'f', SPLITS => [%s]\n%s" % (
        ", ".join('"%s"' % "".join("\\x%02X" % byte for byte in key) for key in bounds),
        "\n".join('put \'bounds\', "%s", \'f:q\', \'v\'' % "".join("\\x%02X" % byte for byte in key) for key in bounds)))

    def spans_of(value):
        """Every {"b64", "text"} in an answer."""
        if isinstance(value, dict):
            if set(value) >= {"b64", "text"}:
                yield value
            value = list(value.values())
        for one in value if isinstance(value, list) else []:
            yield from spans_of(one)

    for path in ("keyvis?table=bounds&from=-300", "hot-rows?table=bounds", "hot-tablets?table=bounds"):  # reports come each 5 s
        until(lambda: {base64.b64decode(one["b64"]) for one in spans_of(ask("/api/v1/" + path).json())} >= set(bounds[2:]))
    tablet = ask("/api/v1/tables/bounds/tablets").json()["items"][3]
    token = ask("/api/v1/token").json()["token"]
    answer = ask("/api/v1/actions/merge", "POST", {"Content-Type": "application/json", "X-Stele-Token": token}, json.dumps(
        {"tablets": [one["id"] for one in ask("/api/v1/tables/bounds/tablets").json()["items"][:2]]}))
    expect(answer.status == 202, answer.body)
    until(lambda: ask("/api/v1/events?table=bounds").json()["total"] == 1)
    seen = set()
    for path in ("tables/bounds", "tables/bounds/tablets", "hot-tablets?table=bounds", "hot-rows?table=bounds", "keyvis?table=bounds&from=-300",
                 "keyvis/cell?table=bounds&from=-300&start=b64:" + base64.urlsafe_b64encode(bounds[2]).decode().rstrip("="), "events?table=bounds",
                 "data/bounds", "tasks", "balancer", "cluster", "slowlog", "servers/" + options.hbase):
        answer = ask("/api/v1/" + path)
        expect(answer.status == 200, (path, answer.body))
        said = answer.body.decode("utf-8")
        expect(not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", said), (path, "raw bytes"))
        for one in spans_of(json.loads(said)):
            key = base64.b64decode(one["b64"])
            seen.add((path.split("?")[0], key))
            expect(all(" " <= letter <= "~" for letter in one["text"]), (path, one))
            expect(one["text"].encode() == re.sub(rb"[^ -\[\]-~]", lambda byte: b"\\x%02X" % byte[0][0], key) or "cut" in one, (path, one, key))
    for path in ("tables/bounds/tablets", "keyvis", "hot-rows", "data/bounds"):
        expect({key for where, key in seen if where == path} >= set(bounds[2:]), (path, seen))
    expect(("tables/bounds/tablets", base64.b64decode(tablet["start_key"]["b64"])) in seen, tablet)
    series = ask("/metrics?detail=tablet").body.decode("utf-8")
    expect(not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]|<script", series), "metrics")
    shell("disable 'bounds'; drop 'bounds'")


def check_studies():
    names = [one["name"] for one in ask("/api/v1/studies?sort=name").json()["items"]]
    expect(names == ["a.html", "b.json"], names)
    report = ask("/api/v1/studies/a.html")
    expect(report.body == b"<p>report" and report.headers["Content-Security-Policy"].startswith("sandbox"), report.headers)
    expect(ask("/api/v1/studies/b.json").json() == {"schema": "stele.study/1"}, "a study")
    for name in ("c.json", "secret.txt", "..%2Fready", "..%2fdata%2fcluster", "%2e%2e%2Fx.json", ".hidden.json", "a.html%00.json"):
        expect(ask("/api/v1/studies/" + name).code() == "no_such_study", name)


def metrics(text):
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.decode().splitlines() if line[0] != "#"}


def check_metrics():
    text = ask("/metrics")
    expect(text.headers["Content-Type"].startswith("text/plain; version=0.0.4"), text.headers)
    values = metrics(text.body)
    expect(values['stele_requests_total{op="get",table="users",code="ok"}'] == 1501, "the gets of users")
    expect(values['stele_requests_total{op="write",table="users",code="ok"}'] == 2, "two puts")
    expect(values['stele_rows_written_total{table="users"}'] == 2, "two rows")
    expect(1500 <= values['stele_rows_returned_total{table="users"}'] <= values['stele_rows_read_total{table="users"}'], "rows returned")
    expect(values['stele_request_duration_seconds_count{op="get"}'] == values[
        'stele_request_duration_seconds_bucket{op="get",le="+Inf"}'] >= 1, "buckets and count agree")
    expect(not any("tablet=" in name for name in values), "no tablets without detail")
    expect(b"stele_tablet_rows_written_total{table=\"users\",tablet=" in ask("/metrics?detail=tablet").body, "tablets")
    expect(ask("/metrics?detail=rows").code() == "bad_parameter", "detail")


# What dashboards may build on (the list of shared/facts/hotspot.md, 5.3), by kind and labels.
PROMISED = {
    "gauge": {
        "build_info": ["version", "role"], "tablets": ["state"], "tablet_load_max_mean_ratio": ["table", "kind"],
        "server_load_max_mean_ratio": ["kind"], "tablet_load_gini": ["table", "kind"], "hot_row_share_ratio": ["table"],
        "memtable_bytes": [], "compaction_pending_bytes": [], "compactions_running": [], "connections": [],
    },
    "counter": {
        "requests_total": ["op", "table", "code"], "rows_read_total": ["table"], "rows_returned_total": ["table"],
        "bytes_read_total": ["table"], "bytes_written_total": ["table"], "splits_total": ["reason"],
        "tablet_moves_total": ["reason"], "balancer_runs_total": ["result"], "write_stall_seconds_total": [],
        "block_cache_hits_total": [], "block_cache_misses_total": [],
    },
    "histogram": {"request_duration_seconds": ["op"]},
    "summary": {"flush_duration_seconds": [], "wal_fsync_duration_seconds": []},
}


def check_metrics_promised():
    text = ask("/metrics").body.decode()
    for kind, names in PROMISED.items():
        for name, labels in names.items():
            expect("# TYPE stele_%s %s\n" % (name, kind) in text, (name, kind))
            series = name + {"histogram": "_bucket", "summary": "_count"}.get(kind, "")
            labels = labels + ["le"] if kind == "histogram" else labels
            pattern = r"^stele_%s%s [0-9]" % (series, r"\{%s\}" % ",".join(label + '="[^"]*"' for label in labels) if labels else "")
            expect(re.search(pattern, text, re.M), "no series like " + pattern)
    for name in ("cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds", "start_time_seconds"):
        expect(re.search("^process_%s [0-9]" % name, text, re.M), name)


def check_metrics_move():
    shell("create 'm', 'f', SPLITS => %w[b c d]\n300.times { |i| put 'm', 'c%03d' % i, 'f:q', 'x' * 100 }\nflush 'm'")
    before = metrics(ask("/metrics").body)

    def skew():
        shell("300.times { get 'm', 'c007' }")
        now = metrics(ask("/metrics").body)
        gini = 'stele_tablet_load_gini{table="m",kind="requests"}'
        return now if now.get(gini, 0) == 0.75 and now.get('stele_hot_row_share_ratio{table="m"}', 0) > 0.9 else None

    after = until(skew)  # all of it in one tablet of four: 1 - 1/4
    expect(after['stele_tablet_load_max_mean_ratio{table="m",kind="requests"}'] == 4, "the busiest of four does it all")
    expect(after['stele_tablet_load_gini{table="m",kind="bytes"}'] == 0.75, "and so with bytes")
    expect(after['stele_server_load_max_mean_ratio{kind="requests"}'] == 1, "one server")

    def grown(name):
        return after[name] - before[name]

    gets = grown('stele_requests_total{op="get",table="m",code="ok"}')
    expect(gets >= 300 and grown('stele_rows_read_total{table="m"}') == grown('stele_rows_returned_total{table="m"}') == gets, gets)
    expect(grown('stele_bytes_read_total{table="m"}') > 100 * gets, "bytes of what was read")
    expect(before['stele_bytes_written_total{table="m"}'] > 300 * 100, "of requests: the puts")
    expect(gets < grown('stele_bytes_written_total{table="m"}') < 100 * gets, "and the gets, which are small")
    expect(grown('stele_request_duration_seconds_count{op="get"}') == gets, "each is timed")
    expect(grown("stele_block_cache_misses_total") >= 1 and grown("stele_block_cache_hits_total") >= gets - 10, "blocks are kept")
    expect(after["stele_connections"] >= 0 and before['stele_tablets{state="open"}'] >= 4, "tablets")

    shell("put 'm', 'c000', 'f:q', 'x'\nflush 'm'\nsplit 'm', 'c100'")
    runs = [name for name in after if name.startswith("stele_balancer_runs_total")]
    splits = [name for name in after if name.startswith("stele_splits_total")]
    last = until(lambda: (lambda now: now if sum(now[n] - after[n] for n in splits) and sum(now[n] - after[n] for n in runs) else None)(
        metrics(ask("/metrics").body)))
    expect(last['stele_splits_total{reason="asked"}'] == after['stele_splits_total{reason="asked"}'] + 1, "a split")
    expect(last["stele_flush_duration_seconds_count"] > after["stele_flush_duration_seconds_count"], "a flush")
    expect(last["stele_wal_fsync_duration_seconds_count"] > after["stele_wal_fsync_duration_seconds_count"], "a sync")
    expect(last['stele_tablets{state="open"}'] == after['stele_tablets{state="open"}'] + 1, "a tablet more")


def check_answers_under_load():
    """Data threads with all they can do, 256 requests in flight: pages and probes are answered as if nothing were. The times are measured
    up to three times: the machine has other work too."""
    for attempt in range(3):
        slow = slow_under_load("busy%d" % attempt)
        if not slow:
            return
        print("web.py: " + slow, flush=True)
    raise AssertionError(slow)


def slow_under_load(table):
    """What took too long; None."""
    began = time.monotonic()
    for _ in range(20):
        ask("/api/v1/hot-tablets")
    idle = (time.monotonic() - began) / 20
    load = subprocess.Popen([options.stele, "bench", "load", "-q", "--connect", options.hbase, "--table=" + table, "--rows=5000", "--connections=4",
                             "--depth=64", "--mix=read", "--duration=120s"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        name = 'stele_requests_total{op="get",table="%s",code="ok"}' % table
        before = until(lambda: metrics(ask("/metrics").body).get(name, 0))
        took = {"/livez": [], "/api/v1/keyvis?table=" + table: [], "/api/v1/hot-tablets?table=" + table: []}
        gets, rounds, end = 0, 0, time.monotonic() + 120
        while (gets < 5000 or rounds < 20) and time.monotonic() < end:
            rounds += 1
            for path, times in took.items():
                began = time.monotonic()
                expect(ask(path).status == 200, path)
                times.append(time.monotonic() - began)
            gets = metrics(ask("/metrics").body)[name] - before
    finally:
        load.terminate()
        said = load.communicate()[1]
    expect(gets >= 5000 and rounds >= 20, ("the load goes on", gets, rounds, said))
    for path, times in took.items():
        middle, most = sorted(times)[len(times) // 2], max(times)
        if middle >= max(0.1, 20 * idle) or most >= 2:
            return "%s under load: %.0f ms, at most %.0f; without, %.1f" % (path, middle * 1e3, most * 1e3, idle * 1e3)
    return None


def check_metrics_format():
    if not promtool:
        return
    for path in ("/metrics", "/metrics?detail=tablet"):
        ran = subprocess.run([promtool, "check", "metrics"], input=ask(path).body, capture_output=True, timeout=180)
        expect(ran.returncode == 0 and not ran.stderr, ran.stdout + ran.stderr)


checks = [(name, check) for name, check in list(globals().items()) if name.startswith("check_")]
for name, check in checks:
    try:
        check()
    except Exception as failure:  # a failure of any kind names its check
        print("web.py: %s: %s: %s" % (name, type(failure).__name__, failure))
        sys.exit(1)
if not promtool:
    print("web.py: %d checks; SKIP: no promtool here (Debian: prometheus), the format of /metrics is not checked" % len(checks))
    sys.exit(77)
print("web.py: %d checks" % len(checks))
