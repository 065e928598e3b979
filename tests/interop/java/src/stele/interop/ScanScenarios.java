package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.hbase.client.Consistency;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.IsolationLevel;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.filter.FilterList;
import org.apache.hadoop.hbase.filter.PageFilter;
import org.apache.hadoop.hbase.filter.QualifierFilter;
import org.apache.hadoop.hbase.filter.SubstringComparator;
import org.apache.hadoop.hbase.CompareOperator;

/** Scans over one region and several, with every option. */
final class ScanScenarios {
    private static final int ROWS = 60;

    private ScanScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("scan.options", s -> options(s, "scan_options")),
            new Scenario("scan.regions",
                s -> options(s, "scan_regions", "row015", "row030", "row031", "row050")),
            new Scenario("scan.pieces", ScanScenarios::pieces),
            new Scenario("scan.snapshot", ScanScenarios::snapshot),
            new Scenario("scan.metrics", ScanScenarios::metrics),
            new Scenario("scan.many", ScanScenarios::many),
            new Scenario("scan.refused", ScanScenarios::refused),
            new Scenario("scan.next", ScanScenarios::next));
    }

    /**
     * Rows row000, row001 ...; every third has more columns, every fifth a second family, every
     * tenth only the second family.
     */
    private static Table filled(Session s, String name, String... splits) throws Throwable {
        Table t = s.create(schema(name, family("f", 3), family("g", 3)), splits);
        List<Put> puts = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            Put p = new Put(b(String.format("row%03d", i)));
            if (i % 10 != 9)
                for (int ts = 1; ts <= 3; ts++)
                    put(p, "f:a", ts * 10, "a" + i + "." + ts);
            if (i % 3 == 0)
                for (int q = 0; q < 5; q++)
                    put(p, "f:q" + q, 20, "q" + q);
            if (i % 5 == 4)
                put(put(p, "g:a", 15, "g" + i), "g:b", 25, "g" + i);
            puts.add(p);
        }
        t.put(puts);
        s.flush(t);
        t.delete(new Delete(b("row007")));
        t.delete(new Delete(b("row008"), 20));
        t.put(put("row033", "f:a", 40, "newer"));
        t.put(put("row0335", "f:a", 40, "between"));
        return t;
    }

    private static void options(Session s, String name, String... splits) throws Throwable {
        Table t = filled(s, name, splits);
        for (boolean reversed : List.of(false, true)) {
            String way = reversed ? " backwards" : "";
            String low = reversed ? "row040" : "row010";
            String high = reversed ? "row010" : "row040";
            s.askScan("all" + way, t, new Scan().setReversed(reversed));
            s.askScan(
                "all, one row a call" + way, t, new Scan().setReversed(reversed).setCaching(1));
            s.askScan(
                "all, seven rows a call" + way, t, new Scan().setReversed(reversed).setCaching(7));
            s.askScan("from" + way, t, new Scan().setReversed(reversed).withStartRow(b(low)));
            s.askScan(
                "after" + way, t, new Scan().setReversed(reversed).withStartRow(b(low), false));
            s.askScan("until" + way, t, new Scan().setReversed(reversed).withStopRow(b(high)));
            s.askScan("until and with" + way, t,
                new Scan().setReversed(reversed).withStopRow(b(high), true));
            s.askScan("between" + way, t,
                new Scan().setReversed(reversed).withStartRow(b(low)).withStopRow(b(high)));
            s.askScan("inside" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .withStartRow(b(low), false)
                    .withStopRow(b(high), false));
            s.askScan("from a missing row" + way, t,
                new Scan().setReversed(reversed).withStartRow(b("row0205")).setLimit(4));
            s.askScan("to a missing row" + way, t,
                new Scan().setReversed(reversed).withStartRow(b(low)).withStopRow(
                    b("row0205"), true));
            s.askScan("from a deleted row" + way, t,
                new Scan().setReversed(reversed).withStartRow(b("row007")).setLimit(3));
            s.askScan("from a split" + way, t,
                new Scan().setReversed(reversed).withStartRow(b("row030")).setLimit(3));
            s.askScan("after a split" + way, t,
                new Scan().setReversed(reversed).withStartRow(b("row030"), false).setLimit(3));
            s.askScan("one row" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .withStartRow(b("row012"))
                    .withStopRow(b("row012"), true));
            s.askScan("same row, not with it" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .withStartRow(b("row012"))
                    .withStopRow(b("row012")));
            s.askScan("wrong order" + way, t,
                new Scan().setReversed(reversed).withStartRow(b(high)).withStopRow(b(low)));
            s.askScan("before all" + way, t,
                new Scan().setReversed(reversed).withStartRow(b("a")).withStopRow(b("b")));
            s.askScan("after all" + way, t,
                new Scan().setReversed(reversed).withStartRow(b("z")).withStopRow(b("zz")));
            s.askScan(
                "prefix" + way, t, prefix(new Scan().setReversed(reversed), "row02", reversed));
            s.askScan("one family" + way, t, new Scan().setReversed(reversed).addFamily(b("g")));
            s.askScan(
                "one column" + way, t, new Scan().setReversed(reversed).addColumn(b("f"), b("q2")));
            s.askScan("columns" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .addColumn(b("f"), b("q2"))
                    .addColumn(b("g"), b("b")));
            s.askScan("column and family" + way, t,
                new Scan().setReversed(reversed).addColumn(b("f"), b("q2")).addFamily(b("g")));
            s.askScan("two versions" + way, t,
                new Scan().setReversed(reversed).readVersions(2).setLimit(9));
            s.askScan("all versions" + way, t,
                new Scan().setReversed(reversed).readAllVersions().setLimit(9));
            s.askScan("time range" + way, t,
                new Scan().setReversed(reversed).setTimeRange(15, 25).readAllVersions());
            s.askScan("moment" + way, t, new Scan().setReversed(reversed).setTimestamp(25));
            s.askScan("family time range" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .setColumnFamilyTimeRange(b("g"), 20, 30)
                    .setLimit(12));
            for (int limit : List.of(1, 2, 13, 59, 100))
                s.askScan(
                    "limit " + limit + way, t, new Scan().setReversed(reversed).setLimit(limit));
            s.askScan("limit with small calls" + way, t,
                new Scan().setReversed(reversed).setLimit(20).setCaching(3));
            s.askScan("limit from" + way, t,
                new Scan().setReversed(reversed).withStartRow(b("row028")).setLimit(8));
            s.askScan("one row and limit one" + way, t,
                new Scan().setReversed(reversed).withStartRow(b("row029")).setOneRowLimit());
            for (int batch : List.of(1, 2, 4, 100))
                s.askScan("batch " + batch + way, t,
                    new Scan()
                        .setReversed(reversed)
                        .setBatch(batch)
                        .withStartRow(b(low))
                        .withStopRow(b(high)));
            s.askScan("batch and caching" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .setBatch(2)
                    .setCaching(3)
                    .withStartRow(b(low))
                    .withStopRow(b(high)));
            s.askScan("batch and limit" + way, t,
                new Scan().setReversed(reversed).setBatch(2).setLimit(7));
            s.askScan("batch of versions" + way, t,
                new Scan().setReversed(reversed).setBatch(3).readAllVersions().setLimit(7));
            s.askScan("cells a family" + way, t,
                new Scan().setReversed(reversed).setMaxResultsPerColumnFamily(2).setLimit(20));
            s.askScan("cells a family, later ones" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .setMaxResultsPerColumnFamily(2)
                    .setRowOffsetPerColumnFamily(2));
            s.askScan("later cells of versions" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .readAllVersions()
                    .setMaxResultsPerColumnFamily(3)
                    .setRowOffsetPerColumnFamily(1)
                    .setLimit(9));
            s.askScan(
                "small results" + way, t, new Scan().setReversed(reversed).setMaxResultSize(1));
            s.askScan("small results and limit" + way, t,
                new Scan().setReversed(reversed).setMaxResultSize(100).setLimit(11));
            s.askScan("stream" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .setReadType(Scan.ReadType.STREAM)
                    .withStartRow(b(low))
                    .withStopRow(b(high)));
            s.askScan("pread" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .setReadType(Scan.ReadType.PREAD)
                    .withStartRow(b(low))
                    .withStopRow(b(high)));
            s.askScan("read uncommitted" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .setIsolationLevel(IsolationLevel.READ_UNCOMMITTED)
                    .setLimit(3));
            s.askScan("timeline" + way, t,
                new Scan().setReversed(reversed).setConsistency(Consistency.TIMELINE).setLimit(3));
            s.askScan("no block cache" + way, t,
                new Scan().setReversed(reversed).setCacheBlocks(false).setLimit(3));
            s.askScan("prefetch" + way, t,
                new Scan().setReversed(reversed).setAsyncPrefetch(true).setCaching(5));
            s.askScan("cursors wanted" + way, t,
                new Scan()
                    .setReversed(reversed)
                    .setNeedCursorResult(true)
                    .withStartRow(b(low))
                    .withStopRow(b(high)));
            s.askScan("page filter" + way, t,
                new Scan().setReversed(reversed).setFilter(new PageFilter(4)));
            s.askScan("filter and limit" + way, t,
                new Scan().setReversed(reversed).setLimit(3).setFilter(
                    new QualifierFilter(CompareOperator.EQUAL, new SubstringComparator("q3"))));
        }
    }

    private static Scan prefix(Scan scan, String prefix, boolean reversed) {
        if (!reversed)
            return scan.setStartStopRowForPrefixScan(b(prefix));
        return scan.withStartRow(b(prefix + "9")).withStopRow(b(prefix), true);
    }

    /** Rows that do not fit a call: pieces of a row put together give the row. */
    private static void pieces(Session s) throws Throwable {
        Table t = s.create(schema("scan_pieces", family("f", 2), family("g")), "m");
        String filler = "x".repeat(200);
        for (String row : List.of("a", "b", "m", "n")) {
            Put p = new Put(b(row));
            for (int q = 0; q < 20; q++)
                put(put(put(p, "f:q" + q, 1, filler + q), "f:q" + q, 2, filler + q), "g:q" + q, 1,
                    "g" + q);
            t.put(p);
        }
        s.flush(t);
        for (boolean reversed : List.of(false, true))
            for (long size : List.of(1L, 2000L, 100_000L)) {
                String label = (reversed ? " backwards" : "") + " by " + size;
                s.out.ask("whole rows" + label,
                    () -> Session.results(
                            t, new Scan().setReversed(reversed).setMaxResultSize(size)));
                s.out.ask("pieces" + label,
                    () -> Session.rows(t,
                            new Scan()
                                .setReversed(reversed)
                                .setMaxResultSize(size)
                                .setAllowPartialResults(true)));
                s.out.ask("pieces of versions" + label,
                    () -> Session.rows(t,
                            new Scan()
                                .setReversed(reversed)
                                .readAllVersions()
                                .setMaxResultSize(size)
                                .setAllowPartialResults(true)));
                s.out.ask("batches" + label,
                    () -> Session.results(t,
                            new Scan().setReversed(reversed).setMaxResultSize(size).setBatch(7)));
                s.out.ask("limit" + label,
                    () -> Session.results(t,
                            new Scan().setReversed(reversed).setMaxResultSize(size).setLimit(2)));
                s.out.ask("cells a family" + label,
                    () -> Session.results(t,
                            new Scan()
                                .setReversed(reversed)
                                .setMaxResultSize(size)
                                .setMaxResultsPerColumnFamily(9)
                                .setRowOffsetPerColumnFamily(3)));
            }
    }

    /** A scanner that is open sees its region as it was; so do the rest of its calls. */
    private static void snapshot(Session s) throws Throwable {
        Table t = s.create(schema("scan_snapshot", family("f", 3)));
        for (int i = 0; i < 20; i++)
            t.put(put("r" + (char) ('a' + i), "f:q", 1, "old"));
        for (String event : List.of("write", "flush", "compact")) {
            s.out.ask("read across a " + event, () -> {
                List<Object> seen = new ArrayList<>();
                try (ResultScanner scanner = t.getScanner(new Scan().setCaching(2))) {
                    seen.add(scanner.next());
                    seen.add(scanner.next());
                    for (int i = 0; i < 20; i += 2)
                        t.put(put("r" + (char) ('a' + i), "f:q", event.length() + 1, event));
                    t.put(put("zz" + event, "f:q", 9, event));
                    t.delete(new Delete(b("rt")).addColumn(b("f"), b("q"), 1));
                    if (event.equals("flush"))
                        s.flush(t);
                    if (event.equals("compact"))
                        s.majorCompact(t);
                    for (Result result : scanner)
                        seen.add(result);
                }
                return seen;
            });
            s.askScan("read after the " + event, t, new Scan());
        }
    }

    private static void metrics(Session s) throws Throwable {
        Table t = filled(s, "scan_metrics", "row030");
        for (int limit : List.of(0, 10))
            s.out.ask("rows counted with limit " + limit, () -> {
                Scan scan = new Scan().setScanMetricsEnabled(true);
                if (limit > 0)
                    scan.setLimit(limit);
                try (ResultScanner scanner = t.getScanner(scan)) {
                    int rows = 0;
                    while (scanner.next() != null)
                        rows++;
                    return rows + " rows, " + scanner.getScanMetrics().countOfRowsScanned.get() +
                        " scanned, " + scanner.getScanMetrics().countOfRowsFiltered.get() +
                        " filtered, " + scanner.getScanMetrics().countOfRegions.get() + " regions";
                }
            });
        s.out.ask("what is wrong with the places, in memory",
            () -> wrong(metricsOf(t), "BYTES_READ_FROM_MEMSTORE"));
        s.admin.flush(t.getName());
        metricsOf(t); /* what is read once is in the cache */
        s.out.ask("what is wrong with the places, in the cache",
            () -> wrong(metricsOf(t), "BYTES_READ_FROM_BLOCK_CACHE"));
    }

    private static Map<String, Long> metricsOf(Table t) throws Throwable {
        try (ResultScanner scanner = t.getScanner(new Scan().setScanMetricsEnabled(true))) {
            while (scanner.next() != null) {
            }
            return scanner.getScanMetrics().getMetricsMap(false);
        }
    }

    /** All comes from one place, and nothing from the disk. A client of 2.5 knows no places, and finds nothing wrong. */
    private static String wrong(Map<String, Long> metrics, String place) {
        List<String> wrong = new ArrayList<>();
        if (metrics.getOrDefault(place, 1L) == 0)
            wrong.add(place + " is 0");
        for (String name : List.of("BYTES_READ_FROM_FS", "BLOCK_READ_OPS_COUNT", "FS_READ_TIME"))
            if (metrics.getOrDefault(name, 0L) != 0)
                wrong.add(name + " is " + metrics.get(name));
        if (place.endsWith("CACHE") && metrics.getOrDefault("BYTES_READ_FROM_MEMSTORE", 0L) != 0)
            wrong.add("something is in the memstore");
        for (String time : List.of("RPC_SCAN_PROCESSING_TIME", "RPC_SCAN_QUEUE_WAIT_TIME"))
            if (metrics.getOrDefault(time, 0L) < 0 || metrics.getOrDefault(time, 0L) > 100000)
                wrong.add(time + " is " + metrics.get(time));
        return wrong.toString();
    }

    /** More rows than a call gives, over regions without rows too. */
    private static void many(Session s) throws Throwable {
        Table t = s.create(schema("scan_many", family("f")), "1", "2", "25", "3", "4", "5", "6");
        List<Put> puts = new ArrayList<>();
        for (int i = 0; i < 3000; i++)
            puts.add(put(String.format("%04d", (i * 7919) % 5000), "f:q", i + 1, "value" + i));
        t.put(puts);
        for (String state : List.of("memory", "file")) {
            for (boolean reversed : List.of(false, true))
                for (int caching : List.of(10, 1000, 100_000))
                    s.out.ask("hash of rows, " + caching + " a call" +
                            (reversed ? " backwards" : "") + " from " + state,
                        () -> {
                            List<Result> rows = Session.results(
                                t, new Scan().setReversed(reversed).setCaching(caching));
                            StringBuilder all = new StringBuilder();
                            rows.forEach(row -> all.append(Words.of(row)));
                            return rows.size() + " rows, hash " +
                                Integer.toHexString(all.toString().hashCode());
                        });
            s.out.ask("hash of small results from " + state, () -> {
                List<Result> rows = Session.results(t, new Scan().setMaxResultSize(5000));
                StringBuilder all = new StringBuilder();
                rows.forEach(row -> all.append(Words.of(row)));
                return rows.size() + " rows, hash " +
                    Integer.toHexString(all.toString().hashCode());
            });
            s.flush(t);
        }
        s.askScan("few in the middle", t,
            new Scan().withStartRow(b("24")).withStopRow(b("26")).setFilter(
                new FilterList(new PageFilter(5))));
    }

    private static void refused(Session s) throws Throwable {
        Table t = s.create(schema("scan_refused", family("f")));
        t.put(put("r", "f:q", 1, "v"));
        s.askScan("unknown family", t, new Scan().addFamily(b("nope")));
        s.askScan("unknown column's family", t, new Scan().addColumn(b("nope"), b("q")));
        s.askScan("raw with columns", t, new Scan().setRaw(true).addColumn(b("f"), b("q")));
        s.out.ask("batch with a filter of rows",
            () -> new Scan().setFilter(new PageFilter(1)).setBatch(2));
        s.askScan("unknown table",
            s.connection.getTable(org.apache.hadoop.hbase.TableName.valueOf("scan_nowhere")),
            new Scan());
        s.out.ask("negative time", () -> new Scan().setTimeRange(-1, 5));
        s.out.ask("wrong time range", () -> new Scan().setTimeRange(5, 1));
        s.out.ask(
            "start row too long", () -> new Scan().withStartRow(new byte[Short.MAX_VALUE + 1]));
        s.askScan("versions of zero", t, new Scan().readVersions(0));
    }

    /** Scanners used by hand: next, next(n), renewal, close in the middle, next after the end. */
    private static void next(Session s) throws Throwable {
        Table t = filled(s, "scan_next", "row030");
        try (ResultScanner scanner = t.getScanner(new Scan().setCaching(5))) {
            s.out.ask("next", scanner::next);
            s.out.ask("next three", () -> scanner.next(3));
            s.out.ask("renew", scanner::renewLease);
            s.out.ask("next after renewal", () -> scanner.next(4));
            s.out.ask("renew again", scanner::renewLease);
            s.out.ask("the rest", () -> scanner.next(1000).length);
            s.out.ask("past the end", scanner::next);
            s.out.ask("past the end again", scanner::next);
            s.out.ask("renew after the end", scanner::renewLease);
        }
        s.out.ask("families by name", () -> count(t.getScanner(b("g"))));
        s.out.ask("column by name", () -> count(t.getScanner(b("f"), b("q1"))));
        s.out.act("close in the middle", () -> {
            ResultScanner scanner = t.getScanner(new Scan().setCaching(2));
            scanner.next();
            scanner.close();
            scanner.close();
        });
        List<ResultScanner> open = new ArrayList<>();
        for (int i = 0; i < 10; i++)
            open.add(t.getScanner(new Scan().withStartRow(b("row0" + i)).setCaching(1)));
        for (int round = 0; round < 2; round++)
            for (ResultScanner scanner : open)
                s.out.ask("ten scanners at once", scanner::next);
        open.forEach(ResultScanner::close);
    }

    private static int count(ResultScanner scanner) throws java.io.IOException {
        int rows = 0;
        try (scanner) {
            while (scanner.next() != null)
                rows++;
        }
        return rows;
    }
}
