// The native providers of pooling and normalisation give the same bits for any number of threads, in both layouts.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "support/call.h"
#include "support/params.h"

namespace {

using namespace glia;

struct Call {
    const gli_op *op;
    std::vector<char> params;
    std::vector<std::vector<int64_t>> in;
};

template <class Params>
std::vector<char> bytes(const Params &params) {
    std::vector<char> out(sizeof params);
    memcpy(out.data(), &params, sizeof params);
    return out;
}

// Every output's bytes, one after the other.
std::vector<float> outputs(const Call &call, int threads, bool channels_last) {
    Session session("cpu.native", "cpu", threads);
    std::mt19937 rng(7);
    std::vector<const glia_tensor *> in;
    const auto laid_out = [&](glia_tensor *t) {
        if (channels_last && t->ndim == 4) gli_channels_last_strides(4, t->dim, t->stride);
        return t;
    };
    for (const auto &dims : call.in) {
        const bool indices = call.op == &gli_op_max_pool2d_backward && !in.empty();
        glia_tensor *t     = laid_out(session.tensor({dims, {}, indices ? GLIA_I32 : GLIA_F32}));
        for (int64_t i = 0; i < glia_tensor_count(t); ++i)
            gli_store(t->dtype, t->data, i, indices ? rng() % 99 : double(rng()) * 0x1p-32 + 0.5);
        in.push_back(t);
    }
    alignas(16) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    EXPECT_EQ(gli_resolve(session.ctx(), call.op, call.params.data(), int(in.size()), in.data(), geom, &r), GLIA_OK);
    std::vector<glia_tensor *> out;
    for (int i = 0; i < call.op->n_outputs; ++i)
        out.push_back(laid_out(session.tensor({{r.out[i].dim, r.out[i].dim + r.out[i].ndim}, {}, r.out[i].dtype})));
    EXPECT_EQ(gli_call_op(session.ctx(), call.op, call.params.data(), int(in.size()), in.data(), call.op->n_outputs,
                          out.data()),
              GLIA_OK)
        << glia_message(session.ctx());
    std::vector<float> all;
    for (const glia_tensor *t : out) {
        const float *data = static_cast<const float *>(t->data);
        all.insert(all.end(), data, data + glia_tensor_count(t));
    }
    return all;
}

TEST(Threads, do_not_change_a_bit) {
    const std::vector<int64_t> image{5, 70, 23, 19}, c{70}, pooled{5, 70, 12, 10}, table{700, 130}, size{130},
        rows{700};
    const std::vector<Call> calls{
        {&gli_op_batchnorm, bytes(params::batchnorm{}), {image, c, c, c, c}},
        {&gli_op_batchnorm_backward, bytes(params::batchnorm_backward{}), {image, image, c, c, c}},
        {&gli_op_batchnorm_inference, bytes(params::batchnorm_inference{}), {image, c, c, c, c}},
        {&gli_op_layernorm, bytes(params::layernorm{}), {table, size, size}},
        {&gli_op_layernorm_backward, bytes(params::layernorm_backward{}), {table, table, size, rows, rows}},
        {&gli_op_max_pool2d, bytes(params::max_pool2d{.kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1}}), {image}},
        {&gli_op_max_pool2d_backward, bytes(params::max_pool2d_backward{{23, 19}}), {pooled, pooled}}};
    for (const Call &call : calls)
        for (bool channels_last : {false, true}) {
            const std::vector<float> one = outputs(call, 1, channels_last);
            for (int threads : {2, 3, 7}) {
                const std::vector<float> many = outputs(call, threads, channels_last);
                ASSERT_EQ(one.size(), many.size());
                EXPECT_EQ(memcmp(one.data(), many.data(), one.size() * sizeof(float)), 0)
                    << call.op->name << ", " << threads << " threads";
            }
        }
}

}  // namespace
