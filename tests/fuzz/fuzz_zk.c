/* What a ZooKeeper client sends: messages with their be32 sizes, in one session. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "base/limits.h"
#include "server/zk/facade.h"

/* One tree for all inputs: it is immutable. */
static const struct znode_tree *shared_tree(void)
{
    static struct znode_tree *tree;
    const struct znode_tree_config config = {
        .cluster_id = "id",
        .server = {SPAN_LITERAL("localhost"), 16000, 1700000000000},
        .started_ms = 1700000000000,
    };
    if (!tree && znode_tree_new(&config, &tree))
        abort();
    return tree;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zk_facade facade = {.tree = shared_tree(), .secret = 5};
    struct zk_session session = {0};
    struct buffer out = {.limit = 64u << 20};
    struct span in = span_make(data, size);
    struct span message;
    uint32_t message_size;
    while (!session.is_over && !span_take_be32(&in, &message_size) &&
           message_size <= LIMIT_ZK_REQUEST_SIZE && !span_take_bytes(&in, message_size, &message)) {
        size_t before = out.size;
        zk_session_handle(&session, &facade, 7, message, &out);
        /* An answer costs no more than the largest node, a notification for each watch beside it. */
        fuzz_check(out.size - before <= 4096 + 16 * (size_t)message_size);
    }
    buffer_deinit(&out);
    return 0;
}
