/* Lists of transforms: what is right, and as the plain numbers that samples are made by. */
#ifndef GLI_OPS_DATA_AUGMENTATION_CHECK_H
#define GLI_OPS_DATA_AUGMENTATION_CHECK_H

#include "core/context_impl.h"
#include "ops/data/augmentation.h"

enum { GLI_TRANSFORM_KINDS = GLIA_TRANSFORM_CUTMIX + 1 };

/* "crop", of each kind. */
extern const char *const gli_transform_names[GLI_TRANSFORM_KINDS];

/* Whether there is a transform of this kind in the list of the params, or one that mixes samples. */
bool gli_has_transform(const glia_take_batch_params *params, glia_transform_kind kind);
bool gli_transforms_mix(const glia_take_batch_params *params);

/* Checks the list for a field of this role and, of pictures and masks, these dimensions. who: the beginning of
 * messages, such as "take_batch". */
glia_status gli_augmentation_make(glia_context *ctx, const char *who, const glia_take_batch_params *params,
                                  int64_t channels, int64_t height, int64_t width, gli_augmentation *out);

#endif
