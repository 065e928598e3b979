package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.family;
import static stele.interop.Session.keys;
import static stele.interop.Session.put;
import static stele.interop.Session.schema;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.hadoop.hbase.CompareOperator;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.filter.BigDecimalComparator;
import org.apache.hadoop.hbase.filter.BinaryComparator;
import org.apache.hadoop.hbase.filter.BinaryComponentComparator;
import org.apache.hadoop.hbase.filter.BinaryPrefixComparator;
import org.apache.hadoop.hbase.filter.BitComparator;
import org.apache.hadoop.hbase.filter.ByteArrayComparable;
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
import org.apache.hadoop.hbase.filter.MultiRowRangeFilter.RowRange;
import org.apache.hadoop.hbase.filter.MultipleColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.NullComparator;
import org.apache.hadoop.hbase.filter.PageFilter;
import org.apache.hadoop.hbase.filter.ParseFilter;
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
import org.apache.hadoop.hbase.util.Bytes;
import org.apache.hadoop.hbase.util.Pair;

/**
 * Every filter and comparator of HBase, alone, in lists and in the filter language, over the same
 * rows.
 */
final class FilterScenarios {
    private static final int ROWS = 24;

    private FilterScenarios() {
    }

    static List<Scenario> all() {
        return List.of(new Scenario("filter.one", s -> each(s, filled(s, "filter_one"), single())),
            new Scenario("filter.regions",
                s -> each(s, filled(s, "filter_regions", "k05", "k10", "k18"), single())),
            new Scenario(
                "filter.compare", s -> each(s, filled(s, "filter_compare", "k12"), compared())),
            new Scenario("filter.list", s -> each(s, filled(s, "filter_list", "k09"), lists())),
            new Scenario("filter.charsets", FilterScenarios::charsets),
            new Scenario("filter.language", FilterScenarios::language),
            new Scenario("filter.options", FilterScenarios::options),
            new Scenario("filter.get", FilterScenarios::gets),
            new Scenario("filter.refused", FilterScenarios::refused));
    }

    /**
     * Twenty-four rows k00 ... with two families, up to three versions, texts and numbers; half in
     * a file, half in memory.
     */
    private static Table filled(Session s, String name, String... splits) throws Throwable {
        Table t = s.create(schema(name, family("f", 3), family("g", 3)), splits);
        for (int half = 0; half < 2; half++) {
            for (int i = half; i < ROWS; i += 2) {
                Put p = new Put(b(String.format("k%02d", i)));
                put(put(p, "f:a", 1, "text" + i % 7), "f:a", 2, "TEXT" + i % 5);
                p.addColumn(b("f"), b("n"), 3, Bytes.toBytes((long) (i * 37 % 50 - 25)));
                if (i % 2 == 0)
                    put(put(p, "f:b", 2, "b" + i), "f:bb", 4, "bb");
                if (i % 3 == 0)
                    put(put(put(p, "g:c1", 2, ""), "g:c2", 3, "x"), "g:c3", 4, "y" + i);
                if (i % 4 == 1)
                    p.addColumn(b("g"), b("bits"), 5, new byte[] {(byte) i, (byte) (255 - i)});
                if (i % 6 == 5)
                    p.addColumn(
                        b("g"), b("dec"), 5, Bytes.toBytes(new java.math.BigDecimal("10." + i)));
                t.put(p);
            }
            if (half == 0)
                s.flush(t);
        }
        return t;
    }

    /** Each filter forwards, backwards, with a limit, and over all versions. */
    private static void each(Session s, Table t, Map<String, Filter> filters) throws Throwable {
        for (Map.Entry<String, Filter> entry : filters.entrySet()) {
            s.askScan(entry.getKey(), t, new Scan().setFilter(entry.getValue()));
            if (!isLostBackwards(entry.getValue()))
                s.askScan(entry.getKey() + " backwards", t,
                    new Scan().setReversed(true).setFilter(entry.getValue()));
            s.askScan(entry.getKey() + " of versions", t,
                new Scan()
                    .readVersions(2)
                    .setFilter(entry.getValue())
                    .withStartRow(b("k04"))
                    .withStopRow(b("k16")));
            s.askScan(entry.getKey() + " one row a call", t,
                new Scan().setCaching(1).setLimit(5).setFilter(entry.getValue()));
        }
    }

