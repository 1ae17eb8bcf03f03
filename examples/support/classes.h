/* The images of some classes of a data set, with classes that count from 0. */
#ifndef GLI_EXAMPLES_CLASSES_H
#define GLI_EXAMPLES_CLASSES_H

#include <glia/glia.h>

/* The first `most` samples of `data` whose label is from `first` to `last`, in a data set of its own; their labels less
 * `first`. data has images of floats and one i64 label each. */
glia_status take_classes(glia_context *ctx, glia_dataset *data, int64_t first, int64_t last, int64_t most,
                         glia_dataset **out);

#endif
