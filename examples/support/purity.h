/* How well groups that were found without labels agree with labels. */
#ifndef GLI_EXAMPLES_PURITY_H
#define GLI_EXAMPLES_PURITY_H

#include <glia/glia.h>

/* group: of each sample, 0 to groups - 1. Prints the size of each group with the class that most of it has, and which
 * share of all samples these are. */
glia_status print_purity(glia_dataset *data, const int64_t *group, int64_t groups);

#endif
