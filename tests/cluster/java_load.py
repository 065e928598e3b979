"""The stock Java client's linked list and bank (Endure.java) beside the load of libstele, for run-agitator."""
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))
from attacked import Failure, expect  # noqa: E402
from attacked import Skip as ClusterSkip  # noqa: E402
from servers import JVM_OPENS, Skip, compiled  # noqa: E402

VERSION = "2.6.4"
TABLES = ("javalist", "javabank")
START_S = 240


class JavaLoad:
    """The program; `finish` ends it and has it verify. What it writes goes to a file: a pipe that nobody reads would stop it."""

    def __init__(self, cluster, seed):
        try:
            path = compiled(VERSION)
        except Skip as skip:
            raise ClusterSkip(str(skip)) from skip
        self.log = open(os.path.join(cluster.directory, "java.log"), "w+")
        self.process = subprocess.Popen(
            ["java", "-Xmx300m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *JVM_OPENS, "-cp", f"{HERE.parent / 'interop/java'}:{path}",
             "stele.interop.Endure", cluster.zookeeper.split("/")[0], str(seed)], stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, text=True)
        deadline = time.monotonic() + START_S
        while "running" not in self.said():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise Failure(f"the Java load did not start: {self.said()[-2000:]}")
            time.sleep(0.1)

    def said(self):
        with open(self.log.name) as file:
            return file.read()

    def stop(self):
        """It begins to verify."""
        self.process.stdin.close()

    def finish(self, seconds=300):
        """The counts, by part and name."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            self.process.kill()
            raise Failure(f"the Java load did not end within {seconds} s: {self.said()[-2000:]}") from late
        said = self.said()
        counts = {}
        for part, rest in re.findall(r"^java (\w+): (.*)$", said, re.M):
            print(f"  java {part}: {rest}")
            counts[part] = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", rest)}
        failed = re.findall(r"^FAILED .*$", said, re.M)
        expect(self.process.returncode == 0 and not failed, f"the Java load failed (exit {self.process.returncode}): " + " | ".join(failed[:5] or [said[-2000:]]))
        return counts
