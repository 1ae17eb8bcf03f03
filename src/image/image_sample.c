/* Reading a sample: decoded, brought to its size, as numbers. */
#include "image/image_sample.h"

#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"

/* The largest part in the middle that has the proportions of the sample. */
static glia_image_box cover(const gli_pixels *from, int64_t height, int64_t width) {
    glia_image_box box = {0, 0, from->height, from->width};
    if (from->width * height > from->height * width)
        box.width = gli_max_i64((2 * from->height * width + height) / (2 * height), 1);
    else
        box.height = gli_max_i64((2 * from->width * height + width) / (2 * width), 1);
    box.top  = (from->height - box.height) / 2;
    box.left = (from->width - box.width) / 2;
    return box;
}

/* Brings pixels to the sample's size, in place. *part: what the sample shows of them. */
static glia_status fit(gli_job *job, const glia_image_dataset_args *args, glia_image_filter filter, gli_pixels *pixels,
                       glia_image_box *part) {
    const int64_t height = args->height, width = args->width;
    gli_pixels fitted;
    *part = gli_whole(pixels).box;
    if (pixels->height == height && pixels->width == width) return GLIA_OK;
    GLI_JOB_REQUIRE(job, args->fit != GLIA_IMAGE_EXACT, GLIA_SHAPE_MISMATCH, "is %lld x %lld, samples are %lld x %lld",
                    (long long)pixels->height, (long long)pixels->width, (long long)height, (long long)width);
    gli_pixel_view view = gli_whole(pixels);
    if (args->fit == GLIA_IMAGE_COVER) view.box = cover(pixels, height, width);
    *part = view.box;
    GLI_TRY(gli_pixels_resize(job, view, height, width, filter, &fitted));
    gli_pixels_free(job, pixels);
    *pixels = fitted;
    return GLIA_OK;
}

static glia_status load(gli_job *job, const gli_image_request *request, gli_pixels *out) {
    gli_block file;
    glia_image_info info;
    GLI_TRY(gli_job_read_file(job, job->name, request->args.max_bytes, &file));
    const glia_status status = gli_image_decode(job, request, (gli_bytes){file.data, file.bytes}, &info, out);
    gli_block_free(job->ctx, &file);
    return status;
}

/* ---- Pictures ---- */

static void write_picture(const gli_image_set *set, const gli_pixels *pixels, void *to) {
    const int64_t count = pixels->height * pixels->width;
    if (!set->args.raw) {
        const gli_pixel_scale scale = gli_pixel_scale_of(pixels->bits, set->args.mean, set->args.std);
        gli_pixels_to_f32(pixels, &scale, to);
        return;
    }
    uint8_t *plane = to;
    for (int c = 0; c < pixels->channels; ++c) {
        const uint8_t *from = (const uint8_t *)pixels->memory.data + c;
        for (int64_t i = 0; i < count; ++i) *plane++ = from[i * pixels->channels];
    }
}

/* A picture as it was read, and what its sample shows of it. */
typedef struct seen {
    int64_t height, width;
    glia_image_box part;
} seen;

static glia_status read_picture(gli_job *job, const gli_image_set *set, void *to, seen *out) {
    gli_pixels pixels;
    GLI_TRY(load(job, &set->picture, &pixels));
    out->height        = pixels.height;
    out->width         = pixels.width;
    glia_status status = fit(job, &set->args, set->args.filter, &pixels, &out->part);
    if (status == GLIA_OK) write_picture(set, &pixels, to);
    gli_pixels_free(job, &pixels);
    return status;
}

/* ---- Masks ---- */

static void write_mask(const gli_image_set *set, const gli_pixels *pixels, void *to) {
    const int64_t count = pixels->height * pixels->width;
    const int n         = pixels->channels;
    const float full    = pixels->bits == 16 ? UINT16_MAX : UINT8_MAX;
    for (int64_t i = 0; i < count; ++i) {
        const int x = pixels->bits == 16 ? ((const uint16_t *)pixels->memory.data)[i * n]
                                         : ((const uint8_t *)pixels->memory.data)[i * n];
        if (set->args.mask_values)
            ((float *)to)[i] = (float)x / full;
        else if (set->args.label_dtype == GLIA_I32)
            ((int32_t *)to)[i] = x;
        else
            ((int64_t *)to)[i] = x;
    }
}

static glia_status check_mask(gli_job *job, const gli_pixels *mask, const seen *picture) {
    GLI_JOB_REQUIRE(job, mask->channels <= 2, GLIA_BAD_FORMAT,
                    "the mask has %d channels: must be grey or have a palette", mask->channels);
    GLI_JOB_REQUIRE(job, mask->height == picture->height && mask->width == picture->width, GLIA_SHAPE_MISMATCH,
                    "the mask is %lld x %lld, its picture %lld x %lld", (long long)mask->height, (long long)mask->width,
                    (long long)picture->height, (long long)picture->width);
    return GLIA_OK;
}

