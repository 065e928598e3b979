#!/usr/bin/env python3
"""Programs that others wrote for HBase, unmodified and by package name, against Stele.

    run-programs.py [--only=NAME]

asynchbase (Maven) and hbase-rpc-client (npm) ask real HBase and Stele the same questions, and get the same answers. OpenTSDB takes points in and
adds them up; JanusGraph loads its example graph and walks it, also once it is opened anew. STELE names the binary. Ends with a line that
says how many answers were right; exit 77: the packages cannot be had here."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from servers import CACHE, HERE, JVM_OPENS, TOP, Failure, HBase, Skip, Stele, class_path, run_main

PROGRAMS = HERE / "programs"
LIMIT_S = 600
POINTS = 2000


def output(command, **more):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False, **more)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{command[0]} {command[-1]}: no end within {LIMIT_S} s") from error
    if done.returncode:
        raise Failure(f"{command[0]} {command[-1]}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def shell(server, commands):
    binary = os.environ.get("STELE", TOP / "build" / "release" / "stele")
    output([binary, "shell", f"--zookeeper={server.ports['zookeeper']}", "-n", "-e", commands])


def answers(text):
    return [line for line in text.splitlines() if " => " in line]


def java(name, source, *arguments):
    return output(["java", "-Xmx512m", *JVM_OPENS, "-cp", class_path(name), PROGRAMS / name / source, *arguments])


# ---- What HBase is asked as well ----

def asynchbase(server):
    shell(server, "create 'async', 'f', SPLITS => ['r01000', 'r03000']")
    return answers(java("asynchbase", "Questions.java", server.ports["zookeeper"]))


def node_modules():
    """The folder with hbase-rpc-client, installed as its lock file says."""
    folder = CACHE / "hbase-rpc-client"
    lock = PROGRAMS / "hbase-rpc-client" / "package-lock.json"
    installed = folder / "installed"
    if not shutil.which("npm"):
        raise Skip("no npm here (Debian: nodejs, npm)")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "questions.js"):
        shutil.copy(PROGRAMS / "hbase-rpc-client" / name, folder)
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        install = '. tools/packages.sh && cd "$0" && with_tries timeout 120 npm ci --prefer-offline --loglevel=error'
        done = subprocess.run(["bash", "-c", install, folder], cwd=TOP, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Skip("hbase-rpc-client could not be installed: " + done.stderr[:300])
        shutil.copy(lock, installed)
    return folder


def hbase_rpc_client(server):
    folder = node_modules()
    shell(server, "create 'node', 'f', 'g', SPLITS => ['m0090', 'm0180', 'm0270']")
    return answers(output(["node", "--no-deprecation", "questions.js", server.ports["zookeeper"]], cwd=folder))


def compare(name, ask, hbase, stele):
    expected, found = ask(hbase), ask(stele)
    if expected != found or not expected:
        wrong = [f"  HBase: {one}\n  Stele: {other}" for one, other in zip(expected, found) if one != other]
        raise Failure(f"{name}: {len(expected)} answers of HBase, {len(found)} of Stele\n" + "\n".join(wrong))
    print(f"{name}: {len(found)} answers as HBase's", flush=True)
    return len(found)


# ---- What knows its own answers ----

OPENTSDB = """tsd.network.bind = 127.0.0.1
tsd.network.port = {port}
tsd.http.staticroot = {directory}
tsd.http.cachedir = {directory}
tsd.http.request.enable_chunked = true
tsd.http.request.max_chunk = 10000000
tsd.core.auto_create_metrics = true
tsd.core.meta.enable_realtime_ts = true
tsd.core.meta.enable_realtime_uid = true
tsd.core.meta.enable_tsuid_tracking = true
tsd.core.meta.enable_tsuid_incrementing = true
tsd.storage.hbase.zk_quorum = {zookeeper}
"""


def told(url, what=None, tries=1):
    """What is answered, from JSON; again while nobody listens."""
    data = None if what is None else json.dumps(what).encode()
    for left in range(tries - 1, -1, -1):
        try:
            request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
            return json.loads(urllib.request.urlopen(request, timeout=60).read() or b"null")
        except urllib.error.HTTPError as error:
            raise Failure(f"OpenTSDB: {url}: {error.code} {error.read()[:500]}") from error
        except urllib.error.URLError as error:
            if not left:
                raise Failure(f"OpenTSDB: {url}: {error}") from error
            time.sleep(0.2)
    return None


def ask_opentsdb(url):
    begin = 1700000000
    points = [{"metric": "cpu", "timestamp": begin + i, "value": i % 97, "tags": {"host": f"h{i % 20}", "dc": f"d{i % 3}"}} for i in range(POINTS)]
    told(f"{url}/api/version", tries=300)
    stored = sum(told(f"{url}/api/put?details&sync", points[i:i + 250])["success"] for i in range(0, POINTS, 250))
    span = {"start": begin - 1, "end": begin + POINTS}
    query = {"aggregator": "sum", "metric": "cpu", "downsample": "0all-sum"}
    [total] = told(f"{url}/api/query", {**span, "queries": [query]})
    by_host = told(f"{url}/api/query", {**span, "queries": [
        {**query, "filters": [{"type": "wildcard", "tagk": "host", "filter": "h1*", "groupBy": True}]}]})
    for _ in range(100):  # series are written down after their points
        lookup = told(f"{url}/api/search/lookup", {"metric": "cpu", "tags": [{"key": "dc", "value": "d1"}], "limit": 100})
        if len(lookup["results"]) == 20:
            break
        time.sleep(0.2)

    def of(chosen):
        return float(sum(point["value"] for point in chosen))
    return [
        ("points taken", stored, POINTS),
        ("their sum", list(total["dps"].values()), [of(points)]),
        ("hosts that begin with h1", sorted((one["tags"]["host"], *one["dps"].values()) for one in by_host),
         sorted((host, of(p for p in points if p["tags"]["host"] == host)) for host in {p["tags"]["host"] for p in points} if host.startswith("h1"))),
        ("series of a data centre", len(lookup["results"]), 20),
        ("metrics", told(f"{url}/api/suggest?type=metrics&q=c"), ["cpu"]),
    ]


def opentsdb(stele, directory):
    shell(stele, "create 'tsdb-uid', {NAME => 'id', DATA_BLOCK_ENCODING => 'DIFF'}, 'name'; create 'tsdb', {NAME => 't', DATA_BLOCK_ENCODING => 'DIFF'};"
                 "create 'tsdb-tree', 't'; create 'tsdb-meta', 'name'")
    port = output(["bash", "-c", ". tests/support/free_ports.sh; free_ports 1"], cwd=TOP).strip()
    (directory / "opentsdb.conf").write_text(OPENTSDB.format(port=port, directory=directory, zookeeper=stele.ports["zookeeper"]))
    with open(directory / "opentsdb.log", "w+", encoding="utf-8") as log:
        daemon = subprocess.Popen(["java", "-Xmx512m", "-cp", class_path("opentsdb"), "net.opentsdb.tools.TSDMain",
                                   f"--config={directory / 'opentsdb.conf'}"], cwd=directory, stdout=log, stderr=log)
        try:
            checks = ask_opentsdb(f"http://127.0.0.1:{port}")
        except Failure as failure:
            log.seek(0)
            raise Failure(f"{failure}; the end of its log:\n{log.read()[-2000:]}") from failure
        finally:
            daemon.kill()
            daemon.wait()
    for what, found, expected in checks:
        if found != expected:
            raise Failure(f"OpenTSDB: {what}: {found} instead of {expected}")
    print(f"opentsdb: {len(checks)} answers right, of {POINTS} points", flush=True)
    return len(checks)


GODS = [
    "vertices => 61", "edges => 66", "who is Saturn's grandchild => hercules", "whom did he battle => cerberus hydra nemean",
    "a name by its index => hydra",
]


def janusgraph(stele, _directory):
    found = answers(java("janusgraph", "Gods.java", stele.ports["zookeeper"].rpartition(":")[2]))
    if found != GODS * 2:
        raise Failure("JanusGraph: " + "\n".join(found))
    print(f"janusgraph: {len(found)} answers right", flush=True)
    return len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="of asynchbase, hbase-rpc-client, opentsdb, janusgraph")
    only = parser.parse_args().only
    compared = {"asynchbase": asynchbase, "hbase-rpc-client": hbase_rpc_client}
    alone = {"opentsdb": opentsdb, "janusgraph": janusgraph}
    if only and only not in {**compared, **alone}:
        parser.error(f"there is no program '{only}'")
    right = 0
    with tempfile.TemporaryDirectory(prefix="stele-programs-") as place:
        directory = pathlib.Path(place)
        stele = Stele(str(directory / "stele"))
        try:
            if not only or only in compared:
                hbase = HBase(str(directory / "hbase"))
                try:
                    right += sum(compare(name, ask, hbase, stele) for name, ask in compared.items() if only in (None, name))
                finally:
                    hbase.stop()
            right += sum(ask(stele, directory) for name, ask in alone.items() if only in (None, name))
        finally:
            stele.stop()
    print(f"{right} answers of programs that others wrote, all right")
    return 0


if __name__ == "__main__":
    run_main(main)
