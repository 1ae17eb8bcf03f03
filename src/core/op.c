#include "core/op.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const gli_op *const gli_ops[] = {
#define GLI_OP(name) &gli_op_##name,
#include "core/ops.inc"
#undef GLI_OP
    NULL,
};

const gli_op *gli_op_find(const char *name) {
    for (const gli_op *const *op = gli_ops; *op; ++op)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}

/* The op with a param `kind` that has this word; NULL: none. */
static const gli_op *op_of_kind(const char *word) {
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (int p = 0; p < (*op)->n_params; ++p) {
            const gli_op_param *param = &(*op)->params[p];
            for (int k = 0; strcmp(param->name, "kind") == 0 && k < param->n_names; ++k)
                if (strcmp(param->names[k], word) == 0) return *op;
        }
    return NULL;
}

const char *gli_op_missing(const char *name, char text[GLI_OP_MISSING_TEXT]) {
    const gli_op *of = name ? op_of_kind(name) : NULL;
    if (of)
        snprintf(text, GLI_OP_MISSING_TEXT, "no op is named '%s', which is a kind of the op '%s'", name, of->name);
    else
        snprintf(text, GLI_OP_MISSING_TEXT, "no op is named '%.64s'; glia/ops.h declares op X as glia_X",
                 name ? name : "NULL");
    return text;
}

int gli_required_inputs(const gli_op *op) {
    int n = op->n_inputs;
    while (n > 0 && gli_input_is(op, n - 1, GLI_IN_OPTIONAL)) --n;
    return n;
}

int gli_saved_output(const gli_op *op) {
    for (int o = 0; o < op->n_outputs; ++o)
        if (gli_output_is(op, o, GLI_OUT_SAVED)) return o;
    return -1;
}

int gli_saved_input(const gli_op *op) {
    for (int i = 0; i < op->n_inputs; ++i)
        if (gli_input_is(op, i, GLI_IN_SAVED)) return i;
    return -1;
}

double gli_sum_depth(double terms) {
    return terms <= GLI_LONGEST_CHAIN ? terms : GLI_LONGEST_CHAIN + log2(terms / GLI_LONGEST_CHAIN);
}

bool gli_exact_always(const void *geom) {
    (void)geom;
    return true;
}
