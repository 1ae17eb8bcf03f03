// Times every provider of every op on the cases of tests/cases/ that are marked as benches, and checks each against
// cpu.ref on the same call before it is timed. Times mean little on a shared machine; what counts are the ratios of one
// run, whose samples are interleaved between the providers, and the shares of two peaks that are measured beside them:
// multiply-adds in registers, and a copy of memory that no cache holds.
//
//   bench_ops [--op PART] [--case PART] [--all] [--dense] [--threads N] [--min-time SECONDS] [--json FILE]
//
// --all takes the small cases of the tests as well; --dense lays images out row-major instead of with their channels
// innermost, as a caller of the tensor API does. Ends with the providers that stand above another in their row and
// lose against it on every bench case; exits with 1 if a provider is wrong.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/suite.h"

namespace {

using namespace glia;

struct Options {
    std::string op, name, json;
    bool        all = false, dense = false;
    int         threads  = 0;
    double      min_time = 0.3;  // of each provider on each case
};

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    const size_t n = samples.size();
    return n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
}

// --- the two peaks ---

typedef float Vector16 __attribute__((vector_size(16)));
typedef float Vector32 __attribute__((vector_size(32)));
typedef float Vector64 __attribute__((vector_size(64)));

// Enough independent chains, each with its own value, to hide the latency of a multiply-add; returns the operations.
template <class Vector> inline __attribute__((always_inline)) double fma_loop(int64_t rounds, float* sink) {
    constexpr int chains = 12, lanes = sizeof(Vector) / sizeof(float);
    Vector        sum[chains], a = Vector{} + 0.9999f, b = Vector{} + 0.0001f, total{};
    for (int k = 0; k < chains; ++k) sum[k] = Vector{} + float(k);
    for (int64_t i = 0; i < rounds; ++i)
        for (int k = 0; k < chains; ++k) sum[k] = sum[k] * a + b;
    for (int k = 0; k < chains; ++k) total += sum[k];
    for (int l = 0; l < lanes; ++l) *sink += total[l];
    return double(rounds) * chains * lanes * 2;
}

#ifdef __x86_64__
__attribute__((target("avx512f"))) double fma_avx512(int64_t rounds, float* sink) { return fma_loop<Vector64>(rounds, sink); }
__attribute__((target("avx2,fma"))) double fma_avx2(int64_t rounds, float* sink) { return fma_loop<Vector32>(rounds, sink); }
double fma_work(int64_t rounds, float* sink) {
    if (__builtin_cpu_supports("avx512f")) return fma_avx512(rounds, sink);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return fma_avx2(rounds, sink);
    return fma_loop<Vector16>(rounds, sink);
}
#else
double fma_work(int64_t rounds, float* sink) { return fma_loop<Vector16>(rounds, sink); }
#endif

template <class Body> void on_threads(const glia_context* ctx, int64_t count, int64_t grain, Body body) {
    glia_parallel(ctx, count, grain, [](void* arg, int64_t begin, int64_t end) { (*static_cast<Body*>(arg))(begin, end); }, &body);
}

// The best of all tries: a peak is what the machine can do, not what it does on average. Tried again beside each case.
class Machine {
  public:
    explicit Machine(const glia_context* ctx) : ctx_(ctx), from_(kBytes, 1), to_(kBytes) {
        for (int i = 0; i < 5; ++i) measure();
    }
    double gflops() const { return gflops_; }
    double gbs() const { return gbs_; }
    void   measure() {
        std::vector<double> work(size_t(ctx_->threads) * 8);  // a cache line each
        double              start = seconds();
        on_threads(ctx_, ctx_->threads, 1, [&](int64_t t, int64_t) {
            float sink          = 0;
            work[size_t(t) * 8] = fma_work(1 << 20, &sink);
            work[size_t(t) * 8 + 1] = sink;
        });
        double time = seconds() - start, flops = 0;
        for (size_t i = 0; i < work.size(); i += 8) flops += work[i];
        gflops_ = std::max(gflops_, flops / time / 1e9);
        start   = seconds();
        on_threads(ctx_, kBytes, 1 << 20, [&](int64_t begin, int64_t end) { memcpy(&to_[size_t(begin)], &from_[size_t(begin)], size_t(end - begin)); });
        gbs_ = std::max(gbs_, 2.0 * kBytes / (seconds() - start) / 1e9);
    }

  private:
    static constexpr int64_t kBytes = 128 << 20;
    const glia_context*      ctx_;
    std::vector<char>        from_, to_;
    double                   gflops_ = 0, gbs_ = 0;
};

