/* Augmented pictures and masks on the host: to the bits of ops/data/augmentation_pixels.h, but by rows. */
#ifndef GLI_DATA_AUGMENT_PLANES_H
#define GLI_DATA_AUGMENT_PLANES_H

#include <stddef.h>

#include "ops/data/augmentation_pixels.h"

/* to: f32 [C,height,width]; the pictures are dense, [C,from_height,from_width]; the partner is not read where nothing
 * is mixed. */
void gli_augment_picture(const gli_augmentation *a, const gli_two_pictures *two, float *to);

/* Masks of a picture: `planes` of the sample's height and width, with elements of `size` bytes. */
typedef struct gli_mask_pair {
    const void *values[2]; /* its own, and its partner's */
    const void *fill;      /* one element */
    size_t size;
    int planes;
} gli_mask_pair;

void gli_augment_mask(const gli_augmentation *a, const gli_two_pictures *two, const gli_mask_pair *mask, void *to);

#endif
