/* Pictures: read from files, changed, written, shown, and as datasets of folders.
 *
 * A picture has rows from the top, in them pixels from the left, in them channels: grey; grey and alpha; red, green and
 * blue; these and alpha. A channel is a byte, or a number of 16 bits. Networks read f32 [C,H,W]: glia_image_to_f32.
 *
 * PNG needs a build with libpng, JPEG one with libjpeg; without them such files are GLIA_UNSUPPORTED. Colour profiles
 * and gamma are not applied.
 *
 * Errors of a file name it, with the values and, where there is one, the byte: GLIA_NOT_FOUND; GLIA_IO_ERROR;
 * GLIA_BAD_FORMAT for a file that is truncated, corrupt, larger than the limits or no picture; GLIA_UNSUPPORTED for a
 * kind of picture that is not read. */
#ifndef GLIA_IMAGE_H
#define GLIA_IMAGE_H

#include <stdio.h>

#include "glia/data.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A picture keeps its context alive. */
typedef struct glia_image glia_image;

typedef enum glia_image_format {
    GLIA_IMAGE_NONE, /* made in memory */
    GLIA_IMAGE_PNG,
    GLIA_IMAGE_JPEG,
    GLIA_IMAGE_PNM, /* PGM or PPM */
    GLIA_IMAGE_BMP
} glia_image_format;

typedef struct glia_image_info {
    int64_t height, width;
    int channels;             /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA */
    int bits;                 /* of a channel: 8 or 16 */
    glia_image_format format; /* of the file that it was read from */
    int orientation;          /* the number 1 to 8 that the file's EXIF has, or 1: upright */
} glia_image_info;

/* ---- Files ---- */

typedef struct glia_image_read_args {
    int channels;       /* 1 to 4; default: as the file has them */
    int bits;           /* 8 or 16; default: as the file has them, 8 for fewer */
    bool as_stored;     /* leave the picture as it lies in the file; otherwise it is turned as its EXIF says */
    bool indices;       /* numbers as they are stored, as masks need them, in one channel: of a palette those of its
                           colours, of fewer than 8 bits and of PGM without making them shares of the largest */
    int64_t max_pixels; /* default 2^27 */
    size_t max_bytes;   /* of the file; default 2^28 */
} glia_image_read_args;

/* Reads PNG, JPEG, PGM and PPM (P2, P3, P5, P6) and BMP (1, 4, 8, 24, 32 bits, not compressed), whatever the name ends
 * with. args may be NULL. Grey becomes colour with three equal channels; colour becomes grey as (19595 R + 38470 G +
 * 7471 B) / 65536, rounded (ITU-R BT.601); alpha is added as opaque and left out without effect on the colour. 16 bits
 * become 8 by rounding x / 257, 8 become 16 as 257 x. Values of PGM and PPM become the share of the file's maximum. Of
 * CMYK each colour is (255 - C)(255 - K) / 255. A folder, device or pipe is GLIA_IO_ERROR. */
GLIA_API glia_status glia_image_read(glia_context *ctx, const char *path, const glia_image_read_args *args,
                                     glia_image **out);

/* The same of a file's content in memory. */
GLIA_API glia_status glia_image_decode(glia_context *ctx, const void *data, size_t bytes,
                                       const glia_image_read_args *args, glia_image **out);

/* What glia_image_read would give, if nothing behind the header is broken: no pixel is decoded. */
GLIA_API glia_status glia_image_probe(glia_context *ctx, const char *path, const glia_image_read_args *args,
                                      glia_image_info *out);

/* Writes what the ending of the path says: .png, .ppm (RGB), .pgm (grey) or .pnm (either). PNM has no alpha: such a
 * picture is GLIA_INVALID_ARGUMENT, as are RGB for .pgm and grey for .ppm. Replaces the file when it is whole. */
GLIA_API glia_status glia_image_write(const glia_image *image, const char *path);

/* ---- Pictures in memory ---- */

typedef struct glia_image_args {
    int64_t height, width; /* at least 1 */
    int channels;          /* 1 to 4; default 3 */
    int bits;              /* 8 or 16; default 8 */
} glia_image_args;

/* A copy of dense pixels [height, width, channels], u8 or uint16_t; NULL: black, and transparent if there is alpha. */
GLIA_API glia_status glia_image_create(glia_context *ctx, const glia_image_args *args, const void *pixels,
                                       glia_image **out);

/* NULL is allowed. */
GLIA_API void glia_image_destroy(glia_image *image);

GLIA_API glia_image_info glia_image_get_info(const glia_image *image); /* NULL: all zero */

