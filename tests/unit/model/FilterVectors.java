/* Makes filter_vectors.txt: what HBase 2.6.4's own filter classes answer for random filters over random rows.
 * The text is made once and kept, so that the unit test needs no JVM:
 *
 *   java -cp $(../../interop/classpath.sh client-2.6.4) FilterVectors.java 900 >filter_vectors.txt
 *
 * Lines:  "d" starts a data set of cells, numbered from 0;  "c ROW FAMILY QUALIFIER TIMESTAMP VALUE" is a cell
 * ("-" is empty);  "f FORWARD|REVERSED FILTER" is a filter in HBase's language;  "o N N N:VALUE ..." are the
 * cells a scan with it gives, the value told where the filter changed it. */
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.hbase.Cell;
import org.apache.hadoop.hbase.CellComparator;
import org.apache.hadoop.hbase.CellUtil;
import org.apache.hadoop.hbase.KeyValue;
import org.apache.hadoop.hbase.filter.Filter;
import org.apache.hadoop.hbase.filter.ParseFilter;
import org.apache.hadoop.hbase.util.Bytes;

public class FilterVectors {
    static final Random dice = new Random(20261123);
    static final String[] ROWS = {"a1", "a2", "ab", "b", "b1", "c", "cc"};
    static final String[] QUALIFIERS = {"", "a", "ab", "b", "ba", "c"};
    static final String[] VALUES = {"1", "2", "22", "x", "xyz", "X"};
    static final String[] FAMILIES = {"f", "g"};
    static final String[] OPS = {"=", "!=", "<", "<=", ">", ">="};

    static String any(String[] of) {
        return of[dice.nextInt(of.length)];
    }

    static String quoted(String[] of) {
        String word = any(of); /* the language cannot say the empty string */
        return "'" + (word.isEmpty() ? "aa" : word) + "'";
    }

    static String compare(String[] of) {
        switch (dice.nextInt(6)) {
        case 0:
            return any(new String[] {"=", "!="}) + ", 'substring:" + any(of) + "'";
        case 1:
            return any(new String[] {"=", "!="}) + ", 'regexstring:^" + any(of) + ".?$'";
        case 2:
            return any(OPS) + ", 'binaryprefix:" + any(of) + "'";
        default:
            return any(OPS) + ", 'binary:" + any(of) + "'";
        }
    }

    static String column() {
        return quoted(FAMILIES) + ", " + quoted(QUALIFIERS);
    }

    static String leaf() {
        switch (dice.nextInt(22)) {
        case 0:
            return "KeyOnlyFilter(" + any(new String[] {"", "true", "false"}) + ")";
        case 1:
            return "FirstKeyOnlyFilter()";
        case 2:
            return "PrefixFilter('" + any(new String[] {"a", "b", "c", "b1"}) + "')";
        case 3:
        case 4:
            return "ColumnPrefixFilter(" + quoted(QUALIFIERS) + ")";
        case 5:
            return "MultipleColumnPrefixFilter('b', " + any(new String[] {"'a'", "'ab'", "'c', 'ba'"}) + ")";
        case 6:
            return "ColumnCountGetFilter(" + (1 + dice.nextInt(4)) + ")";
        case 7:
            return "PageFilter(" + (1 + dice.nextInt(4)) + ")";
        case 8:
        case 9:
            return "ColumnPaginationFilter(" + dice.nextInt(4) + ", " + dice.nextInt(4) + ")";
        case 10:
            return "InclusiveStopFilter(" + quoted(ROWS) + ")";
        case 11:
            return "TimestampsFilter(" + (1 + dice.nextInt(4)) + ", " + (1 + dice.nextInt(4)) + ")";
        case 12:
            return "RowFilter(" + compare(ROWS) + ")";
        case 13:
            return "FamilyFilter(" + compare(FAMILIES) + ")";
        case 14:
            return "QualifierFilter(" + compare(QUALIFIERS) + ")";
        case 15:
            return "ValueFilter(" + compare(VALUES) + ")";
        case 16:
        case 17:
            return "ColumnRangeFilter(" + quoted(QUALIFIERS) + ", " + dice.nextBoolean() + ", " + quoted(QUALIFIERS) + ", "
                + dice.nextBoolean() + ")";
        case 18:
            return "SingleColumnValueFilter(" + column() + ", " + compare(VALUES)
                + (dice.nextBoolean() ? "" : ", " + dice.nextBoolean() + ", " + dice.nextBoolean()) + ")";
        case 19:
            return "SingleColumnValueExcludeFilter(" + column() + ", " + compare(VALUES) + ")";
        case 20:
            return "DependentColumnFilter(" + column()
                + (dice.nextBoolean() ? "" : ", " + dice.nextBoolean() + (dice.nextBoolean() ? "" : ", " + compare(VALUES))) + ")";
        default:
            return "ColumnValueFilter(" + column() + ", " + compare(VALUES) + ")";
        }
    }

