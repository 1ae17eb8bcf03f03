// NVIDIA's libraries on machines that may have no GPU: what libglia_cuda says about them, and what their providers do
// with calls before there is a device. cuDNN plans for a GPU that is only described to it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "support/call.h"
#include "support/case.h"
#include "support/described_gpu.h"
#include "support/pretender.h"

extern "C" {
#include "ops/conv/conv_geom.h"
}

namespace {

using namespace glia;

const gli_device *cuda() { return cuda_device(); }

enum class Images { dense, channels_last };

// The call of a case, with tensors that nobody will touch.
class Call {
   public:
    Call(glia_context *ctx, const Case &c, glia_dtype dtype, Images images) {
        call.ctx  = ctx;
        call.op   = c.op;
        call.geom = geom_;
        call.n_in = int(c.inputs.size());
        for (size_t i = 0; i < c.inputs.size(); ++i) {
            const Input &input = c.inputs[i];
            if (input.content == Content::absent) continue;
            gli_set_shape(&in_[i], dtype_of(c, i, dtype), int(input.dims.size()), input.dims.data());
            place(&in_[i], images == Images::channels_last && gli_input_is(c.op, i, GLI_IN_IMAGE));
            call.in[i] = &in_[i];
        }
        gli_resolution r;
        status = gli_resolve(ctx, c.op, c.params.data(), call.n_in, call.in, geom_, &r);
        for (int o = 0; o < c.op->n_outputs; ++o) {
            out_[o] = r.out[o];
            place(&out_[o], images == Images::channels_last && gli_output_is(c.op, o, GLI_OUT_IMAGE));
            call.out[o] = &out_[o];
        }
    }

    gli_call call{};
    glia_status status;

   private:
    void place(glia_tensor *tensor, bool channels_last) {
        tensor->ctx  = call.ctx;
        tensor->data = reinterpret_cast<void *>(next_ += uintptr_t{1} << 36);
        if (channels_last && tensor->ndim == 4) gli_channels_last_strides(4, tensor->dim, tensor->stride);
    }

