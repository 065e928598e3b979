package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.hbase.Cell;
import org.apache.hadoop.hbase.CellUtil;
import org.apache.hadoop.hbase.HRegionLocation;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.RegionInfo;
import org.apache.hadoop.hbase.client.RegionLocator;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.filter.FirstKeyOnlyFilter;
import org.apache.hadoop.hbase.filter.PrefixFilter;

/** hbase:meta as a table, and what the client makes of it. */
final class MetaScenarios {
    private MetaScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("meta.rows", MetaScenarios::rows),
            new Scenario("meta.locator", MetaScenarios::locator),
            new Scenario("meta.self", MetaScenarios::self));
    }

    /**
     * A row of meta: the region info decoded, other values in words; what a server may leave out
     * or add is not said.
     */
    private static List<String> words(List<Result> results) throws Exception {
        List<String> rows = new ArrayList<>();
        for (Result result : results) {
            List<String> cells = new ArrayList<>();
            for (Cell cell : result.rawCells()) {
                String column = Words.bytes(CellUtil.cloneFamily(cell)) + ":" +
                    Words.bytes(CellUtil.cloneQualifier(cell));
                byte[] value = CellUtil.cloneValue(cell);
                switch (column) {
                case "info:regioninfo":
                    RegionInfo info = RegionInfo.parseFrom(value);
                    cells.add(column + "=" + info.getRegionNameAsString() + " [" +
                        Words.bytes(info.getStartKey()) + "," + Words.bytes(info.getEndKey()) +
                        ")" + (info.isOffline() ? " offline" : "") +
                        (info.isSplit() ? " split" : "") + " replica " + info.getReplicaId());
                    break;
                case "info:serverstartcode":
                case "info:seqnumDuringOpen":
                    cells.add(column + "=(" + value.length + " bytes)");
                    break;
                case "info:server":
                case "info:sn":
                case "info:state":
                case "table:state": cells.add(column + "=" + Words.bytes(value)); break;
                default: break;
                }
            }
            rows.add(Words.settled(Words.bytes(result.getRow()) + " " + cells));
        }
        return rows;
    }

    private static void rows(Session s) throws Throwable {
        s.create(schema("meta_rows", family("f")), "c", "p,q", "\\x80");
        s.create(schema("meta_rows2", family("f")));
        Table meta = s.connection.getTable(TableName.META_TABLE_NAME);
        for (String table : List.of("meta_rows", "meta_rows2"))
            s.out.ask("rows of " + table,
                () -> words(Session.results(meta,
                        new Scan()
                            .withStartRow(b(table + ",,"))
                            .withStopRow(b(table + " ,,")))));
        s.out.ask("rows by filter",
            () -> words(Session.results(meta,
                    new Scan().addFamily(b("info")).setFilter(new PrefixFilter(b("meta_rows2"))))));
        s.out.ask("table rows",
            () -> words(Session.results(meta,
                    new Scan()
                        .addFamily(b("table"))
                        .withStartRow(b("meta_rows"))
                        .withStopRow(b("meta_rows3")))));
        s.out.ask("state of a table",
            () -> words(List.of(meta.get(new Get(b("meta_rows")).addFamily(b("table"))))));
        s.out.ask("backwards",
            () -> words(Session.results(meta,
                    new Scan()
                        .addFamily(b("info"))
                        .setReversed(true)
                        .withStartRow(b("meta_rows,z,99999999999999"))
                        .withStopRow(b("meta_rows,,"), true))));
        s.out.ask("the one before a row",
            () -> words(Session.results(meta,
                    new Scan()
                        .addFamily(b("info"))
                        .setReversed(true)
                        .setLimit(1)
                        .withStartRow(b("meta_rows,k,99999999999999"))
                        .withStopRow(b("meta_rows,,"), true))));
        s.out.ask("between",
            () -> words(Session.results(meta,
                    new Scan()
                        .addColumn(b("info"), b("regioninfo"))
                        .withStartRow(b("meta_rows,,"))
                        .withStopRow(b("meta_rows ,,")))));
        s.out.ask("first cells",
            () -> Session
                       .results(meta,
                           new Scan()
                               .setFilter(new FirstKeyOnlyFilter())
                               .withStartRow(b("meta_rows,,"))
                               .withStopRow(b("meta_rows ,,")))
                       .size());
        s.admin.disableTable(TableName.valueOf("meta_rows2"));
        s.out.ask("rows of the disabled",
            () -> words(Session.results(
                    meta, new Scan().withStartRow(b("meta_rows2")).withStopRow(b("meta_rows3")))));
        s.admin.deleteTable(TableName.valueOf("meta_rows2"));
        s.out.ask("rows of the deleted",
            () -> words(Session.results(
                    meta, new Scan().withStartRow(b("meta_rows2")).withStopRow(b("meta_rows3")))));
    }

    private static String place(HRegionLocation location) {
        RegionInfo info = location.getRegion();
        return info.getRegionNameAsString() + " [" + Words.bytes(info.getStartKey()) + "," +
            Words.bytes(info.getEndKey()) + ") " +
            (location.getServerName() == null ? "nowhere" : "somewhere") + " " +
            (location.getSeqNum() >= 0 ? "opened" : "not opened");
    }

    private static void locator(Session s) throws Throwable {
        TableName name = TableName.valueOf("meta_locator");
        s.create(schema("meta_locator", family("f")), "10", "20", "3");
        try (RegionLocator locator = s.connection.getRegionLocator(name)) {
            s.out.ask("all", () -> {
                List<String> places = new ArrayList<>();
                for (HRegionLocation location : locator.getAllRegionLocations())
                    places.add(place(location));
                return places;
            });
            for (String row :
                List.of("", "0", "10", "1", "100", "2", "20", "29", "3", "9", "\\xFF"))
                s.out.ask(
                    "of row '" + row + "'", () -> place(locator.getRegionLocation(b(row), true)));
            s.out.ask("from the cache", () -> place(locator.getRegionLocation(b("15"))));
            s.out.ask("starts", () -> List.of(locator.getStartKeys()));
            s.out.ask("ends", () -> List.of(locator.getEndKeys()));
            s.out.ask("replicas of a row", () -> locator.getRegionLocations(b("15")).size());
        }
        s.out.ask("regions by admin", () -> {
            List<String> names = new ArrayList<>();
            for (RegionInfo info : s.admin.getRegions(name))
                names.add(info.getRegionNameAsString());
            return names;
        });
        s.out.ask(
            "regions of nothing", () -> s.admin.getRegions(TableName.valueOf("meta_nowhere")));
        s.out.ask("location in nothing",
            () -> s.connection.getRegionLocator(TableName.valueOf("meta_nowhere"))
                       .getRegionLocation(b("a")));
        s.out.ask("region's hash is its name's", () -> {
            for (RegionInfo info : s.admin.getRegions(name))
                if (!info.getRegionNameAsString().endsWith("." + info.getEncodedName() + "."))
                    return info;
            return "yes";
        });
    }

    private static void self(Session s) throws Throwable {
        TableName name = TableName.META_TABLE_NAME;
        s.out.ask("exists", () -> s.admin.tableExists(name));
        s.out.ask("enabled", () -> s.admin.isTableEnabled(name));
        s.out.ask(
            "region", () -> place(s.connection.getRegionLocator(name).getRegionLocation(b("any"))));
        s.out.ask("regions", () -> s.admin.getRegions(name).size());
        s.out.act("disable", () -> s.admin.disableTable(name));
        s.out.act("delete", () -> s.admin.deleteTable(name));
        s.out.act("flush", () -> s.admin.flush(name));
        s.out.ask("families", () -> {
            List<String> families = new ArrayList<>();
            for (byte[] family : s.admin.getDescriptor(name).getColumnFamilyNames())
                families.add(Words.bytes(family));
            families.retainAll(List.of("info", "table"));
            return families;
        });
    }
}
