package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.hbase.HConstants;
import org.apache.hadoop.hbase.client.Consistency;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Durability;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.IsolationLevel;
import org.apache.hadoop.hbase.client.Mutation;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.filter.ColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.PrefixFilter;

/** Puts, gets and deletes of single rows, and what a get may ask for. */
final class RowScenarios {
    private RowScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("row.put", RowScenarios::puts),
            new Scenario("row.get", RowScenarios::gets),
            new Scenario("row.delete", RowScenarios::deletes),
            new Scenario("row.clock", RowScenarios::clock),
            new Scenario("row.bytes", RowScenarios::bytes),
            new Scenario("row.durability", RowScenarios::durability),
            new Scenario("row.mutations", RowScenarios::mutations),
            new Scenario("row.order", RowScenarios::order));
    }

    private static void puts(Session s) throws Throwable {
        Table t = s.create(schema("row_put", family("f", 3), family("g")));
        s.out.ask("get of nothing", () -> t.get(new Get(b("r1"))));
        s.out.ask("exists of nothing", () -> t.exists(new Get(b("r1"))));
        s.out.act("put one cell", () -> t.put(put("r1", "f:a", 1, "one")));
        s.out.ask("get it", () -> t.get(new Get(b("r1"))));
        s.out.act(
            "put two families", () -> t.put(put(put("r1", "f:b", 2, "two"), "g:c", 3, "three")));
        s.out.ask("get all", () -> t.get(new Get(b("r1"))));
        s.out.act("same cell again", () -> t.put(put("r1", "f:a", 1, "uno")));
        s.out.ask("last writer wins", () -> t.get(new Get(b("r1"))));
        s.out.act("older version", () -> t.put(put("r1", "g:c", 1, "late")));
        s.out.ask("older is hidden", () -> t.get(new Get(b("r1")).addFamily(b("g"))));
        s.out.act("list of puts", () -> {
            List<Put> puts = new ArrayList<>();
            for (int i = 0; i < 20; i++)
                puts.add(put("list" + i, "f:q", 5, "v" + i));
            t.put(puts);
        });
        s.out.ask("list of gets", () -> {
            List<Get> gets = new ArrayList<>();
            for (int i = 0; i < 22; i++)
                gets.add(new Get(b("list" + i)));
            return t.get(gets);
        });
        s.out.ask("list of exists",
            () -> t.exists(List.of(new Get(b("list1")), new Get(b("none")),
                    new Get(b("r1")).addColumn(b("f"), b("z")))));
        s.out.act("empty value", () -> t.put(put("r2", "f:a", 1, "")));
        s.out.ask("get empty value", () -> t.get(new Get(b("r2"))));
        s.out.act("empty qualifier", () -> t.put(put("r2", "f:", 1, "noname")));
        s.out.ask("get empty qualifier", () -> t.get(new Get(b("r2"))));
        s.out.ask(
            "get column of empty name", () -> t.get(new Get(b("r2")).addColumn(b("f"), b(""))));
        s.out.act("put with timestamp of the put",
            () -> t.put(new Put(b("r3"), 77).addColumn(b("f"), b("a"), b("v"))));
        s.out.ask("get its time", () -> t.get(new Get(b("r3"))));
        s.out.act("put with attribute and id",
            () -> t.put(put("r4", "f:a", 1, "v").setAttribute("mine", b("x")).setId("id")));
        s.out.act("flush", () -> s.flush(t));
        for (String row : List.of("r1", "r2", "r3", "r4", "list7", "none"))
            s.out.ask("after flush " + row, () -> t.get(new Get(b(row)).readVersions(5)));
        s.out.act("write after flush", () -> t.put(put("r1", "f:a", 9, "nine")));
        s.out.ask("merge of memory and file", () -> t.get(new Get(b("r1")).readAllVersions()));
        s.out.act("older version after flush", () -> t.put(put("r1", "f:a", 4, "four")));
        s.out.ask("versions over memory and file", () -> t.get(new Get(b("r1")).readAllVersions()));
        s.out.act("same cell after flush", () -> t.put(put("r1", "f:a", 1, "eins")));
        s.out.ask("memory wins over file", () -> t.get(new Get(b("r1")).readAllVersions()));
    }

    private static void gets(Session s) throws Throwable {
        Table t = s.create(schema("row_get", family("f", 5), family("g", 5), family("h")));
        for (int q = 0; q < 6; q++)
            for (int ts = 1; ts <= 7; ts++) {
                t.put(put("r", "f:q" + q, ts * 10, "f" + q + "." + ts));
                t.put(put("r", "g:q" + q, ts * 10, "g" + q + "." + ts));
            }
        for (int pass = 0; pass < 2; pass++) {
            s.out.ask("whole row", () -> t.get(new Get(b("r"))));
            s.out.ask("two versions", () -> t.get(new Get(b("r")).readVersions(2)));
            s.out.ask("all versions", () -> t.get(new Get(b("r")).readAllVersions()));
            s.out.ask("one family", () -> t.get(new Get(b("r")).addFamily(b("g"))));
            s.out.ask("empty family", () -> t.get(new Get(b("r")).addFamily(b("h"))));
            s.out.ask("one column", () -> t.get(new Get(b("r")).addColumn(b("f"), b("q3"))));
            s.out.ask("columns",
                () -> t.get(new Get(b("r"))
                                 .addColumn(b("f"), b("q3"))
                                 .addColumn(b("g"), b("q1"))
                                 .addColumn(b("f"), b("q0"))));
            s.out.ask("column and family",
                () -> t.get(new Get(b("r")).addColumn(b("f"), b("q3")).addFamily(b("g"))));
            s.out.ask("missing column", () -> t.get(new Get(b("r")).addColumn(b("f"), b("nope"))));
            s.out.ask("column versions",
                () -> t.get(new Get(b("r")).addColumn(b("f"), b("q3")).readVersions(3)));
            s.out.ask("timestamp", () -> t.get(new Get(b("r")).setTimestamp(40).readAllVersions()));
            s.out.ask("timestamp none", () -> t.get(new Get(b("r")).setTimestamp(41)));
            s.out.ask(
                "time range", () -> t.get(new Get(b("r")).setTimeRange(30, 60).readAllVersions()));
            s.out.ask("time range one version", () -> t.get(new Get(b("r")).setTimeRange(30, 60)));
            s.out.ask("time range below kept versions",
                () -> t.get(new Get(b("r")).setTimeRange(0, 30).readAllVersions()));
            s.out.ask("empty time range", () -> t.get(new Get(b("r")).setTimeRange(30, 30)));
            s.out.ask("family time range",
                () -> t.get(new Get(b("r"))
                                 .setColumnFamilyTimeRange(b("f"), 20, 40)
                                 .readAllVersions()));
            s.out.ask("family time ranges",
                () -> t.get(new Get(b("r"))
                                 .setTimeRange(60, 80)
                                 .setColumnFamilyTimeRange(b("f"), 50, 60)
                                 .readAllVersions()));
            s.out.ask("store limit", () -> t.get(new Get(b("r")).setMaxResultsPerColumnFamily(2)));
            s.out.ask("store offset",
                () -> t.get(
                        new Get(b("r")).setMaxResultsPerColumnFamily(2).setRowOffsetPerColumnFamily(
                            1)));
            s.out.ask("store offset of versions",
                () -> t.get(new Get(b("r"))
                                 .readVersions(2)
                                 .setMaxResultsPerColumnFamily(3)
                                 .setRowOffsetPerColumnFamily(3)));
            s.out.ask("store offset past the end",
                () -> t.get(
                        new Get(b("r")).setMaxResultsPerColumnFamily(2).setRowOffsetPerColumnFamily(
                            10)));
            s.out.ask("existence", () -> t.get(new Get(b("r")).setCheckExistenceOnly(true)));
            s.out.ask(
                "existence of nothing", () -> t.get(new Get(b("x")).setCheckExistenceOnly(true)));
            s.out.ask("existence with filter",
                () -> t.get(new Get(b("r")).setCheckExistenceOnly(true).setFilter(
                        new ColumnPrefixFilter(b("z")))));
            s.out.ask(
                "filter", () -> t.get(new Get(b("r")).setFilter(new ColumnPrefixFilter(b("q4")))));
            s.out.ask("filter on another row",
                () -> t.get(new Get(b("r")).setFilter(new PrefixFilter(b("s")))));
            s.out.ask("no cache blocks",
                () -> t.get(new Get(b("r")).setCacheBlocks(false).addColumn(b("f"), b("q1"))));
            s.out.ask("timeline consistency",
                () -> t.get(new Get(b("r"))
                                 .setConsistency(Consistency.TIMELINE)
                                 .addColumn(b("f"), b("q1"))));
            s.out.ask("read uncommitted",
                () -> t.get(new Get(b("r"))
                                 .setIsolationLevel(IsolationLevel.READ_UNCOMMITTED)
                                 .addColumn(b("f"), b("q1"))));
            s.out.ask("families on demand",
                () -> t.get(new Get(b("r")).setLoadColumnFamiliesOnDemand(true).addColumn(
                        b("f"), b("q1"))));
            s.out.ask("row before and after",
                () -> t.get(List.of(new Get(b("q")), new Get(b("r\\x00")))));
            if (pass == 0)
                s.out.act("major compaction", () -> s.majorCompact(t));
        }
        s.out.ask("unknown family", () -> t.get(new Get(b("r")).addFamily(b("nope"))));
        s.out.ask("unknown family in a list",
            () -> t.get(List.of(new Get(b("r")).addColumn(b("f"), b("q1")),
                    new Get(b("r")).addFamily(b("nope")))));
    }

    /** Every kind of delete, with and without a timestamp, then puts below and above the marker. */
    private static void deletes(Session s) throws Throwable {
        Table t = s.create(schema("row_delete", family("f", 10), family("g", 10)));
        String[] kinds = {"version", "version newest", "column", "column below", "family",
            "family below", "family version", "row", "row below", "two newest", "missing column",
            "empty qualifier"};
        for (int flush = 0; flush < 3; flush++) {
            for (int k = 0; k < kinds.length; k++) {
                String row = "r" + flush + "." + k;
                for (int ts = 10; ts <= 40; ts += 10)
                    t.put(
                        put(put(put(put(new Put(b(row)), "f:a", ts, "a" + ts), "f:b", ts, "b" + ts),
                                "f:", ts, "e" + ts),
                            "g:a", ts, "g" + ts));
            }
            if (flush == 1)
                s.flush(t);
            if (flush == 2)
                s.majorCompact(t);
            for (int k = 0; k < kinds.length; k++) {
                String row = "r" + flush + "." + k;
                Delete d = delete(kinds[k], row);
                s.out.act(kinds[k] + " delete", () -> t.delete(d));
            }
            if (flush > 1)
                s.flush(t);
            for (int k = 0; k < kinds.length; k++) {
                String row = "r" + flush + "." + k;
                s.out.ask(kinds[k] + " after", () -> t.get(new Get(b(row)).readAllVersions()));
                t.put(put(put(new Put(b(row)), "f:a", 25, "a25"), "g:a", 30, "again30"));
                s.out.ask(
                    kinds[k] + " with later puts", () -> t.get(new Get(b(row)).readAllVersions()));
            }
            if (flush == 0)
                s.askScan("raw", t,
                    new Scan().setRaw(true).readAllVersions().setStartStopRowForPrefixScan(
                        b("r0")));
            if (flush == 1)
                s.majorCompact(t);
        }
        s.out.act("major compaction", () -> s.majorCompact(t));
        s.askScan("raw after major compaction", t, new Scan().setRaw(true).readAllVersions());
        s.out.act("list of deletes",
            () -> t.delete(new ArrayList<>(List.of(new Delete(b("r0.0")),
                    new Delete(b("r0.1")).addColumns(b("f"), b("a")), new Delete(b("none"))))));
        s.askScan("rest", t, new Scan().setLimit(3));
        s.out.act("unknown family", () -> t.delete(new Delete(b("r0.2")).addFamily(b("nope"))));
        s.out.act("delete of a list is emptied", () -> {
            List<Delete> deletes = new ArrayList<>(List.of(new Delete(b("r0.4"))));
            t.delete(deletes);
            s.out.answer("left", Words.of(deletes));
        });
    }

    private static Delete delete(String kind, String row) {
        Delete d = new Delete(b(row));
        switch (kind) {
        case "version": return d.addColumn(b("f"), b("a"), 30);
        case "version newest": return d.addColumn(b("f"), b("a"));
        case "two newest": return d.addColumn(b("f"), b("a")).addColumn(b("f"), b("b"));
        case "column": return d.addColumns(b("f"), b("a"));
        case "column below": return d.addColumns(b("f"), b("a"), 20);
        case "family": return d.addFamily(b("f"));
        case "family below": return d.addFamily(b("f"), 20);
        case "family version": return d.addFamilyVersion(b("f"), 30);
        case "row": return d;
        case "row below": return new Delete(b(row), 20);
        case "missing column": return d.addColumn(b("f"), b("zz"));
        case "empty qualifier": return d.addColumns(b("f"), b(""));
        default: throw new IllegalArgumentException(kind);
        }
    }

    /** What the server's clock decides: it never shows, but its order does. */
    private static void clock(Session s) throws Throwable {
        Table t = s.create(schema("row_clock", family("f", 3)));
        for (int i = 0; i < 4; i++) {
            int n = i;
            s.out.act(
                "put now " + i, () -> t.put(new Put(b("r")).addColumn(b("f"), b("a"), b("v" + n))));
            Thread.sleep(2);
        }
        s.out.ask("newest", () -> t.get(new Get(b("r"))));
        s.out.ask("three newest", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act(
            "delete newest version", () -> t.delete(new Delete(b("r")).addColumn(b("f"), b("a"))));
        s.out.ask("the one before", () -> t.get(new Get(b("r"))));
        s.out.act("delete newest version again",
            () -> t.delete(new Delete(b("r")).addColumn(b("f"), b("a"))));
        s.out.ask("the one before that", () -> t.get(new Get(b("r"))));
        s.out.act(
            "delete the column", () -> t.delete(new Delete(b("r")).addColumns(b("f"), b("a"))));
        s.out.ask("gone", () -> t.get(new Get(b("r")).readAllVersions()));
        Thread.sleep(2);
        s.out.act("put again", () -> t.put(new Put(b("r")).addColumn(b("f"), b("a"), b("back"))));
        s.out.ask("back", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("put in the future", () -> t.put(put("r", "f:a", 99_000_000_000_000L, "future")));
        Thread.sleep(2);
        s.out.act("put now", () -> t.put(new Put(b("r")).addColumn(b("f"), b("a"), b("present"))));
        s.out.ask("future first", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("delete now", () -> t.delete(new Delete(b("r"))));
        s.out.ask("future stays", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("delete latest",
            () -> t.delete(
                    new Delete(b("r")).addColumns(b("f"), b("a"), HConstants.LATEST_TIMESTAMP)));
        s.out.ask("latest means now", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("time zero", () -> t.put(put("z", "f:a", 0, "epoch")));
        s.out.ask("get time zero", () -> t.get(new Get(b("z"))));
        s.out.act("largest time", () -> t.put(put("m", "f:a", Long.MAX_VALUE - 1, "last")));
        s.out.ask("get largest time", () -> t.get(new Get(b("m"))));
    }

    private static void bytes(Session s) throws Throwable {
        Table t = s.create(schema("row_bytes", family("f"), family("\\xE9")));
        String[] rows = {"\\x00", "\\x00\\x00", "\\x00\\x01", "a", "a\\x00", "a\\x00b", "a,b",
            "a:b", "\\x7F", "\\x80", "\\xFF", "\\xFF\\xFF", "'quoted'", "\\xE2\\x82\\xAC", " "};
        for (String row : rows)
            s.out.act("put " + row,
                () -> t.put(put(put(new Put(b(row)), "f:" + row, 1, row), "\\xE9:" + row, 1, "")));
        for (String row : rows)
            s.out.ask("get " + row, () -> t.get(new Get(b(row))));
        s.askScan("scan in order of bytes", t, new Scan());
        s.askScan("scan backwards", t, new Scan().setReversed(true));
        s.out.act("flush", () -> s.flush(t));
        s.askScan("scan of files", t, new Scan());
        for (String row : rows)
            s.askScan("scan from " + row, t, new Scan().withStartRow(b(row), false).setLimit(1));
        byte[] longest = new byte[Short.MAX_VALUE];
        java.util.Arrays.fill(longest, (byte) 'k');
        s.out.act(
            "longest row", () -> t.put(new Put(longest).addColumn(b("f"), b("q"), 1, b("v"))));
        s.out.ask("get longest row", () -> t.get(new Get(longest)));
        byte[] large = new byte[1 << 20];
        for (int i = 0; i < large.length; i++)
            large[i] = (byte) (i * 31 >> 3);
        s.out.act(
            "large value", () -> t.put(new Put(b("large")).addColumn(b("f"), b("q"), 1, large)));
        s.out.ask("get large value", () -> t.get(new Get(b("large"))));
        s.out.act("large qualifier",
            () -> t.put(new Put(b("large")).addColumn(b("f"), longest, 1, b("v"))));
        s.out.ask("get large qualifier", () -> t.get(new Get(b("large"))));
        s.out.act("flush large", () -> s.flush(t));
        s.out.ask("get large from file", () -> t.get(new Get(b("large"))));
    }

    private static void durability(Session s) throws Throwable {
        Table t = s.create(schema("row_durability", family("f")));
        for (Durability durability : Durability.values()) {
            s.out.act("put " + durability,
                () -> t.put(put(durability.name(), "f:a", 1, "v").setDurability(durability)));
            s.out.ask("get " + durability, () -> t.get(new Get(b(durability.name()))));
            s.out.act("delete " + durability,
                () -> t.delete(new Delete(b(durability.name())).setDurability(durability)));
            s.out.ask("gone " + durability, () -> t.get(new Get(b(durability.name()))));
        }
    }

    private static void mutations(Session s) throws Throwable {
        Table t = s.create(schema("row_mutations", family("f", 3), family("g")));
        t.put(put(put(new Put(b("r")), "f:a", 5, "a"), "f:b", 5, "b"));
        s.out.ask("put and delete",
            () -> t.mutateRow(RowMutations.of(List.<Mutation>of(
                    put("r", "f:c", 6, "c"), new Delete(b("r")).addColumns(b("f"), b("a"), 5)))));
        s.out.ask("read", () -> t.get(new Get(b("r"))));
        s.out.ask("delete masks put of the same time",
            () -> t.mutateRow(RowMutations.of(List.<Mutation>of(
                    put("r", "f:d", 7, "d"), new Delete(b("r")).addColumns(b("f"), b("d"), 7)))));
        s.out.ask("read d", () -> t.get(new Get(b("r")).addColumn(b("f"), b("d"))));
        s.out.ask("now and now",
            () -> t.mutateRow(RowMutations.of(
                    List.<Mutation>of(new Put(b("r")).addColumn(b("g"), b("x"), b("x")),
                        new Delete(b("r")).addColumns(b("g"), b("x"))))));
        s.out.ask("read g", () -> t.get(new Get(b("r")).addFamily(b("g"))));
        s.out.ask("one unknown family undoes all",
            () -> t.mutateRow(RowMutations.of(
                    List.<Mutation>of(put("r", "f:e", 8, "e"), put("r", "nope:e", 8, "e")))));
        s.out.ask("read e", () -> t.get(new Get(b("r")).addColumn(b("f"), b("e"))));
        s.out.ask("another row", () -> {
            RowMutations m = new RowMutations(b("r"));
            m.add((Mutation) put("other", "f:a", 1, "v"));
            return t.mutateRow(m);
        });
        s.out.ask("nothing", () -> t.mutateRow(new RowMutations(b("r"))));
        s.out.ask("many", () -> {
            RowMutations m = new RowMutations(b("many"));
            for (int i = 0; i < 200; i++)
                m.add((Mutation) put("many", "f:q" + i, i + 1, "v" + i));
            return t.mutateRow(m);
        });
        s.out.ask("count of many", () -> t.get(new Get(b("many"))).size());
    }

    /**
     * Cells of one row come ordered by family, qualifier, newest first, whatever the order of
     * writing.
     */
    private static void order(Session s) throws Throwable {
        Table t = s.create(
            schema("row_order", family("b", 9), family("a", 9), family("ab", 9), family("A", 9)));
        String[] qualifiers = {"z", "", "aa", "a", "\\xFF", "\\x00", "b"};
        long[] times = {5, 1, 9, 3};
        for (long time : times)
            for (String family : List.of("b", "a", "ab", "A"))
                for (String qualifier : qualifiers)
                    t.put(put("r", family + ":" + qualifier, time, family + qualifier + time));
        s.out.ask("all", () -> t.get(new Get(b("r")).readAllVersions()));
        s.askScan("batches of three", t, new Scan().readVersions(2).setBatch(3));
        s.flush(t);
        s.out.ask("from files", () -> t.get(new Get(b("r")).readAllVersions()));
        s.askScan("batches of three from files", t, new Scan().readVersions(2).setBatch(3));
    }
}
