package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.keys;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.hadoop.hbase.CompareOperator;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.AdvancedScanResultConsumer;
import org.apache.hadoop.hbase.client.Append;
import org.apache.hadoop.hbase.client.AsyncAdmin;
import org.apache.hadoop.hbase.client.AsyncBufferedMutator;
import org.apache.hadoop.hbase.client.AsyncTable;
import org.apache.hadoop.hbase.client.CheckAndMutate;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Mutation;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.Row;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.ScanResultConsumer;
import org.apache.hadoop.hbase.filter.ColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.PageFilter;

/** The asynchronous client, which is the only one of HBase 3: its tables, scanners and admin. */
final class AsyncScenarios {
    private static final int LIMIT_S = 60;

    private AsyncScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("async.table", AsyncScenarios::table),
            new Scenario("async.batch", AsyncScenarios::batch),
            new Scenario("async.scan", AsyncScenarios::scan),
            new Scenario("async.admin", AsyncScenarios::admin),
            new Scenario("async.namespace", AsyncScenarios::namespace));
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        return future.get(LIMIT_S, TimeUnit.SECONDS);
    }

    /** Each answer of a list of futures, a failure among them included. */
    private static List<String> each(List<? extends CompletableFuture<?>> futures) {
        List<String> words = new ArrayList<>();
        for (CompletableFuture<?> future : futures)
            words.add(Words.of(
                future.handle((answer, failure) -> failure != null ? failure : answer).join()));
        return words;
    }

    private static void table(Session s) throws Throwable {
        s.create(schema("async_table", family("f", 3), family("g")), "m");
        AsyncTable<AdvancedScanResultConsumer> t =
            s.async.getTable(TableName.valueOf("async_table"));
        for (String row : List.of("a", "z")) {
            s.out.ask("put", () -> await(t.put(put("" + row, "f:q", 1, "v" + row))));
            s.out.ask("get", () -> await(t.get(new Get(b(row)))));
            s.out.ask("exists", () -> await(t.exists(new Get(b(row)))));
            s.out.ask("increment",
                () -> await(t.increment(new Increment(b(row)).addColumn(b("g"), b("n"), 4))));
            s.out.ask("increment without results",
                () -> await(t.increment(new Increment(b(row)).addColumn(b("g"), b("n"), 1).setReturnResults(false))));
            s.out.ask("append without results",
                () -> await(t.append(new Append(b(row)).addColumn(b("g"), b("t"), b("x")).setReturnResults(false))));
            s.out.ask(
                "increment value", () -> await(t.incrementColumnValue(b(row), b("g"), b("n"), 5)));
            s.out.ask("append",
                () -> await(t.append(new Append(b(row)).addColumn(b("g"), b("t"), b("x")))));
            s.out.ask("check and put",
                () -> await(t.checkAndMutate(b(row), b("f"))
                                 .qualifier(b("q"))
                                 .ifEquals(b("v" + row))
                                 .thenPut(put("" + row, "f:p", 2, "p"))));
            s.out.ask("check and delete",
                () -> await(t.checkAndMutate(b(row), b("f"))
                                 .qualifier(b("q"))
                                 .ifMatches(CompareOperator.GREATER, b("a"))
                                 .thenDelete(new Delete(b(row)))));
            s.out.ask("check and mutate",
                () -> await(t.checkAndMutate(CheckAndMutate.newBuilder(b(row))
                                                  .ifNotExists(b("f"), b("zz"))
                                                  .build(put("" + row, "f:zz", 1, "new")))));
            s.out.ask("check with filter",
                () -> await(t.checkAndMutate(b(row), new ColumnPrefixFilter(b("zz")))
                                 .thenMutate(
                                     RowMutations.of(List.<Mutation>of(put("" + row, "f:y", 1, "y"),
                                         new Delete(b(row)).addColumns(b("f"), b("zz")))))));
            s.out.ask("mutate row",
                () -> await(
                        t.mutateRow(RowMutations.of(List.<Mutation>of(put("" + row, "f:w", 1, "w"),
                            new Increment(b(row)).addColumn(b("g"), b("n"), 1))))));
            s.out.ask("get all", () -> await(t.get(new Get(b(row)).readAllVersions())));
            s.out.ask("delete", () -> await(t.delete(new Delete(b(row)).addFamily(b("g")))));
            s.out.ask("get after delete", () -> await(t.get(new Get(b(row)))));
        }
        s.out.ask("unknown family", () -> await(t.put(put("a", "nope:q", 1, "v"))));
        s.out.ask(
            "get of unknown family", () -> await(t.get(new Get(b("a")).addFamily(b("nope")))));
        s.out.ask("increment of text",
            () -> await(t.increment(new Increment(b("a")).addColumn(b("f"), b("q"), 1))));
        s.out.ask("mutate row of unknown family",
            () -> await(t.mutateRow(RowMutations.of(
                    List.<Mutation>of(put("a", "f:u", 1, "w"), put("a", "nope:u", 1, "w"))))));
        s.out.ask("unknown table",
            () -> await(s.async.getTable(TableName.valueOf("async_nowhere")).get(new Get(b("a")))));
        s.out.ask("descriptor", () -> await(t.getDescriptor()));
        s.out.ask("start keys", () -> await(t.getRegionLocator().getStartKeys()));
        s.out.ask("region of a row",
            () -> await(t.getRegionLocator().getRegionLocation(b("q")))
                       .getRegion()
                       .getRegionNameAsString());
    }

    private static void batch(Session s) throws Throwable {
        s.create(schema("async_batch", family("f", 3)), "m");
        AsyncTable<AdvancedScanResultConsumer> t =
            s.async.getTable(TableName.valueOf("async_batch"));
        List<Put> puts = new ArrayList<>();
        for (char c = 'a'; c <= 'z'; c++)
            puts.add(put("" + c, "f:q", 1, "v" + c));
        s.out.ask("put all", () -> await(t.putAll(puts)));
        s.out.ask("get all",
            () -> await(t.getAll(List.of(new Get(b("a")), new Get(b("z")), new Get(b("none"))))));
        s.out.ask(
            "exists all", () -> await(t.existsAll(List.of(new Get(b("a")), new Get(b("none"))))));
        s.out.ask("delete all",
            () -> await(t.deleteAll(List.of(new Delete(b("a")), new Delete(b("y"))))));
        s.out.ask("each with a failure",
            () -> each(t.batch(List.<Row>of(new Get(b("b")), put("c", "nope:q", 1, "v"),
                    new Increment(b("n")).addColumn(b("f"), b("n"), 1),
                    RowMutations.of(List.<Mutation>of(put("d", "f:x", 1, "x"),
                        new Delete(b("d")).addColumns(b("f"), b("q"))))))));
        s.out.ask("checks",
            () -> each(t.checkAndMutate(List.of(CheckAndMutate.newBuilder(b("e"))
                                                     .ifEquals(b("f"), b("q"), b("ve"))
                                                     .build(put("e", "f:p", 1, "p")),
                    CheckAndMutate.newBuilder(b("f"))
                        .ifNotExists(b("f"), b("q"))
                        .build(put("f", "f:p", 1, "p"))))));
        s.out.ask("buffered mutator", () -> {
            try (AsyncBufferedMutator mutator = s.async.getBufferedMutator(t.getName())) {
                List<CompletableFuture<Void>> futures = new ArrayList<>();
                for (int i = 0; i < 50; i++)
                    futures.add(mutator.mutate(put("buffered" + i, "f:q", 1, "v")));
                mutator.flush();
                return each(futures).stream().distinct().toArray();
            }
        });
        s.out.ask("rows", () -> await(t.scanAll(new Scan())).size());
    }

    private static void scan(Session s) throws Throwable {
        org.apache.hadoop.hbase.client.Table filled =
            s.create(schema("async_scan", family("f", 2), family("g")), "r10", "r20");
        for (int i = 0; i < 30; i++)
            filled.put(put(put(put(String.format("r%02d", i), "f:a", 1, "a"), "f:b", 2, "b" + i),
                "g:c", 3, "c"));
        AsyncTable<AdvancedScanResultConsumer> t =
            s.async.getTable(TableName.valueOf("async_scan"));
        AsyncTable<ScanResultConsumer> pooled = s.async.getTable(
            TableName.valueOf("async_scan"), java.util.concurrent.ForkJoinPool.commonPool());
        for (boolean reversed : List.of(false, true)) {
            String way = reversed ? " backwards" : "";
            s.out.ask("all" + way, () -> await(t.scanAll(new Scan().setReversed(reversed))));
            s.out.ask("limit" + way,
                () -> await(t.scanAll(new Scan().setReversed(reversed).setLimit(12))));
            s.out.ask("small limit" + way,
                () -> await(t.scanAll(new Scan().setReversed(reversed).setLimit(3).setReadType(
                        Scan.ReadType.PREAD))));
            s.out.ask("caching" + way,
                () -> await(t.scanAll(new Scan().setReversed(reversed).setCaching(4))));
            s.out.ask("range" + way,
                () -> await(t.scanAll(new Scan()
                                           .setReversed(reversed)
                                           .withStartRow(b(reversed ? "r22" : "r08"), false)
                                           .withStopRow(b(reversed ? "r08" : "r22"), true))));
            s.out.ask("batch" + way,
                () -> await(t.scanAll(new Scan().setReversed(reversed).setBatch(2).setLimit(4))));
            s.out.ask("small results" + way,
                () -> await(t.scanAll(new Scan().setReversed(reversed).setMaxResultSize(1))));
            s.out.ask("page filter" + way,
                () -> await(
                        t.scanAll(new Scan().setReversed(reversed).setFilter(new PageFilter(2)))));
            s.out.ask("scanner" + way, () -> {
                try (org.apache.hadoop.hbase.client.ResultScanner scanner =
                         t.getScanner(new Scan().setReversed(reversed).addFamily(b("g")))) {
                    return List.of(scanner.next(5));
                }
            });
            s.out.ask("consumer" + way,
                () -> consume(
                        pooled, new Scan().setReversed(reversed).setCaching(7), Integer.MAX_VALUE));
            s.out.ask("consumer that stops" + way,
                () -> consume(pooled, new Scan().setReversed(reversed).setCaching(2), 5));
        }
        s.out.ask("unknown family", () -> await(t.scanAll(new Scan().addFamily(b("nope")))));
        s.out.ask("raw with columns",
            () -> await(t.scanAll(new Scan().setRaw(true).addColumn(b("f"), b("a")))));
    }

    private static List<Object> consume(AsyncTable<ScanResultConsumer> t, Scan scan, int most)
        throws Exception {
        CompletableFuture<List<Object>> done = new CompletableFuture<>();
        List<Object> seen = new ArrayList<>();
        t.scan(scan, new ScanResultConsumer() {
            @Override
            public boolean onNext(Result result) {
                seen.add(result);
                return seen.size() < most;
            }

            @Override
            public void onError(Throwable failure) {
                done.completeExceptionally(failure);
            }

            @Override
            public void onComplete() {
                done.complete(seen);
            }
        });
        return await(done);
    }

    private static void admin(Session s) throws Throwable {
        AsyncAdmin a = s.async.getAdmin();
        TableName name = TableName.valueOf("async_admin");
        s.out.ask("exists before", () -> await(a.tableExists(name)));
        s.out.ask("descriptor before", () -> await(a.getDescriptor(name)));
        s.out.ask("state before", () -> await(a.isTableEnabled(name)));
        s.out.ask("create",
            () -> await(a.createTable(schema("async_admin", family("f")), keys("b", "c"))));
        s.out.ask("create again", () -> await(a.createTable(schema("async_admin", family("f")))));
        s.out.ask("exists", () -> await(a.tableExists(name)));
        s.out.ask("available", () -> await(a.isTableAvailable(name)));
        s.out.ask("enabled", () -> await(a.isTableEnabled(name)));
        s.out.ask("disabled", () -> await(a.isTableDisabled(name)));
        s.out.ask("list", () -> await(a.listTableNames(Pattern.compile("async_ad.*"), false)));
        s.out.ask("list of namespace", () -> await(a.listTableNamesByNamespace("nowhere")));
        s.out.ask("descriptors",
            () -> await(a.listTableDescriptors(Pattern.compile("async_ad.*"), false)));
        s.out.ask("descriptors by name",
            () -> await(a.listTableDescriptors(List.of(name, TableName.valueOf("async_nowhere")))));
        s.out.ask("regions", () -> await(a.getRegions(name)).size());
        s.out.ask("add family", () -> await(a.addColumnFamily(name, family("g", 4))));
        s.out.ask("modify family", () -> await(a.modifyColumnFamily(name, family("g", 6))));
        s.out.ask("delete family", () -> await(a.deleteColumnFamily(name, b("f"))));
        s.out.ask("delete family again", () -> await(a.deleteColumnFamily(name, b("f"))));
        s.out.ask("descriptor", () -> await(a.getDescriptor(name)));
        s.out.ask("flush", () -> await(a.flush(name)));
        s.out.ask("flush a family", () -> await(a.flush(name, b("g"))));
        s.out.ask("compact", () -> await(a.compact(name)));
        s.out.ask("major compact", () -> await(a.majorCompact(name)));
        s.awaitCompaction(name);
        s.out.ask("compaction state", () -> await(a.getCompactionState(name)));
        s.out.ask("delete while enabled", () -> await(a.deleteTable(name)));
        s.out.ask("truncate while enabled", () -> await(a.truncateTable(name, true)));
        s.out.ask("enable while enabled", () -> await(a.enableTable(name)));
        s.out.ask("disable", () -> await(a.disableTable(name)));
        s.out.ask("disable again", () -> await(a.disableTable(name)));
        s.out.ask("flush while disabled", () -> await(a.flush(name)));
        s.out.ask("truncate, keeping splits", () -> await(a.truncateTable(name, true)));
        s.out.ask("regions after truncate", () -> await(a.getRegions(name)).size());
        s.out.ask("disable for the end", () -> await(a.disableTable(name)));
        s.out.ask("delete", () -> await(a.deleteTable(name)));
        s.out.ask("delete again", () -> await(a.deleteTable(name)));
        s.out.ask("exists after", () -> await(a.tableExists(name)));
        s.out.ask("disable nothing", () -> await(a.disableTable(name)));
        s.out.ask("live servers", () -> await(a.getRegionServers()).size());
        s.out.ask("backup masters", () -> await(a.getBackupMasters()).size());
    }

    private static void namespace(Session s) throws Throwable {
        AsyncAdmin a = s.async.getAdmin();
        org.apache.hadoop.hbase.NamespaceDescriptor n =
            org.apache.hadoop.hbase.NamespaceDescriptor.create("async_ns")
                .addConfiguration("k", "v")
                .build();
        s.out.ask("create", () -> await(a.createNamespace(n)));
        s.out.ask("create again", () -> await(a.createNamespace(n)));
        s.out.ask("get", () -> await(a.getNamespaceDescriptor("async_ns")));
        s.out.ask("list", () -> await(a.listNamespaces()).contains("async_ns"));
        s.out.ask(
            "create a table in it", () -> await(a.createTable(schema("async_ns:t", family("f")))));
        s.out.ask("tables of it", () -> await(a.listTableNamesByNamespace("async_ns")));
        s.out.ask("delete while full", () -> await(a.deleteNamespace("async_ns")));
        await(a.disableTable(TableName.valueOf("async_ns:t")));
        await(a.deleteTable(TableName.valueOf("async_ns:t")));
        s.out.ask("delete", () -> await(a.deleteNamespace("async_ns")));
        s.out.ask("delete again", () -> await(a.deleteNamespace("async_ns")));
        s.out.ask("get after", () -> await(a.getNamespaceDescriptor("async_ns")));
    }
}
