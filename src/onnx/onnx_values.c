/* Values of an import, and what is known of them before anything runs. */
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "glia/ops/movement.h"
#include "onnx/onnx_import.h"

gli_onnx_value *gli_onnx_in(const gli_onnx_node *node, int i) { return i < node->n_in ? node->in[i] : NULL; }

bool gli_onnx_is_known(const gli_onnx_node *node, int i) {
    const gli_onnx_value *x = gli_onnx_in(node, i);
    /* No values of an empty one are all that there are. */
    return x && (x->constant || (x->given && (x->given->values || gli_count(&x->is) == 0)));
}

static glia_status keep(gli_onnx_import *im, glia_tensor *tensor) {
    const glia_status status = gli_grow(im->ctx, &im->constants, &im->cap_constants, im->n_constants + 1,
                                        sizeof *im->constants, "a file of ONNX");
    if (status != GLIA_OK) return glia_tensor_destroy(tensor), status;
    im->constants[im->n_constants++] = tensor;
    return GLIA_OK;
}

/* The host's message, if that failed. */
static glia_status of_host(const gli_onnx_import *im, glia_status status) {
    return status == GLIA_OK ? status : gli_fail(im->ctx, status, "%s", glia_message(im->host));
}

/* Floats of a model are of its dtype. */
static glia_status as_floats_of_model(const gli_onnx_import *im, glia_tensor **tensor) {
    glia_tensor *cast;
    if (!im->model || !gli_dtype_is_float((*tensor)->dtype) || (*tensor)->dtype == im->model_dtype) return GLIA_OK;
    glia_status status = glia_tensor_create(im->host, im->model_dtype, glia_tensor_shape(*tensor), &cast);
    if (status != GLIA_OK) return status;
    status = glia_cast(im->host, &(glia_cast_params){.dtype = im->model_dtype}, *tensor, cast);
    glia_tensor_destroy(*tensor);
    *tensor = cast;
    return status;
}

glia_status gli_onnx_load_constant(gli_onnx_import *im, const Onnx__TensorProto *from, gli_onnx_value *value) {
    glia_tensor *tensor;
    GLI_TRY(of_host(im, gli_onnx_tensor_load(im->host, im->onnx->path, &im->external_left, from, &tensor)));
    const glia_status status = of_host(im, as_floats_of_model(im, &tensor));
    if (status != GLIA_OK) return glia_tensor_destroy(tensor), status;
    GLI_TRY(keep(im, tensor));
    gli_set_shape(&value->is, tensor->dtype, tensor->ndim, tensor->dim);
    memcpy(value->other, value->is.dim, sizeof value->other);
    value->type     = from->data_type;
    value->constant = tensor;
    return GLIA_OK;
}

static glia_status copy_given(gli_onnx_import *im, const glia_npy_array *given, glia_tensor **out) {
    GLI_TRY(of_host(im, glia_tensor_create(im->host, given->dtype, given->shape, out)));
    const glia_status status = given->bytes ? glia_tensor_write(*out, given->values, given->bytes) : GLIA_OK;
    if (status != GLIA_OK) return glia_tensor_destroy(*out), of_host(im, status);
    return keep(im, *out);
}

const glia_tensor *gli_onnx_known(gli_onnx_node *node, int i, const char *what) {
    const gli_onnx_value *x = gli_onnx_in(node, i);
    glia_tensor *copy;
    if (!gli_onnx_ok(node)) return NULL;
    if (!x) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "%s is absent", what);
    if (x->constant) return x->constant;
    if (!gli_onnx_is_known(node, i))
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "%s, '%.40s', is computed when the network runs", what, x->name);
    node->status = copy_given(node->im, x->given, &copy);
    return gli_onnx_ok(node) ? copy : NULL;
}

int gli_onnx_known_ints(gli_onnx_node *node, int i, const char *what, int most, int64_t *out) {
    const glia_tensor *known = gli_onnx_known(node, i, what);
    if (!known) return 0;
    const int64_t count = gli_count(known);
    if (known->ndim > 1 || count > most || gli_dtype_is_float(known->dtype)) {
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "%s is %s %s, must be up to %d integers", what,
                      glia_dtype_name(known->dtype), GLI_SHAPE_OF(known), most);
        return 0;
    }
    for (int64_t k = 0; k < count; ++k)
        out[k] = known->dtype == GLIA_I64 ? ((const int64_t *)known->data)[k]
                                          : (int64_t)gli_load(known->dtype, known->data, k);
    return (int)count;
}

double gli_onnx_known_number(gli_onnx_node *node, int i, const char *what) {
    const glia_tensor *known = gli_onnx_known(node, i, what);
    if (!known) return 0;
    if (gli_count(known) != 1) {
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "%s is %s, must be one number", what, GLI_SHAPE_OF(known));
        return 0;
    }
    return gli_load(known->dtype, known->data, 0);
}

