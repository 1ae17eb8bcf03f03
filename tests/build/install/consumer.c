#include <glia/glia.h>
#include <stdio.h>
#include <string.h>

#ifndef FOUND_VERSION
#define FOUND_VERSION glia_version()
#endif

/* The sum of four ones, by a convolution with one filter of ones; and a picture, whose readers need other libraries. */
int main(void) {
    glia_context *ctx   = NULL;
    glia_image *picture = NULL;
    glia_tensor *x = NULL, *w = NULL, *y = NULL;
    float sum = 0;
    bool ok   = strcmp(glia_version(), FOUND_VERSION) == 0;
    ok        = ok && glia_context_create("cpu", NULL, &ctx) == GLIA_OK;
    ok        = ok && glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1, 1, 2, 2), &x) == GLIA_OK;
    ok        = ok && glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1, 1, 2, 2), &w) == GLIA_OK;
    ok        = ok && glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(1, 1, 1, 1), &y) == GLIA_OK;
    ok        = ok && glia_tensor_fill(x, 1) == GLIA_OK && glia_tensor_fill(w, 1) == GLIA_OK;
    ok        = ok && glia_conv2d(ctx, NULL, x, w, NULL, y) == GLIA_OK;
    ok        = ok && glia_tensor_read(y, &sum, sizeof sum) == GLIA_OK;
    ok        = ok && glia_image_decode(ctx, "P2 1 1 9 9", 10, NULL, &picture) == GLIA_OK;
    if (!ok) fprintf(stderr, "glia %s, found as %s: %s\n", glia_version(), FOUND_VERSION, glia_message(ctx));
    glia_image_destroy(picture);
    glia_tensor_destroy(x);
    glia_tensor_destroy(w);
    glia_tensor_destroy(y);
    glia_context_destroy(ctx);
    return ok && sum == 4 ? 0 : 1;
}
