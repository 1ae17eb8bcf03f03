/* Elements of tensors on the CPU by their row-major number, by their index along each dimension, and by their offset in
 * memory. */
#ifndef GLI_CPU_ELEMENT_INDEX_H
#define GLI_CPU_ELEMENT_INDEX_H

#include "core/tensor_impl.h"

/* The row-major number of the element with this index, and back. */
int64_t gli_ravel_index(const glia_tensor *tensor, const int64_t *index);
void gli_unravel_index(const glia_tensor *tensor, int64_t element, int64_t *index);

/* The offset in memory of element `element` in row-major order, in elements. */
int64_t gli_element_offset(const glia_tensor *tensor, int64_t element);

#endif
