package stele.interop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.AsyncConnection;
import org.apache.hadoop.hbase.client.AsyncTable;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.util.Bytes;

/**
 * Works on a table for a while, with the client's own settings, while somebody does things to the
 * cluster. No call may fail; what was acknowledged must be there, each increment counts once, a
 * scan has every row once.
 *
 * <pre>
 *   Steady ZOOKEEPER-HOST:PORT TABLE SECONDS
 * </pre>
 *
 * The table has family f and is empty. Prints one line, `ok ...` or `failed ...`; exit 0 or 1.
 */
public final class Steady {
    private static final byte[] FAMILY = Bytes.toBytes("f");
    private static final byte[] QUALIFIER = Bytes.toBytes("q");
    private static final byte[] COUNTER = Bytes.toBytes("counter");
    private static final int WRITERS = 2;
    private static final int BATCH = 20;

    private final TableName name;
    private final long untilNanos;
    private final AtomicReference<String> failure = new AtomicReference<>();
    private final AtomicLong[] written = new AtomicLong[WRITERS + 2]; // rows known to be there
    private final AtomicLong increments = new AtomicLong();
    private final AtomicLong gets = new AtomicLong();
    private final AtomicLong scans = new AtomicLong();
    private final AtomicLong slowestMs = new AtomicLong();

    private Steady(String table, int seconds) {
        name = TableName.valueOf(table);
        untilNanos = System.nanoTime() + seconds * 1_000_000_000L;
        Arrays.setAll(written, i -> new AtomicLong());
    }

    private interface Step {
        void run(int number) throws Exception;
    }

    private Thread loop(String what, Step step) {
        Thread thread = new Thread(() -> {
            try {
                for (int i = 0; failure.get() == null && System.nanoTime() < untilNanos; i++) {
                    long begun = System.nanoTime();
                    step.run(i);
                    long took = (System.nanoTime() - begun) / 1_000_000;
                    slowestMs.accumulateAndGet(took, Math::max);
                }
            } catch (Throwable problem) {
                failure.compareAndSet(null, what + ": " + problem);
                problem.printStackTrace();
            }
        }, what);
        thread.start();
        return thread;
    }

    private void require(boolean isTrue, String what) {
        if (!isTrue)
            throw new IllegalStateException(what);
    }

    /* Rows of a writer are spread over the table by their first letter. */
    private static byte[] row(int writer, long number) {
        char first = (char) ('a' + number * 7 % 26);
        return String.format("%c-%d-%08d", first, writer, number).getBytes(StandardCharsets.US_ASCII);
    }

    private static Put put(int writer, long number) {
        return new Put(row(writer, number)).addColumn(FAMILY, QUALIFIER, Bytes.toBytes(number));
    }

    private void write(Table table, int writer, int i) throws Exception {
        table.put(put(writer, i));
        written[writer].set(i + 1);
    }

    private void writeBatch(Table table, int writer, int i) throws Exception {
        List<Put> puts = new ArrayList<>();
        for (int k = 0; k < BATCH; k++)
            puts.add(put(writer, (long) i * BATCH + k));
        table.put(puts);
        written[writer].set((long) (i + 1) * BATCH);
    }

    private void writeAsync(AsyncTable<?> table, int writer, int i) throws Exception {
        table.put(put(writer, i)).get();
        written[writer].set(i + 1);
    }

    private void read(Table table, Random random) throws Exception {
        int writer = random.nextInt(written.length);
        long known = written[writer].get();
        if (known == 0)
            return;
        long number = (long) (random.nextDouble() * known);
        Result found = table.get(new Get(row(writer, number)));
        require(!found.isEmpty() && Bytes.toLong(found.value()) == number,
            "row " + Bytes.toString(row(writer, number)) + " is " + found);
        gets.incrementAndGet();
    }

    private void scan(Table table) throws Exception {
        long[] least = Arrays.stream(written).mapToLong(AtomicLong::get).toArray();
        long[] seen = new long[least.length];
        byte[] last = new byte[0];
        try (ResultScanner scanner = table.getScanner(new Scan().setCaching(50))) {
            for (Result one : scanner) {
                require(Bytes.compareTo(last, one.getRow()) < 0,
                    "scan: " + Bytes.toString(one.getRow()) + " after " + Bytes.toString(last));
                last = one.getRow();
                if (!Arrays.equals(last, COUNTER))
                    seen[last[2] - '0'] += Bytes.toLong(one.value()) < least[last[2] - '0'] ? 1 : 0;
            }
        }
        require(Arrays.equals(least, seen),
            "scan: " + Arrays.toString(seen) + " rows of " + Arrays.toString(least));
        scans.incrementAndGet();
    }

    private void work(Configuration conf) throws Exception {
        try (Connection connection = ConnectionFactory.createConnection(conf);
             AsyncConnection async = ConnectionFactory.createAsyncConnection(conf).get()) {
            Table table = connection.getTable(name); // shared: nothing of it is kept between calls
            AsyncTable<?> asyncTable = async.getTable(name);
            Random random = new Random(1);
            List<Thread> threads = new ArrayList<>();
            for (int w = 0; w < WRITERS; w++) {
                int writer = w;
                threads.add(loop("put", i -> write(table, writer, i)));
            }
            threads.add(loop("batch", i -> writeBatch(table, WRITERS, i)));
            threads.add(loop("async put", i -> writeAsync(asyncTable, WRITERS + 1, i)));
            for (int k = 0; k < 2; k++) {
                AtomicLong last = new AtomicLong();
                threads.add(loop("increment", i -> {
                    /* of a repeat that finds its nonce the answer is the value of now, as in HBase:
                     * two threads may see one value, one thread never twice */
                    long value = table.incrementColumnValue(COUNTER, FAMILY, QUALIFIER, 1);
                    long before = last.getAndSet(value);
                    require(value > before, "increment: " + value + " after " + before);
                    increments.incrementAndGet();
                }));
            }
            threads.add(loop("get", i -> read(table, random)));
            threads.add(loop("scan", i -> scan(table)));
            for (Thread thread : threads)
                thread.join();
            if (failure.get() == null) {
                long counted = Bytes.toLong(table.get(new Get(COUNTER)).value());
                require(counted == increments.get(),
                    "counter: " + counted + " after " + increments + " increments");
                scan(table);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        Configuration conf = HBaseConfiguration.create();
        int colon = args[0].indexOf(':');
        conf.set("hbase.zookeeper.quorum", args[0].substring(0, colon));
        conf.set("hbase.zookeeper.property.clientPort", args[0].substring(colon + 1));
        Steady steady = new Steady(args[1], Integer.parseInt(args[2]));
        try {
            steady.work(conf);
        } catch (Exception problem) {
            steady.failure.compareAndSet(null, problem.toString());
        }
        String failure = steady.failure.get();
        System.out.println((failure == null ? "ok" : "failed \"" + failure + "\"")
            + " rows=" + Arrays.stream(steady.written).mapToLong(AtomicLong::get).sum()
            + " increments=" + steady.increments + " gets=" + steady.gets + " scans=" + steady.scans
            + " slowest_ms=" + steady.slowestMs);
        System.exit(failure == null ? 0 : 1); // the client leaves threads behind
    }
}
