/* Writing ZIP, of less than 2^32 bytes: the same content gives the same bytes, whenever it is written. */
#include <string.h>

#include "io/zip.h"

enum {
    LOCAL_BYTES   = 30,
    CENTRAL_BYTES = 46,
    END_BYTES     = 22,
    VERSION       = 20, /* folders and deflate */
    UTF8_NAME     = 1 << 11,
    DATE          = 1 << 5 | 1, /* January 1, 1980, where the format's dates begin */
    DEFLATED      = 8
};

/* Sets fields of two and four bytes, one after the other. */
static void put(unsigned char **to, uint64_t value, unsigned bytes) {
    gli_put_little_endian(*to, value, bytes);
    *to += bytes;
}

static void put_common(unsigned char *to, const gli_zip_member *member) {
    put(&to, VERSION, 2), put(&to, member->flags, 2), put(&to, member->method, 2);
    put(&to, 0, 2), put(&to, DATE, 2);
    put(&to, member->crc, 4), put(&to, member->packed, 4), put(&to, member->size, 4);
    put(&to, member->name_bytes, 2), put(&to, 0, 2);
}

static bool is_ascii(const char *text) {
    while ((unsigned char)(*text - 1) < 0x7f) ++text;
    return *text == '\0';
}

static glia_status check_fits(const gli_output *file, uint64_t offset, uint64_t bytes, const char *what) {
    GLI_REQUIRE(file->ctx, bytes < UINT32_MAX && offset < UINT32_MAX - bytes, GLIA_UNSUPPORTED,
                "%s: '%s' would make it %llu bytes, fewer than 2^32 are supported", file->path, what,
                (unsigned long long)offset + bytes);
    return GLIA_OK;
}

static glia_status write_member(gli_output *file, const gli_zip_member *member, const gli_zip_part *parts, int n) {
    unsigned char header[LOCAL_BYTES] = {'P', 'K', 3, 4};
    put_common(header + 4, member);
    GLI_TRY(gli_output_write(file, header, sizeof header));
    GLI_TRY(gli_output_write(file, member->name, member->name_bytes));
    for (int i = 0; i < n; ++i) GLI_TRY(gli_output_write(file, parts[i].data, parts[i].bytes));
    return GLIA_OK;
}

glia_status gli_zip_write(gli_output *file, uint64_t offset, const char *name, bool deflate,
                          const gli_zip_part parts[GLI_ZIP_PARTS], gli_zip_member *out) {
    gli_block packed = {0};
    size_t bytes     = 0;
    *out             = (gli_zip_member){.name       = name,
                                        .name_bytes = strlen(name),
                                        .flags      = is_ascii(name) ? 0 : UTF8_NAME,
                                        .method     = deflate ? DEFLATED : 0,
                                        .offset     = offset};
    for (int i = 0; i < GLI_ZIP_PARTS; ++i) out->size += parts[i].bytes;
    GLI_TRY(check_fits(file, offset, out->size, name));
    for (int i = 0; i < GLI_ZIP_PARTS; ++i) out->crc = gli_crc32(out->crc, parts[i].data, parts[i].bytes);
    if (deflate) GLI_TRY(gli_deflate(file->ctx, file->path, parts, &packed, &bytes));
    const gli_zip_part one = {packed.data, bytes};
    out->packed            = deflate ? bytes : out->size;
    glia_status status     = check_fits(file, offset, gli_zip_written(out), name);
    if (status == GLIA_OK) status = write_member(file, out, deflate ? &one : parts, deflate ? 1 : GLI_ZIP_PARTS);
    gli_block_free(file->ctx, &packed);
    return status;
}

uint64_t gli_zip_written(const gli_zip_member *member) { return LOCAL_BYTES + member->name_bytes + member->packed; }

glia_status gli_zip_finish(gli_output *file, uint64_t offset, const gli_zip_member *members, int n) {
    uint64_t bytes = 0;
    for (int i = 0; i < n; ++i) {
        unsigned char header[CENTRAL_BYTES] = {'P', 'K', 1, 2, VERSION, 0};
        put_common(header + 6, &members[i]);
        gli_put_little_endian(header + CENTRAL_BYTES - 4, members[i].offset, 4);
        GLI_TRY(gli_output_write(file, header, sizeof header));
        GLI_TRY(gli_output_write(file, members[i].name, members[i].name_bytes));
        bytes += sizeof header + members[i].name_bytes;
    }
    GLI_TRY(check_fits(file, offset, bytes, "its directory"));
    unsigned char end[END_BYTES] = {'P', 'K', 5, 6}, *to = end + 8;
    put(&to, (uint64_t)n, 2), put(&to, (uint64_t)n, 2), put(&to, bytes, 4), put(&to, offset, 4);
    return gli_output_write(file, end, sizeof end);
}
