package stele.interop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.util.Bytes;

/**
 * Linked lists and bank transfers, whose answers are known, with the client's own settings, while
 * somebody breaks the cluster (tests/cluster/run-agitator; the same by libstele: cluster_load.c).
 *
 * <pre>
 *   Endure ZOOKEEPER-HOST:PORT SEED
 * </pre>
 *
 * Makes tables javalist and javabank, prints `running`, works until its standard input ends, then
 * verifies and prints what was done, a line a part, and `ok` or `failed`. No call may fail. Exit 0
 * or 1.
 *
 * A list: node n of a chain has a row that follows from (seed, chain, n) and names the row of node
 * n-1; a group goes as one batch, and when that returns all its nodes must be there for ever. The
 * bank: two increments a transfer, each of which must count exactly once; and pairs, of which a
 * conditional put moves an amount from one column to the other, so that each read sees one sum.
 */
public final class Endure {
    private static final TableName LIST = TableName.valueOf("javalist");
    private static final TableName BANK = TableName.valueOf("javabank");
    private static final byte[] FAMILY = Bytes.toBytes("f");
    private static final byte[] NUMBER = Bytes.toBytes("n");
    private static final byte[] PREVIOUS = Bytes.toBytes("prev");
    private static final byte[] BALANCE = Bytes.toBytes("balance");
    private static final byte[] A = Bytes.toBytes("a");
    private static final byte[] B = Bytes.toBytes("b");
    private static final int CHAINS = 2;
    private static final int GROUP = 20;
    private static final int NODES_MOST = 40000;
    private static final int ACCOUNTS = 32;
    private static final int PAIRS = 16;
    private static final long OPENING = 1000;
    private static final int PAUSE_MS = 2; // the load is there to be right, not fast
    private static final int FAILURES_PRINTED = 20;

    private final long seed;
    private final AtomicBoolean isStopping = new AtomicBoolean();
    private final AtomicInteger failures = new AtomicInteger();
    private final AtomicLong[] begun = new AtomicLong[CHAINS]; // nodes
    private final AtomicLong[] acknowledged = new AtomicLong[CHAINS];
    private final AtomicLong[] balances = new AtomicLong[ACCOUNTS]; // as they must be in the end
    private final AtomicLong readBack = new AtomicLong();
    private final AtomicLong scans = new AtomicLong();
    private final AtomicLong transfers = new AtomicLong();
    private final AtomicLong pairPuts = new AtomicLong();
    private final AtomicLong audits = new AtomicLong();

    private Endure(long seed) {
        this.seed = seed;
        Arrays.setAll(begun, i -> new AtomicLong());
        Arrays.setAll(acknowledged, i -> new AtomicLong());
        Arrays.setAll(balances, i -> new AtomicLong(OPENING));
    }

    private interface Step {
        void run() throws Exception;
    }

    private void fail(String what) {
        if (failures.incrementAndGet() <= FAILURES_PRINTED)
            System.out.println("FAILED " + what);
    }

    private Thread loop(String what, int pauseMs, Step step) {
        Thread thread = new Thread(() -> {
            while (!isStopping.get()) {
                try {
                    step.run();
                    Thread.sleep(pauseMs);
                } catch (Throwable problem) {
                    fail(what + ": " + problem);
                }
            }
        }, what);
        thread.start();
        return thread;
    }

    /* ---- The list ---- */

    private String row(int chain, long node) {
        Random mixer = new Random(seed * 31 + chain);
        long mixed = new Random(mixer.nextLong() ^ node * 0x9e3779b97f4a7c15L).nextLong();
        return String.format("%016x.%d.%d", mixed, chain, node);
    }

    private void writeGroup(Table table, int chain) throws Exception {
        long first = acknowledged[chain].get();
        if (first >= NODES_MOST)
            return;
        List<Put> puts = new ArrayList<>();
        for (long node = first; node < first + GROUP; node++)
            puts.add(new Put(Bytes.toBytes(row(chain, node)))
                .addColumn(FAMILY, NUMBER, Bytes.toBytes(node))
                .addColumn(FAMILY, PREVIOUS, Bytes.toBytes(node == 0 ? "" : row(chain, node - 1))));
        begun[chain].set(first + GROUP);
        table.put(puts);
        acknowledged[chain].set(first + GROUP);
    }

