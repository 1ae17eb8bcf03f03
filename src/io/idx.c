#include "io/idx.h"

#include <string.h>

#include "core/size.h"
#include "io/input.h"

typedef struct element_type {
    unsigned char code, bytes;
    glia_dtype dtype;
} element_type;

static const element_type *type_of(unsigned char code) {
    static const element_type types[] = {{0x08, 1, GLIA_U8},  {0x09, 1, GLIA_I32}, {0x0B, 2, GLIA_I32},
                                         {0x0C, 4, GLIA_I32}, {0x0D, 4, GLIA_F32}, {0x0E, 8, GLIA_F64}};
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i)
        if (types[i].code == code) return &types[i];
    return NULL;
}

static uint64_t big_endian(const unsigned char *from, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | from[i];
    return value;
}

static glia_status read_header(gli_input *in, const element_type **type, gli_idx *idx) {
    unsigned char magic[4], size[4];
    GLI_TRY(gli_input_read(in, magic, sizeof magic, "an IDX magic number"));
    GLI_REQUIRE(in->ctx, magic[0] == 0 && magic[1] == 0, GLIA_BAD_FORMAT,
                "%s: is not an IDX file: begins with the bytes %02x %02x %02x %02x", in->path, magic[0], magic[1],
                magic[2], magic[3]);
    *type = type_of(magic[2]);
    GLI_REQUIRE(in->ctx, *type, GLIA_BAD_FORMAT, "%s: 0x%02x is not a type code of IDX", in->path, magic[2]);
    GLI_REQUIRE(in->ctx, magic[3] >= 1 && magic[3] <= GLIA_MAX_DIMS, GLIA_BAD_FORMAT,
                "%s: has %d dimensions, must have 1 to %d", in->path, magic[3], GLIA_MAX_DIMS);
    idx->dtype = (*type)->dtype;
    idx->ndim  = magic[3];
    for (int i = 0; i < idx->ndim; ++i) {
        GLI_TRY(gli_input_read(in, size, sizeof size, "the size of a dimension"));
        idx->dim[i] = (int64_t)big_endian(size, sizeof size);
    }
    return GLIA_OK;
}

/* Converts the file's elements, which are at the end of the block, to the machine's, which fill it from the front.
 * Those are at least as large, so a write never overtakes a read. */
static void decode(const element_type *type, int64_t count, gli_block *block) {
    if (type->code == 0x08 || count == 0) return;
    const size_t size         = glia_dtype_size(type->dtype);
    const unsigned char *from = (unsigned char *)block->data + block->bytes - (size_t)count * type->bytes;
    char *to                  = block->data;
    for (int64_t i = 0; i < count; ++i, from += type->bytes, to += size) {
        const uint64_t bits   = big_endian(from, type->bytes);
        const int32_t integer = type->bytes == 1   ? (int8_t)(uint8_t)bits
                                : type->bytes == 2 ? (int16_t)(uint16_t)bits
                                                   : (int32_t)(uint32_t)bits;
        if (size == sizeof integer)
            memcpy(to, &integer, size);
        else
            memcpy(to, &bits, size);
    }
}

static glia_status read_content(gli_input *in, const element_type *type, size_t max_bytes, gli_idx *idx) {
    int64_t count = 1;
    bool fits = true, empty = false;
    for (int i = 0; i < idx->ndim; ++i) {
        empty = empty || idx->dim[i] == 0;
        fits  = fits && gli_mul_i64(count, idx->dim[i], &count);
    }
    if (empty) count = 0;
    GLI_REQUIRE(in->ctx, empty || (fits && count <= INT64_MAX / (int64_t)sizeof(double)), GLIA_BAD_FORMAT,
                "%s: its header announces more elements than 64 bits can count", in->path);
    const size_t bytes = (size_t)count * type->bytes;
    GLI_TRY(gli_input_expect(in, bytes, max_bytes));
    GLI_TRY(gli_block_alloc(in->ctx, (size_t)count, glia_dtype_size(type->dtype), in->path, &idx->data));
    char *begin        = idx->data.data;
    glia_status status = gli_input_read(in, begin ? begin + idx->data.bytes - bytes : NULL, bytes, "its content");
    if (status == GLIA_OK) status = gli_input_end(in);
    if (status == GLIA_OK)
        decode(type, count, &idx->data);
    else
        gli_block_free(in->ctx, &idx->data);
    return status;
}

glia_status gli_idx_read(glia_context *ctx, const char *path, size_t max_bytes, gli_idx *out) {
    gli_input in;
    const element_type *type = NULL;
    gli_idx idx              = {0};
    GLI_TRY(gli_input_open(ctx, path, &in));
    glia_status status = read_header(&in, &type, &idx);
    if (status == GLIA_OK) status = read_content(&in, type, max_bytes, &idx);
    gli_input_close(&in);
    if (status == GLIA_OK) *out = idx;
    return status;
}
