/* The reference. A formula sees dense row-major arrays of double, whatever the tensors' strides and data types; the
 * copies in and out are made here, once for all ops. So each X_ref.c is the formula of the op's header and nothing
 * else: plain loops, sums in double, never optimised. It judges every other provider. */
#ifndef GLIA_CPU_REFERENCE_REF_H
#define GLIA_CPU_REFERENCE_REF_H

#include "core/provider.h"
#include "glia/ops/common.h"

/* in[i] and out[i] are NULL for an absent tensor. */
typedef void (*glia_formula)(const void *geom, const double *const *in, double *const *out);

glia_status glia_ref_prepare(const glia_call *call, glia_prepared *out);
glia_status glia_ref_run(const glia_call *call, void *workspace, glia_formula formula);

/* The activations that ops fuse. */
double glia_ref_activate(glia_unary_kind kind, double x);

/* Defines the provider glia_X_ref of op X. */
#define GLIA_REF_PROVIDER(op, formula)                                                                   \
    static glia_status run_##op(const glia_call *call, const glia_prepared *prepared, void *workspace) { \
        (void)prepared;                                                                                  \
        return glia_ref_run(call, workspace, formula);                                                   \
    }                                                                                                    \
    const glia_provider glia_##op##_ref = {.name = "cpu.ref", .prepare = glia_ref_prepare, .run = run_##op}

#endif
