package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.hadoop.hbase.Cell;
import org.apache.hadoop.hbase.CellUtil;
import org.apache.hadoop.hbase.CompareOperator;
import org.apache.hadoop.hbase.client.Append;
import org.apache.hadoop.hbase.client.CheckAndMutate;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.RetriesExhaustedWithDetailsException;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.filter.BinaryComparator;
import org.apache.hadoop.hbase.filter.BinaryComponentComparator;
import org.apache.hadoop.hbase.filter.BinaryPrefixComparator;
import org.apache.hadoop.hbase.filter.BitComparator;
import org.apache.hadoop.hbase.filter.ColumnCountGetFilter;
import org.apache.hadoop.hbase.filter.ColumnPaginationFilter;
import org.apache.hadoop.hbase.filter.ColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.ColumnRangeFilter;
import org.apache.hadoop.hbase.filter.ColumnValueFilter;
import org.apache.hadoop.hbase.filter.DependentColumnFilter;
import org.apache.hadoop.hbase.filter.FamilyFilter;
import org.apache.hadoop.hbase.filter.Filter;
import org.apache.hadoop.hbase.filter.FilterList;
import org.apache.hadoop.hbase.filter.FirstKeyOnlyFilter;
import org.apache.hadoop.hbase.filter.FirstKeyValueMatchingQualifiersFilter;
import org.apache.hadoop.hbase.filter.FuzzyRowFilter;
import org.apache.hadoop.hbase.filter.InclusiveStopFilter;
import org.apache.hadoop.hbase.filter.KeyOnlyFilter;
import org.apache.hadoop.hbase.filter.LongComparator;
import org.apache.hadoop.hbase.filter.MultiRowRangeFilter;
import org.apache.hadoop.hbase.filter.MultipleColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.NullComparator;
import org.apache.hadoop.hbase.filter.PageFilter;
import org.apache.hadoop.hbase.filter.PrefixFilter;
import org.apache.hadoop.hbase.filter.QualifierFilter;
import org.apache.hadoop.hbase.filter.RandomRowFilter;
import org.apache.hadoop.hbase.filter.RegexStringComparator;
import org.apache.hadoop.hbase.filter.RowFilter;
import org.apache.hadoop.hbase.filter.SingleColumnValueExcludeFilter;
import org.apache.hadoop.hbase.filter.SingleColumnValueFilter;
import org.apache.hadoop.hbase.filter.SkipFilter;
import org.apache.hadoop.hbase.filter.SubstringComparator;
import org.apache.hadoop.hbase.filter.TimestampsFilter;
import org.apache.hadoop.hbase.filter.ValueFilter;
import org.apache.hadoop.hbase.filter.WhileMatchFilter;
import org.apache.hadoop.hbase.io.TimeRange;
import org.apache.hadoop.hbase.util.Bytes;
import org.apache.hadoop.hbase.util.Pair;

/** What is legal and what hardly anybody asks: limits of nothing, times at both ends, empty values and names. */
final class OddScenarios
{
    private OddScenarios()
    {
    }

    static List<Scenario> all()
    {
        return List.of(new Scenario("odd.filter", OddScenarios::filters),
            new Scenario("odd.scan", OddScenarios::scans),
            new Scenario("odd.time", OddScenarios::times),
            new Scenario("odd.counter", OddScenarios::counters),
            new Scenario("odd.condition", OddScenarios::conditions),
            new Scenario("odd.mutation", OddScenarios::mutations),
            new Scenario("odd.text", OddScenarios::texts));
    }

    private static Table table(Session s, String name) throws Exception
    {
        Table t = s.create(schema(name, family("f", 3), family("g", 3)), "c", "e");
        for (String row : List.of("a", "b", "bb", "c", "d", "dA", "e", "f")) {
            for (String q : List.of("", "a", "ab", "b", "c"))
                for (int ts = 1; ts <= 3; ts++)
                    t.put(put(row, "f:" + q, ts * 10, row + q + ts));
            t.put(put(row, "g:x", 20, row.equals("b") ? "" : row));
        }
        return t;
    }

