/* Epochs in which all classes are equally frequent. */
#ifndef GLI_DATA_BALANCE_H
#define GLI_DATA_BALANCE_H

#include "data/dataset.h"

typedef struct gli_balance gli_balance;

/* Reads the classes, which are those of the first target. */
glia_status gli_balance_create(const glia_dataset *dataset, gli_balance **out);
void gli_balance_destroy(gli_balance *balance); /* NULL is allowed */

/* Writes an order of as many samples as the dataset has, a function of (seed, epoch). Each class has an equal share,
 * give or take one: a random choice of its samples, or all of them again and again, as equally often as they can be. */
void gli_balance_order(gli_balance *balance, uint64_t seed, uint32_t epoch, int64_t *order);

#endif
