// Params as tables: what a descriptor says of them, their defaults, the check of enums, and their text in logs.
#include <gtest/gtest.h>

#include <climits>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "core/op_defaults.h"
#include "support/call.h"
#include "support/params.h"
#include "support/suite.h"

namespace {

using namespace glia;

std::string raw_text_of(const gli_op &op, const void *params) {
    char text[GLI_PARAMS_TEXT];
    return gli_params_text(&op, params, text);
}
template <class Params>
std::string text_of(const gli_op &op, const Params &params) {
    EXPECT_EQ(sizeof params, op.params_size) << op.name;
    EXPECT_LE(op.params_size, size_t(GLI_MAX_PARAMS)) << op.name;
    return raw_text_of(op, &params);
}

// --- defaults ---

// The op with what tests/support/params.h says of it.
struct Mirror {
    const gli_op *op;
    std::vector<char> defaults;
    std::vector<char> fields;  // of each byte: 0 where it is padding; empty where the compiler does not tell
};

void PrintTo(const Mirror &mirror, std::ostream *out) { *out << mirror.op->name; }

template <class Params>
std::vector<char> fields_of() {
#if __has_builtin(__builtin_clear_padding)
    Params all;
    memset(static_cast<void *>(&all), -1, sizeof all);
    __builtin_clear_padding(&all);
    return bytes_of(all);
#else
    return {};
#endif
}

std::vector<Mirror> mirrors() {
    return {
#define GLI_OP(name) {&gli_op_##name, bytes_of(params::name{}), fields_of<params::name>()},
#include "core/ops.inc"
#undef GLI_OP
    };
}

class Defaults : public testing::TestWithParam<Mirror> {};

TEST_P(Defaults, are_those_of_the_mirror_in_the_tests) {
    const auto &[op, mirror, fields] = GetParam();
    EXPECT_EQ(op->defaults != nullptr, op->n_params > 0);
    if (op->n_params == 0) {
        EXPECT_EQ(op->params_size, 0u);
        EXPECT_EQ(mirror.size(), 1u) << "an empty struct in C++";
        return;
    }
    expect_defaults(*op, mirror.data(), mirror.size());
    EXPECT_EQ(raw_text_of(*op, mirror.data()), "");
}

TEST_P(Defaults, have_a_table_of_all_the_struct) {
    const gli_op &op = *GetParam().op;
    std::vector<int> covered(op.params_size);
    std::set<std::string> names;
    for (int i = 0; i < op.n_params; ++i) {
        const gli_op_param &param = op.params[i];
        EXPECT_TRUE(names.insert(param.name).second) << param.name << " stands twice";
        EXPECT_GE(gli_param_count(&param), 1) << param.name;
        EXPECT_EQ(param.type == GLI_PARAM_ENUM, param.n_names > 0) << param.name;
        for (int k = 0; k < param.n_names; ++k) EXPECT_NE(param.names[k], nullptr) << param.name << " " << k;
        for (size_t at = param.offset; at < param.offset + param.size; ++at) ++covered.at(at);
    }
    const std::vector<char> &fields = GetParam().fields;
    for (size_t at = 0; at < covered.size(); ++at) {
        EXPECT_LE(covered[at], 1) << "byte " << at << " is in two fields";
        if (covered[at] || fields.empty()) continue;
        EXPECT_EQ(fields.at(at), 0) << "byte " << at << " is in no field, and is no padding";
    }
}

// The arrays of the op's first case.
std::vector<Array> arrays_of(const gli_op &op) {
    for (const Case &c : all_cases()) {
        if (c.op != &op || c.bench) continue;
        std::vector<Array> in;
        for (size_t i = 0; i < c.inputs.size(); ++i)
            in.push_back(
                c.inputs[i].content == Content::absent
                    ? ABSENT
                    : Array{c.inputs[i].dims, values_of(c, i, Regime::reals, GLIA_F32), dtype_of(c, i, GLIA_F32)});
        return in;
    }
    ADD_FAILURE() << "no case of " << op.name;
    return {};
}

// An op whose defaults do not fit the call says the same of both.
TEST_P(Defaults, are_what_NULL_stands_for) {
    const gli_op &op = *GetParam().op;
    EXPECT_EQ(gli_params_or_defaults(&op, nullptr), op.defaults);
    EXPECT_EQ(raw_text_of(op, nullptr), "");
    Session first("cpu.ref"), second("cpu.ref");
    const Result null  = first.call_raw(op, nullptr, arrays_of(op)),
                 given = second.call_raw(op, op.defaults, arrays_of(op));
    EXPECT_EQ(null.status, given.status);
    EXPECT_EQ(null.message, given.message);
    ASSERT_EQ(null.out.size(), given.out.size());
    for (size_t o = 0; o < null.out.size(); ++o) {
        EXPECT_EQ(null.out[o].dims, given.out[o].dims);
        const auto &a = null.out[o].values, &b = given.out[o].values;
        ASSERT_EQ(a.size(), b.size());
        EXPECT_EQ(a.empty() ? 0 : memcmp(a.data(), b.data(), a.size() * sizeof a[0]), 0) << op.outputs[o].name;
    }
}

// --- enums ---

// The defaults, but for one enum.
std::vector<char> changed(const gli_op &op, const gli_op_param &param, int value) {
    const auto *defaults = static_cast<const char *>(op.defaults);
    std::vector<char> params(defaults, defaults + op.params_size);
    memcpy(&params[param.offset], &value, sizeof value);
    return params;
}

// Of an array, its first element, the others being the first word.
std::string text_of_first(const gli_op_param &param, const std::string &word) {
    return std::string(" ") + param.name + "=" +
           (gli_param_count(&param) > 1 ? "{" + word + "," + param.names[0] + "}" : word);
}

TEST_P(Defaults, have_enums_whose_numbers_are_checked) {
    const gli_op &op = *GetParam().op;
    for (int i = 0; i < op.n_params; ++i) {
        const gli_op_param &param = op.params[i];
        if (param.type != GLI_PARAM_ENUM) continue;
        const int last = param.n_names - 1;
        for (int wrong : {-1, INT_MIN, last + 1, INT_MAX}) {
            const auto params = changed(op, param, wrong);
            int value         = 0;
            EXPECT_EQ(gli_params_bad_enum(&op, params.data(), &value), &param);
            EXPECT_EQ(value, wrong);
            Session session("");
            const Result result = session.call_raw(op, params.data(), arrays_of(op));
            EXPECT_EQ(result.status, GLIA_INVALID_ARGUMENT);
            EXPECT_EQ(result.message, std::string(op.name) + ": " + param.name + " is " + std::to_string(wrong) +
                                          ", must be 0 (" + param.names[0] + ") to " + std::to_string(last) + " (" +
                                          param.names[last] + ")");
            EXPECT_EQ(raw_text_of(op, params.data()), text_of_first(param, std::to_string(wrong)));
        }
        for (int right = 0; right <= last; ++right) {
            const auto params = changed(op, param, right);
            int value         = 0;
            EXPECT_EQ(gli_params_bad_enum(&op, params.data(), &value), nullptr) << param.names[right];
            const std::string text = raw_text_of(op, params.data());
            // Other params may follow, where their defaults depend on the kind.
            EXPECT_TRUE(text.empty() || text.starts_with(text_of_first(param, param.names[right]))) << text;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(ops, Defaults, testing::ValuesIn(mirrors()),
                         [](const auto &info) { return std::string(info.param.op->name); });

TEST(Enums, are_named_with_their_range) {
    const auto message_of = [](const gli_op &op, const auto &params) {
        Session session("");
        return session.call(op, params, arrays_of(op)).message;
    };
    EXPECT_EQ(message_of(gli_op_unary, glia_unary_params{glia_unary_kind(GLIA_UNARY_COUNT), 0, 0}),
              "unary: kind is 25, must be 0 (linear) to 24 (stop_gradient)");
    EXPECT_EQ(message_of(gli_op_binary, glia_binary_params{glia_binary_kind(-3)}),
              "binary: kind is -3, must be 0 (add) to 12 (greater_equal)");
    EXPECT_EQ(message_of(gli_op_dense, glia_dense_params{glia_activation(16)}),
              "dense: activation is 16, must be 0 (linear) to 15 (log_softmax)");
    EXPECT_EQ(message_of(gli_op_loss, params::loss{.reduction = glia_reduction(3)}),
              "loss: reduction is 3, must be 0 (mean) to 2 (none)");
    EXPECT_EQ(message_of(gli_op_cast, glia_cast_params{glia_dtype(7)}), "cast: dtype is 7, must be 0 (f32) to 6 (i64)");
}

TEST(DefaultsOfTheApi, are_those_of_the_descriptors) {
    int ops = 0;
    for_each_defaults([&](const char *, const gli_op &op, const auto &params) {
        expect_defaults(op, &params, sizeof params);
        EXPECT_EQ(text_of(op, params), "");
        ++ops;
    });
    EXPECT_GE(ops, 23);
}

TEST(DefaultsOfTheApi, follow_the_kind_or_the_kernel_that_is_given) {
    const glia_unary_params unary = glia_unary_defaults(GLIA_UNARY_LINEAR);
    expect_defaults(gli_op_unary, &unary, sizeof unary);
    EXPECT_EQ(text_of(gli_op_unary, glia_unary_defaults(GLIA_UNARY_SOFTPLUS)), " kind=softplus");
    EXPECT_EQ(glia_unary_defaults(GLIA_UNARY_SOFTPLUS).alpha, 1);
    EXPECT_EQ(text_of(gli_op_unary, glia_unary_defaults(GLIA_UNARY_CLIP)), " kind=clip");
    EXPECT_EQ(glia_unary_defaults(GLIA_UNARY_CLIP).alpha, -1);
    EXPECT_EQ(glia_unary_defaults(GLIA_UNARY_CLIP).beta, 1);
    EXPECT_EQ(text_of(gli_op_max_pool2d, glia_max_pool2d_defaults(2, 3)), " kernel={2,3}");
    EXPECT_EQ(text_of(gli_op_max_pool2d, params::max_pool2d{.kernel = {2, 3}, .stride = {1, 3}}),
              " kernel={2,3} stride={1,3}");
    EXPECT_EQ(text_of(gli_op_avg_pool2d, glia_avg_pool2d_defaults(1, 1)), " kernel={1,1}");
}

// --- text ---

TEST(Text, names_the_params_that_differ_from_the_defaults) {
    EXPECT_EQ(text_of(gli_op_argmax, params::argmax{.axis = 1}), " axis=1");
    EXPECT_EQ(text_of(gli_op_argmax, params::argmax{.axis = -2, .keep_dims = true}), " axis=-2 keep_dims=true");
    EXPECT_EQ(text_of(gli_op_conv2d, params::conv2d{.stride = {2, 2}}), " stride={2,2}");
    EXPECT_EQ(text_of(gli_op_conv2d, params::conv2d{.pad = {0, 1}, .groups = 3, .activation = GLIA_TANH}),
              " pad={0,1} pad_end={0,1} groups=3 activation=tanh");
    EXPECT_EQ(text_of(gli_op_conv2d_backward_data,
                      params::conv2d_backward_data{.conv = {.dilation = {1, 2}}, .size = {4, 5}}),
              " conv.dilation={1,2} size={4,5}");
    EXPECT_EQ(text_of(gli_op_cast, params::cast{GLIA_F16}), " dtype=f16");
    EXPECT_EQ(text_of(gli_op_unary, params::unary{.kind = GLIA_UNARY_ELU}), " kind=elu");
    EXPECT_EQ(text_of(gli_op_unary, params::unary{.kind = GLIA_UNARY_ELU, .alpha = 0}), " kind=elu alpha=0");
    EXPECT_EQ(text_of(gli_op_unary, params::unary{.kind = GLIA_UNARY_CLIP, .alpha = -1, .beta = 2}),
              " kind=clip beta=2");
}

TEST(Text, of_numbers) {
    EXPECT_EQ(text_of(gli_op_matmul, params::matmul{.transpose_b = true, .alpha = 0.5, .beta = 0}),
              " transpose_b=true alpha=0.5 beta=0");
    EXPECT_EQ(text_of(gli_op_adam, params::adam{.epsilon = 1e-7}), " epsilon=1e-07");
    EXPECT_EQ(text_of(gli_op_rnn, params::rnn{.cell_clip = 1.5}), " cell_clip=1.5");
    EXPECT_EQ(text_of(gli_op_loss, params::loss{.delta = NAN}), " delta=nan");
    EXPECT_EQ(text_of(gli_op_matmul, params::matmul{.alpha = -INFINITY}), " alpha=-inf");
    EXPECT_EQ(text_of(gli_op_confusion_matrix, params::confusion_matrix{.ignore_index = INT64_MIN, .ignore = true}),
              " ignore_index=-9223372036854775808 ignore=true");
}

TEST(Text, of_axes_and_shapes) {
    EXPECT_EQ(text_of(gli_op_reduce, params::reduce{.kind = GLIA_REDUCE_L2, .axes = GLIA_AXIS(1) | GLIA_AXIS(-1)}),
              " kind=l2 axes={1,-1}");
    EXPECT_EQ(text_of(gli_op_reduce, params::reduce{.axes = GLIA_AXIS(0)}), " axes={0}");
    EXPECT_EQ(text_of(gli_op_reduce, params::reduce{.axes = 0}), " axes={}");
    EXPECT_EQ(text_of(gli_op_reshape, params::reshape{GLIA_SHAPE(2, -1)}), " shape=[2,-1]");
    EXPECT_EQ(text_of(gli_op_reduce_backward,
                      params::reduce_backward{.reduce = {.axes = GLIA_AXIS(2)}, .shape = GLIA_SHAPE(7)}),
              " reduce.axes={2} shape=[7]");
}

// Of an array the elements up to the last that differs, two at least.
TEST(Text, of_long_arrays) {
    EXPECT_EQ(text_of(gli_op_slice, params::slice{.start = {3}}), " start={3,0}");
    EXPECT_EQ(text_of(gli_op_slice, params::slice{.start = {0, 0, 5}, .step = {-1}}), " start={0,0,5} step={-1,1}");
    EXPECT_EQ(text_of(gli_op_increment, params::increment{{0, 0, 0, 1}}), " by={0,0,0,1}");
    EXPECT_EQ(text_of(gli_op_pad, params::pad{.before = {1}, .after = {0, 2}, .value = -1}),
              " before={1,0} after={0,2} value=-1");
}

TEST(Text, leaves_out_which_random_numbers_they_are) {
    EXPECT_EQ(text_of(gli_op_dropout, params::dropout{.seed = 1, .stream = 2}), "");
    EXPECT_EQ(text_of(gli_op_dropout, params::dropout{.p = 0.25, .seed = UINT64_MAX, .stream = UINT32_MAX}), " p=0.25");
    EXPECT_EQ(text_of(gli_op_random_fill,
                      params::random_fill{
                          .kind = GLIA_RANDOM_NORMAL, .shape = GLIA_SHAPE(3), .std = 2, .seed = 5, .stream = 6}),
              " kind=normal shape=[3] std=2");
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (int i = 0; i < (*op)->n_params; ++i) {
            const std::string name = (*op)->params[i].name;
            EXPECT_EQ((*op)->params[i].quiet, name == "seed" || name == "stream") << (*op)->name << " " << name;
        }
}

TEST(Text, is_cut_where_there_is_no_room_for_more) {
    params::slice_backward all{.shape = {GLIA_MAX_DIMS, {}}};
    for (int i = 0; i < GLIA_MAX_DIMS; ++i) {
        all.slice.start.value[i] = all.slice.stop.value[i] = all.slice.step.value[i] = INT_MIN;
        all.shape.dim[i]                                                             = INT64_MAX;
    }
    const std::string text = text_of(gli_op_slice_backward, all), start = " slice.start={-2147483648,-2147483648,";
    EXPECT_EQ(text.size(), size_t(GLI_PARAMS_TEXT) - 1);
    EXPECT_EQ(text.substr(0, start.size()), start);
}

}  // namespace
