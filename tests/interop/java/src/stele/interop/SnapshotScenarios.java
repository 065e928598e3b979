package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.RegionInfo;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.SnapshotDescription;
import org.apache.hadoop.hbase.client.SnapshotType;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.util.Bytes;

/** Snapshots, and tables made of them. */
final class SnapshotScenarios
{
    private SnapshotScenarios()
    {
    }

    static List<Scenario> all()
    {
        return List.of(new Scenario("snapshot.life", SnapshotScenarios::life),
            new Scenario("snapshot.restore", SnapshotScenarios::restore),
            new Scenario("snapshot.regions", SnapshotScenarios::regions));
    }

    private static Table table(Session s, String name) throws Exception
    {
        return s.connection.getTable(TableName.valueOf(name));
    }

    private static List<String> list(List<SnapshotDescription> snapshots)
    {
        List<String> words = new ArrayList<>();
        for (SnapshotDescription snapshot : snapshots)
            words.add(snapshot.getName() + " of " + snapshot.getTableNameAsString() + " " +
                      snapshot.getType() + " version " + snapshot.getVersion() + " ttl " +
                      snapshot.getTtl() +
                      (snapshot.getCreationTime() > 0 ? "" : " without a time"));
        words.sort(null);
        return words;
    }

    private static void life(Session s) throws Throwable
    {
        Table t = s.create(schema("snapshot_life", family("f", 3)), "m");
        TableName name = t.getName();
        t.put(put("a", "f:q", 1, "one"));
        s.out.act("take", () -> s.admin.snapshot("life_1", name));
        s.out.act("take it again", () -> s.admin.snapshot("life_1", name));
        t.put(put("a", "f:q", 2, "two"));
        t.put(put("z", "f:q", 2, "two"));
        s.out.act(
            "take without a flush", () -> s.admin.snapshot("life_2", name, SnapshotType.SKIPFLUSH));
        Map<String, Object> properties = new HashMap<>();
        properties.put("TTL", 100_000L);
        s.out.act("take with a time to live", () -> s.admin.snapshot("life_3", name, properties));
        s.out.act("of a table that is not there",
            () -> s.admin.snapshot("life_x", TableName.valueOf("snapshot_nowhere")));
        s.out.act("with a bad name", () -> s.admin.snapshot("a/b", name));
        s.out.ask("list", () -> list(s.admin.listSnapshots(Pattern.compile("life_.*"))));
        s.out.ask("list of tables",
            ()
                -> list(s.admin.listTableSnapshots(
                    Pattern.compile("snapshot_life"), Pattern.compile("life_[12]"))));
        s.out.act(
            "clone", () -> s.admin.cloneSnapshot("life_1", TableName.valueOf("snapshot_life_c1")));
        s.askScan("rows of the clone", table(s, "snapshot_life_c1"), new Scan().readAllVersions());
        s.out.ask("schema of the clone",
            ()
                -> s.admin.getDescriptor(TableName.valueOf("snapshot_life_c1"))
                       .getColumnFamily(b("f"))
                       .getMaxVersions());
        s.out.act("clone onto a table",
            () -> s.admin.cloneSnapshot("life_1", TableName.valueOf("snapshot_life_c1")));
        s.out.act("clone what is not there",
            () -> s.admin.cloneSnapshot("life_none", TableName.valueOf("snapshot_life_c2")));
        s.out.act("clone into a namespace that is not there",
            () -> s.admin.cloneSnapshot("life_1", TableName.valueOf("snapshot_none:t")));
        s.out.act("delete", () -> s.admin.deleteSnapshot("life_1"));
        s.out.act("delete it again", () -> s.admin.deleteSnapshot("life_1"));
        s.askScan(
            "rows of the clone still", table(s, "snapshot_life_c1"), new Scan().readAllVersions());
        s.out.act("the clone takes rows",
            () -> table(s, "snapshot_life_c1").put(put("b", "f:q", 5, "own")));
        s.askScan("the table has not them", t, new Scan().readAllVersions());
        s.out.act("drop the table", () -> {
            s.admin.disableTable(name);
            s.admin.deleteTable(name);
        });
        s.out.act("clone of a dropped table's",
            () -> s.admin.cloneSnapshot("life_3", TableName.valueOf("snapshot_life_c3")));
        s.askScan("rows of that", table(s, "snapshot_life_c3"), new Scan().readAllVersions());
        s.out.act("delete by pattern", () -> s.admin.deleteSnapshots(Pattern.compile("life_.*")));
        s.out.ask("list in the end", () -> list(s.admin.listSnapshots(Pattern.compile("life_.*"))));
    }