    static String tree(int depth) {
        int kind = depth == 0 ? 0 : dice.nextInt(10);
        if (kind == 8)
            return "(SKIP " + leaf() + ")";
        if (kind == 9)
            return "(WHILE " + leaf() + ")";
        if (kind < 3)
            return leaf();
        StringBuilder text = new StringBuilder("(").append(tree(depth - 1));
        String word = kind % 2 == 0 ? " AND " : " OR ";
        for (int i = 1 + dice.nextInt(2); i > 0; i--)
            text.append(word).append(tree(depth - 1));
        return text.append(")").toString();
    }

    static List<Cell> data() {
        List<Cell> cells = new ArrayList<>();
        for (int i = 12 + dice.nextInt(24); i > 0; i--) {
            Cell cell = new KeyValue(Bytes.toBytes(any(ROWS)), Bytes.toBytes(any(FAMILIES)), Bytes.toBytes(any(QUALIFIERS)),
                1 + dice.nextInt(4), Bytes.toBytes(any(VALUES)));
            if (cells.stream().noneMatch(other -> CellComparator.getInstance().compare(cell, other) == 0))
                cells.add(cell);
        }
        cells.sort(CellComparator.getInstance());
        return cells;
    }

    static String word(byte[] bytes) {
        return bytes.length == 0 ? "-" : Bytes.toStringBinary(bytes);
    }

    /* One family of one row; false when the filter ends the scan. */
    static boolean family(Filter filter, List<Cell> cells, List<Cell> out) throws Exception {
        int at = 0;
        while (at < cells.size()) {
            Cell cell = cells.get(at);
            if (filter.filterAllRemaining())
                return false;
            Filter.ReturnCode code = filter.filterCell(cell);
            switch (code) {
            case INCLUDE:
            case INCLUDE_AND_NEXT_COL:
            case INCLUDE_AND_SEEK_NEXT_ROW:
                out.add(filter.transformCell(cell));
                break;
            default:
                break;
            }
            at++;
            switch (code) {
            case INCLUDE_AND_NEXT_COL:
            case NEXT_COL:
                while (at < cells.size() && CellUtil.matchingColumn(cells.get(at), cell))
                    at++;
                break;
            case INCLUDE_AND_SEEK_NEXT_ROW:
            case NEXT_ROW:
                return true;
            case SEEK_NEXT_USING_HINT:
                Cell hint = filter.getNextCellHint(cell);
                if (hint == null)
                    break;
                if (!CellUtil.matchingRows(hint, cell))
                    return true;
                while (at < cells.size() && CellComparator.getInstance().compare(cells.get(at), hint) < 0)
                    at++;
                break;
            default:
                break;
            }
        }
        return true;
    }

    static List<Cell> scan(Filter filter, List<Cell> data, boolean isReversed) throws Exception {
        List<String> rows = new ArrayList<>(List.of(ROWS));
        if (isReversed)
            java.util.Collections.reverse(rows);
        List<Cell> out = new ArrayList<>();
        filter.setReversed(isReversed);
        for (String name : rows) {
            List<Cell> row = new ArrayList<>(), result = new ArrayList<>();
            for (Cell cell : data)
                if (Bytes.equals(CellUtil.cloneRow(cell), Bytes.toBytes(name)))
                    row.add(cell);
            if (row.isEmpty())
                continue;
            if (filter.filterAllRemaining())
                break;
            boolean goesOn = true;
            if (!filter.filterRowKey(row.get(0))) {
                for (String family : FAMILIES) {
                    List<Cell> cells = new ArrayList<>();
                    for (Cell cell : row)
                        if (CellUtil.matchingFamily(cell, Bytes.toBytes(family)))
                            cells.add(cell);
                    goesOn = goesOn && family(filter, cells, result);
                }
                if (!result.isEmpty() && filter.hasFilterRow())
                    filter.filterRowCells(result);
                if (!result.isEmpty() && !filter.filterRow())
                    out.addAll(result);
            }
            filter.reset();
        }
        return out;
    }

    public static void main(String[] arguments) throws Exception {
        List<Cell> data = null;
        for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
            if (i % 15 == 0) {
                data = data();
                System.out.println("d");
                for (Cell cell : data)
                    System.out.println("c " + word(CellUtil.cloneRow(cell)) + " " + word(CellUtil.cloneFamily(cell)) + " "
                        + word(CellUtil.cloneQualifier(cell)) + " " + cell.getTimestamp() + " " + word(CellUtil.cloneValue(cell)));
            }
            String text = tree(2);
            boolean isReversed = dice.nextInt(4) == 0;
            StringBuilder answer = new StringBuilder("o");
            for (Cell cell : scan(new ParseFilter().parseFilterString(text), data, isReversed)) {
                int index = 0;
                while (CellComparator.getInstance().compare(data.get(index), cell) != 0)
                    index++;
                answer.append(" ").append(index);
                if (!Bytes.equals(CellUtil.cloneValue(cell), CellUtil.cloneValue(data.get(index))))
                    answer.append(":").append(word(CellUtil.cloneValue(cell)));
            }
            System.out.println("f " + (isReversed ? "REVERSED " : "FORWARD ") + text);
            System.out.println(answer);
        }
    }
}
