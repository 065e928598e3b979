package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.List;
import org.apache.hadoop.hbase.KeepDeletedCells;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptor;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;

/**
 * What a family keeps and for how long, and what of it shows. Raw reads are asked only before a
 * flush and after a major compaction.
 */
final class VersionScenarios {
    private static final int HOUR_S = 3600;

    private VersionScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("version.count", VersionScenarios::count),
            new Scenario("version.reappear", VersionScenarios::reappear),
            new Scenario("version.ttl", VersionScenarios::ttl),
            new Scenario("version.cellttl", VersionScenarios::cellTtl),
            new Scenario("version.keep", VersionScenarios::keep),
            new Scenario("version.markers", VersionScenarios::markers),
            new Scenario("version.raw", VersionScenarios::raw),
            new Scenario("version.range", VersionScenarios::range),
            new Scenario("version.order", VersionScenarios::writeOrder));
    }

    private static ColumnFamilyDescriptorBuilder builder(String name, int versions) {
        return ColumnFamilyDescriptorBuilder.newBuilder(b(name)).setMaxVersions(versions);
    }

    private static void count(Session s) throws Throwable {
        Table t = s.create(schema("version_count", family("a", 1), family("b", 2), family("c", 5),
            family("d", Integer.MAX_VALUE)));
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 4; i++) {
                long time = 10L * i + round;
                Put p = new Put(b("r"));
                for (String f : List.of("a", "b", "c", "d"))
                    put(put(p, f + ":x", time, f + time), f + ":y", 100 - time, f + time);
                t.put(p);
            }
            for (int versions : List.of(1, 2, 3, Integer.MAX_VALUE)) {
                s.out.ask(
                    "versions " + versions, () -> t.get(new Get(b("r")).readVersions(versions)));
                s.askScan("scan versions " + versions, t,
                    new Scan().readVersions(versions).addFamily(b("c")));
            }
            s.askScan("in batches", t, new Scan().readAllVersions().setBatch(4));
            if (round == 0)
                s.flush(t);
            if (round == 1)
                s.majorCompact(t);
        }
        s.majorCompact(t);
        s.askScan("raw after major compaction", t, new Scan().setRaw(true).readAllVersions());
        s.out.ask("no versions", () -> t.get(new Get(b("r")).readVersions(0)));
    }

    /** A delete of one version uncovers the one below, for as long as it is kept. */
    private static void reappear(Session s) throws Throwable {
        Table t = s.create(schema("version_reappear", family("a", 1), family("b", 2)));
        for (int ts = 1; ts <= 4; ts++)
            t.put(put(put(new Put(b("r")), "a:q", ts, "a" + ts), "b:q", ts, "b" + ts));
        s.out.ask("before", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("delete newest",
            () -> t.delete(
                    new Delete(b("r")).addColumn(b("a"), b("q"), 4).addColumn(b("b"), b("q"), 4)));
        s.out.ask("next shows", () -> t.get(new Get(b("r")).readAllVersions()));
        s.majorCompact(t);
        s.out.ask("after major compaction", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("delete newest again",
            () -> t.delete(
                    new Delete(b("r")).addColumn(b("a"), b("q"), 3).addColumn(b("b"), b("q"), 3)));
        s.out.ask("what was kept", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("put under the collected marker",
            () -> t.put(put(put(new Put(b("r")), "a:q", 4, "again"), "b:q", 4, "again")));
        s.out.ask("the old marker is gone", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("put under the live marker",
            () -> t.put(put(put(new Put(b("r")), "a:q", 3, "masked"), "b:q", 3, "masked")));
        s.out.ask("the live marker masks", () -> t.get(new Get(b("r")).readAllVersions()));
    }

    private static void ttl(Session s) throws Throwable {
        ColumnFamilyDescriptor plain = builder("a", 5).setTimeToLive(HOUR_S).build();
        ColumnFamilyDescriptor minimum =
            builder("b", 5).setTimeToLive(HOUR_S).setMinVersions(2).build();
        ColumnFamilyDescriptor forever = builder("c", 5).build();
        Table t = s.create(schema("version_ttl", plain, minimum, forever));
        for (String f : List.of("a", "b", "c")) {
            for (int ts = 1; ts <= 4; ts++)
                t.put(put("old", f + ":q", ts, f + ts));
            t.put(put("mixed", f + ":q", 5, f + "old"));
            t.put(put("mixed", f + ":q", 6, f + "old"));
            t.put(new Put(b("mixed")).addColumn(b(f), b("q"), b(f + "new")));
            t.put(new Put(b("new")).addColumn(b(f), b("q"), b(f + "new")));
        }
        for (String state : List.of("memory", "file", "compacted")) {
            for (String row : List.of("old", "mixed", "new")) {
                s.out.ask(row + " in " + state, () -> t.get(new Get(b(row)).readAllVersions()));
                s.out.ask(row + " newest in " + state, () -> t.get(new Get(b(row))));
                s.out.ask(row + " time range in " + state,
                    () -> t.get(new Get(b(row)).setTimeRange(2, 6).readAllVersions()));
            }
            s.askScan("scan of " + state, t, new Scan().addFamily(b("a")));
            if (state.equals("memory"))
                s.askScan("raw", t, new Scan().setRaw(true).readAllVersions().withStopRow(b("n")));
            if (state.equals("memory"))
                s.flush(t);
            else
                s.majorCompact(t);
        }
        s.askScan("raw after major compaction", t, new Scan().setRaw(true).readAllVersions());
        s.out.act("delete newest of the kept",
            () -> t.delete(new Delete(b("old")).addColumn(b("b"), b("q"), 4)));
        s.out.ask("one is left", () -> t.get(new Get(b("old")).readAllVersions()));
    }

    private static void cellTtl(Session s) throws Throwable {
        Table t = s.create(schema(
            "version_cellttl", family("f", 3), builder("g", 3).setTimeToLive(HOUR_S).build()));
        t.put(new Put(b("short")).addColumn(b("f"), b("q"), b("below")));
        Thread.sleep(2);
        t.put(new Put(b("short")).addColumn(b("f"), b("q"), b("short")).setTTL(1));
        t.put(new Put(b("long")).addColumn(b("f"), b("q"), b("long")).setTTL(HOUR_S * 1000L));
        t.put(put("long", "f:old", 1, "older than its time").setTTL(HOUR_S * 1000L));
        t.put(put("long", "g:old", 1, "older than the family's time").setTTL(Long.MAX_VALUE / 2));
        t.put(put("none", "f:zero", 1, "gone").setTTL(0));
        t.put(put("none", "f:below", 1, "gone").setTTL(-1));
        t.put(put("none", "f:ever", 1, "not told").setTTL(Long.MAX_VALUE));
        Thread.sleep(10);
        s.askScan("raw", t, new Scan().setRaw(true).readAllVersions());
        for (String state : List.of("memory", "file", "compacted")) {
            s.out.ask("short in " + state, () -> t.get(new Get(b("short"))));
            s.out.ask("long in " + state, () -> t.get(new Get(b("long"))));
            s.out.ask("none in " + state, () -> t.get(new Get(b("none"))));
            if (state.equals("memory"))
                s.flush(t);
            else
                s.majorCompact(t);
        }
        s.askScan("raw after major compaction", t, new Scan().setRaw(true).readAllVersions());
    }

    private static void keep(Session s) throws Throwable {
        ColumnFamilyDescriptor no =
            builder("n", 3).setKeepDeletedCells(KeepDeletedCells.FALSE).build();
        ColumnFamilyDescriptor yes =
            builder("y", 3).setKeepDeletedCells(KeepDeletedCells.TRUE).build();
        ColumnFamilyDescriptor some =
            builder("t", 3).setKeepDeletedCells(KeepDeletedCells.TTL).setTimeToLive(HOUR_S).build();
        Table t = s.create(schema("version_keep", no, yes, some));
        for (String f : List.of("n", "y", "t")) {
            for (int ts = 10; ts <= 50; ts += 10)
                t.put(put("r", f + ":q", ts, f + ts));
            t.put(put("r", f + ":other", 10, "other"));
            t.delete(new Delete(b("r")).addColumns(b(f), b("q"), 40));
            t.put(put("fam", f + ":q", 10, "v"));
            t.delete(new Delete(b("fam")).addFamily(b(f), 20));
            t.put(put("fam", f + ":q", 30, "after"));
            t.put(put("ver", f + ":q", 10, "v"));
            t.put(put("ver", f + ":q", 20, "w"));
            t.delete(new Delete(b("ver")).addColumn(b(f), b("q"), 20));
            t.put(put("famver", f + ":q", 10, "v"));
            t.put(put("famver", f + ":q", 20, "w"));
            t.delete(new Delete(b("famver")).addFamilyVersion(b(f), 20));
        }
        for (String state : List.of("memory", "file", "compacted", "twice compacted")) {
            for (String row : List.of("r", "fam", "ver", "famver")) {
                s.out.ask(row + " in " + state, () -> t.get(new Get(b(row)).readAllVersions()));
                for (long until : List.of(11L, 21L, 31L, 41L, 51L))
                    s.out.ask(row + " as of " + until + " in " + state,
                        () -> t.get(new Get(b(row)).setTimeRange(0, until).readAllVersions()));
            }
            if (!state.equals("file"))
                s.askScan("raw in " + state, t, new Scan().setRaw(true).readAllVersions());
            if (state.equals("memory"))
                s.flush(t);
            else
                s.majorCompact(t);
        }
    }

    /** All four markers over one another, in one row. */
    private static void markers(Session s) throws Throwable {
        Table t = s.create(schema("version_markers", family("f", 10), family("g", 10)));
        for (String row : List.of("a", "b", "c", "d")) {
            for (int ts = 1; ts <= 8; ts++)
                for (String q : List.of("", "p", "q", "r"))
                    t.put(put("" + row, "f:" + q, ts, q + ts));
        }
        t.delete(new Delete(b("a"))
                     .addFamily(b("f"), 2)
                     .addFamilyVersion(b("f"), 4)
                     .addColumns(b("f"), b("p"), 5)
                     .addColumn(b("f"), b("q"), 7));
        t.delete(new Delete(b("b"))
                     .addColumn(b("f"), b(""), 8)
                     .addColumns(b("f"), b(""), 3)
                     .addColumn(b("f"), b("r"), 1));
        t.delete(new Delete(b("c"))
                     .addFamilyVersion(b("f"), 8)
                     .addFamilyVersion(b("f"), 7)
                     .addColumn(b("f"), b("q"), 6)
                     .addColumn(b("f"), b("q"), 6));
        t.delete(new Delete(b("d"), 8));
        for (String state : List.of("memory", "file", "compacted")) {
            for (String row : List.of("a", "b", "c", "d")) {
                s.out.ask(row + " in " + state, () -> t.get(new Get(b(row)).readAllVersions()));
                s.out.ask(row + " newest in " + state, () -> t.get(new Get(b(row))));
                s.out.ask(row + " column in " + state,
                    () -> t.get(new Get(b(row)).addColumn(b("f"), b("q")).readVersions(3)));
                s.out.ask(row + " range in " + state,
                    () -> t.get(new Get(b(row)).setTimeRange(3, 6).readAllVersions()));
                s.out.ask(row + " moment in " + state,
                    () -> t.get(new Get(b(row)).setTimestamp(4).readAllVersions()));
            }
            if (!state.equals("file"))
                s.askScan("raw in " + state, t, new Scan().setRaw(true).readAllVersions());
            s.askScan("backwards in " + state, t, new Scan().setReversed(true).readVersions(2));
            if (state.equals("memory"))
                s.flush(t);
            else
                s.majorCompact(t);
        }
        s.out.act("put below the collected markers",
            () -> t.put(put(put(new Put(b("d")), "f:q", 3, "new"), "f:q", 8, "new8")));
        s.out.ask("it shows", () -> t.get(new Get(b("d")).readAllVersions()));
    }

    private static void raw(Session s) throws Throwable {
        Table t = s.create(schema("version_raw", family("f", 2), family("g", 1)));
        for (int ts = 1; ts <= 5; ts++)
            t.put(put(put(new Put(b("r")), "f:q", ts, "f" + ts), "g:q", ts, "g" + ts));
        t.delete(new Delete(b("r")).addColumn(b("f"), b("q"), 3));
        t.delete(new Delete(b("r")).addColumns(b("f"), b("q"), 2));
        t.delete(new Delete(b("r")).addFamily(b("g"), 4));
        t.delete(new Delete(b("r")).addFamilyVersion(b("g"), 5));
        t.delete(new Delete(b("alone"), 9));
        for (int versions : List.of(1, 2, 3, Integer.MAX_VALUE))
            s.askScan(
                "raw versions " + versions, t, new Scan().setRaw(true).readVersions(versions));
        s.askScan("raw family", t, new Scan().setRaw(true).readAllVersions().addFamily(b("g")));
        s.askScan("raw column is refused", t,
            new Scan().setRaw(true).readAllVersions().addColumn(b("f"), b("q")));
        s.askScan("raw range", t, new Scan().setRaw(true).readAllVersions().setTimeRange(2, 5));
        s.askScan("raw in batches", t, new Scan().setRaw(true).readAllVersions().setBatch(2));
        s.askScan("raw backwards", t, new Scan().setRaw(true).readAllVersions().setReversed(true));
        s.askScan("raw limit", t, new Scan().setRaw(true).readAllVersions().setLimit(1));
        s.askScan("not raw", t, new Scan().readAllVersions());
    }

    /** Time ranges against markers inside, before and after the range. */
    private static void range(Session s) throws Throwable {
        Table t = s.create(schema("version_range", family("f", 10),
            ColumnFamilyDescriptorBuilder.newBuilder(b("k"))
                .setMaxVersions(10)
                .setKeepDeletedCells(KeepDeletedCells.TRUE)
                .build()));
        for (int ts = 1; ts <= 9; ts++)
            t.put(put(put(new Put(b("r")), "f:q", ts, "f" + ts), "k:q", ts, "k" + ts));
        t.delete(new Delete(b("r")).addColumns(b("f"), b("q"), 5).addColumns(b("k"), b("q"), 5));
        for (String state : List.of("memory", "file")) {
            for (int from = 0; from <= 8; from += 2)
                for (int to = from + 2; to <= 10; to += 2) {
                    int low = from;
                    int high = to;
                    s.out.ask("[" + from + "," + to + ") in " + state,
                        () -> t.get(new Get(b("r")).setTimeRange(low, high).readAllVersions()));
                }
            s.flush(t);
        }
    }

    /** NEW_VERSION_BEHAVIOR: a marker masks what was written before it, not what comes after. */
    private static void writeOrder(Session s) throws Throwable {
        Table t = s.create(schema(
            "version_order", builder("n", 2).setNewVersionBehavior(true).build(), family("o", 2)));
        for (String f : List.of("n", "o")) {
            for (int ts = 1; ts <= 4; ts++)
                t.put(put("a", f + ":q", ts, f + ts));
            t.delete(new Delete(b("a")).addColumn(b(f), b("q"), 4));
            t.put(put("b", f + ":q", 5, "before"));
            t.delete(new Delete(b("b")).addColumns(b(f), b("q"), 9));
            t.put(put("b", f + ":q", 6, "after"));
            t.put(put("c", f + ":q", 5, "before"));
            t.delete(new Delete(b("c")).addFamily(b(f), 9));
            t.put(put("c", f + ":q", 7, "after"));
            t.put(put("d", f + ":q", 5, "before"));
            t.delete(new Delete(b("d")).addFamilyVersion(b(f), 5));
            t.put(put("d", f + ":q", 5, "after"));
        }
        for (String state : List.of("memory", "file", "compacted")) {
            for (String row : List.of("a", "b", "c", "d")) {
                s.out.ask(row + " in " + state, () -> t.get(new Get(b(row)).readAllVersions()));
                s.out.ask(row + " newest in " + state, () -> t.get(new Get(b(row))));
            }
            s.askScan("scan of " + state, t, new Scan().readVersions(2));
            if (state.equals("memory"))
                s.flush(t);
            else
                s.majorCompact(t);
        }
    }
}
