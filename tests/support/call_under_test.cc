#include "support/call_under_test.h"

#include <map>
#include <tuple>

namespace glia {
namespace {

using Context = std::unique_ptr<glia_context, decltype(&glia_context_destroy)>;

Context make_context(const char *device, int threads, glia_math math) {
    glia_context_args args{};
    args.threads      = threads;
    args.math         = math;
    glia_context *ctx = nullptr;
    glia_context_create(device, &args, &ctx);
    return {ctx, glia_context_destroy};
}

bool is_lost(glia_context *ctx) {
    if (gli_enter(ctx) != GLIA_OK) return true;
    gli_leave(ctx);
    return false;
}

}  // namespace

glia_context *context_of(const char *device, int threads, glia_math math) {
    static auto &contexts = *new std::map<std::tuple<std::string, int, glia_math>, Context>;  // outlives all libraries
    auto [at, added]      = contexts.try_emplace({device, threads, math}, nullptr, glia_context_destroy);
    if (at->second && is_lost(at->second.get())) at->second.reset();
    if (!at->second) at->second = make_context(device, threads, math);
    return at->second.get();
}

std::unique_ptr<Prepared> prepare(glia_context *ctx, const Case &c, const Variant &variant, Regime regime) {
    auto p              = std::make_unique<Prepared>();
    const bool turns    = variant.layout == Layout::turned;
    const Layout inputs = turns ? Layout::dense : variant.layout, outputs = turns ? Layout::permuted : variant.layout;
    p->in.reserve(c.inputs.size());
    p->out.reserve(GLI_MAX_OUT);
    p->call.ctx = ctx, p->call.op = c.op, p->call.geom = p->geom, p->call.n_in = int(c.inputs.size());
    p->call.stream = gli_stream(ctx);
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const Input &input = c.inputs[i];
        if (input.content == Content::absent) continue;
        p->in.emplace_back(ctx, dtype_of(c, i, variant.dtype), input.dims,
                           gli_input_is(c.op, int(i), GLI_IN_SAVED) ? Layout::dense : inputs);
        p->in_of.push_back(int(i));
        p->in.back().fill(values_of(c, i, regime, variant.dtype));
        p->call.in[i] = p->in.back().tensor();
    }
    gli_resolution r;
    if (gli_resolve(ctx, c.op, c.params.data(), p->call.n_in, p->call.in, p->geom, &r) != GLIA_OK) {
        p->error = glia_message(ctx);
        return p;
    }
    bool some_required = false;
    for (int i = 0; i < c.op->n_outputs; ++i)
        some_required = some_required || !gli_output_is(c.op, i, GLI_OUT_OPTIONAL);
    for (int i = 0; i < c.op->n_outputs; ++i) {
        if (variant.required_only && gli_output_is(c.op, i, GLI_OUT_OPTIONAL) && (some_required || i == 0)) continue;
        const glia_tensor &want = r.out[i];
        if (variant.in_place && gli_output_is(c.op, i, GLI_OUT_IN_PLACE)) {
            const int shared     = c.op->outputs[i].in_place;
            const glia_tensor *x = shared < p->call.n_in ? p->call.in[shared] : nullptr;
            if (x && x->dtype == want.dtype && gli_same_shape(x, &want)) {
                p->call.out[i] = x;
                continue;
            }
        }
        p->out.emplace_back(ctx, want.dtype, std::vector<int64_t>(want.dim, want.dim + want.ndim),
                            gli_output_is(c.op, i, GLI_OUT_SAVED) ? Layout::dense : outputs);
        p->out_of.push_back(i);
        p->call.out[i] = p->out.back().tensor();
    }
    return p;
}

std::string run(const gli_provider &provider, Prepared &p, unsigned char poison, const Case &c, const Variant &variant,
                Regime regime) {
    for (size_t k = 0; k < p.in.size(); ++k)
        if (p.shared(p.in[k])) p.in[k].fill(values_of(c, size_t(p.in_of[k]), regime, variant.dtype));
    for (Buffer &y : p.out) y.poison(poison);
    if (gli_saved_input(c.op) >= 0) {
        std::vector<const glia_tensor *> in(p.call.in, p.call.in + p.call.n_in);
        const std::string error = fill_made(p.call.ctx, provider.name, *c.op, c.params.data(), in);
        if (!error.empty()) return "declined";
        for (Buffer &x : p.in) x.keep();
    }
    gli_prepared prepared{};
    if (provider.prepare) {
        const glia_status status = provider.prepare(&p.call, &prepared);
        if (status == GLIA_UNSUPPORTED) return "declined";
        if (status != GLIA_OK)
            return std::string("prepare: ") + glia_status_name(status) + ": " + glia_message(p.call.ctx);
    }
    const size_t promised = prepared.workspace;  // release may clear it
    std::vector<unsigned char> workspace(promised + kBand, kPattern);
    Memory memory(p.call.ctx, workspace.size());
    memory.write(workspace);
    glia_status status = provider.run(&p.call, &prepared, memory.data());
    if (status == GLIA_OK) status = p.call.ctx->device->synchronize(p.call.ctx);
    if (provider.release) provider.release(&prepared);
    if (status != GLIA_OK) return std::string("run: ") + glia_status_name(status) + ": " + glia_message(p.call.ctx);
    memory.read(workspace);
    for (size_t at = promised; at < workspace.size(); ++at)
        if (workspace[at] != kPattern) return "tidy: more workspace used than promised";
    for (Buffer &x : p.in) x.get();
    for (Buffer &y : p.out) y.get();
    return "";
}

std::vector<std::vector<double>> judged(const Case &c, const Variant &variant, Regime regime, std::string *error) {
    const gli_provider *reference = gli_reference_of(c.op);
    glia_context *ctx             = context_of("cpu", 1);
    // The inputs are rounded to the variant's dtype, then computed on in double.
    Case exact = c;
    auto p     = prepare(ctx, exact, Variant{"judge", GLIA_F64}, regime);
    if (!p->error.empty()) return *error = p->error, std::vector<std::vector<double>>{};
    for (size_t k = 0; k < p->in.size(); ++k) {
        const size_t i = size_t(p->in_of[k]);
        p->in[k].fill(values_of(c, i, regime, variant.dtype));
    }
    for (Buffer &y : p->out) y.poison(0xFF);
    gli_prepared prepared{};
    if (reference->prepare) reference->prepare(&p->call, &prepared);
    std::vector<double> workspace(prepared.workspace / sizeof(double) + 8);
    if (reference->run(&p->call, &prepared, workspace.data()) != GLIA_OK) *error = glia_message(ctx);
    for (Buffer &x : p->in) x.get();
    for (Buffer &y : p->out) y.get();
    std::vector<std::vector<double>> out(size_t(c.op->n_outputs));
    for (int i = 0; i < c.op->n_outputs; ++i) out[size_t(i)] = p->output(i)->values();
    return out;
}

}  // namespace glia
