/* Augmentation: pictures that training sees a little differently in each epoch, and what belongs to them.
 *
 *     glia_fit_args fit = {.augment = {.transforms = {glia_augment_crop(4), glia_augment_flip(0.5)}}};
 *
 * Evaluations, validations and predictions see the samples as they are. What is drawn for a sample follows from the
 * context's seed, the epoch and the sample's number in the dataset alone: it is the same bits for any number of
 * workers, for a dataset that a device keeps and augments itself, and in a training that is resumed; and each transform
 * draws the same numbers whatever others are in the list. */
#ifndef GLIA_AUGMENT_H
#define GLIA_AUGMENT_H

#include "glia/data.h"
#include "glia/ops/data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_transform {
    glia_transform_kind kind;
    double probability; /* that a sample goes through it: 1 unless its function says another */
    double value[3];    /* the numbers of the function that made it, in their order, and zeros */
} glia_transform;

/* ---- Where pixels come from: these make one map from the new picture to the old one, which is resampled once ----
 *
 * x is to the right and y down, in pixels, with the centres of pixels at whole numbers. A pixel whose source is outside
 * of the picture's area, -1/2 <= x < W - 1/2 and so for y, gets the fill; within the area the pixels at its edges go
 * on. So does Pillow's Image.transform. */

/* Pads each side by `padding` pixels and takes a part of the size that training sees, which is the picture's unless the
 * args have another, each place equally often; at most the smaller side of the picture. */
GLIA_API glia_transform glia_augment_crop(int padding);

/* Mirrored, left and right or top and bottom, with this probability. */
GLIA_API glia_transform glia_augment_flip(double probability);
GLIA_API glia_transform glia_augment_flip_vertical(double probability);

/* A part of the picture, resized to the size that training sees: low to high is its share of the area, above 0 and at
 * most 1; its proportions are those of the picture times a number from 1/ratio to ratio, of evenly distributed
 * logarithm; ratio at least 1, 4/3 is usual. A side that would be longer than the picture's is as long. Source: Szegedy
 * et al., "Going Deeper with Convolutions", 2015. */
GLIA_API glia_transform glia_augment_resized_crop(double low, double high, double ratio);

/* Enlarged around its middle by a factor from low to high, at least 1/64; below 1 it gets smaller. */
GLIA_API glia_transform glia_augment_scale(double low, double high);

/* Turned around its middle by an angle from -degrees to degrees, at most 180; positive is counter-clockwise. */
GLIA_API glia_transform glia_augment_rotate(double degrees);

/* Moved by whole pixels, up to these shares of its width and height, 0 to 1, to either side. */
GLIA_API glia_transform glia_augment_translate(double x, double y);

/* Sheared around its middle: old x = new x + tan(a) new y and old y = new y + tan(b) new x, with angles a and b up to
 * these, at most 45 degrees, to either side. */
GLIA_API glia_transform glia_augment_shear(double x_degrees, double y_degrees);

/* ---- Colours, of numbers from 0 for black to 1 for white; what gets beyond these stays so ----
 *
 * f is drawn from 1 - amount to 1 + amount, with amount from 0 to 1. */

GLIA_API glia_transform glia_augment_brightness(double amount); /* f x */

/* f (x - 1/2) + 1/2: around the middle between black and white, where torchvision has the mean of the picture. */
GLIA_API glia_transform glia_augment_contrast(double amount);

/* f x + (1 - f) grey, with grey = 0.299 R + 0.587 G + 0.114 B, of pictures of three channels. */
GLIA_API glia_transform glia_augment_saturation(double amount);

/* Adds to each number another one of a normal distribution with mean 0 and this standard deviation. */
GLIA_API glia_transform glia_augment_noise(double deviation);

/* ---- What is left out ---- */

/* A square of `size` pixels around each pixel of the picture equally often, as far as it is in the picture, gets the
 * fill. Source: DeVries, Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017. */
GLIA_API glia_transform glia_augment_cutout(int size);

