#!/usr/bin/env python3
"""A server more under load: how long until it carries its fair share, and what the load saw of that.

    bench/join.py DIR [RATE [TABLETS]]   DIR: a running cluster of tests/support/cluster.sh with the tablet servers t1 to tN

`stele bench load` asks for RATE (3000) gets and puts a second over a table of TABLETS (24), evenly, until all carry the same; then
t(N+1) is started. Each second what every server says of its requests is read (status 'simple'). Its fair share is 1/(N+1) of all
requests; told is when it first carried nine tenths of that and kept it for three seconds, how the others stood then, how
many tablets moved, and the latency of the load over all of it, failures included. Takes about a minute."""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tests/cluster"))
from wire import Cluster  # noqa: E402

STELE = os.environ.get("STELE", os.path.join(HERE, "../build/release/cli/stele"))
CLUSTER = os.path.join(HERE, "../tests/support/cluster.sh")
BEFORE_S, LIMIT_S, KEPT_S, ENOUGH = 12, 45, 3, 0.9


def shell(zookeeper, lines):
    return subprocess.run([STELE, "shell", "-n", zookeeper], input=lines, capture_output=True, text=True, check=True).stdout


def requests(zookeeper):
    """{host:port: requests a second} as the servers report."""
    found = re.findall(r"^    (\S+:\d+) \d+\n        requestsPerSecond=([\d.]+)", shell(zookeeper, "status 'simple'\n"), re.M)
    return {address: float(rate) for address, rate in found}


def tablets(cluster):
    return {region.encoded: address for address, region in cluster.regions() if region.table == "join"}


def main():
    directory = sys.argv[1]
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 24
    cluster = Cluster(directory)
    with open(os.path.join(directory, "zk/port")) as file:
        zookeeper = f"--zookeeper=127.0.0.1:{file.read().strip()}/hbase"
    splits = ", ".join(f"'user{number * 1000000 // count:06d}'" for number in range(1, count))
    shell(zookeeper, f"splitormerge_switch 'SPLIT', false\ncreate 'join', 'f', SPLITS => [{splits}]\n")
    load = subprocess.Popen([STELE, "bench", "load", zookeeper, "-q", "--reuse", "--fill", "--table=join", "--rows=50000",
                             "--key-order=hashed", "--mix=get:70,put:30", "--connections=4", f"--rate={rate}", "--warmup=0",
                             f"--duration={BEFORE_S + LIMIT_S + 5}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    time.sleep(BEFORE_S)
    before = tablets(cluster)
    name = f"t{1 + len([one for one in cluster.names() if one.startswith('t')])}"
    began = time.monotonic()
    subprocess.run([CLUSTER, "up", directory, name], check=True)
    up_s = time.monotonic() - began
    address, kept_since, reached, shares = cluster.address(name), None, None, {}
    while time.monotonic() < began + LIMIT_S:
        time.sleep(1)
        rates = requests(zookeeper)
        total = sum(rates.values())
        shares = {one: len(rates) * value / total for one, value in rates.items()} if total else {}
        print(f"  {time.monotonic() - began:5.1f} s: the new one carries {shares.get(address, 0):.2f} of a fair share; "
              f"others {' '.join(f'{value:.2f}' for one, value in sorted(shares.items()) if one != address)}", flush=True)
        if shares.get(address, 0) < ENOUGH:
            kept_since = None
        elif kept_since is None:
            kept_since = time.monotonic()
        elif time.monotonic() - kept_since >= KEPT_S:
            reached = kept_since - began
            break
    after = tablets(cluster)
    moved = sum(1 for one, at in after.items() if before.get(one) != at)
    held = sum(1 for at in after.values() if at == address)
    if reached:
        print(f"serving after {up_s:.1f} s; its fair share of {rate} requests/s after {reached:.1f} s; {moved} of {count} tablets moved, it has {held}")
    else:
        print(f"no fair share within {LIMIT_S} s; {moved} of {count} tablets moved, it has {held}")
    print(load.communicate()[0], end="")
    sys.exit(0 if reached and load.returncode == 0 else 1)


main()
