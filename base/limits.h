/* Every limit by name, in one place. Sizes in bytes, times in milliseconds, unless the name says
 * other. */
#ifndef STELE_BASE_LIMITS_H
#define STELE_BASE_LIMITS_H

/* The data model (HBase's). */
#define LIMIT_ROW_SIZE          32767
#define LIMIT_FAMILY_SIZE       127
#define LIMIT_CELL_SIZE         (10u << 20) /* hbase.server.keyvalue.maxsize: key + value + tags */
#define LIMIT_TAGS_SIZE         65535
#define LIMIT_FAMILIES          1024 /* families of a table */
#define LIMIT_TABLE_NAME_SIZE   255  /* namespace:qualifier */
#define LIMIT_SCHEMA_ATTRIBUTES 4096 /* attributes and configuration entries of one schema */
#define LIMIT_SPLIT_KEYS        100000
#define LIMIT_MERGED_REGIONS    100  /* of one merge, which locks them all */
#define LIMIT_BIG_DECIMAL_SIZE  1024 /* of the unscaled value; longer ones are equal to nothing */

/* Filters. */
#define LIMIT_FILTER_DEPTH     16
#define LIMIT_FILTER_NODES     1024
#define LIMIT_FILTER_ARGUMENTS 1024    /* of one filter of the language */
#define LIMIT_REGEX_MATCH      1000000 /* pcre2 match limit */
#define LIMIT_REGEX_HEAP_KIB   16384

/* The wire. */
#define LIMIT_FRAME_SIZE               (256u << 20) /* hbase.ipc.max.request.size */
#define LIMIT_FRAME_SIZE_BEFORE_HEADER (64u << 10)
#define LIMIT_CALLS_IN_FLIGHT          20000 /* of one server */
#define LIMIT_CALLS_OF_CONNECTION      1024  /* it is not read on before some are answered */
#define LIMIT_CALL_MEMORY              (1u << 30) /* of the arena of one call, whatever the budget says */
#define LIMIT_EXCEPTION_TEXT_SIZE      (64u << 10)
#define LIMIT_CONNECTIONS              20000
#define LIMIT_PROTOBUF_DEPTH           32
#define LIMIT_PROTOBUF_MEMORY_FACTOR   64     /* arena cap = factor * message size + 1 MiB */
#define LIMIT_BATCH_ACTIONS            200000 /* one takes 450 bytes, and may come in 2 */
#define LIMIT_SCANNERS                 10000
#define LIMIT_SCAN_RESULT_SIZE         (100u << 20) /* hbase.server.scanner.max.result.size */
#define LIMIT_SCANNER_LEASE_MS         60000
#define LIMIT_HANDSHAKE_MS             10000
#define LIMIT_OUTPUT_PATIENCE_MS       2000 /* for a client that does not read while memory is short */
#define LIMIT_ANSWER_TEXT_SIZE         (1u << 20) /* of all exceptions of a batch: the rest have no text */
#define LIMIT_ANSWER_SMALL_SIZE        4096 /* goes out even then: the client must learn what was done */
#define LIMIT_MESSAGE_MS               300000 /* from the first byte of a message to its last */
#define LIMIT_ZK_REQUEST_SIZE          (1u << 20)
#define LIMIT_ZK_CONNECT_SIZE          256          /* before there is a session */
#define LIMIT_ROW_READ_SIZE            (256u << 20) /* one row in a single answer: RowTooBigException */
#define LIMIT_ROW_LOCK_WAIT_MS         30000

/* The web port. */
#define LIMIT_WEB_CONNECTIONS 256 /* more wait in the kernel */
#define LIMIT_WEB_CALLS       128 /* out at once; more are answered 503 */
#define LIMIT_WEB_IDLE_S      30
#define LIMIT_WEB_REQUEST_S   60 /* until a request is whole */
#define LIMIT_WEB_TARGET_SIZE 8192
#define LIMIT_WEB_HEAD_SIZE   (16u << 10)
#define LIMIT_WEB_BODY_SIZE   (64u << 10)
#define LIMIT_WEB_SEGMENTS    8
#define LIMIT_WEB_PARAMETERS  24
#define LIMIT_WEB_STUDIES     10000
#define LIMIT_WEB_STUDY_SIZE  (32u << 20)

/* Measured heat. */
#define LIMIT_HEAT_ROWS    2048 /* of a picture */
#define LIMIT_HEAT_COLUMNS 2048
#define LIMIT_HEAT_LIST    10000 /* hot tablets, hot rows, events of one answer */
#define LIMIT_HEAT_SERVERS 4096
#define LIMIT_HEAT_PENDING 65536 /* ended minutes that wait for those of other servers */

/* The cluster. */
#define LIMIT_DIRECTORY_STALL_MS                                                                   \
    60000 /* a server whose own way to the directory stalls for longer is given up */
#define LIMIT_DIRECTORY_STALL_MIN_MS 10000 /* the least that --stall-timeout may say */
#define LIMIT_CLOCK_SKEW_MS                                                                        \
    30000 /* between clocks of a cluster, as HBase's hbase.master.maxclockskew */
#define LIMIT_QUORUM_GENERATION 127  /* it is seven bits of an epoch */
#define LIMIT_ZNODE_SIZE        8192 /* of a node of ours; HBase's are tens of bytes */

/* On disk. */
#define LIMIT_MANIFEST_SIZE   (64u << 20)
#define LIMIT_DESCRIPTOR_SIZE (16u << 20)
#define LIMIT_PLAN_SIZE       (64u << 20)
#define LIMIT_SNAPSHOT_SIZE   (256u << 20)
#define LIMIT_TEXT_FILE_SIZE  65536 /* the secret of a cluster, its quorum */
#define LIMIT_MANIFEST_NONCES 32768 /* newest first */
/* Of files that are read: we write far fewer. */
#define LIMIT_HISTORY_PROCEDURES 1000000
#define LIMIT_HISTORY_MOVES      1000000
#define LIMIT_DRAINING_SERVERS   100000
#define LIMIT_UNASSIGNED_TABLETS 1000000
#define LIMIT_LOG_RECORD_SIZE    (300u << 20)
#define LIMIT_BLOCK_SIZE                                                                           \
    (64u                                                                                           \
        << 20) /* a data block grows past its target only for one huge cell                       \
                 */
#define LIMIT_PATH_SIZE 4096

/* The command line. */
#define LIMIT_CONFIG_SIZE      (1u << 20) /* --config */
#define LIMIT_DUMP_PATHS       1024
#define LIMIT_DUMP_INPUT_SIZE  (1u << 30) /* of standard input, which is read to its end first */
#define LIMIT_SCRIPT_ARGUMENTS 256
#define LIMIT_IMPORT_LINE_SIZE (64u << 20) /* a value of 10 MB with every byte escaped, and room */

#endif
