package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.hbase.ServerName;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.AsyncAdmin;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.RegionInfo;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.util.Bytes;

/** Regions that split, merge, move, close and open, and what programs see meanwhile. */
final class ChangeScenarios
{
    private static final int ROWS = 300;
    private static final int SETTLE_ATTEMPTS = 200;
    private static final long SETTLE_POLL_MS = 20;

    private ChangeScenarios()
    {
    }

    static List<Scenario> all()
    {
        return List.of(new Scenario("change.split", ChangeScenarios::split),
            new Scenario("change.merge", ChangeScenarios::merge),
            new Scenario("change.move", ChangeScenarios::move),
            new Scenario("change.scan", ChangeScenarios::scan),
            new Scenario("change.async", ChangeScenarios::async),
            new Scenario("change.switches", ChangeScenarios::switches),
            new Scenario("change.servers", ChangeScenarios::servers));
    }

    /* ---- helpers ---- */

    private static Table filled(Session s, String name, String... splits) throws Exception
    {
        Table t = s.create(schema(name, family("f")), splits);
        List<Put> puts = new ArrayList<>();
        for (int i = 0; i < ROWS; i++)
            puts.add(put(String.format("r%03d", i), "f:q", 1, "v" + i));
        t.put(puts);
        return t;
    }

    private static List<String> regions(Session s, Table t) throws Exception
    {
        List<String> words = new ArrayList<>();
        for (RegionInfo region : s.admin.getRegions(t.getName()))
            words.add("[" + Bytes.toStringBinary(region.getStartKey()) + ", " +
                      Bytes.toStringBinary(region.getEndKey()) + ")");
        return words;
    }

    private static RegionInfo region(Session s, Table t, int index) throws Exception
    {
        return s.admin.getRegions(t.getName()).get(index);
    }

    private static String count(Table t) throws Exception
    {
        List<Result> rows = Session.results(t, new Scan());
        return rows.size() + " rows from " +
            (rows.isEmpty() ? "" : Bytes.toString(rows.get(0).getRow()));
    }

    /**
     * HBase lets a region be split or merged again only when a compaction has rewritten what it
     * shares and the janitor has been; what is asked is asked until then.
     */
    private static void settled(Session s, Table t, Transcript.Act act) throws Throwable
    {
        for (int attempt = 0;; attempt++) {
            try {
                act.run();
                return;
            } catch (Throwable failure) {
                String words = Words.of(failure);
                boolean passes = words.contains("NOT splittable") ||
                                 words.contains("not mergeable") ||
                                 words.contains("merge qualifier");
                if (!passes || attempt == SETTLE_ATTEMPTS)
                    throw failure;
                s.admin.majorCompact(t.getName());
                s.awaitCompaction(t.getName());
                Thread.sleep(SETTLE_POLL_MS);
                s.admin.runCatalogJanitor();
            }
        }
    }

    /* ---- scenarios ---- */

    private static void split(Session s) throws Throwable
    {
        Table t = filled(s, "change_split");
        TableName name = t.getName();
        s.out.act("a region at a key",
            () -> s.admin.splitRegionAsync(region(s, t, 0).getRegionName(), b("r100")).get());
        s.out.ask("regions", () -> regions(s, t));
        s.out.ask("rows", () -> count(t));
        s.out.act("at its first key",
            () -> s.admin.splitRegionAsync(region(s, t, 1).getRegionName(), b("r100")).get());
        s.out.act("a region that is not there",
            () -> s.admin.splitRegionAsync(b("00000000000000000000000000000000"), b("k")).get());
        s.out.act("a table that is not there",
            () -> s.admin.split(TableName.valueOf("change_nowhere"), b("k")));
        s.out.act("the daughters take rows", () -> {
            t.put(put("r050x", "f:q", 1, "left"));
            t.put(put("r150x", "f:q", 1, "right"));
        });
        s.out.act("a daughter",
            ()
                -> settled(s, t,
                    ()
                        -> s.admin
                               .splitRegionAsync(region(s, t, 1).getEncodedNameAsBytes(), b("r200"))
                               .get()));
        s.out.ask("regions after it", () -> regions(s, t));
        s.out.ask("all rows", () -> count(t));
        s.out.act("disable", () -> s.admin.disableTable(name));
        s.out.act("a disabled one",
            () -> s.admin.splitRegionAsync(region(s, t, 0).getRegionName(), b("r010")).get());
        s.out.act("enable", () -> s.admin.enableTable(name));
        s.out.ask("rows in the end", () -> count(t));
    }

