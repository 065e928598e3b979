/* What storage_check can name: a row of a table for each breach of a root's promises, which is made on a small whole root and
 * must be told with its file, offset and words, and nothing else with it unless the row says so. (Logs and plans:
 * test_log.c and tests/crash; blocks of SSTables: test_sstable_damage.c.) And what storage_repair does of its own, with its words. */
#include <stdio.h>

#include "storage/descriptor.h"
#include "storage/manifest.h"
#include "tests/support/sample_root.h"
#include "tests/support/support.h"

#define ROOT  SAMPLE_ROOT "/"
#define TABLE ROOT "tables/5e1c912e217cdd3d1e039d2e640e2a90/"
#define WHOLE                                                                                      \
    TABLE                                                                                          \
    "tablets/0123456789abcdef0123456789abcdef.4" /* a tablet with files, an owner and a dead log */
#define SPLIT ROOT "tables/5a5a/"
#define LEFT  SPLIT "tablets/bb.1" /* rows to "m" */
#define RIGHT SPLIT "tablets/cc.1" /* rows from "m" */

#define ANY UINT32_MAX

static struct env *env; /* of the row that runs */

/* ---- Changing files ---- */

static void read_bytes(const char *path, struct buffer *out_bytes)
{
    struct error error = {0};
    assert_ok(env_read_file(env, path, 1 << 20, out_bytes, &error), &error);
}

static void write_bytes(const char *path, struct span bytes)
{
    struct error error = {0};
    (void)env_path_remove(env, path, NULL);
    assert_ok(env_write_file(env, path, 0600, bytes, &error), &error);
}

static void write_text(const char *path, const char *text)
{
    write_bytes(path, span_string(text));
}

static void copy_file(const char *from, const char *to)
{
    struct buffer bytes = {0};
    read_bytes(from, &bytes);
    write_bytes(to, buffer_span(&bytes));
    buffer_deinit(&bytes);
}

static void remove_file(const char *path)
{
    struct error error = {0};
    assert_ok(env_path_remove(env, path, &error), &error);
}

/* A right document of a payload that may be none. */
static void write_document(const char *path, enum document_kind kind, const char *subject,
    enum row_order row_order, struct span payload)
{
    struct buffer file = {0};
    struct document document = {.kind = kind,
        .format_version = document_kind_version(kind),
        .comparator = kind == DOCUMENT_NAMESPACE ? DOCUMENT_UNSORTED : (uint16_t)row_order,
        .version = 1,
        .subject = span_string(subject),
        .payload = payload};
    document_encode(&document, &file);
    write_bytes(path, buffer_span(&file));
    buffer_deinit(&file);
}

typedef void edit_function(struct manifest *manifest);

static void edit_manifest(const char *path, edit_function *edit)
{
    struct buffer file = {0}, payload = {0}, edited = {0};
    struct arena arena = {0};
    struct document document;
    struct manifest manifest;
    struct error error = {0};
    assert_ok(document_read(env, path, DOCUMENT_MANIFEST, &file, &document, &error), &error);
    assert_ok(manifest_decode(document.payload, document.format_version, &arena, &manifest, &error),
        &error);
    edit(&manifest);
    manifest_encode(&manifest, &payload);
    document.payload = buffer_span(&payload);
    document_encode(&document, &edited);
    write_bytes(path, buffer_span(&edited));
    buffer_deinit(&edited);
    buffer_deinit(&payload);
    buffer_deinit(&file);
    arena_deinit(&arena);
}

/* ---- The breaches ---- */

/* The root. */
static void add_stranger(void)
{
    write_text(ROOT "stranger", "");
}

static void write_no_quorum(void)
{
    write_text(ROOT "quorum", "zookeeper\n");
}

static void write_short_quorum(void)
{
    write_text(ROOT "quorum", "zookeeper = a:1\ninstance = 1\n");
}

static void write_long_quorum(void)
{
    write_text(ROOT "quorum", "zookeeper = a:1\ninstance = 1\ngeneration = 1\nx");
}

