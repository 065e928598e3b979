"""terminal.py STELE ADDRESS SERVER-PID DIRECTORY: plays terminal.sh's part of the person (see there)."""
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import fcntl
import time

stele, address, server, directory = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
passed = failed = 0


class Terminal:
    """A shell on a terminal of 100 columns; what it shows is read as it comes."""

    def __init__(self):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(STELE_CONNECT=address, XDG_STATE_HOME=directory + "/state", TERM="xterm")
            os.execv(stele, [stele, "shell"])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))

    def type(self, text):
        self.shown = b""
        os.write(self.fd, text)

    def wait_for(self, wanted, seconds=60):
        """Reads until `wanted` was shown since the last type()."""
        end = time.monotonic() + seconds
        while wanted not in self.shown and time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.1)[0]:
                continue
            try:
                more = os.read(self.fd, 65536)
            except OSError:  # the shell has ended
                break
            if not more:
                break
            self.shown += more
        return wanted in self.shown

    def exit_code(self, seconds=60):
        """Of the shell that ends; -1 when it does not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.wait_for(b"\0", 0.1)  # a terminal that nobody reads would hold it up
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return -1


def check(name, is_right, terminal):
    global passed, failed
    if is_right:
        passed += 1
        return
    failed += 1
    print(f"FAILED {name}; the terminal shows:\n{terminal.shown[-600:]!r}")


rows = "".join(f"row{i:06}\tf:q\t{'v' * 60}\n" for i in range(20000))
with open(directory + "/rows", "w") as file:
    file.write(rows)
subprocess.run([stele, "shell", "-n", "-e", "create 'bigtable', 'family'; create 'rows', 'f'"], check=True,
               stdout=subprocess.DEVNULL, env=dict(os.environ, STELE_CONNECT=address))
subprocess.run([stele, "import", "rows", "--format=cells", directory + "/rows"], check=True,
               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ, STELE_CONNECT=address))

shell = Terminal()
check("it greets and prompts", shell.wait_for(b"stele:001:0> "), shell)
shell.type(b"scan 'bigt\t")
check("a table's name is completed, by a shell that has not asked anything yet", shell.wait_for(b"able"), shell)
shell.type(b"\x03")
check("^C abandons the line", shell.wait_for(b"stele:001:0> "), shell)
shell.type(b"exis\t")
check("a command is completed", shell.wait_for(b"ts"), shell)
shell.type(b"\x03")
shell.wait_for(b"stele:001:0> ")
shell.type(b"is_\t")
check("two commands are listed", shell.wait_for(b"is_enabled is_disabled"), shell)
shell.type(b"\x03")
shell.wait_for(b"stele:001:0> ")
shell.type(b"scan 'bigtable', {COLUMNS => 'fam\t")
check("a family's name is completed", shell.wait_for(b"ily"), shell)
shell.type(b"\x03")
shell.wait_for(b"stele:001:0> ")

shell.type(b"scan 'rows'\n")
check("a scan shows rows while it runs", shell.wait_for(b"row000100"), shell)
shell.type(b"\x03")
check("^C ends the scan and not the shell", shell.wait_for(b"ERROR: interrupted\r\nstele:002:0> "), shell)
check("it ended before its last row", b"row019999" not in shell.shown, shell)
shell.type(b"get 'rows', 'row000007'\n")
check("the next command runs", shell.wait_for(b"1 row(s)"), shell)
shell.wait_for(b"stele:003:0> ")

os.kill(server, signal.SIGSTOP)
shell.type(b"get 'rows', 'row000008'\n")
shell.wait_for(b"COLUMN")
shell.type(b"\x03")
check("^C ends a call that gets no answer", shell.wait_for(b"stele:004:0> "), shell)
os.kill(server, signal.SIGCONT)
shell.type(b"exists 'rows'\n")
check("and the next is answered", shell.wait_for(b"=> true"), shell)
shell.wait_for(b"stele:005:0> ")
shell.type(b"loop { exists 'rows' }\n")
shell.wait_for(b"does exist")
shell.type(b"\x03")
check("^C ends a loop of commands", shell.wait_for(b"stele:006:0> "), shell)

shell.type(b"put 'rows',\n")
check("an open statement is shown", shell.wait_for(b"stele:007:1* "), shell)
shell.type(b"'r', 'f:q', 'two\n")
check("an open string is shown", shell.wait_for(b"stele:008:1' "), shell)
shell.type(b"lines'\n")
check("it ends on a later line", shell.wait_for(b"Took") and shell.wait_for(b"stele:009:0> "), shell)

number = 9
for loop in (b"loop { }", b"5.times { 1000000000.times { } }", b"x = 0; (1..).each { |i| x = i }", b"0.upto(1 << 60) { |i| [i].each { } }",
             b"1.step { }", b"loop { system 'sleep 1' }"):
    shell.type(b"exists 'rows'; " + loop + b"\n")
    shell.wait_for(b"does exist")
    shell.type(b"\x03")
    number += 1
    check("^C ends a loop without commands: " + loop.decode(), shell.wait_for(b"ERROR: interrupted\r\nstele:%03d:0> " % number), shell)
shell.type(b"x >= 0\n")
check("and variables are kept", shell.wait_for(b"=> true"), shell)
shell.wait_for(b"stele:%03d:0> " % (number + 1))

shell.type(b"exists 'rows'; while true do end\n")
shell.wait_for(b"does exist")
shell.type(b"\x03")
began = time.monotonic()
while time.monotonic() - began < 10:  # a second ^C counts from the second second on after the shell saw the first, on a slow machine late
    shell.wait_for(b"\0", 0.2)
shell.type(b"\x03")
check("a second ^C leaves a while without commands, and the shell", shell.exit_code() == 130, shell)

shell = Terminal()
shell.wait_for(b"stele:001:0> ")
shell.type(b"\x1b[A")
check("history: the last line of the shell before", shell.wait_for(b"while true do end"), shell)
shell.type(b"\x03")
shell.wait_for(b"stele:001:0> ")
shell.type(b"\x04")
check("^D leaves", shell.exit_code() == 0, shell)
shell = Terminal()
shell.wait_for(b"stele:001:0> ")
shell.type(b"exit 3\n")
check("exit tells its code", shell.exit_code() == 3, shell)

print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(1 if failed else 0)