    /** Backwards, real HBase never ends the one and loses ranges of the other. */
    private static boolean isLostBackwards(Filter filter) {
        return filter instanceof FuzzyRowFilter || filter instanceof MultiRowRangeFilter;
    }

    private static Map<String, Filter> single() {
        Map<String, Filter> all = new LinkedHashMap<>();
        all.put("prefix k1", new PrefixFilter(b("k1")));
        all.put("prefix of nothing", new PrefixFilter(b("z")));
        all.put("column prefix b", new ColumnPrefixFilter(b("b")));
        all.put("column prefixes", new MultipleColumnPrefixFilter(keys("bb", "c", "n")));
        all.put("column range", new ColumnRangeFilter(b("b"), true, b("c2"), false));
        all.put("column range outer", new ColumnRangeFilter(b("b"), false, b("c2"), true));
        all.put("column range open", new ColumnRangeFilter(null, true, b("bb"), true));
        all.put("column range to the end", new ColumnRangeFilter(b("c"), true, null, false));
        all.put("column pages", new ColumnPaginationFilter(2, 1));
        all.put("column pages past", new ColumnPaginationFilter(2, 9));
        all.put("column pages from bb", new ColumnPaginationFilter(2, b("bb")));
        all.put("first key", new FirstKeyOnlyFilter());
        all.put("key only", new KeyOnlyFilter());
        all.put("key only with lengths", new KeyOnlyFilter(true));
        all.put("page", new PageFilter(3));
        all.put("page of all", new PageFilter(1000));
        all.put("stop with k11", new InclusiveStopFilter(b("k11")));
        all.put("times", new TimestampsFilter(List.of(1L, 3L)));
        all.put("times with hint", new TimestampsFilter(List.of(4L, 2L), true));
        all.put("no times", new TimestampsFilter(List.of()));
        all.put("first matching qualifiers", firstMatching("bb", "c2"));
        all.put("fuzzy",
            new FuzzyRowFilter(List.of(new Pair<>(b("k?5"), new byte[] {0, 1, 0}),
                new Pair<>(b("k?0"), new byte[] {0, 1, 0}))));
        all.put("fuzzy short", new FuzzyRowFilter(List.of(new Pair<>(b("k1"), new byte[] {0, 0}))));
        all.put("row ranges",
            new MultiRowRangeFilter(ranges(new RowRange(b("k02"), true, b("k04"), true),
                new RowRange(b("k10"), false, b("k13"), false),
                new RowRange(b("k20"), true, b(""), false))));
        all.put("row ranges that meet",
            new MultiRowRangeFilter(ranges(new RowRange(b("k08"), true, b("k11"), false),
                new RowRange(b("k10"), true, b("k12"), true))));
        all.put("row prefixes", new MultiRowRangeFilter(keys("k0", "k22")));
        all.put("no random rows", new RandomRowFilter(-1f));
        all.put("all random rows", new RandomRowFilter(2f));
        all.put("skip",
            new SkipFilter(
                new ValueFilter(CompareOperator.NOT_EQUAL, new BinaryComparator(b("x")))));
        all.put("skip families",
            new SkipFilter(new FamilyFilter(CompareOperator.EQUAL, new BinaryComparator(b("f")))));
        all.put("while rows",
            new WhileMatchFilter(
                new RowFilter(CompareOperator.NOT_EQUAL, new BinaryComparator(b("k07")))));
        all.put("while values",
            new WhileMatchFilter(
                new ValueFilter(CompareOperator.NOT_EQUAL, new BinaryComparator(b("TEXT4")))));
        all.put("while page", new WhileMatchFilter(new PageFilter(4)));
        all.put("dependent", new DependentColumnFilter(b("f"), b("a")));
        all.put("dependent and dropped", new DependentColumnFilter(b("f"), b("b"), true));
        all.put("dependent with value",
            new DependentColumnFilter(
                b("f"), b("a"), false, CompareOperator.EQUAL, new SubstringComparator("text3")));
        return all;
    }

    /** A list that the filter may sort in place. */
    private static List<RowRange> ranges(RowRange... ranges) {
        return new ArrayList<>(List.of(ranges));
    }

    @SuppressWarnings("deprecation")
    private static Filter firstMatching(String... qualifiers) {
        Set<byte[]> set = new TreeSet<>(Bytes.BYTES_COMPARATOR);
        set.addAll(List.of(keys(qualifiers)));
        return new FirstKeyValueMatchingQualifiersFilter(set);
    }

