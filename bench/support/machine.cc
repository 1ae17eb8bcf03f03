#include "machine.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "glia/glia.h"

namespace glia {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

namespace {

std::string peaks_text(const char *work, const char *copy, double gflops, double gbs) {
    char text[160];
    snprintf(text, sizeof text, "%.0f GFLOP/s of %s, %.1f GB/s of %s", gflops, work, gbs, copy);
    return text;
}

// --- the CPU ---

typedef float Vector16 __attribute__((vector_size(16)));
typedef float Vector32 __attribute__((vector_size(32)));
typedef float Vector64 __attribute__((vector_size(64)));

// Enough independent chains, each with its own value, to hide the latency of a multiply-add; returns the operations.
template <class Vector>
inline __attribute__((always_inline)) double fma_loop(int64_t rounds, float *sink) {
    constexpr int chains = 12, lanes = sizeof(Vector) / sizeof(float);
    Vector sum[chains], a = Vector{} + 0.9999f, b = Vector{} + 0.0001f, total{};
    for (int k = 0; k < chains; ++k) sum[k] = Vector{} + float(k);
    for (int64_t i = 0; i < rounds; ++i)
        for (int k = 0; k < chains; ++k) sum[k] = sum[k] * a + b;
    for (int k = 0; k < chains; ++k) total += sum[k];
    for (int l = 0; l < lanes; ++l) *sink += total[l];
    return double(rounds) * chains * lanes * 2;
}

#ifdef __x86_64__
__attribute__((target("avx512f"))) double fma_avx512(int64_t rounds, float *sink) {
    return fma_loop<Vector64>(rounds, sink);
}
__attribute__((target("avx2,fma"))) double fma_avx2(int64_t rounds, float *sink) {
    return fma_loop<Vector32>(rounds, sink);
}
double fma_work(int64_t rounds, float *sink) {
    if (__builtin_cpu_supports("avx512f")) return fma_avx512(rounds, sink);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return fma_avx2(rounds, sink);
    return fma_loop<Vector16>(rounds, sink);
}
#else
double fma_work(int64_t rounds, float *sink) { return fma_loop<Vector16>(rounds, sink); }
#endif

template <class Body>
void on_threads(const glia_context *ctx, int64_t count, int64_t grain, Body body) {
    gli_parallel(
        ctx, count, grain, [](void *arg, int64_t begin, int64_t end) { (*static_cast<Body *>(arg))(begin, end); },
        &body);
}

class Host : public Machine {
   public:
    explicit Host(const glia_context *ctx) : ctx_(ctx), from_(kBytes, 1), to_(kBytes) {
        for (int i = 0; i < 5; ++i) measure();
    }
    void measure() override {
        std::vector<double> work(size_t(ctx_->threads) * 8);  // a cache line each
        double start = now();
        on_threads(ctx_, ctx_->threads, 1, [&](int64_t t, int64_t) {
            float sink              = 0;
            work[size_t(t) * 8]     = fma_work(1 << 20, &sink);
            work[size_t(t) * 8 + 1] = sink;
        });
        const double time = now() - start;
        double flops      = 0;
        for (size_t i = 0; i < work.size(); i += 8) flops += work[i];
        gflops_ = std::max(gflops_, flops / time / 1e9);
        start   = now();
        on_threads(ctx_, kBytes, 1 << 20, [&](int64_t begin, int64_t end) {
            memcpy(&to_[size_t(begin)], &from_[size_t(begin)], size_t(end - begin));
        });
        gbs_ = std::max(gbs_, 2.0 * kBytes / (now() - start) / 1e9);
    }
    std::string text() const override {
        return std::to_string(ctx_->threads) + " threads: " + peaks_text("multiply-adds", "memcpy", gflops_, gbs_);
    }

   private:
    static constexpr int64_t kBytes = 128 << 20;
    const glia_context *ctx_;
    std::vector<char> from_, to_;
};

// --- other devices ---

class Accelerator : public Machine {
   public:
    explicit Accelerator(glia_context *ctx) : ctx_(ctx) {
        while (copy() < kEnough && elements_ < kElements) elements_ *= 2;
        while (multiply() < kEnough && side_ < kSide) side_ *= 2;
        measure();
    }
    void measure() override {
        const double multiply_time = multiply(), copy_time = copy();
        gflops_ = std::max(gflops_, 2 * double(side_) * double(side_) * double(side_) / multiply_time / 1e9);
        gbs_    = std::max(gbs_, 2.0 * sizeof(float) * double(elements_) / copy_time / 1e9);
    }
    void flush() override {
        if (elements_ == kElements) start_copy();
    }
    std::string text() const override { return peaks_text("matmul", "a copy by the unary op", gflops_, gbs_); }

   private:
    static constexpr double kEnough    = 0.01;      // seconds
    static constexpr int64_t kElements = 64 << 20;  // 256 MiB, more than a cache
    static constexpr int64_t kSide     = 8192;
    using Tensor                       = std::unique_ptr<glia_tensor, decltype(&glia_tensor_destroy)>;

    Tensor make(glia_shape shape) {
        glia_tensor *tensor = nullptr;
        glia_tensor_create(ctx_, GLIA_F32, shape, &tensor);
        return {tensor, glia_tensor_destroy};
    }
    void resize(Tensor &tensor, glia_shape shape) {
        if (!tensor || glia_tensor_shape(tensor.get()).dim[0] != shape.dim[0]) tensor = make(shape);
    }
    // Infinity: the device cannot do it.
    template <class Work>
    double seconds_of(Work work) {
        double seconds = 0;
        if (work() != GLIA_OK || ctx_->device->synchronize(ctx_) != GLIA_OK) return INFINITY;  // the first is not timed
        ctx_->device->time_begin(ctx_);
        const glia_status status = work();
        ctx_->device->time_end(ctx_, &seconds);
        return status == GLIA_OK ? seconds : INFINITY;
    }
    glia_status start_copy() {
        resize(from_, GLIA_SHAPE(elements_)), resize(to_, GLIA_SHAPE(elements_));
        const glia_unary_params params{GLIA_UNARY_ABS, 0, 0};
        return glia_unary(ctx_, &params, from_.get(), to_.get());
    }
    double copy() {
        return seconds_of([&] { return start_copy(); });
    }
    double multiply() {
        for (Tensor *tensor : {&a_, &b_, &c_}) resize(*tensor, GLIA_SHAPE(side_, side_));
        return seconds_of([&] { return glia_matmul(ctx_, nullptr, a_.get(), b_.get(), nullptr, c_.get()); });
    }

    glia_context *ctx_;
    int64_t elements_ = 1 << 16, side_ = 64;
    Tensor from_{nullptr, glia_tensor_destroy}, to_{nullptr, glia_tensor_destroy}, a_{nullptr, glia_tensor_destroy},
        b_{nullptr, glia_tensor_destroy}, c_{nullptr, glia_tensor_destroy};
};

}  // namespace

std::unique_ptr<Machine> machine_of(glia_context *ctx) {
    if (!ctx->device->time_begin) return std::make_unique<Host>(ctx);
    return std::make_unique<Accelerator>(ctx);
}

}  // namespace glia
