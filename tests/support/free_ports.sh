# Sourced: free_ports N prints so many free ports, below those that the system gives to outgoing connections: one of these might
# have it before the server does, or when a server that died comes back to where clients look for it. With STELE_PORTS=N, of N to
# N + 499: ./check gives scripts that run side by side ports of their own.
free_ports() {
    python3 -c '
import os, random, socket, sys
first = int(os.environ.get("STELE_PORTS", 0))
held = []
while len(held) < int(sys.argv[1]):
    one = socket.socket()
    try:
        one.bind(("127.0.0.1", random.randint(first or 20000, first + 499 if first else 32000)))
        held.append(one)
    except OSError:
        pass
print(*[one.getsockname()[1] for one in held])' "$1"
}
