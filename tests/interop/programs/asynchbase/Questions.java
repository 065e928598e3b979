import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import com.stumbleupon.async.Deferred;
import org.hbase.async.*;

/** Asks what asynchbase can ask, of table "async" (family "f", split at r01000 and r03000), and prints "question => answer". */
public class Questions {
    private static final long WAIT_MS = 30000;
    private static final String TABLE = "async";

    private static void ask(String question, Callable<Object> answer) {
        String said;
        try {
            said = String.valueOf(answer.call());
        } catch (Exception exception) {
            said = exception.getClass().getSimpleName();
        }
        System.out.println(question + " => " + said);
    }

    private static String row(int i) {
        return String.format("r%05d", i);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static int count(Scanner scanner) throws Exception {
        int rows = 0;
        for (ArrayList<ArrayList<KeyValue>> some; (some = scanner.nextRows().join(WAIT_MS)) != null;)
            rows += some.size();
        return rows;
    }

    private static String value(HBaseClient client, GetRequest get) throws Exception {
        ArrayList<KeyValue> cells = client.get(get).join(WAIT_MS);
        return cells.isEmpty() ? "nothing" : new String(cells.get(0).value(), StandardCharsets.UTF_8);
    }

    private static Object increment(HBaseClient client, String row, long by) throws Exception {
        return client.atomicIncrement(new AtomicIncrementRequest(TABLE, row, "f", "n", by)).join(WAIT_MS);
    }

    private static PutRequest put(String row, String text) {
        return new PutRequest(TABLE, row, "f", "q", text);
    }

    public static void main(String[] arguments) throws Exception {
        HBaseClient client = new HBaseClient(arguments[0], "/hbase");
        client.setFlushInterval((short) 20);
        ask("the family is there", () -> client.ensureTableFamilyExists(TABLE, "f").join(WAIT_MS));
        ask("a table that is not", () -> client.ensureTableExists("no-such-table").join(WAIT_MS));
        ask("a family that is not", () -> client.ensureTableFamilyExists(TABLE, "z").join(WAIT_MS));
        ask("5000 puts", () -> {
            List<Deferred<Object>> puts = new ArrayList<>();
            for (int i = 0; i < 5000; i++)
                puts.add(client.put(put(row(i), "v" + i)));
            return Deferred.group(puts).join(WAIT_MS).size();
        });
        ask("get", () -> value(client, new GetRequest(TABLE, row(42), "f", "q")));
        ask("scan of three regions", () -> {
            Scanner scanner = client.newScanner(TABLE);
            scanner.setMaxNumRows(100);
            return count(scanner);
        });
        ask("range with a regular expression", () -> {
            Scanner scanner = client.newScanner(TABLE);
            scanner.setStartKey(row(900));
            scanner.setStopKey(row(2000));
            scanner.setKeyRegexp("r.*5$");
            return count(scanner);
        });
        ask("filters", () -> {
            Scanner scanner = client.newScanner(TABLE);
            scanner.setFilter(new FilterList(List.of(new ColumnPrefixFilter("q"),
                new RowFilter(CompareFilter.CompareOp.LESS, new BinaryComparator(bytes(row(1500)))))));
            return count(scanner);
        });
        ask("backwards", () -> {
            Scanner scanner = client.newScanner(TABLE);
            scanner.setReversed(true);
            scanner.setStartKey(row(1002));
            scanner.setStopKey(row(997));
            StringBuilder rows = new StringBuilder();
            for (ArrayList<ArrayList<KeyValue>> some; (some = scanner.nextRows(2).join(WAIT_MS)) != null;)
                for (ArrayList<KeyValue> one : some)
                    rows.append(new String(one.get(0).key())).append(' ');
            return rows;
        });
        for (int i = 0; i < 3; i++)
            ask("increment", () -> increment(client, "counter", 7));
        ask("buffered increments", () -> {
            List<Deferred<Long>> all = new ArrayList<>();
            for (int i = 0; i < 500; i++)
                all.add(client.bufferAtomicIncrement(new AtomicIncrementRequest(TABLE, "buffered", "f", "n", 1)));
            client.flush().join(WAIT_MS);
            Deferred.group(all).join(WAIT_MS);
            return increment(client, "buffered", 0);
        });
        ask("compare with nothing", () -> client.compareAndSet(put("cas", "1"), new byte[0]).join(WAIT_MS));
        ask("compare with what is not", () -> client.compareAndSet(put("cas", "2"), bytes("0")).join(WAIT_MS));
        ask("compare with what is", () -> client.compareAndSet(put("cas", "2"), bytes("1")).join(WAIT_MS));
        ask("create", () -> client.atomicCreate(put("created", "1")).join(WAIT_MS));
        ask("create again", () -> client.atomicCreate(put("created", "1")).join(WAIT_MS));
        ask("append", () -> client.append(new AppendRequest(bytes(TABLE), bytes("a"), bytes("f"), bytes("q"), bytes("ab"))).join(WAIT_MS));
        ask("append again", () -> client.append(new AppendRequest(bytes(TABLE), bytes("a"), bytes("f"), bytes("q"), bytes("cd"))).join(WAIT_MS));
        ask("appended", () -> value(client, new GetRequest(TABLE, "a")));
        ask("delete", () -> {
            client.delete(new DeleteRequest(TABLE, row(42))).join(WAIT_MS);
            return value(client, new GetRequest(TABLE, row(42)));
        });
        ask("ten gets at once", () -> {
            List<GetRequest> gets = new ArrayList<>();
            for (int i = 0; i < 10; i++)
                gets.add(new GetRequest(TABLE, row(i * 500)));
            StringBuilder values = new StringBuilder();
            for (GetResultOrException one : client.get(gets).join(WAIT_MS))
                values.append(new String(one.getCells().get(0).value())).append(' ');
            return values;
        });
        ask("put into no family", () -> client.put(new PutRequest(TABLE, "x", "z", "q", "v")).join(WAIT_MS));
        ask("regions", () -> client.locateRegions(TABLE).join(WAIT_MS).size());
        client.shutdown().join(WAIT_MS);
        System.exit(0);
    }
}
