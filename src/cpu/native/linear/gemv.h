/* Products of a matrix and one vector, y = W x + b, as inference makes them a sample at a time. The weights are packed
 * once. The order of each sum follows from the sizes and the processor alone. */
#ifndef GLI_CPU_NATIVE_LINEAR_GEMV_H
#define GLI_CPU_NATIVE_LINEAR_GEMV_H

#include <stdbool.h>
#include <stdint.h>

/* Outputs of one panel, whose rows are the biases and then, for each element of x, the weights that meet it. */
typedef void gli_gemv_panel(const float *panel, const float *x, int64_t columns, float *y);

/* One output, for matrices of few rows. */
typedef float gli_gemv_dot(const float *w, const float *x, int64_t columns);

typedef struct gli_gemv_kernel {
    const char *name;
    int lanes;                /* of a vector */
    gli_gemv_panel *panel[2]; /* of one vector of outputs, and of four */
    gli_gemv_dot *dot;
} gli_gemv_kernel;

/* The kernels that this processor can run, the best one first; NULL: there is no i-th. */
const gli_gemv_kernel *gli_gemv_kernel_at(int i);

/* W [rows,columns]. */
typedef struct gli_gemv {
    const gli_gemv_kernel *kernel;
    int64_t rows, columns;
    float *packed; /* aligned to GLI_ALIGNMENT */
} gli_gemv;

/* Elements of packed, and those that y has to have room for. */
int64_t gli_gemv_packed(const gli_gemv *gemv);
int64_t gli_gemv_outputs(const gli_gemv *gemv);

/* Fills packed: w is row-major; bias NULL: zeros. */
void gli_gemv_pack(const gli_gemv *gemv, const float *w, const float *bias);

/* y may not overlap x. */
void gli_gemv_run(const gli_gemv *gemv, const float *x, float *y);

#endif
