package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.keys;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.hadoop.hbase.HConstants;
import org.apache.hadoop.hbase.KeepDeletedCells;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Append;
import org.apache.hadoop.hbase.client.CheckAndMutate;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptor;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Durability;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Mutation;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptor;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.io.compress.Compression;
import org.apache.hadoop.hbase.io.encoding.DataBlockEncoding;
import org.apache.hadoop.hbase.regionserver.BloomType;

/** Creating, describing, changing and dropping tables, in every state and order. */
final class SchemaScenarios {
    private SchemaScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("schema.create", SchemaScenarios::create),
            new Scenario("schema.splits", SchemaScenarios::splits),
            new Scenario("schema.states", SchemaScenarios::states),
            new Scenario("schema.alter", SchemaScenarios::alter),
            new Scenario("schema.families", SchemaScenarios::families),
            new Scenario("schema.truncate", SchemaScenarios::truncate),
            new Scenario("schema.list", SchemaScenarios::list),
            new Scenario("schema.refused", SchemaScenarios::refused),
            new Scenario("schema.readonly", SchemaScenarios::readOnly),
            new Scenario("schema.again", SchemaScenarios::again),
            new Scenario("schema.bystate", SchemaScenarios::byState),
            new Scenario("schema.system", SchemaScenarios::system));
    }

    private static TableName name(String table) {
        return TableName.valueOf(table);
    }

    private static ColumnFamilyDescriptorBuilder builder(String name) {
        return ColumnFamilyDescriptorBuilder.newBuilder(b(name));
    }

    private static void create(Session s) throws Throwable {
        s.out.ask("exists before", () -> s.admin.tableExists(name("schema_create")));
        s.out.ask("describe before", () -> s.admin.getDescriptor(name("schema_create")));
        s.out.ask("enabled before", () -> s.admin.isTableEnabled(name("schema_create")));
        s.out.ask("disabled before", () -> s.admin.isTableDisabled(name("schema_create")));
        s.out.ask("available before", () -> s.admin.isTableAvailable(name("schema_create")));
        s.out.act("create", () -> s.admin.createTable(schema("schema_create", family("f"))));
        s.out.act("create again", () -> s.admin.createTable(schema("schema_create", family("g"))));
        s.out.ask("exists", () -> s.admin.tableExists(name("schema_create")));
        s.out.ask("enabled", () -> s.admin.isTableEnabled(name("schema_create")));
        s.out.ask("disabled", () -> s.admin.isTableDisabled(name("schema_create")));
        s.out.ask("available", () -> s.admin.isTableAvailable(name("schema_create")));
        s.out.ask("describe", () -> s.admin.getDescriptor(name("schema_create")));
        s.out.ask("describe by the table",
            () -> s.connection.getTable(name("schema_create")).getDescriptor());
        ColumnFamilyDescriptor full = builder("full")
                                          .setMaxVersions(7)
                                          .setMinVersions(2)
                                          .setTimeToLive(86400)
                                          .setBlocksize(8192)
                                          .setInMemory(true)
                                          .setBlockCacheEnabled(false)
                                          .setKeepDeletedCells(KeepDeletedCells.TTL)
                                          .setBloomFilterType(BloomType.ROWCOL)
                                          .setDataBlockEncoding(DataBlockEncoding.FAST_DIFF)
                                          .setCompressionType(Compression.Algorithm.GZ)
                                          .setScope(1)
                                          .setCacheDataOnWrite(true)
                                          .setConfiguration("family.key", "family value")
                                          .setValue("mine", "thing")
                                          .build();
        TableDescriptor table = TableDescriptorBuilder.newBuilder(name("schema_full"))
                                    .setColumnFamily(full)
                                    .setColumnFamily(family("plain"))
                                    .setMaxFileSize(1L << 30)
                                    .setMemStoreFlushSize(1L << 26)
                                    .setDurability(Durability.ASYNC_WAL)
                                    .setValue("OWNER_OF", "someone")
                                    .setValue("table.key", "table value")
                                    .setPriority(5)
                                    .setSplitEnabled(false)
                                    .setMergeEnabled(false)
                                    .setNormalizationEnabled(true)
                                    .build();
        s.out.act("create with everything", () -> s.admin.createTable(table));
        s.out.ask("describe everything", () -> s.admin.getDescriptor(name("schema_full")));
        s.out.ask("same as sent but for the server's own", () -> {
            TableDescriptor back = s.admin.getDescriptor(name("schema_full"));
            return back.getValues().size() - table.getValues().size();
        });
        Table t = s.connection.getTable(name("schema_full"));
        for (int ts = 1; ts <= 9; ts++)
            t.put(put("r", "plain:q", ts, "v" + ts));
        s.majorCompact(t);
        s.out.ask("read from it", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("create asynchronously",
            () -> s.admin.createTableAsync(schema("schema_async", family("f"))).get());
        s.out.act("without families",
            () -> s.admin.createTable(
                    TableDescriptorBuilder.newBuilder(name("schema_nofamily")).build()));
        s.out.act("odd names",
            () -> s.admin.createTable(schema("Schema-create_0.1", family("f-1.x"), family("_"))));
        s.out.ask("describe odd names", () -> s.admin.getDescriptor(name("Schema-create_0.1")));
        s.out.act("clone the schema",
            () -> s.admin.cloneTableSchema(name("schema_full"), name("schema_clone"), true));
        s.out.ask("describe the clone", () -> s.admin.getDescriptor(name("schema_clone")));
    }

    private static void splits(Session s) throws Throwable {
        s.out.act("keys",
            () -> s.admin.createTable(
                    schema("schema_split1", family("f")), keys("b", "m", "\\xF0")));
        s.out.act("keys in any order",
            () -> s.admin.createTable(schema("schema_split2", family("f")), keys("m", "b", "x")));
        s.out.act("start, end and number",
            () -> s.admin.createTable(schema("schema_split3", family("f")), b("a"), b("z"), 6));
        s.out.act("three regions",
            () -> s.admin.createTable(schema("schema_split4", family("f")), b("aaa"), b("zzz"), 3));
        s.out.act("two regions",
            () -> s.admin.createTable(schema("schema_split5", family("f")), b("aaa"), b("zzz"), 2));
        s.out.act("wrong order",
            () -> s.admin.createTable(schema("schema_split6", family("f")), b("z"), b("a"), 5));
        s.out.act("a key twice",
            () -> s.admin.createTable(schema("schema_split7", family("f")), keys("a", "b", "a")));
        s.out.act("an empty key",
            () -> s.admin.createTable(schema("schema_split8", family("f")), keys("a", "")));
        for (int i = 1; i <= 5; i++) {
            TableName name = name("schema_split" + i);
            s.out.ask("start keys " + i,
                () -> List.of(s.connection.getRegionLocator(name).getStartKeys()));
            s.out.ask(
                "end keys " + i, () -> List.of(s.connection.getRegionLocator(name).getEndKeys()));
        }
        s.out.ask("available with keys", () -> s.admin.isTableAvailable(name("schema_split1")));
        Table t = s.connection.getTable(name("schema_split1"));
        for (String row : List.of("a", "b", "bb", "lz", "m", "z", "\\xEF\\xFF", "\\xF0", "\\xFF"))
            t.put(put("" + row, "f:q", 1, row));
        s.askScan("rows over the keys", t, new Scan());
        s.askScan("backwards", t, new Scan().setReversed(true));
    }

    /** Every verb in every state. */
    private static void states(Session s) throws Throwable {
        TableName name = name("schema_states");
        Table t = s.connection.getTable(name);
        s.out.act("enable nothing", () -> s.admin.enableTable(name));
        s.out.act("disable nothing", () -> s.admin.disableTable(name));
        s.out.act("delete nothing", () -> s.admin.deleteTable(name));
        s.out.act("truncate nothing", () -> s.admin.truncateTable(name, false));
        s.out.act("flush nothing", () -> s.admin.flush(name));
        s.out.act("compact nothing", () -> s.admin.compact(name));
        s.out.act(
            "modify nothing", () -> s.admin.modifyTable(schema("schema_states", family("f"))));
        s.create(schema("schema_states", family("f")), "m");
        s.out.act("put", () -> t.put(put("r", "f:q", 1, "v")));
        s.out.act("enable while enabled", () -> s.admin.enableTable(name));
        s.out.act("delete while enabled", () -> s.admin.deleteTable(name));
        s.out.act("truncate while enabled", () -> s.admin.truncateTable(name, true));
        s.out.act("disable", () -> s.admin.disableTable(name));
        s.out.ask("enabled", () -> s.admin.isTableEnabled(name));
        s.out.ask("disabled", () -> s.admin.isTableDisabled(name));
        s.out.ask("available", () -> s.admin.isTableAvailable(name));
        s.out.ask("exists", () -> s.admin.tableExists(name));
        s.out.ask("describe", () -> s.admin.getDescriptor(name));
        s.out.act("disable again", () -> s.admin.disableTable(name));
        s.out.ask("get while disabled", () -> t.get(new Get(b("r"))));
        s.out.act("put while disabled", () -> t.put(put("r", "f:q", 2, "v")));
        s.askScan("scan while disabled", t, new Scan());
        s.out.ask("batch while disabled", () -> t.get(List.of(new Get(b("r")), new Get(b("s")))));
        s.out.act("enable", () -> s.admin.enableTable(name));
        s.out.ask("enabled again", () -> s.admin.isTableEnabled(name));
        s.out.ask("get after", () -> t.get(new Get(b("r"))));
        s.out.act("put after", () -> t.put(put("z", "f:q", 2, "v")));
        s.askScan("scan after", t, new Scan());
        s.out.act("disable for the end", () -> s.admin.disableTable(name));
        s.out.act("delete", () -> s.admin.deleteTable(name));
        s.out.act("delete again", () -> s.admin.deleteTable(name));
        s.out.ask("exists after", () -> s.admin.tableExists(name));
        s.out.ask("get after delete", () -> t.get(new Get(b("r"))));
        s.out.act("put after delete", () -> t.put(put("r", "f:q", 2, "v")));
    }

    private static void alter(Session s) throws Throwable {
        Table t = s.create(schema("schema_alter", family("f", 5), family("g", 4)), "m");
        for (int ts = 1; ts <= 5; ts++)
            t.put(put(put("r", "f:q", ts, "v" + ts), "g:q", ts, "g" + ts));
        s.out.act("fewer versions",
            () -> s.admin.modifyTable(schema("schema_alter", family("f", 2), family("g", 4))));
        s.out.ask("describe", () -> s.admin.getDescriptor(t.getName()));
        s.out.ask("fewer show", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("more versions",
            () -> s.admin.modifyTable(schema("schema_alter", family("f", 9), family("g", 4))));
        s.out.act("write more", () -> t.put(put("r", "f:q", 6, "v6")));
        s.out.ask("attribute of the table", () -> {
            s.admin.modifyTable(
                TableDescriptorBuilder.newBuilder(s.admin.getDescriptor(t.getName()))
                    .setValue("note", "x")
                    .setDurability(Durability.SYNC_WAL)
                    .build());
            return s.admin.getDescriptor(t.getName());
        });
        s.out.ask("attribute taken away", () -> {
            s.admin.modifyTable(
                TableDescriptorBuilder.newBuilder(s.admin.getDescriptor(t.getName()))
                    .removeValue("note")
                    .build());
            return s.admin.getDescriptor(t.getName());
        });
        s.out.act(
            "family taken away", () -> s.admin.modifyTable(schema("schema_alter", family("g", 4))));
        s.out.ask("its data is gone", () -> t.get(new Get(b("r"))));
        s.out.ask("its name is unknown", () -> t.get(new Get(b("r")).addFamily(b("f"))));
        s.out.act("family back",
            () -> s.admin.modifyTable(schema("schema_alter", family("f", 9), family("g", 4))));
        s.out.ask("its data stays gone", () -> t.get(new Get(b("r"))));
        s.out.act("all families away",
            () -> s.admin.modifyTable(TableDescriptorBuilder.newBuilder(t.getName()).build()));
        s.out.act("bad time to live",
            () -> s.admin.modifyTable(
                    schema("schema_alter", builder("f").setTimeToLive(0).build())));
        s.out.act("change while disabled", () -> {
            s.admin.disableTable(t.getName());
            s.admin.modifyTable(schema("schema_alter", family("h"), family("g", 4)));
            s.admin.enableTable(t.getName());
        });
        s.out.ask("describe at the end", () -> s.admin.getDescriptor(t.getName()));
        s.askScan("rows at the end", t, new Scan().readAllVersions());
    }

    private static void families(Session s) throws Throwable {
        Table t = s.create(schema("schema_families", family("f")), "m");
        TableName name = t.getName();
        t.put(put("r", "f:q", 1, "v"));
        s.out.act("add", () -> s.admin.addColumnFamily(name, family("g", 3)));
        s.out.act("add again", () -> s.admin.addColumnFamily(name, family("g", 3)));
        s.out.act("write to it", () -> t.put(put(put("r", "g:q", 1, "v"), "g:q", 2, "w")));
        s.out.ask("read", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("modify",
            () -> s.admin.modifyColumnFamily(name,
                    builder("g")
                        .setMaxVersions(1)
                        .setTimeToLive(HConstants.FOREVER)
                        .setBlocksize(4096)
                        .build()));
        s.out.ask("read after", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("modify nothing", () -> s.admin.modifyColumnFamily(name, family("nope")));
        s.out.act("delete", () -> s.admin.deleteColumnFamily(name, b("f")));
        s.out.ask("read the rest", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("delete again", () -> s.admin.deleteColumnFamily(name, b("f")));
        s.out.act("delete the last", () -> s.admin.deleteColumnFamily(name, b("g")));
        s.out.act("add a bad one",
            () -> s.admin.addColumnFamily(name, builder("h").setBlocksize(10).build()));
        s.out.ask("describe", () -> s.admin.getDescriptor(name));
        s.out.act(
            "add to nothing", () -> s.admin.addColumnFamily(name("schema_nowhere"), family("g")));
        s.out.act("modify of nothing",
            () -> s.admin.modifyColumnFamily(name("schema_nowhere"), family("g")));
        s.out.act(
            "delete of nothing", () -> s.admin.deleteColumnFamily(name("schema_nowhere"), b("g")));
    }

    private static void truncate(Session s) throws Throwable {
        for (boolean keep : List.of(true, false)) {
            Table t = s.create(schema("schema_truncate_" + keep, family("f", 3)), "g", "p");
            for (String row : List.of("a", "h", "z"))
                t.put(put("" + row, "f:q", 1, row));
            s.flush(t);
            s.out.act("truncate while enabled", () -> s.admin.truncateTable(t.getName(), keep));
            s.admin.disableTable(t.getName());
            s.out.act(
                "truncate, keeping splits " + keep, () -> s.admin.truncateTable(t.getName(), keep));
            s.out.ask("enabled", () -> s.admin.isTableEnabled(t.getName()));
            s.askScan("empty", t, new Scan());
            s.out.ask("start keys",
                () -> List.of(s.connection.getRegionLocator(t.getName()).getStartKeys()));
            s.out.ask("describe", () -> s.admin.getDescriptor(t.getName()));
            s.out.act("write again", () -> t.put(put("h", "f:q", 1, "again")));
            s.askScan("one row", t, new Scan());
        }
    }

    private static void list(Session s) throws Throwable {
        for (String table :
            List.of("schema_list_b", "schema_list_a", "schema_list_ab", "schema_listing"))
            s.create(schema(table, family("f")));
        for (String pattern :
            List.of("schema_list.*", "schema_list_.*", "schema_list_a", "schema_list_", ".*listing",
                "default:schema_list_a", "nothing.*", "schema_list_[ab]")) {
            s.out.ask(
                "names of " + pattern, () -> s.admin.listTableNames(Pattern.compile(pattern)));
            s.out.ask("names of " + pattern + " with the system's",
                () -> s.admin.listTableNames(Pattern.compile(pattern), true));
        }
        s.out.ask(
            "descriptors", () -> s.admin.listTableDescriptors(Pattern.compile("schema_list_a.*")));
        s.out.ask("descriptors by name",
            () -> s.admin.listTableDescriptors(
                    List.of(name("schema_list_b"), name("schema_list_a"))));
        s.out.ask("descriptors of the missing",
            () -> s.admin.listTableDescriptors(
                    List.of(name("schema_list_b"), name("schema_list_missing"))));
        s.out.ask("no such namespace", () -> List.of(s.admin.listTableNamesByNamespace("nowhere")));
        s.out.ask("descriptors by namespace",
            () -> s.admin.listTableDescriptorsByNamespace(b("nowhere")));
        s.out.ask("all with this name",
            () -> List.of(s.admin.listTableNames()).contains(name("schema_list_b")));
        s.out.ask("the system's are not listed",
            () -> List.of(s.admin.listTableNames()).contains(TableName.META_TABLE_NAME));
    }

    /** Schemas that a server does not take, and its words. */
    private static void refused(Session s) throws Throwable {
        List<Function<ColumnFamilyDescriptorBuilder, ColumnFamilyDescriptorBuilder>> bad = List.of(
            f -> f.setTimeToLive(0), f -> f.setTimeToLive(-5), f -> f.setBlocksize(100),
            f -> f.setBlocksize(1 << 28), f -> f.setScope(7),
            f -> f.setMaxVersions(1).setMinVersions(2), f -> f.setValue("COMPRESSION", "NOSUCH"),
            f -> f.setValue("BLOOMFILTER", "NOSUCH"), f -> f.setDFSReplication((short) -1),
            f -> f.setValue("VERSIONS", "many"), f -> f.setMaxVersions(0));
        for (int i = 0; i < bad.size(); i++) {
            int n = i;
            s.out.act("family " + i,
                () -> s.admin.createTable(
                        schema("schema_refused", bad.get(n).apply(builder("f")).build())));
        }
        s.out.act("small file size",
            () -> s.admin.createTable(TableDescriptorBuilder.newBuilder(name("schema_refused"))
                                           .setColumnFamily(family("f"))
                                           .setMaxFileSize(1000)
                                           .build()));
        s.out.act("small flush size",
            () -> s.admin.createTable(TableDescriptorBuilder.newBuilder(name("schema_refused"))
                                           .setColumnFamily(family("f"))
                                           .setMemStoreFlushSize(1000)
                                           .build()));
        s.out.act("no replicas",
            () -> s.admin.createTable(TableDescriptorBuilder.newBuilder(name("schema_refused"))
                                           .setColumnFamily(family("f"))
                                           .setRegionReplication(0)
                                           .build()));
        s.out.act("unknown split policy",
            () -> s.admin.createTable(TableDescriptorBuilder.newBuilder(name("schema_refused"))
                                           .setColumnFamily(family("f"))
                                           .setRegionSplitPolicyClassName("no.Such")
                                           .build()));
        s.out.act("unknown namespace",
            () -> s.admin.createTable(schema("nowhere:schema_refused", family("f"))));
        s.out.act(
            "name of the system", () -> s.admin.createTable(schema("hbase:meta", family("f"))));
        s.out.act("checks switched off",
            () -> s.admin.createTable(TableDescriptorBuilder.newBuilder(name("schema_unchecked"))
                                           .setColumnFamily(builder("f").setBlocksize(100).build())
                                           .setValue("hbase.table.sanity.checks", "false")
                                           .build()));
        s.out.ask("it was not made", () -> s.admin.tableExists(name("schema_refused")));
        for (String bad2 : List.of("", "a b", "a/b", "-a", ".a", "a:b:c", "a:", ":a", "zookeeper",
                 "a\\x00b", "ns:zookeeper"))
            s.out.ask("table name '" + bad2 + "'", () -> TableName.valueOf(bad2));
        for (String bad3 : List.of("", "a:b", "a/b", ".a", "a\\x01"))
            s.out.ask("family name '" + bad3 + "'", () -> family(bad3));
    }

    private static void readOnly(Session s) throws Throwable {
        Table t = s.create(schema("schema_readonly", family("f")));
        t.put(put("r", "f:q", 1, "v"));
        s.admin.modifyTable(TableDescriptorBuilder.newBuilder(s.admin.getDescriptor(t.getName()))
                                .setReadOnly(true)
                                .build());
        s.out.ask("read", () -> t.get(new Get(b("r"))));
        s.out.act("put", () -> t.put(put("r", "f:q", 2, "v")));
        s.out.act("delete", () -> t.delete(new org.apache.hadoop.hbase.client.Delete(b("r"))));
        s.out.ask("increment", () -> t.incrementColumnValue(b("r"), b("f"), b("n"), 1));
        s.out.ask("append", () -> t.append(new Append(b("r")).addColumn(b("f"), b("q"), b("+"))));
        for (String value : List.of("v", "other"))
            s.out.ask("check for '" + value + "' and put",
                () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                            .ifEquals(b("f"), b("q"), b(value))
                                            .build(put("r", "f:q", 2, "v"))));
        s.out.act("row mutations",
            () -> t.mutateRow(RowMutations.of(List.<Mutation>of(put("r", "f:q", 2, "v")))));
        s.out.act("puts", () -> t.put(List.of(put("r", "f:q", 2, "v"), put("s", "f:q", 2, "v"))));
        s.out.ask("batch", () -> {
            Object[] results = new Object[3];
            try {
                t.batch(List.of(new Get(b("r")), put("r", "f:q", 2, "v"),
                            new Increment(b("r")).addColumn(b("f"), b("n"), 1)),
                    results);
            } catch (Exception expected) {
                return results;
            }
            return "no failure";
        });
        s.askScan("nothing was changed", t, new Scan());
        s.admin.modifyTable(TableDescriptorBuilder.newBuilder(s.admin.getDescriptor(t.getName()))
                                .setReadOnly(false)
                                .build());
        s.out.act("put when writable again", () -> t.put(put("r", "f:q", 3, "w")));
        s.askScan("all", t, new Scan());
    }

    /**
     * A dropped name that is made again has none of the old data, whatever the file or log still
     * holds.
     */
    private static void again(Session s) throws Throwable {
        for (int round = 0; round < 3; round++) {
            Table t = s.create(schema("schema_again", family("f", 3)));
            s.askScan("empty", t, new Scan().readAllVersions());
            int ts = round + 1;
            t.put(put("r", "f:q", ts, "round" + round));
            if (round == 1)
                s.flush(t);
            t.put(put("r" + round, "f:q", ts, "v"));
            s.askScan("own rows", t, new Scan().readAllVersions());
            s.admin.disableTable(t.getName());
            s.admin.deleteTable(t.getName());
        }
    }

    /** The tables of the system itself. */
    private static void system(Session s) throws Throwable {
        s.out.ask("names", () -> s.admin.listTableNames(Pattern.compile("hbase:.*"), true));
        s.out.ask("by namespace", () -> List.of(s.admin.listTableNamesByNamespace("hbase")));
    }

    /** Calls that only the client 2.6 has. */
    private static void byState(Session s) throws Throwable {
        java.lang.reflect.Method names;
        java.lang.reflect.Method flush;
        try {
            names = s.admin.getClass().getMethod("listTableNamesByState", boolean.class);
            flush = s.admin.getClass().getMethod("flush", TableName.class, List.class);
        } catch (NoSuchMethodException old) {
            s.out.without("schema.bystate");
            return;
        }
        names.setAccessible(true);
        flush.setAccessible(true);
        Table t = s.create(schema("schema_bystate", family("f"), family("g")));
        t.put(put(put("r", "f:q", 1, "v"), "g:q", 1, "v"));
        s.out.act("flush two families",
            () -> flush.invoke(s.admin, t.getName(), List.of(b("f"), b("g"))));
        s.out.act("flush an unknown family",
            () -> flush.invoke(s.admin, t.getName(), List.of(b("nope"))));
        s.out.ask("enabled", () -> ((List<?>) names.invoke(s.admin, true)).contains(t.getName()));
        s.out.ask("disabled", () -> ((List<?>) names.invoke(s.admin, false)).contains(t.getName()));
        s.admin.disableTable(t.getName());
        s.out.act("flush while disabled", () -> s.admin.flush(t.getName()));
        s.out.ask(
            "disabled then", () -> ((List<?>) names.invoke(s.admin, false)).contains(t.getName()));
        s.out.ask(
            "enabled then", () -> ((List<?>) names.invoke(s.admin, true)).contains(t.getName()));
    }
}
