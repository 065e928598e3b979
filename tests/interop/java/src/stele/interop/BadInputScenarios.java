package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Append;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Mutation;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;

/** What users do wrong, and what they are told. */
final class BadInputScenarios {
    private static final int CELL_LIMIT = 10 << 20;

    private BadInputScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("bad.names", BadInputScenarios::names),
            new Scenario("bad.sizes", BadInputScenarios::sizes),
            new Scenario("bad.times", BadInputScenarios::times),
            new Scenario("bad.mutations", BadInputScenarios::mutations));
    }

    private static void names(Session s) throws Throwable {
        Table nowhere = s.connection.getTable(TableName.valueOf("bad_nowhere"));
        s.out.ask("get", () -> nowhere.get(new Get(b("r"))));
        s.out.act("put", () -> nowhere.put(put("r", "f:q", 1, "v")));
        s.out.act("delete", () -> nowhere.delete(new Delete(b("r"))));
        s.out.ask("increment",
            () -> nowhere.increment(new Increment(b("r")).addColumn(b("f"), b("q"), 1)));
        s.out.ask(
            "append", () -> nowhere.append(new Append(b("r")).addColumn(b("f"), b("q"), b("v"))));
        s.out.ask("exists", () -> nowhere.exists(new Get(b("r"))));
        s.askScan("scan", nowhere, new Scan());
        s.askScan("scan backwards", nowhere, new Scan().setReversed(true));
        s.out.ask("mutate row",
            () -> nowhere.mutateRow(RowMutations.of(List.<Mutation>of(put("r", "f:q", 1, "v")))));
        s.out.ask("list of gets", () -> nowhere.get(List.of(new Get(b("r")), new Get(b("s")))));
        s.out.act("list of puts",
            () -> nowhere.put(List.of(put("r", "f:q", 1, "v"), put("s", "f:q", 1, "v"))));
        s.out.ask("descriptor", nowhere::getDescriptor);
        s.out.ask("start keys",
            () -> List.of(s.connection.getRegionLocator(nowhere.getName()).getStartKeys()));
        Table t = s.create(schema("bad_names", family("f")));
        s.out.act("put", () -> t.put(put("r", "x:q", 1, "v")));
        s.out.act("put of good and bad", () -> t.put(put(put("r", "f:q", 1, "v"), "x:q", 1, "v")));
        s.out.act("delete", () -> t.delete(new Delete(b("r")).addColumn(b("x"), b("q"))));
        s.out.ask(
            "increment", () -> t.increment(new Increment(b("r")).addColumn(b("x"), b("q"), 1)));
        s.out.ask("nothing was written", () -> t.get(new Get(b("r"))));
    }

    private static void sizes(Session s) throws Throwable {
        Table t = s.create(schema("bad_sizes", family("f")));
        s.out.ask("empty row of a put", () -> new Put(new byte[0]));
        s.out.ask("empty row of a get", () -> new Get(new byte[0]));
        s.out.ask("empty row of a delete", () -> new Delete(new byte[0]));
        s.out.ask("long row of a put", () -> new Put(new byte[Short.MAX_VALUE + 1]));
        s.out.ask("long row of a get", () -> new Get(new byte[Short.MAX_VALUE + 1]));
        s.out.act("empty put", () -> t.put(new Put(b("r"))));
        byte[] large = new byte[CELL_LIMIT];
        Arrays.fill(large, (byte) 'x');
        s.out.act("cell over the client's limit",
            () -> t.put(new Put(b("r")).addColumn(b("f"), b("q"), 1, large)));
        byte[] half = Arrays.copyOf(large, CELL_LIMIT / 2);
        s.out.ask("append up to the limit",
            () -> t.append(
                    new Append(b("r")).addColumn(b("f"), b("q"), half).setReturnResults(false)));
        s.out.ask("append over the limit",
            () -> t.append(
                    new Append(b("r")).addColumn(b("f"), b("q"), half).setReturnResults(false)));
        s.out.ask("still as it was", () -> t.get(new Get(b("r"))).value().length);
        s.out.ask("family of an unusual length", () -> family("f".repeat(128)));
    }

    /** The same, from a client whose own limit is off: the server's answer. */
    private static void times(Session s) throws Throwable {
        Table t = s.create(schema("bad_times", family("f")));
        s.out.ask("put", () -> new Put(b("r"), -1));
        s.out.ask("cell", () -> new Put(b("r")).addColumn(b("f"), b("q"), -1, b("v")));
        s.out.ask("delete", () -> new Delete(b("r"), -1));
        s.out.ask("delete column", () -> new Delete(b("r")).addColumn(b("f"), b("q"), -1));
        s.out.ask("get range", () -> new Get(b("r")).setTimeRange(-1, 1));
        s.out.ask("get inverted", () -> new Get(b("r")).setTimeRange(2, 1));
        s.out.ask("get moment", () -> new Get(b("r")).setTimestamp(-5));
        s.out.ask("nothing there", () -> t.get(new Get(b("r"))));
        org.apache.hadoop.conf.Configuration unlimited =
            new org.apache.hadoop.conf.Configuration(s.conf);
        unlimited.setInt("hbase.client.keyvalue.maxsize", 0);
        try (var connection =
                 org.apache.hadoop.hbase.client.ConnectionFactory.createConnection(unlimited);
             Table free = connection.getTable(t.getName())) {
            byte[] large = new byte[CELL_LIMIT];
            s.out.act("cell over the server's limit",
                () -> free.put(new Put(b("r")).addColumn(b("f"), b("q"), 1, large)));
            s.out.act("cells over the server's limit in a list",
                () -> free.put(List.of(put("s", "f:q", 1, "small"),
                        new Put(b("r")).addColumn(b("f"), b("q"), 1, large))));
            s.out.ask("read", () -> free.get(List.of(new Get(b("r")), new Get(b("s")))));
        }
    }

    private static void mutations(Session s) throws Throwable {
        Table t = s.create(schema("bad_mutations", family("f")), "m");
        s.out.ask("cell of another row",
            () -> new Put(b("r")).add(put("other", "f:q", 1, "v").get(b("f"), b("q")).get(0)));
        s.out.ask("no family", () -> new Put(b("r")).addColumn(null, b("q"), b("v")));
        s.out.ask("append of null", () -> new Append(b("r")).addColumn(b("f"), b("q"), null));
        s.out.ask("increment without columns", () -> t.increment(new Increment(b("r"))));
        s.out.ask("negative limit", () -> new Scan().setLimit(-5).getLimit());
        s.out.ask("zero batch", () -> Session.results(t, new Scan().setBatch(0)).size());
        s.out.ask("zero caching", () -> Session.results(t, new Scan().setCaching(0)).size());
        s.out.ask("negative store limit",
            () -> Session.results(t, new Scan().setMaxResultsPerColumnFamily(-2)).size());
        s.out.ask("store limit of nothing", () -> {
            t.put(put("r", "f:q", 1, "v"));
            return Session.results(t, new Scan().setMaxResultsPerColumnFamily(0));
        });
        s.out.ask("zero versions of a get", () -> new Get(b("r")).readVersions(0));
        s.out.ask("get of null", () -> t.get((Get) null));
        s.out.ask("table of null", () -> s.connection.getTable(null));
    }
}