    /** The filters that compare, with every operator and comparator. */
    private static Map<String, Filter> compared() {
        Map<String, Filter> all = new LinkedHashMap<>();
        for (CompareOperator op : CompareOperator.values()) {
            all.put("row " + op, new RowFilter(op, new BinaryComparator(b("k11"))));
            all.put("family " + op, new FamilyFilter(op, new BinaryComparator(b("g"))));
            all.put("qualifier " + op, new QualifierFilter(op, new BinaryComparator(b("bb"))));
            all.put("value " + op, new ValueFilter(op, new BinaryComparator(b("TEXT3"))));
            if (op != CompareOperator.NO_OP)
                all.put("number " + op,
                    new SingleColumnValueFilter(b("f"), b("n"), op, new LongComparator(0)));
            all.put("column " + op, new ColumnValueFilter(b("f"), b("a"), op, b("TEXT2")));
        }
        Map<String, ByteArrayComparable> comparators = new LinkedHashMap<>();
        comparators.put("prefix", new BinaryPrefixComparator(b("TEXT")));
        comparators.put("component", new BinaryComponentComparator(b("T"), 3));
        comparators.put("substring", new SubstringComparator("ext1"));
        comparators.put("regex", new RegexStringComparator("T[12]$"));
        comparators.put("regex at the start", new RegexStringComparator("^TEXT(1|4)"));
        comparators.put("regex of any case",
            new RegexStringComparator("text[0-2]", Pattern.CASE_INSENSITIVE | Pattern.DOTALL));
        comparators.put("regex classes", new RegexStringComparator("\\p{Upper}{2,}\\d+"));
        comparators.put("null", new NullComparator());
        comparators.put("long", new LongComparator(7));
        for (Map.Entry<String, ByteArrayComparable> entry : comparators.entrySet())
            for (CompareOperator op : List.of(CompareOperator.EQUAL, CompareOperator.NOT_EQUAL)) {
                if (!Set.of("long", "component").contains(entry.getKey()))
                    all.put("value " + op + " " + entry.getKey(),
                        new ValueFilter(op, entry.getValue()));
                all.put("single " + op + " " + entry.getKey(),
                    new SingleColumnValueFilter(b("f"),
                        b(entry.getKey().equals("long") ? "n" : "a"), op, entry.getValue()));
            }
        for (BitComparator.BitwiseOp op : BitComparator.BitwiseOp.values())
            all.put("bits " + op,
                new SingleColumnValueFilter(b("g"), b("bits"), CompareOperator.EQUAL,
                    new BitComparator(new byte[] {4, (byte) 242}, op)));
        all.put("decimal",
            missing(new SingleColumnValueFilter(b("g"), b("dec"), CompareOperator.GREATER,
                        new BigDecimalComparator(new java.math.BigDecimal("10.12"))),
                true));
        all.put("single, missing rows dropped",
            missing(new SingleColumnValueFilter(b("f"), b("b"), CompareOperator.GREATER, b("b2")),
                true));
        all.put("single, missing rows kept",
            missing(new SingleColumnValueFilter(b("f"), b("b"), CompareOperator.GREATER, b("b2")),
                false));
        all.put("single, any version",
            anyVersion(
                new SingleColumnValueFilter(b("f"), b("a"), CompareOperator.EQUAL, b("text3"))));
        all.put("single, newest version",
            new SingleColumnValueFilter(b("f"), b("a"), CompareOperator.EQUAL, b("text3")));
        all.put("single and excluded",
            new SingleColumnValueExcludeFilter(b("f"), b("a"), CompareOperator.EQUAL, b("TEXT3")));
        all.put("single and excluded, missing rows dropped",
            missing(
                new SingleColumnValueExcludeFilter(b("g"), b("c2"), CompareOperator.EQUAL, b("x")),
                true));
        all.put(
            "row by substring", new RowFilter(CompareOperator.EQUAL, new SubstringComparator("1")));
        all.put("row by regex",
            new RowFilter(CompareOperator.EQUAL, new RegexStringComparator("k.[37]")));
        all.put("row by prefix",
            new RowFilter(CompareOperator.LESS, new BinaryPrefixComparator(b("k1"))));
        all.put("qualifier by regex",
            new QualifierFilter(CompareOperator.EQUAL, new RegexStringComparator("^(a|c\\d)$")));
        return all;
    }

