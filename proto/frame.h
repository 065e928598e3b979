/* Frames of HBase's RPC (facts: hbase-rpc 1, 2). Everything after the preamble and the connection
 * header:
 *
 *   request:  u32 total | varint + RequestHeader  | varint + parameter | cell block
 *   response: u32 total | varint + ResponseHeader | varint + result    | cell block
 *
 * total counts what follows it. An answer that is an exception ends after its header. Frames are
 * encoded as a head (all up to the parameter or result, its length varint included), so that the
 * message and the cell block can follow from wherever they are without being copied. */
#ifndef STELE_PROTO_FRAME_H
#define STELE_PROTO_FRAME_H

#include "base/bytes.h"
#include "base/status.h"

#define PREAMBLE_SIZE     6
#define PREAMBLE_MAGIC    "HBas"
#define AUTH_SIMPLE       0x50
#define AUTH_KERBEROS     0x51
#define AUTH_DIGEST       0x52
#define PREAMBLE_REGISTRY "Regist"   /* asks for the cluster id, then the server closes */
#define PREAMBLE_SECURITY "Securi"   /* asks for the server's principal */
#define CALL_ID_NONE      UINT32_MAX /* answers that belong to no call */

#define CODEC_KEY_VALUE           "org.apache.hadoop.hbase.codec.KeyValueCodec"
#define CODEC_KEY_VALUE_WITH_TAGS "org.apache.hadoop.hbase.codec.KeyValueCodecWithTags"

struct request_frame {
    uint32_t call_id;
    bool has_param; /* request_param: must be true for a call to make sense */
    uint32_t priority;
    uint32_t timeout_ms;    /* 0 = none */
    struct span method;     /* "Get" */
    struct span param;      /* the request message */
    struct span cell_block; /* empty = none */
};

struct exception {
    struct span class_name; /* Java class, with package */
    struct span text;       /* stack_trace: the message, sometimes with a trace after it */
    struct span hostname;
    int32_t port;
    bool has_do_not_retry;
    bool is_do_not_retry;
    bool is_server_overloaded;
};

struct response_frame {
    uint32_t call_id;
    bool has_exception;
    struct exception exception;
    struct span result; /* the response message */
    struct span cell_block;
};

/* Looks for a whole frame at the front of `in`: *out_body is what follows the 4 bytes.
 * STATUS_WOULD_BLOCK when more bytes are needed (*out_size = bytes of the whole frame when they can
 * be told, else 0), STATUS_LIMIT when the frame claims more than limit. */
enum status frame_peek(struct span in, size_t limit, struct span *out_body, size_t *out_size);

/* Both take a frame's body; spans point into it. STATUS_INVALID when malformed. */
enum status request_frame_decode(
    struct span body, struct request_frame *out_request, struct error *error);
enum status response_frame_decode(
    struct span body, struct response_frame *out_response, struct error *error);

/* Appends the head of a request; param_size bytes of message and cell_block_size bytes must follow.
 * cell_block_size 0 = no block. */
void request_head_encode(struct buffer *out, uint32_t call_id, struct span method,
    uint32_t priority, uint32_t timeout_ms, size_t param_size, size_t cell_block_size);
/* The same for a response. */
void response_head_encode(
    struct buffer *out, uint32_t call_id, size_t result_size, size_t cell_block_size);
/* Upper bound of what either head appends, for a method name of this size. */
#define FRAME_HEAD_SIZE_MAX(method_size) (64 + (method_size))

/* A whole response: head, result and nothing else. */
void response_encode(struct buffer *out, uint32_t call_id, struct span result);
/* A whole response that is an exception. text must not be empty: clients dereference it. */
void exception_encode(struct buffer *out, uint32_t call_id, const struct exception *exception);

#endif
