#include "support/call.h"
#include "support/case.h"

#include <cstddef>
#include <cstdio>
#include <stdexcept>

namespace glia {
namespace {

glia_shape shape_of(const std::vector<int64_t> &dims) {
    glia_shape shape{};
    shape.ndim = int(dims.size());
    for (size_t i = 0; i < dims.size(); ++i) shape.dim[i] = dims[i];
    return shape;
}

}  // namespace

Session::Session(const char *provider, const char *device, int threads) {
    glia_context_args args = {};
    args.threads           = threads;
    glia_context *ctx      = nullptr;
    if (glia_context_create(device, &args, &ctx) != GLIA_OK) throw std::runtime_error(glia_message(nullptr));
    snprintf(ctx->provider, sizeof ctx->provider, "%s", provider);
    ctx_.reset(ctx);
}

glia_tensor *Session::tensor(const Array &array) {
    if (array.absent) return nullptr;
    glia_tensor *tensor = nullptr;
    if (glia_tensor_create(ctx(), array.dtype, shape_of(array.dims), &tensor) != GLIA_OK)
        throw std::runtime_error(glia_message(ctx()));
    tensors_.emplace_back(tensor, glia_tensor_destroy);
    if (array.values.empty()) return tensor;
    if (int64_t(array.values.size()) != glia_tensor_count(tensor))
        throw std::runtime_error("values do not fill the dims");
    std::vector<char> elements(array.values.size() * glia_dtype_size(array.dtype));
    for (size_t i = 0; i < array.values.size(); ++i)
        gli_store(array.dtype, elements.data(), int64_t(i), array.values[i]);
    if (glia_tensor_write(tensor, elements.data(), elements.size()) != GLIA_OK)
        throw std::runtime_error(glia_message(ctx()));
    return tensor;
}

std::vector<double> Session::values(const glia_tensor *tensor) const {
    std::vector<double> values(size_t(glia_tensor_count(tensor)));
    std::vector<char> elements(values.size() * glia_dtype_size(tensor->dtype));
    if (glia_tensor_read(tensor, elements.data(), elements.size()) != GLIA_OK)
        throw std::runtime_error(glia_message(ctx()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = gli_load(tensor->dtype, elements.data(), int64_t(i));
    return values;
}

Result Session::call_raw(const gli_op &op, const void *params, const std::vector<Array> &in) {
    std::vector<const glia_tensor *> inputs;
    for (const Array &array : in) inputs.push_back(tensor(array));

    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    Result result;
    result.status = gli_resolve(ctx(), &op, params, int(inputs.size()), inputs.data(), geom, &r);
    std::vector<glia_tensor *> outputs;
    for (int i = 0; i < op.n_outputs && result.status == GLIA_OK; ++i)
        outputs.push_back(tensor({{r.out[i].dim, r.out[i].dim + r.out[i].ndim}, {}, r.out[i].dtype}));
    if (result.status == GLIA_OK) fill_made(ctx(), "", op, params, inputs);
    if (result.status == GLIA_OK)
        result.status =
            gli_call_op(ctx(), &op, params, int(inputs.size()), inputs.data(), op.n_outputs, outputs.data());
    if (result.status != GLIA_OK) return result.message = glia_message(ctx()), result;
    for (const glia_tensor *y : outputs) result.out.push_back({{y->dim, y->dim + y->ndim}, values(y), y->dtype});
    return result;
}

}  // namespace glia