/* Dense pixels [height, width, channels], u8 or uint16_t, to read and to write. NULL: of no picture. */
GLIA_API void *glia_image_pixels(const glia_image *image);

/* Another number of channels or bits, by the rules of glia_image_read; 0: the same. */
GLIA_API glia_status glia_image_convert(const glia_image *image, int channels, int bits, glia_image **out);

typedef enum glia_image_filter {
    GLIA_IMAGE_BILINEAR, /* a triangle, as wide as a pixel of the smaller of the two pictures and one more */
    GLIA_IMAGE_AREA,     /* the mean of what a pixel covers */
    GLIA_IMAGE_NEAREST   /* the pixel in the middle, floor((i + 1/2) from / to): for masks */
} glia_image_filter;

/* The picture in another size. Bilinear and area are those of Pillow 12 (BILINEAR and BOX), for 8 bits to the last bit:
 * smoothed where the picture gets smaller, columns first, weights in 22 bits. Pixels with alpha count by it. */
GLIA_API glia_status glia_image_resize(const glia_image *image, int64_t height, int64_t width, glia_image_filter filter,
                                       glia_image **out);

/* A part, which has to be within the picture. */
typedef struct glia_image_box {
    int64_t top, left, height, width;
} glia_image_box;

GLIA_API glia_status glia_image_crop(const glia_image *image, glia_image_box box, glia_image **out);

/* The part in the middle, half a pixel further up and left where it cannot be. Not larger than the picture. */
GLIA_API glia_status glia_image_center_crop(const glia_image *image, int64_t height, int64_t width, glia_image **out);

typedef enum glia_image_axis {
    GLIA_IMAGE_LEFT_RIGHT, /* mirrored: what was left is right */
    GLIA_IMAGE_TOP_BOTTOM
} glia_image_axis;

GLIA_API glia_status glia_image_flip(const glia_image *image, glia_image_axis axis, glia_image **out);

/* ---- Numbers ---- */

/* (x - mean[c]) / std[c] as f32 [C,H,W], where x is 0 to 1; rounded once. mean NULL: zeros, std NULL: ones. bytes is
 * the size of out, and has to be exact. */
GLIA_API glia_status glia_image_to_f32(const glia_image *image, const double *mean, const double *std, float *out,
                                       size_t bytes);

/* The other way round: x std[c] + mean[c], below 0 as 0 and above 1 as 1, rounded to the bits of args; NaN is 0. values
 * [C,H,W]; args->channels has no default here. */
GLIA_API glia_status glia_image_from_f32(glia_context *ctx, const glia_image_args *args, const float *values,
                                         const double *mean, const double *std, glia_image **out);

/* ---- To look at ---- */

typedef struct glia_image_grid_args {
    int64_t columns; /* pictures beside each other; default: as many as make a square, rounded up */
    int64_t gap;     /* pixels between two pictures */
    double gap_grey; /* of the gaps and of places without a picture, 0 to 1 */
} glia_image_grid_args;

/* n pictures of one size in rows, as one picture, of the most channels and bits that one of them has; alpha of gaps is
 * opaque. args may be NULL. */
GLIA_API glia_status glia_image_grid(glia_context *ctx, const glia_image *const *images, int64_t n,
                                     const glia_image_grid_args *args, glia_image **out);

typedef enum glia_image_style {
    GLIA_IMAGE_AUTO, /* colour if the file is a terminal that is not "dumb" and NO_COLOR is not set; else characters */
    GLIA_IMAGE_COLOUR,    /* U+2580 in UTF-8 in 24-bit colour: two pixels in a character, one above the other */
    GLIA_IMAGE_CHARACTERS /* ASCII, from ' ' for black to '@' for white; one pixel is two characters wide */
} glia_image_style;

typedef struct glia_image_print_args {
    glia_image_style style;
    int64_t columns; /* a picture with more pixels in a row is made smaller: colour 80, characters 40 by default */
} glia_image_print_args;

/* Writes the picture as text. Alpha is left out. args may be NULL. */
GLIA_API glia_status glia_image_print(const glia_image *image, FILE *file, const glia_image_print_args *args);

/* ---- Datasets ----
 *
 * Pictures are read when they are needed, by the workers of the dataset where it has some (glia_dataset_set_workers); a
 * file that cannot be read then is an error of what needed the sample. They are sorted by path, byte by byte. Names
 * that begin with a dot are left out, and links are followed. glia_dataset_sample_name is the path of a sample's
 * picture. */

/* How a picture gets the size of a sample. */
typedef enum glia_image_fit {
    GLIA_IMAGE_STRETCH, /* resized, whatever its proportions */
    GLIA_IMAGE_COVER,   /* the largest part in the middle that has the sample's proportions, resized */
    GLIA_IMAGE_EXACT    /* not at all: a picture of another size is GLIA_SHAPE_MISMATCH */
} glia_image_fit;

