#include "cuda/library/cudnn/cudnn_graph.h"

glia_status gli_cudnn_own(gli_cudnn_plans *p, cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *out) {
    GLI_REQUIRE(p->dnn.ctx, p->n_owned < (int)(sizeof p->owned / sizeof *p->owned), GLIA_UNSUPPORTED,
                "a graph of too many descriptors");
    GLI_CUDNN_TRY(&p->dnn, cudnnBackendCreateDescriptor, type, out);
    p->owned[p->n_owned++] = *out;
    return GLIA_OK;
}

glia_status gli_cudnn_set(const gli_cudnn_plans *p, cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name,
                          cudnnBackendAttributeType_t type, int64_t count, const void *values) {
    GLI_CUDNN_TRY(&p->dnn, cudnnBackendSetAttribute, d, name, type, count, values);
    return GLIA_OK;
}

static glia_status set_descriptor(const gli_cudnn_plans *p, cudnnBackendDescriptor_t d,
                                  cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t value) {
    return gli_cudnn_set(p, d, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

glia_status gli_cudnn_finalize(const gli_cudnn_plans *p, cudnnBackendDescriptor_t d) {
    GLI_CUDNN_TRY(&p->dnn, cudnnBackendFinalize, d);
    return GLIA_OK;
}

static cudnnDataType_t type_of(glia_dtype dtype) {
    return dtype == GLIA_BF16 ? CUDNN_DATA_BFLOAT16 : dtype == GLIA_F16 ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
}

/* A tensor of the graph; virtual: it exists only between two operations. */
static glia_status add_tensor(gli_cudnn_plans *p, const gli_cudnn_tensor *t, cudnnDataType_t type, int64_t uid,
                              bool virtual, cudnnBackendDescriptor_t *out) {
    const int64_t alignment = t->alignment;
    GLI_TRY(gli_cudnn_own(p, CUDNN_BACKEND_TENSOR_DESCRIPTOR, out));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, t->dim));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, t->stride));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &virtual));
    return gli_cudnn_finalize(p, *out);
}

static glia_status add_geometry(gli_cudnn_plans *p, const gli_cudnn_convolution *c, cudnnBackendDescriptor_t *out) {
    const cudnnDataType_t type        = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const int64_t spatial             = 2;
    GLI_TRY(gli_cudnn_own(p, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, out));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &spatial));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, c->stride));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, c->dilation));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, c->pad));
    GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, c->pad_end));
    return gli_cudnn_finalize(p, *out);
}

/* What the three kinds of convolution call the same things. */
typedef struct convolution_names {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t x, w, y, geometry, alpha, beta;
} convolution_names;

static const convolution_names names[] = {
    [GLI_CUDNN_FORWARD]         = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    [GLI_CUDNN_BACKWARD_DATA]   = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
    [GLI_CUDNN_BACKWARD_FILTER] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
};

/* The operations of a graph, in their order. */
typedef struct operations {
    cudnnBackendDescriptor_t list[2];
    int64_t count;
} operations;

static glia_status add_convolution(gli_cudnn_plans *p, const gli_cudnn_convolution *c, cudnnBackendDescriptor_t y,
                                   operations *ops) {
    const convolution_names *n = &names[c->kind];
    const cudnnDataType_t type = type_of(c->dtype);
    const float alpha = 1, beta = 0;
    cudnnBackendDescriptor_t geometry, x, w, op;
    GLI_TRY(add_geometry(p, c, &geometry));
    GLI_TRY(add_tensor(p, &c->x, type, GLI_CUDNN_X, false, &x));
    GLI_TRY(add_tensor(p, &c->w, type, GLI_CUDNN_W, false, &w));
    GLI_TRY(gli_cudnn_own(p, n->type, &op));
    GLI_TRY(set_descriptor(p, op, n->geometry, geometry));
    GLI_TRY(set_descriptor(p, op, n->x, x));
    GLI_TRY(set_descriptor(p, op, n->w, w));
    GLI_TRY(set_descriptor(p, op, n->y, y));
    GLI_TRY(gli_cudnn_set(p, op, n->alpha, CUDNN_TYPE_FLOAT, 1, &alpha));
    GLI_TRY(gli_cudnn_set(p, op, n->beta, CUDNN_TYPE_FLOAT, 1, &beta));
    ops->list[ops->count++] = op;
    return gli_cudnn_finalize(p, op);
}

/* to = from + bias, in float. */
static glia_status add_bias(gli_cudnn_plans *p, cudnnBackendDescriptor_t from, cudnnBackendDescriptor_t bias,
                            cudnnBackendDescriptor_t to, operations *ops) {
    const cudnnPointwiseMode_t mode = CUDNN_POINTWISE_ADD;
    const cudnnDataType_t type      = CUDNN_DATA_FLOAT;
    cudnnBackendDescriptor_t sum, op;
    GLI_TRY(gli_cudnn_own(p, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, &sum));
    GLI_TRY(gli_cudnn_set(p, sum, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode));
    GLI_TRY(gli_cudnn_set(p, sum, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &type));
    GLI_TRY(gli_cudnn_finalize(p, sum));
    GLI_TRY(gli_cudnn_own(p, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, &op));
    GLI_TRY(set_descriptor(p, op, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, sum));
    GLI_TRY(set_descriptor(p, op, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, from));
    GLI_TRY(set_descriptor(p, op, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, bias));
    GLI_TRY(set_descriptor(p, op, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, to));
    ops->list[ops->count++] = op;
    return gli_cudnn_finalize(p, op);
}

/* With a bias, what the convolution hands on is never in memory. */
static glia_status add_operations(gli_cudnn_plans *p, const gli_cudnn_convolution *c, operations *ops) {
    const int64_t k             = c->y.dim[1];
    const gli_cudnn_tensor each = {{1, k, 1, 1}, {k, 1, k, k}, c->y.alignment};
    cudnnBackendDescriptor_t y, bias, inner;
    GLI_TRY(add_tensor(p, &c->y, type_of(c->dtype), GLI_CUDNN_Y, false, &y));
    if (!c->bias) return add_convolution(p, c, y, ops);
    GLI_TRY(add_tensor(p, &c->y, CUDNN_DATA_FLOAT, GLI_CUDNN_INNER, true, &inner));
    GLI_TRY(add_tensor(p, &each, type_of(c->dtype), GLI_CUDNN_BIAS, false, &bias));
    GLI_TRY(add_convolution(p, c, inner, ops));
    return add_bias(p, inner, bias, y, ops);
}

static glia_status add_graph(gli_cudnn_plans *p, const operations *ops, cudnnBackendDescriptor_t *out) {
    const gli_cudnn_session *s = p->dnn.session;
    GLI_TRY(gli_cudnn_own(p, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, out));
    GLI_TRY(
        gli_cudnn_set(p, *out, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, ops->count, ops->list));
    if (s->handle) GLI_TRY(gli_cudnn_set(p, *out, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &s->handle));
    return gli_cudnn_finalize(p, *out);
}

glia_status gli_cudnn_describe(gli_cudnn_plans *p, const gli_cudnn_convolution *c, cudnnBackendDescriptor_t *graph) {
    operations ops = {0};
    GLI_TRY(add_operations(p, c, &ops));
    return add_graph(p, &ops, graph);
}
