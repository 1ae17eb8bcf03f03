/* The derivatives of the normalisations: one for all, as they differ only in what a group is. */
#ifndef GLI_OPS_NORM_NORM_DERIVE_H
#define GLI_OPS_NORM_NORM_DERIVE_H

#include "core/derive.h"
#include "ops/norm/norm_geom.h"

/* The tensors of a call under shapes that binary broadcasts. */
typedef struct gli_norm_view {
    glia_shape x, stats, weight; /* stats: mean and rstd; weight: and bias */
    unsigned group;              /* the axes of x that a group has; 0: the statistics do not depend on x */
    unsigned shared;             /* those along which a weight repeats */
    glia_value y;                /* what the backward op reads behind rstd; id 0: nothing */
    glia_value *dresidual;       /* gets its output behind dbias; NULL: not requested */
} gli_norm_view;

/* Derives a forward op: adds its backward op to the graph. Without the forward's statistics they are computed once
 * more. */
void gli_norm_derive(gli_derivation *d, const gli_op *backward, const void *params, const gli_norm_view *view);

/* A backward op as a formula, for gli_derive_composition: that of glia/ops/norm.h, all of it wide. */
void gli_norm_compose(gli_derivation *d, const gli_norm_view *view, glia_value rstd, glia_value *out);

#endif