typedef struct glia_image_dataset_args {
    int64_t height, width; /* of a sample; no default */
    int channels;          /* 1 to 4; default 3 */
    glia_image_fit fit;
    glia_image_filter filter; /* of pictures; masks are resized with nearest */
    double mean[4], std[4];   /* values become (x - mean) / std of x from 0 to 1, in f32; std 0: 1 */
    bool raw;                 /* values stay u8 */
    bool skip;                /* leave out files that are no pictures of these formats; otherwise they are an error */
    bool verify;    /* read each picture once, before the call returns: a broken one counts as no picture, too */
    bool as_stored; /* these three as in glia_image_read_args */
    int64_t max_pixels;
    size_t max_bytes;
    glia_dtype label_dtype;     /* of labels, and of classes in masks: GLIA_I32 or GLIA_I64, the default */
    int64_t max_boxes;          /* rows of a sample's boxes; default: what the picture with the most has */
    const char *const *classes; /* of boxes, n_classes names that differ; NULL: those of the file, by their bytes */
    int n_classes;
    bool mask_values; /* masks are f32 [1,H,W], 0 for black to 1 for white; otherwise [H,W] of classes */
} glia_image_dataset_args;

/* A folder with a folder for each class: an input "image" [C,H,W], a scalar target "label", and names of classes, those
 * of the folders in the order of their bytes. Pictures lie in them at any depth to 16. A class without a picture is
 * GLIA_NOT_FOUND. What is left out, the log says. */
GLIA_API glia_status glia_dataset_from_image_folder(glia_context *ctx, const char *folder,
                                                    const glia_image_dataset_args *args, glia_dataset **out);

/* Pictures with boxes, which a CSV file names in the columns path, class, x0, y0, x1, y1; others are left alone. A row
 * is a box, of what begins at the pixel (x0, y0) and ends before (x1, y1), counted from the left and from the top of
 * the picture as it is read; fractions are allowed. A row with a path alone is a picture without boxes. Relative
 * paths are below `folder`; NULL: the CSV file's own.
 *
 * An input "image" [C,H,W]; targets "boxes", f32 [max_boxes,4] of x0, y0, x1, y1 in pixels of the sample, and
 * "classes" [max_boxes], whose classes have names. Boxes are cropped and resized exactly as the picture is, and come in
 * the order of the file. They are clipped to the sample, and left out where that makes them empty. The rows behind them
 * are padding: zeros, of the class -1. More boxes of a picture than max_boxes, an empty box, and one entirely outside
 * its picture are GLIA_BAD_FORMAT. */
GLIA_API glia_status glia_dataset_from_image_boxes(glia_context *ctx, const char *file, const char *folder,
                                                   const glia_image_dataset_args *args, glia_dataset **out);

/* The same from an annotation file of COCO's format for detection, JSON: "images" with id and file_name, "categories"
 * with id and name, and "annotations" with image_id, category_id and bbox [x, y, width, height], in any order; all else
 * in them is skipped. Plain or gzipped. Classes are the categories in the order of their ids, unless args gives them.
 * Regions with "iscrowd" 1 and boxes of width or height 0 are left out; how many, the log says. A picture of another
 * size than width and height of its entry, where it has both, is GLIA_SHAPE_MISMATCH when it is read; COCO's own files
 * count pixels as they are stored: .as_stored. Folder is that of the pictures, "train2017" for instance.
 *
 * The file is held in memory, unpacked, until the call returns, and with it 64 bytes for each annotation and 128 and
 * its path for each picture; max_bytes is 2^30 by default. GLIA_BAD_FORMAT names the entry and what it holds. Source:
 * https://cocodataset.org/#format-data */
GLIA_API glia_status glia_dataset_from_coco(glia_context *ctx, const char *file, const char *folder,
                                            const glia_image_dataset_args *args, glia_dataset **out);

/* A folder of pictures, at any depth to 16, and another with a mask for each, of the same path up to its ending: an
 * input "image" [C,H,W], a target "mask". Classes are the numbers that a mask of grey or with a palette stores, see
 * .indices above. It gets the size of its picture's sample in the same way; a size other than the picture's is
 * GLIA_SHAPE_MISMATCH. A picture without a mask is GLIA_NOT_FOUND; a mask without a picture is left out. */
GLIA_API glia_status glia_dataset_from_image_pairs(glia_context *ctx, const char *images, const char *masks,
                                                   const glia_image_dataset_args *args, glia_dataset **out);

#ifdef __cplusplus
}
#endif
#endif
