package stele.interop;

import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Writes answers down, one line each: `scenario number question => answer`. */
final class Transcript implements AutoCloseable {
    /** Something that is asked and has an answer. */
    interface Question {
        Object ask() throws Throwable;
    }

    /** Something that is done and either works or fails. */
    interface Act {
        void run() throws Throwable;
    }

    private final PrintStream stream;
    private String scenario = "";
    private int number;
    private long startedAt;

    Transcript(OutputStream stream) {
        this.stream = new PrintStream(
            new BufferedOutputStream(stream, 1 << 16), false, StandardCharsets.UTF_8);
    }

    void begin(String name) {
        scenario = name;
        number = 0;
        startedAt = System.nanoTime();
    }

    void end() {
        note(scenario + ": " + number + " answers in " +
            (System.nanoTime() - startedAt) / 1_000_000 + " ms");
        stream.flush();
    }

    /** Asks, and writes down the answer or the exception. */
    void ask(String label, Question question) {
        String answer;
        try {
            answer = Words.of(question.ask());
        } catch (Throwable failure) {
            answer = Words.of(failure);
        }
        answer(label, answer);
    }

    /** As ask, for what returns nothing. */
    void act(String label, Act act) {
        ask(label, () -> {
            act.run();
            return "ok";
        });
    }

    void answer(String label, String answer) {
        stream.println(scenario + " " + number++ + " " + label + " => " + answer);
    }

    /** This client has no call that the scenario needs: its answers are not expected. */
    void without(String name) {
        note("without " + name);
    }

    void note(String text) {
        stream.println("# " + text);
    }

    @Override
    public void close() {
        stream.flush();
    }
}