    /** Checks a node, and says which it is: {chain, node}; null when it is none. */
    private long[] nodeOf(Result result) {
        String[] parts = Bytes.toString(result.getRow()).split("\\.");
        int chain = Integer.parseInt(parts[1]);
        long node = Long.parseLong(parts[2]);
        byte[] number = result.getValue(FAMILY, NUMBER), previous = result.getValue(FAMILY, PREVIOUS);
        String wanted = node == 0 ? "" : row(chain, node - 1);
        boolean isRight = number != null && Bytes.toLong(number) == node && previous != null
            && Bytes.toString(previous).equals(wanted);
        if (!isRight)
            fail("node " + node + " of chain " + chain + " is not as it was written: " + result);
        return isRight ? new long[] {chain, node} : null;
    }

    private void readNode(Table table, int chain, long node) throws Exception {
        Result found = table.get(new Get(Bytes.toBytes(row(chain, node))));
        if (found.isEmpty())
            fail("node " + node + " of chain " + chain + " is lost");
        else
            nodeOf(found);
        readBack.incrementAndGet();
    }

    private void extend(Table table, int chain, Random random) throws Exception {
        writeGroup(table, chain);
        long known = acknowledged[chain].get();
        readNode(table, chain, known - 1);
        readNode(table, chain, (long) (random.nextDouble() * known));
    }

    /** Every node that was acknowledged before is there once, in order of rows, and none that was never begun. */
    private void scanList(Table table) throws Exception {
        long[] least = Arrays.stream(acknowledged).mapToLong(AtomicLong::get).toArray();
        BitSet[] seen = {new BitSet(), new BitSet()};
        byte[] last = new byte[0];
        try (ResultScanner scanner = table.getScanner(new Scan().setCaching(500))) {
            for (Result one : scanner) {
                if (Bytes.compareTo(last, one.getRow()) >= 0)
                    fail("scan: " + Bytes.toString(one.getRow()) + " after " + Bytes.toString(last));
                last = one.getRow();
                long[] node = nodeOf(one);
                if (node != null)
                    seen[(int) node[0]].set((int) node[1]);
            }
        }
        for (int chain = 0; chain < CHAINS; chain++) {
            int missing = seen[chain].nextClearBit(0);
            if (missing < least[chain])
                fail("scan: node " + missing + " of chain " + chain + " is missed, of " + least[chain]);
            if (seen[chain].length() > begun[chain].get())
                fail("scan: chain " + chain + " has a node that was never begun");
        }
        scans.incrementAndGet();
    }

    /* ---- The bank ---- */

    private static byte[] account(int number) {
        return String.format("%02x-account", number * 256 / ACCOUNTS).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] pair(int number) {
        return String.format("%02x-pair", number * 256 / PAIRS).getBytes(StandardCharsets.US_ASCII);
    }

    private void add(Table table, int account, long amount) throws Exception {
        table.incrementColumnValue(account(account), FAMILY, BALANCE, amount);
        balances[account].addAndGet(amount);
    }

    private void transfer(Table table, Random random) throws Exception {
        int from = random.nextInt(ACCOUNTS), to = random.nextInt(ACCOUNTS);
        long amount = 1 + random.nextInt(100);
        add(table, from, -amount);
        add(table, to, amount);
        transfers.incrementAndGet();
    }

    private static Put pairPut(int number, long a) {
        return new Put(pair(number)).addColumn(FAMILY, A, Bytes.toBytes(a))
            .addColumn(FAMILY, B, Bytes.toBytes(2 * OPENING - a));
    }

    private long readPair(Table table, int number) throws Exception {
        Result found = table.get(new Get(pair(number)));
        long a = Bytes.toLong(found.getValue(FAMILY, A)), b = Bytes.toLong(found.getValue(FAMILY, B));
        if (a + b != 2 * OPENING)
            fail("a pair is " + a + " and " + b + ": half of a put");
        audits.incrementAndGet();
        return a;
    }

