/* What a list of transforms means for the fields of a dataset. */
#ifndef GLI_DATA_AUGMENT_ROLES_H
#define GLI_DATA_AUGMENT_ROLES_H

#include "data/augmented.h"

/* Fills all of *out but `of`. call: for messages. */
glia_status gli_augment_roles(const glia_dataset *of, const glia_augment_args *args, uint64_t seed, const char *call,
                              gli_augmented *out);

#endif
