"""The two servers of the comparison, started on free ports in directories of their own, and the jars of the stock programs."""
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
CACHE = TOP / "build" / "interop"
JVM_OPENS = ["--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED"]


class Failure(Exception):
    """The work could not be done; the text says why."""


class Skip(Exception):
    """The stock programs cannot be had here."""


def class_path(name):
    """The jars of `client-2.6.4`, `client-2.5.10` or `server`."""
    done = subprocess.run([HERE / "classpath.sh", name], capture_output=True, text=True)
    if done.returncode == 77:
        raise Skip(done.stderr.strip())
    if done.returncode != 0:
        raise Failure(done.stderr.strip())
    return done.stdout.strip()


def compiled(version):
    """The class path of our Java programs, compiled against this client if a source is newer than its classes."""
    jars = class_path("client-" + version)
    classes = CACHE / ("classes-" + version)
    stamp = classes / "stamp"
    sources = sorted((HERE / "java" / "src").rglob("*.java"))
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"classes-{version}.lock", "w") as lock:  # scripts run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or any(source.stat().st_mtime > stamp.stat().st_mtime for source in sources):
            shutil.rmtree(classes, ignore_errors=True)
            classes.mkdir(parents=True)
            done = subprocess.run(["javac", "-nowarn", "-proc:none", "-cp", jars, "-d", classes, *sources], capture_output=True, text=True)
            if done.returncode != 0:
                raise Failure("javac: " + done.stderr)
            stamp.touch()
    return f"{classes}:{jars}"


def run_main(main):
    """Ends the program with what main returns. A skip is loud, and a failure where CI promises that nothing is missing."""
    name = pathlib.Path(sys.argv[0]).name
    try:
        sys.exit(main())
    except Skip as skip:
        print(f"{name}: SKIP: {skip}", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    except (Failure, AssertionError) as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        sys.exit(1)


class HBase:
    """Real HBase. `ports` has zookeeper, master, regionserver and hbase (the master's, which serves as RPC registry)."""

    name = "HBase 2.6.4"

    def __init__(self, directory):
        self.directory = directory
        done = subprocess.run([HERE / "hbase.sh", "start", directory], capture_output=True, text=True)
        if done.returncode == 77:
            raise Skip(done.stderr.strip())
        if done.returncode != 0:
            raise Failure("HBase did not start: " + done.stderr)
        self.ports = dict(word.split("=") for word in done.stdout.split()[1:])
        self.ports["hbase"] = self.ports["master"]
        self.pid = int(self.ports.pop("pid"))

    def stop(self):
        subprocess.run([HERE / "hbase.sh", "stop", self.directory], check=False)


class Stele:
    """`stele standalone` on an empty directory. `ports` is its ready line. STELE names the binary."""

    name = "Stele"

    def __init__(self, directory, *options):
        binary = os.environ.get("STELE", TOP / "build" / "release" / "stele")
        self.log = open(f"{directory}.log", "w")
        self.process = subprocess.Popen(
            [binary, "standalone", directory, "--listen=127.0.0.1:0", "--zookeeper-port=0", "--web-port=off", "--bigtable-port=off", *options],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.pid = self.process.pid
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self.process.kill()
            self.process.wait()
            raise Failure(f"stele did not start: '{line.strip()}'; the end of its log:\n{self._tail()}")
        self.ports = dict(word.split("=") for word in line.split()[1:])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "none within 60 s of SIGTERM"
        self.log.close()
        if code != 0:
            raise Failure(f"stele's exit code: {code}; the end of its log:\n{self._tail()}")

    def _tail(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")[-2000:]


class SteleCluster:
    """Two masters and three tablet servers with a ZooKeeper of their own (tests/support/cluster.sh)."""

    name = "Stele's cluster"

    def __init__(self, directory, *options):
        os.makedirs(directory)
        self.directory = directory
        said = self._run("start", "2", "3")
        self.ports = {"zookeeper": said.split("zookeeper=")[1].split("/")[0], "tabletserver": self._run("address", "t2").strip()}

    def _run(self, verb, *arguments):
        environment = {"STELE": str(TOP / "build" / "release" / "stele"), **os.environ}
        done = subprocess.run([TOP / "tests" / "support" / "cluster.sh", verb, self.directory, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=environment, timeout=300, check=False)
        if done.returncode == 77:
            raise Skip(done.stdout.strip())
        if done.returncode:
            raise Failure(f"cluster.sh {verb}: {done.stdout[-2000:]}")
        return done.stdout

    def stop(self):
        self._run("end")
