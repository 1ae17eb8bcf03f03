// Times every provider of every op on the cases of tests/cases/ that are marked as benches, on each device, and checks
// each against cpu.ref on the same call before it is timed, or against the last provider of its device where cpu.ref
// would take minutes. Times mean little on a shared machine; what counts are the ratios of one run, whose samples are
// interleaved between the providers, and the shares of two peaks that are measured beside them; see machine.h. Devices
// with a clock of their own time each run by it, after their caches were filled with something else; on the CPU caches
// are as the run before left them. Ends with the providers that stand above another in their row and lose against it on
// every bench case; exits with 1 if a provider is wrong.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "support/timed_call.h"
#include "support/facts.h"
#include "support/program.h"

namespace {

using namespace glia;

struct Options {
    std::string op, name, json, devices;
    bool all = false, dense = false;
    int threads     = 0;
    double min_time = 0.3;  // of each provider on each case
};

// --- one case ---

using Rows = std::vector<std::unique_ptr<Row>>;

// The last provider of a device runs first, and gives the results that the others are checked against: the CPU's, which
// is cpu.ref. That would take minutes for some calls; those of another device are checked against that device's own
// last.
struct Reference {
    Reference(const Place &place, const Call &call) {
        const gli_provider *const *it = place.ctx->device->providers(call.call.op);
        while (it[1]) ++it;
        row = std::make_unique<Row>(place, call, **it);
        if (!row->usable()) return;
        row->sample();
        want = call.results();
    }
    std::unique_ptr<Row> row;
    Results want;
};

constexpr double kPatience = 1e10;  // operations

bool by_itself(const Place &place, const Call &call) { return call.cost.flops > kPatience && place.device != "cpu"; }

// Makes a row right and ready to be timed.
void check(Row &row, const Reference &reference) {
    if (!row.usable()) return;
    row.sample();
    if (row.wrong.empty())
        row.wrong = reference.row->wrong.empty() ? row.call.difference(reference.want) : reference.row->wrong;
    if (!row.usable()) return;
    row.sample();
    if (row.provider != reference.row->provider) row.settle();
}

void measure(Rows &rows, const Options &options) {
    const auto wants_more = [&](const Row &row) {
        const bool is_reference = row.provider->name == std::string("cpu.ref");
        const double time       = options.min_time * (row.samples.size() < 5 && !is_reference ? 10 : 1);
        return row.usable() && (row.samples.empty() || row.spent < time);
    };
    for (bool more = true; more;) {
        more = false;
        for (auto &row : rows)
            if (wants_more(*row)) row->sample(), more = true;
    }
}

// --- reports ---

std::string percent(double part, double whole) {
    char text[32];
    snprintf(text, sizeof text, whole > 0 ? "%5.1f%%" : "     -", 100 * part / whole);
    return text;
}

void print_row(const Case &c, const Row &row, double reference) {
    printf("%-26s %-28s %-9s %-13s ", c.op->name, c.name.c_str(), row.place.device.c_str(), row.provider->name);
    if (!row.declined.empty()) printf("declines: %s\n", row.declined.c_str());
    if (!row.wrong.empty()) printf("WRONG: %s\n", row.wrong.c_str());
    if (!row.usable()) return;
    const double time = row.time(), gflops = row.call.cost.flops / time / 1e9, gbs = row.call.bytes / time / 1e9;
    printf("%11.1f us %11.1f us %9.2f GFLOP/s %s %8.2f GB/s %s %9.1fx\n", time * 1e6, row.best() * 1e6, gflops,
           percent(gflops, row.place.machine->gflops()).c_str(), gbs, percent(gbs, row.place.machine->gbs()).c_str(),
           reference / time);
}

void write_row(FILE *file, const Case &c, const Row &row, bool dense) {
    fprintf(
        file,
        "{\"op\":\"%s\",\"case\":\"%s\",\"bench\":%s,\"device\":\"%s\",\"provider\":\"%s\",\"threads\":%d,\"dense\":%s",
        c.op->name, c.name.c_str(), c.bench ? "true" : "false", row.place.device.c_str(), row.provider->name,
        row.place.ctx->threads, dense ? "true" : "false");
    if (!row.declined.empty()) fprintf(file, ",\"declined\":true");
    if (!row.wrong.empty()) fprintf(file, ",\"wrong\":"), bench_write_string(file, row.wrong.c_str());
    if (row.usable())
        fprintf(file,
                ",\"us\":%.3f,\"best_us\":%.3f,\"samples\":%zu,\"prepare_us\":%.3f,\"workspace\":%zu,\"flops\":%.0f,"
                "\"bytes\":%.0f,"
                "\"peak_gflops\":%.2f,\"copy_gbs\":%.2f",
                row.time() * 1e6, row.best() * 1e6, row.samples.size(), row.prepare_time * 1e6, row.prepared.workspace,
                row.call.cost.flops, row.call.bytes, row.place.machine->gflops(), row.place.machine->gbs());
    fprintf(file, "}\n");
}

// For each pair of providers, one above the other in their row: how many times as fast the upper one is on each case of
// both. Whoever else uses the machine only adds time, so a provider has lost when its best times say so as well.
struct Standings {
    struct Pair {
        std::string name;
        std::vector<double> medians, bests;
    };
    std::vector<Pair> pairs;

