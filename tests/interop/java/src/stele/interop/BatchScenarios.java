package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.BufferedMutator;
import org.apache.hadoop.hbase.client.BufferedMutatorParams;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Mutation;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Row;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;

/**
 * Many operations in one call: over regions, mixed, with some that fail, and through the buffered
 * mutator.
 */
final class BatchScenarios {
    private BatchScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("batch.mixed", BatchScenarios::mixed),
            new Scenario("batch.failing", BatchScenarios::failing),
            new Scenario("batch.large", BatchScenarios::large),
            new Scenario("batch.buffered", BatchScenarios::buffered));
    }

    private static Object[] run(Table t, List<? extends Row> rows) throws Exception {
        Object[] results = new Object[rows.size()];
        t.batch(rows, results);
        return results;
    }

    private static void mixed(Session s) throws Throwable {
        Table t = s.create(schema("batch_mixed", family("f", 3), family("g")), "d", "h", "p");
        List<Row> writes = new ArrayList<>();
        for (char c = 'a'; c <= 'z'; c++)
            writes.add(put("" + c, "f:q", 1, "v" + c));
        s.out.ask("puts over all regions", () -> run(t, writes));
        List<Row> reads = new ArrayList<>();
        for (char c = 'z'; c >= 'a'; c -= 3)
            reads.add(new Get(b("" + c)));
        s.out.ask("gets over all regions", () -> run(t, reads));
        s.out.ask("everything at once",
            () -> run(t,
                    List.of(new Get(b("a")), put("aa", "f:q", 2, "new"), new Delete(b("b")),
                        new Increment(b("i")).addColumn(b("g"), b("n"), 2), new Get(b("nobody")),
                        RowMutations.of(List.<Mutation>of(put("q", "f:x", 2, "x"),
                            new Delete(b("q")).addColumns(b("f"), b("q")))),
                        new Get(b("z")).addFamily(b("g")))));
        s.askScan("state", t, new Scan());
        s.out.ask("same row several times",
            () -> run(t,
                    List.of(put("same", "f:a", 1, "1"), put("same", "f:a", 2, "2"),
                        put("same", "f:b", 1, "3"))));
        s.out.ask("same", () -> t.get(new Get(b("same")).readAllVersions()));
        s.out.ask("empty batch", () -> run(t, List.of()));
        s.out.ask("callback", () -> {
            List<String> seen = Collections.synchronizedList(new ArrayList<>());
            Object[] results = new Object[2];
            t.batchCallback(List.of(new Get(b("a")), new Get(b("z"))), results,
                (region, row, result) -> seen.add(Words.bytes(row) + " " + Words.of(result)));
            Collections.sort(seen);
            return seen;
        });
        s.out.act("puts of two families",
            () -> t.put(List.of(
                    put(put("two", "f:a", 1, "f"), "g:a", 1, "g"), put("three", "g:a", 1, "g"))));
        s.out.act("empty list of puts", () -> t.put(new ArrayList<>()));
        s.out.ask("exists over regions",
            () -> t.exists(List.of(
                    new Get(b("a")), new Get(b("b")), new Get(b("two")), new Get(b("none")))));
        s.out.ask("empty list of gets", () -> t.get(new ArrayList<>()));
    }

    /** One bad operation does not undo the others. */
    private static void failing(Session s) throws Throwable {
        Table t = s.create(schema("batch_failing", family("f")), "m");
        s.out.ask("one of three",
            () -> run(t,
                    List.of(put("a", "f:q", 1, "v"), put("b", "nope:q", 1, "v"),
                        put("z", "f:q", 1, "v"))));
        s.out.ask("results beside the failure", () -> {
            Object[] results = new Object[3];
            try {
                t.batch(
                    List.of(new Get(b("a")), new Get(b("a")).addFamily(b("nope")), new Get(b("z"))),
                    results);
            } catch (Exception expected) {
                return results;
            }
            return "no failure";
        });
        s.out.act("puts",
            () -> t.put(List.of(put("c", "f:q", 1, "v"), put("d", "nope:q", 1, "v"),
                    put("n", "nope:q", 1, "v"), put("o", "f:q", 1, "v"))));
        s.out.act("deletes",
            () -> t.delete(new ArrayList<>(
                    List.of(new Delete(b("c")), new Delete(b("o")).addFamily(b("nope"))))));
        t.put(put("text", "f:n", 1, "abc"));
        s.out.ask("increment of text beside good ones",
            () -> run(t,
                    List.of(new Increment(b("text")).addColumn(b("f"), b("n"), 1),
                        new Increment(b("num")).addColumn(b("f"), b("n"), 1))));
        s.out.ask("row mutations beside good ones",
            () -> run(t,
                    List.of(RowMutations.of(List.<Mutation>of(
                                put("rm", "f:a", 1, "v"), put("rm", "nope:a", 1, "v"))),
                        put("good", "f:a", 1, "v"))));
        s.askScan("state", t, new Scan());
        s.out.ask("unknown table",
            () -> run(s.connection.getTable(TableName.valueOf("batch_nowhere")),
                    List.of(put("a", "f:q", 1, "v"))));
    }

    private static void large(Session s) throws Throwable {
        Table t = s.create(schema("batch_large", family("f")), "2", "4", "6", "8");
        s.out.act("two thousand puts", () -> {
            List<Put> puts = new ArrayList<>();
            for (int i = 0; i < 2000; i++)
                puts.add(put(String.format("%04d", i * 5), "f:q", i, "v" + i));
            t.put(puts);
        });
        s.out.ask("five hundred gets", () -> {
            List<Get> gets = new ArrayList<>();
            for (int i = 0; i < 500; i++)
                gets.add(new Get(b(String.format("%04d", i * 19))));
            return t.get(gets).length + " of hash " +
                Integer.toHexString(Words.of(t.get(gets)).hashCode());
        });
        s.out.act("five hundred deletes", () -> {
            List<Delete> deletes = new ArrayList<>();
            for (int i = 0; i < 500; i++)
                deletes.add(new Delete(b(String.format("%04d", i * 20))));
            t.delete(deletes);
        });
        s.out.ask("rows left", () -> Session.results(t, new Scan()).size());
        byte[] value = new byte[100_000];
        s.out.act("megabytes", () -> {
            List<Put> puts = new ArrayList<>();
            for (int i = 0; i < 60; i++)
                puts.add(new Put(b("big" + i)).addColumn(b("f"), b("q"), 1, value));
            t.put(puts);
        });
        s.out.ask("read megabytes", () -> {
            List<Get> gets = new ArrayList<>();
            for (int i = 0; i < 60; i++)
                gets.add(new Get(b("big" + i)));
            long bytes = 0;
            for (org.apache.hadoop.hbase.client.Result result : t.get(gets))
                bytes += result.value().length;
            return bytes;
        });
        s.out.act("sixty thousand puts", () -> {
            List<Put> puts = new ArrayList<>();
            for (int i = 0; i < 60_000; i++)
                puts.add(put(String.format("%d", 100_000 + i), "f:many", 1, "v"));
            t.put(puts);
        });
        s.out.ask("the last of them", () -> t.get(new Get(b("159999"))));
    }

    private static void buffered(Session s) throws Throwable {
        Table t = s.create(schema("batch_buffered", family("f")), "5");
        List<String> failures = Collections.synchronizedList(new ArrayList<>());
        BufferedMutatorParams params =
            new BufferedMutatorParams(t.getName())
                .writeBufferSize(10_000)
                .listener((failure, mutator) -> failures.add(Words.of(failure)));
        try (BufferedMutator mutator = s.connection.getBufferedMutator(params)) {
            for (int i = 0; i < 1000; i++)
                mutator.mutate(put(String.format("%03d", i), "f:q", i, "value" + i));
            mutator.mutate(List.of(new Delete(b("000")), new Delete(b("999"))));
            s.out.act("flush", mutator::flush);
            s.out.ask("rows", () -> Session.results(t, new Scan()).size());
            mutator.mutate(put("bad", "nope:q", 1, "v"));
            mutator.mutate(put("good", "f:q", 1, "v"));
            s.out.act("flush with a bad one", mutator::flush);
            s.out.answer("failures heard", failures.toString());
            s.out.ask("good", () -> t.get(new Get(b("good"))));
        }
        s.out.act("mutator of the connection", () -> {
            try (BufferedMutator mutator = s.connection.getBufferedMutator(t.getName())) {
                mutator.mutate(put("closing", "f:q", 1, "flushes"));
            }
        });
        s.out.ask("closing flushes", () -> t.get(new Get(b("closing"))));
    }
}
