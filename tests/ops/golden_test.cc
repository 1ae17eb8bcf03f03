// What Glia computes beside what PyTorch computed: outputs, and gradients through the graph's derivation. cpu.ref is
// judged in f64, where its own rounding does not count, every other provider in f32.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>

#include "golden/golden.h"
#include "support/call.h"
#include "support/graphs.h"

namespace {

using namespace glia;
using golden::Case;
using golden::Recorded;

double largest(const std::vector<double> &values) {
    double most = 0;
    for (double v : values)
        if (std::isfinite(v)) most = std::max(most, std::fabs(v));
    return most;
}

// Half the distance between neighbours in f32 at v: what storing a result as f32 can have changed.
double storage_error(double v) {
    if (!std::isfinite(v) || v == 0) return 0;
    return std::ldexp(1.0, std::max(std::ilogb(v), -126) - 24);
}

// Every element of got within `bound` of want, and NaN where want is NaN. Elements where `by` is NaN do not count: the
// gradient by a NaN says nothing, and PyTorch has there what its comparisons happen to give.
void expect_close(const std::string &what, const Array &got, const golden::Array &want, double bound,
                  const std::vector<double> &by = {}) {
    ASSERT_EQ(got.dims, want.dims) << what;
    int wrong = 0;
    for (size_t i = 0; i < want.values.size() && wrong < 3; ++i) {
        if (!by.empty() && std::isnan(by[i])) continue;
        double goal = want.values[i];
        if (got.dtype == GLIA_F32) goal = float(goal);
        const double allowed = bound + (want.rounded ? storage_error(goal) : 0);
        const bool right     = std::isnan(goal) ? std::isnan(got.values[i])
                                                : got.values[i] == goal || std::fabs(got.values[i] - goal) <= allowed;
        if (right) continue;
        ++wrong;
        ADD_FAILURE() << what << "[" << i << "] is " << got.values[i] << ", PyTorch has " << goal << "; off by "
                      << got.values[i] - goal << ", allowed " << allowed;
    }
}

glia_dtype dtype_of(const Input &input, glia_dtype floats) { return input.fixed ? input.dtype : floats; }

std::vector<Array> inputs_of(const Case &c, glia_dtype floats, uint32_t step = 0) {
    std::vector<Array> out;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const Input &input = c.inputs[i];
        if (input.content == Content::absent)
            out.push_back(ABSENT);
        else
            out.push_back({input.dims, golden::numbers_of(input, golden::fnv1a(c.label()), uint32_t(i), step),
                           dtype_of(input, floats)});
    }
    return out;
}

// The bound of one call, from the op's depth and the sizes of its numbers.
double bound_of(Session &session, const Case &c, const std::vector<Array> &in, glia_dtype dtype,
                const golden::Array &want) {
    std::vector<const glia_tensor *> tensors;
    double scale = largest(want.values);
    for (const Array &x : in) {
        tensors.push_back(session.tensor(x));
        if (!x.absent && gli_dtype_is_float(x.dtype)) scale = std::max(scale, largest(x.values));
    }
    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    gli_call call{};
    if (gli_resolve(session.ctx(), c.op, c.params.data(), int(tensors.size()), tensors.data(), geom, &r) != GLIA_OK)
        return 0;
    call.ctx = session.ctx(), call.op = c.op, call.geom = geom, call.n_in = int(tensors.size());
    return gli_error_bound(&call, dtype, scale);
}

std::string text_of(const char *name) {
    std::string text = name;
    std::replace(text.begin(), text.end(), '.', '_');
    return text;
}

// ---- outputs
// ---------------------------------------------------------------------------------------------------------

struct Param {
    const Case *test;
    std::string provider;
    glia_dtype dtype;
};

// For GoogleTest's messages.
void PrintTo(const Param &p, std::ostream *out) {
    *out << p.test->label() << " " << p.provider << " " << glia_dtype_name(p.dtype);
}

std::vector<Param> all_params() {
    std::vector<Param> all;
    for (const Case &c : golden::all_cases()) {
        for (const gli_provider *const *it = gli_cpu_device.providers(c.op); *it; ++it)
            all.push_back({&c, (*it)->name, strcmp((*it)->name, "cpu.ref") == 0 ? GLIA_F64 : GLIA_F32});
    }
    return all;
}

std::string name_of(const Case &c, const std::string &provider) {
    return std::string(c.op->name) + "__" + c.name + "__" + text_of(provider.c_str());
}

int shared_input(const gli_op *op, int o) {
    return gli_output_is(op, o, GLI_OUT_IN_PLACE) ? op->outputs[o].in_place : -1;
}

