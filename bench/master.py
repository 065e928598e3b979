#!/usr/bin/env python3
"""The leading master is killed with -9: how long until another leads and has made a change, and what writers see meanwhile.

    bench/master.py DIR [ROUNDS]    DIR: a running cluster of tests/support/cluster.sh with two masters (SESSION as in its
                                    environment, default 2s)

Told beyond the session's time-out: until the other says that it runs, and until a table asked of it is there. A writer for each of six tablets
goes on all the time: its longest pause, beside the longest without a kill, and what it was refused with."""
import os
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tests/cluster"))
from wire import Cluster, Connection, Refused, put  # noqa: E402

STELE = os.environ.get("STELE", os.path.join(HERE, "../build/release/cli/stele"))
CLUSTER = os.path.join(HERE, "../tests/support/cluster.sh")
CALM_S = 5


class Writer(threading.Thread):
    def __init__(self, address, region):
        super().__init__(daemon=True)
        self.connection, self.region = Connection(address, "ClientService"), region
        self.longest, self.writes, self.refused, self.is_stopping = 0, 0, [], False

    def run(self):
        last = time.monotonic()
        while not self.is_stopping:
            try:
                self.connection.call("Mutate", put(self.region.encoded, self.region.start + b"!", "f", "q", b"%d" % self.writes))
                self.writes += 1
            except (OSError, Refused) as refusal:
                self.refused.append(str(refusal)[:100])
                time.sleep(0.01)
            now = time.monotonic()
            self.longest, last = max(self.longest, now - last), now
            time.sleep(0.005)


def leader(cluster, but=None):
    for name in cluster.names():
        if name.startswith("m") and name != but:
            try:
                connection = Connection(cluster.address(name), "MasterService", 2)
                if connection.call("IsMasterRunning").get(1) == [1]:
                    return name
            except (OSError, Refused):
                continue
    return None


def main():
    directory = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    session = float(os.environ.get("SESSION", "2s").rstrip("s"))
    cluster = Cluster(directory)
    with open(os.path.join(directory, "zk/port")) as file:
        zookeeper = f"--zookeeper=127.0.0.1:{file.read().strip()}/hbase"

    def create(table, options=""):
        subprocess.run([STELE, "shell", "-n", zookeeper], input=f"create '{table}', 'f'{options}\n".encode(), stdout=subprocess.DEVNULL, check=True)

    create("master", ", SPLITS => ['b', 'c', 'd', 'e', 'f']")
    writers = [Writer(address, region) for address, region in cluster.regions() if region.table == "master"]
    for writer in writers:
        writer.start()

    def longest():
        most = max(writer.longest for writer in writers)
        for writer in writers:
            writer.longest = 0
        return most * 1000

    leads, changes = [], []
    time.sleep(1)
    longest()
    for number in range(rounds):
        time.sleep(CALM_S)
        calm, victim = longest(), leader(cluster)
        began = time.monotonic()
        subprocess.run([CLUSTER, "kill", directory, victim], check=True)
        while not leader(cluster, victim):
            time.sleep(0.01)
        leads.append(time.monotonic() - began - session)
        create(f"after{number}")
        changes.append(time.monotonic() - began - session)
        print(f"round {number + 1}: beyond the session of {session:.0f} s the other led after {leads[-1]:.2f} s, and had made a table after "
              f"{changes[-1]:.2f} s; writers paused {longest():.0f} ms at most ({calm:.0f} ms in {CALM_S} s without)", flush=True)
        subprocess.run([CLUSTER, "up", directory, victim], check=True)
    for writer in writers:
        writer.is_stopping = True
        writer.join()
    refused = [one for writer in writers for one in writer.refused]
    print(f"medians: leads {statistics.median(leads):.2f} s, a change {statistics.median(changes):.2f} s beyond the session; "
          f"{sum(writer.writes for writer in writers)} writes, {len(refused)} refused {refused[:3]}")
    sys.exit(1 if refused else 0)


main()