    void add(const Case &c, const Rows &rows) {
        for (size_t i = 0; i < rows.size(); ++i)
            for (size_t k = i + 1; k < rows.size(); ++k) {
                if (!rows[i]->usable() || !rows[k]->usable() || &rows[i]->place != &rows[k]->place) continue;
                Pair &pair = find(std::string(c.op->name) + ": " + rows[i]->provider->name + " above " +
                                  rows[k]->provider->name);
                pair.medians.push_back(rows[k]->time() / rows[i]->time());
                pair.bests.push_back(rows[k]->best() / rows[i]->best());
            }
    }
    Pair &find(const std::string &name) {
        for (Pair &pair : pairs)
            if (pair.name == name) return pair;
        return pairs.emplace_back(Pair{name, {}, {}});
    }
    void print() const {
        for (const Pair &pair : pairs) {
            const auto [low, high]   = std::minmax_element(pair.medians.begin(), pair.medians.end());
            const auto [least, most] = std::minmax_element(pair.bests.begin(), pair.bests.end());
            printf("%s %s: %.2f to %.2f times as fast on %zu case%s (best times: %.2f to %.2f)\n",
                   *high < 1 && *most < 1 ? "LOSES" : "     ", pair.name.c_str(), *low, *high, pair.medians.size(),
                   pair.medians.size() == 1 ? "" : "s", *least, *most);
        }
    }
};

// --- the whole run ---

class Bench {
   public:
    explicit Bench(const Options &options) : options_(options) {}
    ~Bench() {
        for (Place &place : places_) {
            place.machine.reset();
            glia_context_destroy(place.ctx);
        }
        glia_context_destroy(host_.ctx);
        if (json_) fclose(json_);
    }
    // false: it said why.
    bool open() {
        if (!options_.json.empty() && !(json_ = fopen(options_.json.c_str(), "w")))
            return perror(options_.json.c_str()), false;
        if (!open(host_, "cpu")) return fprintf(stderr, "bench_ops: %s\n", glia_message(nullptr)), false;
        places_.reserve(8);
        const bool chosen = !options_.devices.empty();
        for (std::string rest = chosen ? options_.devices + "," : "cpu,cuda:0,"; !rest.empty();
             rest.erase(0, rest.find(',') + 1)) {
            const std::string name = rest.substr(0, rest.find(','));
            Place place;
            if (open(place, name)) {
                place.machine = machine_of(place.ctx);
                if (json_) bench_write_facts(json_, "ops", place.device.c_str());
                places_.push_back(std::move(place));
            } else if (chosen) {
                return fprintf(stderr, "bench_ops: %s\n", glia_message(nullptr)), false;
            }
        }
        return true;
    }
    int run() {
        printf("%-26s %-28s %-9s %-13s %14s %14s %17s %6s %13s %7s %10s\n", "op", "case", "device", "provider",
               "median", "best", "", "peak", "", "copy", "cpu.ref");
        bool any = false;
        for (const Case &c : all_cases()) {
            if (!(c.bench || options_.all)) continue;
            if (std::string(c.op->name).find(options_.op) == std::string::npos ||
                c.name.find(options_.name) == std::string::npos)
                continue;
            any = true;
            run(c);
        }
        if (!any) {
            fprintf(stderr, "bench_ops: no op with '%s' in its name has a case with '%s'%s\n", options_.op.c_str(),
                    options_.name.c_str(), options_.all ? "" : " among those that are timed without --all");
            return 2;
        }
        printf("\n");
        for (const Place &place : places_) printf("%s: %s\n", place.device.c_str(), place.machine->text().c_str());
        standings_.print();
        return wrong_ ? 1 : 0;
    }