// Runs the op; an optimizer's case takes several steps, in which what the op may write in place is fed back. The
// result then has the outputs of all steps in one array each.
Result outputs_of(Session &session, const Case &c, glia_dtype floats) {
    Result all;
    std::vector<Array> in;
    for (uint32_t step = 1; step <= (c.steps ? golden::kSteps : 1); ++step) {
        std::vector<Array> next = inputs_of(c, floats, c.steps ? step : 0);
        if (step > 1)
            for (int o = 0; o < c.op->n_outputs; ++o)
                if (const int shared = shared_input(c.op, o); shared >= 0 && size_t(shared) < next.size())
                    next[size_t(shared)].values = in[size_t(shared)].values;
        in            = next;
        Result result = session.call_raw(*c.op, c.params.data(), in);
        if (result.status != GLIA_OK || !c.steps) return result;
        all.out.resize(result.out.size());
        for (size_t o = 0; o < result.out.size(); ++o) {
            const Array &y = result.out[o];
            if (const int shared = shared_input(c.op, int(o)); shared >= 0 && size_t(shared) < in.size())
                in[size_t(shared)].values = y.values;
            all.out[o].dims = y.dims, all.out[o].dtype = y.dtype;
            all.out[o].dims.insert(all.out[o].dims.begin(), golden::kSteps);
            all.out[o].values.insert(all.out[o].values.end(), y.values.begin(), y.values.end());
        }
    }
    return all;
}

// oneDNN's relu behind a product or a convolution takes a NaN for a number below 0.
bool loses_nan(const Param &p) { return p.test->name == "fused_relu_special" && p.provider != "cpu.ref"; }

class Outputs : public testing::TestWithParam<Param> {};

TEST_P(Outputs, are_those_of_pytorch) {
    const Param &p       = GetParam();
    const Case &c        = *p.test;
    const Recorded *want = golden::recorded(c);
    ASSERT_NE(want, nullptr) << c.label() << " is not recorded: run tests/golden/record.py";
    if (loses_nan(p)) GTEST_SKIP() << "a fused relu may lose a NaN";
    Session session(p.provider.c_str());
    const Result result = outputs_of(session, c, p.dtype);
    if (result.status == GLIA_UNSUPPORTED && p.provider != "cpu.ref") GTEST_SKIP() << result.message;
    ASSERT_EQ(result.status, GLIA_OK) << result.message;
    for (size_t i = 0; i < result.out.size(); ++i) {
        const golden::Array *goal = want->output(int(i));
        ASSERT_TRUE(i > 0 || goal) << c.label() << ": nothing recorded";
        if (!goal) continue;
        const glia_dtype dtype = result.out[i].dtype;
        // Integers are exact, and a short float is the result of one cast, which is exact too.
        const bool arithmetic = dtype == GLIA_F32 || dtype == GLIA_F64;
        double bound          = arithmetic ? bound_of(session, c, inputs_of(c, p.dtype), dtype, *goal) : 0;
        if (c.steps) bound *= golden::kSteps;
        expect_close(c.label() + ": " + c.op->outputs[i].name, result.out[i], *goal, bound);
    }
}

INSTANTIATE_TEST_SUITE_P(cpu, Outputs, testing::ValuesIn(all_params()),
                         [](const auto &info) { return name_of(*info.param.test, info.param.provider); });

// ---- gradients
// -------------------------------------------------------------------------------------------------------

// The graph of a case's gradients: of the sum over its first output times random numbers, by each input that the op
// says is differentiable.
class Gradients {
   public:
    Gradients(const Case &c, glia_dtype floats, const char *provider) {
        snprintf(net_.ctx->provider, sizeof net_.ctx->provider, "%s", provider);
        std::vector<glia_value> in;
        const auto arrays = inputs_of(c, floats);
        for (size_t i = 0; i < arrays.size(); ++i) {
            in.push_back(arrays[i].absent ? glia_value{0} : net_.input(arrays[i].dims, arrays[i].dtype));
            if (arrays[i].absent) continue;
            numbers_.push_back(arrays[i].values);
            // PyTorch has no gradient by a condition; ours is 0, which gradient_test checks.
            if (gli_dtype_is_float(arrays[i].dtype) && gli_input_is(c.op, i, GLI_IN_GRADIENT) &&
                !gli_input_is(c.op, i, GLI_IN_INDEX))
                wanted_.push_back(int(i));
        }
        const glia_value y = net_.call(c.op->name, c.params.data(), in);
        if (glia_graph_status(net_.graph) != GLIA_OK) throw std::runtime_error(glia_message(net_.ctx));
        const glia_shape shape = glia_graph_shape(net_.graph, y);
        const Input random{Content::signed_, {shape.dim, shape.dim + shape.ndim}};
        const glia_value seed = net_.input(random.dims, glia_graph_dtype(net_.graph, y));
        numbers_.push_back(golden::numbers_of(random, golden::fnv1a(c.label()), golden::kSeedStream));
        std::vector<glia_value> by;
        for (int i : wanted_) by.push_back(in[size_t(i)]);
        out_.resize(by.size());
        if (gli_graph_gradient(net_.graph, &y, &seed, 1, by.data(), int(by.size()), out_.data()) != GLIA_OK)
            throw std::runtime_error(glia_message(net_.ctx));
    }

    const std::vector<int> &wanted() const { return wanted_; }