    private static SingleColumnValueFilter missing(
        SingleColumnValueFilter filter, boolean dropped) {
        filter.setFilterIfMissing(dropped);
        return filter;
    }

    private static SingleColumnValueFilter anyVersion(SingleColumnValueFilter filter) {
        filter.setLatestVersionOnly(false);
        return filter;
    }

    private static Map<String, Filter> lists() {
        Map<String, Filter> all = new LinkedHashMap<>();
        Filter prefix = new PrefixFilter(b("k1"));
        Filter column = new ColumnPrefixFilter(b("b"));
        Filter value = new ValueFilter(CompareOperator.EQUAL, new SubstringComparator("3"));
        Filter times = new TimestampsFilter(List.of(2L, 4L));
        Filter page = new PageFilter(3);
        Filter row = new RowFilter(CompareOperator.GREATER, new BinaryComparator(b("k14")));
        Filter keys = new KeyOnlyFilter();
        Filter single =
            new SingleColumnValueFilter(b("f"), b("a"), CompareOperator.EQUAL, b("TEXT3"));
        Filter range = new ColumnRangeFilter(b("b"), true, b("c2"), true);
        Filter[][] members = {{}, {prefix}, {prefix, column}, {column, value}, {times, column},
            {page, value}, {value, page}, {row, page}, {keys, column}, {column, keys},
            {single, column}, {single, page}, {prefix, row}, {range, times},
            {new FirstKeyOnlyFilter(), value}, {range, column, keys, page},
            {new ColumnPaginationFilter(2, 0), times},
            {new WhileMatchFilter(
                 new RowFilter(CompareOperator.LESS, new BinaryComparator(b("k06")))),
                column},
            {new SkipFilter(value), prefix}, {new InclusiveStopFilter(b("k08")), value}};
        for (FilterList.Operator op : FilterList.Operator.values())
            for (int i = 0; i < members.length; i++)
                all.put(op + " " + i, new FilterList(op, members[i]));
        FilterList.Operator and = FilterList.Operator.MUST_PASS_ALL;
        FilterList.Operator or = FilterList.Operator.MUST_PASS_ONE;
        all.put("or of ands",
            new FilterList(
                or, new FilterList(and, prefix, column), new FilterList(and, row, value)));
        all.put("and of ors",
            new FilterList(
                and, new FilterList(or, prefix, column), new FilterList(or, row, value), page));
        all.put("deep",
            new FilterList(and,
                new FilterList(
                    or, new FilterList(and, prefix, new FilterList(or, column, times)), value),
                keys));
        return all;
    }

    private static void language(Session s) throws Throwable {
        Table t = filled(s, "filter_language", "k10");
        String[] texts = {"KeyOnlyFilter()", "KeyOnlyFilter(true)", "FirstKeyOnlyFilter()",
            "PrefixFilter('k1')", "ColumnPrefixFilter('b')", "MultipleColumnPrefixFilter('bb','c')",
            "PageFilter(4)", "ColumnPaginationFilter(2, 1)",
            "InclusiveStopFilter('k03')", "TimestampsFilter(1, 4)", "RowFilter(>, 'binary:k20')",
            "RowFilter(=, 'substring:2')", "FamilyFilter(=, 'binary:g')",
            "QualifierFilter(>=, 'binaryprefix:b')", "ValueFilter(=, 'regexstring:T[34]$')",
            "ValueFilter(=, 'regexstringnocase:text3')", "ValueFilter(!=, 'substring:text')",
            "ColumnRangeFilter('b', true, 'c1', false)",
            "SingleColumnValueFilter('f', 'a', =, 'binary:TEXT3')",
            "SingleColumnValueFilter('g', 'c2', =, 'binary:x', true, false)",
            "SingleColumnValueExcludeFilter('f', 'a', =, 'binary:TEXT3')",
            "DependentColumnFilter('f', 'b')", "DependentColumnFilter('f', 'b', true)",
            "DependentColumnFilter('f', 'a', false, =, 'binary:TEXT1')",
            "ColumnValueFilter('f', 'a', <, 'binary:TEXT2')",
            "PrefixFilter('k1') AND ColumnPrefixFilter('b')",
            "PrefixFilter('k1') OR ColumnPrefixFilter('c')",
            "(PrefixFilter('k0') OR PrefixFilter('k2')) AND (KeyOnlyFilter() AND PageFilter(9))",
            "PrefixFilter('k0') OR PrefixFilter('k2') AND ColumnPrefixFilter('n')",
            "SKIP ValueFilter(!=, 'binary:x')", "WHILE RowFilter(!=, 'binary:k07')",
            "SKIP ValueFilter(!=, 'binary:x') AND PageFilter(2)", "PrefixFilter ('k2')",
            "  PrefixFilter( 'k2' )  ", "PrefixFilter('k''2')", "RowFilter(=,'binary:k01')",
            "ValueFilter(=, 'binary:')"};
        for (String text : texts) {
            s.out.ask(text,
                () -> Session.results(
                        t, new Scan().setFilter(new ParseFilter().parseFilterString(text))));
            s.out.ask(text + " backwards",
                () -> Session.results(t,
                        new Scan().setReversed(true).setFilter(
                            new ParseFilter().parseFilterString(text))));
        }
        String[] wrong = {"", "Nothing", "NoFilter()", "PrefixFilter('a'", "PrefixFilter('a'))",
            "PrefixFilter()", "PageFilter('x')", "RowFilter(~, 'binary:a')", "RowFilter(=, 'a')",
            "RowFilter(=, 'nosuch:a')", "PrefixFilter('a') AND", "AND PrefixFilter('a')",
            "RowFilter(<, 'substring:a')", "PrefixFilter('a') XOR PrefixFilter('b')",
            "ColumnRangeFilter('a', maybe, 'b', true)"};
        for (String text : wrong)
            s.out.ask("wrong: " + text,
                () -> Session.results(
                        t, new Scan().setFilter(new ParseFilter().parseFilterString(text))));
    }