// --- one case ---

// A tensor as a plan lays it out: images with channels innermost where the op says so, everything else dense.
struct Buffer {
    Buffer(glia_context* ctx, glia_dtype dtype, int ndim, const int64_t* dim, bool image) {
        tensor.ctx = ctx;
        glia_set_shape(&tensor, dtype, ndim, dim);
        if (image && ndim == 4) glia_channels_last_strides(ndim, tensor.dim, tensor.stride);
        memory.reset(static_cast<char*>(std::aligned_alloc(64, (bytes() + 64) / 64 * 64)));
        memset(memory.get(), 0, bytes());
        tensor.data = memory.get();
    }
    size_t bytes() const { return size_t(glia_count(&tensor)) * glia_dtype_size(tensor.dtype); }

    glia_tensor                                      tensor{};
    std::unique_ptr<char, decltype(&std::free)> memory{nullptr, std::free};
};

struct Call {
    alignas(std::max_align_t) char geom[GLIA_MAX_GEOMETRY];
    glia_call                            call{};
    std::vector<std::unique_ptr<Buffer>> tensors;
    double                               bytes = 0, scale = 0;
    glia_cost                            cost{};
    std::string                          error;

    Call(glia_context* ctx, const Case& c, bool dense) {
        call.ctx = ctx, call.op = c.op, call.geom = geom, call.n_in = int(c.inputs.size());
        for (size_t i = 0; i < c.inputs.size(); ++i) {
            const Input& input = c.inputs[i];
            if (input.content == Content::absent) continue;
            call.in[i] = add(input.fixed ? input.dtype : GLIA_F32, int(input.dims.size()), input.dims.data(), !dense && (c.op->image_in >> i & 1));
            const auto values = values_of(c, i, Regime::reals, GLIA_F32);
            glia_tensor_from_double(call.in[i], values.data());
            for (double v : values)
                if (input.content != Content::index && std::isfinite(v)) scale = std::max(scale, std::fabs(v));
        }
        glia_resolution r;
        if (glia_resolve(ctx, c.op, c.params.data(), call.n_in, call.in, geom, &r) != GLIA_OK) {
            error = glia_message(ctx);
            return;
        }
        for (int i = 0; i < c.op->n_out; ++i)
            call.out[i] = add(r.out[i].dtype, r.out[i].ndim, r.out[i].dim, !dense && (c.op->image_out >> i & 1));
        if (c.op->cost) c.op->cost(geom, &cost);
    }

    std::vector<std::vector<double>> results() const {
        std::vector<std::vector<double>> all;
        for (int i = 0; i < call.op->n_out; ++i) {
            all.emplace_back(size_t(glia_count(call.out[i])));
            glia_tensor_to_double(call.out[i], all.back().data());
        }
        return all;
    }

    // Empty where the outputs agree with those of cpu.ref.
    std::string difference(const std::vector<std::vector<double>>& want) const {
        const auto got = results();
        for (size_t i = 0; i < got.size(); ++i) {
            double most = scale;
            for (double v : want[i])
                if (std::isfinite(v)) most = std::max(most, std::fabs(v));
            const double bound = glia_error_bound(&call, call.out[i]->dtype, most);
            for (size_t k = 0; k < got[i].size(); ++k) {
                if (std::fabs(got[i][k] - want[i][k]) <= bound || got[i][k] == want[i][k]) continue;
                char text[160];
                snprintf(text, sizeof text, "%s[%zu] is %.9g, must be %.9g within %.3g", call.op->out_names[i], k, got[i][k], want[i][k], bound);
                return text;
            }
        }
        return "";
    }

  private:
    glia_tensor* add(glia_dtype dtype, int ndim, const int64_t* dim, bool image) {
        tensors.push_back(std::make_unique<Buffer>(call.ctx, dtype, ndim, dim, image));
        bytes += double(tensors.back()->bytes());
        return &tensors.back()->tensor;
    }
};

struct Row {
    const glia_provider* provider = nullptr;
    glia_prepared        prepared{};
    std::vector<char>    workspace;
    std::string          declined, wrong;
    std::vector<double>  samples;
    double               spent = 0, prepare_time = 0;
    int                  repeats = 1;  // runs in one sample

