package stele.interop;

import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import org.apache.hadoop.hbase.Cell;
import org.apache.hadoop.hbase.CellUtil;
import org.apache.hadoop.hbase.HConstants;
import org.apache.hadoop.hbase.client.CheckAndMutateResult;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.RetriesExhaustedException;
import org.apache.hadoop.hbase.client.RetriesExhaustedWithDetailsException;
import org.apache.hadoop.hbase.util.Bytes;

/**
 * Says every answer in words that are equal on two servers exactly when the answers are. What a
 * server chooses for itself (its clock, region ids and their hashes, its address) is replaced by a
 * name; all that the client chose stays. The timestamps which scenarios set are small, so a
 * timestamp of thirteen digits is the server's clock.
 */
final class Words {
    private static final int LONGEST_VALUE = 64;
    private static final long FIRST_CLOCK = 1_000_000_000_000L;
    private static final long LAST_CLOCK = 10_000_000_000_000L;

    private static final Pattern HASH = Pattern.compile("\\b[0-9a-f]{32}\\b");
    private static final Pattern SERVER = Pattern.compile(
        "\\b(?:localhost|127\\.0\\.0\\.1)(?:/127\\.0\\.0\\.1)?[:,]\\d+(?:,1\\d{12})?");
    /**
     * What HBase adds to two messages: the table's schema in full, and the address of an object of
     * its own.
     */
    private static final Pattern ASIDE =
        Pattern.compile("(?<=\\.) in table '.*$|(?<=bytes) in region .*$");
    private static final Pattern CLOCK = Pattern.compile("(?<!\\d)[1-9]\\d{12}(?!\\d)");

    private Words() {
    }

    static String of(Object answer) {
        if (answer == null)
            return "null";
        if (answer instanceof Throwable)
            return failure((Throwable) answer);
        if (answer instanceof Result)
            return result((Result) answer);
        if (answer instanceof Cell)
            return cell((Cell) answer);
        if (answer instanceof byte[])
            return bytes((byte[]) answer);
        if (answer instanceof CheckAndMutateResult)
            return checked((CheckAndMutateResult) answer);
        if (answer instanceof Collection)
            return list((Collection<?>) answer);
        if (answer instanceof Map)
            return map((Map<?, ?>) answer);
        if (answer instanceof Object[])
            return list(List.of(boxed((Object[]) answer)));
        if (answer instanceof boolean[]) {
            List<Boolean> flags = new ArrayList<>();
            for (boolean flag : (boolean[]) answer)
                flags.add(flag);
            return flags.toString();
        }
        return settled(answer.toString());
    }

    static String bytes(byte[] value) {
        if (value.length <= LONGEST_VALUE)
            return Bytes.toStringBinary(value);
        return Bytes.toStringBinary(value, 0, 8) + "..(" + value.length + " bytes, hash " +
            Integer.toHexString(Bytes.hashCode(value)) + ")";
    }

    /** The server's own names and clock, replaced. */
    static String settled(String text) {
        text = HASH.matcher(text).replaceAll("<hash>");
        text = SERVER.matcher(text).replaceAll("<server>");
        text = CLOCK.matcher(text).replaceAll("<now>");
        return text.replace("\n", "\\n");
    }

    private static Object[] boxed(Object[] array) {
        Object[] copy = array.clone();
        for (int i = 0; i < copy.length; i++)
            if (copy[i] == null)
                copy[i] = "null";
        return copy;
    }

    private static String list(Collection<?> items) {
        StringJoiner out = new StringJoiner("; ", "[", "]");
        for (Object item : items)
            out.add(of(item));
        return out.toString();
    }

    private static String map(Map<?, ?> entries) {
        List<String> words = new ArrayList<>();
        for (Map.Entry<?, ?> entry : entries.entrySet())
            words.add(of(entry.getKey()) + "=" + of(entry.getValue()));
        Collections.sort(words);
        return words.toString();
    }

    private static String result(Result result) {
        if (result.getExists() != null)
            return "exists=" + result.getExists();
        if (result.isCursor())
            return "cursor";
        if (result.isEmpty())
            return "{}";
        StringBuilder out = new StringBuilder(bytes(result.getRow())).append(" {");
        String between = "";
        for (Cell cell : result.rawCells()) {
            out.append(between).append(column(cell));
            between = ", ";
        }
        return out.append("}").append(result.isStale() ? " stale" : "").toString();
    }

    private static String cell(Cell cell) {
        return bytes(CellUtil.cloneRow(cell)) + "/" + column(cell);
    }

    private static String column(Cell cell) {
        String text = bytes(CellUtil.cloneFamily(cell)) + ":" +
            bytes(CellUtil.cloneQualifier(cell)) + "@" + time(cell.getTimestamp());
        if (cell.getType() != Cell.Type.Put)
            text += " " + cell.getType();
        return text + "=" + bytes(CellUtil.cloneValue(cell));
    }

    private static String time(long timestamp) {
        if (timestamp == HConstants.LATEST_TIMESTAMP)
            return "latest";
        return timestamp >= FIRST_CLOCK && timestamp < LAST_CLOCK ? "now"
                                                                  : Long.toString(timestamp);
    }

    private static String checked(CheckAndMutateResult checked) {
        return (checked.isSuccess() ? "done " : "refused ") + of(checked.getResult());
    }

    /**
     * The exception as a program sees it: the class, the first line of the message, and what it
     * wraps where the client wraps.
     */
    private static String failure(Throwable failure) {
        while (isWrapper(failure) && failure.getCause() != null)
            failure = failure.getCause();
        if (failure instanceof RetriesExhaustedWithDetailsException)
            return "RetriesExhaustedWithDetailsException " +
                details((RetriesExhaustedWithDetailsException) failure);
        String name = failure.getClass().getSimpleName();
        if (failure instanceof RetriesExhaustedException && failure.getCause() != null)
            return name + " of " + failure(failure.getCause());
        return name + ": " + firstLine(failure);
    }

    private static boolean isWrapper(Throwable failure) {
        return failure instanceof ExecutionException || failure instanceof CompletionException ||
            failure instanceof UncheckedIOException ||
            failure instanceof UndeclaredThrowableException ||
            failure instanceof InvocationTargetException;
    }

    private static String details(RetriesExhaustedWithDetailsException failure) {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < failure.getNumExceptions(); i++)
            words.add(bytes(failure.getRow(i).getRow()) + " " + failure(failure.getCause(i)));
        Collections.sort(words);
        return words.toString();
    }

    /**
     * An exception from a server carries the server's stack as its message; its first line says
     * what there is to say.
     */
    private static String firstLine(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        int end = message.indexOf('\n');
        if (end >= 0)
            message = message.substring(0, end);
        message = ASIDE.matcher(message).replaceAll("");
        String own = failure.getClass().getName() + ": ";
        return settled(message.startsWith(own) ? message.substring(own.length()) : message);
    }
}
