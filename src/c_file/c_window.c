/* Windows over an image of one, two or three axes. */
#include <string.h>

#include "c_file/c_file.h"
#include "core/print.h"

static bool is_trivial(const gli_c_axis *a) { return a->in == 1 && a->out == 1 && a->kernel == 1 && a->pad == 0; }

/* Each element of y is of the element of x at the same place. */
static bool has_no_window(const gli_c_axis *a) {
    return a->kernel == 1 && a->stride == 1 && a->pad == 0 && a->in == a->out;
}

void gli_c_window_begin(gli_c_window *w) { *w = (gli_c_window){0}; }

void gli_c_window_add(gli_c_window *w, const gli_c_axis *axis) {
    gli_c_axis *last = w->n > 0 ? &w->axis[w->n - 1] : NULL;
    if (last && has_no_window(last) && has_no_window(axis))
        last->in *= axis->in, last->out *= axis->out;
    else if (last && is_trivial(last))
        *last = *axis;
    else
        w->axis[w->n++] = *axis;
}

void gli_c_window_end(gli_c_window *w) {
    static const char *const names[3][3] = {
        {"plane", "o", "d"}, {"row", "p", "r"}, {"column", "q", "s"}}; /* in, out, tap */
    for (int i = 0; i < w->n; ++i) {
        const char *const *of = names[i + 3 - w->n];
        w->axis[i].in_name = of[0], w->axis[i].out_name = of[1], w->axis[i].tap_name = of[2];
    }
}

int64_t gli_c_window_inputs(const gli_c_window *w) {
    int64_t count = 1;
    for (int i = 0; i < w->n; ++i) count *= w->axis[i].in;
    return count;
}

int64_t gli_c_window_taps(const gli_c_window *w) {
    int64_t count = 1;
    for (int i = 0; i < w->n; ++i) count *= w->axis[i].kernel;
    return count;
}

bool gli_c_window_inside(const gli_c_axis *a) {
    return a->pad == 0 && (int64_t)(a->out - 1) * a->stride + (int64_t)(a->kernel - 1) * a->dilation < a->in;
}

/* Adds "VAR * FACTOR" to a sum. */
static int add_product(char *text, int used, const char *var, int factor) {
    const char *plus = used ? " + " : "";
    return used + gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, factor == 1 ? "%s%s" : "%s%s * %d", plus,
                             var, factor);
}

const char *gli_c_tap(const gli_c_axis *a, const char *tap, char text[GLI_C_EXPRESSION]) {
    int used = 0;
    text[0]  = '\0';
    if (a->out > 1) used = add_product(text, used, a->out_name, a->stride);
    if (a->kernel > 1 && strcmp(tap, "0") != 0) used = add_product(text, used, tap, a->dilation);
    if (a->pad > 0) used += gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, used ? " - %d" : "-%d", a->pad);
    if (!used) gli_format(text, GLI_C_EXPRESSION, "0");
    return text;
}

void gli_c_put_tap(gli_c_file *f, int level, const gli_c_axis *a, const char *outside) {
    char text[GLI_C_EXPRESSION];
    const char *indent = gli_c_indent(level);
    gli_c_put(f, "%sconst int %s = %s;\n", indent, a->in_name, gli_c_tap(a, a->tap_name, text));
    if (gli_c_window_inside(a)) return;
    if (a->pad == 0)
        gli_c_put(f, "%sif (%s >= %d) %s;\n", indent, a->in_name, a->in, outside);
    else
        gli_c_put(f, "%sif (%s < 0 || %s >= %d) %s;\n", indent, a->in_name, a->in_name, a->in, outside);
}