    double time() const { return median(samples); }
    double best() const { return *std::min_element(samples.begin(), samples.end()); }
    void*  scratch() {
        void*  at    = workspace.data();
        size_t space = workspace.size();
        return std::align(64, 1, at, space);
    }
    bool usable() const { return declined.empty() && wrong.empty(); }
    void sample(const Call& c) {
        void*        at    = scratch();
        const double start = seconds();
        for (int i = 0; i < repeats && wrong.empty(); ++i)
            if (provider->run(&c.call, &prepared, at) != GLIA_OK) wrong = glia_message(c.call.ctx);
        const double time = seconds() - start;
        spent += time;
        samples.push_back(time / repeats);
    }
};

void prepare(Row& row, const Call& c) {
    if (const char* reason = row.provider->decline ? row.provider->decline(&c.call) : nullptr) {
        row.declined = reason;
        return;
    }
    const double start  = seconds();
    glia_status  status = row.provider->prepare ? row.provider->prepare(&c.call, &row.prepared) : GLIA_OK;
    row.prepare_time    = seconds() - start;
    if (status == GLIA_UNSUPPORTED) row.declined = "its library does not implement this call";
    if (status != GLIA_OK && status != GLIA_UNSUPPORTED) row.wrong = glia_message(c.call.ctx);
    if (status == GLIA_OK) row.workspace.resize(row.prepared.workspace + 64);
}

// The reference runs first and gives the results that the others are checked against.
std::vector<Row> measure(const Call& c, const Options& options) {
    std::vector<Row> rows;
    for (const glia_provider* const* it = glia_cpu_device.providers(c.call.op); *it; ++it) rows.emplace_back().provider = *it;
    std::vector<std::vector<double>> want;
    for (size_t i = rows.size(); i-- > 0;) {
        Row& row = rows[i];
        prepare(row, c);
        if (!row.usable()) continue;
        row.sample(c);
        if (i + 1 == rows.size()) {
            want = c.results();
            continue;
        }
        if (row.wrong.empty()) row.wrong = c.difference(want);
        row.sample(c);
        row.repeats = std::max(1, int(5e-4 / std::max(row.samples.back(), 1e-8)));
        row.samples.clear();
        row.spent = 0;
    }
    const auto wants_more = [&](const Row& row) {
        return row.usable() && row.spent < options.min_time * (row.samples.size() < 5 && row.provider != rows.back().provider ? 10 : 1);
    };
    for (bool more = true; more;) {
        more = false;
        for (Row& row : rows)
            if (wants_more(row)) row.sample(c), more = true;
    }
    for (Row& row : rows)
        if (row.declined.empty() && row.provider->release) row.provider->release(&row.prepared);
    return rows;
}

// --- reports ---

void print_case(const Case& c, const Call& call, const std::vector<Row>& rows, const Machine& machine) {
    const double reference = rows.back().usable() ? rows.back().time() : NAN;
    for (const Row& row : rows) {
        printf("%-26s %-28s %-11s ", c.op->name, c.name.c_str(), row.provider->name);
        if (!row.declined.empty()) printf("declines: %s\n", row.declined.c_str());
        if (!row.wrong.empty()) printf("WRONG: %s\n", row.wrong.c_str());
        if (!row.usable()) continue;
        const double time = row.time(), gflops = call.cost.flops / time / 1e9, gbs = call.bytes / time / 1e9;
        printf("%11.1f us %11.1f us %9.2f GFLOP/s %5.1f%% %8.2f GB/s %6.1f%% %9.1fx\n", time * 1e6, row.best() * 1e6, gflops, 100 * gflops / machine.gflops(), gbs,
               100 * gbs / machine.gbs(), reference / time);
    }
    fflush(stdout);
}

void write_json(FILE* file, const Case& c, const Call& call, const std::vector<Row>& rows, const Machine& machine, int threads, bool dense) {
    for (const Row& row : rows) {
        fprintf(file, "{\"op\":\"%s\",\"case\":\"%s\",\"bench\":%s,\"provider\":\"%s\",\"threads\":%d,\"dense\":%s", c.op->name, c.name.c_str(),
                c.bench ? "true" : "false", row.provider->name, threads, dense ? "true" : "false");
        if (!row.declined.empty()) fprintf(file, ",\"declined\":true");
        if (!row.wrong.empty()) fprintf(file, ",\"wrong\":true");
        if (row.usable())
            fprintf(file,
                    ",\"us\":%.3f,\"best_us\":%.3f,\"samples\":%zu,\"prepare_us\":%.3f,\"workspace\":%zu,\"flops\":%.0f,\"bytes\":%.0f,"
                    "\"peak_gflops\":%.2f,\"copy_gbs\":%.2f",
                    row.time() * 1e6, row.best() * 1e6, row.samples.size(), row.prepare_time * 1e6, row.prepared.workspace, call.cost.flops, call.bytes,
                    machine.gflops(), machine.gbs());
        fprintf(file, "}\n");
    }
    fflush(file);
}

