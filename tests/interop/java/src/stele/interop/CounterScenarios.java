package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.hbase.client.Append;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Durability;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Mutation;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.Row;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.util.Bytes;

/** Increments and appends: what they return and what they leave. */
final class CounterScenarios {
    private CounterScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("counter.increment", CounterScenarios::increments),
            new Scenario("counter.append", CounterScenarios::appends),
            new Scenario("counter.together", CounterScenarios::together),
            new Scenario("counter.refused", CounterScenarios::refused));
    }

    private static Increment increment(String row, Object... columnsAndAmounts) {
        Increment increment = new Increment(b(row));
        for (int i = 0; i < columnsAndAmounts.length; i += 2) {
            String column = (String) columnsAndAmounts[i];
            increment.addColumn(b(column.substring(0, 1)), b(column.substring(2)),
                ((Number) columnsAndAmounts[i + 1]).longValue());
        }
        return increment;
    }

    private static Append append(String row, String... columnsAndValues) {
        Append append = new Append(b(row));
        for (int i = 0; i < columnsAndValues.length; i += 2)
            append.addColumn(b(columnsAndValues[i].substring(0, 1)),
                b(columnsAndValues[i].substring(2)), b(columnsAndValues[i + 1]));
        return append;
    }

    private static void increments(Session s) throws Throwable {
        Table t = s.create(schema("counter_increment", family("f"), family("g", 3)));
        s.out.ask("first", () -> t.increment(increment("r", "f:a", 5)));
        s.out.ask("second", () -> t.increment(increment("r", "f:a", 7)));
        s.out.ask("down", () -> t.increment(increment("r", "f:a", -20)));
        s.out.ask("by nothing", () -> t.increment(increment("r", "f:a", 0)));
        s.out.ask("by nothing where nothing is", () -> t.increment(increment("none", "f:a", 0)));
        s.out.ask("what it left", () -> t.get(new Get(b("none"))));
        s.out.ask("several columns",
            () -> t.increment(increment("r", "f:a", 1, "f:b", 2, "g:c", 3, "f:", 4)));
        s.out.ask("several columns again",
            () -> t.increment(increment("r", "g:c", 30, "f:b", 20, "f:a", 10)));
        s.out.ask("one column twice", () -> t.increment(increment("r", "f:a", 1, "f:a", 100)));
        s.out.ask("read", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.ask("value of one column", () -> t.incrementColumnValue(b("r"), b("f"), b("a"), 1));
        s.out.ask("value with durability",
            () -> t.incrementColumnValue(b("r"), b("f"), b("a"), 1, Durability.SKIP_WAL));
        s.out.ask(
            "no results", () -> t.increment(increment("r", "f:a", 1).setReturnResults(false)));
        s.out.ask("after no results", () -> t.get(new Get(b("r")).addColumn(b("f"), b("a"))));
        s.out.act("flush", () -> s.flush(t));
        s.out.ask("from a file", () -> t.increment(increment("r", "f:a", 1, "g:c", 1)));
        s.out.ask("past the largest", () -> {
            t.increment(increment("big", "f:a", Long.MAX_VALUE));
            return t.increment(increment("big", "f:a", 1));
        });
        t.put(new org.apache.hadoop.hbase.client.Put(b("put")).addColumn(
            b("f"), b("a"), 5, Bytes.toBytes(40L)));
        s.out.ask("over a put", () -> t.increment(increment("put", "f:a", 2)));
        s.out.act("delete", () -> t.delete(new Delete(b("put")).addColumns(b("f"), b("a"))));
        Thread.sleep(2);
        s.out.ask("over a delete", () -> t.increment(increment("put", "f:a", 2)));
        t.put(new org.apache.hadoop.hbase.client.Put(b("future"))
                  .addColumn(b("f"), b("a"), 90_000_000_000_000L, Bytes.toBytes(40L)));
        s.out.ask("over the future", () -> t.increment(increment("future", "f:a", 2)));
        s.out.ask("over the future again", () -> t.increment(increment("future", "f:a", 2)));
        t.put(new org.apache.hadoop.hbase.client.Put(b("range"))
                  .addColumn(b("g"), b("a"), 5, Bytes.toBytes(40L)));
        s.out.ask("time range without it",
            () -> t.increment(increment("range", "g:a", 2).setTimeRange(6, 10)));
        Thread.sleep(2);
        s.out.ask("time range with it",
            () -> t.increment(increment("range", "g:a", 2).setTimeRange(0, 10)));
        s.out.ask("versions", () -> t.get(new Get(b("range")).readAllVersions()));
        s.out.ask(
            "with a time to live", () -> t.increment(increment("ttl", "f:a", 2).setTTL(3_600_000)));
        s.out.ask(
            "with a timestamp", () -> t.increment(increment("stamp", "f:a", 2).setTimestamp(77)));
        s.out.ask("read the stamp", () -> t.get(new Get(b("stamp"))));
        s.out.ask("a hundred times", () -> {
            Result last = null;
            for (int i = 0; i < 100; i++)
                last = t.increment(increment("many", "f:a", i));
            return last;
        });
        s.majorCompact(t);
        s.askScan("all after major compaction", t, new Scan().readAllVersions());
    }

    private static void appends(Session s) throws Throwable {
        Table t = s.create(schema("counter_append", family("f"), family("g", 3)));
        s.out.ask("first", () -> t.append(append("r", "f:a", "one")));
        s.out.ask("second", () -> t.append(append("r", "f:a", ",two")));
        s.out.ask("nothing", () -> t.append(append("r", "f:a", "")));
        s.out.ask("several", () -> t.append(append("r", "f:b", "b", "g:c", "c", "f:a", ",three")));
        s.out.ask("several again", () -> t.append(append("r", "g:c", "C", "f:b", "B")));
        s.out.ask("read", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.ask("no results", () -> t.append(append("r", "f:a", "!").setReturnResults(false)));
        s.out.ask("after no results", () -> t.get(new Get(b("r")).addColumn(b("f"), b("a"))));
        s.out.act("flush", () -> s.flush(t));
        s.out.ask("from a file", () -> t.append(append("r", "f:a", "file")));
        t.put(put("put", "f:a", 5, "put"));
        s.out.ask("over a put", () -> t.append(append("put", "f:a", "+")));
        s.out.ask("to a counter", () -> {
            t.increment(increment("mixed", "f:a", 1));
            return t.append(append("mixed", "f:a", "x"));
        });
        s.out.ask("then counting fails", () -> t.increment(increment("mixed", "f:a", 1)));
        t.put(put("range", "g:a", 5, "old"));
        s.out.ask("time range without it",
            () -> t.append(append("range", "g:a", "new").setTimeRange(6, 10)));
        s.out.ask(
            "with a time to live", () -> t.append(append("ttl", "f:a", "x").setTTL(3_600_000)));
        s.out.ask("by cell", () -> {
            Append a = new Append(b("cell"));
            a.addColumn(b("f"), b("q"), b("x")).addColumn(b("f"), b("q"), b("y"));
            return t.append(a);
        });
        s.majorCompact(t);
        s.askScan("all after major compaction", t, new Scan().readAllVersions());
    }

    /** Increments and appends inside batches and row mutations. */
    private static void together(Session s) throws Throwable {
        Table t = s.create(schema("counter_together", family("f")), "m");
        List<Row> rows = new ArrayList<>();
        for (String row : List.of("a", "n", "b", "z")) {
            rows.add(increment(row, "f:n", 3));
            rows.add(append(row + "x", "f:t", "t"));
        }
        s.out.ask("batch", () -> {
            Object[] results = new Object[rows.size()];
            t.batch(rows, results);
            return results;
        });
        s.out.ask("row mutations",
            () -> t.mutateRow(RowMutations.of(List.<Mutation>of(
                    increment("a", "f:n", 4), append("a", "f:t", "T"), put("a", "f:p", 9, "p")))));
        s.out.ask("row mutations, last entry wins",
            () -> t.mutateRow(RowMutations.of(
                    List.<Mutation>of(increment("a", "f:n", 1), increment("a", "f:n", 1)))));
        s.out.ask("row mutations without results",
            () -> t.mutateRow(RowMutations.of(
                    List.<Mutation>of(increment("a", "f:n", 4).setReturnResults(false)))));
        s.out.ask("read", () -> t.get(new Get(b("a"))));
        s.out.ask("batch with row mutations", () -> {
            List<Row> mixed = List.of(RowMutations.of(List.<Mutation>of(
                                          increment("n", "f:n", 4), put("n", "f:p", 9, "p"))),
                increment("z", "f:n", 1), new Get(b("a")), new Delete(b("bx")));
            Object[] results = new Object[mixed.size()];
            t.batch(mixed, results);
            return results;
        });
        s.askScan("all", t, new Scan());
    }

    private static void refused(Session s) throws Throwable {
        Table t = s.create(schema("counter_refused", family("f")));
        t.put(put(put(put("r", "f:short", 1, "abc"), "f:long", 1, "abcdefghi"), "f:empty", 1, ""));
        for (String column : List.of("short", "long", "empty"))
            s.out.ask(
                "increment of " + column, () -> t.increment(increment("r", "f:" + column, 1)));
        s.out.ask("increment of nothing", () -> t.increment(new Increment(b("r"))));
        s.out.ask("append of nothing", () -> t.append(new Append(b("r"))));
        s.out.ask("unknown family", () -> t.increment(increment("r", "x:a", 1)));
        s.out.ask("append to unknown family", () -> t.append(append("r", "x:a", "v")));
        s.out.ask("one good and one bad column",
            () -> t.increment(increment("r", "f:good", 1, "f:short", 1)));
        s.out.ask("neither is written", () -> t.get(new Get(b("r")).addColumn(b("f"), b("good"))));
        s.out.ask("a narrow delta", () -> {
            Increment i = new Increment(b("r"));
            i.add(org.apache.hadoop.hbase.CellBuilderFactory
                      .create(org.apache.hadoop.hbase.CellBuilderType.SHALLOW_COPY)
                      .setRow(b("r"))
                      .setFamily(b("f"))
                      .setQualifier(b("d"))
                      .setTimestamp(Long.MAX_VALUE)
                      .setType(org.apache.hadoop.hbase.Cell.Type.Put)
                      .setValue(b("ab"))
                      .build());
            return t.increment(i);
        });
    }
}
