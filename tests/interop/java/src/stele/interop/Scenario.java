package stele.interop;

/** A named story told to a server; every answer of it goes to the session's transcript. */
final class Scenario {
    /** The story itself. What it throws outside of a question becomes an answer too. */
    interface Story {
        void tell(Session session) throws Throwable;
    }

    private final String name;
    private final Story story;

    Scenario(String name, Story story) {
        this.name = name;
        this.story = story;
    }

    String name() {
        return name;
    }

    void run(Session session) {
        try {
            story.tell(session);
        } catch (Throwable failure) {
            session.out.answer("the story broke", Words.of(failure));
        }
    }
}
