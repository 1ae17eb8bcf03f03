// What the CPU loses without oneDNN: for each bench case of tests/cases/ whose call goes to oneDNN, that provider and
// the one that a build without oneDNN has, in turns. Prints the least, median and largest ratio of a turn, and fails if
// a median is above the limit. Other calls are as fast without. Times are of the processor, on one thread, so that they
// mean something beside other programs as well.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "support/facts.h"
#include "support/program.h"
#include "support/timed_call.h"

namespace {

using namespace glia;

constexpr char kUsage[] =
    "usage: bench_without_onednn [options]\n"
    "How many times as long each bench case that oneDNN computes takes without oneDNN. Ends with 1 if that is too "
    "long.\n\n"
    "  --op PART      only ops with this in their name\n"
    "  --case PART    only cases with this in their name\n"
    "  --all          the small cases of the tests as well\n"
    "  --dense        images row-major, as a caller of the tensor API lays them out, not channels innermost\n"
    "  --rounds N     in which both are timed (9)\n"
    "  --limit RATIO  of the medians (3)\n"
    "  --json FILE    also writes the results there\n";

struct Options {
    const char *op = "", *name = "", *json = nullptr;
    bool all = false, dense = false;
    long rounds  = 9;
    double limit = 3;
};

bool is_onednn(const gli_provider &provider) { return strcmp(provider.name, "cpu.onednn") == 0; }

// One of the two, with the microseconds of its turns.
struct Side {
    std::unique_ptr<Row> row;
    std::vector<double> turns;

    // Warm, and with as many runs in a turn as take 5 ms, of which the clock shows microseconds.
    void prepare() {
        row->sample(), turn();
        row->repeats = std::max(1, int(5000 / std::max(turns.back(), 1.0)));
        turns.clear();
    }
    void turn() {
        const clock_t start = clock();
        row->sample();
        turns.push_back(double(clock() - start) / CLOCKS_PER_SEC * 1e6 / row->repeats);
    }
};

// By the first provider of the row that takes the call, as dispatch finds it.
Side first(const Place &place, const Call &call, bool onednn) {
    for (const gli_provider *const *it = place.ctx->device->providers(call.call.op); *it; ++it) {
        if (!onednn && is_onednn(**it)) continue;
        auto row = std::make_unique<Row>(place, call, **it);
        if (row->declined.empty()) return {std::move(row), {}};
    }
    return {};
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + long(values.size() / 2), values.end());
    return values[values.size() / 2];
}

class Bench {
   public:
    explicit Bench(const Options &options) : options_(options) {}
    ~Bench() {
        glia_context_destroy(place_.ctx);
        if (json_) fclose(json_);
    }
    // false: it said why.
    bool open() {
        glia_context_args args{};
        args.threads  = 1;
        place_.device = "cpu";
        if (glia_context_create("cpu", &args, &place_.ctx) != GLIA_OK)
            return fprintf(stderr, "bench_without_onednn: %s\n", glia_message(nullptr)), false;
        if (options_.json && !(json_ = fopen(options_.json, "w"))) return perror(options_.json), false;
        if (json_) bench_write_facts(json_, "without_onednn", "cpu");
        return true;
    }
    int run() {
        printf("%-26s %-28s %-12s %12s %12s %8s %8s %8s\n", "op", "case", "without", "with", "without", "least",
               "median", "most");
        int found = 0;
        for (const Case &c : all_cases()) {
            if (!(c.bench || options_.all) || !strstr(c.op->name, options_.op) ||
                !strstr(c.name.c_str(), options_.name))
                continue;
            ++found;
            run(c);
        }
        printf("%d of %d cases go to oneDNN; %d take more than %g times as long without\n", compared_, found, slow_,
               options_.limit);
        if (!found) return fprintf(stderr, "bench_without_onednn: there is no such case\n"), 2;
        return slow_ || wrong_ ? 1 : 0;
    }

   private:
    void run(const Case &c) {
        const Call call(place_.ctx, c, options_.dense);
        Side with = first(place_, call, true);
        if (!with.row || !is_onednn(*with.row->provider)) return;
        Side without = first(place_, call, false);
        for (Side *side : {&with, &without}) side->prepare();
        std::vector<double> ratios;
        for (long i = 0; i < options_.rounds; ++i) {
            (i % 2 ? with : without).turn();
            (i % 2 ? without : with).turn();
            ratios.push_back(without.turns.back() / with.turns.back());
        }
        std::sort(ratios.begin(), ratios.end());
        printf("%-26s %-28s %-12s ", c.op->name, c.name.c_str(), without.row->provider->name);
        const std::string wrong = with.row->wrong + without.row->wrong;
        wrong.empty() ? print(c, with, without, ratios) : void(printf("FAILED: %s\n", wrong.c_str()));
        ++compared_, wrong_ += !wrong.empty();
        fflush(nullptr);
    }
    void print(const Case &c, const Side &with, const Side &without, const std::vector<double> &ratios) {
        const double middle = median(ratios);
        slow_ += middle > options_.limit;
        printf("%9.1f us %9.1f us %8.2f %8.2f %8.2f%s\n", median(with.turns), median(without.turns), ratios.front(),
               middle, ratios.back(), middle > options_.limit ? "  TOO SLOW" : "");
        if (json_)
            fprintf(json_,
                    "{\"op\": \"%s\", \"case\": \"%s\", \"without\": \"%s\", \"dense\": %s, \"with_us\": %.1f, "
                    "\"without_us\": %.1f, \"least\": %.2f, \"median\": %.2f, \"most\": %.2f}\n",
                    c.op->name, c.name.c_str(), without.row->provider->name, options_.dense ? "true" : "false",
                    median(with.turns), median(without.turns), ratios.front(), middle, ratios.back());
    }

    Options options_;
    FILE *json_ = nullptr;
    Place place_;
    int compared_ = 0, slow_ = 0, wrong_ = 0;
};

bool read_option(const char *name, const char *value, Options *o) {
    if (strcmp(name, "--op") == 0) return o->op = value, true;
    if (strcmp(name, "--case") == 0) return o->name = value, true;
    if (strcmp(name, "--json") == 0) return o->json = value, true;
    if (strcmp(name, "--rounds") == 0) return bench_read_number(value, 1000, &o->rounds);
    char *end;
    return strcmp(name, "--limit") == 0 && (o->limit = strtod(value, &end), end != value && *end == '\0');
}

}  // namespace

int main(int argc, char **argv) {
    Options options;
    if (bench_helped(argc, argv, kUsage)) return 0;
    for (int i = 1; i < argc; ++i) {
        const bool all = strcmp(argv[i], "--all") == 0, dense = strcmp(argv[i], "--dense") == 0;
        options.all |= all, options.dense |= dense;
        if (all || dense) continue;
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1], &options))
            return bench_refuse("bench_without_onednn", argv[i]);
        ++i;
    }
    Bench bench(options);
    return bench.open() ? bench.run() : 2;
}
