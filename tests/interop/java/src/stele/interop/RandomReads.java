package stele.interop;

import static stele.interop.Session.b;

import java.util.List;
import org.apache.hadoop.hbase.client.Get;
import org.apache.hadoop.hbase.client.Scan;

/**
 * Gets and scans chosen by dice, with the words that say what they ask. Columns and filters do not come
 * together: real HBase fails on some such pairs ("Index 0 out of bounds").
 */
final class RandomReads {
    private final Dice dice;
    private final List<String> families;
    private final RandomFilters filters;

    RandomReads(Dice dice, List<String> families) {
        this.dice = dice;
        this.families = families;
        filters = new RandomFilters(dice, families);
    }

    Get get(StringBuilder words) throws Exception {
        byte[] row = dice.row();
        words.append(Words.bytes(row));
        Get get = new Get(row);
        for (int n = dice.chance(40) ? 1 + dice.below(3) : 0; n > 0; n--) {
            byte[] family = b(dice.one(families));
            words.append(' ').append(Words.bytes(family));
            if (dice.chance(70)) {
                byte[] qualifier = dice.qualifier();
                words.append(":'").append(Words.bytes(qualifier)).append('\'');
                get.addColumn(family, qualifier);
            } else {
                get.addFamily(family);
            }
        }
        if (dice.chance(60)) {
            int versions = dice.one(1, 2, 3, Integer.MAX_VALUE);
            words.append(" versions ").append(versions);
            get.readVersions(versions);
        }
        if (dice.chance(25)) {
            long[] range = range(words);
            get.setTimeRange(range[0], range[1]);
        }
        if (dice.chance(10)) {
            int limit = 1 + dice.below(4);
            int offset = dice.below(3);
            words.append(" cells ").append(offset).append('+').append(limit);
            get.setMaxResultsPerColumnFamily(limit).setRowOffsetPerColumnFamily(offset);
        }
        if (dice.chance(20) && get.numFamilies() == 0)
            get.setFilter(filters.any(1, words));
        return get;
    }

    Scan scan(StringBuilder words) throws Exception {
        Scan scan = new Scan();
        boolean reversed = dice.chance(30);
        words.append(reversed ? "backwards" : "");
        scan.setReversed(reversed);
        edges(scan, words);
        for (int n = dice.chance(40) ? 1 + dice.below(3) : 0; n > 0; n--) {
            byte[] family = b(dice.one(families));
            words.append(' ').append(Words.bytes(family));
            if (dice.chance(60)) {
                byte[] qualifier = dice.qualifier();
                words.append(":'").append(Words.bytes(qualifier)).append('\'');
                scan.addColumn(family, qualifier);
            } else {
                scan.addFamily(family);
            }
        }
        if (dice.chance(50)) {
            int versions = dice.one(1, 2, 3, Integer.MAX_VALUE);
            words.append(" versions ").append(versions);
            scan.readVersions(versions);
        }
        if (dice.chance(25)) {
            long[] range = range(words);
            scan.setTimeRange(range[0], range[1]);
        }
        sizes(scan, words);
        if (dice.chance(40) && scan.numFamilies() == 0)
            scan.setFilter(filters.any(2, words));
        else if (dice.chance(20) && scan.getMaxResultSize() <= 0 && !scan.getAllowPartialResults())
            scan.setBatch((int) said(words, " batch ", 1 + dice.below(5)));
        /* HBase refuses it backwards, and with it gives rows that a filter has excluded. */
        scan.setLoadColumnFamiliesOnDemand(false);
        return scan;
    }

    private void edges(Scan scan, StringBuilder words) {
        if (dice.chance(50)) {
            byte[] row = dice.row();
            boolean with = dice.chance(60);
            words.append(with ? " from " : " after ").append(Words.bytes(row));
            scan.withStartRow(row, with);
        }
        if (dice.chance(50)) {
            byte[] row = dice.row();
            boolean with = dice.chance(40);
            words.append(with ? " to " : " before ").append(Words.bytes(row));
            scan.withStopRow(row, with);
        }
    }

    private void sizes(Scan scan, StringBuilder words) {
        if (dice.chance(25))
            scan.setLimit((int) said(words, " limit ", 1 + dice.below(20)));
        if (dice.chance(30))
            scan.setCaching((int) said(words, " caching ", 1 + dice.below(8)));
        if (dice.chance(15))
            scan.setMaxResultSize(said(words, " size ", 1 + dice.below(500)));
        if (dice.chance(10)) {
            words.append(" pieces");
            scan.setAllowPartialResults(true);
        }
        if (dice.chance(10)) {
            scan.setMaxResultsPerColumnFamily((int) said(words, " cells ", 1 + dice.below(4)));
            scan.setRowOffsetPerColumnFamily((int) said(words, " past ", dice.below(3)));
        }
    }

    private static long said(StringBuilder words, String name, long n) {
        words.append(name).append(n);
        return n;
    }

    private long[] range(StringBuilder words) {
        long low = dice.below(Dice.TIMES);
        long high = low + 1 + dice.below(Dice.TIMES);
        words.append(" [").append(low).append(',').append(high).append(')');
        return new long[] {low, high};
    }
}
