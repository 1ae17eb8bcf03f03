#include "core/accepts.h"

#include <stdio.h>

#include "core/dtype.h"
#include "core/provider.h"

/* A tensor of a call, input or output. */
typedef struct role {
    const glia_tensor *tensor;
    const char *name;
    bool image, index;
    bool as_op_says; /* its dtype follows from the op, whatever that of the data is */
} role;

/* The next tensor that is present, from number *i on, inputs first; false: there is none. */
static bool next(const gli_call *call, int *i, role *out) {
    const gli_op *op = call->op;
    for (; *i < call->n_in + op->n_outputs; ++*i) {
        const int in = *i, o = *i - call->n_in;
        if (o < 0)
            *out = (role){call->in[in], op->inputs[in].name, gli_input_is(op, in, GLI_IN_IMAGE),
                          gli_input_is(op, in, GLI_IN_INDEX),
                          gli_input_is(op, in, GLI_IN_WIDE) || gli_input_is(op, in, GLI_IN_HALF)};
        else
            *out = (role){call->out[o], op->outputs[o].name, gli_output_is(op, o, GLI_OUT_IMAGE),
                          gli_output_is(op, o, GLI_OUT_INDEX),
                          gli_output_is(op, o, GLI_OUT_WIDE) || gli_output_is(op, o, GLI_OUT_HALF)};
        if (out->tensor) return ++*i, true;
    }
    return false;
}

static const char *dtype_names(unsigned dtypes, char *text, size_t size) {
    size_t length = 0;
    text[0]       = '\0';
    for (int d = 0; d < GLIA_DTYPE_COUNT; ++d)
        if (dtypes >> d & 1 && length < size - 1)
            length += (size_t)snprintf(text + length, size - length, "%s%s", length ? " or " : "",
                                       glia_dtype_name((glia_dtype)d));
    return text;
}

static bool dtype_fits(const gli_accepts *a, const role *r, glia_dtype first, char *why) {
    char names[40];
    const glia_dtype dtype = r->tensor->dtype;
    if (r->index || r->as_op_says) return true;
    if (gli_dtype_is_float(dtype) && !(a->dtypes >> dtype & 1)) {
        snprintf(why, GLI_REASON, "%s is %s, must be %s", r->name, glia_dtype_name(dtype),
                 dtype_names(a->dtypes, names, sizeof names));
        return false;
    }
    if (!(a->flags & GLI_ONE_DTYPE) || dtype == first) return true;
    snprintf(why, GLI_REASON, "%s is %s beside %s", r->name, glia_dtype_name(dtype), glia_dtype_name(first));
    return false;
}

static bool layout_fits(const gli_accepts *a, const role *r, const glia_tensor *first, char *why) {
    char names[GLI_FORMATS_TEXT];
    if (a->flags & GLI_NOT_EMPTY && gli_count(r->tensor) == 0) {
        snprintf(why, GLI_REASON, "%s is empty", r->name);
        return false;
    }
    if (r->index || (r->image && a->images)) return true;
    if (!(gli_formats_of(r->tensor) & a->formats)) {
        snprintf(why, GLI_REASON, "%s is not %s", r->name, gli_formats_text(a->formats, names));
        return false;
    }
    if (!(a->flags & GLI_ONE_LAYOUT) || r->tensor->ndim == 0 || gli_same_strides(r->tensor, first)) return true;
    snprintf(why, GLI_REASON, "%s has other strides than the first input", r->name);
    return false;
}

static bool some_half(const gli_call *call) {
    role r;
    for (int i = 0; next(call, &i, &r);)
        if (!r.as_op_says && gli_dtype_is_half(r.tensor->dtype)) return true;
    return false;
}

/* The formats that all images of the call have. */
static unsigned common_formats(const gli_call *call) {
    unsigned formats = ~0u;
    role r;
    for (int i = 0; next(call, &i, &r);)
        if (r.image) formats &= gli_formats_of(r.tensor);
    return formats;
}

/* The first tensor that is no index; of a call of indices alone, the first. */
static const glia_tensor *first_of(const gli_call *call) {
    const glia_tensor *first = NULL;
    role r;
    for (int i = 0; next(call, &i, &r);) {
        if (!r.index) return r.tensor;
        if (!first) first = r.tensor;
    }
    return first;
}

const char *gli_accepts_not(const gli_accepts *accepts, const gli_call *call, char *why) {
    const glia_tensor *first = first_of(call);
    char names[GLI_FORMATS_TEXT];
    role r;
    for (int i = 0; next(call, &i, &r);)
        if (!dtype_fits(accepts, &r, first->dtype, why) || !layout_fits(accepts, &r, first, why)) return why;
    if (accepts->images && !(common_formats(call) & accepts->images)) {
        snprintf(why, GLI_REASON, "its images are not all %s", gli_formats_text(accepts->images, names));
        return why;
    }
    if (accepts->flags & GLI_F32_REDUCED && first->dtype == GLIA_F32 && call->ctx->math == GLIA_MATH_F32) {
        snprintf(why, GLI_REASON, "the math of the context is f32");
        return why;
    }
    if (accepts->flags & GLI_SOME_HALF && !some_half(call)) {
        snprintf(why, GLI_REASON, "none of its data is bf16 or f16");
        return why;
    }
    return NULL;
}

bool gli_images_in_planes(const gli_call *call) {
    const glia_tensor *x   = call->in[0];
    const unsigned formats = common_formats(call);
    const bool vectors     = gli_count(x) == x->dim[0] * x->dim[1];
    return formats & GLI_ROW_MAJOR && !(formats & GLI_CHANNELS_LAST && vectors);
}
