// How products are described to cuBLASLt: a library of the same functions that works on host memory computes them, and
// the results are compared with the reference. What the real library makes of the descriptions only a GPU shows.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>

#include "support/pretender.h"
#include "support/suite.h"

namespace {

using namespace glia;

enum class Memory { dense, padded, transposed, batch_inside };
constexpr Memory kMemories[] = {Memory::dense, Memory::padded, Memory::transposed, Memory::batch_inside};

// Strides of `dims` in an order from the outermost to the innermost, with `gap` elements after each innermost row.
void set_strides(glia_tensor *tensor, const std::vector<int> &order, int64_t gap) {
    int64_t step = 1;
    for (size_t i = order.size(); i-- > 0;) {
        tensor->stride[order[i]] = step;
        step *= tensor->dim[order[i]];
        if (i + 1 == order.size()) step += gap;
    }
}

void lay_out(glia_tensor *tensor, Memory memory) {
    std::vector<int> order(tensor->ndim);
    std::iota(order.begin(), order.end(), 0);
    const size_t n = order.size();
    if (memory == Memory::transposed && n >= 2) std::swap(order[n - 1], order[n - 2]);
    if (memory == Memory::batch_inside && n >= 3) std::swap(order[n - 2], order[n - 3]);
    set_strides(tensor, order, memory == Memory::padded && n >= 2 ? 3 : 0);
}

// The call of a case on small integers, with each tensor in memory of its own.
class Call {
   public:
    Call(glia_context *ctx, const Case &c, glia_dtype dtype, Memory inputs, Memory outputs) {
        call.ctx = ctx, call.op = c.op, call.geom = geom_, call.n_in = int(c.inputs.size());
        for (size_t i = 0; i < c.inputs.size(); ++i) {
            if (c.inputs[i].content == Content::absent) continue;
            gli_set_shape(&in_[i], dtype, int(c.inputs[i].dims.size()), c.inputs[i].dims.data());
            place(&in_[i], inputs);
            const std::vector<double> values = values_of(c, i, Regime::integers, dtype);
            gli_tensor_from_double(&in_[i], values.data());
            call.in[i] = &in_[i];
        }
        gli_resolution r;
        EXPECT_EQ(gli_resolve(ctx, c.op, c.params.data(), call.n_in, call.in, geom_, &r), GLIA_OK) << glia_message(ctx);
        for (int o = 0; o < c.op->n_outputs; ++o) {
            out_[o] = r.out[o];
            place(&out_[o], outputs);
            call.out[o] = &out_[o];
        }
    }

    // All elements of all outputs.
    std::vector<double> values() const {
        std::vector<double> all;
        for (int o = 0; o < call.op->n_outputs; ++o) {
            std::vector<double> one(size_t(gli_count(call.out[o])));
            gli_tensor_to_double(call.out[o], one.data());
            all.insert(all.end(), one.begin(), one.end());
        }
        return all;
    }

    gli_call call{};

   private:
    void place(glia_tensor *tensor, Memory memory) {
        tensor->ctx = call.ctx;
        lay_out(tensor, memory);
        memory_.push_back(std::make_unique<double[]>(size_t(gli_extent(tensor)) + 1));
        tensor->data = memory_.back().get();
    }