static void write_generation_0(void)
{
    write_text(ROOT "quorum", "zookeeper = a:1\ninstance = 1\ngeneration = 0\n");
}

static void write_generation_128(void)
{
    write_text(ROOT "quorum", "zookeeper = a:1\ninstance = 1\ngeneration = 128\n");
}

static void write_endless_quorum(void)
{
    static uint8_t bytes[65537];
    write_bytes(ROOT "quorum", span_make(bytes, sizeof(bytes)));
}

static void write_short_secret(void)
{
    write_text(ROOT "secret", "0123456789abcdef\n");
}

static void write_secret_of_no_digits(void)
{
    write_text(ROOT "secret", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeF\n");
}

static void damage_cluster(void)
{
    struct error error = {0};
    assert_ok(env_memory_flip(env, ROOT "cluster", 50, 1), &error);
}

/* Documents. */
static void rename_version(void)
{
    copy_file(ROOT "namespaces/n.1", ROOT "namespaces/n.7");
}

static void rename_subject(void)
{
    copy_file(ROOT "namespaces/n.1", ROOT "namespaces/m.1");
}

static void drop_version(void)
{
    copy_file(ROOT "namespaces/n.1", ROOT "namespaces/n");
}

static void misname(void)
{
    copy_file(ROOT "namespaces/n.1", ROOT "namespaces/%zz.1");
}

static void damage_namespace(void)
{
    struct error error = {0};
    assert_ok(env_memory_flip(env, ROOT "namespaces/n.1", 40, 1), &error);
}

static void say_nothing(void)
{
    write_document(ROOT "namespaces/bad.1", DOCUMENT_NAMESPACE, "bad", ROW_ORDER_BYTES,
        SPAN_LITERAL("nonsense"));
}

/* Tables. */
static void name_no_table(void)
{
    struct error error = {0};
    assert_ok(env_directory_make(env, ROOT "tables/No Table", 0700, &error), &error);
}

static void describe_another_version(void)
{
    copy_file(SPLIT "descriptor.1", SPLIT "descriptor.2");
}

static void describe_another_table(void)
{
    copy_file(TABLE "descriptor.1", SPLIT "descriptor.1");
}

static void describe_nothing(void)
{
    write_document(
        SPLIT "descriptor.1", DOCUMENT_DESCRIPTOR, "5a5a", ROW_ORDER_BYTES, SPAN_LITERAL("\xff"));
}

static void add_no_manifest(void)
{
    write_text(SPLIT "tablets/junk", "");
}

static void move_manifest(void)
{
    copy_file(WHOLE, SPLIT "tablets/0123456789abcdef0123456789abcdef.4");
}

static void rename_manifest(void)
{
    copy_file(LEFT, SPLIT "tablets/bb.2");
}

static void damage_manifest(void)
{
    struct error error = {0};
    assert_ok(env_memory_flip(env, LEFT, 40, 1), &error);
}

static void set_end_n(struct manifest *manifest)
{
    manifest->end_row = SPAN_LITERAL("n");
}

static void overlap(void)
{
    edit_manifest(LEFT, set_end_n);
}

static void set_no_end(struct manifest *manifest)
{
    manifest->end_row = SPAN_EMPTY;
}

static void overlap_all(void)
{
    edit_manifest(LEFT, set_no_end);
}

static void set_end_l(struct manifest *manifest)
{
    manifest->end_row = SPAN_LITERAL("l");
}

static void leave_hole(void)
{
    edit_manifest(LEFT, set_end_l);
}

static void set_start_a(struct manifest *manifest)
{
    manifest->start_row = SPAN_LITERAL("a");
}

static void begin_late(void)
{
    edit_manifest(LEFT, set_start_a);
}

static void set_end_z(struct manifest *manifest)
{
    manifest->end_row = SPAN_LITERAL("z");
}

static void end_early(void)
{
    edit_manifest(RIGHT, set_end_z);
}

static void set_end_to_start(struct manifest *manifest)
{
    manifest->end_row = manifest->start_row;
}

static void empty_range(void)
{
    edit_manifest(RIGHT, set_end_to_start);
}

/* What manifests point at. */
static void remove_sstable(void)
{
    remove_file(TABLE "sst/host,16000,1-1.sst");
}

static void grow_pointer(struct manifest *manifest)
{
    manifest->files[0].size_bytes++;
}

static void say_another_size(void)
{
    edit_manifest(WHOLE, grow_pointer);
}

static void drop_sequences(struct manifest *manifest)
{
    manifest->files[1].min_sequence = manifest->files[1].max_sequence + 1;
}

static void say_falling_sequences(void)
{
    edit_manifest(WHOLE, drop_sequences);
}

static void change_identity(struct manifest *manifest)
{
    manifest->files[0].identity++;
}

static void say_another_identity(void)
{
    edit_manifest(WHOLE, change_identity);
}

static void damage_sstable(void)
{
    struct error error = {0};
    assert_ok(env_memory_flip(env, TABLE "sst/host,16000,1-2.sst", 30, 1), &error);
}

static void set_owner(struct manifest *manifest)
{
    manifest->owner = SPAN_LITERAL("nobody,1,1");
}

static void own_by_nobody(void)
{
    edit_manifest(WHOLE, set_owner);
}

static void set_dead_log(struct manifest *manifest)
{
    manifest->dead_logs[0].incarnation = SPAN_LITERAL("nobody,1,1");
}

static void need_log_of_nobody(void)
{
    edit_manifest(WHOLE, set_dead_log);
}

static void change_plan(struct manifest *manifest)
{
    manifest->dead_logs[0].plan_checksum++;
}

static void follow_another_plan(void)
{
    edit_manifest(WHOLE, change_plan);
}

static void remove_plan(void)
{
    remove_file(ROOT "servers/host,16000,1/plan");
}

static void remove_segment(void)
{
    remove_file(ROOT "servers/host,16000,1/3.log");
}

/* Snapshots. */
static void snapshot_nothing(void)
{
    write_document(
        ROOT "snapshots/a.1", DOCUMENT_SNAPSHOT, "a", ROW_ORDER_BYTES, SPAN_LITERAL("nonsense"));
}

static void damage_snapshot(void)
{
    struct error error = {0};
    copy_file(ROOT "snapshots/s%2E1.1", ROOT "snapshots/a.1");
    assert_ok(env_memory_flip(env, ROOT "snapshots/a.1", 40, 1), &error);
    remove_file(TABLE "sst/host,16000,1-1.sst");
}

static const struct breach {
    void (*make)(void);
    const char *path;
    uint64_t offset;
    const char *what;
    unsigned others; /* that are told with it, for they follow from it */
} breaches[] = {
    {add_stranger, ROOT "stranger", 0, "nothing of Stele", 0},
    {write_no_quorum, ROOT "quorum", 0, "no line of a quorum: zookeeper, instance, generation", 0},
    {write_short_quorum, ROOT "quorum", 29, "no line of a quorum: zookeeper, instance, generation",
        0},
    {write_long_quorum, ROOT "quorum", 44, "more than the three lines of a quorum", 0},
    {write_generation_0, ROOT "quorum", 42, "not a generation of a quorum: 1 to 127", 0},
    {write_generation_128, ROOT "quorum", 42, "not a generation of a quorum: 1 to 127", 0},
    {write_endless_quorum, ROOT "quorum", 65536, "too long", 0},
    {write_short_secret, ROOT "secret", 16, "not 64 hex digits and a newline", 0},
    {write_secret_of_no_digits, ROOT "secret", 63, "not 64 hex digits and a newline", 0},
    {damage_cluster, ROOT "cluster", 0,
        ROOT "cluster: cluster file at offset 0: checksum over 73 bytes does not match", 0},
    {rename_version, ROOT "namespaces/n.7", 16, "version differs from the name", 0},
    {rename_subject, ROOT "namespaces/m.1", 32, "subject differs from the name", 0},
    {drop_version, ROOT "namespaces/n", 16, "version differs from the name", 0},
    {misname, ROOT "namespaces/%zz.1", 32, "subject differs from the name", 0},
    {damage_namespace, ROOT "namespaces/n.1", 0,
        ROOT "namespaces/n.1: namespace at offset 0: checksum over 44 bytes does not match", 0},
    {say_nothing, ROOT "namespaces/bad.1", 3, "\"bad\" says nothing at offset 3", 0},
    {name_no_table, ROOT "tables/No Table", 0, "is no table", 0},
    {describe_another_version, SPLIT "descriptor.2", 16, "is of another table or version", 0},
    {describe_another_table, SPLIT "descriptor.1", 16, "is of another table or version", 0},
    {describe_nothing, SPLIT "descriptor.1", 0, "descriptor payload at offset 0: state", 0},
    {add_no_manifest, SPLIT "tablets/junk", 0, "is no manifest", 0},
    {move_manifest, SPLIT "tablets/0123456789abcdef0123456789abcdef.4", 32, "is of another table",
        0},
    {rename_manifest, SPLIT "tablets/bb.2", 16,
        SPLIT "tablets/bb.2 at offset 16: says that it is bb.1", 0},
    {damage_manifest, LEFT, 0,
        LEFT ": manifest at offset 0: checksum over 101 bytes does not match", 0},
    {overlap, RIGHT, 32, "its range overlaps the tablet's before it", 0},
    {overlap_all, RIGHT, 32, "its range overlaps the tablet's before it", 0},
    {leave_hole, RIGHT, 32, "there is a hole in the table before its range", 0},
    {begin_late, LEFT, 32, "there is a hole in the table before its range", 0},
    {end_early, RIGHT, 32, "there is a hole in the table after its range", 0},
    {empty_range, RIGHT, 32, "its range is empty", 1},
    {remove_sstable, WHOLE, 32, "points at " TABLE "sst/host,16000,1-1.sst, which is not there", 1},
    {remove_sstable, ROOT "snapshots/s%2E1.1", 32,
        "points at " TABLE "sst/host,16000,1-1.sst, which is not there", 1},
    {say_another_size, TABLE "sst/host,16000,1-1.sst", 978, "size differs from the manifest's", 0},
    {say_falling_sequences, WHOLE, 32, "a pointer's sequences fall", 0},
    {say_another_identity, TABLE "sst/host,16000,1-1.sst", 906,
        TABLE "sst/host,16000,1-1.sst: is another file: identity 06cafeaefdcc50fb, expected "
              "06cafeaefdcc50fc",
        0},
    {damage_sstable, TABLE "sst/host,16000,1-2.sst", 0,
        TABLE "sst/host,16000,1-2.sst: data block at offset 0: checksum is 80208f49fc7d7c4e, "
              "expected 8353602928d8fd2c",
        1}, /* the snapshot's too */
    {own_by_nobody, WHOLE, 32, "needs the log of an incarnation that is not there", 0},
    {need_log_of_nobody, WHOLE, 32, "needs the log of an incarnation that is not there", 0},
    {follow_another_plan, WHOLE, 32, "followed another plan than the one that is there", 0},
    {remove_plan, WHOLE, 32, "needs a plan that is not there", ANY},
    {remove_segment, ROOT "servers/host,16000,1/3.log", 0, "is needed, and not there", ANY},
    {snapshot_nothing, ROOT "snapshots/a.1", 0, "snapshot payload at offset 0: malformed", 0},
    {damage_snapshot, ROOT "snapshots/s%2E1.1", 32,
        "points at " TABLE "sst/host,16000,1-1.sst, which is not there", 2},
};

/* ---- Checking ---- */

struct look {
    const struct breach *breach;
    bool is_told;
    unsigned others;
};

static void note_problem(void *context, const char *path, uint64_t offset, const char *what)
{
    struct look *look = context;
    const struct breach *breach = look->breach;
    if (breach && !look->is_told && strcmp(path, breach->path) == 0 && offset == breach->offset &&
        strcmp(what, breach->what) == 0) {
        look->is_told = true;
        return;
    }
    look->others++;
    printf("  %s: offset %llu: %s\n", path, (unsigned long long)offset, what);
}

static enum status read_words(void *words, enum chain_kind kind, struct span name,
    struct span payload, void (*print)(void *context, const char *line), void *context,
    struct error *error)
{
    (void)words, (void)kind, (void)print, (void)context;
    return span_equal(payload, SPAN_LITERAL("nonsense"))
               ? error_set(error, STATUS_CORRUPT, "\"%.*s\" says nothing at offset 3",
                     (int)name.size, (const char *)name.data)
               : STATUS_OK;
}

static struct look look_at(const struct breach *breach)
{
    struct look look = {.breach = breach};
    struct error error = {0};
    uint64_t problems = 0;
    assert_ok(
        storage_check(env, SAMPLE_ROOT, note_problem, &look, read_words, NULL, &problems, &error),
        &error);
    assert_int_equal(problems, look.others + look.is_told);
    return look;
}

static void a_whole_root_has_no_problem(void **state)
{
    (void)state;
    env = sample_root_make();
    assert_int_equal(look_at(NULL).others, 0);
    env_memory_free(env);
}

static void each_breach_is_told_by_file_offset_and_words(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof(breaches) / sizeof(*breaches); i++) {
        const struct breach *breach = &breaches[i];
        env = sample_root_make();
        breach->make();
        struct look look = look_at(breach);
        if (!look.is_told || (breach->others != ANY && look.others != breach->others)) {
            failed++;
            printf("breach %zu, %s: offset %llu: %s: is %s, and %u others are, above\n", i,
                breach->path, (unsigned long long)breach->offset, breach->what,
                look.is_told ? "told" : "not told", look.others);
        }
        env_memory_free(env);
    }
    assert_int_equal(failed, 0);
}

