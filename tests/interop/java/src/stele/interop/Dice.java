package stele.interop;

import static stele.interop.Session.b;

import java.util.List;
import java.util.Random;

/**
 * The choices of a generated scenario: the same seed makes the same choices, whatever the server
 * answers.
 */
final class Dice {
    /** Timestamps are chosen from [1, TIMES]; few, so that they meet. */
    static final int TIMES = 30;

    /* None is empty: real HBase's filters lose their way in the versions and markers of such a column. */
    private static final String[] QUALIFIERS = {"a", "ab", "b", "c", "\\x00", "\\xFF"};

    private final Random random;

    Dice(long seed) {
        random = new Random(seed);
    }

    /** From 0 to n - 1. */
    int below(int n) {
        return random.nextInt(n);
    }

    boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    @SafeVarargs
    final <T> T one(T... of) {
        return of[random.nextInt(of.length)];
    }

    <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    /** A row that may be written: 26 letters, some with a tail. */
    byte[] row() {
        return b((char) ('a' + below(26)) + one("", "", "", "1", "\\x00"));
    }

    byte[] qualifier() {
        return b(one(QUALIFIERS));
    }

    long time() {
        return 1 + below(TIMES);
    }

    byte[] value() {
        String letters = one("", "x", "ab", "aB", "abc", "b", "zz");
        return b(chance(10) ? letters + "-".repeat(below(300)) : letters + below(10));
    }
}
