/* A table in two parts: what is learned from, and what it is judged by. */
#ifndef GLI_EXAMPLES_TABLE_PARTS_H
#define GLI_EXAMPLES_TABLE_PARTS_H

#include <glia/glia.h>

/* A CSV file whose column `target` has classes: 80 % and 20 % of each class. Missing numbers are the column's mean. */
glia_status read_parts(glia_context *ctx, const char *path, const char *target, glia_dataset *parts[2]);

/* Both with the columns of "features" brought to mean 0 and standard deviation 1, by what the first one has alone. */
glia_status scale_parts(glia_dataset *const parts[2], glia_dataset *scaled[2]);

/* How often the answer that is the commonest is right. */
glia_status commonest_share(glia_dataset *data, double *share);

#endif
