package stele.interop;

import static stele.interop.Session.b;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.hbase.CompareOperator;
import org.apache.hadoop.hbase.client.Append;
import org.apache.hadoop.hbase.client.CheckAndMutate;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Increment;
import org.apache.hadoop.hbase.client.Mutation;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.RowMutations;

/**
 * Writes chosen by dice, with the words that say what they do. Puts and deletes carry timestamps;
 * increments and appends, which take the server's clock, go to rows of their own (`#0`, `#1` ...),
 * which no delete touches: two events in one millisecond would have no order.
 */
final class RandomWrites {
    private static final int COUNTER_ROWS = 4;

    private final Dice dice;
    private final List<String> families;

    RandomWrites(Dice dice, List<String> families) {
        this.dice = dice;
        this.families = families;
    }

    Put put(byte[] row, StringBuilder words) {
        Put put = new Put(row);
        words.append(" put ").append(Words.bytes(row));
        for (int n = 1 + dice.below(4); n > 0; n--) {
            byte[] family = b(dice.one(families));
            byte[] qualifier = dice.qualifier();
            long time = dice.time();
            byte[] value = dice.value();
            words.append(' ')
                .append(column(family, qualifier, time))
                .append('=')
                .append(Words.bytes(value));
            put.addColumn(family, qualifier, time, value);
        }
        return put;
    }

    Delete delete(byte[] row, StringBuilder words) {
        long time = dice.time();
        words.append(" delete ").append(Words.bytes(row));
        if (dice.chance(15)) {
            words.append(" row to ").append(time);
            return new Delete(row, time);
        }
        Delete delete = new Delete(row);
        for (int n = 1 + dice.below(2); n > 0; n--) {
            byte[] family = b(dice.one(families));
            byte[] qualifier = dice.qualifier();
            long at = dice.time();
            switch (dice.below(10)) {
            case 0:
                words.append(" family ").append(Words.bytes(family)).append(" to ").append(at);
                delete.addFamily(family, at);
                break;
            case 1:
                words.append(" family ").append(Words.bytes(family)).append(" at ").append(at);
                delete.addFamilyVersion(family, at);
                break;
            case 2:
            case 3:
            case 4:
                words.append(" column ").append(column(family, qualifier, at));
                delete.addColumns(family, qualifier, at);
                break;
            default:
                words.append(" version ").append(column(family, qualifier, at));
                delete.addColumn(family, qualifier, at);
                break;
            }
        }
        return delete;
    }

    Mutation mutation(byte[] row, StringBuilder words) {
        return dice.chance(70) ? put(row, words) : delete(row, words);
    }

    RowMutations mutations(byte[] row, StringBuilder words) throws Exception {
        List<Mutation> list = new ArrayList<>();
        for (int n = 1 + dice.below(3); n > 0; n--)
            list.add(mutation(row, words));
        return RowMutations.of(list);
    }

    CheckAndMutate check(byte[] row, StringBuilder words) throws Exception {
        byte[] family = b(dice.one(families));
        byte[] qualifier = dice.qualifier();
        CheckAndMutate.Builder builder = CheckAndMutate.newBuilder(row);
        words.append(" if ").append(column(family, qualifier, 0));
        if (dice.chance(30)) {
            words.append(" is absent");
            builder.ifNotExists(family, qualifier);
        } else {
            CompareOperator operator = dice.one(CompareOperator.EQUAL, CompareOperator.NOT_EQUAL,
                CompareOperator.LESS, CompareOperator.GREATER_OR_EQUAL);
            byte[] value = dice.value();
            words.append(' ').append(operator).append(' ').append(Words.bytes(value));
            builder.ifMatches(family, qualifier, operator, value);
        }
        switch (dice.below(3)) {
        case 0: return builder.build(put(row, words));
        case 1: return builder.build(delete(row, words));
        default: return builder.build(mutations(row, words));
        }
    }

    byte[] counterRow() {
        return b("#" + dice.below(COUNTER_ROWS));
    }

    Increment increment(byte[] row, StringBuilder words) {
        Increment increment = new Increment(row);
        words.append(" increment ").append(Words.bytes(row));
        for (int n = 1 + dice.below(2); n > 0; n--) {
            long amount = dice.below(200) - 100;
            String qualifier = "n" + dice.below(3);
            String family = dice.one(families);
            words.append(' ').append(family).append(':').append(qualifier).append('+').append(
                amount);
            increment.addColumn(b(family), b(qualifier), amount);
        }
        return increment;
    }

    Append append(byte[] row, StringBuilder words) {
        Append append = new Append(row);
        String qualifier = "t" + dice.below(3);
        String family = dice.one(families);
        byte[] value = dice.value();
        words.append(" append ")
            .append(Words.bytes(row))
            .append(' ')
            .append(family)
            .append(':')
            .append(qualifier)
            .append('+')
            .append(Words.bytes(value));
        return append.addColumn(b(family), b(qualifier), value);
    }

    private static String column(byte[] family, byte[] qualifier, long time) {
        return Words.bytes(family) + ":'" + Words.bytes(qualifier) + "'" +
            (time > 0 ? "@" + time : "");
    }
}
