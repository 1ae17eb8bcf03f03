#include "onnx/onnx_message.h"

#include "core/size.h"

/* ---- The nesting. Source: Protocol Buffers, "Encoding" ---- */

typedef struct scanner {
    const gli_named_bytes *from;
    size_t at;
} scanner;

static glia_status broken(const scanner *s, const char *why) {
    return gli_fail(s->from->ctx, GLIA_BAD_FORMAT, "%s: broken at byte %zu of %zu: %s", s->from->where, s->at,
                    s->from->size, why);
}

static glia_status read_varint(scanner *s, size_t end, uint64_t *out) {
    *out = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (s->at >= end) return broken(s, "a number ends early");
        const unsigned char byte = s->from->data[s->at++];
        if (shift < 64) *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return GLIA_OK;
    }
    return broken(s, "a number of more than 10 bytes");
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type, uint64_t number) {
    for (unsigned i = 0; i < type->n_fields; ++i)
        if (type->fields[i].id == number) return &type->fields[i];
    return NULL;
}

static glia_status skip(scanner *s, size_t end, uint64_t bytes) {
    if (bytes > end - s->at) return broken(s, "a field ends after the message that it is in");
    s->at += (size_t)bytes;
    return GLIA_OK;
}

enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

/* The messages of type `type` whose bytes are up to `end`, and all within. */
static glia_status scan(scanner *s, size_t end, const ProtobufCMessageDescriptor *type, int depth) {
    if (depth > GLI_ONNX_MOST_DEPTH) return broken(s, "messages are nested more than 64 deep");
    while (s->at < end) {
        uint64_t tag, value;
        GLI_TRY(read_varint(s, end, &tag));
        const ProtobufCFieldDescriptor *field = find_field(type, tag >> 3);
        switch (tag & 7) {
            case WIRE_VARINT: GLI_TRY(read_varint(s, end, &value)); break;
            case WIRE_64: GLI_TRY(skip(s, end, 8)); break;
            case WIRE_32: GLI_TRY(skip(s, end, 4)); break;
            case WIRE_BYTES:
                GLI_TRY(read_varint(s, end, &value));
                if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE) {
                    GLI_TRY(skip(s, end, value));
                    break;
                }
                if (value > end - s->at) return broken(s, "a field ends after the message that it is in");
                GLI_TRY(scan(s, s->at + (size_t)value, field->descriptor, depth + 1));
                break;
            default: return broken(s, "a field of a kind that there is not");
        }
    }
    return GLIA_OK;
}

/* ---- The memory ---- */

typedef struct counter {
    glia_context *ctx;
    gli_arena *arena;
    size_t left;
    bool too_much, no_memory;
} counter;

static void *allocate(void *data, size_t bytes) {
    counter *c = data;
    void *memory;
    const size_t counted = gli_align_up(bytes, sizeof(max_align_t));
    if (counted > c->left) return c->too_much = true, NULL;
    if (gli_arena_alloc(c->ctx, c->arena, counted, 1, &memory) != GLIA_OK) return c->no_memory = true, NULL;
    c->left -= counted;
    return memory;
}

/* It goes with the arena. */
static void release(void *data, void *memory) { (void)data, (void)memory; }

glia_status gli_onnx_unpack(const gli_named_bytes *from, const ProtobufCMessageDescriptor *type, gli_arena *arena,
                            ProtobufCMessage **out) {
    enum { LEAST = 32 << 20 };
    scanner s = {.from = from};
    GLI_TRY(scan(&s, from->size, type, 1));
    counter c = {.ctx = from->ctx, .arena = arena, .left = gli_min_size(from->size, SIZE_MAX / 4) * 2 + LEAST};
    ProtobufCAllocator allocator = {.alloc = allocate, .free = release, .allocator_data = &c};
    *out                         = protobuf_c_message_unpack(type, &allocator, from->size, from->data);
    if (*out) return GLIA_OK;
    if (c.no_memory) return GLIA_OUT_OF_MEMORY;
    GLI_REQUIRE(from->ctx, !c.too_much, GLIA_BAD_FORMAT,
                "%s: its %zu bytes would take more than twice as many and 32 MB of memory", from->where, from->size);
    return gli_fail(from->ctx, GLIA_BAD_FORMAT, "%s: is not a message %s of ONNX", from->where, type->short_name);
}
