// Every op, differentiable input and case against finite differences in double: the derivative of the sum of all float
// outputs, each element with a random weight. Step and tolerances are those of PyTorch's gradcheck.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>

#include "support/graphs.h"
#include "support/suite.h"

namespace {

using namespace glia;

constexpr double kStep = 1e-6, kAbsolute = 1e-5, kRelative = 1e-3;
constexpr double kKink   = 1e-4;  // the slopes left and right differ by more: f bends there, and has no derivative
constexpr size_t kAll    = 2000;  // up to so many elements, all are checked
constexpr size_t kSample = 64;    // of more, and of costly cases, a sample
constexpr size_t kFew    = 8;     // of very costly ones
constexpr double kWork   = 1e8;   // operations in the forward runs of one input

struct Count {
    size_t checked = 0, kinks = 0;
};
Count total;

bool is_checked(const Case &c, size_t i) {
    const Input &input = c.inputs[i];
    return c.op->derive && gli_input_is(c.op, i, GLI_IN_GRADIENT) && input.content != Content::absent && !input.fixed;
}

// One case as a graph of one call, its derivative, and plans of both.
class Subject {
   public:
    explicit Subject(const Case &c) : case_(c) {
        std::vector<glia_value> in;
        for (size_t i = 0; i < c.inputs.size(); ++i) {
            const Input &input = c.inputs[i];
            tensors_.push_back(nullptr);
            in.push_back({0});
            if (input.content == Content::absent) continue;
            tensors_[i] = net_.tensor(input.dims, {}, input.fixed ? input.dtype : GLIA_F64);
            net_.set(tensors_[i], values_of(c, i, Regime::reals, GLIA_F64));
            in[i] = glia_graph_tensor(net_.graph, nullptr, tensors_[i]);
            if (is_checked(c, i)) wrt_.push_back(in[i]), index_.push_back(i);
        }
        std::vector<glia_value> out(size_t(c.op->n_outputs));
        gli_graph_call(net_.graph, c.op, c.params.data(), in.data(), int(in.size()), out.data(), int(out.size()));
        std::mt19937_64 rng(test_seed());
        for (size_t o = 0; o < out.size() && glia_graph_status(net_.graph) == GLIA_OK; ++o) {
            // a function that rounds to fewer bits is a staircase: it has no differences to compare with
            if (!gli_output_is(c.op, int(o), GLI_OUT_GRADIENT) || glia_graph_dtype(net_.graph, out[o]) != GLIA_F64)
                continue;
            const glia_shape shape = glia_graph_shape(net_.graph, out[o]);
            glia_tensor *seed =
                net_.tensor({shape.dim, shape.dim + shape.ndim}, {}, glia_graph_dtype(net_.graph, out[o]));
            std::vector<double> weight(size_t(gli_count(seed)));
            for (double &w : weight) w = double(int64_t(rng() % 2001) - 1000) / 1000;
            net_.set(seed, weight);
            y_.push_back(out[o]);
            seeds_.push_back(glia_graph_tensor(net_.graph, nullptr, seed));
            weights_.push_back(Net::values(seed));
        }
        gradients_.resize(wrt_.size());
        if (glia_graph_status(net_.graph) == GLIA_OK)
            gli_graph_gradient(net_.graph, y_.data(), seeds_.data(), int(y_.size()), wrt_.data(), int(wrt_.size()),
                               gradients_.data());
        if (glia_graph_status(net_.graph) != GLIA_OK) {
            fail();
            return;
        }
        forward_ = net_.make(y_);
        for (glia_value y : y_) {
            const glia_shape shape = glia_graph_shape(net_.graph, y);
            results_.push_back(net_.tensor({shape.dim, shape.dim + shape.ndim}, {}, glia_graph_dtype(net_.graph, y)));
        }
        if (!forward_) fail();
    }
    ~Subject() { glia_plan_destroy(forward_); }

    const std::string &error() const { return error_; }
    const std::vector<size_t> &inputs() const { return index_; }
    size_t outputs() const { return y_.size(); }

    std::vector<Numbers> derived() { return net_.run(gradients_); }

    // Compares up to `most` elements of input k with finite differences; "" or what differs.
    std::string check(size_t k, const Numbers &derived, size_t most, Count *count) {
        glia_tensor *x   = tensors_[index_[k]];
        const Numbers at = Net::values(x);
        std::vector<size_t> elements(at.size());
        std::iota(elements.begin(), elements.end(), size_t(0));
        if (elements.size() > most) {
            std::mt19937_64 rng(test_seed());
            std::shuffle(elements.begin(), elements.end(), rng);
            elements.resize(most);
        }
        const std::vector<Numbers> middle = evaluate();
        double *data                      = static_cast<double *>(x->data);
        std::string wrong;
        for (size_t e : elements) {
            if (!std::isfinite(at[e])) continue;
            data[e]         = at[e] + kStep;
            const double up = at[e] + kStep - at[e], right = difference(evaluate(), middle) / up;
            data[e]           = at[e] - kStep;
            const double down = at[e] - (at[e] - kStep), left = difference(middle, evaluate()) / down;
            data[e] = at[e];
            if (std::fabs(right - left) > kKink * std::max(1.0, std::fabs(right) + std::fabs(left))) {
                ++count->kinks;
                continue;
            }
            ++count->checked;
            const double want = (right * up + left * down) / (up + down);
            if (std::fabs(derived[e] - want) <= kAbsolute + kRelative * std::fabs(want)) continue;
            char text[200];
            snprintf(text, sizeof text, "the gradient by %s[%zu] is %.9g, finite differences give %.9g",
                     case_.op->inputs[index_[k]].name, e, derived[e], want);
            if (wrong.empty()) wrong = text;
        }
        return wrong;
    }
    size_t most(size_t k) const {
        double work = 0;  // of one forward run
        for (int s = 0; s < forward_->n_steps; ++s) {
            const gli_plan_step &step = forward_->steps[s];
            gli_cost cost{};
            if (step.op->cost) step.op->cost(step.geom, &cost);
            work += cost.flops;
            for (int i = 0; i < step.n_in; ++i) work += step.call.in[i] ? 4 * double(gli_count(step.call.in[i])) : 0;
        }
        const size_t count  = size_t(gli_count(tensors_[index_[k]]));
        const double afford = kWork / (2 * work + 1);
        if (count <= kAll && double(count) <= afford) return count;
        return afford < kFew ? kFew : std::min(kSample, size_t(afford));
    }

