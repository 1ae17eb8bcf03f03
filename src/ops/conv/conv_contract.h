/* The contracts of convolution and of its gradients, for any number of spatial dimensions: conv2d.c and conv3d.c have
 * the params, the descriptors and the public functions of two and of three. */
#ifndef GLI_OPS_CONV_CONV_CONTRACT_H
#define GLI_OPS_CONV_CONV_CONTRACT_H

#include "core/derive.h"
#include "core/op.h"
#include "ops/check.h"
#include "ops/conv/conv_geom.h"
#include "ops/elementwise/activation.h"

/* The params of a forward convolution over `rank` dimensions, as many elements in each array. */
typedef struct gli_conv_params {
    int rank;
    const int *stride, *pad, *pad_end, *dilation;
    int groups;
    glia_activation activation;
} gli_conv_params;

/* Those of a glia_conv2d_params or glia_conv3d_params. */
#define GLI_CONV_PARAMS(p) \
    {GLI_COUNT_OF((p)->stride), (p)->stride, (p)->pad, (p)->pad_end, (p)->dilation, (p)->groups, (p)->activation}

/* resolve of the three ops; size is the params' own: of x, of w. */
glia_status gli_conv_resolve(gli_resolution *r, const gli_conv_params *p);
glia_status gli_conv_resolve_data(gli_resolution *r, const gli_conv_params *p, const int *size);
glia_status gli_conv_resolve_filter(gli_resolution *r, const gli_conv_params *p, const int *size);

/* Sets rank, and the arrays of an axis from the sizes of x and of w and the params; y's is set by the caller. */
void gli_conv_set_axis(gli_conv_geom *g, const gli_conv_params *p, int i, int64_t x, int64_t w);

/* The arrays of the dimensions that the tensors do not have: of size 1. */
void gli_conv_set_missing(gli_conv_geom *g);

void gli_conv_cost(const void *geom, gli_cost *out);
void gli_conv_cost_data(const void *geom, gli_cost *out);
void gli_conv_cost_filter(const void *geom, gli_cost *out);
bool gli_conv_exact(const void *geom);

void gli_conv_derive(gli_derivation *d);
void gli_conv_derive_data(gli_derivation *d);
void gli_conv_derive_filter(gli_derivation *d);

static const gli_op_input gli_conv_inputs[] = {
    [GLI_CONV_X]    = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_CONV_W]    = {"w", GLI_IN_GRADIENT | GLI_IN_FILTERS},
    [GLI_CONV_BIAS] = {"bias", GLI_IN_GRADIENT | GLI_IN_OPTIONAL},
};
static const gli_op_output gli_conv_outputs[] = {{"y", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_input gli_conv_data_inputs[] = {
    [GLI_CONV_DATA_DY] = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_CONV_DATA_W]  = {"w", GLI_IN_GRADIENT | GLI_IN_FILTERS},
};
static const gli_op_output gli_conv_data_outputs[] = {{"dx", GLI_OUT_GRADIENT | GLI_OUT_IMAGE}};

static const gli_op_input gli_conv_filter_inputs[] = {
    [GLI_CONV_FILTER_X]  = {"x", GLI_IN_GRADIENT | GLI_IN_IMAGE},
    [GLI_CONV_FILTER_DY] = {"dy", GLI_IN_GRADIENT | GLI_IN_IMAGE},
};
static const gli_op_output gli_conv_filter_outputs[] = {
    [GLI_CONV_FILTER_DW]    = {"dw", GLI_OUT_GRADIENT | GLI_OUT_WIDE},
    [GLI_CONV_FILTER_DBIAS] = {"dbias", GLI_OUT_GRADIENT | GLI_OUT_OPTIONAL | GLI_OUT_WIDE},
};

#endif
