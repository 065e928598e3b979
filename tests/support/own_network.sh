# Sourced: the script goes on in a network of its own, in which nobody else has the ports that clients expect; where that
# cannot be, it is skipped.
if [ -z "${OWN_NETWORK:-}" ]; then
    command -v ip >/dev/null && unshare -n true 2>/dev/null ||
        { echo "SKIP: no network of its own here (needs root, unshare and Debian's iproute2)"; exit 77; }
    export OWN_NETWORK=yes
    exec unshare -n -- "$0" "$@"
fi
ip link set lo up