    private static byte[][] names(Session s, Table t, int... indexes) throws Exception
    {
        byte[][] names = new byte[indexes.length][];
        for (int i = 0; i < indexes.length; i++)
            names[i] = region(s, t, indexes[i]).getEncodedNameAsBytes();
        return names;
    }

    private static void merge(Session s) throws Throwable
    {
        Table t = filled(s, "change_merge", "r050", "r100", "r150", "r200");
        s.out.act(
            "two neighbours", () -> s.admin.mergeRegionsAsync(names(s, t, 0, 1), false).get());
        s.out.ask("regions", () -> regions(s, t));
        s.out.act("no neighbours", () -> s.admin.mergeRegionsAsync(names(s, t, 0, 2), false).get());
        s.out.act("one", () -> s.admin.mergeRegionsAsync(names(s, t, 0), false).get());
        s.out.act("a region with itself",
            () -> s.admin.mergeRegionsAsync(names(s, t, 1, 1), false).get());
        s.out.act("one that is not there", () -> {
            byte[][] both = {names(s, t, 1)[0], b("00000000000000000000000000000000")};
            s.admin.mergeRegionsAsync(both, false).get();
        });
        s.out.act("three",
            ()
                -> settled(
                    s, t, () -> s.admin.mergeRegionsAsync(names(s, t, 1, 2, 3), false).get()));
        s.out.ask("regions after it", () -> regions(s, t));
        s.out.ask("rows", () -> count(t));
        s.out.act("what it takes", () -> t.put(put("r120x", "f:q", 1, "v")));
        s.out.ask("rows in the end", () -> count(t));
    }

    private static void move(Session s) throws Throwable
    {
        Table t = filled(s, "change_move", "r150");
        ServerName server = s.admin.getRegionServers().iterator().next();
        s.out.act("to the only server", () -> s.admin.move(names(s, t, 0)[0], server));
        s.out.act("anywhere", () -> s.admin.move(names(s, t, 1)[0]));
        s.out.act("a region that is not there",
            () -> s.admin.move(b("00000000000000000000000000000000"), server));
        s.out.ask("rows", () -> count(t));
        s.out.act("unassign", () -> s.admin.unassign(region(s, t, 0).getRegionName(), false));
        s.out.act("assign", () -> s.admin.assign(region(s, t, 0).getRegionName()));
        s.out.act("assign what is not there",
            () -> s.admin.assign(b("change_move,,1.00000000000000000000000000000000.")));
        s.out.ask("rows in the end", () -> count(t));
        s.out.ask("in transition",
            () -> s.admin.getClusterMetrics().getRegionStatesInTransition().size());
    }

    /** A scan in small pages; after `at` rows the act runs. Rows must come once and in order. */
    private static String scanOver(Table t, Scan scan, int at, Transcript.Act act) throws Throwable
    {
        List<String> rows = new ArrayList<>();
        try (ResultScanner scanner = t.getScanner(scan.setCaching(7))) {
            for (Result result : scanner) {
                rows.add(Bytes.toString(result.getRow()));
                if (rows.size() == at)
                    act.run();
            }
        }
        return rows.size() + " rows from " + rows.get(0) + " to " + rows.get(rows.size() - 1) +
            ", hash " + rows.hashCode();
    }

    private static void scan(Session s) throws Throwable
    {
        Table t = filled(s, "change_scan", "r100", "r200");
        s.out.ask("over a split ahead",
            ()
                -> scanOver(t, new Scan(), 20,
                    ()
                        -> s.admin.splitRegionAsync(region(s, t, 1).getRegionName(), b("r150"))
                               .get()));
        s.out.ask("over a split of where it is",
            ()
                -> scanOver(t, new Scan(), 20,
                    ()
                        -> s.admin.splitRegionAsync(region(s, t, 0).getRegionName(), b("r050"))
                               .get()));
        s.out.ask("over a merge",
            ()
                -> scanOver(t, new Scan(), 20,
                    ()
                        -> settled(s, t,
                            () -> s.admin.mergeRegionsAsync(names(s, t, 1, 2), false).get())));
        s.out.ask("backward over a split",
            ()
                -> scanOver(t, new Scan().setReversed(true), 20,
                    ()
                        -> settled(s, t,
                            ()
                                -> s.admin
                                       .splitRegionAsync(region(s, t, 3).getRegionName(), b("r250"))
                                       .get())));
        s.out.ask("over a move",
            () -> scanOver(t, new Scan(), 60, () -> s.admin.move(names(s, t, 1)[0])));
        s.out.ask("regions in the end", () -> regions(s, t));
    }