/* ---- Repair ---- */

struct act {
    const char *path;
    const char *what;
};

/* What is done of its own, each once, in this order. */
static const struct act acts[] = {
    {ROOT "servers/host,16000,2", "sealed, and its log given an end"},
    {SPLIT "tablets/bb", "made, as the tablets it was split or merged from say"},
    {ROOT "tables/meta", "moved to the trash: the next start makes it from the manifests"},
};

static void note_act(void *context, const char *path, const char *what)
{
    unsigned *count = context;
    assert_true(*count < sizeof(acts) / sizeof(*acts));
    assert_string_equal(path, acts[*count].path);
    assert_string_equal(what, acts[*count].what);
    (*count)++;
}

static void repair_tells_what_it_mends_and_leaves_the_rest(void **state)
{
    (void)state;
    struct error error = {0};
    unsigned count = 0;
    uint64_t told = 0;
    env = sample_root_make();
    remove_file(LEFT);
    assert_ok(env_directory_make(env, ROOT "tables/meta", 0700, &error), &error);
    write_text(ROOT "tables/meta/descriptor.1", "damaged");
    damage_namespace();
    assert_ok(storage_repair(env, SAMPLE_ROOT, note_act, &count, &told, &error), &error);
    assert_int_equal(count, sizeof(acts) / sizeof(*acts));
    assert_int_equal(told, count);
    for (size_t i = 0; i < sizeof(breaches) / sizeof(*breaches); i++)
        if (breaches[i].make == damage_namespace) {
            struct look look = look_at(&breaches[i]);
            assert_true(look.is_told && look.others == 0);
        }
    assert_ok(storage_repair(env, SAMPLE_ROOT, note_act, &count, &told, &error), &error);
    assert_int_equal(told, 0); /* once is enough */
    env_memory_free(env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_whole_root_has_no_problem),
        cmocka_unit_test(each_breach_is_told_by_file_offset_and_words),
        cmocka_unit_test(repair_tells_what_it_mends_and_leaves_the_rest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
