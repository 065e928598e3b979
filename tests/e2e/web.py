"""What the web port promises (docs/api.md), asked by plain HTTP: answers, refusals, headers.

  web.py --stele PROGRAM --hbase HOST:PORT --web HOST:PORT

Each check is a function `check_*`; a failure names it and ends with exit 1."""
import argparse
import http.client
import json
import socket
import sys

arguments = argparse.ArgumentParser()
for name in ("stele", "hbase", "web"):
    arguments.add_argument("--" + name, required=True)
options = arguments.parse_args()
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


def ask(path, method="GET", headers=None, body=None):
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def raw(text):
    """Sends bytes as they are; what came back until the end or a second of silence."""
    with socket.create_connection((host, int(port)), timeout=5) as end:
        end.sendall(text)
        end.settimeout(1)
        got = b""
        try:
            while piece := end.recv(65536):
                got += piece
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
    doubled = raw(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n")
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


def check_many_connections():
    """More than it takes at once: none is lost, they wait."""
    ends = [socket.create_connection((host, int(port)), timeout=10) for _ in range(200)]
    for end in ends:
        end.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    expect(all(end.recv(100).startswith(b"HTTP/1.1 200") for end in ends), "each is answered")
    for end in ends:
        end.close()


checks = [(name, check) for name, check in list(globals().items()) if name.startswith("check_")]
for name, check in checks:
    try:
        check()
    except Exception as failure:  # a failure of any kind names its check
        print("web.py: %s: %s: %s" % (name, type(failure).__name__, failure))
        sys.exit(1)
print("web.py: %d checks" % len(checks))
