package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.apache.hadoop.hbase.ClusterMetrics;
import org.apache.hadoop.hbase.RegionMetrics;
import org.apache.hadoop.hbase.ServerName;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.RegionInfo;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;

/** Flush, compaction and the cluster's own figures, as far as two servers can say the same. */
final class AdminScenarios {
    private AdminScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("admin.flush", AdminScenarios::flush),
            new Scenario("admin.compact", AdminScenarios::compact),
            new Scenario("admin.cluster", AdminScenarios::cluster),
            new Scenario("admin.regions", AdminScenarios::regions));
    }

    private static void flush(Session s) throws Throwable {
        Table t = s.create(schema("admin_flush", family("f"), family("g")), "m");
        TableName name = t.getName();
        t.put(put(put("a", "f:q", 1, "v"), "g:q", 1, "v"));
        t.put(put(put("z", "f:q", 1, "v"), "g:q", 1, "v"));
        List<RegionInfo> regions = s.admin.getRegions(name);
        s.out.act("flush a family", () -> s.admin.flush(name, b("g")));
        s.out.act("flush a region", () -> s.admin.flushRegion(regions.get(0).getRegionName()));
        s.out.act("flush a region by its hash",
            () -> s.admin.flushRegion(regions.get(1).getEncodedNameAsBytes()));
        s.out.act("flush a region's family",
            () -> s.admin.flushRegion(regions.get(0).getRegionName(), b("f")));
        s.out.act("flush the table", () -> s.admin.flush(name));
        s.out.act("flush an empty memtable", () -> s.admin.flush(name));
        s.out.act("flush an unknown family", () -> s.admin.flush(name, b("nope")));
        s.out.act("flush an unknown region",
            () -> s.admin.flushRegion(b("nowhere,,1.00000000000000000000000000000000.")));
        s.out.act(
            "flush an unknown table", () -> s.admin.flush(TableName.valueOf("admin_nowhere")));
        s.askScan("rows", t, new Scan());
    }

    private static ServerName server(Session s) throws Exception {
        return s.admin.getRegionServers().iterator().next();
    }

    private static void compact(Session s) throws Throwable {
        Table t = s.create(schema("admin_compact", family("f"), family("g")), "m");
        TableName name = t.getName();
        List<RegionInfo> regions = s.admin.getRegions(name);
        for (int round = 0; round < 2; round++) {
            t.put(put(put("a", "f:q", round + 1, "v" + round), "g:q", 1, "v"));
            t.put(put(put("z", "f:q", round + 1, "v" + round), "g:q", 1, "v"));
            s.admin.flush(name);
        }
        s.out.act("major compaction of a family", () -> s.admin.majorCompact(name, b("g")));
        s.awaitCompaction(name);
        s.out.act("major compaction of a region",
            () -> s.admin.majorCompactRegion(regions.get(0).getRegionName()));
        s.awaitCompaction(name);
        s.out.act("compaction of a region's family",
            () -> s.admin.compactRegion(regions.get(1).getRegionName(), b("f")));
        s.awaitCompaction(name);
        s.out.act("compaction", () -> s.admin.compact(name));
        s.awaitCompaction(name);
        s.out.act("major compaction", () -> s.admin.majorCompact(name));
        s.awaitCompaction(name);
        s.out.ask("state", () -> s.admin.getCompactionState(name));
        s.out.ask("state of a region",
            () -> s.admin.getCompactionStateForRegion(regions.get(0).getRegionName()));
        s.out.act("of an unknown family", () -> s.admin.majorCompact(name, b("nope")));
        s.out.act(
            "of an unknown table", () -> s.admin.majorCompact(TableName.valueOf("admin_nowhere")));
        s.out.ask("state of an unknown table",
            () -> s.admin.getCompactionState(TableName.valueOf("admin_nowhere")));
        s.askScan("rows", t, new Scan().readAllVersions());
    }

    private static void cluster(Session s) throws Throwable {
        s.create(schema("admin_cluster", family("f")), "g", "p");
        ClusterMetrics metrics = s.admin.getClusterMetrics();
        s.out.answer("live servers", "" + metrics.getLiveServerMetrics().size());
        s.out.answer("dead servers", "" + metrics.getDeadServerNames().size());
        s.out.answer("backup masters", "" + metrics.getBackupMasterNames().size());
        s.out.answer("regions in transition", "" + metrics.getRegionStatesInTransition().size());
        s.out.answer("has a master", "" + (metrics.getMasterName() != null));
        s.out.answer("has an id",
            "" + (metrics.getClusterId() != null && metrics.getClusterId().length() == 36));
        s.out.answer("has a version", "" + (metrics.getHBaseVersion() != null));
        s.out.ask("regions of the table", () -> {
            var counts =
                metrics.getTableRegionStatesCount().get(TableName.valueOf("admin_cluster"));
            return counts.getOpenRegions() + " open of " + counts.getTotalRegions();
        });
        s.out.ask("options",
            () -> s.admin.getClusterMetrics(EnumSet.of(ClusterMetrics.Option.LIVE_SERVERS))
                       .getMasterName());
        s.out.ask("servers' names",
            () -> s.admin.getClusterMetrics(EnumSet.of(ClusterMetrics.Option.SERVERS_NAME))
                       .getServersName()
                       .size());
        s.out.ask("master", () -> s.admin.getMaster() != null);
        s.out.ask("servers", () -> s.admin.getRegionServers().size());
        s.out.ask("backup masters by name", () -> s.admin.getBackupMasters().size());
    }

    private static void regions(Session s) throws Throwable {
        Table t = s.create(schema("admin_regions", family("f"), family("g")), "g", "p");
        t.put(put(put("a", "f:q", 1, "v"), "g:q", 1, "v"));
        s.flush(t);
        s.out.ask("figures of the table's regions", () -> {
            List<String> lines = new ArrayList<>();
            for (RegionMetrics region : s.admin.getRegionMetrics(server(s), t.getName()))
                lines.add(Words.settled(region.getNameAsString()) + " stores " +
                    region.getStoreCount() + " files " + region.getStoreFileCount());
            lines.sort(null);
            return lines;
        });
        s.out.ask("regions of the server", () -> {
            List<String> names = new ArrayList<>();
            for (RegionInfo info : s.admin.getRegions(server(s)))
                if (info.getTable().equals(t.getName()))
                    names.add(info.getRegionNameAsString());
            names.sort(null);
            return names;
        });
        s.out.ask("requests of the table's regions", () -> {
            t.get(new Get(b("a")));
            t.put(put("b", "f:q", 1, "v"));
            t.delete(new Delete(b("b")));
            t.incrementColumnValue(b("h"), b("f"), b("n"), 1);
            List<String> lines = new ArrayList<>();
            for (RegionMetrics region : s.admin.getRegionMetrics(server(s), t.getName()))
                lines.add(Words.settled(region.getNameAsString()) + " reads " +
                    region.getReadRequestCount() + " writes " + region.getWriteRequestCount());
            lines.sort(null);
            return lines;
        });
        s.out.ask(
            "all regions have figures", () -> s.admin.getRegionMetrics(server(s)).size() >= 3);
    }
}
