// The derivatives of one call of an op, in a graph, against finite differences in double: of the sum of all float
// outputs, or of all gradients of it, each element with a random weight. Step and tolerances are those of PyTorch's
// gradcheck.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

#include "support/graphs.h"
#include "support/sanitized.h"
#include "support/suite.h"

namespace glia::differences {

constexpr double kStep = 1e-6, kAbsolute = 1e-5, kRelative = 1e-3;
constexpr double kKink   = 1e-4;  // the slopes left and right differ by more: f bends there, and has no derivative
constexpr double kSteep  = 100;   // a slope above this may be a jump: then it doubles with half the step
constexpr size_t kAll    = kSanitized ? 64 : 2000;  // up to so many elements, all are checked
constexpr size_t kSample = 64;                      // of more, and of costly cases, a sample
constexpr size_t kFew    = 8;                       // of very costly ones
constexpr double kWork   = kSanitized ? 2e7 : 1e8;  // operations in the forward runs of one input

struct Count {
    size_t checked = 0, kinks = 0;
};

inline bool is_checked(const Case &c, size_t i) {
    const Input &input = c.inputs[i];
    return c.op->derive && gli_input_is(c.op, i, GLI_IN_GRADIENT) && input.content != Content::absent && !input.fixed &&
           !is_scaled(c);  // differences of huge and tiny numbers tell nothing
}

inline bool is_differentiable(const Case &c) {
    bool any = false;
    for (size_t i = 0; i < c.inputs.size(); ++i) any = any || is_checked(c, i);
    return any && !c.bench;
}

// An op that computes the gradient of another.
inline bool is_gradient(const gli_op *op) { return std::string(op->name).find("_backward") != std::string::npos; }

// Formulas show all they have in small calls: the large ones are there for the tiles of fast kernels.
inline bool is_small(const Case &c) {
    int64_t elements = 0;
    for (const Input &input : c.inputs)
        elements += std::accumulate(input.dims.begin(), input.dims.end(), int64_t(1), std::multiplies<>());
    return elements <= 3000;
}

inline std::string name_of(const Case *c) { return std::string(c->op->name) + "__" + c->name; }

enum class Order { first, second };

// One case as a graph of one call, its derivative, and plans of both. What is differentiated has the variables of the
// case; of second order, also the gradients of the outputs, the variables of backward ops.
class Subject {
   public:
    Subject(const Case &c, Order order) : rng_(test_seed()) {
        const std::vector<glia_value> in = add_inputs(c);
        std::vector<glia_value> out(size_t(c.op->n_outputs));
        gli_graph_call(net_.graph, c.op, c.params.data(), in.data(), int(in.size()), out.data(), int(out.size()));
        for (size_t o = 0; o < out.size() && glia_graph_status(net_.graph) == GLIA_OK; ++o)
            // a function that rounds to fewer bits is a staircase: it has no differences to compare with
            if (gli_output_is(c.op, int(o), GLI_OUT_GRADIENT) && glia_graph_dtype(net_.graph, out[o]) == GLIA_F64)
                y_.push_back(out[o]);
        add_gradients();
        if (order == Order::second && glia_graph_status(net_.graph) == GLIA_OK) {
            for (size_t o = 0; o < y_.size(); ++o)
                variables_.push_back({"gradient " + std::to_string(o) + " that comes in", seeds_[o], seed_tensors_[o]});
            y_ = gradients_;
            add_gradients();
        }
        if (glia_graph_status(net_.graph) == GLIA_OK) function_ = net_.make(y_);
        if (!function_) error_ = glia_message(net_.ctx);
        for (glia_value y : function_ ? y_ : std::vector<glia_value>{}) results_.push_back(tensor_like(y));
    }
    ~Subject() { glia_plan_destroy(function_); }

    const std::string &error() const { return error_; }
    size_t variables() const { return variables_.size(); }
    size_t input(size_t k) const { return variables_[k].input; }
    size_t outputs() const { return y_.size(); }

    std::vector<Numbers> derived() { return net_.run(gradients_); }