   private:
    void fail() { error_ = glia_message(net_.ctx); }
    std::vector<Numbers> evaluate() {
        EXPECT_EQ(glia_plan_run(forward_, nullptr, 0, results_.data(), int(results_.size())), GLIA_OK)
            << glia_message(net_.ctx);
        std::vector<Numbers> out;
        for (const glia_tensor *y : results_) out.push_back(Net::values(y));
        return out;
    }
    double difference(const std::vector<Numbers> &a, const std::vector<Numbers> &b) const {
        double sum = 0;
        for (size_t o = 0; o < a.size(); ++o)
            for (size_t i = 0; i < a[o].size(); ++i)
                if (a[o][i] != b[o][i])
                    sum += weights_[o][i] * (a[o][i] - b[o][i]);  // equal infinities differ by nothing
        return sum;
    }

    const Case &case_;
    Net net_;
    std::vector<glia_tensor *> tensors_, results_;
    std::vector<glia_value> wrt_, y_, seeds_, gradients_;
    std::vector<size_t> index_;  // of wrt_ among the inputs
    std::vector<Numbers> weights_;
    glia_plan *forward_ = nullptr;
    std::string error_;
};

std::vector<const Case *> differentiable_cases() {
    std::vector<const Case *> all;
    for (const Case &c : all_cases()) {
        bool any = false;
        for (size_t i = 0; i < c.inputs.size(); ++i) any = any || is_checked(c, i);
        if (any && !c.bench) all.push_back(&c);
    }
    return all;
}

// Where an op's gradient is by definition not its derivative.
const std::map<std::string, std::string> kDefined = {
    {"gather__padding", "the padding index gets no gradient, as in PyTorch's embedding"},
};

std::string name_of(const Case *c) { return std::string(c->op->name) + "__" + c->name; }

class Gradients : public testing::TestWithParam<const Case *> {};

TEST_P(Gradients, agree_with_finite_differences) {
    if (const auto it = kDefined.find(name_of(GetParam())); it != kDefined.end()) GTEST_SKIP() << it->second;
    Subject subject(*GetParam());
    ASSERT_EQ(subject.error(), "");
    const auto derived = subject.derived();
    ASSERT_EQ(derived.size(), subject.inputs().size());
    if (subject.outputs() == 0) GTEST_SKIP() << "no output is f64";
    for (size_t k = 0; k < derived.size(); ++k) {
        Count count;
        const std::string wrong = subject.check(k, derived[k], subject.most(k), &count);
        EXPECT_EQ(wrong, "") << "replay: GLIA_TEST_SEED=" << test_seed() << " gradient_test --gtest_filter='*/"
                             << name_of(GetParam()) << "'";
        total.checked += count.checked, total.kinks += count.kinks;
    }
}

INSTANTIATE_TEST_SUITE_P(f64, Gradients, testing::ValuesIn(differentiable_cases()),
                         [](const auto &info) { return name_of(info.param); });

TEST(Gradients, every_differentiable_input_is_checked) {
    std::map<std::pair<const gli_op *, size_t>, bool> checked;
    for (const Case *c : differentiable_cases()) {
        bool missing = false;
        for (size_t i = 0; i < c->inputs.size(); ++i) missing = missing || (is_checked(*c, i) && !checked[{c->op, i}]);
        if (!missing) continue;
        Subject subject(*c);
        if (!subject.error().empty() || subject.outputs() == 0) continue;
        const auto derived = subject.derived();
        for (size_t k = 0; k < subject.inputs().size(); ++k) {
            Count count;
            subject.check(k, derived[k], 4, &count);
            if (count.checked) checked[{c->op, subject.inputs()[k]}] = true;
        }
    }
    for (const gli_op *const *op = gli_ops; *op; ++op) {
        bool inputs = false, outputs = false;
        for (int i = 0; i < (*op)->n_inputs; ++i) inputs = inputs || gli_input_is(*op, i, GLI_IN_GRADIENT);
        for (int o = 0; o < (*op)->n_outputs; ++o) outputs = outputs || gli_output_is(*op, o, GLI_OUT_GRADIENT);
        EXPECT_EQ(!(*op)->derive, !inputs) << (*op)->name;
        EXPECT_EQ(!(*op)->derive, !outputs) << (*op)->name;
        for (int i = 0; i < (*op)->n_inputs && i < 32; ++i) {
            if (!gli_input_is((*op), i, GLI_IN_GRADIENT) || (i > 2 && (*op)->n_inputs == GLI_MAX_IN)) continue;
            EXPECT_TRUE((checked[{*op, size_t(i)}])) << (*op)->name << ": no case checks the gradient by input " << i;
        }
    }
}

class Report : public testing::Environment {
    void TearDown() override {
        // cases that are made of ties lie at kinks by intent; more than a few would mean that too little was checked
        EXPECT_LE(total.kinks, total.checked / 20 + 50);
        printf("gradients: %zu elements checked, %zu more lie at kinks\n", total.checked, total.kinks);
    }
};
const auto *const report = testing::AddGlobalTestEnvironment(new Report);

}  // namespace
