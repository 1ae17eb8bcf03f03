/* Transposed convolutions: each element of x adds its multiple of the filters to y. w is [c,k/groups,r,s]. */
#include "c_file/c_conv.h"
#include "core/print.h"
#include "glia/ops.h"

static glia_status transpose_weights(gli_c_file *f, const gli_c_layer *l) {
    const gli_c_conv v = gli_c_conv_of(l);
    const int group_k = v.k / v.groups, group_c = v.c / v.groups;
    const int64_t taps   = gli_c_window_taps(&v.w);
    gli_c_filters values = {0};
    gli_c_affine norm    = {0};
    GLI_TRY(gli_c_read_filters(f, l, (int64_t)v.c * group_k * taps, v.k, &values));
    if (l->batchnorm) GLI_TRY(gli_c_batchnorm(f, l->batchnorm, &norm));
    for (int k = 0; l->batchnorm && k < v.k; ++k) {
        gli_c_fold(&values.bias[k], norm.scale[k], norm.shift[k]);
        for (int64_t i = 0; i < group_c * taps; ++i) {
            const int64_t c = k / group_k * group_c + i / taps;
            gli_c_fold(&values.w[(c * group_k + k % group_k) * taps + i % taps], norm.scale[k], 0);
        }
    }
    gli_c_put_filters(f, l, v.c, group_k, &v.w, values.w);
    gli_c_put_conv_bias(f, l, v.k, values.bias);
    return GLIA_OK;
}

/* For each axis the element of y that a tap reaches: its `in` is y here, and its `out` x. */
static gli_c_window reached(const gli_c_window *w) {
    gli_c_window out = *w;
    for (int i = 0; i < w->n; ++i) {
        out.axis[i].in = w->axis[i].out, out.axis[i].out = w->axis[i].in;
        out.axis[i].in_name = w->axis[i].out_name, out.axis[i].out_name = w->axis[i].in_name;
    }
    return out;
}

static void put_transpose(gli_c_file *f, const gli_c_layer *l) {
    const gli_c_conv v   = gli_c_conv_of(l);
    const gli_c_window w = reached(&v.w);
    const int64_t area   = gli_c_window_inputs(&w);
    char text[GLI_C_EXPRESSION], weight[GLI_C_EXPRESSION];
    int level = 2;
    gli_c_put_loop(f, 1, "k", v.k, " {\n");
    gli_c_put(f, "        float *out = y + k * %lld;\n", (long long)area);
    gli_c_put_loop(f, 2, "i", area, "");
    gli_c_put(f, " out[i] = %s;\n", gli_c_conv_start(l, text));
    gli_c_put_loop(f, level++, "c", v.c / v.groups, "\n");
    for (int i = 0; i < w.n; ++i) {
        gli_c_put_loop(f, level++, w.axis[i].out_name, w.axis[i].out, "\n");
        gli_c_put_loop(f, level++, w.axis[i].tap_name, w.axis[i].kernel, " {\n");
        gli_c_put_tap(f, level, &w.axis[i], "continue");
    }
    const char *channel = gli_c_conv_channel(&v, text);
    int used            = gli_format(weight, sizeof weight, "%s_weight[%s][", l->name, channel);
    used += gli_format(weight + used, sizeof weight - (size_t)used, v.groups == 1 ? "k]" : "k %% %d]", v.k / v.groups);
    for (int i = 0; i < w.n; ++i)
        used += gli_format(weight + used, sizeof weight - (size_t)used, "[%s]", w.axis[i].tap_name);
    gli_c_put(f, "%sout[", gli_c_indent(level));
    for (int i = 0; i < w.n - 2; ++i) gli_c_put(f, "(");
    for (int i = 0; i < w.n; ++i)
        if (i)
            gli_c_put(f, " * %d + %s%s", w.axis[i].in, w.axis[i].in_name, i < w.n - 1 ? ")" : "");
        else
            gli_c_put(f, "%s", w.axis[i].in_name);
    gli_c_put(f, "] += x[");
    for (int i = 0; i < w.n; ++i) gli_c_put(f, "(");
    gli_c_put(f, "%s", channel);
    for (int i = 0; i < w.n; ++i) gli_c_put(f, " * %d + %s)", w.axis[i].out, w.axis[i].out_name);
    gli_c_put(f, "] * %s;\n", weight);
    for (int i = 0; i < w.n; ++i) gli_c_put(f, "%s}\n", gli_c_indent(level -= 1)), level -= 1;
    if (l->activation != GLIA_UNARY_LINEAR) {
        gli_c_put_loop(f, 2, "i", area, "");
        gli_c_put(f, " out[i] = %s;\n", GLI_C_ACTIVATED(l, "out[i]"));
    }
    gli_c_put(f, "    }\n");
}

const gli_c_op gli_c_conv2d_transpose = {.op        = &gli_op_conv2d_transpose,
                                         .data      = 1u << GLI_CONV_X,
                                         .folds     = true,
                                         .activates = true,
                                         .plan      = gli_c_plan_conv,
                                         .weights   = transpose_weights,
                                         .body      = put_transpose};
