/* Reading ZIP. */
#include <string.h>

#include "io/zip.h"

enum {
    LOCAL_BYTES   = 30,
    CENTRAL_BYTES = 46,
    END_BYTES     = 22,
    END64_BYTES   = 56,
    LOCATOR_BYTES = 20,
    STORED        = 0,
    DEFLATED      = 8,
    ENCRYPTED     = 1,
    ID_ZIP64      = 1,
    MAX_RATIO     = 1032 /* deflate stores at most 258 bytes in two bits */
};

static bool has_mark(const unsigned char *at, const char mark[2]) {
    return at[0] == 'P' && at[1] == 'K' && at[2] == mark[0] && at[3] == mark[1];
}

static bool inside(const gli_named_bytes *in, uint64_t at, uint64_t bytes) {
    return at <= in->size && bytes <= in->size - at;
}

bool gli_zip_is(const void *data, size_t size) {
    return size >= END_BYTES && (has_mark(data, "\3\4") || has_mark(data, "\5\6"));
}

/* The record at the end, which a comment may follow. */
static glia_status find_end(const gli_named_bytes *in, size_t *out) {
    const size_t last = in->size - END_BYTES, first = last > UINT16_MAX ? last - UINT16_MAX : 0;
    for (size_t at = last + 1; at-- > first;)
        if (has_mark(in->data + at, "\5\6") && gli_little_endian(in->data + at + 20, 2) == last - at)
            return *out = at, GLIA_OK;
    return gli_fail(in->ctx, GLIA_BAD_FORMAT, "%s: truncated: is a ZIP archive of %zu bytes without a directory",
                    in->where, in->size);
}

/* The same with 64 bits, which a locator before it points to. */
static glia_status find_end64(const gli_named_bytes *in, size_t end, const unsigned char **out) {
    const unsigned char *locator = end >= LOCATOR_BYTES ? in->data + end - LOCATOR_BYTES : NULL;
    *out                         = NULL;
    if (!locator || !has_mark(locator, "\6\7")) return GLIA_OK;
    const uint64_t at = gli_little_endian(locator + 8, 8);
    GLI_REQUIRE(in->ctx, inside(in, at, END64_BYTES) && has_mark(in->data + at, "\6\6"), GLIA_BAD_FORMAT,
                "%s: byte %zu: points to byte %llu of %zu for the directory's end, which is not there", in->where,
                end - LOCATOR_BYTES, (unsigned long long)at, in->size);
    *out = in->data + at;
    return GLIA_OK;
}

glia_status gli_zip_open(const gli_named_bytes *in, gli_zip *out) {
    size_t end                 = 0;
    const unsigned char *end64 = NULL;
    GLI_REQUIRE(in->ctx, gli_zip_is(in->data, in->size), GLIA_BAD_FORMAT, "%s: is not a ZIP archive", in->where);
    GLI_TRY(find_end(in, &end));
    GLI_TRY(find_end64(in, end, &end64));
    const unsigned char *at = in->data + end;
    const uint64_t disk     = end64 ? gli_little_endian(end64 + 16, 4) : gli_little_endian(at + 4, 2);
    const uint64_t members  = end64 ? gli_little_endian(end64 + 32, 8) : gli_little_endian(at + 10, 2);
    const uint64_t bytes    = end64 ? gli_little_endian(end64 + 40, 8) : gli_little_endian(at + 12, 4);
    const uint64_t begin    = end64 ? gli_little_endian(end64 + 48, 8) : gli_little_endian(at + 16, 4);
    GLI_REQUIRE(in->ctx, disk == 0, GLIA_UNSUPPORTED, "%s: is part %llu of an archive in several files", in->where,
                (unsigned long long)disk + 1);
    GLI_REQUIRE(in->ctx, inside(in, begin, bytes) && members <= bytes / CENTRAL_BYTES, GLIA_BAD_FORMAT,
                "%s: announces a directory of %llu members in %llu bytes from byte %llu on, but has %zu bytes",
                in->where, (unsigned long long)members, (unsigned long long)bytes, (unsigned long long)begin, in->size);
    *out = (gli_zip){.in = in, .at = (size_t)begin, .end = (size_t)(begin + bytes), .left = members};
    return GLIA_OK;
}

/* Sizes that have no 32 bits stand in an extra field, in this order. */
static bool read_sizes64(const unsigned char *at, size_t bytes, gli_zip_member *member) {
    uint64_t *const sizes[] = {&member->size, &member->packed, &member->offset};
    bool needed             = false;
    for (int i = 0; i < 3; ++i) needed = needed || *sizes[i] == UINT32_MAX;
    while (needed && bytes >= 4) {
        const size_t id = gli_little_endian(at, 2), length = gli_little_endian(at + 2, 2);
        at += 4, bytes -= 4;
        if (length > bytes) return false;
        if (id == ID_ZIP64) {
            const unsigned char *end = at + length;
            for (int i = 0; i < 3; ++i) {
                if (*sizes[i] != UINT32_MAX) continue;
                if (end - at < 8) return false;
                *sizes[i] = gli_little_endian(at, 8);
                at += 8;
            }
            return true;
        }
        at += length, bytes -= length;
    }
    return true;
}

