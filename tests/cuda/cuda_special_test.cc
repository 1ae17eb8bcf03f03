// What the provider suite's numbers do not show: NaN, infinities and zeros of both signs, of which a device makes what
// the reference makes of them, and classes that do not exist.
#include <cmath>
#include <random>

#include "support/call.h"
#include "support/case.h"
#include "support/devices.h"

extern "C" {
#include "ops/rnn/rnn_geom.h"
}

namespace {

using namespace glia;

// Tensors as small as those of these tests need no chunks of megabytes.
const int environment = setenv("GLIA_CUDA_CHUNK", "0", 0);

const double kNan = std::nan(""), kInfinity = INFINITY;

bool is_float(glia_dtype dtype) {
    return dtype == GLIA_F32 || dtype == GLIA_F64 || dtype == GLIA_BF16 || dtype == GLIA_F16;
}

// Families of ops whose kernels give other kinds of numbers, and why.
const struct {
    const char *family, *reason;
} kOthers[] = {
    {"batchnorm", "means are updated by differences, which are NaN where a number is infinite"},
    {"layernorm", "means are updated by differences, which are NaN where a number is infinite"},
    {"groupnorm", "means are updated by differences, which are NaN where a number is infinite"},
};

// Small integers, of which every `rarity`-th is special.
std::vector<double> numbers(std::mt19937 &random, size_t count, unsigned rarity) {
    const std::vector<double> special{kNan, kInfinity, -kInfinity, 0.0, -0.0};
    std::vector<double> out(count);
    for (double &x : out)
        x = random() % rarity == 0 ? special[random() % special.size()] : double(int(random() % 9) - 4);
    return out;
}

std::vector<Array> inputs_of(const Case &c, std::mt19937 &random, unsigned rarity) {
    std::vector<Array> out;
    for (const Input &input : c.inputs) {
        Array a{input.dims, {}, input.fixed ? input.dtype : GLIA_F32, input.content == Content::absent};
        size_t count = 1;
        for (int64_t dim : input.dims) count *= size_t(dim);
        if (input.content == Content::constant && input.fixed) {
            a.values.assign(count, input.value);
        } else if (input.content == Content::positive) {  // weights, second moments
            a.values.resize(count);
            for (double &x : a.values) x = double(random() % 4 + 1);
        } else if (is_float(a.dtype)) {
            a.values = numbers(random, count, rarity);
        } else {
            a.values.resize(count);
            for (double &x : a.values)
                x = double(random() % unsigned(input.content == Content::index ? input.value : 100));
        }
        out.push_back(a);
    }
    return out;
}

// Finite numbers are what the provider suite is for.
const char *kind_of(double x) {
    return std::isnan(x) ? "NaN" : x == kInfinity ? "infinity" : x == -kInfinity ? "-infinity" : "finite";
}

bool small(const Case &c) {
    for (const Input &input : c.inputs) {
        double count = 1;
        for (int64_t dim : input.dims) count *= double(dim);
        if (count > 3000 && input.content != Content::made) return false;
    }
    return !c.bench;
}

void compare(const Case &c, const Result &want, const Result &got, const std::string &draw) {
    ASSERT_EQ(want.status, got.status) << c.name << draw << ": " << want.message << got.message;
    for (size_t o = 0; o < want.out.size(); ++o) {
        if (gli_output_is(c.op, int(o), GLI_OUT_SAVED)) continue;
        for (size_t i = 0; i < want.out[o].values.size(); ++i) {
            const double a = want.out[o].values[i], b = got.out[o].values[i];
            ASSERT_STREQ(kind_of(a), kind_of(b)) << c.name << draw << ": " << c.op->outputs[o].name << "[" << i << "]";
            if (!is_float(want.out[o].dtype)) {
                ASSERT_EQ(a, b) << c.name << draw << ": " << c.op->outputs[o].name << "[" << i << "]";
            }
        }
    }
}

struct Param {
    const char *device;
    const char *op;
};

class CudaSpecial : public testing::TestWithParam<Param> {};

TEST_P(CudaSpecial, numbers_are_of_the_kind_that_the_reference_gives) {
    gli_device_choice choice;
    if (gli_device_find(GetParam().device, &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    for (const auto &other : kOthers)
        if (strncmp(other.family, GetParam().op, strlen(other.family)) == 0) GTEST_SKIP() << other.reason;
    Session reference("cpu.ref"), device("", GetParam().device);
    for (const Case &c : all_cases()) {
        if (strcmp(c.op->name, GetParam().op) != 0 || !small(c)) continue;
        // What comes in beyond a length is 0 for a kernel, and 0 times an infinite weight is NaN.
        if (c.op == &gli_op_rnn_backward && c.inputs[GLI_RNN_LENGTHS].content != Content::absent) continue;
        std::mt19937 random(2026);  // of each case the same numbers, whatever other cases there are
        for (unsigned rarity : {3u, 12u, 60u}) {
            const std::vector<Array> in = inputs_of(c, random, rarity);
            compare(c, reference.call_raw(*c.op, c.params.data(), in), device.call_raw(*c.op, c.params.data(), in),
                    ", one in " + std::to_string(rarity) + " special");
            if (HasFatalFailure()) return;
        }
    }
}

std::vector<Param> on_devices() {
    std::vector<Param> all;
    for (const char *device : {"emulated", "cuda:0"})
        for (const gli_op *const *op = gli_ops; *op; ++op) all.push_back({device, (*op)->name});
    return all;
}

INSTANTIATE_TEST_SUITE_P(devices, CudaSpecial, testing::ValuesIn(on_devices()), [](const auto &info) {
    return std::string(strcmp(info.param.device, "emulated") == 0 ? "emulated__" : "cuda__") + info.param.op;
});

class CudaClasses : public OnDevice {};

// With a thread, 8, a warp and a block for each item.
TEST_P(CudaClasses, out_of_range_are_told_with_their_place) {
    for (int classes : {3, 10, 100, 3000}) {
        Session s("", device());
        const Array x{{4, classes}, {}, GLIA_F32}, dy{{}, {1}, GLIA_F32}, counts{{2}, {}, GLIA_F64};
        const Array target{{4}, {0, 1, double(classes), -1}, GLIA_I64};
        const Array matrix{{classes, classes}, {}, GLIA_I64};
        const glia_cross_entropy_params loss{};
        const glia_accuracy_params accuracy = glia_accuracy_defaults();
        const glia_confusion_matrix_params confusion{};
        const std::string told =
            ": target[2] is " + std::to_string(classes) + ", which is out of range (found when its work had run)";
        const auto tells = [&](const gli_op &op, const void *params, const std::vector<Array> &in) {
            std::string message;
            try {
                s.call_raw(op, params, in);
            } catch (const std::runtime_error &error) {
                message = error.what();
            }
            EXPECT_EQ(message, op.name + told);
        };
        tells(gli_op_cross_entropy, &loss, {x, target});
        tells(gli_op_cross_entropy_backward, &loss, {x, target, ABSENT, dy});
        tells(gli_op_accuracy, &accuracy, {x, target, counts});
        tells(gli_op_confusion_matrix, &confusion, {x, target, matrix});
    }
}

TEST_P(CudaClasses, are_told_with_all_their_bits) {
    Session s("", device());
    const Array x{{3, 4}, {}, GLIA_F32};
    for (double wrong : {4294967296.0, -4294967297.0, 2147483648.0, double(INT64_MIN)}) {
        std::string message;
        try {
            s.call_raw(gli_op_cross_entropy, nullptr, {x, {{3}, {1, wrong, 7}, GLIA_I64}});
        } catch (const std::runtime_error &error) {
            message = error.what();
        }
        EXPECT_EQ(message, "cross_entropy: target[1] is " + std::to_string(int64_t(wrong)) +
                               ", which is out of range (found when its work had run)");
    }
}

GLI_ON_DEVICES(CudaClasses);

class CudaMean : public OnDevice {};

TEST_P(CudaMean, of_more_ones_than_a_float_counts_is_one) {
    Computer c(device());
    Keep keep;
    glia_tensor *x, *y;
    ASSERT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE((1 << 24) + 3), &x), GLIA_OK) << c.message();
    keep(x, glia_tensor_destroy);
    ASSERT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SCALAR, &y), GLIA_OK) << c.message();
    keep(y, glia_tensor_destroy);
    ASSERT_EQ(glia_tensor_fill(x, 1), GLIA_OK) << c.message();
    const glia_reduce_params mean{.kind = GLIA_REDUCE_MEAN, .axes = GLIA_ALL_AXES};
    ASSERT_EQ(glia_reduce(c.ctx, &mean, x, y), GLIA_OK) << c.message();
    float got = 0;
    ASSERT_EQ(glia_tensor_read(y, &got, sizeof got), GLIA_OK) << c.message();
    EXPECT_EQ(got, 1);
}

GLI_ON_DEVICES(CudaMean);

}  // namespace
