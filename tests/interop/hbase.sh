#!/bin/sh
# Real HBase 2.6.4, one process with its own ZooKeeper, on free ports of 127.0.0.1: the server that Stele is compared with.
#
#   hbase.sh start DIR     makes DIR, starts, waits until it serves (about 15 s) and prints one line:
#                          ready zookeeper=127.0.0.1:PORT master=127.0.0.1:PORT regionserver=127.0.0.1:PORT pid=PID
#   hbase.sh stop DIR      kills it (its data is of no worth) and removes DIR
#
# Clients come in by the ZooKeeper port (znode /hbase) or, as RPC registry, by the master's or region server's. The log is DIR/log, the
# pid DIR/pid, the line DIR/ready. Exit 77 when the jars cannot be had. HBASE_JVM replaces the flags that make it start fast; measure
# with HBASE_JVM=-Xmx2g.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
usage() { echo "usage: hbase.sh start|stop DIR" >&2; exit 2; }
[ $# -eq 2 ] || usage
verb=$1

. "$here/../support/free_ports.sh"

# Prints one property of hbase-site.xml.
property() { printf '  <property><name>%s</name><value>%s</value></property>\n' "$1" "$2"; }

write_conf() {
    mkdir -p "$dir/conf" "$dir/tmp"
    {
        echo '<configuration>'
        property hbase.rootdir "file://$dir/data"
        property hbase.tmp.dir "$dir/tmp"
        property hbase.zookeeper.quorum 127.0.0.1
        property hbase.zookeeper.property.dataDir "$dir/zookeeper"
        property hbase.zookeeper.property.clientPort "$zookeeper_port"
        property hbase.master.port "$master_port"
        property hbase.regionserver.port "$regionserver_port"
        property hbase.master.info.port -1
        property hbase.regionserver.info.port -1
        property hbase.master.hostname localhost
        property hbase.regionserver.hostname localhost
        property hbase.cluster.distributed false
        property hbase.unsafe.stream.capability.enforce false
        # Shorter waits between the parts of one process; no answer depends on them.
        property hbase.regionserver.msginterval 200
        property hbase.master.wait.on.regionservers.maxtostart 1
        property hbase.master.wait.on.regionservers.mintostart 1
        property hbase.master.wait.on.regionservers.interval 100
        property hbase.procedure.remote.dispatcher.delay.msec 10
        property hbase.assignment.dispatch.wait.msec 10
        property hbase.hfile.compaction.discharger.interval 50
        # In local mode its session lasts 10 s, and it aborts when a busy machine stands still for so long; ZooKeeper grants 20 ticks.
        property zookeeper.session.timeout.localHBaseCluster 120000
        property hbase.zookeeper.property.tickTime 6000
        echo '</configuration>'
    } >"$dir/conf/hbase-site.xml"
    cat >"$dir/conf/log4j.properties" <<'EOF'
log4j.rootLogger=INFO,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %-5p [%t] %c{2}: %m%n
EOF
}

jvm_flags() {
    for package in java.lang java.lang.ref java.lang.reflect java.nio java.util java.util.concurrent sun.nio.ch jdk.internal.ref; do
        printf '%s\n' "--add-opens=java.base/$package=ALL-UNNAMED"
    done
    printf '%s\n' --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED
}

start() {
    jars=$("$here/classpath.sh" server) || exit $?
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    if [ -f "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null; then
        echo "hbase.sh: already running in $dir" >&2
        exit 1
    fi
    # Of HBase's own trouble (its ports are taken in the moment before it has them, its master misses its ZooKeeper) a second start rids it.
    for _ in 1 2 3; do
        ! launch || return 0
        rm -rf "$dir/data" "$dir/tmp" "$dir/zookeeper" "$dir/conf"
    done
    exit 1
}

# Prints the line of ready; 1: it did not start.
launch() {
    ports=$(free_ports 3)
    zookeeper_port=${ports%% *} regionserver_port=${ports##* }
    master_port=${ports#* } master_port=${master_port% *}
    write_conf
    # shellcheck disable=SC2046,SC2086  # flags are words
    setsid java $(jvm_flags) ${HBASE_JVM:--Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1} -cp "$dir/conf:$jars" \
        org.apache.hadoop.hbase.master.HMaster start </dev/null >"$dir/log" 2>&1 &
    pid=$!
    echo "$pid" >"$dir/pid"

    waited=0
    until grep -qs 'Master has completed initialization' "$dir/log"; do
        if ! kill -0 "$pid" 2>/dev/null || [ "$waited" -ge 1800 ]; then
            echo "hbase.sh: HBase did not start; the end of $dir/log:" >&2
            tail -n 20 "$dir/log" >&2
            kill -9 "$pid" 2>/dev/null || true
            return 1
        fi
        sleep 0.1
        waited=$((waited + 1))
    done
    echo "ready zookeeper=127.0.0.1:$zookeeper_port master=127.0.0.1:$master_port regionserver=127.0.0.1:$regionserver_port pid=$pid" |
        tee "$dir/ready"
}

stop() {
    [ -f "$dir/pid" ] || { echo "hbase.sh: nothing runs in $dir" >&2; exit 1; }
    pid=$(cat "$dir/pid")
    kill -9 "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    rm -rf "$dir"
}

dir=$2
case $verb in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac
