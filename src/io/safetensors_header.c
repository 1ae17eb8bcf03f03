/* The header of a safetensors file: what it says, and whether that can be. */
#include <stdlib.h>
#include <string.h>

#include "core/size.h"
#include "io/json.h"
#include "io/safetensors.h"

/* The shortest tensor in a header: "":{"dtype":"U8","shape":[],"data_offsets":[0,0]}. */
enum { SHORTEST_TENSOR = 49, MOST_NOTES = GLI_SAFETENSORS_MOST_NOTES };

const gli_safetensors_dtype gli_safetensors_dtypes[] = {
    {"U64", 8, GLIA_DTYPE_OTHER},
    {"I64", 8, GLIA_I64},
    {"F64", 8, GLIA_F64},
    {"C64", 8, GLIA_DTYPE_OTHER},
    {"F32", 4, GLIA_F32},
    {"U32", 4, GLIA_DTYPE_OTHER},
    {"I32", 4, GLIA_I32},
    {"BF16", 2, GLIA_BF16},
    {"F16", 2, GLIA_F16},
    {"U16", 2, GLIA_DTYPE_OTHER},
    {"I16", 2, GLIA_DTYPE_OTHER},
    {"F8_E8M0", 1, GLIA_DTYPE_OTHER},
    {"F8_E4M3", 1, GLIA_DTYPE_OTHER},
    {"F8_E5M2", 1, GLIA_DTYPE_OTHER},
    {"I8", 1, GLIA_DTYPE_OTHER},
    {"U8", 1, GLIA_U8},
    {"BOOL", 1, GLIA_DTYPE_OTHER},
};
const int gli_safetensors_dtype_count = sizeof gli_safetensors_dtypes / sizeof *gli_safetensors_dtypes;

static const gli_safetensors_dtype *find_dtype(const char *name) {
    for (int i = 0; i < gli_safetensors_dtype_count; ++i)
        if (strcmp(gli_safetensors_dtypes[i].name, name) == 0) return &gli_safetensors_dtypes[i];
    return NULL;
}

bool gli_safetensors_bytes(const gli_safetensors_dtype *dtype, int ndim, const int64_t *dim, size_t *bytes) {
    *bytes = 1;
    for (int i = 0; i < ndim; ++i)
        if (!gli_mul_size(*bytes, (size_t)dim[i], bytes)) return false;
    return gli_mul_size(*bytes, dtype->bytes, bytes);
}

/* ---- Parsing ---- */

static glia_status read_dtype(gli_json *json, gli_safetensors_tensor *tensor) {
    char *name;
    GLI_TRY(gli_json_string(json, &name));
    tensor->dtype = find_dtype(name);
    GLI_REQUIRE(json->ctx, tensor->dtype, GLIA_UNSUPPORTED, "%s: '%s' has the dtype '%s', which is not known",
                json->path, tensor->name, name);
    return GLIA_OK;
}

static glia_status read_shape(gli_json *json, gli_safetensors_tensor *tensor) {
    bool more;
    GLI_TRY(gli_json_take(json, '['));
    for (tensor->ndim = 0;; ++tensor->ndim) {
        GLI_TRY(gli_json_more(json, tensor->ndim, ']', &more));
        if (!more) return GLIA_OK;
        GLI_REQUIRE(json->ctx, tensor->ndim < GLIA_MAX_DIMS, GLIA_UNSUPPORTED, "%s: '%s' has more than %d dimensions",
                    json->path, tensor->name, GLIA_MAX_DIMS);
        GLI_TRY(gli_json_count(json, &tensor->dim[tensor->ndim]));
    }
}

static glia_status read_offsets(gli_json *json, gli_safetensors_tensor *tensor) {
    int64_t begin, end;
    GLI_TRY(gli_json_take(json, '['));
    GLI_TRY(gli_json_count(json, &begin));
    GLI_TRY(gli_json_take(json, ','));
    GLI_TRY(gli_json_count(json, &end));
    GLI_TRY(gli_json_take(json, ']'));
    tensor->begin = (uint64_t)begin;
    tensor->end   = (uint64_t)end;
    return GLIA_OK;
}

static glia_status check_size(const gli_json *json, const gli_safetensors_tensor *tensor) {
    size_t bytes;
    const bool fits = gli_safetensors_bytes(tensor->dtype, tensor->ndim, tensor->dim, &bytes);
    GLI_REQUIRE(json->ctx, fits, GLIA_BAD_FORMAT, "%s: '%s' has more bytes than memory can", json->path, tensor->name);
    GLI_REQUIRE(json->ctx, tensor->begin <= tensor->end && tensor->end - tensor->begin == bytes, GLIA_BAD_FORMAT,
                "%s: '%s' has %zu bytes, and lies from %llu to %llu", json->path, tensor->name, bytes,
                (unsigned long long)tensor->begin, (unsigned long long)tensor->end);
    return GLIA_OK;
}

/* An object with each of these keys once, in any order. */
static glia_status read_tensor(gli_json *json, gli_safetensors_tensor *tensor) {
    static const struct {
        const char *key;
        glia_status (*read)(gli_json *json, gli_safetensors_tensor *tensor);
    } parts[] = {{"dtype", read_dtype}, {"shape", read_shape}, {"data_offsets", read_offsets}};
    enum { PARTS = sizeof parts / sizeof *parts };
    bool seen[PARTS] = {false}, more;
    GLI_TRY(gli_json_take(json, '{'));
    for (int count = 0;; ++count) {
        char *key;
        int i = 0;
        GLI_TRY(gli_json_more(json, count, '}', &more));
        if (!more) break;
        GLI_TRY(gli_json_string(json, &key));
        GLI_TRY(gli_json_take(json, ':'));
        while (i < PARTS && strcmp(parts[i].key, key) != 0) ++i;
        GLI_REQUIRE(json->ctx, i < PARTS && !seen[i], GLIA_BAD_FORMAT, "%s: '%s' has the key '%s' %s", json->path,
                    tensor->name, key, i < PARTS ? "twice" : "that tensors have not");
        GLI_TRY(parts[i].read(json, tensor));
        seen[i] = true;
    }
    for (int i = 0; i < PARTS; ++i)
        GLI_REQUIRE(json->ctx, seen[i], GLIA_BAD_FORMAT, "%s: '%s' has no '%s'", json->path, tensor->name,
                    parts[i].key);
    return check_size(json, tensor);
}

static glia_status read_notes(gli_json *json, gli_safetensors_header *h) {
    bool more;
    GLI_TRY(gli_json_take(json, '{'));
    for (int count = 0;; ++count) {
        char *key, *value;
        GLI_TRY(gli_json_more(json, count, '}', &more));
        if (!more) return GLIA_OK;
        GLI_REQUIRE(json->ctx, count < MOST_NOTES, GLIA_UNSUPPORTED,
                    "%s: more than %d entries of " GLI_SAFETENSORS_NOTES, json->path, MOST_NOTES);
        GLI_TRY(gli_json_string(json, &key));
        GLI_TRY(gli_json_take(json, ':'));
        GLI_TRY(gli_json_string(json, &value));
        GLI_TRY(gli_grow(json->ctx, &h->notes, &h->note_capacity, count + 1, sizeof *h->notes, "a file's metadata"));
        h->notes[h->n_notes++] = (glia_safetensors_note){key, value};
    }
}

/* How many tensors a header can have: each is an object, and has a length. */
static size_t most_tensors(const char *text, size_t bytes) {
    size_t objects = 0;
    for (size_t i = 0; i < bytes; ++i) objects += text[i] == '{';
    return gli_min_size(objects, bytes / SHORTEST_TENSOR);
}

