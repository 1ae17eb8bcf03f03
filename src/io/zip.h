/* ZIP: the members of an archive in memory, stored or deflated, with ZIP64's sizes.
 * Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3. */
#ifndef GLI_IO_ZIP_H
#define GLI_IO_ZIP_H

#include "io/bytes.h"
#include "io/output.h"

/* ---- Reading ---- */

typedef struct gli_zip {
    const gli_named_bytes *in;
    size_t at, end; /* what is left of the central directory */
    uint64_t left;  /* members */
} gli_zip;

typedef struct gli_zip_member {
    const char *name; /* in the archive, not ended by a zero */
    size_t name_bytes;
    unsigned method, flags;
    uint32_t crc;
    uint64_t packed, size, offset; /* bytes in the archive, unpacked, and where the member's own header is */
} gli_zip_member;

bool gli_zip_is(const void *data, size_t size); /* whether it begins as an archive does */

glia_status gli_zip_open(const gli_named_bytes *in, gli_zip *out);

/* The next member, while left is not 0. */
glia_status gli_zip_next(gli_zip *zip, gli_zip_member *out);

/* Unpacks a member, and checks its CRC. where: what messages begin with. */
glia_status gli_zip_unpack(const gli_zip *zip, const gli_zip_member *member, const char *where, gli_block *out);

/* ---- Writing ---- */

/* The bytes of a member are those of its parts, one after the other. */
enum { GLI_ZIP_PARTS = 2 };
typedef struct gli_zip_part {
    const void *data;
    size_t bytes;
} gli_zip_part;

/* Writes a member behind `offset` bytes of the archive, and notes in *out what the central directory says of it. */
glia_status gli_zip_write(gli_output *file, uint64_t offset, const char *name, bool deflate,
                          const gli_zip_part parts[GLI_ZIP_PARTS], gli_zip_member *out);

/* Bytes of a member that was written. */
uint64_t gli_zip_written(const gli_zip_member *member);

/* The central directory, behind `offset` bytes. */
glia_status gli_zip_finish(gli_output *file, uint64_t offset, const gli_zip_member *members, int n);

/* CRC-32 of IEEE 802.3, of bytes behind others, whose crc is given; of the first ones 0. */
uint32_t gli_crc32(uint32_t crc, const void *data, size_t bytes);

/* The zlib side: io/zlib/deflate.c, or io/no_zlib/deflate_none.c in a build without zlib. Unpacks exactly `size` bytes
 * from all of in. */
glia_status gli_inflate(const gli_named_bytes *in, void *to, size_t size);

/* Packs the parts: *bytes of the block. */
glia_status gli_deflate(glia_context *ctx, const char *where, const gli_zip_part parts[GLI_ZIP_PARTS], gli_block *out,
                        size_t *bytes);

#endif
