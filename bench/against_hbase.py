#!/usr/bin/env python3
"""Stele against HBase in one command: starts both here, and runs `stele bench load --against` over them.

    against_hbase.py [--heap=2g] [OPTIONS OF bench load...]      e.g. --workload=ycsb-a --rows=100000 --duration=20s --depth=16

The same client, the same seed and the same requests at both; the last table has rates, latencies and the servers' CPU time per
operation side by side (B/A: HBase over Stele). STELE names the binary (build/release/cli/stele). HBase 2.6.4 runs with its default
settings on the jars of tests/interop; without them this is skipped (exit 77).
"""
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests" / "interop"))
os.environ.setdefault("STELE", str(TOP / "build" / "release" / "cli" / "stele"))
from servers import HBase, Stele, run_main  # noqa: E402


def main():
    options = [word for word in sys.argv[1:] if not word.startswith("--heap=")]
    heap = next((word.partition("=")[2] for word in sys.argv[1:] if word.startswith("--heap=")), "2g")
    if "--help" in options or "-h" in options:
        print(__doc__)
        return 0
    os.environ.setdefault("HBASE_JVM", "-Xmx" + heap)
    with tempfile.TemporaryDirectory(prefix="stele-against-") as directory:
        scratch = pathlib.Path(directory)
        hbase = HBase(str(scratch / "hbase"))
        try:
            stele = Stele(str(scratch / "stele"))
            try:
                return subprocess.run([os.environ["STELE"], "bench", "load", "--connect=" + stele.ports["hbase"],
                                       "--against=zookeeper:" + hbase.ports["zookeeper"], *options]).returncode
            finally:
                stele.stop()
        finally:
            hbase.stop()


if __name__ == "__main__":
    run_main(main)