    // Compares up to `most` elements of variable k with finite differences; "" or what differs.
    std::string check(size_t k, const Numbers &derived, size_t most, Count *count) {
        glia_tensor *x   = variables_[k].tensor;
        const Numbers at = Net::values(x);
        std::vector<size_t> elements(at.size());
        std::iota(elements.begin(), elements.end(), size_t(0));
        if (elements.size() > most) {
            std::mt19937_64 rng(test_seed());
            std::shuffle(elements.begin(), elements.end(), rng);
            elements.resize(most);
        }
        middle_ = evaluate();
        weights_.clear();
        for (const glia_tensor *seed : seed_tensors_) weights_.push_back(Net::values(seed));
        std::string wrong;
        for (size_t e : elements) {
            if (!std::isfinite(at[e])) continue;
            double *element    = static_cast<double *>(x->data) + e;
            const double right = slope(element, kStep), left = slope(element, -kStep);
            if (bends(right, left) || jumps(element, right)) {
                ++count->kinks;
                continue;
            }
            ++count->checked;
            const double want = (right + left) / 2;
            if (std::fabs(derived[e] - want) <= kAbsolute + kRelative * std::fabs(want)) continue;
            char text[200];
            snprintf(text, sizeof text, "the gradient by %s[%zu] is %.9g, finite differences give %.9g",
                     variables_[k].name.c_str(), e, derived[e], want);
            if (wrong.empty()) wrong = text;
        }
        return wrong;
    }
    size_t most(size_t k) const {
        double work = 0;  // of one run
        for (int s = 0; s < function_->n_steps; ++s) {
            const gli_plan_step &step = function_->steps[s];
            gli_cost cost{};
            if (step.op->cost) step.op->cost(step.geom, &cost);
            work += cost.flops;
            for (int i = 0; i < step.n_in; ++i) work += step.call.in[i] ? 4 * double(gli_count(step.call.in[i])) : 0;
        }
        const size_t count  = size_t(gli_count(variables_[k].tensor));
        const double afford = kWork / (2 * work + 1);
        if (count <= kAll && double(count) <= afford) return count;
        return afford < kFew ? kFew : std::min(kSample, size_t(afford));
    }

   private:
    struct Variable {
        std::string name;
        glia_value value;
        glia_tensor *tensor;
        size_t input = 0;  // its number, of an input of the case
    };

    std::vector<glia_value> add_inputs(const Case &c) {
        std::vector<glia_value> in;
        for (size_t i = 0; i < c.inputs.size(); ++i) {
            const Input &input = c.inputs[i];
            in.push_back({0});
            if (input.content == Content::absent) continue;
            glia_tensor *tensor = net_.tensor(input.dims, {}, input.fixed ? input.dtype : GLIA_F64);
            net_.set(tensor, values_of(c, i, Regime::reals, GLIA_F64));
            in[i] = glia_graph_tensor(net_.graph, nullptr, tensor);
            if (is_checked(c, i)) variables_.push_back({c.op->inputs[i].name, in[i], tensor, i});
        }
        return in;
    }
    glia_tensor *tensor_like(glia_value y) {
        const glia_shape shape = glia_graph_shape(net_.graph, y);
        return net_.tensor({shape.dim, shape.dim + shape.ndim}, {}, glia_graph_dtype(net_.graph, y));
    }
    // The gradients of y_, with new weights, by all variables.
    void add_gradients() {
        seeds_.clear(), seed_tensors_.clear();
        for (glia_value y : y_) {
            glia_tensor *seed = tensor_like(y);
            std::vector<double> weight(size_t(gli_count(seed)));
            for (double &w : weight) w = double(int64_t(rng_() % 2001) - 1000) / 1000;
            net_.set(seed, weight);
            seeds_.push_back(glia_graph_tensor(net_.graph, nullptr, seed));
            seed_tensors_.push_back(seed);
        }
        std::vector<glia_value> wrt;
        for (const Variable &v : variables_) wrt.push_back(v.value);
        gradients_.resize(wrt.size());
        if (glia_graph_status(net_.graph) == GLIA_OK)
            gli_graph_gradient(net_.graph, y_.data(), seeds_.data(), int(y_.size()), wrt.data(), int(wrt.size()),
                               gradients_.data());
    }
    std::vector<Numbers> evaluate() {
        EXPECT_EQ(glia_plan_run(function_, nullptr, 0, results_.data(), int(results_.size())), GLIA_OK)
            << glia_message(net_.ctx);
        std::vector<Numbers> out;
        for (const glia_tensor *y : results_) out.push_back(Net::values(y));
        return out;
    }
    // From the middle to what the function is beside it.
    double slope(double *element, double step) {
        const double at                  = *element;
        *element                         = at + step;
        const double way                 = *element - at;
        const std::vector<Numbers> moved = evaluate();
        *element                         = at;
        double sum                       = 0;
        for (size_t o = 0; o < moved.size(); ++o)
            for (size_t i = 0; i < moved[o].size(); ++i)
                if (moved[o][i] != middle_[o][i])  // equal infinities differ by nothing
                    sum += weights_[o][i] * (moved[o][i] - middle_[o][i]);
        return sum / way;
    }
    static bool bends(double right, double left) {
        return std::fabs(right - left) > kKink * std::max(1.0, std::fabs(right) + std::fabs(left));
    }
    // f has another value beside the point, or none.
    bool jumps(double *element, double right) {
        if (std::fabs(right) < kSteep) return false;
        return !(std::fabs(slope(element, kStep / 2)) < 1.5 * std::fabs(right));
    }

    Net net_;
    std::mt19937_64 rng_;
    std::vector<Variable> variables_;
    std::vector<glia_value> y_, seeds_, gradients_;
    std::vector<glia_tensor *> seed_tensors_, results_;
    std::vector<Numbers> middle_, weights_;
    glia_plan *function_ = nullptr;
    std::string error_;
};

}  // namespace glia::differences
