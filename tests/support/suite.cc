#include "support/suite.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <utility>

namespace glia {
namespace {

constexpr size_t kBand           = 256;
constexpr unsigned char kPattern = 0xA5;

using Context = std::unique_ptr<glia_context, decltype(&glia_context_destroy)>;

Context make_context(const char *device, int threads) {
    glia_context_args args{};
    args.threads      = threads;
    glia_context *ctx = nullptr;
    glia_context_create(device, &args, &ctx);
    return {ctx, glia_context_destroy};
}

// A device that costs time to open keeps its context from case to case; `fresh` drops one that may be broken.
glia_context *context_of(const char *device, int threads, bool fresh = false) {
    static auto &contexts = *new std::map<std::pair<std::string, int>, Context>;  // outlives all libraries
    auto [at, added]      = contexts.try_emplace({device, threads}, nullptr, glia_context_destroy);
    if (fresh) at->second.reset();
    if (!at->second) at->second = make_context(device, threads);
    return at->second.get();
}

// Bytes of the device, aligned for any access. A failure of the device shows as content that is wrong.
class Memory {
   public:
    Memory(glia_context *ctx, size_t bytes) : ctx_(ctx) { ctx->device->alloc(ctx, bytes, "a test", &block_); }
    Memory(Memory &&other) noexcept : ctx_(other.ctx_), block_(std::exchange(other.block_, {})) {}
    ~Memory() { ctx_->device->release(ctx_, &block_); }

    char *data() const { return static_cast<char *>(block_.data); }
    void write(const std::vector<unsigned char> &bytes) {
        ctx_->device->upload(ctx_, block_.data, bytes.data(), bytes.size());
    }
    void read(std::vector<unsigned char> &bytes) const {
        ctx_->device->download(ctx_, bytes.data(), block_.data, bytes.size());
    }

   private:
    glia_context *ctx_;
    gli_block block_{};
};

// A tensor between two guard bands, whose elements are the only bytes that may change. The device's memory is written
// when the content is set, and read when it is asked for.
class Buffer {
   public:
    Buffer(glia_context *ctx, glia_dtype dtype, const std::vector<int64_t> &dims, Layout layout)
        : memory_(ctx, layed_out(ctx, dtype, dims, layout)) {
        tensor_.data = memory_.data() + front_;
    }
    Buffer(Buffer &&) = default;

    glia_tensor *tensor() { return &tensor_; }
    const glia_tensor *tensor() const { return &tensor_; }

    void fill(const std::vector<double> &values) {
        for (size_t i = 0; i < values.size(); ++i) gli_store(tensor_.dtype, start(), offset(int64_t(i)), values[i]);
        set();
    }
    void poison(unsigned char byte) {  // 0xFF makes every float a NaN
        const size_t size = glia_dtype_size(tensor_.dtype);
        for (int64_t i = 0, n = gli_count(&tensor_); i < n; ++i) memset(element(i), byte, size);
        set();
    }
    void get() { memory_.read(bytes_); }
    void keep() {  // what is there now is what must stay
        get();
        before_ = bytes_;
    }

    std::vector<double> values() const {
        std::vector<double> out(size_t(gli_count(&tensor_)));
        for (size_t i = 0; i < out.size(); ++i) out[i] = gli_load(tensor_.dtype, start(), offset(int64_t(i)));
        return out;
    }
    bool unchanged() const { return bytes_ == before_; }
    bool only_elements_changed() const {
        std::vector<unsigned char> now = bytes_;
        const size_t size              = glia_dtype_size(tensor_.dtype);
        const size_t start             = front_;
        for (int64_t i = 0, n = gli_count(&tensor_); i < n; ++i) {
            const size_t at = start + size_t(offset(i)) * size;
            std::copy_n(before_.begin() + ptrdiff_t(at), size, now.begin() + ptrdiff_t(at));
        }
        return now == before_;
    }
    std::vector<unsigned char> element_bytes() const {
        const size_t size = glia_dtype_size(tensor_.dtype);
        std::vector<unsigned char> out(size_t(gli_count(&tensor_)) * size);
        for (int64_t i = 0, n = gli_count(&tensor_); i < n; ++i) memcpy(&out[size_t(i) * size], element(i), size);
        return out;
    }

