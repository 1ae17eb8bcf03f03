/* Text of the file. */
#include <math.h>
#include <string.h>

#include "c_file/c_file.h"
#include "core/print.h"
#include "core/size.h"
#include "io/output.h"

glia_status gli_c_open(gli_c_file *f) {
    GLI_TRY(gli_arena_alloc(f->ctx, &f->arena, 1, sizeof(gli_output), &f->out));
    return gli_output_open(f->ctx, f->path, f->out);
}

glia_status gli_c_close(gli_c_file *f, glia_status status) {
    if (status == GLIA_OK) return gli_output_commit(f->out);
    gli_output_abandon(f->out);
    return status;
}

static void write(gli_c_file *f, const char *text, size_t length) {
    if (f->status == GLIA_OK) f->status = gli_output_write(f->out, text, length);
}

void gli_c_put(gli_c_file *f, const char *format, ...) {
    char text[2048];
    va_list args;
    va_start(args, format);
    const int length = gli_format_list(text, sizeof text, format, args);
    va_end(args);
    if (length > 0) write(f, text, gli_min_size((size_t)length, sizeof text - 1));
}

/* Without what would end a comment, or begin one, or go on with a line. */
void gli_c_put_comment(gli_c_file *f, const char *text) {
    for (; *text; ++text) {
        const char c = *text;
        write(f, (unsigned char)c < ' ' || strchr("*/\\?", c) ? "_" : text, 1);
    }
}

const char *gli_c_number(float value, char text[GLI_C_NUMBER]) {
    if (isnan(value)) return "NAN";
    if (isinf(value)) return value > 0 ? "INFINITY" : "-INFINITY";
    if (value == rintf(value) && fabsf(value) < 1e6f && !(value == 0 && signbit(value))) {
        gli_format(text, GLI_C_NUMBER, "%d", (int)value);
        return text;
    }
    /* A number that lies closer than this cannot be taken for the neighbour's. */
    const double closest = 2.9e-8 * fabs((double)value);
    for (int digits = 6; digits <= 9; ++digits) {
        double back;
        gli_format(text, GLI_C_NUMBER, "%.*g", digits, (double)value);
        if (gli_scan_double(text, &back) && fabs(back - (double)value) <= closest) break;
    }
    if (!strpbrk(text, ".e")) strcat(text, ".0");
    return strcat(text, "f");
}

/* Elements of the dimensions from `first` on. */
static int64_t elements(int ndim, const int64_t *dim, int first) {
    int64_t count = 1;
    for (int i = first; i < ndim; ++i) count *= dim[i];
    return count;
}

/* Of the braces around the rows of the array, inner ones included, how many begin before element i. */
static int braces_at(int ndim, const int64_t *dim, int64_t i) {
    int n = 0;
    for (int d = 1; d < ndim; ++d) n += i % elements(ndim, dim, d) == 0;
    return n;
}

void gli_c_put_array(gli_c_file *f, const char *name, const char *suffix, int ndim, const int64_t *dim,
                     const float *values) {
    enum { WIDTH = 110 };
    const int64_t count = elements(ndim, dim, 0), row = dim[ndim - 1];
    gli_c_put(f, "static const float %s%s%s", name, *suffix ? "_" : "", suffix);
    for (int d = 0; d < ndim; ++d) gli_c_put(f, "[%lld]", (long long)dim[d]);
    gli_c_put(f, " = {");
    int column = WIDTH;
    for (int64_t i = 0; i < count; ++i) {
        char number[GLI_C_NUMBER], text[64] = "";
        for (int b = braces_at(ndim, dim, i); b > 0; --b) strcat(text, "{");
        strcat(text, gli_c_number(values[i], number));
        for (int b = braces_at(ndim, dim, i + 1); b > 0; --b) strcat(text, "}");
        if (i + 1 < count) strcat(text, ",");
        const int length  = (int)strlen(text);
        const bool breaks = column + 1 + length > WIDTH || (row >= 8 && i % row == 0);
        gli_c_put(f, "%s%s", breaks ? "\n    " : " ", text);
        column = breaks ? 4 + length : column + 1 + length;
    }
    gli_c_put(f, "};\n");
    f->info.weights += (size_t)count * sizeof *values;
}

const char *gli_c_indent(int level) {
    static const char spaces[] = "                                                                ";
    const size_t wanted        = 4 * (size_t)level;
    return spaces + sizeof spaces - 1 - gli_min_size(wanted, sizeof spaces - 1);
}

void gli_c_put_loop(gli_c_file *f, int level, const char *var, int64_t count, const char *rest) {
    gli_c_put(f, "%sfor (int %s = 0; %s < %lld; ++%s)%s", gli_c_indent(level), var, var, (long long)count, var, rest);
}
