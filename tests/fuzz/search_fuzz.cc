// Files of results: what is read is what a search of these settings could have, goes on, and is written as it was read.
#include <cmath>
#include <cstring>
#include <fstream>

#include "fuzz/fuzz.h"
#include "glia/search.h"
#include "support/internals.h"

namespace {

using namespace glia;

glia_context *context() {
    static glia_context *const made = [] {
        glia_context *ctx = nullptr;
        require(glia_context_create("cpu", nullptr, &ctx) == GLIA_OK, "there is no context");
        return ctx;
    }();
    return made;
}

glia_dataset *data() {
    static const float x[4]         = {1, 2, 3, 4};
    static glia_dataset *const made = [] {
        glia_dataset *out = nullptr;
        const glia_array input{"x", GLIA_F32, GLIA_SHAPE(1), x};
        const glia_arrays_args args{&input, 1, nullptr, 0, 4};
        require(glia_dataset_from_arrays(context(), &args, &out) == GLIA_OK, "there is no dataset");
        return out;
    }();
    return made;
}

glia_status score(void *, const glia_trial *, glia_dataset *, glia_dataset *, double *out) {
    *out = 0.5;
    return GLIA_OK;
}

std::string content() {
    std::ifstream file(scratch(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

glia_search *run(const glia_search_args &args) {
    glia_search *search      = nullptr;
    const glia_status status = glia_search_run(data(), &args, &search);
    if (status == GLIA_OK) return search;
    // Failures that the file has may be all that there is: their status is the search's.
    const bool all_failed = std::string(glia_message(context())).find("all 4 trials failed") != std::string::npos;
    require(all_failed || status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED, "another error");
    require(all_failed || std::string(glia_message(context())).find(scratch()) == 0, "a message without the path");
    return nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const double rates[]          = {0.1, 0.01};
    static const char *const kinds[]     = {"a", "b,c"};
    static const glia_setting declared[] = {{.name = "rate", .values = rates, .n = 2},
                                            {.name = "kind", .texts = kinds, .n = 2}};
    glia_search_args args{};
    args.settings = declared, args.n_settings = 2, args.run = score, args.seed = 1, args.folds.folds = 2;
    args.path = scratch().c_str();
    std::ofstream(scratch(), std::ios::binary).write(reinterpret_cast<const char *>(bytes), std::streamsize(size));
    if (glia_search *search = run(args)) {
        require(glia_search_finished(search) == 4 && glia_search_best(search) >= 0, "trials are missing");
        for (int64_t i = 0; i < 4; ++i) {
            const glia_trial_result r = glia_search_result(search, i);
            require((r.status == GLIA_OK) == std::isfinite(r.score), "a score that is none");
            require(memchr(r.message, 0, 256) != nullptr, "a message that does not end");
        }
        glia_search_destroy(search);
        const std::string once = content();
        search                 = run(args);
        require(search != nullptr, "it is not read again");
        glia_search_destroy(search);
        require(content() == once, "it is written in another way");
    }
    return 0;
}
