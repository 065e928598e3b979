package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.apache.hadoop.hbase.CompareOperator;
import org.apache.hadoop.hbase.client.Append;
import org.apache.hadoop.hbase.client.CheckAndMutate;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Mutation;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Row;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.filter.BinaryComparator;
import org.apache.hadoop.hbase.filter.ColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.FamilyFilter;
import org.apache.hadoop.hbase.filter.Filter;
import org.apache.hadoop.hbase.filter.FilterList;
import org.apache.hadoop.hbase.filter.PrefixFilter;
import org.apache.hadoop.hbase.filter.QualifierFilter;
import org.apache.hadoop.hbase.filter.SingleColumnValueFilter;
import org.apache.hadoop.hbase.filter.TimestampsFilter;
import org.apache.hadoop.hbase.filter.ValueFilter;
import org.apache.hadoop.hbase.io.TimeRange;
import org.apache.hadoop.hbase.util.Bytes;

/** Writes under a condition: every operator, old and new calls, filters, time ranges, batches. */
final class ConditionScenarios {
    private ConditionScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("condition.compare", ConditionScenarios::compare),
            new Scenario("condition.mutate", ConditionScenarios::mutate),
            new Scenario("condition.filter", ConditionScenarios::filter),
            new Scenario("condition.range", ConditionScenarios::range),
            new Scenario("condition.batch", ConditionScenarios::batch),
            new Scenario("condition.old", ConditionScenarios::old),
            new Scenario("condition.refused", ConditionScenarios::refused));
    }

    /** Every operator against no cell, an empty one and three values. */
    private static void compare(Session s) throws Throwable {
        Table t = s.create(schema("condition_compare", family("f")));
        t.put(put(
            put(put(put("r", "f:empty", 1, ""), "f:a", 1, "a"), "f:b", 1, "b"), "f:bb", 1, "bb"));
        int n = 0;
        for (CompareOperator op : EnumSet.complementOf(EnumSet.of(CompareOperator.NO_OP)))
            for (String column : List.of("none", "empty", "a", "b", "bb"))
                for (String value : List.of("b", "")) {
                    String mark = "f:m" + n++;
                    s.out.ask(column + " " + op + " '" + value + "'",
                        () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                                    .ifMatches(b("f"), b(column), op, b(value))
                                                    .build(put("r", mark, 1, "x"))));
                }
        for (String column : List.of("none", "empty", "a")) {
            s.out.ask(column + " absent",
                () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                            .ifNotExists(b("f"), b(column))
                                            .build(put("r", "f:absent", 1, column))));
            s.out.ask(column + " equals nothing",
                () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                            .ifEquals(b("f"), b(column), null)
                                            .build(put("r", "f:null", 1, column))));
            s.out.ask(column + " not nothing",
                () -> t.checkAndMutate(
                        CheckAndMutate.newBuilder(b("r"))
                            .ifMatches(b("f"), b(column), CompareOperator.NOT_EQUAL, null)
                            .build(put("r", "f:notnull", 1, column))));
            s.out.ask(column + " greater than nothing",
                () -> t.checkAndMutate(
                        CheckAndMutate.newBuilder(b("r"))
                            .ifMatches(b("f"), b(column), CompareOperator.GREATER, null)
                            .build(put("r", "f:gt", 1, column))));
        }
        s.out.ask("all marks", () -> t.get(new Get(b("r"))));
    }

    /** Everything that may follow a condition, met and not met. */
    private static void mutate(Session s) throws Throwable {
        Table t = s.create(schema("condition_mutate", family("f", 3), family("g")));
        for (String value : List.of("yes", "no")) {
            String row = "r-" + value;
            t.put(put(put(put("" + row, "f:c", 1, "yes"), "f:d", 1, "d"), "g:e", 1, "e"));
            t.put(new Put(b(row)).addColumn(b("g"), b("n"), 1, Bytes.toBytes(10L)));
            Mutation[] mutations = {put(row, "f:p", 2, "put"),
                new Delete(b(row)).addColumns(b("f"), b("d")),
                new Increment(b(row)).addColumn(b("g"), b("n"), 5),
                new Append(b(row)).addColumn(b("g"), b("e"), b("+")),
                new Delete(b(row)).addFamily(b("g"), 0),
                new Increment(b(row)).addColumn(b("g"), b("n"), 5).setReturnResults(false)};
            for (Mutation m : mutations) {
                s.out.ask(m.getClass().getSimpleName() + " if " + value,
                    () -> t.checkAndMutate(builder(row, value, m)));
                s.out.ask("then", () -> t.get(new Get(b(row))));
            }
            RowMutations several = RowMutations.of(List.<Mutation>of(put(row, "f:x", 3, "x"),
                new Delete(b(row)).addColumns(b("f"), b("p")),
                new Increment(b(row)).addColumn(b("g"), b("n"), 1),
                new Append(b(row)).addColumn(b("g"), b("e"), b("!"))));
            s.out.ask("RowMutations if " + value,
                () -> t.checkAndMutate(CheckAndMutate.newBuilder(b(row))
                                            .ifEquals(b("f"), b("c"), b(value))
                                            .build(several)));
            s.out.ask("then", () -> t.get(new Get(b(row))));
        }
        s.flush(t);
        s.out.ask("from a file",
            () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r-yes"))
                                        .ifEquals(b("f"), b("c"), b("yes"))
                                        .build(put("r-yes", "f:c", 9, "done"))));
        s.out.ask("only once",
            () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r-yes"))
                                        .ifEquals(b("f"), b("c"), b("yes"))
                                        .build(put("r-yes", "f:c", 10, "twice"))));
        s.out.ask("newest version counts",
            () -> t.checkAndMutate(
                    CheckAndMutate.newBuilder(b("r-yes"))
                        .ifEquals(b("f"), b("c"), b("done"))
                        .build(new Delete(b("r-yes")).addColumn(b("f"), b("c"), 9))));
        s.out.ask("after its delete the older",
            () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r-yes"))
                                        .ifEquals(b("f"), b("c"), b("yes"))
                                        .build(put("r-yes", "f:last", 1, "v"))));
        s.out.ask("row that is not",
            () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("nobody"))
                                        .ifNotExists(b("f"), b("c"))
                                        .build(put("nobody", "f:c", 1, "somebody"))));
        s.out.ask("put without a time",
            () -> t.checkAndMutate(
                    CheckAndMutate.newBuilder(b("nobody"))
                        .ifEquals(b("f"), b("c"), b("somebody"))
                        .build(new Put(b("nobody")).addColumn(b("f"), b("c"), b("now")))));
        s.askScan("all", t, new Scan().readAllVersions());
    }

    private static CheckAndMutate builder(String row, String value, Mutation m) {
        CheckAndMutate.Builder builder =
            CheckAndMutate.newBuilder(b(row)).ifEquals(b("f"), b("c"), b(value));
        if (m instanceof Put)
            return builder.build((Put) m);
        if (m instanceof Delete)
            return builder.build((Delete) m);
        if (m instanceof Increment)
            return builder.build((Increment) m);
        return builder.build((Append) m);
    }

    private static void filter(Session s) throws Throwable {
        Table t = s.create(schema("condition_filter", family("f", 3), family("g")));
        t.put(put(put(put("r", "f:a", 1, "a"), "f:b", 2, "b"), "g:c", 3, "c"));
        Filter[] filters = {new ColumnPrefixFilter(b("a")), new ColumnPrefixFilter(b("z")),
            new ValueFilter(CompareOperator.EQUAL, new BinaryComparator(b("b"))),
            new SingleColumnValueFilter(b("f"), b("a"), CompareOperator.EQUAL, b("a")),
            new SingleColumnValueFilter(b("f"), b("a"), CompareOperator.EQUAL, b("x")),
            new SingleColumnValueFilter(b("f"), b("z"), CompareOperator.EQUAL, b("x")),
            new FamilyFilter(CompareOperator.EQUAL, new BinaryComparator(b("g"))),
            new QualifierFilter(CompareOperator.GREATER, new BinaryComparator(b("c"))),
            new TimestampsFilter(List.of(2L)), new PrefixFilter(b("r")), new PrefixFilter(b("s")),
            new FilterList(
                new SingleColumnValueFilter(b("f"), b("a"), CompareOperator.EQUAL, b("a")),
                new SingleColumnValueFilter(b("f"), b("b"), CompareOperator.EQUAL, b("b"))),
            new FilterList(
                new SingleColumnValueFilter(b("f"), b("a"), CompareOperator.EQUAL, b("a")),
                new SingleColumnValueFilter(b("f"), b("b"), CompareOperator.EQUAL, b("x")))};
        for (int i = 0; i < filters.length; i++) {
            Filter f = filters[i];
            String mark = "f:m" + i;
            s.out.ask("filter " + i,
                () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r")).ifMatches(f).build(
                        put("r", mark, 9, "x"))));
            s.out.ask("filter " + i + " on nobody",
                () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("nobody"))
                                            .ifMatches(f)
                                            .build(put("nobody", mark, 9, "x"))));
            s.out.ask("filter " + i + " in a range",
                () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                            .ifMatches(f)
                                            .timeRange(TimeRange.between(2, 4))
                                            .build(new Delete(b("r")).addColumns(b("f"), b("m")))));
            s.out.ask("filter " + i + " increments",
                () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r")).ifMatches(f).build(
                        new Increment(b("r")).addColumn(b("g"), b("n"), 1))));
        }
        s.out.ask("marks", () -> t.get(new Get(b("r"))));
        s.out.ask("nobody", () -> t.get(new Get(b("nobody"))));
    }

    private static void range(Session s) throws Throwable {
        Table t = s.create(schema("condition_range", family("f", 5)));
        t.put(put("r", "f:a", 10, "ten"));
        t.put(put("r", "f:a", 20, "twenty"));
        for (long from : List.of(0L, 10L, 11L, 20L, 21L))
            for (String value : List.of("ten", "twenty"))
                s.out.ask("[" + from + "," + (from + 10) + ") is " + value,
                    () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                                .ifEquals(b("f"), b("a"), b(value))
                                                .timeRange(TimeRange.between(from, from + 10))
                                                .build(put("r", "f:m" + from, 1, value))));
        s.out.ask("absent before",
            () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifNotExists(b("f"), b("a"))
                                        .timeRange(TimeRange.until(10))
                                        .build(put("r", "f:before", 1, "v"))));
        s.out.ask("all", () -> t.get(new Get(b("r")).readAllVersions()));
    }

    private static void batch(Session s) throws Throwable {
        Table t = s.create(schema("condition_batch", family("f")), "m");
        for (String row : List.of("a", "b", "n", "o"))
            t.put(put("" + row, "f:c", 1, "yes"));
        List<CheckAndMutate> checks = new ArrayList<>();
        for (String row : List.of("a", "b", "n", "o", "none")) {
            checks.add(CheckAndMutate.newBuilder(b(row))
                           .ifEquals(b("f"), b("c"), b("yes"))
                           .build(put("" + row, "f:p", 2, "p")));
            checks.add(CheckAndMutate.newBuilder(b(row))
                           .ifEquals(b("f"), b("c"), b("no"))
                           .build(new Delete(b(row))));
            checks.add(CheckAndMutate.newBuilder(b(row))
                           .ifNotExists(b("f"), b("n"))
                           .build(new Increment(b(row)).addColumn(b("f"), b("n"), 1)));
        }
        s.out.ask("list of checks", () -> t.checkAndMutate(checks));
        s.out.ask("in a batch", () -> {
            List<Row> rows = new ArrayList<>(List.of(new Get(b("a")), put("b", "f:q", 3, "q"),
                CheckAndMutate.newBuilder(b("n"))
                    .ifEquals(b("f"), b("c"), b("yes"))
                    .build(put("n", "f:z", 4, "z"))));
            Object[] results = new Object[rows.size()];
            t.batch(rows, results);
            return results;
        });
        s.out.ask("one bad of three",
            () -> t.checkAndMutate(List.of(CheckAndMutate.newBuilder(b("a"))
                                                .ifEquals(b("f"), b("c"), b("yes"))
                                                .build(put("a", "f:ok", 2, "p")),
                    CheckAndMutate.newBuilder(b("b"))
                        .ifEquals(b("nope"), b("c"), b("yes"))
                        .build(put("b", "f:ok", 2, "p")))));
        s.askScan("all", t, new Scan());
    }

    @SuppressWarnings("deprecation")
    private static void old(Session s) throws Throwable {
        Table t = s.create(schema("condition_old", family("f", 2)));
        s.out.ask("put if absent",
            () -> t.checkAndPut(b("r"), b("f"), b("a"), null, put("r", "f:a", 1, "one")));
        s.out.ask("put if absent again",
            () -> t.checkAndPut(b("r"), b("f"), b("a"), null, put("r", "f:a", 2, "two")));
        s.out.ask("put if equal",
            () -> t.checkAndPut(b("r"), b("f"), b("a"), b("one"), put("r", "f:a", 2, "two")));
        s.out.ask("put if greater",
            () -> t.checkAndPut(b("r"), b("f"), b("a"), CompareOperator.GREATER, b("zzz"),
                    put("r", "f:a", 3, "three")));
        s.out.ask("put if less",
            () -> t.checkAndPut(b("r"), b("f"), b("a"), CompareOperator.LESS, b("zzz"),
                    put("r", "f:a", 4, "four")));
        s.out.ask("delete if not equal",
            () -> t.checkAndDelete(b("r"), b("f"), b("a"), CompareOperator.NOT_EQUAL, b("x"),
                    new Delete(b("r")).addColumn(b("f"), b("a"), 3)));
        s.out.ask("delete if equal",
            () -> t.checkAndDelete(b("r"), b("f"), b("a"), b("four"), new Delete(b("r"))));
        s.out.ask("mutate if equal",
            () -> t.checkAndMutate(b("r"), b("f"), b("a"), CompareOperator.EQUAL, b("two"),
                    RowMutations.of(
                        List.<Mutation>of(put("r", "f:b", 1, "b"), put("r", "f:c", 1, "c")))));
        s.out.ask("builder of the table",
            () -> t.checkAndMutate(b("r"), b("f"))
                       .qualifier(b("b"))
                       .ifEquals(b("b"))
                       .thenPut(put("r", "f:d", 1, "d")));
        s.out.ask("builder, not there",
            () -> t.checkAndMutate(b("r"), b("f"))
                       .qualifier(b("z"))
                       .ifNotExists()
                       .thenPut(put("r", "f:z", 1, "z")));
        s.out.ask("builder, empty qualifier",
            () -> t.checkAndMutate(b("r"), b("f")).ifNotExists().thenPut(put("r", "f:", 1, "e")));
        s.out.ask("builder with filter",
            () -> t.checkAndMutate(b("r"), new ColumnPrefixFilter(b("z")))
                       .thenDelete(new Delete(b("r")).addColumns(b("f"), b("z"))));
        s.out.ask("all", () -> t.get(new Get(b("r")).readAllVersions()));
    }

    private static void refused(Session s) throws Throwable {
        Table t = s.create(schema("condition_refused", family("f")));
        t.put(put("r", "f:a", 1, "a"));
        s.out.ask("another row",
            () -> CheckAndMutate.newBuilder(b("r"))
                       .ifNotExists(b("f"), b("z"))
                       .build(put("other", "f:z", 1, "z")));
        s.out.ask(
            "no condition", () -> CheckAndMutate.newBuilder(b("r")).build(put("r", "f:z", 1, "z")));
        s.out.ask("unknown family in the condition",
            () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifNotExists(b("x"), b("z"))
                                        .build(put("r", "f:z", 1, "z"))));
        s.out.ask("unknown family in the put",
            () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifEquals(b("f"), b("a"), b("a"))
                                        .build(put("r", "x:z", 1, "z"))));
        s.out.ask("unknown family in a put that is not made",
            () -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifEquals(b("f"), b("a"), b("b"))
                                        .build(put("r", "x:z", 1, "z"))));
        s.out.ask("increment of text",
            () -> t.checkAndMutate(
                    CheckAndMutate.newBuilder(b("r"))
                        .ifEquals(b("f"), b("a"), b("a"))
                        .build(new Increment(b("r")).addColumn(b("f"), b("a"), 1))));
        s.out.ask("old call for another row",
            () -> t.checkAndMutate(b("r"), b("f"))
                       .qualifier(b("a"))
                       .ifEquals(b("a"))
                       .thenPut(put("other", "f:z", 1, "z")));
        s.out.ask("nothing changed", () -> t.get(new Get(b("r"))));
    }
}