   private:
    void set_strides(Layout layout) {
        int64_t step = 1;
        switch (layout) {
            case Layout::dense:
            case Layout::shifted: return;
            case Layout::channels_last:
                if (tensor_.ndim == 4) gli_channels_last_strides(4, tensor_.dim, tensor_.stride);
                return;
            case Layout::permuted:  // the first dimension is the innermost
                for (int i = 0; i < tensor_.ndim; ++i)
                    tensor_.stride[i] = step, step *= std::max<int64_t>(tensor_.dim[i], 1);
                return;
            case Layout::gapped:  // every other element of rows that are one too long
                step = 2;
                for (int i = tensor_.ndim - 1; i >= 0; --i) tensor_.stride[i] = step, step *= tensor_.dim[i] + 1;
                return;
        }
    }
    size_t layed_out(glia_context *ctx, glia_dtype dtype, const std::vector<int64_t> &dims, Layout layout) {
        tensor_.ctx = ctx;
        gli_set_shape(&tensor_, dtype, int(dims.size()), dims.data());
        set_strides(layout);
        if (layout == Layout::shifted) front_ += glia_dtype_size(dtype);
        bytes_.assign(front_ + size_t(gli_extent(&tensor_)) * glia_dtype_size(dtype) + kBand, kPattern);
        return bytes_.size();
    }
    void set() {
        before_ = bytes_;
        memory_.write(bytes_);
    }
    unsigned char *start() { return bytes_.data() + front_; }
    const unsigned char *start() const { return bytes_.data() + front_; }
    int64_t offset(int64_t i) const {
        int64_t at = 0;
        for (int d = tensor_.ndim - 1; d >= 0; --d) at += i % tensor_.dim[d] * tensor_.stride[d], i /= tensor_.dim[d];
        return at;
    }
    const unsigned char *element(int64_t i) const {
        return start() + size_t(offset(i)) * glia_dtype_size(tensor_.dtype);
    }
    unsigned char *element(int64_t i) { return start() + size_t(offset(i)) * glia_dtype_size(tensor_.dtype); }

    glia_tensor tensor_{};
    size_t front_ = kBand;  // bytes before the tensor
    std::vector<unsigned char> bytes_, before_;
    Memory memory_;
};

// One call: buffers, resolved geometry, the call itself.
struct Prepared {
    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_call call{};
    std::vector<Buffer> in, out;
    std::vector<int> in_of, out_of;  // index of each buffer's tensor
    std::string error;

    // where: the index of the buffer of output i, or that of the input that it shares.
    Buffer *output(int i) {
        for (size_t k = 0; k < out_of.size(); ++k)
            if (out_of[k] == i) return &out[k];
        for (size_t k = 0; k < in_of.size(); ++k)
            if (call.out[i] == in[k].tensor()) return &in[k];
        return nullptr;
    }
    bool shared(const Buffer &buffer) const {
        for (const glia_tensor *y : call.out)
            if (y == buffer.tensor()) return true;
        return false;
    }
};

std::unique_ptr<Prepared> prepare(glia_context *ctx, const Case &c, const Variant &variant, Regime regime) {
    auto p = std::make_unique<Prepared>();
    p->in.reserve(c.inputs.size());
    p->out.reserve(GLI_MAX_OUT);
    p->call.ctx = ctx, p->call.op = c.op, p->call.geom = p->geom, p->call.n_in = int(c.inputs.size());
    p->call.stream = gli_stream(ctx);
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const Input &input = c.inputs[i];
        if (input.content == Content::absent) continue;
        p->in.emplace_back(ctx, dtype_of(c, i, variant.dtype), input.dims,
                           gli_input_is(c.op, int(i), GLI_IN_SAVED) ? Layout::dense : variant.layout);
        p->in_of.push_back(int(i));
        p->in.back().fill(values_of(c, i, regime, variant.dtype));
        p->call.in[i] = p->in.back().tensor();
    }
    gli_resolution r;
    if (gli_resolve(ctx, c.op, c.params.data(), p->call.n_in, p->call.in, p->geom, &r) != GLIA_OK) {
        p->error = glia_message(ctx);
        return p;
    }
    for (int i = 0; i < c.op->n_outputs; ++i) {
        if (variant.required_only && gli_output_is(c.op, i, GLI_OUT_OPTIONAL)) continue;
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
                            gli_output_is(c.op, i, GLI_OUT_SAVED) ? Layout::dense : variant.layout);
        p->out_of.push_back(i);
        p->call.out[i] = p->out.back().tensor();
    }
    return p;
}

