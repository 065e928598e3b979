package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.hadoop.hbase.NamespaceDescriptor;
import org.apache.hadoop.hbase.ServerName;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.MasterSwitchType;
import org.apache.hadoop.hbase.client.RegionInfo;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.SnapshotDescription;
import org.apache.hadoop.hbase.client.SnapshotType;
import org.apache.hadoop.hbase.client.Table;

/** The methods of Admin that no other scenario has a reason to call: one question each. */
final class CallScenarios {
    private CallScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("calls.servers", CallScenarios::servers),
            new Scenario("calls.tables", CallScenarios::tables),
            new Scenario("calls.async", CallScenarios::async),
            new Scenario("calls.snapshots", CallScenarios::snapshots),
            new Scenario("calls.regions", CallScenarios::regions),
            new Scenario("calls.switches", CallScenarios::switches),
            new Scenario("calls.procedures", CallScenarios::procedures));
    }

    private static ServerName server(Session s) throws Exception {
        return s.admin.getRegionServers().iterator().next();
    }

    private static void servers(Session s) throws Throwable {
        ServerName server = server(s);
        Table t = s.create(schema("calls_servers", family("f")));
        t.put(put("a", "f:q", 1, "v"));
        s.out.act("roll the log", () -> s.admin.rollWALWriter(server));
        t.put(put("b", "f:q", 1, "v"));
        s.out.act("roll it again", () -> s.admin.rollWALWriter(server));
        s.out.act("clear a queue", () -> s.admin.clearCompactionQueues(server, Set.of("short")));
        s.out.act("clear both queues",
            () -> s.admin.clearCompactionQueues(server, Set.of("long", "short")));
        s.out.act("flush a server", () -> s.admin.flushRegionServer(server));
        s.out.act("compact a server", () -> s.admin.compactRegionServer(server));
        s.out.act("compact a server wholly", () -> s.admin.majorCompactRegionServer(server));
        s.out.ask("compactions off",
            () -> s.admin.compactionSwitch(false, List.of(server.getServerName())).values());
        s.out.ask("compactions on",
            () -> s.admin.compactionSwitch(true, List.of(server.getServerName())).values());
        s.out.ask("compactions of all",
            () -> new TreeSet<>(s.admin.compactionSwitch(true, List.of()).values()));
        s.out.ask("unknown servers", () -> s.admin.listUnknownServers());
        s.out.ask("maintenance", () -> s.admin.isMasterInMaintenanceMode());
        s.out.ask("coprocessors", () -> s.admin.getMasterCoprocessorNames());
        s.out.ask("security", () -> s.admin.getSecurityCapabilities());
        s.askScan("rows", t, new org.apache.hadoop.hbase.client.Scan());
    }

    @SuppressWarnings("deprecation")
    private static void tables(Session s) throws Throwable {
        Admin admin = s.admin;
        TableName one = TableName.valueOf("calls_t1");
        Pattern both = Pattern.compile("calls_t[12]");
        s.create(schema("calls_t1", family("f")), "m");
        s.create(schema("calls_t2", family("f")));
        s.out.act("disable by pattern", () -> admin.disableTables(both));
        s.out.act("enable by pattern", () -> admin.enableTables(both));
        s.out.act("add a column", () -> admin.addColumn(one, family("g")));
        s.out.act("modify a column", () -> admin.modifyColumn(one, family("g", 3)));
        s.out.ask("alter status", () -> admin.getAlterStatus(one));
        s.out.act("delete a column", () -> admin.deleteColumn(one, b("g")));
        s.out.ask("old descriptor", () -> admin.getTableDescriptor(one).getFamiliesKeys().size());
        s.out.ask("old list", () -> admin.listTables("calls_t.*").length);
        s.out.ask("old descriptors", () -> admin.getTableDescriptors(List.of("calls_t1")).length);
        s.out.ask("old descriptors by name",
            () -> admin.getTableDescriptorsByTableName(List.of(one)).length);
        s.out.ask("old regions", () -> admin.getTableRegions(one).size());
        s.out.act("disable both", () -> admin.disableTables("calls_t.*"));
        s.out.act("delete both", () -> admin.deleteTables("calls_t.*"));
        s.out.ask("is there", () -> admin.tableExists(one));
    }

    private static void async(Session s) throws Throwable {
        Admin admin = s.admin;
        TableName name = TableName.valueOf("calls_async");
        NamespaceDescriptor space = NamespaceDescriptor.create("calls_space").build();
        s.create(schema("calls_async", family("f")));
        s.out.act("create a namespace", () -> admin.createNamespaceAsync(space).get());
        s.out.act("modify a namespace",
            ()
                -> admin.modifyNamespaceAsync(NamespaceDescriptor.create(space)
                                                  .addConfiguration("k", "v")
                                                  .build())
                       .get());
        s.out.act("delete a namespace", () -> admin.deleteNamespaceAsync("calls_space").get());
        s.out.act("add a family", () -> admin.addColumnFamilyAsync(name, family("g")).get());
        s.out.act(
            "modify a family", () -> admin.modifyColumnFamilyAsync(name, family("g", 2)).get());
        s.out.act("delete a family", () -> admin.deleteColumnFamilyAsync(name, b("g")).get());
        s.out.act("modify", () -> admin.modifyTableAsync(admin.getDescriptor(name)).get());
        s.out.act("disable", () -> admin.disableTableAsync(name).get());
        s.out.act("truncate", () -> admin.truncateTableAsync(name, false).get());
        s.out.ask("truncated is", () -> admin.isTableEnabled(name));
        s.out.act("disable again", () -> admin.disableTableAsync(name).get());
        s.out.act("enable", () -> admin.enableTableAsync(name).get());
        s.out.act("disable for good", () -> admin.disableTableAsync(name).get());
        s.out.act("delete", () -> admin.deleteTableAsync(name).get());
        s.out.act("delete what is not there", () -> admin.deleteTableAsync(name).get());
    }

    private static void snapshots(Session s) throws Throwable {
        Admin admin = s.admin;
        TableName name = TableName.valueOf("calls_snap"), copy = TableName.valueOf("calls_copy");
        SnapshotDescription snapshot = new SnapshotDescription("calls_s1", name, SnapshotType.FLUSH);
        Table t = s.create(schema("calls_snap", family("f")));
        t.put(put("a", "f:q", 1, "v"));
        s.out.act("take", () -> admin.snapshotAsync(snapshot).get());
        s.out.ask("is it finished", () -> admin.isSnapshotFinished(snapshot));
        s.out.act("clone", () -> admin.cloneSnapshotAsync("calls_s1", copy).get());
        s.out.ask("cloned", () -> admin.tableExists(copy));
        admin.disableTable(name);
        s.out.act("restore", () -> admin.restoreSnapshot("calls_s1", false));
        admin.enableTable(name);
        s.out.ask("restored", () -> Session.results(t, new org.apache.hadoop.hbase.client.Scan()).size());
        s.out.act("delete of tables",
            () -> admin.deleteTableSnapshots(Pattern.compile("calls_snap"), Pattern.compile(".*")));
        s.out.ask("left", () -> admin.listSnapshots(Pattern.compile("calls_.*")).size());
        s.out.ask("is one finished that is not there", () -> admin.isSnapshotFinished(snapshot));
    }

    /** What hbase:meta says of each region of the table. */
    private static Map<String, String> states(Session s, TableName name) throws Exception {
        Map<String, String> states = new TreeMap<>();
        try (Table meta = s.connection.getTable(TableName.META_TABLE_NAME)) {
            for (Result row : Session.results(meta,
                     new org.apache.hadoop.hbase.client.Scan()
                         .withStartRow(b(name.getNameAsString() + ",,"))
                         .withStopRow(b(name.getNameAsString() + ",~,"))))
                states.put(Words.settled(org.apache.hadoop.hbase.util.Bytes.toStringBinary(row.getRow())),
                    org.apache.hadoop.hbase.util.Bytes.toString(row.getValue(b("info"), b("state"))));
        }
        return states;
    }

    @SuppressWarnings("deprecation")
    private static void regions(Session s) throws Throwable {
        TableName name = TableName.valueOf("calls_regions");
        Table t = s.create(schema("calls_regions", family("f")), "m");
        t.put(put("a", "f:q", 1, "v"));
        List<RegionInfo> regions = s.admin.getRegions(name);
        byte[] first = regions.get(0).getRegionName();
        s.out.ask("last compaction", () -> s.admin.getLastMajorCompactionTimestamp(name));
        s.out.ask("last compaction of a region",
            () -> s.admin.getLastMajorCompactionTimestampForRegion(first));
        s.out.ask("online regions", () -> s.admin.getOnlineRegions(server(s)).size() >= 2);
        s.out.act("unassign", () -> s.admin.unassign(first, false));
        s.out.ask("states", () -> states(s, name));
        s.out.act("assign", () -> s.admin.assign(first));
        s.out.ask("states after it", () -> states(s, name));
        s.out.ask("rows", () -> Session.results(t, new org.apache.hadoop.hbase.client.Scan()).size());
    }

    @SuppressWarnings("deprecation")
    private static void switches(Session s) throws Throwable {
        Admin admin = s.admin;
        s.out.ask("balancer off", () -> admin.setBalancerRunning(false, true));
        s.out.ask("balancer on", () -> admin.setBalancerRunning(true, true));
        s.out.ask("balance", () -> admin.balancer());
        s.out.ask("normalizer", () -> admin.setNormalizerRunning(true));
        s.out.ask("split", () -> admin.isSplitOrMergeEnabled(MasterSwitchType.SPLIT));
        s.out.ask("both off",
            ()
                -> admin.setSplitOrMergeEnabled(
                    false, true, MasterSwitchType.SPLIT, MasterSwitchType.MERGE));
        s.out.ask("both on",
            ()
                -> admin.setSplitOrMergeEnabled(
                    true, true, MasterSwitchType.SPLIT, MasterSwitchType.MERGE));
        s.out.ask("catalogue scan", () -> admin.runCatalogScan() >= 0);
        s.out.ask("janitor", () -> admin.enableCatalogJanitor(true));
        s.out.ask("cleaner", () -> admin.setCleanerChoreRunning(true));
    }

    private static void procedures(Session s) throws Throwable {
        s.create(schema("calls_procedures", family("f")));
        s.out.ask("a create that has ended is listed", () -> {
            String all = s.admin.getProcedures();
            return all.contains("CreateTableProcedure") && all.contains("SUCCESS");
        });
        s.out.ask("abort what is not there", () -> s.admin.abortProcedure(1234567890123L, false));
        s.out.act("a procedure by name",
            ()
                -> s.admin.execProcedure("flush-table-proc", "calls_procedures", Map.of()));
        s.out.ask("is it finished",
            ()
                -> s.admin.isProcedureFinished("flush-table-proc", "calls_procedures", Map.of()));
    }
}
