/* The reference. A formula sees dense row-major arrays of double, whatever the tensors' strides and data types; the
 * copies in and out are made here, once for all ops. So each X_ref.c is the formula of the op's header and nothing
 * else: plain loops, sums in double, or in long double where a double may have no square, never optimised. It judges
 * every other provider. */
#ifndef GLI_CPU_REFERENCE_REF_H
#define GLI_CPU_REFERENCE_REF_H

#include "core/provider.h"
#include "glia/ops/common.h"

/* in[i] and out[i] are NULL for an absent tensor. */
typedef void (*gli_formula)(const void *geom, const double *const *in, double *const *out);

glia_status gli_ref_prepare(const gli_call *call, gli_prepared *out);
glia_status gli_ref_run(const gli_call *call, void *workspace, gli_formula formula);

/* The activations that ops fuse. */
double gli_ref_activate(glia_unary_kind kind, double x);

/* Their derivative, which the result y tells, times dy. Where relu is constant no gradient goes through it. */
double gli_ref_activate_backward(glia_unary_kind kind, double y, double dy);

/* Defines the provider gli_X_ref of op X. */
#define GLI_REF_PROVIDER(op, formula)                                                                  \
    static glia_status run_##op(const gli_call *call, const gli_prepared *prepared, void *workspace) { \
        (void)prepared;                                                                                \
        return gli_ref_run(call, workspace, formula);                                                  \
    }                                                                                                  \
    const gli_provider gli_##op##_ref = {                                                              \
        .name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .prepare = gli_ref_prepare, .run = run_##op}

#endif
