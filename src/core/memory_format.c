#include "core/memory_format.h"

#include <stdio.h>
#include <string.h>

bool gli_is_channels_last(const glia_tensor *tensor) {
    glia_tensor channels_last = *tensor;
    if (tensor->ndim < 2) return false;
    gli_channels_last_strides(tensor->ndim, tensor->dim, channels_last.stride);
    return gli_same_strides(tensor, &channels_last);
}

static bool repeats(const glia_tensor *tensor) {
    for (int i = 0; i < tensor->ndim; ++i)
        if (tensor->dim[i] > 1 && tensor->stride[i] == 0) return true;
    return false;
}

unsigned gli_formats_of(const glia_tensor *tensor) {
    return (gli_is_dense(tensor) ? GLI_ROW_MAJOR : 0u) | (gli_is_channels_last(tensor) ? GLI_CHANNELS_LAST : 0u) |
           (gli_is_packed(tensor) ? GLI_PACKED : 0u) | (repeats(tensor) ? 0u : GLI_STRIDED) | GLI_ANY_FORMAT;
}

const char *gli_formats_text(unsigned formats, char *text) {
    static const char *const names[] = {"row-major", "channels-last", "packed", "strided", "any"};
    size_t length                    = 0;
    text[0]                          = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (formats >> i & 1 && length < GLI_FORMATS_TEXT - 1)
            length +=
                (size_t)snprintf(text + length, GLI_FORMATS_TEXT - length, "%s%s", length ? " or " : "", names[i]);
    return text;
}