    /** Each text is looked for in all of them: letters of any script in either case, and what is no text. */
    private static void texts(Session s) throws Throwable
    {
        Table t = s.create(schema("odd_text", family("f")));
        List<String> texts = List.of("stra\u00dfe", "STRASSE \u1e9e", "\u00c4RGER", "\u00e4rger", "300 \u212a", "k", "\u017f", "S",
            "\u0130", "i", "I", "\u0131", "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", "\u03bf\u03b4\u03bf\u03c3", "\u03a3", "\u039f\u03a3.\u0391",
            "\u0391\u03a3 \u0391", "\u0414\u0401", "\u0434\u0451", "\u00b5", "\u03bc", "\u01c5", "\u2167", "\ud801\udc00", "\ud801\udc28", "\u4e2d", "\ufffd");
        for (int i = 0; i < texts.size(); i++)
            t.put(put(String.format("r%02d", i), "f:q", 1, texts.get(i)));
        t.put(new Put(b("s1")).addColumn(b("f"), b("q"), 1, new byte[] {'A', (byte) 0xff, 'K'}));
        t.put(new Put(b("s2")).addColumn(b("f"), b("q"), 1, new byte[] {(byte) 0xc3}));
        for (int i = 0; i < texts.size(); i++)
            s.askScan("text " + i, t,
                new Scan().setFilter(new ValueFilter(CompareOperator.EQUAL, new SubstringComparator(texts.get(i)))));
    }