// For each pair of providers, one above the other in their row: how many times as fast the upper one is on each case of
// both. Whoever else uses the machine only adds time, so a provider has lost when its best times say so as well.
struct Standings {
    struct Pair {
        std::string         name;
        std::vector<double> medians, bests;
    };
    std::vector<Pair> pairs;

    void add(const Case& c, const std::vector<Row>& rows) {
        for (size_t i = 0; i < rows.size(); ++i)
            for (size_t k = i + 1; k < rows.size(); ++k) {
                if (!rows[i].usable() || !rows[k].usable()) continue;
                Pair& pair = find(std::string(c.op->name) + ": " + rows[i].provider->name + " above " + rows[k].provider->name);
                pair.medians.push_back(rows[k].time() / rows[i].time());
                pair.bests.push_back(rows[k].best() / rows[i].best());
            }
    }
    Pair& find(const std::string& name) {
        for (Pair& pair : pairs)
            if (pair.name == name) return pair;
        return pairs.emplace_back(Pair{name, {}, {}});
    }
    void print() const {
        for (const Pair& pair : pairs) {
            const auto [low, high]   = std::minmax_element(pair.medians.begin(), pair.medians.end());
            const auto [least, most] = std::minmax_element(pair.bests.begin(), pair.bests.end());
            printf("%s %s: %.2f to %.2f times as fast on %zu case%s (best times: %.2f to %.2f)\n", *high < 1 && *most < 1 ? "LOSES" : "     ",
                   pair.name.c_str(), *low, *high, pair.medians.size(), pair.medians.size() == 1 ? "" : "s", *least, *most);
        }
    }
};

[[noreturn]] void usage() {
    fprintf(stderr, "usage: bench_ops [--op PART] [--case PART] [--all] [--dense] [--threads N] [--min-time SECONDS] [--json FILE]\n");
    exit(2);
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        if (flag == "--all" || flag == "--dense") {
            (flag == "--all" ? options.all : options.dense) = true;
            continue;
        }
        if (i + 1 == argc) usage();
        const char* value = argv[++i];
        if (flag == "--op") options.op = value;
        else if (flag == "--case") options.name = value;
        else if (flag == "--json") options.json = value;
        else if (flag == "--threads") options.threads = atoi(value);
        else if (flag == "--min-time") options.min_time = atof(value);
        else usage();
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    const Options     options = parse(argc, argv);
    glia_context_args args{};
    args.threads      = options.threads;
    glia_context* ctx = nullptr;
    if (glia_context_create("cpu", &args, &ctx) != GLIA_OK) return fprintf(stderr, "%s\n", glia_message(nullptr)), 2;
    FILE* json = options.json.empty() ? nullptr : fopen(options.json.c_str(), "w");
    if (!options.json.empty() && !json) return perror(options.json.c_str()), 2;

    Machine machine(ctx);
    printf("%-26s %-28s %-11s %14s %14s %17s %6s %13s %7s %10s\n", "op", "case", "provider", "median", "best", "", "peak", "", "copy", "cpu.ref");
    Standings standings;
    int       wrong = 0;
    for (const Case& c : all_cases()) {
        if (!(c.bench || options.all)) continue;
        if (std::string(c.op->name).find(options.op) == std::string::npos || c.name.find(options.name) == std::string::npos) continue;
        const Call call(ctx, c, options.dense);
        if (!call.error.empty()) {
            printf("%-26s %-28s WRONG: %s\n", c.op->name, c.name.c_str(), call.error.c_str());
            ++wrong;
            continue;
        }
        const auto rows = measure(call, options);
        machine.measure();
        print_case(c, call, rows, machine);
        if (json) write_json(json, c, call, rows, machine, ctx->threads, options.dense);
        if (c.bench) standings.add(c, rows);
        for (const Row& row : rows) wrong += !row.wrong.empty();
    }
    printf("\n%d threads: %.0f GFLOP/s of multiply-adds, %.1f GB/s of memcpy\n", ctx->threads, machine.gflops(), machine.gbs());
    standings.print();
    if (json) fclose(json);
    glia_context_destroy(ctx);
    return wrong ? 1 : 0;
}