    alignas(std::max_align_t) char geom_[GLI_MAX_GEOMETRY] = {};
    glia_tensor in_[GLI_MAX_IN]{}, out_[GLI_MAX_OUT]{};
    uintptr_t next_ = uintptr_t{1} << 46;
};

bool is_of_a_library(const gli_provider *provider) {
    return std::string(provider->name) == "cuda.cublas" || std::string(provider->name) == "cuda.cudnn";
}

template <class F>
void for_each_library_call(glia_context *ctx, const F &f) {
    for (const Case &c : all_cases())
        for (const gli_provider *const *it = cuda()->providers(c.op); *it; ++it)
            for (glia_dtype dtype : {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16})
                for (Images images : {Images::dense, Images::channels_last}) {
                    if (!is_of_a_library(*it)) continue;
                    const Call call(ctx, c, dtype, images);
                    ASSERT_EQ(call.status, GLIA_OK) << c.op->name << " " << c.name << ": " << glia_message(ctx);
                    f(**it, call.call, c);
                }
}

TEST(CudaLibraries, are_reported_one_by_one) {
    std::set<std::string> names;
    gli_device_part part;
    for (int i = 0; cuda()->part(i, &part); ++i) {
        EXPECT_TRUE(names.insert(part.name).second) << part.name << " twice";
        if (part.present)
            EXPECT_STRNE(part.version, "") << part.name;
        else
            EXPECT_STRNE(part.where, "") << part.name << " is missing without a reason";
    }
    EXPECT_GE(names.size(), 2u) << "at least the driver and the runtime";
    EXPECT_FALSE(cuda()->part(-1, &part));
}

TEST(CudaLibraries, decline_with_a_reason_or_accept_without_a_device) {
    Pretender p;
    std::map<std::string, int> taken;
    for_each_library_call(p.ctx, [&](const gli_provider &provider, const gli_call &call, const Case &c) {
        (void)c;
        if (declines(&provider, call).empty()) ++taken[std::string(call.op->name) + " " + provider.name];
    });
    EXPECT_EQ(p.device()->calls, 0) << "decline has called the device";
    for (const auto &[name, count] : taken) EXPECT_GT(count, 0) << name;
}

// Without a driver, prepare of either library ends with a reason; nothing is left behind.
TEST(CudaLibraries, have_no_handle_without_a_driver) {
    char why[GLI_WHY_TEXT];
    if (cuda()->count(why) > 0) GTEST_SKIP() << "this machine has a GPU";
    Pretender p;
    for_each_library_call(p.ctx, [&](const gli_provider &provider, const gli_call &call, const Case &c) {
        gli_prepared prepared{};
        if (!declines(&provider, call).empty()) return;
        EXPECT_EQ(provider.prepare(&call, &prepared), GLIA_UNSUPPORTED) << c.op->name << " " << c.name;
        EXPECT_EQ(prepared.state, nullptr);
        EXPECT_STRNE(glia_message(p.ctx), "");
    });
}

// "": cuDNN is here, and can plan for a device that is not, which it learnt in 9.8.
std::string missing(Pretender &p, const char *op) {
    std::string reason = "no case";
    for_each_library_call(p.ctx, [&](const gli_provider &provider, const gli_call &call, const Case &c) {
        gli_prepared prepared{};
        if (reason.empty() || std::string(c.op->name) != op || std::string(provider.name) != "cuda.cudnn") return;
        if (const std::string declined = declines(&provider, call); !declined.empty())
            reason = declined;
        else if (provider.prepare(&call, &prepared) != GLIA_OK)
            reason = glia_message(p.ctx);
        else
            reason = "", provider.release(&prepared);
    });
    return reason;
}

class Cudnn : public testing::TestWithParam<Gpu> {};

TEST_P(Cudnn, plans_for_a_device_that_is_not_there) {
    const Described device(GetParam());
    Pretender p;
    if (const std::string reason = missing(p, "conv2d"); !reason.empty()) GTEST_SKIP() << reason;
    const bool has_bf16 = GetParam().capability >= 800;  // before 8.0 there is no arithmetic on bf16
    std::map<std::string, int> planned;
    for_each_library_call(p.ctx, [&](const gli_provider &provider, const gli_call &call, const Case &c) {
        const std::string what = std::string(c.op->name) + " of " + glia_dtype_name(call.in[0]->dtype);
        // Recurrent layers have no plans.
        if (std::string(provider.name) != "cuda.cudnn" || call.in[0]->dtype == GLIA_F64 || what.starts_with("rnn"))
            return;
        if ((call.in[0]->dtype == GLIA_BF16 && !has_bf16) || !declines(&provider, call).empty()) return;
        // All cases on one GPU, some on the others.
        if (planned[what] == 3 && std::string(GetParam().name) != kH100.name) return;
        gli_prepared prepared{};
        if (provider.prepare(&call, &prepared) != GLIA_OK) {
            EXPECT_STRNE(glia_message(p.ctx), "") << what << " " << c.name;
            return;
        }
        EXPECT_LE(prepared.workspace, size_t{1} << 30) << what << " " << c.name;
        provider.release(&prepared);
        ++planned[what];
    });
    const size_t dtypes = has_bf16 ? 3 : 2;
    EXPECT_EQ(planned.size(), 3 * dtypes + 1) << "three ops of each dtype; the gradient of filters is f32";
    for (const auto &[what, count] : planned) EXPECT_GT(count, 0) << what << " was never planned";
}

// Status of planning a convolution with its bias when call number `fail_at` fails; none of them: -1.
glia_status plan_with_failure(int64_t fail_at, cudaError_t error, int64_t *calls) {
    static const Case test = *std::find_if(all_cases().begin(), all_cases().end(), [](const Case &c) {
        return std::string(c.op->name) == "conv2d" && c.inputs.size() == 3 &&
               c.inputs[GLI_CONV_BIAS].content != Content::absent && c.inputs[GLI_CONV_X].dims[1] > 3;
    });
    Pretender p;
    const Call call(p.ctx, test, GLIA_F32, Images::channels_last);
    gli_choice choice{};
    const gli_provider *const *row = cuda()->providers(test.op);
    while (std::string((*row)->name) != "cuda.cudnn") ++row;
    const gli_provider *cudnn = *row;
    EXPECT_EQ(declines(cudnn, call.call), "");
    p.device()->fail_at      = fail_at;
    p.device()->fail_with    = error;
    const glia_status status = cudnn->prepare(&call.call, &choice.prepared);
    *calls                   = p.device()->calls;
    if (status == GLIA_OK)
        cudnn->release(&choice.prepared);
    else
        EXPECT_EQ(choice.prepared.state, nullptr);
    return status;
}

INSTANTIATE_TEST_SUITE_P(gpus, Cudnn, testing::ValuesIn(kGpus), [](const auto &info) {
    std::string name = info.param.name;
    return name.erase(std::min(name.find(' '), name.size()), 1);
});

TEST(CudnnFailures, every_call_that_fails_leaves_nothing_behind) {
    const Described device(kH100);
    Pretender p;
    if (const std::string reason = missing(p, "conv2d"); !reason.empty()) GTEST_SKIP() << reason;
    int64_t calls, ignored;
    ASSERT_EQ(plan_with_failure(-1, cudaSuccess, &calls), GLIA_OK);
    ASSERT_GT(calls, 50);
    int64_t out_of_memory = 0;
    for (int64_t call = 0; call < calls; ++call) {
        // Where one engine fails another is taken, and a convolution without its bias after that. Memory is lacking for
        // all, but once there is a plan more are not needed.
        const glia_status memory = plan_with_failure(call, cudaErrorMemoryAllocation, &ignored);
        const glia_status other =
            plan_with_failure(call, call % 2 ? cudaErrorInvalidValue : cudaErrorNotSupported, &ignored);
        EXPECT_TRUE(memory == GLIA_OUT_OF_MEMORY || memory == GLIA_OK) << "call " << call << ": " << memory;
        EXPECT_TRUE(other == GLIA_UNSUPPORTED || other == GLIA_OK) << "call " << call << ": " << other;
        out_of_memory += memory == GLIA_OUT_OF_MEMORY;
    }
    EXPECT_GT(out_of_memory, calls / 2);
}

}  // namespace
