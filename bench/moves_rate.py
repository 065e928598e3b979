#!/usr/bin/env python3
"""Throughput of a closed loop while one tablet moves each second, beside the same without moves: rounds interleaved, medians.

    bench/moves_rate.py DIR [ROUNDS]     DIR: a running cluster of tests/support/cluster.sh, two tablet servers or more"""
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tests/cluster"))
from wire import Cluster, field  # noqa: E402

STELE = os.environ.get("STELE", os.path.join(HERE, "../build/release/cli/stele"))
MIXES = {"puts, depth 16": "put:100", "gets, depth 16": "get:100", "7 puts to 3 gets": "put:70,get:30"}


class Mover(threading.Thread):
    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.moves, self.is_stopping = cluster, 0, False
        self.dice = random.Random(1)

    def run(self):
        master, servers = self.cluster.master(), self.cluster.server_texts()
        while not self.is_stopping:
            begin = time.monotonic()
            address, region = self.dice.choice([place for place in self.cluster.regions() if place[1].table == "rate"])
            target = self.dice.choice([one for one in servers if one != address])
            self.cluster.move(master, region.encoded, servers[target])
            self.moves += 1
            time.sleep(max(0, begin + 1 - time.monotonic()))


def main():
    cluster = Cluster(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with open(os.path.join(sys.argv[1], "zk/port")) as file:
        zookeeper = f"--zookeeper=127.0.0.1:{file.read().strip()}/hbase"
    splits = ", ".join(f"'{number:08x}'" for number in range(1 << 28, 1 << 32, 1 << 29))
    subprocess.run([STELE, "shell", zookeeper], input=f"create 'rate', 'f', SPLITS => [{splits}]\n".encode(),
                   stdout=subprocess.DEVNULL, check=True)

    master = cluster.master()  # nothing else moves or splits meanwhile
    master.call("SetBalancerRunning", field(1, 0))
    master.call("SetSplitOrMergeEnabled", field(1, 0) + field(3, 0) + field(3, 1))

    def rate(mix):
        done = subprocess.run([STELE, "bench", "load", zookeeper, "-q", "--json", "--reuse", "--key-order=hashed", "--table=rate", "--rows=50000", "--mix=" + mix, "--depth=16",
                               "--duration=4", "--warmup=0.5"], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["totals"]["rate"]

    subprocess.run([STELE, "bench", "load", zookeeper, "-q", "--reuse", "--key-order=hashed", "--table=rate", "--rows=50000", "--fill", "--operations=1"],
                   stdout=subprocess.DEVNULL, check=True)
    for name, mix in MIXES.items():
        without, with_moves, moves = [], [], 0
        for _ in range(rounds):
            without.append(rate(mix))
            mover = Mover(cluster)
            mover.start()
            with_moves.append(rate(mix))
            mover.is_stopping = True
            mover.join()
            moves += mover.moves
        a, b = statistics.median(without), statistics.median(with_moves)
        print(f"{name:18} without {a:8.0f}/s, with a move a second {b:8.0f}/s: {100 * b / a:5.1f} % ({moves} moves)")


main()
