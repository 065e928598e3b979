#!/usr/bin/env python3
"""Runs HBase's own PerformanceEvaluation, the stock program, against Stele and against real HBase in turn.

    pe.py [--rows=N] [--threads=N] [--value=BYTES] [--work=NAME,...] [--servers=stele,hbase] [--zookeeper=HOST:PORT --pid=PID]

For each work it prints the rate, the CPU time of client and server per operation (user + system, the server's from /proc), and beside it the most that this
client could reach here if the server cost nothing: cores divided by the client's own CPU per operation. The last lines are the ratios of Stele to HBase.
--zookeeper and --pid measure a server that runs already. STELE names the binary (build/release/stele). HBase runs with its default settings and a heap of 2 GB.
"""
import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests" / "interop"))
from servers import JVM_OPENS, Failure, HBase, Stele, class_path, run_main  # noqa: E402

PROGRAM = "org.apache.hadoop.hbase.PerformanceEvaluation"
RUN_LIMIT_S = 300
# Name: the program's options and command, and the most threads that run it. Later works read what earlier ones wrote. One scanner
# waits for the server's answer before it works on it; four keep both cores of the client busy.
WORKS = {
    "load": (["sequentialWrite"], 1),
    "put": (["--autoFlush=true", "randomWrite"], None),
    "write": (["randomWrite"], None),
    "get": (["randomRead"], None),
    "scan": (["--caching=1000", "scan"], 4),
}
LOG = """log4j.rootLogger=WARN,out
log4j.logger.org.apache.hadoop.hbase.PerformanceEvaluation=INFO
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%m%n
"""


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Program:
    """The stock program with its class path, against one server."""

    def __init__(self, scratch, zookeeper, options):
        (scratch / "log4j.properties").write_text(LOG)
        host, port = zookeeper.rsplit(":", 1)
        self.command = ["java", "-Xmx1g", *JVM_OPENS, "-cp", f"{scratch}:{class_path('server')}", PROGRAM,
                        f"-Dhbase.zookeeper.quorum={host}", f"-Dhbase.zookeeper.property.clientPort={port}", "--nomapred", "--oneCon=true",
                        f"--valueSize={options.value}"]

    def run(self, work, rows, threads):
        """Returns the seconds that the slowest thread took and the CPU seconds of the program."""
        arguments, most = WORKS[work]
        *flags, verb = arguments
        if most and most < threads:
            rows, threads = rows * threads // most, most
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([*self.command, f"--rows={rows}", *flags, verb, str(threads)], capture_output=True, text=True, timeout=RUN_LIMIT_S)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        summary = re.search(r"Summary of timings \(ms\): \[(.*?)\]", done.stdout + done.stderr)
        if done.returncode != 0 or not summary:
            raise Failure(f"{verb} failed with exit code {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
        seconds = max(float(ms) for ms in summary.group(1).split(",")) / 1000
        return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(name, zookeeper, pid, scratch, options):
    """Runs all works; returns {work: (operations a second, client's and server's CPU seconds per operation)}."""
    program = Program(scratch, zookeeper, options)
    operations = options.rows * options.threads
    figures = {}
    _, start_up = program.run("load", 1, 1)  # the JVM's own start, which is no operation's cost
    for work in options.work:
        before = cpu_seconds(pid)
        seconds, client = program.run(work, options.rows, options.threads)
        server = (cpu_seconds(pid) - before) / operations
        client = max(client - start_up, 0) / operations
        rate = operations / seconds
        most = os.cpu_count() / client if client else float("inf")
        figures[work] = (rate, client, server)
        print(f"{name:12} {work:6} {rate:10,.0f} a second   client {client * 1e6:7.1f} us   server {server * 1e6:7.1f} us   "
              f"{100 * rate / most:5.1f} % of the {most:,.0f} that this client can reach", flush=True)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10000, help="operations of each thread (10000)")
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--value", type=int, default=100)
    parser.add_argument("--work", type=lambda text: text.split(","), default=list(WORKS), help=",".join(WORKS))
    parser.add_argument("--servers", type=lambda text: text.split(","), default=["stele", "hbase"])
    parser.add_argument("--zookeeper")
    parser.add_argument("--pid", type=int)
    options = parser.parse_args()
    os.environ.setdefault("HBASE_JVM", "-Xmx2g")

    with tempfile.TemporaryDirectory(prefix="stele-pe-") as directory:
        scratch = pathlib.Path(directory)
        if options.zookeeper:
            measure(options.zookeeper, options.zookeeper, options.pid, scratch, options)
            return 0
        figures = {}
        for name in options.servers:
            server = {"stele": Stele, "hbase": HBase}[name](str(scratch / name))
            try:
                figures[name] = measure(server.name, server.ports["zookeeper"], server.pid, scratch, options)
            finally:
                server.stop()
        if len(figures) == 2:
            for work in options.work:
                ours, theirs = figures["stele"][work], figures["hbase"][work]
                print(f"ratio {work:6} rate {ours[0] / theirs[0]:6.2f}   server CPU per operation {ours[2] / theirs[2]:6.3f} (1/{theirs[2] / ours[2]:.1f})")
    return 0


if __name__ == "__main__":
    run_main(main)