static glia_status read_mask(gli_job *job, const gli_image_set *set, const seen *picture, void *to) {
    gli_pixels pixels;
    glia_image_box part;
    GLI_TRY(load(job, &set->mask, &pixels));
    glia_status status = check_mask(job, &pixels, picture);
    if (status == GLIA_OK) status = fit(job, &set->args, GLIA_IMAGE_NEAREST, &pixels, &part);
    if (status == GLIA_OK) write_mask(set, &pixels, to);
    gli_pixels_free(job, &pixels);
    return status;
}

/* ---- Boxes ---- */

/* An end of a box in the picture, as it is in a sample of `size` pixels that shows `length` of them from `start` on. */
static float moved(double x, int64_t start, int64_t length, int64_t size) {
    const double to = (x - (double)start) * (double)size / (double)length;
    return (float)(to<0 ? 0 : to>(double) size ? (double)size : to);
}

static glia_status check_box(gli_job *job, const gli_box *box, const seen *picture) {
    GLI_JOB_REQUIRE(job,
                    box->x0 < (double)picture->width && box->y0 < (double)picture->height && box->x1 > 0 && box->y1 > 0,
                    GLIA_BAD_FORMAT, "the box from (%g, %g) to (%g, %g) is beyond the picture of %lld x %lld", box->x0,
                    box->y0, box->x1, box->y1, (long long)picture->height, (long long)picture->width);
    return GLIA_OK;
}

/* Boxes of a picture of another size would be in wrong places. */
static glia_status check_size(gli_job *job, const gli_image_set *set, int64_t picture, const seen *read) {
    const gli_box_size *sizes = set->boxes.sizes.data;
    if (!sizes || sizes[picture].height == 0 || sizes[picture].width == 0) return GLIA_OK;
    const gli_box_size said = sizes[picture];
    GLI_JOB_REQUIRE(job, said.height == read->height && said.width == read->width, GLIA_SHAPE_MISMATCH,
                    "the picture is %lld x %lld, the file of its boxes says %lld x %lld%s", (long long)read->height,
                    (long long)read->width, (long long)said.height, (long long)said.width,
                    said.height == read->width && said.width == read->height
                        ? ": it may have been turned upright, which .as_stored prevents"
                        : "");
    return GLIA_OK;
}

static void write_class(const gli_image_set *set, void *to, int64_t i, int64_t label) {
    if (set->args.label_dtype == GLIA_I64)
        ((int64_t *)to)[i] = label;
    else
        ((int32_t *)to)[i] = (int32_t)label;
}

static glia_status write_boxes(gli_job *job, const gli_image_set *set, int64_t picture, const seen *read, float *to,
                               void *classes) {
    const glia_image_box part = read->part;
    GLI_TRY(check_size(job, set, picture, read));
    const int *first = gli_box_list_first(&set->boxes) + picture;
    int64_t n        = 0;
    for (int i = first[0]; i < first[1]; ++i) {
        const gli_box *box = &set->boxes.boxes[i];
        GLI_TRY(check_box(job, box, read));
        const float x0 = moved(box->x0, part.left, part.width, set->args.width),
                    y0 = moved(box->y0, part.top, part.height, set->args.height),
                    x1 = moved(box->x1, part.left, part.width, set->args.width),
                    y1 = moved(box->y1, part.top, part.height, set->args.height);
        if (x0 >= x1 || y0 >= y1) continue; /* nothing of it is shown */
        memcpy(to + 4 * n, (const float[4]){x0, y0, x1, y1}, 4 * sizeof *to);
        write_class(set, classes, n++, box->label);
    }
    for (; n < set->max_boxes; ++n) {
        memset(to + 4 * n, 0, 4 * sizeof *to);
        write_class(set, classes, n, -1);
    }
    return GLIA_OK;
}

/* ---- All ---- */

glia_status gli_image_sample_read(void *user, const glia_sample *sample) {
    const gli_image_set *set    = user;
    const gli_file_entry *entry = gli_file_list_get(&set->list, sample->index);
    gli_job job                 = {.ctx = set->ctx, .name = entry->path};
    seen picture;
    glia_status status = read_picture(&job, set, sample->inputs[0], &picture);
    if (status == GLIA_OK && set->masks.data) {
        job.name = ((const char *const *)set->masks.data)[sample->index];
        status   = read_mask(&job, set, &picture, sample->targets[0]);
    }
    if (status == GLIA_OK && set->has_boxes)
        status = write_boxes(&job, set, entry->label, &picture, sample->targets[0], sample->targets[1]);
    if (status != GLIA_OK) gli_job_explain_sample(&job, sample->message, GLIA_SAMPLE_MESSAGE);
    return status;
}
