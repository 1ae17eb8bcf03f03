/* Loops over elements at strides. */
#include <limits.h>

#include "c_file/c_file.h"
#include "core/print.h"

const char *gli_c_element(const gli_c_strided *s, int input, char text[GLI_C_EXPRESSION]) {
    const int64_t offset = s->in[input].offset, *stride = s->in[input].stride;
    int used = gli_format(text, GLI_C_EXPRESSION, "%s[", s->in[input].name), terms = 0;
    for (int i = 0; i < s->ndim; ++i) {
        if (s->dim[i] == 1 || stride[i] == 0) continue;
        const char *sign = !terms++ ? (stride[i] < 0 ? "-" : "") : stride[i] < 0 ? " - " : " + ";
        const int64_t by = stride[i] < 0 ? -stride[i] : stride[i];
        used += gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, by == 1 ? "%si%d" : "%si%d * %lld", sign, i,
                           (long long)by);
    }
    if (offset || !terms)
        used +=
            gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, "%s%lld", terms ? " + " : "", (long long)offset);
    gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, "]");
    return text;
}

/* "BEFORE a BETWEEN b AFTER", with the elements of the inputs. */
static const char *expression(const gli_c_strided *s, const char *before, const char *between, const char *after,
                              char text[GLI_C_EXPRESSION]) {
    char first[GLI_C_EXPRESSION], second[GLI_C_EXPRESSION] = "";
    gli_c_element(s, 0, first);
    if (s->n_in > 1) gli_c_element(s, 1, second);
    gli_format(text, GLI_C_EXPRESSION, "%s%s%s%s%s", before, first, between, second, after);
    return text;
}

int gli_c_put_nest(gli_c_file *f, int level, int ndim, const int64_t *dim, unsigned axes, bool braced) {
    int last = -1;
    for (int i = 0; i < ndim; ++i)
        if ((axes >> i & 1) && dim[i] > 1) last = i;
    for (int i = 0; i <= last; ++i) {
        char var[8];
        if (!(axes >> i & 1) || dim[i] == 1) continue;
        gli_format(var, sizeof var, "i%d", i);
        gli_c_put_loop(f, level++, var, dim[i], braced && i == last ? " {\n" : "\n");
    }
    return level;
}

void gli_c_put_strided(gli_c_file *f, int level, const gli_c_strided *s, const char *before, const char *between,
                       const char *after, const gli_c_layer *activation) {
    char text[GLI_C_EXPRESSION];
    expression(s, before, between, after, text);
    level = gli_c_put_nest(f, level, s->ndim, s->dim, UINT_MAX, false);
    gli_c_put(f, "%s*y++ = %s;\n", gli_c_indent(level), activation ? GLI_C_ACTIVATED(activation, text) : text);
}
