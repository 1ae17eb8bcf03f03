/* What batchnorm and batchnorm_inference share on f32 images: the workspace, the split into chunks, and the pass
 * y = activation((x - mean) scale + shift + residual). Images are rows of C channels (channels last) or planes of one
 * channel (row-major). */
#ifndef GLI_CPU_NATIVE_NORM_BATCHNORM_WORK_H
#define GLI_CPU_NATIVE_NORM_BATCHNORM_WORK_H

#include "cpu/native/call_floats.h"
#include "ops/norm/batchnorm_geom.h"

/* The workspace: two partial sums [chunks,c], scratch for each chunk, then vectors [c]. */
typedef struct gli_batchnorm_work {
    const gli_batchnorm_geom *g;
    bool planes;
    int64_t rows, rows_per_chunk; /* channels last: n * area, split into chunks */
    int64_t chunks;               /* of each channel; row-major: the planes of its n samples */
    double *sum, *square;
    float *scratch, *mean, *scale, *shift, *slope;
    const float *x, *dy, *rstd, *residual, *y, *dy2;
    float *out, *dsum; /* dsum: where the gradient before the activation goes, of dy, dy2 and y; NULL: it is dy */
} gli_batchnorm_work;

gli_batchnorm_work gli_batchnorm_work_of(const gli_call *call);

/* Partial sums of one kind, those of all chunks and channels. */
size_t gli_batchnorm_sums(const gli_batchnorm_work *w);

void gli_batchnorm_assign_workspace(gli_batchnorm_work *w, void *workspace);

/* NULL, or why y cannot be computed by gli_batchnorm_normalise. */
const char *gli_batchnorm_decline_activation(const gli_call *call);

/* Runs one of two bodies with w as their argument: over the rows, split by rows_per_chunk, or over all planes. */
typedef void gli_batchnorm_body(void *arg, int64_t begin, int64_t end);
void gli_batchnorm_run(const gli_call *call, gli_batchnorm_work *w, int64_t rows_per_chunk,
                       gli_batchnorm_body *over_rows, gli_batchnorm_body *over_planes);

/* Rows that make a chunk of elementwise work. */
int64_t gli_batchnorm_elementwise_rows(const gli_batchnorm_work *w);

void gli_batchnorm_normalise(const gli_call *call, gli_batchnorm_work *w);

#endif
