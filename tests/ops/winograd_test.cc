// What the suite of providers does not ask of cpu.winograd: the bits of any number of threads, sums over more channels
// than a block of the product has, and infinities, which stay where the direct sums of cpu.native have them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "support/call.h"
#include "support/params.h"

namespace {

using namespace glia;

struct Call {
    const gli_op *op;
    std::vector<char> params;
    std::vector<std::vector<int64_t>> in, out;
};

template <class Params>
std::vector<char> bytes(const Params &params) {
    std::vector<char> out(sizeof params);
    memcpy(out.data(), &params, sizeof params);
    return out;
}

// Of 300 channels and 8 x 64 tiles.
std::vector<Call> calls() {
    const std::vector<int64_t> x{8, 300, 16, 15}, y{8, 65, 16, 15}, w{65, 300, 3, 3}, bias{65};
    params::conv2d conv;
    conv.pad[0] = conv.pad[1] = conv.pad_end[0] = conv.pad_end[1] = 1;
    const params::conv2d_backward_data data{conv, {16, 15}};
    const params::conv2d_backward_filter filter{conv, {3, 3}};
    return {{&gli_op_conv2d, bytes(conv), {x, w, bias}, {y}},
            {&gli_op_conv2d_backward_data, bytes(data), {y, w}, {x}},
            {&gli_op_conv2d_backward_filter, bytes(filter), {x, y}, {w, bias}}};
}

// Every output's elements, one after the other. infinite: the input that has an infinity in the middle; -1: none.
std::vector<float> outputs(const Call &call, const char *provider, int threads, int infinite) {
    Session session(provider, "cpu", threads);
    std::mt19937 rng(7);
    const auto tensor = [&](const std::vector<int64_t> &dims, bool image) {
        glia_tensor *t = session.tensor({dims, {}, GLIA_F32});
        if (image) gli_channels_last_strides(4, t->dim, t->stride);
        for (int64_t i = 0; i < glia_tensor_count(t); ++i)
            static_cast<float *>(t->data)[i] = float(rng()) * 0x1p-32F - 0.5F;
        return t;
    };
    const auto is_image = [](const std::vector<int64_t> &dims) { return dims.size() == 4 && dims[0] == 8; };
    std::vector<const glia_tensor *> in;
    std::vector<glia_tensor *> out;
    for (const auto &dims : call.in) in.push_back(tensor(dims, is_image(dims)));
    for (const auto &dims : call.out) out.push_back(tensor(dims, is_image(dims)));
    if (infinite >= 0) {
        const glia_tensor *t                                    = in[infinite];
        static_cast<float *>(t->data)[glia_tensor_count(t) / 2] = std::numeric_limits<float>::infinity();
    }
    EXPECT_EQ(
        gli_call_op(session.ctx(), call.op, call.params.data(), int(in.size()), in.data(), int(out.size()), out.data()),
        GLIA_OK)
        << glia_message(session.ctx());
    std::vector<float> all;
    for (const glia_tensor *t : out) {
        const float *data = static_cast<const float *>(t->data);
        all.insert(all.end(), data, data + glia_tensor_count(t));
    }
    return all;
}

bool same_bits(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(Winograd, threads_do_not_change_a_bit) {
    for (const Call &call : calls()) {
        const std::vector<float> one = outputs(call, "cpu.winograd", 1, -1);
        for (int threads : {2, 4, 16})
            EXPECT_TRUE(same_bits(one, outputs(call, "cpu.winograd", threads, -1)))
                << call.op->name << ", " << threads << " threads";
    }
}

// Numbers below 1/2 in sums of 585 to 2700 products.
TEST(Winograd, agrees_with_direct_sums_over_many_channels) {
    for (const Call &call : calls()) {
        const std::vector<float> direct = outputs(call, "cpu.native", 2, -1);
        const std::vector<float> fast   = outputs(call, "cpu.winograd", 2, -1);
        ASSERT_EQ(direct.size(), fast.size());
        float largest = 0;
        for (size_t i = 0; i < fast.size(); ++i) largest = std::max(largest, std::fabs(direct[i] - fast[i]));
        EXPECT_LE(largest, 1e-4F) << call.op->name;
    }
}

// Every second number of a larger array.
TEST(Winograd, knows_no_gaps_in_the_bias) {
    const Call conv = calls()[0];
    std::vector<std::vector<double>> results;
    for (const char *provider : {"cpu.native", ""}) {
        Session session(provider, "cpu", 2);
        std::vector<glia_tensor *> in;
        for (const auto &dims : {conv.in[0], conv.in[1], {130}, conv.out[0]}) {
            glia_tensor *t = session.tensor({dims, {}, GLIA_F32});
            for (int64_t i = 0; i < glia_tensor_count(t); ++i) static_cast<float *>(t->data)[i] = float(i % 7);
            in.push_back(t);
        }
        glia_tensor *const x = in[0], *const bias = in[2], *const y = in[3];
        for (glia_tensor *image : {x, y}) gli_channels_last_strides(4, image->dim, image->stride);
        bias->dim[0] = 65, bias->stride[0] = 2;
        EXPECT_EQ(gli_call_op(session.ctx(), conv.op, conv.params.data(), 3, in.data(), 1, &y), GLIA_OK)
            << glia_message(session.ctx());
        results.push_back(session.values(y));
    }
    EXPECT_EQ(results[0], results[1]);
}

TEST(Winograd, leaves_infinities_to_direct_sums) {
    for (const Call &call : calls()) {
        const std::vector<float> finite = outputs(call, "cpu.winograd", 2, -1);
        for (int i = 0; i < int(call.in.size()); ++i) {
            const std::vector<float> direct = outputs(call, "cpu.native", 2, i);
            const std::vector<float> fast   = outputs(call, "cpu.winograd", 2, i);
            EXPECT_TRUE(same_bits(direct, fast)) << call.op->name << ", input " << i;
            EXPECT_FALSE(same_bits(fast, finite)) << call.op->name << ", input " << i;
        }
    }
}

}  // namespace