    /** Filters together with columns, ranges, limits, batches and cells a family. */
    private static void options(Session s) throws Throwable {
        Table t = filled(s, "filter_options", "k10");
        Filter single =
            new SingleColumnValueFilter(b("f"), b("a"), CompareOperator.EQUAL, b("TEXT3"));
        Filter value = new ValueFilter(CompareOperator.EQUAL, new SubstringComparator("text"));
        Filter column = new ColumnPrefixFilter(b("b"));
        s.askScan("tested column not read", t, new Scan().addFamily(b("g")).setFilter(single));
        s.askScan("tested column read too", t,
            new Scan().addFamily(b("g")).addColumn(b("f"), b("a")).setFilter(single));
        s.askScan("families on demand", t,
            new Scan().setLoadColumnFamiliesOnDemand(true).setFilter(single));
        s.askScan("families at once", t,
            new Scan().setLoadColumnFamiliesOnDemand(false).setFilter(single));
        s.askScan("on demand, missing dropped", t,
            new Scan().setLoadColumnFamiliesOnDemand(true).setFilter(
                missing(new SingleColumnValueFilter(b("g"), b("c2"), CompareOperator.EQUAL, b("x")),
                    true)));
        s.askScan("on demand with limit", t,
            new Scan().setLoadColumnFamiliesOnDemand(true).setLimit(2).setFilter(single));
        s.askScan("batch", t, new Scan().setBatch(2).setFilter(value));
        s.askScan("limit", t, new Scan().setLimit(3).setFilter(column));
        s.askScan("limit and range", t,
            new Scan().setLimit(3).withStartRow(b("k05")).withStopRow(b("k21")).setFilter(column));
        s.askScan("one version chosen", t, new Scan().setFilter(new TimestampsFilter(List.of(1L))));
        s.askScan("versions", t, new Scan().readVersions(3).setFilter(value));
        s.askScan("time range", t, new Scan().setTimeRange(0, 2).setFilter(value));
        s.askScan(
            "cells a family", t, new Scan().setMaxResultsPerColumnFamily(1).setFilter(column));
        s.askScan("cells a family, later", t,
            new Scan().setMaxResultsPerColumnFamily(1).setRowOffsetPerColumnFamily(1).setFilter(
                column));
        s.askScan("columns", t,
            new Scan()
                .addColumn(b("f"), b("bb"))
                .addColumn(b("g"), b("c1"))
                .setFilter(new KeyOnlyFilter()));
        s.askScan("small results", t, new Scan().setMaxResultSize(1).setFilter(single));
        s.out.ask("pieces",
            () -> Session.rows(t,
                    new Scan().setMaxResultSize(1).setAllowPartialResults(true).setFilter(value)));
        s.askScan("raw", t,
            new Scan().setRaw(true).readAllVersions().setFilter(new TimestampsFilter(List.of(2L))));
        s.askScan("nothing passes", t,
            new Scan().setFilter(
                new ValueFilter(CompareOperator.EQUAL, new BinaryComparator(b("nowhere")))));
        s.askScan("nothing passes backwards", t,
            new Scan().setReversed(true).setFilter(
                new ValueFilter(CompareOperator.EQUAL, new BinaryComparator(b("nowhere")))));
    }

