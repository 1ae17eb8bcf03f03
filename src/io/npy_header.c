/* Headers of NPY: a dictionary, as Python writes it. */
#include <stdio.h>
#include <string.h>

#include "core/size.h"
#include "core/tensor_impl.h"
#include "io/npy.h"

const gli_npy_type gli_npy_types[] = {
    {"f4", 4, GLIA_F32, GLI_NPY_SAME},    {"f8", 8, GLIA_F64, GLI_NPY_SAME},     {"f2", 2, GLIA_F16, GLI_NPY_SAME},
    {"V2", 2, GLIA_BF16, GLI_NPY_SAME},   {"u1", 1, GLIA_U8, GLI_NPY_SAME},      {"i4", 4, GLIA_I32, GLI_NPY_SAME},
    {"i8", 8, GLIA_I64, GLI_NPY_SAME},    {"b1", 1, GLIA_U8, GLI_NPY_BOOL},      {"i1", 1, GLIA_I32, GLI_NPY_SIGNED},
    {"i2", 2, GLIA_I32, GLI_NPY_SIGNED},  {"u2", 2, GLIA_I32, GLI_NPY_UNSIGNED}, {"u4", 4, GLIA_I64, GLI_NPY_UNSIGNED},
    {"u8", 8, GLIA_I64, GLI_NPY_UNSIGNED}};
const int gli_npy_type_count = sizeof gli_npy_types / sizeof *gli_npy_types;

static const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

