/* Values of NPY: to row-major order, the machine's byte order, and the dtypes of Glia. */
#include <string.h>

#include "io/npy.h"

static uint64_t load_bits(const unsigned char *from, unsigned bytes, bool big_endian) {
    const uint64_t bits = gli_little_endian(from, bytes);
    return big_endian ? __builtin_bswap64(bits) >> (64 - 8 * bytes) : bits;
}

static uint64_t convert(const gli_npy_type *type, uint64_t bits) {
    const unsigned unused = 64 - 8 * type->bytes;
    switch (type->kind) {
        case GLI_NPY_BOOL: return bits != 0;
        case GLI_NPY_SIGNED: return (uint64_t)((int64_t)(bits << unused) >> unused);
        default: return bits;
    }
}

static void store_bits(glia_dtype dtype, void *to, int64_t i, uint64_t bits) {
    const size_t size = glia_dtype_size(dtype);
    switch (size) {
        case 1: ((uint8_t *)to)[i] = (uint8_t)bits; break;
        case 2: ((uint16_t *)to)[i] = (uint16_t)bits; break;
        case 4: ((uint32_t *)to)[i] = (uint32_t)bits; break;
        default: ((uint64_t *)to)[i] = bits;
    }
}

/* Elements from one to the next along each dimension of the file. */
static void strides_of(const gli_npy_header *header, int64_t *stride) {
    const glia_shape *shape = &header->shape;
    int64_t elements        = 1;
    for (int k = 0; k < shape->ndim; ++k) {
        const int i = header->fortran ? k : shape->ndim - 1 - k;
        stride[i]   = elements;
        elements *= shape->dim[i];
    }
}

glia_status gli_npy_convert(const gli_named_bytes *in, const gli_npy_header *header, gli_block *out) {
    const gli_npy_type *type    = header->type;
    const glia_shape *shape     = &header->shape;
    const unsigned char *values = in->data + header->bytes;
    int64_t stride[GLIA_MAX_DIMS], at[GLIA_MAX_DIMS] = {0}, from = 0;
    const bool same = type->kind == GLI_NPY_SAME && (!header->big_endian || type->bytes == 1) &&
                      (!header->fortran || shape->ndim < 2);
    *out = (gli_block){0};
    if (header->count == 0 || (same && (uintptr_t)values % type->bytes == 0)) return GLIA_OK;
    GLI_TRY(gli_block_alloc(in->ctx, (size_t)header->count, glia_dtype_size(type->dtype), in->where, out));
    strides_of(header, stride);
    for (int64_t i = 0; i < header->count; ++i) {
        const uint64_t bits = load_bits(values + from * type->bytes, type->bytes, header->big_endian);
        if (type->kind == GLI_NPY_UNSIGNED && bits > INT64_MAX) {
            gli_block_free(in->ctx, out);
            return gli_fail(in->ctx, GLIA_BAD_FORMAT, "%s: byte %zu: the value %llu of uint64 has no i64", in->where,
                            header->bytes + (size_t)from * type->bytes, (unsigned long long)bits);
        }
        store_bits(type->dtype, out->data, i, convert(type, bits));
        for (int k = shape->ndim - 1; k >= 0; --k) { /* to the next in row-major order */
            from += stride[k];
            if (++at[k] < shape->dim[k]) break;
            from -= at[k] * stride[k];
            at[k] = 0;
        }
    }
    return GLIA_OK;
}
