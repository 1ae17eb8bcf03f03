#include "cpu/native/loops.h"

#include <string.h>

#include "core/parallel.h"
#include "core/size.h"

enum { GRAIN = 1 << 14 };

/* Whether axis b, the next inner one, continues axis a in every tensor: then both are one axis. */
static bool merges(const gli_loops *l, int a, int b) {
    for (int t = 0; t < l->tensors; ++t)
        if (l->stride[t][a] != l->stride[t][b] * l->dim[b]) return false;
    return true;
}

static void append(gli_loops *l, int64_t dim, int tensors, int axis, int64_t stride[GLI_LOOPS_TENSORS][GLIA_MAX_DIMS]) {
    const int last = l->ndim++;
    l->dim[last]   = dim;
    for (int t = 0; t < tensors; ++t) l->stride[t][last] = stride[t][axis];
    if (last == 0 || !merges(l, last - 1, last)) return;
    l->dim[last - 1] *= dim;
    for (int t = 0; t < tensors; ++t) l->stride[t][last - 1] = l->stride[t][last];
    --l->ndim;
}

void gli_loops_axes(gli_loops *loops, int tensors, int ndim, const int64_t *dim,
                    int64_t stride[GLI_LOOPS_TENSORS][GLIA_MAX_DIMS]) {
    bool done[GLIA_MAX_DIMS] = {0};
    memset(loops, 0, sizeof *loops);
    loops->tensors = tensors;
    loops->count   = 1;
    for (int i = 0; i < ndim; ++i) {
        loops->count *= dim[i];
        done[i] = dim[i] == 1;
    }
    for (;;) {
        int next = -1;
        for (int i = 0; i < ndim; ++i)
            if (!done[i] && (next < 0 || stride[0][i] > stride[0][next])) next = i;
        if (next < 0) break;
        append(loops, dim[next], tensors, next, stride);
        done[next] = true;
    }
    if (loops->ndim == 0) loops->ndim = loops->dim[0] = 1;
}

void gli_loops_init(gli_loops *loops, int tensors, const glia_tensor *const *tensor) {
    const glia_tensor *y                             = tensor[0];
    int64_t stride[GLI_LOOPS_TENSORS][GLIA_MAX_DIMS] = {{0}};
    for (int t = 0; t < tensors; ++t) {
        const int missing = y->ndim - tensor[t]->ndim;
        for (int i = missing; i < y->ndim; ++i)
            stride[t][i] = tensor[t]->dim[i - missing] == 1 ? 0 : tensor[t]->stride[i - missing];
    }
    gli_loops_axes(loops, tensors, y->ndim, y->dim, stride);
    for (int t = 0; t < tensors; ++t) loops->data[t] = tensor[t]->data;
}

typedef struct job {
    const gli_loops *loops;
    gli_loops_row row;
    const void *arg;
} job;

/* Elements begin .. end-1 in the order of the loops. */
static void run_chunk(void *arg, int64_t begin, int64_t end) {
    const job *j       = arg;
    const gli_loops *l = j->loops;
    const int last     = l->ndim - 1;
    int64_t step[GLI_LOOPS_TENSORS];
    for (int t = 0; t < l->tensors; ++t) step[t] = l->stride[t][last];
    while (begin < end) {
        const int64_t within = begin % l->dim[last], count = gli_min_i64(l->dim[last] - within, end - begin);
        float *data[GLI_LOOPS_TENSORS];
        int64_t rest = begin / l->dim[last];
        for (int t = 0; t < l->tensors; ++t) data[t] = l->data[t] + within * step[t];
        for (int i = last - 1; i >= 0; --i, rest /= l->dim[i + 1])
            for (int t = 0; t < l->tensors; ++t) data[t] += rest % l->dim[i] * l->stride[t][i];
        j->row(j->arg, count, data, step);
        begin += count;
    }
}

void gli_loops_run(const glia_context *ctx, const gli_loops *loops, gli_loops_row row, const void *arg) {
    job j = {loops, row, arg};
    gli_parallel(ctx, loops->count, GRAIN, run_chunk, &j);
}