bool gli_npy_is(const void *data, size_t size) {
    return size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

/* ---- Python's syntax ---- */

typedef struct cursor {
    const gli_named_bytes *in;
    size_t at, end;
} cursor;

static glia_status fail(const cursor *c, const char *expected) {
    if (c->at >= c->end)
        return gli_fail(c->in->ctx, GLIA_BAD_FORMAT, "%s: byte %zu: the header ends where %s should be", c->in->where,
                        c->at, expected);
    return gli_fail(c->in->ctx, GLIA_BAD_FORMAT, "%s: byte %zu: the header has the byte 0x%02x where %s should be",
                    c->in->where, c->at, c->in->data[c->at], expected);
}

/* The byte behind spaces; 0 at the end. */
static unsigned char peek(cursor *c) {
    while (c->at < c->end && (c->in->data[c->at] == ' ' || c->in->data[c->at] == '\n')) ++c->at;
    return c->at < c->end ? c->in->data[c->at] : 0;
}

static bool skip(cursor *c, char byte) {
    if (peek(c) != (unsigned char)byte || c->at >= c->end) return false;
    ++c->at;
    return true;
}

/* A text in single or double quotes, without escapes: none of those that matter has any. */
static glia_status read_text(cursor *c, const char *expected, const char **text, size_t *length) {
    const char quote = (char)peek(c);
    if (quote != '\'' && quote != '"') return fail(c, expected);
    const char *begin = (const char *)c->in->data + ++c->at, *end = memchr(begin, quote, c->end - c->at);
    if (!end) return c->at = c->end, fail(c, "the end of a text");
    *text   = begin;
    *length = (size_t)(end - begin);
    c->at += *length + 1;
    return GLIA_OK;
}

static bool is(const char *text, size_t length, const char *word) {
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static glia_status read_order(cursor *c, bool *fortran) {
    const unsigned char first = peek(c);
    const char *text          = (const char *)c->in->data + c->at;
    *fortran                  = first == 'T';
    const char *word          = *fortran ? "True" : "False";
    if (c->end - c->at < strlen(word) || !is(text, strlen(word), word)) return fail(c, "True or False");
    c->at += strlen(word);
    return GLIA_OK;
}

static glia_status read_dimension(cursor *c, int64_t *out) {
    const size_t begin = c->at;
    int64_t value      = 0;
    bool fits          = true;
    for (; c->at < c->end && c->in->data[c->at] >= '0' && c->in->data[c->at] <= '9'; ++c->at)
        fits = fits && gli_mul_i64(value, 10, &value) &&
               !__builtin_add_overflow(value, (int64_t)(c->in->data[c->at] - '0'), &value);
    if (c->at == begin) return fail(c, "a dimension");
    GLI_REQUIRE(c->in->ctx, fits, GLIA_BAD_FORMAT, "%s: byte %zu: the dimension %.*s is beyond 64 bits", c->in->where,
                begin, (int)gli_min_size(c->at - begin, 40), (const char *)c->in->data + begin);
    skip(c, 'L'); /* as Python 2 wrote it */
    *out = value;
    return GLIA_OK;
}

/* Python needs a comma behind a single dimension, and allows it behind others. */
static glia_status read_shape(cursor *c, glia_shape *shape) {
    shape->ndim = 0;
    if (!skip(c, '(')) return fail(c, "a shape");
    while (!skip(c, ')')) {
        peek(c);
        GLI_REQUIRE(c->in->ctx, shape->ndim < GLIA_MAX_DIMS, GLIA_UNSUPPORTED,
                    "%s: byte %zu: the array has more than %d dimensions", c->in->where, c->at, GLIA_MAX_DIMS);
        GLI_TRY(read_dimension(c, &shape->dim[shape->ndim++]));
        const bool comma = skip(c, ',');
        if (!comma && (peek(c) != ')' || shape->ndim == 1)) return fail(c, "a comma in a shape");
    }
    return GLIA_OK;
}

static glia_status read_type(cursor *c, gli_npy_header *out) {
    const char *text = NULL;
    size_t length    = 0;
    GLI_REQUIRE(c->in->ctx, peek(c) != '[', GLIA_UNSUPPORTED,
                "%s: byte %zu: the array is one of records, which have several types", c->in->where, c->at);
    GLI_TRY(read_text(c, "a type", &text, &length));
    const char order = length == 3 ? text[0] : 0;
    for (int i = 0; order && i < gli_npy_type_count; ++i) {
        const gli_npy_type *type = &gli_npy_types[i];
        /* "|" is that of one byte; "|V2" is any two bytes, not bf16. */
        const bool ordered = order == '<' || (type->bytes == 1 && order == '|') ||
                             (type->dtype != GLIA_BF16 && (order == '>' || order == '='));
        if (ordered && memcmp(text + 1, type->code, 2) == 0) out->type = type;
    }
    out->big_endian = order == '>';
    GLI_REQUIRE(c->in->ctx, out->type, GLIA_UNSUPPORTED, "%s: the array has the type '%.*s', which no dtype can hold",
                c->in->where, (int)gli_min_size(length, 40), text);
    return GLIA_OK;
}

static glia_status read_dictionary(cursor *c, gli_npy_header *out) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    bool seen[3]                    = {false};
    if (!skip(c, '{')) return fail(c, "a dictionary");
    while (!skip(c, '}')) {
        const char *key = NULL;
        size_t length   = 0;
        int k           = 0;
        GLI_TRY(read_text(c, "a key", &key, &length));
        while (k < 3 && !is(key, length, keys[k])) ++k;
        GLI_REQUIRE(c->in->ctx, k < 3 && !seen[k], GLIA_BAD_FORMAT, "%s: byte %zu: the key '%.*s' is %s", c->in->where,
                    c->at - length - 2, (int)gli_min_size(length, 40), key, k < 3 ? "there twice" : "none of NPY");
        seen[k] = true;
        if (!skip(c, ':')) return fail(c, "':'");
        GLI_TRY(k == 0 ? read_type(c, out) : k == 1 ? read_order(c, &out->fortran) : read_shape(c, &out->shape));
        if (!skip(c, ',') && peek(c) != '}') return fail(c, "',' or '}'");
    }
    for (int k = 0; k < 3; ++k)
        GLI_REQUIRE(c->in->ctx, seen[k], GLIA_BAD_FORMAT, "%s: the header has no '%s'", c->in->where, keys[k]);
    peek(c);
    return c->at == c->end ? GLIA_OK : fail(c, "the end");
}

/* ---- The whole ---- */

/* Where the dictionary lies. */
static glia_status find_dictionary(const gli_named_bytes *in, size_t *begin, size_t *length) {
    const unsigned char *at = in->data;
    GLI_REQUIRE(in->ctx, gli_npy_is(in->data, in->size), GLIA_BAD_FORMAT,
                "%s: is not an NPY file: does not begin with 0x93 'NUMPY'", in->where);
    GLI_REQUIRE(in->ctx, in->size >= 12, GLIA_BAD_FORMAT, "%s: truncated: has %zu bytes, a header at least 12",
                in->where, in->size);
    GLI_REQUIRE(in->ctx, at[6] >= 1 && at[6] <= 3 && at[7] == 0, GLIA_UNSUPPORTED,
                "%s: has version %d.%d of NPY, supported are 1.0, 2.0 and 3.0", in->where, at[6], at[7]);
    *begin  = at[6] == 1 ? 10 : 12;
    *length = (size_t)gli_little_endian(at + 8, at[6] == 1 ? 2 : 4);
    GLI_REQUIRE(in->ctx, *length <= GLI_NPY_MOST_HEADER, GLIA_UNSUPPORTED,
                "%s: has a header of %zu bytes, allowed are %d", in->where, *length, GLI_NPY_MOST_HEADER);
    GLI_REQUIRE(in->ctx, *length <= in->size - *begin, GLIA_BAD_FORMAT,
                "%s: truncated: its header has %zu bytes, but %zu follow", in->where, *length, in->size - *begin);
    return GLIA_OK;
}

static glia_status count_elements(const gli_named_bytes *in, gli_npy_header *header) {
    const glia_shape *shape = &header->shape;
    int64_t count = 1, bytes = 0;
    bool fits = true, empty = false;
    for (int i = 0; i < shape->ndim; ++i) {
        empty = empty || shape->dim[i] == 0;
        fits  = fits && gli_mul_i64(count, shape->dim[i], &count);
    }
    if (empty) count = 0, fits = true;
    fits = fits && gli_mul_i64(count, header->type->bytes, &bytes);
    GLI_REQUIRE(in->ctx, fits, GLIA_BAD_FORMAT, "%s: the shape %s has more bytes than 64 bits can count", in->where,
                gli_shape_text(shape->ndim, shape->dim, (char[GLI_SHAPE_TEXT]){0}));
    const size_t left = in->size - header->bytes;
    GLI_REQUIRE(in->ctx, (uint64_t)bytes == left, GLIA_BAD_FORMAT,
                "%s: byte %zu: the shape %s of '%s' needs %lld bytes, but %zu follow the header", in->where,
                header->bytes, gli_shape_text(shape->ndim, shape->dim, (char[GLI_SHAPE_TEXT]){0}), header->type->code,
                (long long)bytes, left);
    header->count = count;
    return GLIA_OK;
}

glia_status gli_npy_read_header(const gli_named_bytes *in, gli_npy_header *out) {
    size_t begin = 0, length = 0;
    *out = (gli_npy_header){0};
    GLI_TRY(find_dictionary(in, &begin, &length));
    out->bytes = begin + length;
    cursor c   = {in, begin, out->bytes};
    GLI_TRY(read_dictionary(&c, out));
    return count_elements(in, out);
}

/* ---- Writing ---- */

static const gli_npy_type *type_of(glia_dtype dtype) {
    for (int i = 0; i < gli_npy_type_count; ++i)
        if (gli_npy_types[i].dtype == dtype && gli_npy_types[i].kind == GLI_NPY_SAME) return &gli_npy_types[i];
    return NULL;
}

glia_status gli_npy_check(glia_context *ctx, const char *call, const char *what, const glia_npy_array *array) {
    char name[96];
    int64_t bytes = 1;
    snprintf(name, sizeof name, "%s: %s", call, what);
    GLI_TRY(gli_shape_check(ctx, name, array->dtype, array->shape));
    for (int i = 0; i < array->shape.ndim; ++i) bytes *= array->shape.dim[i];
    bytes *= (int64_t)glia_dtype_size(array->dtype);
    GLI_REQUIRE(ctx, array->bytes == (size_t)bytes, GLIA_SHAPE_MISMATCH,
                "%s: %s has %zu bytes, its shape and dtype have %lld", call, what, array->bytes, (long long)bytes);
    GLI_REQUIRE(ctx, array->values || bytes == 0, GLIA_INVALID_ARGUMENT, "%s: the values of %s are NULL", call, what);
    return GLIA_OK;
}

/* With room for the first dimension to grow in place, and spaces up to the alignment, as NumPy leaves them. */
size_t gli_npy_write_header(const glia_npy_array *array, char *to) {
    enum { PREFIX = 10, DIGITS = 21 };
    const gli_npy_type *type = type_of(array->dtype);
    const glia_shape *shape  = &array->shape;
    char *text               = to + PREFIX;
    int n =
        sprintf(text, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", type->bytes == 1 ? '|' : '<', type->code);
    int first = 0;
    for (int i = 0; i < shape->ndim; ++i) {
        const int digits = sprintf(text + n, "%lld", (long long)shape->dim[i]);
        if (i == 0) first = digits;
        n += digits;
        n += sprintf(text + n, "%s", i + 1 < shape->ndim ? ", " : shape->ndim == 1 ? "," : "");
    }
    n += sprintf(text + n, "), }");
    if (shape->ndim > 0) n += sprintf(text + n, "%*s", DIGITS - first, "");
    const size_t end = gli_align_up((size_t)(PREFIX + n + 1), GLI_NPY_ALIGNMENT), length = end - PREFIX;
    memset(text + n, ' ', end - PREFIX - (size_t)n);
    to[end - 1] = '\n';
    memcpy(to, magic, sizeof magic);
    to[6] = 1, to[7] = 0;
    gli_put_little_endian((unsigned char *)to + 8, length, 2);
    return end;
}