/* With this probability a rectangle within the picture gets the fill, whose share of the area is from low to high, and
 * whose height to width is a number from 1/3.3 to 3.3, of evenly distributed logarithm; 0.02 to 1/3 are usual.
 * Source: Zhong et al., "Random Erasing Data Augmentation", 2017. */
GLIA_API glia_transform glia_augment_erase(double probability, double low, double high);

/* ---- What comes from another sample, each equally often, with its own transforms of this epoch ----
 *
 * These change the targets as well. A class becomes probabilities [classes] of f32, which sum to 1; numbers of f32 are
 * mixed. A sample that goes through the first of these does not go through the second. */

/* share x + (1 - share) other, with share of a Beta distribution with both parameters alpha; 0.2 is usual. Not with
 * masks. Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2017. */
GLIA_API glia_transform glia_augment_mixup(double alpha);

/* A rectangle of the picture's proportions, of 1 - share of its area, around each pixel equally often, comes from the
 * other picture; the targets are mixed by the area that did. Masks get the other one's rectangle. 1 is usual.
 * Source: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", 2019. */
GLIA_API glia_transform glia_augment_cutmix(double alpha);

/* ---- Lists ---- */

/* What training does to its samples. The transforms are applied in their order, which is that of the sections above:
 * first where pixels come from, then colours, noise, what is left out, what comes from another sample. Each kind comes
 * once. */
typedef struct glia_augment_args {
    glia_transform transforms[GLIA_MAX_TRANSFORMS]; /* up to the first GLIA_TRANSFORM_NONE; none: no augmentation */
    /* The input that is a picture: f32 [C,H,W] or [H,W]; NULL: the first. Other fields of its height and width are its
     * masks: they move along with the nearest pixel, and have no colours, noise or holes. */
    const char *picture;
    /* The target with boxes around what is in the picture, which move along: f32 [M,4], of rows left, top, right,
     * bottom in pixels from the picture's corner, right and bottom behind the last ones, as
     * glia_dataset_from_image_boxes has them. A box becomes the smallest one around its four corners, clipped; of one
     * that is empty then, or was before, the row is 0, 0, 0, 0. NULL: none. Not with mixup and cutmix. */
    const char *boxes;
    /* The target with their classes, i32 or i64 [M]: -1 in the rows of empty boxes. NULL: none. */
    const char *box_classes;
    /* The size that training sees, at most the picture's; 0 and 0: the picture's. crop and resized_crop make it, and
     * what comes behind them in the list sees a picture of this size; else it is the part in the middle, half a pixel
     * further up and left where it cannot be. A validation whose pictures are larger sees that part, too; evaluations
     * and predictions need glia_augment_center. */
    int64_t height, width;
    int64_t classes;        /* of class targets that are mixed; default: as many as have names */
    double mean[4], std[4]; /* the picture's numbers are (x - mean) / std of x from 0 to 1; std 0: as the dataset made
                             * them of bytes, where it did, otherwise 0 and 1 */
    double fill;            /* of pixels without a source, 0 to 1 */
    double mask_fill;       /* the same of masks; a class that the loss ignores, for instance */
    bool edge;    /* pixels without a source have the nearest one of the picture instead; not what is left out */
    bool nearest; /* pictures are resampled with the nearest pixel; otherwise bilinear */
} glia_augment_args;

/* The n samples of index as training sees them in this epoch, from 0: to be looked at. What is drawn follows from the
 * context's seed, as in models of this context that were not loaded from a file, which has its own. As
 * glia_dataset_get, but for class targets that are mixed: f32 [n, classes]. */
GLIA_API glia_status glia_augment_get(glia_dataset *dataset, const glia_augment_args *args, int64_t epoch,
                                      const int64_t *index, int64_t n, glia_tensor *const *inputs,
                                      glia_tensor *const *targets);

/* The dataset with the size of args, without the transforms: the part in the middle of each picture, and what belongs
 * to it, as glia_augment_args has them. What is made of it for a training with such args is judged, and used, on this.
 * A view; height and width have to be set. */
GLIA_API glia_status glia_augment_center(glia_dataset *dataset, const glia_augment_args *args, glia_dataset **out);

#ifdef __cplusplus
}
#endif
#endif
