# The Debian packages that building and testing need, in one place. Sourced by ./quickstart and ./check.

# To build ./stele and libstele.
packages_build="gcc libc6-dev make meson ninja-build pkg-config
    libevent-dev libssl-dev libprotobuf-c-dev protobuf-c-compiler
    liblz4-dev libzstd-dev libsnappy-dev zlib1g-dev libxxhash-dev
    libpcre2-dev libjansson-dev libmruby-dev mruby libedit-dev libzookeeper-mt-dev"

# The pages are bundled at build time; Node.js may be there from elsewhere, with npm of its own, which Debian's would fight.
command -v node >/dev/null || packages_build="$packages_build nodejs"
command -v npm >/dev/null || packages_build="$packages_build npm"

# To run ./check as well: clang for the second opinion, fuzzing and format; lld to link the many programs of tests; cmocka for the tests; Java and maven for the
# stock clients and for real HBase; ZooKeeper's jars for a cluster (no service comes with them); spin for the models; valgrind for callgrind, which counts what measuring costs; iproute2 and nftables for
# partitions between servers; prometheus for promtool, which judges /metrics and alerts; redis for the figures beside it; Chromium and a font for the pages.
packages_test="clang lld clang-tidy clang-format cppcheck libclang-rt-14-dev libcmocka-dev
    git python3 procps valgrind netcat-openbsd redis-server openjdk-17-jdk-headless maven
    libzookeeper-java libslf4j-java spin iproute2 nftables chromium fonts-dejavu-core prometheus"

# To play with a cluster: ./quickstart cluster.
packages_cluster="openjdk-17-jre-headless libzookeeper-java libslf4j-java"

# with_tries COMMAND...: what fetches from a registry, until it succeeds: four times, with pauses, for an answer may be lost on the way.
with_tries() {
    for pause in 5 15 30 0; do
        ! "$@" || return 0
        [ $pause -eq 0 ] || { echo "'$*' failed; once more in $pause s" >&2; sleep $pause; }
    done
    return 1
}

# install_packages WHAT PACKAGE...: installs those of the packages that are missing, after saying which.
install_packages() {
    what=$1
    shift
    missing=
    for package in "$@"; do
        case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "No apt-get here. To $what, install what Debian calls:$missing" >&2
        return 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "To $what, install as root:$missing" >&2; return 1; }
        as_root=sudo
    fi
    echo "Installing, to $what:$missing"
    # No service is to be started by what is installed for tests (policy-rc.d is Debian's way to say so).
    with_tries $as_root apt-get -qq update &&
        with_tries $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
            apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing >/dev/null
}