    private static void gets(Session s) throws Throwable {
        Table t = filled(s, "filter_get");
        Map<String, Filter> all = new LinkedHashMap<>(single());
        all.put("column count", new ColumnCountGetFilter(3));
        all.putAll(lists());
        for (Map.Entry<String, Filter> entry : all.entrySet())
            for (String row : List.of("k06", "k13"))
                s.out.ask(entry.getKey() + " on " + row,
                    () -> t.get(new Get(b(row)).readVersions(2).setFilter(entry.getValue())));
        List<Get> gets = new ArrayList<>();
        for (int i = 0; i < ROWS; i++)
            gets.add(new Get(b(String.format("k%02d", i)))
                         .setFilter(new ColumnPaginationFilter(1, i % 4)));
        s.out.ask("list of gets", () -> t.get(gets));
        s.out.ask("existence",
            () -> t.exists(List.of(new Get(b("k01")).setFilter(new ColumnPrefixFilter(b("b"))),
                    new Get(b("k02")).setFilter(new ColumnPrefixFilter(b("b"))))));
    }

    /** Patterns are of text: what each charset makes of bytes that are none, cut and malformed ones among them. */
    private static void charsets(Session s) throws Throwable {
        int[] bytes = {'a', 'x', '\n', 0, 0x80, 0x84, 0x9f, 0xa0, 0xbf, 0xc0, 0xc3, 0xe0, 0xe2, 0xe9, 0xed, 0xf0, 0xf4, 0xf8, 0xff};
        Table t = s.create(schema("filter_charsets", family("f", 1)));
        Random random = new Random(7);
        List<Put> puts = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            byte[] value = new byte[random.nextInt(7)];
            for (int at = 0; at < value.length; at++)
                value[at] = (byte) bytes[random.nextInt(bytes.length)];
            puts.add(new Put(b(String.format("k%03d", i))).addColumn(b("f"), b("v"), 1, value));
        }
        t.put(puts);
        List<String> patterns = new ArrayList<>(List.of("a.a", "(?s)a.x", "\u00e9", "\ufffd", "[\u0080-\u00ff]$", "\\W{3}", "(?s)^.{2}\\Qa\\E"));
        for (int n = 0; n < 7; n++)
            patterns.add("(?s)^.{" + n + "}$");
        for (Charset charset : List.of(StandardCharsets.UTF_8, StandardCharsets.ISO_8859_1, StandardCharsets.US_ASCII))
            for (String pattern : patterns) {
                RegexStringComparator comparator = new RegexStringComparator(pattern);
                comparator.setCharset(charset);
                s.askScan(charset + " " + pattern, t, new Scan().setFilter(new ValueFilter(CompareOperator.EQUAL, comparator)));
            }
    }

    private static void refused(Session s) throws Throwable {
        Table t = filled(s, "filter_refused");
        s.askScan("a bad pattern", t,
            new Scan().setFilter(
                new RowFilter(CompareOperator.EQUAL, new SubstringComparator(""))));
        s.out.ask("a bad regex", () -> new RegexStringComparator("("));
        s.askScan("a class the server has not", t, new Scan().setFilter(new StrangeFilter()));
        s.out.ask("get with it", () -> t.get(new Get(b("k01")).setFilter(new StrangeFilter())));
        s.out.ask("negative page", () -> new PageFilter(-1));
        s.out.ask("negative count", () -> new ColumnCountGetFilter(-1));
        s.out.ask("negative time", () -> new TimestampsFilter(List.of(-1L)));
        s.out.ask("no row ranges", () -> new MultiRowRangeFilter(List.<RowRange>of()));
    }

    /** A filter that lives in this program only. */
    public static final class StrangeFilter extends org.apache.hadoop.hbase.filter.FilterBase {
        @Override
        public ReturnCode filterCell(org.apache.hadoop.hbase.Cell cell) {
            return ReturnCode.INCLUDE;
        }

        @Override
        public byte[] toByteArray() {
            return new byte[0];
        }
    }
}