    std::vector<Array> run() {
        std::vector<Array> arrays;
        const auto values = net_.run(out_, numbers_);
        for (size_t k = 0; k < values.size(); ++k) {
            const glia_shape shape = glia_graph_shape(net_.graph, out_[k]);
            arrays.push_back({{shape.dim, shape.dim + shape.ndim}, values[k], glia_graph_dtype(net_.graph, out_[k])});
        }
        return arrays;
    }

    // What rounding to dtype can change: the roundings of all ops one after the other, on the largest number in any of
    // their inputs and outputs.
    double bound(glia_dtype dtype) {
        double ulps = 0, scale = 0;
        std::vector<glia_value> results;
        for (int i = 0; i < net_.graph->n_nodes; ++i) {
            const gli_node &node = net_.graph->nodes[i];
            gli_call call{};
            call.op = node.op, call.geom = node.geom;
            ulps += gli_error_bound(&call, dtype, 1);
            for (int o = 0; o < node.op->n_outputs; ++o)
                if (node.out[o]) results.push_back({node.out[o]});
        }
        for (const auto &numbers : numbers_) scale = std::max(scale, largest(numbers));
        for (const auto &numbers : net_.run(results, numbers_)) scale = std::max(scale, largest(numbers));
        return ulps * scale;
    }

    void add_ops(std::set<const gli_op *> &ops) const {
        for (int i = 0; i < net_.graph->n_nodes; ++i) ops.insert(net_.graph->nodes[i].op);
    }

   private:
    Net net_;
    std::vector<std::vector<double>> numbers_;
    std::vector<int> wanted_;
    std::vector<glia_value> out_;
};

bool has_gradients(const Case &c) {
    const Recorded *want = golden::recorded(c);
    if (c.steps || !want || !want->output(0) || want->output(0)->integer) return false;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const Input &input = c.inputs[i];
        if (input.content != Content::absent && (!input.fixed || gli_dtype_is_float(input.dtype)) &&
            gli_input_is(c.op, i, GLI_IN_GRADIENT))
            return true;
    }
    return false;
}

// provider "": the best that takes each call.
std::vector<Param> gradient_params() {
    std::vector<Param> all;
    for (const Case &c : golden::all_cases()) {
        if (!has_gradients(c)) continue;
        all.push_back({&c, "cpu.ref", GLIA_F64});
        all.push_back({&c, "", GLIA_F32});
    }
    return all;
}

class Derivatives : public testing::TestWithParam<Param> {};

TEST_P(Derivatives, are_those_of_pytorch) {
    const Param &p       = GetParam();
    const Case &c        = *p.test;
    const Recorded *want = golden::recorded(c);
    ASSERT_NE(want, nullptr) << c.label() << " is not recorded: run tests/golden/record.py";
    if (loses_nan(p)) GTEST_SKIP() << "a fused relu may lose a NaN";
    const double bound = Gradients(c, GLIA_F64, "cpu.ref").bound(p.dtype);
    Gradients gradients(c, p.dtype, p.provider.c_str());
    const auto got = gradients.run(), in = inputs_of(c, p.dtype);
    ASSERT_EQ(got.size(), gradients.wanted().size());
    for (size_t k = 0; k < got.size(); ++k) {
        const int i               = gradients.wanted()[k];
        const golden::Array *goal = want->gradient(i);
        ASSERT_NE(goal, nullptr) << c.label() << ": no gradient by " << c.op->inputs[i].name << " is recorded";
        expect_close(c.label() + ": gradient by " + c.op->inputs[i].name, got[k], *goal, bound, in[size_t(i)].values);
    }
}

INSTANTIATE_TEST_SUITE_P(cpu, Derivatives, testing::ValuesIn(gradient_params()), [](const auto &info) {
    return name_of(*info.param.test, info.param.provider.empty() ? "best" : info.param.provider);
});

// ---- the record
// ------------------------------------------------------------------------------------------------------

TEST(Record, names_the_version_of_pytorch) {
    EXPECT_FALSE(golden::recorded_versions().empty());
    for (const std::string &text : golden::recorded_versions())
        EXPECT_NE(text.find("PyTorch 2."), std::string::npos) << text;
}

TEST(Record, has_more_than_300_cases_and_no_stale_ones) {
    std::set<std::string> labels;
    for (const Case &c : golden::all_cases())
        EXPECT_TRUE(labels.insert(c.label()).second) << c.label() << " stands twice";
    EXPECT_GE(labels.size(), 300u);
    EXPECT_EQ(golden::recorded_count(), labels.size());
}

// An op is judged by a case of its own, or as a part of another op's gradient.
TEST(Record, covers_every_op) {
    std::set<const gli_op *> seen;
    for (const Case &c : golden::all_cases()) {
        seen.insert(c.op);
        if (has_gradients(c)) Gradients(c, GLIA_F64, "cpu.ref").add_ops(seen);
    }
    for (const gli_op *const *op = gli_ops; *op; ++op)
        EXPECT_TRUE(seen.count(*op)) << (*op)->name << " has no case in tests/golden/";
}

}  // namespace
