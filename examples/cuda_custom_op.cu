/* An op of one's own, from its kernels to a model that learns through it: swish with a slope for each feature,
 *   y[n,c] = x[n,c] sigmoid(slope[c] x[n,c]),
 * which a small network uses to tell the points inside a ring from those outside. The slopes are trained, too.
 *
 * nvcc compiles this file for CUDA; cuda_custom_op_emulated is the same file compiled by g++ for the device "emulated".
 * --help says what both can do. */
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/device/cuda.cuh"
#include "support/example.h"
#include "support/options.h"

#ifdef __CUDACC__
static const char kernels_are_for[] = "cuda";
#else
static const char kernels_are_for[] = "emulated";
#endif

namespace {

/* ---- the formula, for the CPU and for kernels ---- */

__host__ __device__ inline float sigmoid(float z) { return 1 / (1 + expf(-z)); }

__host__ __device__ inline float swish(float x, float slope) { return x * sigmoid(slope * x); }

__host__ __device__ inline float swish_by_x(float x, float slope) {
    const float s = sigmoid(slope * x);
    return s + slope * x * s * (1 - s);
}

__host__ __device__ inline float swish_by_slope(float x, float slope) {
    const float s = sigmoid(slope * x);
    return x * x * s * (1 - s);
}

/* ---- kernels ---- */

enum { THREADS = 128 };

__global__ void __launch_bounds__(THREADS)
    forward_kernel(const float *x, const float *slope, float *y, int count, int features) {
    const int i = blockIdx.x * THREADS + threadIdx.x;
    if (i < count) y[i] = swish(x[i], slope[i % features]);
}

__global__ void __launch_bounds__(THREADS)
    by_x_kernel(const float *x, const float *slope, const float *dy, float *dx, int count, int features) {
    const int i = blockIdx.x * THREADS + threadIdx.x;
    if (i < count) dx[i] = dy[i] * swish_by_x(x[i], slope[i % features]);
}

/* A block for each feature: its threads take the samples in turn, then their sums are added in pairs. Always in this
 * order, so that every run gives the same bits. */
__global__ void __launch_bounds__(THREADS)
    by_slope_kernel(const float *x, const float *slope, const float *dy, float *dslope, int samples, int features) {
    __shared__ float sums[THREADS];
    const int feature = blockIdx.x;
    float sum         = 0;
    for (int n = threadIdx.x; n < samples; n += THREADS) {
        const int i = n * features + feature;
        sum += dy[i] * swish_by_slope(x[i], slope[feature]);
    }
    sums[threadIdx.x] = sum;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    if (threadIdx.x == 0) dslope[feature] = sums[0];
}

/* ---- the op ---- */

/* What each of its functions needs to know of a call. */
struct problem {
    int samples, features, count;
    const float *x, *slope, *dy;
    float *y, *dx, *dslope;
};

const float *floats(const glia_tensor *tensor) { return static_cast<const float *>(glia_tensor_data(tensor)); }
float *floats(glia_tensor *tensor) { return static_cast<float *>(glia_tensor_data(tensor)); }

problem problem_of(const glia_custom_call *call) {
    const glia_shape shape = glia_tensor_shape(call->in[0]);
    problem p;
    p.samples  = static_cast<int>(shape.dim[0]);
    p.features = static_cast<int>(shape.dim[1]);
    p.count    = p.samples * p.features;
    p.x        = floats(call->in[0]);
    p.slope    = floats(call->in[1]);
    p.y        = floats(call->out[0]);
    p.dy       = floats(call->dout[0]);
    p.dx       = floats(call->din[0]);
    p.dslope   = floats(call->din[1]);
    return p;
}

glia_status refuse(glia_custom_resolution *r, glia_status status, const char *reason) {
    snprintf(r->message, sizeof r->message, "%s", reason);
    return status;
}

glia_status resolve(glia_custom_resolution *r) {
    const glia_custom_type &x = r->in[0], &slope = r->in[1];
    if (x.dtype != GLIA_F32 || slope.dtype != GLIA_F32)
        return refuse(r, GLIA_DTYPE_MISMATCH, "x and slope must be f32");
    if (x.shape.ndim != 2) return refuse(r, GLIA_SHAPE_MISMATCH, "x must be [samples, features]");
    if (slope.shape.ndim != 1 || slope.shape.dim[0] != x.shape.dim[1])
        return refuse(r, GLIA_SHAPE_MISMATCH, "there must be one slope for each feature");
    r->out[0] = x;
    return GLIA_OK;
}

glia_status forward_on_cpu(glia_custom_call *call) {
    const problem p = problem_of(call);
    for (int i = 0; i < p.count; ++i) p.y[i] = swish(p.x[i], p.slope[i % p.features]);
    return GLIA_OK;
}

glia_status backward_on_cpu(glia_custom_call *call) {
    const problem p = problem_of(call);
    for (int c = 0; p.dslope && c < p.features; ++c) p.dslope[c] = 0;
    for (int i = 0; i < p.count; ++i) {
        const float x = p.x[i], slope = p.slope[i % p.features];
        if (p.dx) p.dx[i] = p.dy[i] * swish_by_x(x, slope);
        if (p.dslope) p.dslope[i % p.features] += p.dy[i] * swish_by_slope(x, slope);
    }
    return GLIA_OK;
}

glia_status status_of(glia_custom_call *call, cudaError_t error) {
    if (error == cudaSuccess) return GLIA_OK;
    snprintf(call->message, sizeof call->message, "%s", cudaGetErrorString(error));
    return GLIA_DEVICE_ERROR;
}

int blocks_for(int count) { return (count + THREADS - 1) / THREADS; }

glia_status forward_on_cuda(glia_custom_call *call) {
    const problem p     = problem_of(call);
    cudaStream_t stream = static_cast<cudaStream_t>(call->stream);
    return status_of(call, GLI_LAUNCH(forward_kernel, blocks_for(p.count), THREADS, 0, stream, p.x, p.slope, p.y,
                                      p.count, p.features));
}

glia_status backward_on_cuda(glia_custom_call *call) {
    const problem p     = problem_of(call);
    cudaStream_t stream = static_cast<cudaStream_t>(call->stream);
    cudaError_t error   = cudaSuccess;
    if (p.dx)
        error = GLI_LAUNCH(by_x_kernel, blocks_for(p.count), THREADS, 0, stream, p.x, p.slope, p.dy, p.dx, p.count,
                           p.features);
    if (error == cudaSuccess && p.dslope)
        error = GLI_LAUNCH(by_slope_kernel, p.features, THREADS, 0, stream, p.x, p.slope, p.dy, p.dslope, p.samples,
                           p.features);
    return status_of(call, error);
}

glia_custom_op describe() {
    glia_custom_op op = {};
    op.name           = "swish";
    op.n_in           = 2;
    op.n_out          = 1;
    op.resolve        = resolve;
    op.forward        = forward_on_cpu;
    op.backward       = backward_on_cpu;
    op.cuda_forward   = forward_on_cuda;
    op.cuda_backward  = backward_on_cuda;
    op.unread_out     = 1; /* the gradient is computed from x and the slopes */
    return op;
}

const glia_custom_op swish_op = describe();

/* ---- a model with it ---- */

enum { POINTS = 512, FEATURES = 16, EPOCHS = 60 };

struct ring {
    std::vector<float> points;
    std::vector<int64_t> classes;
};

/* Points of a square, spread evenly; class 1 lies in the ring from 0.35 to 0.75. */
ring make_ring() {
    ring data;
    for (int i = 0; i < POINTS; ++i) {
        const float x = 2 * std::fmod(0.7548777f * i, 1.0f) - 1, y = 2 * std::fmod(0.5698403f * i, 1.0f) - 1;
        const float radius = std::sqrt(x * x + y * y);
        data.points.push_back(x);
        data.points.push_back(y);
        data.classes.push_back(radius > 0.35f && radius < 0.75f);
    }
    return data;
}

glia_value dense(glia_model *net, glia_value x, int units) {
    glia_dense_args args = {};
    args.units           = units;
    return glia_model_dense(net, x, &args);
}

glia_value swish_layer(glia_model *net, glia_value x, const char *slopes) {
    glia_parameter_args ones  = {};
    ones.init.kind            = GLIA_INIT_CONSTANT;
    ones.init.a               = 1;
    glia_custom_params params = {};
    params.op                 = &swish_op;
    const glia_value in[]     = {x, glia_model_parameter(net, slopes, GLIA_SHAPE(FEATURES), &ones)};
    return glia_model_custom(net, &params, in, 2, nullptr, 0);
}

glia_status train(glia_model *net, glia_dataset *data) {
    glia_result before, after;
    glia_value x          = glia_model_input(net, "point", GLIA_SHAPE(2));
    x                     = swish_layer(net, dense(net, x, FEATURES), "slope_1");
    x                     = swish_layer(net, dense(net, x, FEATURES), "slope_2");
    glia_compile_args how = {};
    how.loss              = glia_loss_cross_entropy();
    how.optimizer         = glia_optimizer_adam(0.02);
    GLIA_TRY(glia_model_compile(net, dense(net, x, 2), &how));
    GLIA_TRY(glia_model_evaluate(net, data, 0, &before));
    glia_fit_args fit = {};
    fit.epochs        = EPOCHS;
    fit.batch_size    = 64;
    GLIA_TRY(glia_model_fit(net, data, &fit));
    GLIA_TRY(glia_model_evaluate(net, data, 0, &after));
    float slopes[FEATURES];
    GLIA_TRY(glia_model_get(net, "slope_1", slopes, sizeof slopes));
    printf("loss %.4f -> %.4f, accuracy %.3f -> %.3f\n", before.loss, after.loss, before.metric[0], after.metric[0]);
    printf("a slope: 1 -> %.3f\n", slopes[0]);
    return GLIA_OK;
}

glia_status run(glia_context *ctx) {
    const ring ring  = make_ring();
    glia_array input = {}, target = {};
    input.shape             = GLIA_SHAPE(2);
    input.data              = ring.points.data();
    target.dtype            = GLIA_I64;
    target.data             = ring.classes.data();
    glia_arrays_args arrays = {};
    arrays.inputs = &input, arrays.n_inputs = 1;
    arrays.targets = &target, arrays.n_targets = 1;
    arrays.count       = POINTS;
    glia_dataset *data = nullptr;
    glia_model *net    = nullptr;
    glia_status status = glia_dataset_from_arrays(ctx, &arrays, &data);
    if (status == GLIA_OK) status = glia_model_create(ctx, nullptr, &net);
    if (status == GLIA_OK) status = train(net, data);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
    return status;
}

}  // namespace

/* Exit codes: 0; 1 for a failure; 2 for wrong use; 3 where the device is missing. */
int main(int argc, char **argv) {
    const char *device = kernels_are_for;
    option choice      = {};
    choice.name        = "device";
    choice.meaning     = "cpu, or the one that the kernels were compiled for";
    choice.text        = &device;
    int exit_code;
    if (!read_options("Trains a network with an op of its own.", &choice, 1, argc, argv, &exit_code)) return exit_code;
    if (strcmp(device, "cpu") != 0 && strncmp(device, kernels_are_for, strlen(kernels_are_for)) != 0) {
        fprintf(stderr, "cuda_custom_op: --device %s: the kernels were compiled for %s\n", device, kernels_are_for);
        return 2;
    }
    glia_context *ctx  = nullptr;
    glia_status status = glia_context_create(device, nullptr, &ctx);
    if (status == GLIA_OK) {
        printf("on %s: ", glia_context_device(ctx));
        status = run(ctx);
    }
    const bool missing = !ctx && status == GLIA_NOT_FOUND;
    exit_code          = example_end("cuda_custom_op", status, ctx);
    glia_context_destroy(ctx);
    return missing ? 3 : exit_code;
}