    private static void filters(Session s) throws Throwable
    {
        Table t = table(s, "odd_filter");
        Map<String, Filter> all = new LinkedHashMap<>();
        all.put("page 0", new PageFilter(0));
        all.put("columns 0", new ColumnCountGetFilter(0));
        all.put("column pages 0 0", new ColumnPaginationFilter(0, 0));
        all.put("column pages 0 1", new ColumnPaginationFilter(0, 1));
        all.put("column pages from empty", new ColumnPaginationFilter(2, b("")));
        all.put("column pages past last", new ColumnPaginationFilter(2, b("zz")));
        all.put("no timestamps", new TimestampsFilter(List.of()));
        all.put("timestamps twice", new TimestampsFilter(List.of(10L, 10L, 30L)));
        all.put("timestamps hint", new TimestampsFilter(List.of(10L), true));
        all.put("no column prefixes", new MultipleColumnPrefixFilter(new byte[0][]));
        all.put("empty column prefix", new MultipleColumnPrefixFilter(new byte[][] {b("")}));
        all.put("column prefixes nested",
            new MultipleColumnPrefixFilter(new byte[][] {b("ab"), b("a"), b("c")}));
        all.put("column prefix empty", new ColumnPrefixFilter(b("")));
        all.put("prefix empty", new PrefixFilter(b("")));
        all.put("prefix past", new PrefixFilter(b("zz")));
        all.put("inclusive stop empty", new InclusiveStopFilter(b("")));
        all.put("inclusive stop between", new InclusiveStopFilter(b("bz")));
        all.put("column range reversed", new ColumnRangeFilter(b("c"), true, b("a"), true));
        all.put("column range one", new ColumnRangeFilter(b("a"), true, b("a"), true));
        all.put("column range none", new ColumnRangeFilter(b("a"), true, b("a"), false));
        all.put("column range open", new ColumnRangeFilter(null, true, null, true));
        all.put("column range to empty", new ColumnRangeFilter(null, true, b(""), true));
        all.put("empty list all", new FilterList(FilterList.Operator.MUST_PASS_ALL));
        all.put("empty list one", new FilterList(FilterList.Operator.MUST_PASS_ONE));
        all.put("first keys",
            new FirstKeyValueMatchingQualifiersFilter(new TreeSet<>(Bytes.BYTES_COMPARATOR)));
        all.put("skip none", new SkipFilter(new ValueFilter(
                                 CompareOperator.NOT_EQUAL, new BinaryComparator(b("")))));
        all.put("while all", new WhileMatchFilter(new RandomRowFilter(-1f)));
        all.put("skip of while", new SkipFilter(new WhileMatchFilter(new RowFilter(
                                     CompareOperator.LESS, new BinaryComparator(b("d"))))));
        all.put("while of skip", new WhileMatchFilter(new SkipFilter(new ValueFilter(
                                     CompareOperator.NOT_EQUAL, new BinaryComparator(b("bba3"))))));
        all.put(
            "while of list", new WhileMatchFilter(new FilterList(FilterList.Operator.MUST_PASS_ONE,
                                 new PrefixFilter(b("a")), new PrefixFilter(b("b")))));
        all.put("value null", new ValueFilter(CompareOperator.EQUAL, new NullComparator()));
        all.put("value not null", new ValueFilter(CompareOperator.NOT_EQUAL, new NullComparator()));
        all.put("qualifier empty",
            new QualifierFilter(CompareOperator.EQUAL, new BinaryComparator(b(""))));
        all.put("qualifier null", new QualifierFilter(CompareOperator.EQUAL, new NullComparator()));
        all.put(
            "family less", new FamilyFilter(CompareOperator.LESS, new BinaryComparator(b("g"))));
        all.put(
            "family empty", new FamilyFilter(CompareOperator.GREATER, new BinaryComparator(b(""))));
        all.put("no op", new RowFilter(CompareOperator.NO_OP, new BinaryComparator(b("a"))));
        all.put(
            "value no op", new ValueFilter(CompareOperator.NO_OP, new BinaryComparator(b("a"))));
        all.put(
            "substring case", new RowFilter(CompareOperator.EQUAL, new SubstringComparator("DA")));
        all.put(
            "substring empty", new RowFilter(CompareOperator.EQUAL, new SubstringComparator("")));
        all.put("regex empty", new RowFilter(CompareOperator.EQUAL, new RegexStringComparator("")));
        all.put("regex anchors",
            new RowFilter(CompareOperator.EQUAL, new RegexStringComparator("^b$")));
        all.put("regex case", new RowFilter(CompareOperator.EQUAL,
                                  new RegexStringComparator("da", Pattern.CASE_INSENSITIVE)));
        all.put("regex class",
            new RowFilter(CompareOperator.NOT_EQUAL, new RegexStringComparator("[a-c&&[^b]]")));
        all.put("regex possessive",
            new RowFilter(CompareOperator.EQUAL, new RegexStringComparator("b++")));
        all.put("regex joni",
            new RowFilter(CompareOperator.EQUAL,
                new RegexStringComparator("b+", RegexStringComparator.EngineType.JONI)));
        all.put("regex greater",
            new RowFilter(CompareOperator.GREATER, new RegexStringComparator("b")));
        all.put("binary prefix long",
            new RowFilter(CompareOperator.EQUAL, new BinaryPrefixComparator(b("bbbb"))));
        all.put("binary prefix empty",
            new RowFilter(CompareOperator.EQUAL, new BinaryPrefixComparator(b(""))));
        all.put("binary component",
            new RowFilter(CompareOperator.EQUAL, new BinaryComponentComparator(b("A"), 1)));
        all.put("bits other length", new ValueFilter(CompareOperator.EQUAL,
                                         new BitComparator(b("abc"), BitComparator.BitwiseOp.AND)));
        all.put("long", new RowFilter(CompareOperator.LESS, new LongComparator(5)));
        all.put("single empty value",
            new SingleColumnValueFilter(b("g"), b("x"), CompareOperator.EQUAL, b("")));
        all.put("single null", new SingleColumnValueFilter(
                                   b("g"), b("x"), CompareOperator.EQUAL, new NullComparator()));
        all.put("single empty qualifier",
            new SingleColumnValueFilter(b("f"), b(""), CompareOperator.EQUAL, b("c3")));
        all.put("single missing family",
            new SingleColumnValueFilter(b("zz"), b("x"), CompareOperator.EQUAL, b("a")));
        SingleColumnValueFilter older = new SingleColumnValueFilter(
            b("f"), b("a"), CompareOperator.EQUAL, b("ca1"));
        older.setLatestVersionOnly(false);
        older.setFilterIfMissing(true);
        all.put("single older", older);
        all.put("single exclude",
            new SingleColumnValueExcludeFilter(b("g"), b("x"), CompareOperator.GREATER, b("c")));
        all.put(
            "column value", new ColumnValueFilter(b("f"), b("a"), CompareOperator.LESS, b("c")));
        all.put("dependent", new DependentColumnFilter(b("g"), b("x")));
        all.put("dependent drop", new DependentColumnFilter(b("g"), b("x"), true));
        all.put("dependent value", new DependentColumnFilter(b("g"), b("x"), false,
                                       CompareOperator.NOT_EQUAL, new BinaryComparator(b("c"))));
        all.put("dependent empty", new DependentColumnFilter(b("f"), b("")));
        all.put("fuzzy two lengths", new FuzzyRowFilter(List.of(new Pair<>(b("?"), new byte[] {1}),
                                         new Pair<>(b("d?"), new byte[] {0, 1}))));
        all.put("fuzzy longer than rows",
            new FuzzyRowFilter(List.of(new Pair<>(b("d???"), new byte[] {0, 1, 1, 1}))));
        all.put("rows overlapping",
            new MultiRowRangeFilter(List.of(new MultiRowRangeFilter.RowRange("a", true, "c", false),
                new MultiRowRangeFilter.RowRange("b", false, "d", true))));
        all.put("rows open", new MultiRowRangeFilter(
                                 List.of(new MultiRowRangeFilter.RowRange("d", false, "", true))));
        all.put("rows none", new MultiRowRangeFilter(List.of(
                                 new MultiRowRangeFilter.RowRange("bb", true, "bb", true))));
        all.put("key only length", new KeyOnlyFilter(true));
        all.put("key of one",
            new FilterList(FilterList.Operator.MUST_PASS_ONE, new KeyOnlyFilter(),
                new ValueFilter(CompareOperator.EQUAL, new SubstringComparator("3"))));
        all.put("key of all",
            new FilterList(new KeyOnlyFilter(true),
                new ValueFilter(CompareOperator.EQUAL, new SubstringComparator("3"))));
        all.put("page in one", new FilterList(FilterList.Operator.MUST_PASS_ONE, new PageFilter(1),
                                   new PrefixFilter(b("d"))));
        all.put("page first", new FilterList(new PageFilter(1), new PrefixFilter(b("bb"))));
        all.put("page last", new FilterList(new PrefixFilter(b("bb")), new PageFilter(1)));
        all.put("count in one",
            new FilterList(FilterList.Operator.MUST_PASS_ONE, new ColumnCountGetFilter(1),
                new QualifierFilter(CompareOperator.EQUAL, new BinaryComparator(b("c")))));
        all.put("lists in lists",
            new FilterList(FilterList.Operator.MUST_PASS_ONE,
                new FilterList(new FirstKeyOnlyFilter(), new PrefixFilter(b("b"))),
                new FilterList(new ColumnPrefixFilter(b("a")), new PrefixFilter(b("d")))));
        for (String state : List.of("memory", "files")) {
            for (Map.Entry<String, Filter> each : all.entrySet()) {
                s.askScan(state + " " + each.getKey(), t, new Scan().setFilter(each.getValue()));
                if (state.equals("files"))
                    continue;
                s.askScan(state + " versions " + each.getKey(), t,
                    new Scan().readVersions(2).setFilter(each.getValue()));
                s.out.ask(state + " get " + each.getKey(),
                    () -> t.get(new Get(b("bb")).readAllVersions().setFilter(each.getValue())));
                s.askScan(state + " column " + each.getKey(), t,
                    new Scan()
                        .addColumn(b("f"), b("a"))
                        .addFamily(b("g"))
                        .setFilter(each.getValue()));
                s.askScan(state + " limit " + each.getKey(), t,
                    new Scan().setLimit(2).setMaxResultSize(1).setFilter(each.getValue()));
            }
            s.flush(t);
        }
    }