    alignas(std::max_align_t) char geom_[GLI_MAX_GEOMETRY] = {};
    glia_tensor in_[GLI_MAX_IN]{}, out_[GLI_MAX_OUT]{};
    std::vector<std::unique_ptr<double[]>> memory_;
};

const gli_provider *find(const gli_device &device, const gli_op *op, const std::string &name) {
    for (const gli_provider *const *it = device.providers(op); *it; ++it)
        if ((*it)->name == name) return *it;
    return nullptr;
}

std::vector<double> by_reference(const Case &c, glia_dtype dtype) {
    glia_context *ctx = nullptr;
    EXPECT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
    const Call call(ctx, c, dtype, Memory::dense, Memory::dense);
    const gli_provider *ref = find(gli_cpu_device, c.op, "cpu.ref");
    gli_prepared prepared{};
    if (ref->prepare) {
        EXPECT_EQ(ref->prepare(&call.call, &prepared), GLIA_OK);
    }
    std::vector<double> workspace(prepared.workspace / sizeof(double) + 1);
    EXPECT_EQ(ref->run(&call.call, &prepared, workspace.data()), GLIA_OK);
    glia_context_destroy(ctx);
    return call.values();
}

// The library in loops takes its time.
bool is_small(const Call &call) {
    gli_cost cost{};
    call.call.op->cost(call.call.geom, &cost);
    return cost.flops < 1e6;
}

// The activations are kernels of the device.
bool is_linear(const Case &c) {
    const std::string op = c.op->name;
    return (op != "dense" && op != "dense_backward_data") || c.params == std::vector<char>(c.params.size(), 0);
}

class Cublas : public testing::TestWithParam<const char *> {
   protected:
    void SetUp() override { setenv("GLIA_CUDA_LIBRARY_PATH", GLIA_FAKE_CUBLAS, 1); }
    void TearDown() override { unsetenv("GLIA_CUDA_LIBRARY_PATH"); }
};

TEST_P(Cublas, is_told_the_right_product) {
    Pretender p;
    std::map<int, int> taken;
    for (const Case &c : all_cases()) {
        const gli_provider *cublas = find(*cuda_device(), c.op, "cuda.cublas");
        if (std::string(c.op->name) != GetParam() || c.bench || !cublas || !is_linear(c)) continue;
        for (glia_dtype dtype : {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16}) {
            if (!is_small(Call(p.ctx, c, dtype, Memory::dense, Memory::dense))) continue;
            const std::vector<double> want = by_reference(c, dtype);
            for (Memory inputs : kMemories)
                for (Memory outputs : kMemories) {
                    const Call call(p.ctx, c, dtype, inputs, outputs);
                    gli_prepared prepared{};
                    if (!declines(cublas, call.call).empty()) continue;
                    ASSERT_EQ(cublas->prepare(&call.call, &prepared), GLIA_OK) << c.name << ": " << glia_message(p.ctx);
                    std::vector<double> workspace(prepared.workspace / sizeof(double) + 1);
                    ASSERT_EQ(cublas->run(&call.call, &prepared, workspace.data()), GLIA_OK) << glia_message(p.ctx);
                    EXPECT_EQ(call.values(), want)
                        << c.name << " " << glia_dtype_name(dtype) << " " << int(inputs) << " " << int(outputs);
                    cublas->release(&prepared);
                    ++taken[int(inputs)];
                }
        }
    }
    if (taken.empty() && !find(*cuda_device(), &gli_op_matmul, "cuda.cublas")) GTEST_SKIP() << "a build without cuBLAS";
    for (Memory memory : kMemories) EXPECT_GT(taken[int(memory)], 0) << "memory " << int(memory);
}

TEST_P(Cublas, each_call_that_fails_ends_with_a_status) {
    int64_t calls    = 0;
    const Case *test = nullptr;
    for (const Case &c : all_cases())
        if (std::string(c.op->name) == GetParam() && !c.bench && !test) test = &c;
    const gli_provider *cublas = find(*cuda_device(), test->op, "cuda.cublas");
    if (!cublas) GTEST_SKIP() << "a build without cuBLAS";
    for (int64_t fail_at = -1; fail_at < calls; ++fail_at)
        for (int error : {int(cudaErrorMemoryAllocation), int(cudaErrorInvalidValue), int(cudaErrorNotSupported)}) {
            Pretender one;
            const Call call(one.ctx, *test, GLIA_F32, Memory::dense, Memory::dense);
            ASSERT_EQ(declines(cublas, call.call), "");
            one.device()->fail_at = fail_at, one.device()->fail_with = error;
            gli_prepared prepared{};
            const glia_status status = cublas->prepare(&call.call, &prepared);
            if (fail_at < 0) calls = one.device()->calls;
            if (status == GLIA_OK)
                cublas->release(&prepared);
            else
                EXPECT_EQ(status, error == cudaErrorMemoryAllocation ? GLIA_OUT_OF_MEMORY : GLIA_UNSUPPORTED)
                    << "call " << fail_at;
            EXPECT_EQ(prepared.state, nullptr);
        }
    EXPECT_GT(calls, 10);
}

INSTANTIATE_TEST_SUITE_P(ops, Cublas,
                         testing::Values("matmul", "dense", "dense_backward_weights", "dense_backward_data"),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace
