/* Elementwise loops over f32 tensors of any strides: axes are ordered by the first tensor's strides and merged where
 * possible, so that tensors of one layout become one row, whatever the layout is. */
#ifndef GLI_CPU_NATIVE_LOOPS_H
#define GLI_CPU_NATIVE_LOOPS_H

#include "core/provider.h"

enum { GLI_LOOPS_TENSORS = 4 };

/* The outermost axis first. The sizes are above 1; a single element has one axis of size 1. */
typedef struct gli_loops {
    int tensors, ndim;
    int64_t count; /* elements */
    int64_t dim[GLIA_MAX_DIMS];
    int64_t stride[GLI_LOOPS_TENSORS][GLIA_MAX_DIMS]; /* 0: the tensor repeats its elements along the axis */
    float *data[GLI_LOOPS_TENSORS];
} gli_loops;

/* tensor[0] has the full shape; the others are broadcast to it as in glia_binary. The last axis of the loops is the
 * one of tensor[0]'s smallest stride. */
void gli_loops_init(gli_loops *loops, int tensors, const glia_tensor *const *tensor);

/* The same from strides, for tensors whose axes are not aligned at the last one: stride[t][i] is tensor t's along axis
 * i. */
void gli_loops_axes(gli_loops *loops, int tensors, int ndim, const int64_t *dim,
                    int64_t stride[GLI_LOOPS_TENSORS][GLIA_MAX_DIMS]);

/* Calls row(arg, count, data, stride) for parts of rows of the last axis, on several threads. data[0] may be the same
 * memory as another data[t] with the same strides. */
typedef void (*gli_loops_row)(const void *arg, int64_t count, float *const *data, const int64_t *stride);
void gli_loops_run(const glia_context *ctx, const gli_loops *loops, gli_loops_row row, const void *arg);

#endif