    private static void restore(Session s) throws Throwable
    {
        Table t = s.create(schema("snapshot_restore", family("f")));
        TableName name = t.getName();
        t.put(put("a", "f:q", 1, "one"));
        s.admin.snapshot("restore_1", name);
        t.put(put("b", "f:q", 1, "two"));
        s.admin.addColumnFamily(name, family("g"));
        t.put(put("c", "g:q", 1, "three"));
        s.out.act("an enabled table", () -> s.admin.restoreSnapshot("restore_1"));
        s.out.act("what is not there", () -> s.admin.restoreSnapshot("restore_none"));
        s.admin.disableTable(name);
        s.out.act("take of a disabled one", () -> s.admin.snapshot("restore_2", name));
        s.out.act("restore", () -> s.admin.restoreSnapshot("restore_1"));
        s.admin.enableTable(name);
        s.askScan("rows", t, new Scan());
        s.out.ask("families", () -> s.admin.getDescriptor(name).getColumnFamilyCount());
        s.admin.disableTable(name);
        s.out.act("restore the later one", () -> s.admin.restoreSnapshot("restore_2"));
        s.admin.enableTable(name);
        s.askScan("rows of the later one", t, new Scan());
        s.out.ask(
            "families of the later one", () -> s.admin.getDescriptor(name).getColumnFamilyCount());
        s.admin.disableTable(name);
        s.admin.deleteTable(name);
        s.out.act("restore a dropped table", () -> s.admin.restoreSnapshot("restore_1"));
        s.askScan("rows of that", t, new Scan());
        s.admin.disableTable(name);
        s.admin.truncateTable(name, false);
        t.put(put("d", "f:q", 1, "four"));
        s.admin.disableTable(name);
        s.out.act("restore a truncated table", () -> s.admin.restoreSnapshot("restore_1"));
        s.admin.enableTable(name);
        s.askScan("rows of the truncated one", t, new Scan());
        s.admin.disableTable(name);
        s.admin.deleteTable(name);
        s.create(schema("snapshot_restore", family("h")), "b", "m");
        t.put(put("e", "h:q", 1, "five"));
        s.admin.disableTable(name);
        s.out.act("restore a table made anew", () -> s.admin.restoreSnapshot("restore_2"));
        s.admin.enableTable(name);
        s.askScan("rows of the one made anew", t, new Scan());
        s.out.ask("regions of the one made anew", () -> s.admin.getRegions(name).size());
        s.out.ask("families of the one made anew",
            () -> s.admin.getDescriptor(name).getColumnFamilyCount());
        t.put(put("f", "g:q", 1, "six"));
        s.askScan("rows of its own", t, new Scan());
        s.out.ask("list", () -> list(s.admin.listSnapshots(Pattern.compile("restore_.*"))));
        s.admin.deleteSnapshots(Pattern.compile("restore_.*"));
    }

    /** A snapshot remembers its regions, whatever becomes of the table's. */
    private static void regions(Session s) throws Throwable
    {
        Table t = s.create(schema("snapshot_regions", family("f")), "g", "p");
        TableName name = t.getName();
        for (String row : new String[] {"a", "h", "q"})
            t.put(put(row, "f:q", 1, "v"));
        s.admin.snapshot("regions_1", name);
        s.out.act("merge two regions of the table", () -> {
            List<RegionInfo> regions = s.admin.getRegions(name);
            byte[][] both = {
                regions.get(0).getEncodedNameAsBytes(), regions.get(1).getEncodedNameAsBytes()};
            s.admin.mergeRegionsAsync(both, false).get();
        });
        s.out.act("clone",
            () -> s.admin.cloneSnapshot("regions_1", TableName.valueOf("snapshot_regions_c")));
        s.out.ask("regions of the clone", () -> {
            List<String> keys = new ArrayList<>();
            for (RegionInfo region : s.admin.getRegions(TableName.valueOf("snapshot_regions_c")))
                keys.add(Bytes.toStringBinary(region.getStartKey()));
            return keys;
        });
        s.askScan("rows of the clone", table(s, "snapshot_regions_c"), new Scan());
        s.admin.disableTable(name);
        s.out.act("restore", () -> s.admin.restoreSnapshot("regions_1"));
        s.admin.enableTable(name);
        s.out.ask("regions of the table", () -> s.admin.getRegions(name).size());
        s.askScan("rows", t, new Scan());
        s.admin.deleteSnapshot("regions_1");
    }
}
