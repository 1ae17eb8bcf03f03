#include "support/suite.h"

#include <algorithm>
#include <cmath>

#include "support/call_under_test.h"

namespace glia {
namespace {

double largest(const std::vector<double> &values) {
    double most = 0;
    for (double v : values)
        if (std::isfinite(v)) most = std::max(most, std::fabs(v));
    return most;
}

std::string number(double value) {
    char text[40];
    snprintf(text, sizeof text, "%.9g", value);
    return text;
}

// What one provider did with one call, property by property.
class Judge {
   public:
    Judge(const gli_provider &provider, const Case &c, const Variant &variant, Regime regime, Prepared &p)
        : provider_(provider), case_(c), variant_(variant), regime_(regime), p_(p) {}

    // once: a second run would show nothing new.
    Verdict judge(bool once) {
        std::string error = run(provider_, p_, 0xFF, case_, variant_, regime_);
        if (error == "declined") return verdict_.declined = "prepare says unsupported", verdict_;
        if (!error.empty()) return fail(error), verdict_;
        const auto want = judged(case_, variant_, regime_, &error);
        if (!error.empty()) return fail("judge: " + error), verdict_;
        compare_outputs(want);
        compare_inputs();
        if (!once) repeat();
        return verdict_;
    }

   private:
    void fail(const std::string &text) { verdict_.failures.push_back(text); }

    bool is_data(int output) const { return p_.call.out[output] && !gli_output_is(case_.op, output, GLI_OUT_SAVED); }

    // 0 beside huge or tiny inputs: an op is held to the size of what it makes of them.
    double scale_of_inputs() const {
        double scale = 0;
        if (is_scaled(case_)) return 0;
        for (size_t i = 0; i < case_.inputs.size(); ++i)
            if (case_.inputs[i].content != Content::absent && case_.inputs[i].content != Content::index)
                scale = std::max(scale, largest(values_of(case_, i, regime_, variant_.dtype)));
        return scale;
    }

    // The first element that is not close enough is told.
    void compare_elements(int output, const std::vector<double> &want, double bound) {
        const auto got   = p_.output(output)->values();
        const auto dtype = p_.output(output)->tensor()->dtype;
        for (size_t k = 0; k < got.size(); ++k) {
            const double goal = rounded(dtype, want[k]);
            if (std::fabs(got[k] - goal) <= bound || got[k] == goal) continue;
            return fail(std::string(case_.op->outputs[output].name) + "[" + std::to_string(k) + "] is " +
                        number(got[k]) + ", must be " + number(goal) + " within " + number(bound));
        }
    }

    void compare_outputs(const std::vector<std::vector<double>> &want) {
        const bool reference = provider_.name == std::string("cpu.ref"), whole = regime_ == Regime::integers;
        const double scale = scale_of_inputs();
        verdict_.exact     = reference || (whole && case_.op->exact && case_.op->exact(p_.geom));
        for (int i = 0; i < case_.op->n_outputs; ++i) {
            if (!p_.call.out[i]) continue;
            Buffer *y = p_.output(i);
            if (!y->only_elements_changed()) fail(std::string("tidy: a write outside ") + case_.op->outputs[i].name);
            if (!is_data(i)) continue;
            const auto &goal   = want[size_t(i)];
            const double bound = gli_error_bound(&p_.call, y->tensor()->dtype, std::max(scale, largest(goal)));
            compare_elements(i, goal, verdict_.exact ? 0 : bound);
            verdict_.outputs.push_back(y->element_bytes());
        }
    }

    void compare_inputs() {
        for (size_t k = 0; k < p_.in.size(); ++k)
            if (!p_.shared(p_.in[k]) && !p_.in[k].unchanged())
                fail(std::string("tidy: ") + case_.op->inputs[p_.in_of[k]].name + " changed");
    }

    void repeat() {
        const std::string error = run(provider_, p_, 0x5A, case_, variant_, regime_);
        if (!error.empty()) return fail("second run: " + error);
        size_t next = 0;
        for (int i = 0; i < case_.op->n_outputs; ++i)
            if (is_data(i) && p_.output(i)->element_bytes() != verdict_.outputs[next++])
                fail(std::string("repeatable: the second run gives other bits in ") + case_.op->outputs[i].name);
    }

    const gli_provider &provider_;
    const Case &case_;
    const Variant &variant_;
    Regime regime_;
    Prepared &p_;
    Verdict verdict_;
};

}  // namespace

bool takes_halves(const gli_op &op) {
    for (int o = 0; o < op.n_outputs; ++o)
        if (gli_output_is(&op, o, GLI_OUT_HALF)) return false;
    return true;
}

std::vector<Variant> variants_of(const Case &c) {
    bool floats = false, images = false, in_place = false, optional = false;
    for (const Input &input : c.inputs) {
        floats = floats || (!input.fixed && input.content != Content::absent);
        images = images || input.dims.size() == 4 || input.dims.size() == 5;
    }
    for (int o = 0; o < c.op->n_outputs; ++o) {
        in_place = in_place || gli_output_is(c.op, o, GLI_OUT_IN_PLACE);
        optional = optional || gli_output_is(c.op, o, GLI_OUT_OPTIONAL);
    }
    std::vector<Variant> all = {{"f32"},
                                {"f32_permuted", GLIA_F32, Layout::permuted},
                                {"f32_sliced", GLIA_F32, Layout::sliced},
                                {"f32_gapped", GLIA_F32, Layout::gapped},
                                {"f32_shifted", GLIA_F32, Layout::shifted}};
    if (images) all.push_back({"f32_channels_last", GLIA_F32, Layout::channels_last});
    if (c.op == &gli_op_cast) all.push_back({"f32_turned", GLIA_F32, Layout::turned});
    if (in_place) all.push_back({"f32_in_place", GLIA_F32, Layout::dense, true});
    if (optional) all.push_back({"f32_required_outputs", GLIA_F32, Layout::dense, false, true});
    for (glia_dtype dtype : {GLIA_F64, GLIA_BF16, GLIA_F16}) {
        const std::string name = glia_dtype_name(dtype);
        if (dtype != GLIA_F64 && !takes_halves(*c.op)) continue;
        if (floats) all.push_back({name, dtype});
        if (c.packs) all.push_back({name + "_channels_last", dtype, Layout::channels_last});
        if (floats && c.op == &gli_op_cast) all.push_back({name + "_turned", dtype, Layout::turned});
    }
    return all;
}

Verdict judge(const gli_provider &provider, const Case &c, const Variant &variant, Regime regime, const char *device,
              int threads) {
    Verdict verdict;
    char why[GLI_REASON];
    glia_context *ctx = context_of(device, threads, variant.math);
    if (!ctx) return verdict.failures.push_back(glia_message(nullptr)), verdict;
    auto p = prepare(ctx, c, variant, regime);
    if (!p->error.empty()) return verdict.failures.push_back("resolve: " + p->error), verdict;
    if (const char *reason = gli_declines(&provider, &p->call, why)) return verdict.declined = reason, verdict;
    // Races show in one run; the interpreter does the same instructions in the same order each time.
    const bool once = device == std::string("emulated:race") || device == std::string("ptx");
    return Judge(provider, c, variant, regime, *p).judge(once);
}

}  // namespace glia