   private:
    bool open(Place &place, const std::string &name) {
        glia_context_args args{};
        args.threads = options_.threads;
        place.device = name;
        return glia_context_create(name.c_str(), &args, &place.ctx) == GLIA_OK;
    }
    void run(const Case &c) {
        const Call host_call(host_.ctx, c, options_.dense);
        std::unique_ptr<Reference> reference;
        std::vector<std::unique_ptr<Call>> calls;
        Rows rows;
        for (const Place &place : places_) {
            calls.push_back(std::make_unique<Call>(place.ctx, c, options_.dense));
            const Call &call = *calls.back();
            if (!by_itself(place, call) && !reference) reference = std::make_unique<Reference>(host_, host_call);
            const auto own = by_itself(place, call) ? std::make_unique<Reference>(place, call) : nullptr;
            for (const gli_provider *const *it = place.ctx->device->providers(c.op); *it; ++it) {
                rows.push_back(std::make_unique<Row>(place, call, **it));
                check(*rows.back(), own ? *own : *reference);
            }
        }
        measure(rows, options_);
        for (Place &place : places_) place.machine->measure();
        for (auto &row : rows) {
            print_row(c, *row, reference && reference->row->usable() ? reference->row->time() : NAN);
            if (json_) write_row(json_, c, *row, options_.dense);
            wrong_ += !row->wrong.empty();
        }
        if (c.bench) standings_.add(c, rows);
        fflush(nullptr);
    }

    Options options_;
    FILE *json_ = nullptr;
    Place host_;
    std::vector<Place> places_;
    Standings standings_;
    int wrong_ = 0;
};

constexpr char kUsage[] =
    "usage: bench_ops [options]\n"
    "Times every provider of every op on the cases of the tests that are marked as benches.\n\n"
    "  --device NAME,...   the devices (cpu, and cuda:0 if there is one)\n"
    "  --op PART           only ops with this in their name\n"
    "  --case PART         only cases with this in their name\n"
    "  --all               the small cases of the tests as well\n"
    "  --dense             images row-major, as a caller of the tensor API lays them out, not channels innermost\n"
    "  --threads N         of the CPU\n"
    "  --min-time SECONDS  of each provider on each case (0.3)\n"
    "  --json FILE         also writes the results there\n";

[[noreturn]] void refuse(const char *option) { exit(bench_refuse("bench_ops", option)); }

Options parse(int argc, char **argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        if (flag == "--all" || flag == "--dense") {
            (flag == "--all" ? options.all : options.dense) = true;
            continue;
        }
        if (i + 1 == argc) refuse(argv[i]);
        const char *value = argv[++i];
        if (flag == "--device")
            options.devices = value;
        else if (flag == "--op")
            options.op = value;
        else if (flag == "--case")
            options.name = value;
        else if (flag == "--json")
            options.json = value;
        else if (flag == "--threads")
            options.threads = atoi(value);
        else if (flag == "--min-time")
            options.min_time = atof(value);
        else
            refuse(argv[i - 1]);
    }
    return options;
}

}  // namespace

int main(int argc, char **argv) {
    if (bench_helped(argc, argv, kUsage)) return 0;
    Bench bench(parse(argc, argv));
    return bench.open() ? bench.run() : 2;
}