    private void moveInside(Table table, Random random) throws Exception {
        int number = random.nextInt(PAIRS);
        long a = readPair(table, number);
        boolean isDone = table.checkAndMutate(pair(number), FAMILY).qualifier(A)
            .ifEquals(Bytes.toBytes(a)).thenPut(pairPut(number, a + random.nextInt(201) - 100));
        pairPuts.addAndGet(isDone ? 1 : 0); // a repeat of a put whose answer was lost is refused
    }

    private void openBank(Table table) throws Exception {
        for (int i = 0; i < ACCOUNTS; i++)
            table.incrementColumnValue(account(i), FAMILY, BALANCE, OPENING);
        for (int i = 0; i < PAIRS; i++)
            table.put(pairPut(i, OPENING));
    }

    private void verifyBank(Table table) throws Exception {
        for (int i = 0; i < ACCOUNTS; i++) {
            long balance = Bytes.toLong(table.get(new Get(account(i))).value());
            if (balance != balances[i].get())
                fail("account " + i + " has " + balance + ", not " + balances[i]);
        }
        for (int i = 0; i < PAIRS; i++)
            readPair(table, i);
    }

    /* ---- All of it ---- */

    private static void makeTable(Admin admin, TableName name, String... splits) throws Exception {
        byte[][] rows = Arrays.stream(splits).map(Bytes::toBytes).toArray(byte[][]::new);
        admin.createTable(TableDescriptorBuilder.newBuilder(name)
            .setColumnFamily(ColumnFamilyDescriptorBuilder.of(FAMILY)).build(), rows);
    }

    private void work(Configuration conf) throws Exception {
        try (Connection connection = ConnectionFactory.createConnection(conf);
             Admin admin = connection.getAdmin();
             Table list = connection.getTable(LIST);
             Table bank = connection.getTable(BANK)) {
            makeTable(admin, LIST, "40", "80", "c0");
            makeTable(admin, BANK, "80");
            openBank(bank);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < CHAINS; i++) {
                int chain = i;
                Random random = new Random(seed + i);
                threads.add(loop("list", PAUSE_MS, () -> extend(list, chain, random)));
            }
            threads.add(loop("scan", 100 * PAUSE_MS, () -> scanList(list)));
            for (int i = 0; i < 2; i++) {
                Random random = new Random(seed + 10 + i);
                threads.add(loop("bank", PAUSE_MS, () -> transfer(bank, random)));
            }
            Random random = new Random(seed + 20);
            threads.add(loop("pairs", PAUSE_MS, () -> moveInside(bank, random)));
            System.out.println("running");
            while (System.in.read() >= 0)
                ; // until it ends
            isStopping.set(true);
            for (Thread thread : threads)
                thread.join();
            scanList(list);
            verifyBank(bank);
        }
    }

    public static void main(String[] args) {
        Configuration conf = HBaseConfiguration.create();
        int colon = args[0].indexOf(':');
        conf.set("hbase.zookeeper.quorum", args[0].substring(0, colon));
        conf.set("hbase.zookeeper.property.clientPort", args[0].substring(colon + 1));
        Endure endure = new Endure(Long.parseLong(args[1]));
        try {
            endure.work(conf);
        } catch (Exception problem) {
            endure.fail(problem.toString());
        }
        System.out.println("java list: acknowledged="
            + Arrays.stream(endure.acknowledged).mapToLong(AtomicLong::get).sum()
            + " read_back=" + endure.readBack + " scans=" + endure.scans);
        System.out.println("java bank: transfers=" + endure.transfers + " pair_puts="
            + endure.pairPuts + " audits=" + endure.audits);
        System.out.println(endure.failures.get() == 0 ? "ok" : "failed " + endure.failures);
        System.exit(endure.failures.get() == 0 ? 0 : 1); // the client leaves threads behind
    }
}
