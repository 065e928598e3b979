#!/usr/bin/env python3
"""How long rows cannot be written when their server is killed with -9: for each tablet of the dead server the time from the last
acknowledgement before to the first one after, beyond the session's time-out.

    bench/kill.py DIR [MEGABYTES [ROUNDS]]   DIR: a running cluster of tests/support/cluster.sh (SESSION as in its environment,
                                             default 2s); MEGABYTES of log to recover (default 200), on one server

The tablets (12) are spread over the servers; before each round rows of 10 KB are written until the victim has that much that was
not flushed. A writer for each tablet looks for its tablet on all servers, every 10 ms, once its own is gone."""
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tests/cluster"))
from wire import Cluster, Connection, Refused, put  # noqa: E402

STELE = os.environ.get("STELE", os.path.join(HERE, "../build/release/cli/stele"))
CLUSTER = os.path.join(HERE, "../tests/support/cluster.sh")
TABLETS = 12


class Writer(threading.Thread):
    def __init__(self, cluster, address, region):
        super().__init__(daemon=True)
        self.cluster, self.address, self.region = cluster, address, region
        self.connection = None
        self.times = [time.monotonic()]
        self.longest = (0, None, None)
        self.is_stopping = False

    def find(self):
        for address in self.cluster.tablet_servers():
            try:
                connection = Connection(address, "ClientService", 5)
                connection.call("Mutate", put(self.region.encoded, self.region.start + b"!", "f", "q", b"w"))
                self.address, self.connection = address, connection
                return True
            except (OSError, Refused):
                continue
        return False

    def run(self):
        number = 0
        while not self.is_stopping:
            try:
                if not self.connection and not self.find():
                    time.sleep(0.01)
                    continue
                self.connection.call("Mutate", put(self.region.encoded, self.region.start + b"!", "f", "q", b"%d" % number))
                now = time.monotonic()
                if now - self.times[-1] > self.longest[0]:
                    self.longest = (now - self.times[-1], self.times[-1], now)
                self.times = [now]
                number += 1
                time.sleep(0.002)
            except (OSError, Refused):
                self.connection = None


def fill(regions, megabytes):
    """So much into the victim's tablets, evenly."""
    count = megabytes * 100 // len(regions)

    def one(address, region):
        connection = Connection(address, "ClientService")
        for number in range(count):
            connection.call("Mutate", put(region.encoded, region.start + b"%08d" % number, "f", "q", os.urandom(10000)))

    threads = [threading.Thread(target=one, args=place) for place in regions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    directory = sys.argv[1]
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    session = float(os.environ.get("SESSION", "2s").rstrip("s"))
    cluster = Cluster(directory)
    with open(os.path.join(directory, "zk/port")) as file:
        zookeeper = f"--zookeeper=127.0.0.1:{file.read().strip()}/hbase"
    splits = ", ".join(f"'{chr(ord('b') + i)}'" for i in range(TABLETS - 1))
    subprocess.run([STELE, "shell", zookeeper], input=f"create 'kill', 'f', SPLITS => [{splits}]\nbalance_switch false\n".encode(),
                   stdout=subprocess.DEVNULL, check=True)
    for number in range(rounds):
        subprocess.run([STELE, "shell", zookeeper], input=b"flush 'kill'\n", stdout=subprocess.DEVNULL, check=True)
        regions = [(address, region) for address, region in cluster.regions() if region.table == "kill"]
        names = [name for name in cluster.names() if name.startswith("t")]
        victim = names[number % len(names)]
        address = cluster.address(victim)
        lost = [place for place in regions if place[0] == address]
        fill(lost, megabytes)
        writers = [Writer(cluster, a, r) for a, r in regions]
        for writer in writers:
            writer.start()
        time.sleep(1)
        for writer in writers:
            writer.longest = (0, None, None)
        killed = time.monotonic()
        subprocess.run([CLUSTER, "kill", directory, victim], check=True)
        time.sleep(session + 5)
        for writer in writers:
            writer.is_stopping = True
        gaps = sorted(w.longest[0] for w in writers if w.region.encoded in {r.encoded for _, r in lost})
        others = max(w.longest[0] for w in writers if w.region.encoded not in {r.encoded for _, r in lost})
        print(f"round {number + 1}: {len(lost)} tablets, {megabytes} MB of log: {gaps[0]:.2f} to {gaps[-1]:.2f} s without them, "
              f"{gaps[-1] - session:.2f} s beyond the session of {session:.0f} s; other tablets at most {others * 1000:.0f} ms")
        subprocess.run([CLUSTER, "up", directory, victim], check=True)
        time.sleep(3)


main()