static glia_status read_header(gli_json *json, gli_safetensors_header *h) {
    gli_safetensors_tensor *tensors = h->tensors.data;
    bool noted                      = false, more;
    GLI_TRY(gli_json_take(json, '{'));
    for (int count = 0;; ++count) {
        char *key;
        GLI_TRY(gli_json_more(json, count, '}', &more));
        if (!more) return gli_json_end(json);
        GLI_TRY(gli_json_string(json, &key));
        GLI_TRY(gli_json_take(json, ':'));
        if (strcmp(key, GLI_SAFETENSORS_NOTES) == 0) {
            GLI_REQUIRE(json->ctx, !noted, GLIA_BAD_FORMAT, "%s: " GLI_SAFETENSORS_NOTES " comes twice", json->path);
            noted = true;
            GLI_TRY(read_notes(json, h));
            continue;
        }
        gli_safetensors_tensor tensor = {.name = key};
        GLI_TRY(read_tensor(json, &tensor));
        tensors[h->n_tensors++] = tensor;
    }
}

/* ---- Checks of all ---- */

static int by_place(const void *a, const void *b) {
    const gli_safetensors_tensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const gli_safetensors_tensor *)a)->name, ((const gli_safetensors_tensor *)b)->name);
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const glia_safetensors_note *)a)->key, ((const glia_safetensors_note *)b)->key);
}

/* The values are one behind the other, and fill the file. */
static glia_status check_places(const gli_json *json, gli_safetensors_header *h, uint64_t value_bytes) {
    gli_safetensors_tensor *tensors = h->tensors.data;
    uint64_t end                    = 0;
    if (h->n_tensors > 1) qsort(tensors, (size_t)h->n_tensors, sizeof *tensors, by_place);
    for (int i = 0; i < h->n_tensors; end = tensors[i++].end)
        GLI_REQUIRE(json->ctx, tensors[i].begin == end, GLIA_BAD_FORMAT,
                    "%s: '%s' begins at byte %llu of the values, the one before it ends at %llu", json->path,
                    tensors[i].name, (unsigned long long)tensors[i].begin, (unsigned long long)end);
    GLI_REQUIRE(json->ctx, end == value_bytes, GLIA_BAD_FORMAT,
                "%s: its header announces %llu bytes of values, but %llu follow", json->path, (unsigned long long)end,
                (unsigned long long)value_bytes);
    return GLIA_OK;
}

static glia_status check_names(const gli_json *json, gli_safetensors_header *h) {
    gli_safetensors_tensor *tensors = h->tensors.data;
    if (h->n_tensors > 1) qsort(tensors, (size_t)h->n_tensors, sizeof *tensors, by_name);
    if (h->n_notes > 1) qsort(h->notes, (size_t)h->n_notes, sizeof *h->notes, by_key);
    for (int i = 1; i < h->n_tensors; ++i)
        GLI_REQUIRE(json->ctx, by_name(&tensors[i - 1], &tensors[i]) != 0, GLIA_BAD_FORMAT,
                    "%s: the name '%s' comes twice", json->path, tensors[i].name);
    for (int i = 1; i < h->n_notes; ++i)
        GLI_REQUIRE(json->ctx, by_key(&h->notes[i - 1], &h->notes[i]) != 0, GLIA_BAD_FORMAT,
                    "%s: " GLI_SAFETENSORS_NOTES " has '%s' twice", json->path, h->notes[i].key);
    return GLIA_OK;
}

glia_status gli_safetensors_parse(glia_context *ctx, const char *path, uint64_t value_bytes,
                                  gli_safetensors_header *h) {
    const size_t bytes = h->text.bytes;
    char *text         = h->text.data;
    GLI_REQUIRE(ctx, bytes > 0 && *text == '{', GLIA_BAD_FORMAT, "%s: its header does not begin with '{'", path);
    gli_json json = {.ctx = ctx, .path = path, .begin = text, .next = text, .end = text + bytes};
    GLI_TRY(gli_block_alloc(ctx, most_tensors(text, bytes), sizeof(gli_safetensors_tensor), "the header of a file",
                            &h->tensors));
    GLI_TRY(read_header(&json, h));
    GLI_TRY(check_places(&json, h, value_bytes));
    return check_names(&json, h);
}

void gli_safetensors_header_free(glia_context *ctx, gli_safetensors_header *h) {
    gli_block_free(ctx, &h->text);
    gli_block_free(ctx, &h->tensors);
    gli_free(ctx, h->notes, (size_t)h->note_capacity, sizeof *h->notes);
    *h = (gli_safetensors_header){0};
}