    private static void async(Session s) throws Throwable
    {
        AsyncAdmin admin = s.async.getAdmin();
        Table t = filled(s, "change_async");
        s.out.ask(
            "split", () -> admin.splitRegion(region(s, t, 0).getRegionName(), b("r100")).get());
        s.out.ask("regions", () -> regions(s, t));
        s.out.ask("merge", () -> {
            settled(s, t, () -> {
                List<byte[]> both = List.of(names(s, t, 0, 1));
                admin.mergeRegions(both, false).get();
            });
            return "done";
        });
        s.out.ask("regions after it", () -> regions(s, t));
        s.out.ask("move", () -> admin.move(region(s, t, 0).getEncodedNameAsBytes()).get());
        s.out.ask("balancer", () -> admin.isBalancerEnabled().get());
        s.out.ask("snapshot", () -> admin.snapshot("change_async_s", t.getName()).get());
        s.out.ask("clone",
            () -> admin.cloneSnapshot("change_async_s", TableName.valueOf("change_async_c")).get());
        s.out.ask("rows", () -> count(s.connection.getTable(TableName.valueOf("change_async_c"))));
        s.out.ask("delete", () -> admin.deleteSnapshot("change_async_s").get());
    }

    private static void switches(Session s) throws Throwable
    {
        s.out.ask("balancer off", () -> s.admin.balancerSwitch(false, true));
        s.out.ask("balancer", () -> s.admin.isBalancerEnabled());
        s.out.ask("balance", () -> s.admin.balance());
        s.out.ask("balancer on", () -> s.admin.balancerSwitch(true, false));
        s.out.ask("balance when on", () -> s.admin.balance());
        s.out.ask("split off", () -> s.admin.splitSwitch(false, true));
        s.out.ask("split", () -> s.admin.isSplitEnabled());
        s.out.ask("split on", () -> s.admin.splitSwitch(true, true));
        s.out.ask("merge off", () -> s.admin.mergeSwitch(false, true));
        s.out.ask("merge", () -> s.admin.isMergeEnabled());
        s.out.ask("merge on", () -> s.admin.mergeSwitch(true, true));
        s.out.ask("normalizer off", () -> s.admin.normalizerSwitch(false));
        s.out.ask("normalizer", () -> s.admin.isNormalizerEnabled());
        s.out.ask("normalize when off", () -> s.admin.normalize());
        s.out.ask("normalizer on", () -> s.admin.normalizerSwitch(true));
        s.out.ask("normalize", () -> s.admin.normalize());
        s.out.ask("janitor off", () -> s.admin.catalogJanitorSwitch(false));
        s.out.ask("janitor", () -> s.admin.isCatalogJanitorEnabled());
        s.out.ask("janitor on", () -> s.admin.catalogJanitorSwitch(true));
        s.out.ask("cleaner off", () -> s.admin.cleanerChoreSwitch(false));
        s.out.ask("cleaner", () -> s.admin.isCleanerChoreEnabled());
        s.out.ask("cleaner on", () -> s.admin.cleanerChoreSwitch(true));
        s.out.ask("snapshot cleanup off", () -> s.admin.snapshotCleanupSwitch(false, true));
        s.out.ask("snapshot cleanup", () -> s.admin.isSnapshotCleanupEnabled());
        s.out.ask("snapshot cleanup on", () -> s.admin.snapshotCleanupSwitch(true, true));
        s.out.ask("procedures can be read", () -> s.admin.getProcedures() != null);
        s.out.ask("locks can be read", () -> s.admin.getLocks() != null);
    }

    private static void servers(Session s) throws Throwable
    {
        List<ServerName> one = List.of(s.admin.getRegionServers().iterator().next());
        s.out.ask("decommissioned", () -> s.admin.listDecommissionedRegionServers());
        s.out.act("decommission", () -> s.admin.decommissionRegionServers(one, false));
        s.out.ask("decommissioned after it", () -> s.admin.listDecommissionedRegionServers());
        s.out.act("recommission", () -> s.admin.recommissionRegionServer(one.get(0), List.of()));
        s.out.ask("decommissioned in the end", () -> s.admin.listDecommissionedRegionServers());
        s.out.ask("dead", () -> s.admin.listDeadServers());
        s.out.ask("clear the dead", () -> s.admin.clearDeadServers(List.of()));
    }
}