int gli_onnx_axes(gli_onnx_node *node, const char *name, int input, int most, int64_t *out) {
    if (gli_onnx_in(node, input)) return gli_onnx_known_ints(node, input, name, most, out);
    return gli_onnx_ints(node, name, most, out);
}

int gli_onnx_axis(gli_onnx_node *node, int64_t axis, int ndim) {
    if (axis >= -ndim && axis < ndim) return (int)(axis < 0 ? axis + ndim : axis);
    gli_onnx_fail(node, GLIA_BAD_FORMAT, "axis %lld of %d dimensions", (long long)axis, ndim);
    return 0;
}

bool gli_onnx_check_fixed(gli_onnx_node *node, const gli_onnx_value *x, int axis) {
    if (x->is.dim[axis] != x->other[axis])
        gli_onnx_fail(node, GLIA_UNSUPPORTED, "its axis %d is as large as the batch, which is open in a model", axis);
    return gli_onnx_ok(node);
}

bool gli_onnx_check_result(gli_onnx_node *node, const gli_onnx_value *value) {
    const int64_t *dim = value->is.dim, *other = value->other;
    int64_t count = 1, others = 1;
    for (int i = 0; i < value->is.ndim; ++i) {
        const int64_t largest = gli_max_i64(dim[i], other[i]);
        if (largest > GLI_ONNX_MOST_SIZE)
            gli_onnx_fail(node, GLIA_UNSUPPORTED, "a dimension of %lld, more than 2^31-1", (long long)largest);
        count  = gli_saturating_mul(count, gli_max_i64(dim[i], 1));
        others = gli_saturating_mul(others, gli_max_i64(other[i], 1));
    }
    const int64_t most = PTRDIFF_MAX / (int64_t)glia_dtype_size(value->is.dtype);
    if (count > most || others > most)
        gli_onnx_fail(node, GLIA_UNSUPPORTED, "%s has more bytes than memory can", GLI_SHAPE_OF(&value->is));
    return gli_onnx_ok(node);
}

gli_onnx_value *gli_onnx_new(gli_onnx_node *node, const char *name) {
    void *memory;
    if (!gli_onnx_ok(node)) return NULL;
    node->status = gli_arena_alloc(node->im->ctx, &node->im->arena, 1, sizeof(gli_onnx_value), &memory);
    if (!gli_onnx_ok(node)) return NULL;
    gli_onnx_value *value = memory;
    value->name           = name;
    return value;
}

static const char *first_name(const gli_onnx_node *node) {
    return node->proto->n_output && node->proto->output[0] ? node->proto->output[0] : "constant";
}

gli_onnx_value *gli_onnx_constant(gli_onnx_node *node, int type, int ndim, const int64_t *dim) {
    gli_onnx_import *im   = node->im;
    gli_onnx_value *value = gli_onnx_new(node, first_name(node));
    glia_shape shape      = {.ndim = ndim};
    glia_dtype dtype;
    glia_tensor *tensor;
    if (!value) return NULL;
    if (!gli_onnx_dtype(type, true, &dtype))
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "values of type %s", gli_onnx_type_name(type));
    if (im->model && gli_dtype_is_float(dtype)) dtype = im->model_dtype;
    for (int i = 0; i < ndim; ++i) shape.dim[i] = dim[i];
    node->status = gli_shape_check(im->ctx, "a constant", dtype, shape);
    if (!gli_onnx_ok(node)) return NULL;
    gli_set_shape(&value->is, dtype, ndim, dim);
    memcpy(value->other, value->is.dim, sizeof value->other);
    if (!gli_onnx_check_result(node, value)) return NULL;
    const size_t bytes = (size_t)gli_count(&value->is) * glia_dtype_size(dtype);
    if (bytes > im->onnx->max_constants - im->folded)
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "its constants take more than the %zu bytes of max_constants",
                             im->onnx->max_constants);
    im->folded += bytes;
    node->status = of_host(im, glia_tensor_create(im->host, dtype, shape, &tensor));
    if (gli_onnx_ok(node)) node->status = keep(im, tensor);
    if (!gli_onnx_ok(node)) return NULL;
    value->constant = tensor;
    value->type     = type;
    return value;
}

gli_onnx_value *gli_onnx_number(gli_onnx_node *node, const gli_onnx_value *like, double number) {
    gli_onnx_value *value = like ? gli_onnx_constant(node, gli_onnx_type_of(like->is.dtype), 0, NULL) : NULL;
    if (value) gli_store(value->is.dtype, value->constant->data, 0, number);
    return value;
}

gli_onnx_value *gli_onnx_indices(gli_onnx_node *node, int n, const int64_t *index) {
    gli_onnx_value *value = gli_onnx_constant(node, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, (int64_t[]){n});
    if (value && n) memcpy(value->constant->data, index, (size_t)n * sizeof *index);
    return value;
}

void gli_onnx_give(gli_onnx_node *node, int i, gli_onnx_value *value) {
    if (i < node->n_out && value) node->out[i] = value;
}
