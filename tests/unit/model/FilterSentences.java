/* Makes filter_sentences.txt: what HBase 2.6.4's own ParseFilter makes of texts right and wrong. The text is made once
 * and kept, so that the unit test needs no JVM:
 *
 *   java -cp $(../../interop/classpath.sh client-2.6.4) FilterSentences.java 1500 >filter_sentences.txt 2>/dev/null
 *
 * Lines: "TEXT <tab> = TREE" or "TEXT <tab> ! SENTENCE"; a tree is a filter's name, ALL(...) or ONE(...) for lists,
 * SKIP(...), WHILE(...). Texts hold no tab and no line end, but "\t" for a tab. */
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;
import org.apache.hadoop.hbase.filter.Filter;
import org.apache.hadoop.hbase.filter.FilterList;
import org.apache.hadoop.hbase.filter.ParseFilter;
import org.apache.hadoop.hbase.filter.SkipFilter;
import org.apache.hadoop.hbase.filter.WhileMatchFilter;

public class FilterSentences {
    static final String[] ALONE = {"", " ", "PrefixFilter", "PrefixFilter(", "abc)", "a b)", "'x'('a')", "NoSuchFilter()",
        "AND", "OR ", "SKIP ", "WHILE ", "SKIP", "(", ")", "()", ")(", "PrefixFilter(a)", "PrefixFilter()", "PrefixFilter('')",
        "PrefixFilter('a','b')", "PrefixFilter('a' 'b')", "PrefixFilter('a'x'b')", "PrefixFilter('it''s')", "PrefixFilter('''')",
        "PrefixFilter('a", "PrefixFilter('a)", "PrefixFilter ('a')", "prefixfilter('a')", "PageFilter(x)", "PageFilter('5')",
        "PageFilter(-)", "PageFilter(-1)", "PageFilter(007)", "PageFilter(9223372036854775807)", "PageFilter(9223372036854775808)",
        "PageFilter(99999999999999999999)", "PageFilter(5.0)", "ColumnCountGetFilter(2147483647)", "ColumnCountGetFilter(2147483648)",
        "ColumnPaginationFilter(1)", "ColumnPaginationFilter(1, 2)", "ColumnPaginationFilter(1, -2)", "ColumnPaginationFilter(1, 2, 3)",
        "KeyOnlyFilter()", "KeyOnlyFilter(true)", "KeyOnlyFilter(TrUe)", "KeyOnlyFilter(1)", "KeyOnlyFilter(true, true)",
        "FirstKeyOnlyFilter()", "FirstKeyOnlyFilter(1)", "TimestampsFilter()", "TimestampsFilter(3, 1)", "TimestampsFilter(-3)",
        "TimestampsFilter('3')", "MultipleColumnPrefixFilter()", "MultipleColumnPrefixFilter('b', 'a')", "MultipleColumnPrefixFilter(b)",
        "InclusiveStopFilter('a')", "InclusiveStopFilter()", "ColumnPrefixFilter('a')", "ColumnRangeFilter('a', true, 'b', false)",
        "ColumnRangeFilter('a', maybe, 'b', false)", "ColumnRangeFilter('a', true, 'b')", "ColumnRangeFilter(a, true, 'b', false)",
        "RowFilter(=, 'binary:a')", "RowFilter(==, 'binary:a')", "RowFilter(=, 'binary')", "RowFilter(=, binary:a)", "RowFilter('=', 'binary:a')",
        "RowFilter(=, 'BINARY:a')", "RowFilter(=, ':a')", "RowFilter(=, 'binary:')", "RowFilter(<, 'substring:a')", "RowFilter(!=, 'substring:a')",
        "RowFilter(>=, 'regexstring:a')", "RowFilter(=, 'regexstringnocase:a')", "RowFilter(>, 'regexstringnocase:a')", "RowFilter(=, 'long:1')", "RowFilter(=)",
        "RowFilter(=, 'binary:a', 'x')", "RowFilter('binary:a', =)", "FamilyFilter(<=, 'binaryprefix:a')", "QualifierFilter(>, 'binary:a')",
        "ValueFilter(!=, 'binary:a')", "SingleColumnValueFilter('f', 'q', =, 'binary:a')", "SingleColumnValueFilter('f', 'q', =, 'binary:a', true)",
        "SingleColumnValueFilter('f', 'q', =, 'binary:a', true, false)", "SingleColumnValueFilter('f', 'q', =, 'binary:a', true, 0)",
        "SingleColumnValueFilter('f', 'q', <, 'substring:a')", "SingleColumnValueFilter(f, 'q', =, 'binary:a')",
        "SingleColumnValueExcludeFilter('f', 'q', =, 'binary:a')", "ColumnValueFilter('f', 'q', =, 'binary:a')", "ColumnValueFilter('f', 'q', <, 'regexstring:a')",
        "ColumnValueFilter('f', 'q', =)", "DependentColumnFilter('f', 'q')", "DependentColumnFilter('f', 'q', true)",
        "DependentColumnFilter('f', 'q', true, =, 'binary:a')", "DependentColumnFilter('f', 'q', true, <, 'substring:a')", "DependentColumnFilter('f')",
        "DependentColumnFilter('f', 'q', true, =)", "FuzzyRowFilter('a')", "RandomRowFilter(0.5)", "PrefixFilter('a')\tAND PrefixFilter('b')",
        "PrefixFilter('a') \t AND \t PrefixFilter('b')", "PrefixFilter('a') or PrefixFilter('b')", "PrefixFilter('a')OR(PrefixFilter('b'))"};
    static final String[] WORDS = {"(", ")", " AND ", " OR ", "SKIP ", " WHILE ", " ", "PrefixFilter('a')", "PrefixFilter('a')", "KeyOnlyFilter()",
        "PageFilter(3)", "RowFilter(=, 'binary:x')", "'", ",", "''", "PageFilter(", "ANDROID()", "AND(", "OR(", "x", ")AND ", "(SKIP("};

