/* Calls on images that the native providers take; gli_images_in_planes tells which of the two layouts they have. */
#ifndef GLI_CPU_NATIVE_IMAGES_H
#define GLI_CPU_NATIVE_IMAGES_H

#include "core/provider.h"

/* f32, and all images either row-major or channels-last. */
#define GLI_ACCEPTS_IMAGES \
    {GLI_TAKES_F32, GLI_ROW_MAJOR, .images = GLI_ROW_MAJOR | GLI_CHANNELS_LAST, .flags = GLI_NOT_EMPTY}

#endif
