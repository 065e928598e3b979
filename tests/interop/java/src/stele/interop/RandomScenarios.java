package stele.interop;

import static stele.interop.Session.b;
import static stele.interop.Session.schema;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.apache.hadoop.hbase.KeepDeletedCells;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptor;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Row;
import org.apache.hadoop.hbase.client.RowMutations;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptor;
import org.apache.hadoop.hbase.io.compress.Compression;
import org.apache.hadoop.hbase.regionserver.BloomType;
import org.apache.hadoop.hbase.util.Bytes;

/**
 * Sequences of every operation, generated from a seed, over tables of several kinds. Files are made
 * by explicit flushes and major compactions alone, one flush before each major compaction: with three
 * files either server may compact by itself, and what that drops shows. Raw reads come right after a
 * major compaction, when what is kept is what the schema says.
 */
final class RandomScenarios {
    private static final int HOUR_S = 3600;
    private static final int FLUSHES_BEFORE_COMPACTION = 1;

    private RandomScenarios() {
    }

    static List<Scenario> all(long seed, int operations) {
        List<TableDescriptor> schemas = new ArrayList<>();
        schemas.add(schema("random_plain", family("f", 1).build(), family("g", 3).build()));
        schemas.add(schema(
            "random_regions", family("f", 3).build(), family("g", Integer.MAX_VALUE).build()));
        schemas.add(
            schema("random_keep", family("f", 4).setKeepDeletedCells(KeepDeletedCells.TRUE).build(),
                family("g", 2).build()));
        schemas.add(
            schema("random_ttl", family("f", 4).setTimeToLive(HOUR_S).setMinVersions(2).build(),
                family("g", 2).build()));
        schemas.add(schema("random_packed",
            family("f", 5)
                .setCompressionType(Compression.Algorithm.GZ)
                .setBlocksize(1024)
                .setBloomFilterType(BloomType.ROWCOL)
                .build(),
            family("g", 1).setBloomFilterType(BloomType.NONE).setInMemory(true).build(),
            family("h", 2).build()));
        List<Scenario> scenarios = new ArrayList<>();
        for (int i = 0; i < schemas.size(); i++) {
            TableDescriptor table = schemas.get(i);
            long own = seed * 1000 + i;
            scenarios.add(new Scenario(table.getTableName().getNameAsString().replace('_', '.'),
                s -> new Run(s, table, own).go(operations / schemas.size())));
        }
        return scenarios;
    }

    private static ColumnFamilyDescriptorBuilder family(String name, int versions) {
        return ColumnFamilyDescriptorBuilder.newBuilder(b(name)).setMaxVersions(versions);
    }

    /** One table and its sequence. */
    private static final class Run {
        private final Session s;
        private final TableDescriptor descriptor;
        private final Dice dice;
        private final RandomReads reads;
        private final RandomWrites writes;
        private Table table;
        private int flushes;

        Run(Session s, TableDescriptor descriptor, long seed) {
            this.s = s;
            this.descriptor = descriptor;
            dice = new Dice(seed);
            List<String> families = new ArrayList<>();
            for (ColumnFamilyDescriptor family : descriptor.getColumnFamilies())
                families.add(family.getNameAsString());
            reads = new RandomReads(dice, families);
            writes = new RandomWrites(dice, families);
        }

        void go(int operations) throws Exception {
            String[] splits = descriptor.getTableName().getNameAsString().contains("regions")
                ? new String[] {"d", "k", "s"}
                : new String[0];
                table = s.create(descriptor, splits);
            for (int i = 0; i < operations; i++)
                step();
        }

        private void step() throws Exception {
            int choice = dice.below(1000);
            if (choice < 260)
                one(writes::put);
            else if (choice < 340)
                one(writes::delete);
            else if (choice < 390)
                several();
            else if (choice < 430)
                rowMutations();
            else if (choice < 490)
                check();
            else if (choice < 520)
                count();
            else if (choice < 560)
                append();
            else if (choice < 690)
                get();
            else if (choice < 720)
                gets();
            else if (choice < 985)
                scan();
            else
                files();
        }

        private interface Maker {
            Row make(byte[] row, StringBuilder words);
        }

        private void one(Maker maker) {
            StringBuilder words = new StringBuilder();
            Row row = maker.make(dice.row(), words);
            s.out.act(words.substring(1), () -> {
                if (row instanceof org.apache.hadoop.hbase.client.Put)
                    table.put((org.apache.hadoop.hbase.client.Put) row);
                else
                    table.delete((org.apache.hadoop.hbase.client.Delete) row);
            });
        }

        /** A batch on different rows: within one row a batch has no order. */
        private void several() {
            TreeMap<byte[], Row> rows = new TreeMap<>(Bytes.BYTES_COMPARATOR);
            StringBuilder words = new StringBuilder("batch");
            for (int n = 1 + dice.below(6); n > 0; n--) {
                byte[] row = dice.row();
                if (rows.containsKey(row))
                    continue;
                if (dice.chance(25)) {
                    words.append(" get ").append(Words.bytes(row));
                    rows.put(row, new Get(row));
                } else {
                    rows.put(row, writes.mutation(row, words));
                }
            }
            if (dice.chance(40))
                rows.put(b("#batch"), writes.increment(b("#batch"), words));
            s.out.ask(words.toString(), () -> {
                Object[] results = new Object[rows.size()];
                table.batch(new ArrayList<>(rows.values()), results);
                return results;
            });
        }

        private void rowMutations() throws Exception {
            StringBuilder words = new StringBuilder("together");
            RowMutations mutations = writes.mutations(dice.row(), words);
            s.out.ask(words.toString(), () -> table.mutateRow(mutations));
        }

        private void check() throws Exception {
            StringBuilder words = new StringBuilder("check");
            var check = writes.check(dice.row(), words);
            s.out.ask(words.toString(), () -> table.checkAndMutate(check));
        }

        private void count() {
            StringBuilder words = new StringBuilder();
            var increment = writes.increment(writes.counterRow(), words);
            s.out.ask(words.substring(1), () -> table.increment(increment));
        }

        private void append() {
            StringBuilder words = new StringBuilder();
            var append = writes.append(writes.counterRow(), words);
            s.out.ask(words.substring(1), () -> table.append(append));
        }

        private void get() throws Exception {
            StringBuilder words = new StringBuilder("get ");
            Get get = reads.get(words);
            if (dice.chance(15))
                s.out.ask("exists " + words, () -> table.exists(get));
            else
                s.out.ask(words.toString(), () -> table.get(get));
        }

        private void gets() throws Exception {
            List<Get> gets = new ArrayList<>();
            StringBuilder words = new StringBuilder("gets");
            for (int n = 1 + dice.below(5); n > 0; n--)
                gets.add(reads.get(words.append(" | ")));
            s.out.ask(words.toString(), () -> Arrays.asList(table.get(gets)));
        }

        private void scan() throws Exception {
            StringBuilder words = new StringBuilder("scan ");
            Scan scan = reads.scan(words);
            if (scan.getAllowPartialResults())
                s.out.ask(words.toString(), () -> Session.rows(table, scan));
            else
                s.out.ask(words.toString(), () -> Session.results(table, scan));
        }

        private void files() throws Exception {
            if (flushes < FLUSHES_BEFORE_COMPACTION && dice.chance(70)) {
                flushes++;
                s.out.act("flush", () -> s.flush(table));
                return;
            }
            flushes = 0;
            s.out.act("major compaction", () -> s.majorCompact(table));
            s.askScan("all", table, new Scan().readAllVersions());
            s.askScan("raw", table, new Scan().setRaw(true).readAllVersions());
        }
    }
}