// Runs the provider on a prepared call; the workspace ends at a guard band.
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
    std::vector<unsigned char> workspace(prepared.workspace + kBand, kPattern);
    Memory memory(p.call.ctx, workspace.size());
    memory.write(workspace);
    glia_status status = provider.run(&p.call, &prepared, memory.data());
    if (status == GLIA_OK) status = p.call.ctx->device->synchronize(p.call.ctx);
    if (provider.release) provider.release(&prepared);
    if (status != GLIA_OK) return std::string("run: ") + glia_status_name(status) + ": " + glia_message(p.call.ctx);
    memory.read(workspace);
    for (size_t at = prepared.workspace; at < workspace.size(); ++at)
        if (workspace[at] != kPattern) return "tidy: more workspace used than promised";
    for (Buffer &x : p.in) x.get();
    for (Buffer &y : p.out) y.get();
    return "";
}

// The judge's outputs, one list for each; empty for an output that the variant leaves out.
std::vector<std::vector<double>> judged(const Case &c, const Variant &variant, Regime regime, std::string *error) {
    const gli_provider *const *it = gli_cpu_device.providers(c.op);
    while (it[1]) ++it;
    glia_context *ctx = context_of("cpu", 1);
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
    if ((*it)->prepare) (*it)->prepare(&p->call, &prepared);
    std::vector<double> workspace(prepared.workspace / sizeof(double) + 8);
    if ((*it)->run(&p->call, &prepared, workspace.data()) != GLIA_OK) *error = glia_message(ctx);
    for (Buffer &x : p->in) x.get();
    for (Buffer &y : p->out) y.get();
    std::vector<std::vector<double>> out(size_t(c.op->n_outputs));
    for (int i = 0; i < c.op->n_outputs; ++i) out[size_t(i)] = p->output(i)->values();
    return out;
}

double largest(const std::vector<double> &values) {
    double most = 0;
    for (double v : values)
        if (std::isfinite(v)) most = std::max(most, std::fabs(v));
    return most;
}

double rounded(glia_dtype dtype, double value) {
    alignas(8) char element[8];
    gli_store(dtype, element, 0, value);
    return gli_load(dtype, element, 0);
}

std::string number(double value) {
    char text[40];
    snprintf(text, sizeof text, "%.9g", value);
    return text;
}

}  // namespace

uint64_t test_seed() {
    static const uint64_t seed = [] {
        const char *text = std::getenv("GLIA_TEST_SEED");
        return text ? std::strtoull(text, nullptr, 10) : 20260101ull;
    }();
    return seed;
}

std::vector<double> values_of(const Case &c, size_t i, Regime regime, glia_dtype float_dtype) {
    const Input &input = c.inputs[i];
    std::seed_seq seeds{uint32_t(test_seed()), uint32_t(test_seed() >> 32),
                        uint32_t(std::hash<std::string>{}(c.op->name + c.name)), uint32_t(i)};
    std::mt19937_64 rng(seeds);
    int64_t count = 1;
    for (int64_t d : input.dims) count *= d;
    const auto integer = [&](int low, int high) { return double(low + int64_t(rng() % uint64_t(high - low + 1))); };
    const auto real    = [&](double low, double high) { return low + (high - low) * double(rng() >> 11) * 0x1p-53; };
    const bool whole   = regime == Regime::integers;

    std::vector<double> values(static_cast<size_t>(count));
    for (double &v : values) switch (input.content) {
            case Content::absent: break;
            case Content::signed_: v = whole ? integer(-4, 4) : real(-1, 1); break;
            case Content::positive: v = whole ? integer(1, 4) : real(0.5, 1.5); break;
            case Content::unit: v = whole ? integer(0, 1) : real(0.05, 0.95); break;
            case Content::distribution: v = real(0.05, 0.95); break;
            case Content::index: v = integer(0, int(input.value) - 1); break;
            case Content::constant: v = input.value; break;
            case Content::near: v = input.value + (whole ? integer(-4, 4) : real(-1, 1)); break;
            case Content::small: v = whole ? integer(-1, 1) : real(-input.value, input.value); break;
            case Content::made: break;
        }
    if (input.content == Content::distribution) {
        const size_t axis = input.dims.size() > 1 ? 1 : 0;
        int64_t inner     = 1;
        for (size_t d = axis + 1; d < input.dims.size(); ++d) inner *= input.dims[d];
        const int64_t length = input.dims[axis];
        for (int64_t at = 0; at < count / length; ++at) {
            const int64_t start = at / inner * inner * length + at % inner;
            double sum          = 0;
            for (int64_t k = 0; k < length; ++k) sum += values[size_t(start + k * inner)];
            for (int64_t k = 0; k < length; ++k) values[size_t(start + k * inner)] /= sum;
        }
    }
    const glia_dtype dtype = dtype_of(c, i, float_dtype);
    for (double &v : values) v = rounded(dtype, v);
    return values;
}

