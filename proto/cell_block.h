/* Cell blocks: cells as HBase's KeyValueCodec lays them on the wire (facts: hbase-rpc 3). All big-
 * endian:
 *
 *   u32 size | u32 key size | u32 value size | key | value [ u16 tags size | tags ]
 *   key: u16 row size | row | u8 family size | family | qualifier | i64 timestamp | u8 type
 *
 * size counts what follows it. KeyValueCodec never writes tags; KeyValueCodecWithTags writes them,
 * with their size, on cells that have some. Sequences do not travel. */
#ifndef STELE_PROTO_CELL_BLOCK_H
#define STELE_PROTO_CELL_BLOCK_H

#include "base/bytes.h"
#include "base/status.h"
#include "model/cell.h"

enum cell_codec {
    CELL_CODEC_NONE, /* no codec agreed: cells travel inside the messages */
    CELL_CODEC_KEY_VALUE,
    CELL_CODEC_KEY_VALUE_WITH_TAGS,
};

/* Of a connection header's cell_block_codec_class; false when the name is unknown. Empty = none. */
bool cell_codec_find(struct span class_name, enum cell_codec *out_codec);

/* Bytes the cell takes in a block. */
static inline size_t cell_block_cell_size(const struct cell *cell, enum cell_codec codec)
{
    size_t size = 4 + 8 + 12 + cell->row.size + cell->family.size + cell->qualifier.size +
                  cell->value.size;
    return codec == CELL_CODEC_KEY_VALUE_WITH_TAGS && cell->tags.size ? size + 2 + cell->tags.size
                                                                      : size;
}

/* Writes cell_block_cell_size bytes at `out` and returns their end. */
uint8_t *cell_block_store(uint8_t *out, const struct cell *cell, enum cell_codec codec);
void cell_block_put(struct buffer *out, const struct cell *cell, enum cell_codec codec);

/* Takes the next cell off a block; its spans point into the block. STATUS_END at the end;
 * STATUS_INVALID when lengths disagree; STATUS_LIMIT when row, family or cell is over its limit
 * (base/limits.h). Tags are accepted whatever the codec: their presence shows in the sizes. A
 * malformed tag list is STATUS_INVALID. */
enum status cell_block_take(struct span *in, struct cell *out_cell, struct error *error);

#endif
