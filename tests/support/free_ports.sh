# Sourced: free_ports N prints so many free ports, below those that the system gives to outgoing connections: one of these might
# have it before the server does, or when a server that died comes back to where clients look for it.
free_ports() {
    python3 -c '
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    one = socket.socket()
    try:
        one.bind(("127.0.0.1", random.randint(20000, 32000)))
        held.append(one)
    except OSError:
        pass
print(*[one.getsockname()[1] for one in held])' "$1"
}