std::vector<Variant> variants_of(const Case &c) {
    bool floats = false, images = false, in_place = false, optional = false;
    for (const Input &input : c.inputs) {
        floats = floats || (!input.fixed && input.content != Content::absent);
        images = images || input.dims.size() == 4;
    }
    for (int o = 0; o < c.op->n_outputs; ++o) {
        in_place = in_place || gli_output_is(c.op, o, GLI_OUT_IN_PLACE);
        optional = optional || gli_output_is(c.op, o, GLI_OUT_OPTIONAL);
    }
    std::vector<Variant> all = {{"f32"},
                                {"f32_permuted", GLIA_F32, Layout::permuted},
                                {"f32_gapped", GLIA_F32, Layout::gapped},
                                {"f32_shifted", GLIA_F32, Layout::shifted}};
    if (images) all.push_back({"f32_channels_last", GLIA_F32, Layout::channels_last});
    if (in_place) all.push_back({"f32_in_place", GLIA_F32, Layout::dense, true});
    if (optional) all.push_back({"f32_required_outputs", GLIA_F32, Layout::dense, false, true});
    if (floats)
        for (glia_dtype dtype : {GLIA_F64, GLIA_BF16, GLIA_F16}) all.push_back({glia_dtype_name(dtype), dtype});
    return all;
}

Verdict judge(const gli_provider &provider, const Case &c, const Variant &variant, Regime regime, const char *device,
              int threads) {
    Verdict verdict;
    const auto fail = [&](const std::string &text) { verdict.failures.push_back(text); };
    auto *ctx       = context_of(device, threads);
    if (ctx && gli_enter(ctx) != GLIA_OK)
        ctx = context_of(device, threads, true);
    else if (ctx)
        gli_leave(ctx);
    if (!ctx) return fail(glia_message(nullptr)), verdict;
    auto p = prepare(ctx, c, variant, regime);
    if (!p->error.empty()) return fail("resolve: " + p->error), verdict;
    char why[GLI_REASON];
    if (const char *reason = gli_declines(&provider, &p->call, why)) return verdict.declined = reason, verdict;

    std::string error = run(provider, *p, 0xFF, c, variant, regime);
    if (error == "declined") return verdict.declined = "prepare says unsupported", verdict;
    if (!error.empty()) return fail(error), verdict;

    const auto want = judged(c, variant, regime, &error);
    if (!error.empty()) return fail("judge: " + error), verdict;
    double scale = 0;
    for (size_t i = 0; i < c.inputs.size(); ++i)
        if (c.inputs[i].content != Content::absent && c.inputs[i].content != Content::index)
            scale = std::max(scale, largest(values_of(c, i, regime, variant.dtype)));

    const bool reference = strcmp(provider.name, "cpu.ref") == 0;
    const bool exact = verdict.exact = reference || (regime == Regime::integers && c.op->exact && c.op->exact(p->geom));
    auto &first                      = verdict.outputs;
    for (int i = 0; i < c.op->n_outputs; ++i) {
        if (!p->call.out[i]) continue;
        Buffer *y = p->output(i);
        if (!y->only_elements_changed()) fail(std::string("tidy: a write outside ") + c.op->outputs[i].name);
        if (gli_output_is(c.op, i, GLI_OUT_SAVED)) continue;
        const auto got   = y->values();
        const auto dtype = y->tensor()->dtype;
        const auto bound = exact ? 0 : gli_error_bound(&p->call, dtype, std::max(scale, largest(want[size_t(i)])));
        for (size_t k = 0; k < got.size(); ++k) {
            const double goal = rounded(dtype, want[size_t(i)][k]);
            const bool right  = std::fabs(got[k] - goal) <= bound || got[k] == goal;
            if (right) continue;
            fail(std::string(c.op->outputs[i].name) + "[" + std::to_string(k) + "] is " + number(got[k]) +
                 ", must be " + number(goal) + " within " + number(bound));
            break;
        }
        first.push_back(y->element_bytes());
    }
    for (size_t k = 0; k < p->in.size(); ++k)
        if (!p->shared(p->in[k]) && !p->in[k].unchanged())
            fail(std::string("tidy: ") + c.op->inputs[p->in_of[k]].name + " changed");

    error = run(provider, *p, 0x5A, c, variant, regime);
    if (!error.empty()) return fail("second run: " + error), verdict;
    size_t at = 0;
    for (int i = 0; i < c.op->n_outputs; ++i)
        if (p->call.out[i] && !gli_output_is(c.op, i, GLI_OUT_SAVED) && p->output(i)->element_bytes() != first[at++])
            fail(std::string("repeatable: the second run gives other bits in ") + c.op->outputs[i].name);
    return verdict;
}

}  // namespace glia