    private static void scans(Session s) throws Throwable
    {
        Table t = table(s, "odd_scan");
        for (String state : List.of("memory", "files")) {
            for (String from :
                state.equals("files") ? List.of("", "a", "b", "bz", "c", "zz") : List.<String>of())
                for (String to : List.of("", "a", "b", "c", "d"))
                    for (int bits = 0; bits < 8; bits++) {
                        Scan scan = new Scan()
                                        .withStartRow(b(from), (bits & 1) != 0)
                                        .withStopRow(b(to), (bits & 2) != 0)
                                        .setReversed((bits & 4) != 0)
                                        .addColumn(b("g"), b("x"));
                        s.askScan(state + " from " + from + " to " + to + " " + bits, t, scan);
                    }
            s.askScan(state + " batch 1 limit 3", t, new Scan().setBatch(1).setLimit(3));
            s.askScan(state + " batch 2 caching 1", t, new Scan().setBatch(2).setCaching(1));
            s.askScan(state + " batch 3 reversed", t, new Scan().setBatch(3).setReversed(true));
            s.askScan(state + " batch 2 versions", t,
                new Scan().setBatch(2).readAllVersions().setLimit(9));
            s.askScan(state + " batch 2 offset", t,
                new Scan().setBatch(2).setRowOffsetPerColumnFamily(1).setMaxResultsPerColumnFamily(
                    3));
            s.askScan(
                state + " partial", t, new Scan().setAllowPartialResults(true).setMaxResultSize(1));
            s.askScan(state + " one row", t, new Scan().setOneRowLimit());
            s.askScan(state + " one row small", t, new Scan().setSmall(true).setCaching(2));
            s.askScan(state + " pread", t, new Scan().setReadType(Scan.ReadType.PREAD).setLimit(4));
            s.askScan(state + " store limit 0", t, new Scan().setMaxResultsPerColumnFamily(0));
            for (int limit : new int[] {0, 1, 2})
                for (int offset : new int[] {0, 1, 2, 9}) {
                    s.askScan(state + " store limit " + limit + " from " + offset, t,
                        new Scan()
                            .setMaxResultsPerColumnFamily(limit)
                            .setRowOffsetPerColumnFamily(offset)
                            .setLimit(3));
                    s.askScan(state + " versions, store limit " + limit + " from " + offset, t,
                        new Scan()
                            .setMaxResultsPerColumnFamily(limit)
                            .setRowOffsetPerColumnFamily(offset)
                            .readAllVersions()
                            .setLimit(3));
                    s.out.ask(state + " get, store limit " + limit + " from " + offset,
                        ()
                            -> t.get(new Get(b("bb"))
                                         .setMaxResultsPerColumnFamily(limit)
                                         .setRowOffsetPerColumnFamily(offset)));
                    s.askScan(state + " filter, store limit " + limit + " from " + offset, t,
                        new Scan()
                            .setMaxResultsPerColumnFamily(limit)
                            .setRowOffsetPerColumnFamily(offset)
                            .setLimit(3)
                            .setFilter(new QualifierFilter(
                                CompareOperator.NOT_EQUAL, new BinaryComparator(b("a")))));
                }
            s.askScan(state + " no time", t, new Scan().setTimeRange(0, 0));
            s.askScan(state + " caching 0", t, new Scan().setCaching(0).setLimit(2));
            s.askScan(state + " size 0", t, new Scan().setMaxResultSize(0).setLimit(2));
            s.askScan(state + " limit 0", t, new Scan().setLimit(0).addFamily(b("g")));
            s.askScan(state + " batch 0", t, new Scan().setBatch(0).setLimit(2));
            s.askScan(state + " store limit", t,
                new Scan().setMaxResultsPerColumnFamily(1).readAllVersions());
            s.askScan(state + " store offset", t,
                new Scan()
                    .setRowOffsetPerColumnFamily(4)
                    .setMaxResultsPerColumnFamily(2)
                    .readAllVersions());
            s.askScan(state + " family and its column", t,
                new Scan().addColumn(b("f"), b("a")).addFamily(b("f")));
            s.askScan(state + " empty qualifier and another", t,
                new Scan().addColumn(b("f"), b("")).addColumn(b("f"), b("c")));
            s.askScan(state + " time of one family", t,
                new Scan().readAllVersions().setColumnFamilyTimeRange(b("f"), 10, 20));
            s.askScan(state + " raw of a family", t,
                new Scan().setRaw(true).readAllVersions().addFamily(b("g")));
            s.askScan(state + " prefix", t, new Scan().setRowPrefixFilter(b("d")));
            s.askScan(
                state + " prefix ff", t, new Scan().setRowPrefixFilter(new byte[] {(byte)0xff}));
            s.askScan(state + " a million rows a call", t, new Scan().setCaching(1_000_000));
            s.flush(t);
        }
    }

