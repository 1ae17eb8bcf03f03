#include "support/case.h"

#include <cstddef>
#include <cstdio>
#include <stdexcept>

#include "support/params.h"

#include "support/unoptimized.h"  // behind the others

namespace glia {
namespace {

// What the forward op would write.
void set_dims_of_made(glia_context *ctx, Case &c) {
    std::vector<glia_tensor> tensors(c.inputs.size());
    std::vector<const glia_tensor *> in;
    for (size_t i = 0; i < size_t(c.op->forward->n_inputs); ++i) {
        const Input &input = c.inputs[i];
        tensors[i].ctx     = ctx;
        gli_set_shape(&tensors[i], dtype_of(c, i, GLIA_F32), int(input.dims.size()), input.dims.data());
        in.push_back(input.content == Content::absent ? nullptr : &tensors[i]);
    }
    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    if (gli_resolve(ctx, c.op->forward, c.params.data(), int(in.size()), in.data(), geom, &r) != GLIA_OK)
        throw std::runtime_error(std::string(c.op->name) + " " + c.name + ": " + glia_message(ctx));
    for (Input &input : c.inputs)
        if (input.content == Content::made) {
            const glia_tensor &y = r.out[int(input.value)];
            input.dims.assign(y.dim, y.dim + y.ndim);
        }
}

void set_dims_of_made(std::vector<Case> &all) {
    glia_context *ctx = nullptr;
    if (glia_context_create("cpu", nullptr, &ctx) != GLIA_OK) throw std::runtime_error(glia_message(nullptr));
    for (Case &c : all)
        if (c.op->forward) set_dims_of_made(ctx, c);
    glia_context_destroy(ctx);
}

}  // namespace

glia_dtype dtype_of(const Case &c, size_t i, glia_dtype floats) {
    if (c.inputs[i].fixed) return c.inputs[i].dtype;
    const bool wide = c.op->inputs[i].flags & (GLI_IN_SAVED | GLI_IN_WIDE);
    return wide ? gli_dtype_wide(floats) : floats;
}

std::string fill_made(glia_context *ctx, const char *provider, const gli_op &op, const void *params,
                      const std::vector<const glia_tensor *> &in) {
    const int saved = gli_saved_input(&op);
    if (saved < 0 || in.size() <= size_t(saved)) return "";
    const gli_op *forward = op.forward;
    std::vector<glia_tensor *> out(size_t(forward->n_outputs));
    out[0]                                 = const_cast<glia_tensor *>(in[size_t(forward->n_inputs)]);
    out[size_t(gli_saved_output(forward))] = const_cast<glia_tensor *>(in[size_t(saved)]);
    const std::string before               = ctx->provider;
    if (*provider) snprintf(ctx->provider, sizeof ctx->provider, "%s", provider);
    const glia_status status =
        gli_call_op(ctx, forward, params, forward->n_inputs, in.data(), forward->n_outputs, out.data());
    snprintf(ctx->provider, sizeof ctx->provider, "%s", before.c_str());
    return status == GLIA_OK ? "" : glia_message(ctx);
}

// CASE(op, name, PARAMS(.stride = {2, 2}), inputs...): PARAMS() says which params differ from the defaults. Each case
// is a function of its own: one function that makes them all takes a compiler minutes.
#define PARAMS(...) {__VA_ARGS__}
#define CASE(op_, name_, params_, ...) \
    [] { return Case{&gli_op_##op_, #name_, bytes_of(params::op_ params_), {__VA_ARGS__}, false}; },
#define PACKS_CASE(op_, name_, params_, ...) \
    [] { return Case{&gli_op_##op_, #name_, bytes_of(params::op_ params_), {__VA_ARGS__}, false, true}; },
#define CPU_CASE(op_, name_, params_, ...) \
    [] { return Case{&gli_op_##op_, #name_, bytes_of(params::op_ params_), {__VA_ARGS__}, false, false, true}; },
#define BENCH_CASE(op_, name_, params_, ...) \
    [] { return Case{&gli_op_##op_, #name_, bytes_of(params::op_ params_), {__VA_ARGS__}, true}; },

const std::vector<Case> &all_cases() {
    static Case (*const makers[])() = {
#include "all_cases.inc"
    };
    static const std::vector<Case> cases = [] {
        std::vector<Case> all;
        for (Case (*make)() : makers) all.push_back(make());
        set_dims_of_made(all);
        return all;
    }();
    return cases;
}

}  // namespace glia
