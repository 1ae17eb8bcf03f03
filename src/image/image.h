/* The inside of pictures: pixels, and the work on them that any thread may do. */
#ifndef GLI_IMAGE_IMAGE_H
#define GLI_IMAGE_IMAGE_H

#include "core/memory.h"
#include "glia/image.h"
#include "io/job.h"

/* Dense pixels [height, width, channels]: u8, or u16 in the machine's order of bytes. */
typedef struct gli_pixels {
    int64_t height, width;
    int channels, bits;
    gli_block memory;
} gli_pixels;

struct glia_image {
    glia_context *ctx;
    gli_pixels pixels;
    glia_image_format format;
    int orientation;
};

/* Allocates pixels of these sizes, which it sets. */
glia_status gli_pixels_alloc(gli_job *job, int64_t height, int64_t width, int channels, int bits, gli_pixels *out);
void gli_pixels_free(const gli_job *job, gli_pixels *pixels);

static inline size_t gli_pixel_bytes(const gli_pixels *p) { return (size_t)p->channels * (size_t)(p->bits / 8); }
static inline size_t gli_row_bytes(const gli_pixels *p) { return (size_t)p->width * gli_pixel_bytes(p); }
static inline void *gli_pixels_row(const gli_pixels *p, int64_t y) {
    return (unsigned char *)p->memory.data + (size_t)y * gli_row_bytes(p);
}

/* A picture that takes over pixels. */
glia_status gli_image_wrap(gli_job *job, gli_pixels *pixels, const glia_image_info *info, glia_image **out);

/* ---- Files ---- */

/* What a reader is asked for. The channels and bits of args are not its concern. */
typedef struct gli_image_request {
    glia_image_read_args args; /* limits have their defaults */
    bool header_only;
} gli_image_request;

/* Fails where args make no sense; else fills in defaults. */
glia_status gli_image_request_init(gli_job *job, const glia_image_read_args *args, gli_image_request *out);

/* Decodes a picture of any format. After a failure there is nothing to free. */
glia_status gli_image_decode(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                             gli_pixels *out);

/* Whether this is how a format that is read here begins. */
bool gli_image_is_known(gli_bytes first);

/* The readers. They fill info but for a default orientation of 1, call gli_image_check, and stop there if only the
 * header is wanted. After a failure of theirs the caller frees *out. */
glia_status gli_png_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                         gli_pixels *out);
glia_status gli_jpeg_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                          gli_pixels *out);
glia_status gli_pnm_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                         gli_pixels *out);
glia_status gli_bmp_read(gli_job *job, const gli_image_request *request, gli_bytes file, glia_image_info *info,
                         gli_pixels *out);

/* Fails unless the size is positive and within the limits, and `most` pixels, which the file can hold, are enough. */
glia_status gli_image_check(gli_job *job, const gli_image_request *request, const glia_image_info *info, int64_t most);

/* The orientation in a block of EXIF, which begins with the order of bytes; 1 where it has none. */
int gli_exif_orientation(gli_bytes exif);

/* ---- Pixels ---- */

/* A part of some pixels. */
typedef struct gli_pixel_view {
    const gli_pixels *of;
    glia_image_box box;
} gli_pixel_view;

static inline gli_pixel_view gli_whole(const gli_pixels *of) {
    return (gli_pixel_view){of, {0, 0, of->height, of->width}};
}

/* Converts pixels in place; 0: channels or bits stay. */
glia_status gli_pixels_convert(gli_job *job, gli_pixels *pixels, int channels, int bits);

/* Copies a part as EXIF's orientation says: 1 as it is, 2 mirrored, 3 turned by 180 degrees, 4 upside down, 5 to 8 the
 * same with rows and columns exchanged. */
glia_status gli_pixels_orient(gli_job *job, gli_pixel_view from, int orientation, gli_pixels *out);

glia_status gli_pixels_resize(gli_job *job, gli_pixel_view from, int64_t height, int64_t width,
                              glia_image_filter filter, gli_pixels *out);

/* How numbers are made of pixels: x scale[c] + offset[c], rounded once. */
typedef struct gli_pixel_scale {
    double scale[4], offset[4];
} gli_pixel_scale;

/* bits: of the pixels. mean and std NULL: zeros and ones. */
gli_pixel_scale gli_pixel_scale_of(int bits, const double *mean, const double *std);
void gli_pixels_to_f32(const gli_pixels *from, const gli_pixel_scale *scale, float *to);

#endif
