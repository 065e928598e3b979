package stele.interop;

import static stele.interop.Session.b;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.hbase.CompareOperator;
import org.apache.hadoop.hbase.filter.BinaryComparator;
import org.apache.hadoop.hbase.filter.BinaryPrefixComparator;
import org.apache.hadoop.hbase.filter.ByteArrayComparable;
import org.apache.hadoop.hbase.filter.ColumnPaginationFilter;
import org.apache.hadoop.hbase.filter.ColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.ColumnRangeFilter;
import org.apache.hadoop.hbase.filter.ColumnValueFilter;
import org.apache.hadoop.hbase.filter.FamilyFilter;
import org.apache.hadoop.hbase.filter.Filter;
import org.apache.hadoop.hbase.filter.FilterList;
import org.apache.hadoop.hbase.filter.FirstKeyOnlyFilter;
import org.apache.hadoop.hbase.filter.InclusiveStopFilter;
import org.apache.hadoop.hbase.filter.KeyOnlyFilter;
import org.apache.hadoop.hbase.filter.MultipleColumnPrefixFilter;
import org.apache.hadoop.hbase.filter.PageFilter;
import org.apache.hadoop.hbase.filter.PrefixFilter;
import org.apache.hadoop.hbase.filter.QualifierFilter;
import org.apache.hadoop.hbase.filter.RegexStringComparator;
import org.apache.hadoop.hbase.filter.RowFilter;
import org.apache.hadoop.hbase.filter.SingleColumnValueExcludeFilter;
import org.apache.hadoop.hbase.filter.SingleColumnValueFilter;
import org.apache.hadoop.hbase.filter.SkipFilter;
import org.apache.hadoop.hbase.filter.SubstringComparator;
import org.apache.hadoop.hbase.filter.TimestampsFilter;
import org.apache.hadoop.hbase.filter.ValueFilter;
import org.apache.hadoop.hbase.filter.WhileMatchFilter;

/** Filters chosen by dice, with the words that say which. */
final class RandomFilters {
    private static final CompareOperator[] OPERATORS = {CompareOperator.LESS,
        CompareOperator.LESS_OR_EQUAL, CompareOperator.EQUAL, CompareOperator.NOT_EQUAL,
        CompareOperator.GREATER_OR_EQUAL, CompareOperator.GREATER};

    private final Dice dice;
    private final List<String> families;
    private StringBuilder words;

    RandomFilters(Dice dice, List<String> families) {
        this.dice = dice;
        this.families = families;
    }

    /** A filter of at most `depth` lists within one another; its words are appended. */
    Filter any(int depth, StringBuilder out) {
        words = out;
        return filter(depth);
    }

    private Filter filter(int depth) {
        if (depth > 0 && dice.chance(35))
            return list(depth - 1);
        switch (dice.below(18)) {
        case 0: return said("Prefix", new PrefixFilter(word(dice.row(), 1)));
        case 1:
            return said("Row", new RowFilter(operator(), new BinaryComparator(word(dice.row()))));
        case 2:
            return said("Family",
                new FamilyFilter(operator(), new BinaryComparator(word(b(dice.one(families))))));
        case 3:
            return said("Qualifier",
                new QualifierFilter(operator(), new BinaryComparator(word(dice.qualifier()))));
        case 4:
            return said("Value",
                new ValueFilter(
                    operator(), new BinaryPrefixComparator(word(b(dice.one("a", "x", "z"))))));
        case 5: return said("Value", matching());
        case 6:
            return said("ColumnPrefix", new ColumnPrefixFilter(word(b(dice.one("a", "b", "c")))));
        case 7:
            return said("Columns",
                new MultipleColumnPrefixFilter(
                    new byte[][] {word(b("ab")), word(b(dice.one("b", "c")))}));
        case 8: return range();
        case 9: return said("First", new FirstKeyOnlyFilter());
        case 10: return said("Keys", new KeyOnlyFilter(dice.chance(50)));
        case 11:
            return said("Times",
                new TimestampsFilter(
                    List.of(number(dice.time()), number(dice.time()), number(dice.time()))));
        case 12: return said("Stop", new InclusiveStopFilter(word(dice.row())));
        case 13: return single(false);
        case 14: return single(true);
        case 15:
            return said("Pages",
                new ColumnPaginationFilter(
                    (int) number(1 + dice.below(3)), (int) number(dice.below(3))));
        case 16:
            return said("ColumnValue",
                new ColumnValueFilter(word(b(dice.one(families))), word(dice.qualifier()),
                    operator(), word(dice.value())));
        default: return said("Page", new PageFilter(number(1 + dice.below(6))));
        }
    }

    /**
     * Of lists only those whose answer does not hang on how a server steps over cells: no row or
     * page counting below an OR.
     */
    private Filter list(int depth) {
        FilterList.Operator operator = dice.one(FilterList.Operator.values());
        words.append(operator == FilterList.Operator.MUST_PASS_ALL ? " all(" : " any(");
        List<Filter> members = new ArrayList<>();
        for (int n = 1 + dice.below(3); n > 0; n--)
            members.add(filter(depth));
        words.append(" )");
        if (dice.chance(10)) {
            words.append(" skipped");
            return new SkipFilter(new FilterList(operator, members));
        }
        if (dice.chance(10)) {
            words.append(" while");
            return new WhileMatchFilter(new FilterList(operator, members));
        }
        return new FilterList(operator, members);
    }

    private Filter matching() {
        CompareOperator operator = dice.one(CompareOperator.EQUAL, CompareOperator.NOT_EQUAL);
        String pattern = dice.one("^a.", "b[0-4]$", "AB", "[xz]+\\d", "1|2");
        ByteArrayComparable comparator = dice.chance(50)
            ? new RegexStringComparator(pattern)
            : new SubstringComparator(pattern.substring(1));
        words.append(' ')
            .append(comparator.getClass().getSimpleName())
            .append(' ')
            .append(operator)
            .append(' ')
            .append(pattern);
        return new ValueFilter(operator, comparator);
    }

    private Filter range() {
        byte[] low = word(dice.qualifier());
        byte[] high = word(dice.qualifier());
        return said("Columns between",
            new ColumnRangeFilter(
                low, dice.chance(50), dice.chance(20) ? null : high, dice.chance(50)));
    }

    private Filter single(boolean exclude) {
        byte[] family = word(b(dice.one(families)));
        byte[] qualifier = word(dice.qualifier());
        CompareOperator operator = operator();
        byte[] value = word(dice.value());
        SingleColumnValueFilter filter = exclude
            ? new SingleColumnValueExcludeFilter(family, qualifier, operator, value)
            : new SingleColumnValueFilter(family, qualifier, operator, value);
        filter.setFilterIfMissing(dice.chance(50));
        filter.setLatestVersionOnly(dice.chance(70));
        return said(exclude ? "Excluded" : "Single", filter);
    }

    private Filter said(String name, Filter filter) {
        words.append(' ').append(name);
        return filter;
    }

    private CompareOperator operator() {
        CompareOperator operator = dice.one(OPERATORS);
        words.append(' ').append(operator);
        return operator;
    }

    private byte[] word(byte[] bytes) {
        words.append(' ').append('\'').append(Words.bytes(bytes)).append('\'');
        return bytes;
    }

    private byte[] word(byte[] bytes, int length) {
        return word(java.util.Arrays.copyOf(bytes, length));
    }

    private long number(long n) {
        words.append(' ').append(n);
        return n;
    }
}
