package stele.interop;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hbase.Cell;
import org.apache.hadoop.hbase.CellUtil;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.AsyncConnection;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptor;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.CompactionState;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptor;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.util.Bytes;

/**
 * A connection to the server under test, the transcript, and the few verbs that most scenarios
 * need.
 */
final class Session implements AutoCloseable {
    private static final long COMPACTION_LIMIT_MS = 30_000;
    private static final long COMPACTION_POLL_MS = 20;

    final Configuration conf;
    final Connection connection;
    final AsyncConnection async;
    final Admin admin;
    final Transcript out;

    Session(Configuration conf, Transcript out) throws Exception {
        this.conf = conf;
        this.out = out;
        connection = ConnectionFactory.createConnection(conf);
        async = ConnectionFactory.createAsyncConnection(conf).get();
        admin = connection.getAdmin();
    }

    /** Bytes written as HBase prints them: plain text, with \xNN for the rest. */
    static byte[] b(String text) {
        return Bytes.toBytesBinary(text);
    }

    static ColumnFamilyDescriptor family(String name) {
        return ColumnFamilyDescriptorBuilder.of(b(name));
    }

    static ColumnFamilyDescriptor family(String name, int versions) {
        return ColumnFamilyDescriptorBuilder.newBuilder(b(name)).setMaxVersions(versions).build();
    }

    static TableDescriptor schema(String table, ColumnFamilyDescriptor... families) {
        return TableDescriptorBuilder.newBuilder(TableName.valueOf(table))
            .setColumnFamilies(List.of(families))
            .build();
    }

    static byte[][] keys(String... texts) {
        byte[][] keys = new byte[texts.length][];
        for (int i = 0; i < texts.length; i++)
            keys[i] = b(texts[i]);
        return keys;
    }

    /** A put of one cell; `column` is family:qualifier. */
    static Put put(String row, String column, long timestamp, String value) {
        return put(new Put(b(row)), column, timestamp, value);
    }

    static Put put(Put put, String column, long timestamp, String value) {
        int colon = column.indexOf(':');
        return put.addColumn(
            b(column.substring(0, colon)), b(column.substring(colon + 1)), timestamp, b(value));
    }

    Table create(TableDescriptor schema, String... splits) throws IOException {
        if (splits.length == 0)
            admin.createTable(schema);
        else
            admin.createTable(schema, keys(splits));
        return connection.getTable(schema.getTableName());
    }

    void flush(Table table) throws IOException {
        admin.flush(table.getName());
    }

    /** Flushes, then merges all files of the table into one per family, and waits for it. */
    void majorCompact(Table table) throws Exception {
        admin.flush(table.getName());
        admin.majorCompact(table.getName());
        awaitCompaction(table.getName());
    }

    void awaitCompaction(TableName name) throws Exception {
        long deadline = System.currentTimeMillis() + COMPACTION_LIMIT_MS;
        while (admin.getCompactionState(name) != CompactionState.NONE) {
            if (System.currentTimeMillis() > deadline)
                throw new IllegalStateException("the compaction of " + name + " does not end");
            Thread.sleep(COMPACTION_POLL_MS);
        }
    }

    /** All results of a scan, as they come. */
    static List<Result> results(Table table, Scan scan) throws IOException {
        try (ResultScanner scanner = table.getScanner(scan)) {
            List<Result> results = new ArrayList<>();
            for (Result result : scanner)
                results.add(result);
            return results;
        }
    }

    /**
     * All rows of a scan that may be given in pieces, put together: where a server cuts a row is
     * its own affair.
     */
    static List<String> rows(Table table, Scan scan) throws IOException {
        List<String> rows = new ArrayList<>();
        List<Cell> cells = new ArrayList<>();
        for (Result piece : results(table, scan)) {
            for (Cell cell : piece.rawCells()) {
                if (!cells.isEmpty() && !CellUtil.matchingRows(cells.get(0), cell)) {
                    rows.add(Words.of(Result.create(cells)));
                    cells.clear();
                }
                cells.add(cell);
            }
        }
        if (!cells.isEmpty())
            rows.add(Words.of(Result.create(cells)));
        return rows;
    }

    /** Asks for all results of a scan. */
    void askScan(String label, Table table, Scan scan) {
        out.ask(label, () -> results(table, scan));
    }

    @Override
    public void close() throws IOException {
        admin.close();
        async.close();
        connection.close();
    }
}