    private static void times(Session s) throws Throwable
    {
        Table t = s.create(schema("odd_time", family("f", 3), family("g", 1)));
        for (long ts : new long[] {0, 1, Long.MAX_VALUE - 1, Long.MAX_VALUE - 2}) {
            s.out.act("put at " + ts, () -> t.put(put("r", "f:a", ts, "at " + ts)));
            s.out.act("put g at " + ts, () -> t.put(put("r", "g:a", ts, "at " + ts)));
        }
        for (String state : List.of("memory", "files")) {
            s.out.ask(state + " all", () -> t.get(new Get(b("r")).readAllVersions()));
            s.out.ask(state + " at 0", () -> t.get(new Get(b("r")).setTimestamp(0)));
            s.out.ask(
                state + " at last", () -> t.get(new Get(b("r")).setTimestamp(Long.MAX_VALUE - 1)));
            s.out.ask(
                state + " at latest", () -> t.get(new Get(b("r")).setTimestamp(Long.MAX_VALUE)));
            s.out.ask(state + " range to last",
                () -> t.get(new Get(b("r")).readAllVersions().setTimeRange(1, Long.MAX_VALUE - 1)));
            s.out.ask(state + " range from last",
                ()
                    -> t.get(new Get(b("r")).readAllVersions().setTimeRange(
                        Long.MAX_VALUE - 1, Long.MAX_VALUE)));
            s.out.ask(state + " range 0 1",
                () -> t.get(new Get(b("r")).readAllVersions().setTimeRange(0, 1)));
            s.out.ask(state + " versions 0", () -> t.get(new Get(b("r")).readVersions(1)));
            s.flush(t);
        }
        s.out.act("delete at 0", () -> t.delete(new Delete(b("r")).addColumns(b("f"), b("a"), 0)));
        s.out.ask("after", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("delete one at last",
            () -> t.delete(new Delete(b("r")).addColumn(b("f"), b("a"), Long.MAX_VALUE - 1)));
        s.out.ask("after one", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("family up to last",
            () -> t.delete(new Delete(b("r")).addFamily(b("g"), Long.MAX_VALUE - 1)));
        s.out.ask("after family", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("row at 1", () -> t.delete(new Delete(b("r"), 1)));
        s.out.act("another", () -> t.put(put("r0", "f:a", 0, "x")));
        s.out.act("row at 0", () -> t.delete(new Delete(b("r0"), 0)));
        s.out.ask("after row at 0", () -> t.get(new Get(b("r0")).readAllVersions()));
        s.out.act("family at 0", () -> t.delete(new Delete(b("r0")).addFamily(b("g"), 0)));
        s.out.act(
            "family version at 0", () -> t.delete(new Delete(b("r0")).addFamilyVersion(b("g"), 0)));
        s.out.act("one at 0", () -> t.delete(new Delete(b("r0")).addColumn(b("g"), b("a"), 0)));
        s.out.ask("after row", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("family version",
            () -> t.delete(new Delete(b("r")).addFamilyVersion(b("f"), Long.MAX_VALUE - 2)));
        s.askScan("raw", t, new Scan().setRaw(true).readAllVersions());
        s.majorCompact(t);
        s.askScan("raw after", t, new Scan().setRaw(true).readAllVersions());
    }

    private static void counters(Session s) throws Throwable
    {
        Table t = s.create(schema("odd_counter", family("f", 3), family("g", 3)));
        s.out.ask("zero to nothing",
            () -> strip(t.increment(new Increment(b("r")).addColumn(b("f"), b("a"), 0))));
        s.out.ask("it is there", () -> strip(t.get(new Get(b("r")))));
        s.out.ask("overflow", () -> {
            t.increment(new Increment(b("r")).addColumn(b("f"), b("m"), Long.MAX_VALUE));
            return strip(t.increment(new Increment(b("r")).addColumn(b("f"), b("m"), 1)));
        });
        s.out.ask("empty qualifier",
            ()
                -> strip(t.increment(new Increment(b("r"))
                                         .addColumn(b("f"), b(""), 3)
                                         .addColumn(b("g"), b(""), 4))));
        s.out.ask("no results",
            ()
                -> strip(t.increment(
                    new Increment(b("r")).addColumn(b("f"), b("a"), 1).setReturnResults(false))));
        s.out.ask("no column", () -> t.increment(new Increment(b("r"))));
        s.out.act("empty value", () -> t.put(put("e", "f:a", 5, "")));
        s.out.ask("of an empty value",
            () -> t.increment(new Increment(b("e")).addColumn(b("f"), b("a"), 1)));
        s.out.ask("one of two wrong",
            ()
                -> t.increment(new Increment(b("e"))
                                   .addColumn(b("f"), b("a"), 1)
                                   .addColumn(b("f"), b("n"), 1)));
        s.out.ask("neither is done", () -> t.get(new Get(b("e"))));
        s.out.ask("append nothing to nothing",
            () -> strip(t.append(new Append(b("n")).addColumn(b("f"), b("a"), b("")))));
        s.out.ask("is there", () -> strip(t.get(new Get(b("n")))));
        s.out.ask("append twice one column",
            ()
                -> strip(t.append(new Append(b("n"))
                                      .addColumn(b("f"), b("b"), b("x"))
                                      .addColumn(b("f"), b("b"), b("y")))));
        s.out.ask("append two families",
            ()
                -> strip(t.append(new Append(b("n"))
                                      .addColumn(b("g"), b("b"), b("x"))
                                      .addColumn(b("f"), b(""), b("y")))));
        s.out.ask("append range before",
            ()
                -> strip(t.append(
                    new Append(b("n")).addColumn(b("g"), b("b"), b("z")).setTimeRange(0, 5))));
        s.out.ask("append, a time to live of 0",
            ()
                -> strip(
                    t.append(new Append(b("n")).addColumn(b("g"), b("ttl"), b("z")).setTTL(0))));
        s.out.ask("append in no time",
            ()
                -> strip(t.append(
                    new Append(b("n")).addColumn(b("g"), b("b"), b("w")).setTimeRange(0, 0))));
        s.out.ask("increment in no time",
            ()
                -> strip(t.increment(
                    new Increment(b("r")).addColumn(b("f"), b("a"), 1).setTimeRange(0, 0))));
        s.out.ask("increment before",
            ()
                -> strip(t.increment(
                    new Increment(b("r")).addColumn(b("f"), b("a"), 1).setTimeRange(0, 1))));
        s.out.ask("increment, a time to live of 0",
            ()
                -> strip(
                    t.increment(new Increment(b("r")).addColumn(b("f"), b("ttl"), 1).setTTL(0))));
        s.out.act("stored far ahead",
            ()
                -> t.put(new Put(b("fut")).addColumn(
                    b("f"), b("a"), Long.MAX_VALUE - 5, Bytes.toBytes(7L))));
        s.out.ask("goes on from it",
            () -> t.increment(new Increment(b("fut")).addColumn(b("f"), b("a"), 1)));
        s.out.ask("unknown family",
            () -> t.increment(new Increment(b("r")).addColumn(b("zz"), b("a"), 1)));
        s.out.ask("of a deleted one", () -> {
            t.delete(new Delete(b("fut")));
            return strip(t.increment(new Increment(b("r2")).addColumn(b("f"), b("a"), 5)));
        });
    }

    /** Without the server's times. */
    private static String strip(Result result)
    {
        StringBuilder text = new StringBuilder(result == null ? "null" : "row");
        if (result != null && result.rawCells() != null)
            for (Cell cell : result.rawCells())
                text.append(' ')
                    .append(Bytes.toStringBinary(CellUtil.cloneFamily(cell)))
                    .append(':')
                    .append(Bytes.toStringBinary(CellUtil.cloneQualifier(cell)))
                    .append('=')
                    .append(Bytes.toStringBinary(CellUtil.cloneValue(cell)));
        return text.toString();
    }

    private static void conditions(Session s) throws Throwable
    {
        Table t = s.create(schema("odd_condition", family("f", 3), family("g", 3)));
        t.put(put("r", "f:empty", 5, ""));
        t.put(put("r", "f:v", 5, "m"));
        t.put(put("r", "f:", 5, "q"));
        int n = 0;
        for (CompareOperator op : CompareOperator.values())
            for (String column :
                op == CompareOperator.NO_OP ? List.<String>of() : List.of("empty", "v", "", "none"))
                for (String value : new String[] {"", "m", "q", "z"}) {
                    int own = n++;
                    s.out.ask(op + " " + column + " " + value,
                        ()
                            -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                                    .ifMatches(b("f"), b(column), op, b(value))
                                                    .build(put("r", "g:out", 10 + own, "x")))
                                   .isSuccess());
                }
        s.out.ask("no qualifier",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifMatches(b("f"), null, CompareOperator.EQUAL, b("q"))
                                        .build(put("r", "g:out", 900, "x")))
                       .isSuccess());
        s.out.ask("absent family",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifNotExists(b("zz"), b("q"))
                                        .build(put("r", "g:out", 901, "x")))
                       .isSuccess());
        s.out.ask("absent row",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("none"))
                                        .ifNotExists(b("f"), b("q"))
                                        .build(new Delete(b("none"))))
                       .isSuccess());
        s.out.ask("out of time",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifEquals(b("f"), b("v"), b("m"))
                                        .timeRange(TimeRange.between(6, 7))
                                        .build(put("r", "g:out", 902, "x")))
                       .isSuccess());
        s.out.ask("no time",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifEquals(b("f"), b("v"), b("m"))
                                        .timeRange(TimeRange.between(0, 0))
                                        .build(put("r", "g:out", 906, "x")))
                       .isSuccess());
        s.out.ask("no time, a filter",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifMatches(new PrefixFilter(b("r")))
                                        .timeRange(TimeRange.between(0, 0))
                                        .build(put("r", "g:out", 907, "x")))
                       .isSuccess());
        s.out.ask("filter of nothing",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifMatches(new RandomRowFilter(-1f))
                                        .build(put("r", "g:out", 903, "x")))
                       .isSuccess());
        s.out.ask("filter of another row",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifMatches(new PrefixFilter(b("s")))
                                        .build(put("r", "g:out", 904, "x")))
                       .isSuccess());
        s.out.ask("filter of all of a list",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifMatches(new FilterList(new PrefixFilter(b("r")),
                                            new SingleColumnValueFilter(
                                                b("f"), b("v"), CompareOperator.EQUAL, b("m"))))
                                        .build(put("r", "g:out", 905, "x")))
                       .isSuccess());
        s.out.ask("and increment",
            ()
                -> strip(
                    t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                         .ifEquals(b("f"), b("v"), b("m"))
                                         .build(new Increment(b("r")).addColumn(b("g"), b("n"), 4)))
                        .getResult()));
        s.out.ask("and append, not done",
            ()
                -> strip(t.checkAndMutate(
                              CheckAndMutate.newBuilder(b("r"))
                                  .ifEquals(b("f"), b("v"), b("?"))
                                  .build(new Append(b("r")).addColumn(b("g"), b("n"), b("4"))))
                             .getResult()));
        s.out.ask("row mutations",
            ()
                -> t.checkAndMutate(CheckAndMutate.newBuilder(b("r"))
                                        .ifEquals(b("f"), b("v"), b("m"))
                                        .build(RowMutations.of(List.of(put("r", "g:p", 7, "p"),
                                            new Delete(b("r")).addColumns(b("f"), b("v"), 9)))))
                       .isSuccess());
        s.out.ask("rest", () -> t.get(new Get(b("r")).addFamily(b("f")).readAllVersions()));
        s.out.ask("rest of g", () -> strip(t.get(new Get(b("r")).addFamily(b("g")))));
    }

    private static void mutations(Session s) throws Throwable
    {
        Table t = s.create(schema("odd_mutation", family("f", 3), family("g", 3)), "m");
        s.out.act("delete of nothing", () -> t.delete(new Delete(b("none"))));
        s.out.act("delete of a family twice",
            () -> t.delete(new Delete(b("r")).addFamily(b("f"), 5).addFamily(b("f"), 7)));
        s.out.act("put below a marker", () -> t.put(put("r", "f:a", 6, "hidden")));
        s.out.act("put at a marker", () -> t.put(put("r", "f:a", 7, "hidden")));
        s.out.act("put above", () -> t.put(put("r", "f:a", 8, "seen")));
        s.out.ask("seen", () -> t.get(new Get(b("r")).readAllVersions()));
        s.out.act("batch", () -> {
            Object[] results = new Object[5];
            t.batch(List.of(put("b1", "f:a", 1, "v"), new Get(b("b1")).addFamily(b("g")),
                        new Delete(b("z1")), put("z2", "g:", 2, ""), new Get(b("nothing"))),
                results);
        });
        s.out.ask("batch with a wrong family", () -> {
            Object[] results = new Object[3];
            try {
                t.batch(List.of(put("b2", "zz:a", 1, "v"), put("b3", "f:a", 1, "v"),
                            put("z3", "f:a", 1, "v")),
                    results);
            } catch (RetriesExhaustedWithDetailsException e) {
                return e.getNumExceptions() + " " + e.getCause(0).getClass().getName() + " " +
                    new String(e.getRow(0).getRow());
            }
            return "none";
        });
        s.askScan("what is there", t, new Scan().readAllVersions());
        s.out.act("two puts of a column in one mutation",
            ()
                -> t.mutateRow(RowMutations.of(
                    List.of(put("m1", "f:a", 5, "one"), put("m1", "f:a", 5, "two")))));
        s.out.act("put and delete of a column in one",
            ()
                -> t.mutateRow(RowMutations.of(List.of(put("m2", "f:a", 5, "one"),
                    new Delete(b("m2")).addColumns(b("f"), b("a"), 5)))));
        s.out.act("delete and put of a column in one",
            ()
                -> t.mutateRow(
                    RowMutations.of(List.of(new Delete(b("m3")).addColumns(b("f"), b("a"), 4),
                        put("m3", "f:a", 5, "one")))));
        s.out.ask("increments in one",
            ()
                -> strip(t.mutateRow(
                    RowMutations.of(List.of(new Increment(b("m4")).addColumn(b("f"), b("a"), 2),
                        new Increment(b("m4")).addColumn(b("f"), b("a"), 3))))));
        s.out.ask("append after put in one",
            ()
                -> strip(t.mutateRow(
                    RowMutations.of(List.of(new Put(b("m5")).addColumn(b("f"), b("a"), b("x")),
                        new Append(b("m5")).addColumn(b("f"), b("a"), b("y")))))));
        s.out.ask("m4", () -> strip(t.get(new Get(b("m4")).readAllVersions())));
        s.out.ask("m5", () -> strip(t.get(new Get(b("m5")).readAllVersions())));
        s.askScan("m1 to m3", t,
            new Scan().withStartRow(b("m1")).withStopRow(b("m3"), true).readAllVersions());
        s.askScan("m1 to m3 raw", t,
            new Scan()
                .withStartRow(b("m1"))
                .withStopRow(b("m3"), true)
                .readAllVersions()
                .setRaw(true));
        s.out.ask("no rows of exists", () -> t.exists(List.of()));
        s.out.ask("no rows of gets", () -> t.get(List.of()));
        s.out.act("no puts", () -> t.put(List.of()));
        s.out.act("no deletes", () -> t.delete(new ArrayList<>()));
    }
}
