/* Memory formats of tensors. */
#ifndef GLI_CORE_MEMORY_FORMAT_H
#define GLI_CORE_MEMORY_FORMAT_H

#include "core/tensor_impl.h"

/* Bits of a set: a tensor has several formats at once. One without any stride that matters, such as a vector, is
 * row-major too; strides of dimensions of size 1 never matter. */
typedef enum gli_memory_format {
    GLI_ROW_MAJOR     = 1 << 0, /* no gaps, the last dimension innermost */
    GLI_CHANNELS_LAST = 1 << 1, /* [N,C,...] without gaps, C innermost */
    GLI_PACKED        = 1 << 2, /* no gaps, the dimensions in any order */
    GLI_STRIDED       = 1 << 3, /* no element is repeated: no stride 0 */
    GLI_ANY_FORMAT    = 1 << 4,
} gli_memory_format;

unsigned gli_formats_of(const glia_tensor *tensor);
bool gli_is_channels_last(const glia_tensor *tensor);

/* "row-major or channels-last", of the first few bits that are set; text holds GLI_FORMATS_TEXT bytes and is returned.
 */
enum { GLI_FORMATS_TEXT = 64 };
const char *gli_formats_text(unsigned formats, char *text);

#endif
