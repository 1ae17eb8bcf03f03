/* Writing NPY and NPZ. */
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"
#include "io/npy.h"
#include "io/zip.h"

enum { NAME_BYTES = 256 }; /* with the zero at its end */

static void parts_of(const glia_npy_array *array, char header[GLI_NPY_MOST_WRITTEN],
                     gli_zip_part parts[GLI_ZIP_PARTS]) {
    parts[0] = (gli_zip_part){header, gli_npy_write_header(array, header)};
    parts[1] = (gli_zip_part){array->values, array->bytes};
}

static glia_status finish(gli_output *out, glia_status status) {
    if (status == GLIA_OK) return gli_output_commit(out);
    gli_output_abandon(out);
    return status;
}

static glia_status write_npy(glia_context *ctx, const char *path, const glia_npy_array *array) {
    const char *call = "glia_npy_write";
    char header[GLI_NPY_MOST_WRITTEN];
    gli_zip_part parts[GLI_ZIP_PARTS];
    gli_output out;
    GLI_REQUIRE(ctx, path && array, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", call, path ? "array" : "path");
    GLI_TRY(gli_npy_check(ctx, call, "array", array));
    parts_of(array, header, parts);
    GLI_TRY(gli_output_open(ctx, path, &out));
    glia_status status = GLIA_OK;
    for (int i = 0; i < GLI_ZIP_PARTS && status == GLIA_OK; ++i)
        status = gli_output_write(&out, parts[i].data, parts[i].bytes);
    return finish(&out, status);
}

glia_status glia_npy_write(glia_context *ctx, const char *path, const glia_npy_array *array) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = write_npy(ctx, path, array);
    gli_leave(ctx);
    return status;
}

static glia_status check_arrays(glia_context *ctx, const char *call, const glia_npy_array *arrays, int n) {
    char what[32];
    for (int i = 0; i < n; ++i) {
        const char *name = arrays[i].name;
        snprintf(what, sizeof what, "arrays[%d]", i);
        GLI_REQUIRE(ctx, name && gli_name_valid(name, NAME_BYTES - 1) && gli_utf8_valid(name, strlen(name)),
                    GLIA_INVALID_ARGUMENT, "%s: the name of %s is NULL, has not 1 to %d bytes, or is not UTF-8", call,
                    what, NAME_BYTES - 1);
        GLI_TRY(gli_npy_check(ctx, call, what, &arrays[i]));
        for (int k = 0; k < i; ++k)
            GLI_REQUIRE(ctx, strcmp(arrays[k].name, name) != 0, GLIA_INVALID_ARGUMENT, "%s: the name '%s' comes twice",
                        call, name);
    }
    return GLIA_OK;
}

typedef struct member_name {
    char name[NAME_BYTES + 4]; /* with ".npy" */
} member_name;

static glia_status write_members(gli_output *out, const glia_npy_array *arrays, int n, bool compressed,
                                 gli_zip_member *members, member_name *names) {
    char header[GLI_NPY_MOST_WRITTEN];
    gli_zip_part parts[GLI_ZIP_PARTS];
    uint64_t offset = 0;
    for (int i = 0; i < n; ++i) {
        parts_of(&arrays[i], header, parts);
        snprintf(names[i].name, sizeof names[i].name, "%.255s.npy", arrays[i].name);
        GLI_TRY(gli_zip_write(out, offset, names[i].name, compressed, parts, &members[i]));
        offset += gli_zip_written(&members[i]);
    }
    return gli_zip_finish(out, offset, members, n);
}

static glia_status write_file(glia_context *ctx, const char *path, const glia_npy_array *arrays, int n, bool compressed,
                              gli_zip_member *members, member_name *names) {
    gli_output out;
    GLI_TRY(gli_output_open(ctx, path, &out));
    return finish(&out, write_members(&out, arrays, n, compressed, members, names));
}

static glia_status write_npz(glia_context *ctx, const char *path, const glia_npy_array *arrays, int n,
                             bool compressed) {
    const char *call  = "glia_npz_write";
    gli_block members = {0}, names = {0};
    GLI_REQUIRE(ctx, path, GLIA_INVALID_ARGUMENT, "%s: path is NULL", call);
    GLI_REQUIRE(ctx, n >= 0 && n < UINT16_MAX, GLIA_INVALID_ARGUMENT, "%s: n is %d, must be 0 to %d", call, n,
                UINT16_MAX - 1);
    GLI_REQUIRE(ctx, arrays || n == 0, GLIA_INVALID_ARGUMENT, "%s: arrays is NULL", call);
    GLI_TRY(check_arrays(ctx, call, arrays, n));
    glia_status status = gli_block_alloc(ctx, (size_t)n, sizeof(gli_zip_member), "the arrays of a file", &members);
    if (status == GLIA_OK) status = gli_block_alloc(ctx, (size_t)n, sizeof(member_name), "the names of arrays", &names);
    if (status == GLIA_OK) status = write_file(ctx, path, arrays, n, compressed, members.data, names.data);
    gli_block_free(ctx, &members);
    gli_block_free(ctx, &names);
    return status;
}

glia_status glia_npz_write(glia_context *ctx, const char *path, const glia_npy_array *arrays, int n, bool compressed) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = write_npz(ctx, path, arrays, n, compressed);
    gli_leave(ctx);
    return status;
}