    static String shown(Filter filter) {
        if (filter instanceof FilterList) {
            FilterList list = (FilterList) filter;
            StringJoiner members = new StringJoiner(",", list.getOperator() == FilterList.Operator.MUST_PASS_ALL ? "ALL(" : "ONE(", ")");
            for (Filter member : list.getFilters())
                members.add(shown(member));
            return members.toString();
        }
        if (filter instanceof SkipFilter)
            return "SKIP(" + shown(((SkipFilter) filter).getFilter()) + ")";
        if (filter instanceof WhileMatchFilter)
            return "WHILE(" + shown(((WhileMatchFilter) filter).getFilter()) + ")";
        return filter.getClass().getSimpleName();
    }

    /* A text in order, of words that may then be lost, doubled or come from elsewhere. */
    static void expression(Random dice, int depth, List<String> words) {
        switch (dice.nextInt(depth > 0 ? 6 : 2)) {
        case 2:
            words.add("SKIP ");
            expression(dice, depth - 1, words);
            break;
        case 3:
            words.add("(");
            expression(dice, depth - 1, words);
            words.add(")");
            break;
        case 4:
        case 5:
            for (int members = 2 + dice.nextInt(2); members > 0; members--) {
                expression(dice, depth - 1, words);
                if (members > 1)
                    words.add(dice.nextBoolean() ? " AND " : " OR ");
            }
            break;
        default:
            words.add(dice.nextInt(4) == 0 ? "RowFilter(=, 'binary:x')" : "PrefixFilter('a')");
        }
    }

    static String text(Random dice) {
        List<String> words = new ArrayList<>();
        if (dice.nextInt(3) == 0) {
            for (int count = 1 + dice.nextInt(9); count > 0; count--)
                words.add(WORDS[dice.nextInt(WORDS.length)]);
            return String.join("", words);
        }
        expression(dice, 3, words);
        for (int changes = dice.nextInt(3); changes > 0 && !words.isEmpty(); changes--) {
            int at = dice.nextInt(words.size());
            if (dice.nextBoolean())
                words.remove(at);
            else
                words.add(at, WORDS[dice.nextInt(WORDS.length)]);
        }
        return String.join("", words);
    }

    static void ask(String text) throws Exception {
        String answer;
        try {
            answer = "= " + shown(new ParseFilter().parseFilterString(text));
        } catch (IllegalArgumentException e) {
            answer = "! " + e.getMessage();
        } catch (RuntimeException e) {
            return; // an accident of its code, no answer
        }
        System.out.println(text.replace("\t", "\\t") + "\t" + answer.replace("\t", "\\t"));
    }

    public static void main(String[] arguments) throws Exception {
        Random dice = new Random(20261123);
        for (String text : ALONE)
            ask(text);
        for (int i = Integer.parseInt(arguments[0]); i > 0; i--)
            ask(text(dice));
    }
}