glia_status gli_zip_next(gli_zip *zip, gli_zip_member *out) {
    const gli_named_bytes *in = zip->in;
    const unsigned char *at   = in->data + zip->at;
    size_t left               = zip->end - zip->at, name, extra;
    GLI_REQUIRE(in->ctx, left >= CENTRAL_BYTES && has_mark(at, "\1\2"), GLIA_BAD_FORMAT,
                "%s: byte %zu: no member of the directory, which has %llu more", in->where, zip->at,
                (unsigned long long)zip->left);
    name = gli_little_endian(at + 28, 2), extra = gli_little_endian(at + 30, 2);
    const size_t bytes = CENTRAL_BYTES + name + extra + gli_little_endian(at + 32, 2);
    *out               = (gli_zip_member){.name       = (const char *)at + CENTRAL_BYTES,
                                          .name_bytes = name,
                                          .flags      = (unsigned)gli_little_endian(at + 8, 2),
                                          .method     = (unsigned)gli_little_endian(at + 10, 2),
                                          .crc        = (uint32_t)gli_little_endian(at + 16, 4),
                                          .packed     = gli_little_endian(at + 20, 4),
                                          .size       = gli_little_endian(at + 24, 4),
                                          .offset     = gli_little_endian(at + 42, 4)};
    GLI_REQUIRE(in->ctx, bytes <= left && read_sizes64(at + CENTRAL_BYTES + name, extra, out), GLIA_BAD_FORMAT,
                "%s: byte %zu: a member's entry of %zu bytes reaches beyond the directory, or is broken", in->where,
                zip->at, bytes);
    zip->at += bytes;
    --zip->left;
    return GLIA_OK;
}

/* The bytes of a member, behind a header of its own. */
static glia_status find_packed(const gli_named_bytes *in, const gli_zip_member *member, const char *where,
                               gli_named_bytes *out) {
    uint64_t at           = member->offset;
    const bool has_header = inside(in, at, LOCAL_BYTES) && has_mark(in->data + at, "\3\4");
    GLI_REQUIRE(in->ctx, has_header, GLIA_BAD_FORMAT, "%s: has no header at byte %llu of %zu, where it should be",
                where, (unsigned long long)at, in->size);
    at += LOCAL_BYTES + gli_little_endian(in->data + at + 26, 2) + gli_little_endian(in->data + at + 28, 2);
    GLI_REQUIRE(in->ctx, inside(in, at, member->packed), GLIA_BAD_FORMAT,
                "%s: has %llu bytes from byte %llu on, but the file %zu", where, (unsigned long long)member->packed,
                (unsigned long long)at, in->size);
    *out = (gli_named_bytes){in->ctx, where, in->data + at, (size_t)member->packed};
    return GLIA_OK;
}

static glia_status check_method(const gli_named_bytes *in, const gli_zip_member *member, const char *where) {
    const bool stored = member->method == STORED;
    GLI_REQUIRE(in->ctx, !(member->flags & ENCRYPTED), GLIA_UNSUPPORTED, "%s: is encrypted", where);
    GLI_REQUIRE(in->ctx, stored || member->method == DEFLATED, GLIA_UNSUPPORTED,
                "%s: is packed by method %u of ZIP, supported are 0 and 8", where, member->method);
    GLI_REQUIRE(in->ctx, stored ? member->size == member->packed : member->size / MAX_RATIO <= member->packed,
                GLIA_BAD_FORMAT, "%s: has %llu bytes, which cannot be %s %llu", where, (unsigned long long)member->size,
                stored ? "stored in" : "packed into", (unsigned long long)member->packed);
    return GLIA_OK;
}

static glia_status check_crc(const gli_named_bytes *in, const gli_zip_member *member, const char *where,
                             const gli_block *got) {
    const uint32_t crc = gli_crc32(0, got->data, got->bytes);
    GLI_REQUIRE(in->ctx, crc == member->crc, GLIA_BAD_FORMAT, "%s: is corrupt: its CRC is %08x, should be %08x", where,
                (unsigned)crc, (unsigned)member->crc);
    return GLIA_OK;
}

glia_status gli_zip_unpack(const gli_zip *zip, const gli_zip_member *member, const char *where, gli_block *out) {
    gli_named_bytes packed;
    GLI_TRY(check_method(zip->in, member, where));
    GLI_TRY(find_packed(zip->in, member, where, &packed));
    GLI_TRY(gli_block_alloc(zip->in->ctx, (size_t)member->size, 1, where, out));
    glia_status status = GLIA_OK;
    if (member->method == DEFLATED)
        status = gli_inflate(&packed, out->data, out->bytes);
    else if (packed.size > 0)
        memcpy(out->data, packed.data, packed.size);
    if (status == GLIA_OK) status = check_crc(zip->in, member, where, out);
    if (status != GLIA_OK) gli_block_free(zip->in->ctx, out);
    return status;
}
