#include "ops/window.h"

gli_window_axis gli_window_axis_of(int rank, int i, const int *stride, const int *pad, const int *pad_end,
                                   const int *dilation) {
    static const char *const names[] = {"slices", "rows", "columns"};
    return (gli_window_axis){.name     = names[3 - rank + i],
                             .stride   = stride[i],
                             .pad      = pad[i],
                             .pad_end  = pad_end[i],
                             .dilation = dilation ? dilation[i] : 1};
}

/* Sizes below 2^31 and these limits keep every position of a window within 64 bits. */
static glia_status check_axis(const gli_resolution *r, const gli_window_axis *a, int64_t size, int64_t window) {
    const char *op = r->op->name;
    GLI_REQUIRE(r->ctx, a->stride > 0, GLIA_INVALID_ARGUMENT, "%s: stride over %s is %d, must be positive", op, a->name,
                a->stride);
    GLI_REQUIRE(r->ctx, a->dilation > 0, GLIA_INVALID_ARGUMENT, "%s: dilation over %s is %d, must be positive", op,
                a->name, a->dilation);
    GLI_REQUIRE(r->ctx, a->pad >= 0 && a->pad_end >= 0, GLIA_INVALID_ARGUMENT,
                "%s: pad over %s is %d and %d, must not be negative", op, a->name, a->pad, a->pad_end);
    GLI_REQUIRE(r->ctx, window > 0, GLIA_SHAPE_MISMATCH, "%s: the kernel has %lld %s", op, (long long)window, a->name);
    GLI_REQUIRE(r->ctx, size <= INT32_MAX && window <= INT32_MAX, GLIA_UNSUPPORTED,
                "%s: input and kernel have %lld and %lld %s, more than 2^31-1", op, (long long)size, (long long)window,
                a->name);
    return GLIA_OK;
}

static int64_t effective_size(const gli_window_axis *a, int64_t window) { return (window - 1) * a->dilation + 1; }

static glia_status to_int(const gli_resolution *r, const gli_window_axis *a, int64_t size, int *out) {
    GLI_REQUIRE(r->ctx, size <= INT32_MAX, GLIA_UNSUPPORTED, "%s: the output would have %lld %s, more than 2^31-1",
                r->op->name, (long long)size, a->name);
    *out = (int)size;
    return GLIA_OK;
}

glia_status gli_window_output_size(const gli_resolution *r, const gli_window_axis *a, int64_t size, int64_t window,
                                   bool ceil_mode, int *out) {
    GLI_TRY(check_axis(r, a, size, window));
    const int64_t padded = size + a->pad + a->pad_end, effective = effective_size(a, window);
    const int64_t rest = padded - effective + (ceil_mode ? a->stride - 1 : 0);
    int64_t outputs    = rest < 0 ? 0 : rest / a->stride + 1;
    if (ceil_mode && outputs > 0 && (outputs - 1) * a->stride >= size + a->pad) --outputs;
    GLI_REQUIRE(r->ctx, outputs > 0, GLIA_SHAPE_MISMATCH,
                "%s: the kernel reaches over %lld %s, the padded input has %lld", r->op->name, (long long)effective,
                a->name, (long long)padded);
    return to_int(r, a, outputs, out);
}

glia_status gli_window_input_size(const gli_resolution *r, const gli_window_axis *a, int64_t outputs, int64_t window,
                                  int output_pad, int *out) {
    GLI_TRY(check_axis(r, a, outputs, window));
    GLI_REQUIRE(r->ctx, output_pad >= 0 && output_pad < a->stride, GLIA_INVALID_ARGUMENT,
                "%s: output_pad over %s is %d, must be from 0 to below the stride %d", r->op->name, a->name, output_pad,
                a->stride);
    GLI_REQUIRE(r->ctx, outputs > 0, GLIA_SHAPE_MISMATCH, "%s: the input has no %s", r->op->name, a->name);
    const int64_t inputs =
        (outputs - 1) * a->stride + effective_size(a, window) + output_pad - (int64_t)a->pad - (int64_t)a->pad_end;
    GLI_REQUIRE(r->ctx, inputs > 0, GLIA_SHAPE_MISMATCH,
                "%s: pad over %s is %d and %d, which leaves %lld of the output", r->op->name, a->name, a->pad,
                a->pad_end, (long long)inputs);
    return to_int(r, a, inputs, out);
}
