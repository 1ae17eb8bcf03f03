#include "support/spectrogram.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/example.h"

static glia_status print(glia_context *ctx, float *decibels, int64_t rows, int64_t steps) {
    const double low = -10, range = 45;
    glia_image *image = NULL, *upright = NULL;
    for (int64_t i = 0; i < rows * steps; ++i) decibels[i] = (float)((decibels[i] - low) / range);
    const glia_image_args grey = {.height = rows, .width = steps, .channels = 1};
    glia_status status         = glia_image_from_f32(ctx, &grey, decibels, NULL, NULL, &image);
    if (status == GLIA_OK) status = glia_image_flip(image, GLIA_IMAGE_TOP_BOTTOM, &upright);
    if (status == GLIA_OK) status = glia_image_print(upright, stdout, NULL);
    glia_image_destroy(image);
    glia_image_destroy(upright);
    return status;
}

glia_status show_spectrogram(glia_context *ctx, glia_model *net, const char *layer, glia_dataset *data) {
    const glia_shape shape = glia_model_layer(net, glia_model_layer_index(net, layer)).shape;
    const int64_t rows = shape.dim[1], steps = shape.dim[2];
    glia_dataset *one  = NULL;
    float *decibels    = malloc((size_t)(rows * steps) * sizeof *decibels);
    glia_status status = decibels ? glia_dataset_take(data, 0, 1, &one) : GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK)
        status = glia_model_layer_output(net, layer, one, 0, decibels, (size_t)(rows * steps) * sizeof *decibels);
    if (status == GLIA_OK) printf("%s\n", glia_dataset_sample_name(one, 0));
    if (status == GLIA_OK) status = print(ctx, decibels, rows, steps);
    glia_dataset_destroy(one);
    free(decibels);
    return status;
}
