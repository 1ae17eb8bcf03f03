#include "ops/sequence/sequence_shape.h"

#include "ops/check.h"

glia_status gli_sequence_shape(const gli_resolution *r, bool batch_first, gli_sequence_geom *g) {
    const glia_tensor *x = r->in[GLI_SEQUENCE_X];
    int outer;
    GLI_REQUIRE(r->ctx, x->ndim >= 2, GLIA_SHAPE_MISMATCH, "%s: x is %s, must be %s", r->op->name, GLI_SHAPE_OF(x),
                batch_first ? "[N,T,...]" : "[T,N,...]");
    gli_split_at(x, 1, &outer, &g->steps, &g->width);
    g->time  = batch_first ? 1 : 0;
    g->steps = (int)x->dim[g->time];
    g->batch = (int)x->dim[1 - g->time];
    return GLIA_OK;
}

void gli_sequence_cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}
