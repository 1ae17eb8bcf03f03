// A profile in a context, and what to profile.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/internals.h"
#include "support/small_training.h"

extern "C" {
#include "profile/profile.h"
}

namespace glia {

inline const glia_unary_params kRelu{.kind = GLIA_UNARY_RELU};
inline const glia_profile_args kRoof{.peak_flops = 1e9, .peak_bytes = 1e9};

// A profile in a context, from its begin on.
class Profile {
   public:
    explicit Profile(glia_context *ctx, const glia_profile_args &args = kRoof) : ctx_(ctx) {
        EXPECT_EQ(glia_profile_begin(ctx, &args, &profile_), GLIA_OK) << glia_message(ctx);
    }
    ~Profile() { glia_profile_destroy(profile_); }

    void end() { ASSERT_EQ(glia_profile_end(profile_), GLIA_OK) << glia_message(ctx_); }
    glia_profile *get() const { return profile_; }
    glia_profile_info info() const { return glia_profile_get_info(profile_); }

    std::vector<glia_profile_row> rows() const {
        std::vector<glia_profile_row> all;
        for (int i = 0; i < glia_profile_row_count(profile_); ++i) all.push_back(glia_profile_get_row(profile_, i));
        return all;
    }
    glia_profile_row row(const std::string &layer, glia_direction direction) const {
        for (const glia_profile_row &row : rows())
            if (row.layer == layer && row.direction == direction) return row;
        ADD_FAILURE() << "no row of " << layer;
        return {};
    }
    bool has(const std::string &layer, glia_direction direction) const {
        for (const glia_profile_row &row : rows())
            if (row.layer == layer && row.direction == direction) return true;
        return false;
    }
    std::string trace() const {
        const std::string path = testing::TempDir() + "profile_test_trace.json";
        EXPECT_EQ(glia_profile_write_trace(profile_, path.c_str()), GLIA_OK) << glia_message(ctx_);
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        std::filesystem::remove(path);
        return text.str();
    }

   private:
    glia_context *ctx_;
    glia_profile *profile_ = nullptr;
};

inline glia_fit_args epochs(int n) {
    glia_fit_args args{};
    args.epochs = n, args.batch_size = 8, args.in_order = true;
    return args;
}

inline void train(SmallTraining &t, int n = 2) {
    t.build();
    t.make_data();
    ASSERT_EQ(t.compile({}), GLIA_OK) << t.message();
    ASSERT_EQ(t.fit(epochs(n)), GLIA_OK) << t.message();
}

// What Python's json makes of a file: SCRIPT gets it as d. "": it did what the script asserts.
inline std::string python(const std::string &json, const std::string &script) {
    const std::string file = testing::TempDir() + "profile_test.json", out = testing::TempDir() + "profile_test.out";
    std::ofstream(file) << json;
    std::ofstream(file + ".py") << "import json\nd = json.load(open('" << file << "', encoding='utf-8'))\n" << script;
    const int status = std::system(("python3 " + file + ".py >" + out + " 2>&1").c_str());
    std::stringstream text;
    text << std::ifstream(out).rdbuf();
    for (const std::string &path : {file, file + ".py", out}) std::filesystem::remove(path);
    return status == 0 ? "" : text.str() + " ";
}

inline bool has_python() { return std::system("python3 -c 'import json' >/dev/null 2>&1") == 0; }

}  // namespace glia
