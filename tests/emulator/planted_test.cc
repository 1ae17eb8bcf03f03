// A test of the emulator: it must report each kernel with a planted bug, and nothing on the same kernel without it, in
// any schedule. Compiled three times: plain, under the sanitizers, and as the race build.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "emulator/emulator.h"
#include "wrong/planted.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_SANITIZERS 1
#endif
#endif
#ifndef UNDER_SANITIZERS
#define UNDER_SANITIZERS 0
#endif
#ifdef GLIA_EMULATOR_RACE
#define RACE_BUILD 1
#else
#define RACE_BUILD 0
#endif

void PrintTo(const Planted &planted, std::ostream *out) { *out << planted.name; }

namespace {

std::vector<Planted> all_planted() {
    std::vector<Planted> all = planted_in_blocks();
    for (const auto &more : {planted_in_warps(), planted_in_memory(), planted_in_tensor_cores(), planted_in_signals(),
                             planted_in_clusters(), planted_in_rnn_products(), planted_in_patches()})
        all.insert(all.end(), more.begin(), more.end());
    return all;
}

void set_up(const std::string &settings) {
    gli_emulator_reset();
    setenv("GLIA_EMULATOR", settings.c_str(), 1);
    ASSERT_EQ(cudaSetDevice(0), cudaSuccess) << gli_emulator_message();
}

std::string shuffled(int seed) { return "schedule=shuffled,seed=" + std::to_string(seed); }

class PlantedBug : public testing::TestWithParam<Planted> {
   protected:
    ~PlantedBug() override {
        gli_emulator_reset();
        unsetenv("GLIA_EMULATOR");
    }
};

// The race build needs one schedule, whichever it is.
TEST_P(PlantedBug, is_reported_by_the_race_build) {
    if (!RACE_BUILD) GTEST_SKIP() << "this is not the race build";
    const Planted &planted = GetParam();
    for (const std::string &settings :
         {std::string("schedule=inorder"), std::string("schedule=reverse"), shuffled(1), shuffled(2)}) {
        set_up(settings);
        const Outcome outcome = planted.run(true);
        EXPECT_NE(outcome.error, cudaSuccess) << settings << ": nothing is reported";
        if (settings != "schedule=inorder") continue;
        EXPECT_EQ(outcome.error, planted.error) << cudaGetErrorName(outcome.error) << ": " << gli_emulator_message();
        EXPECT_NE(std::string(gli_emulator_message()).find(planted.words), std::string::npos) << gli_emulator_message();
        const std::string message = gli_emulator_message();
        EXPECT_TRUE(message.find(".cu:") != std::string::npos || message.find(".cuh:") != std::string::npos)
            << "without a line: " << message;
    }
}

TEST_P(PlantedBug, is_reported_by_the_plain_build_where_it_can) {
    const Planted &planted = GetParam();
    if (RACE_BUILD || *planted.plain == '\0') GTEST_SKIP() << "not for this build";
    set_up("schedule=inorder");
    EXPECT_EQ(planted.run(true).error, planted.error);
    EXPECT_NE(std::string(gli_emulator_message()).find(planted.plain), std::string::npos) << gli_emulator_message();
}

TEST_P(PlantedBug, is_reported_by_the_sanitizers_where_they_can) {
    const Planted &planted = GetParam();
    if (!UNDER_SANITIZERS || *planted.sanitizer == '\0') GTEST_SKIP() << "not for this build";
    EXPECT_DEATH(
        {
            set_up("schedule=inorder");
            planted.run(true);
        },
        planted.sanitizer);
}

TEST_P(PlantedBug, without_it_nothing_is_reported_in_any_schedule) {
    const Planted &planted = GetParam();
    for (int seed = -2; seed < 64; seed++) {
        const std::string settings = seed == -2 ? "schedule=inorder" : seed == -1 ? "schedule=reverse" : shuffled(seed);
        set_up(settings);
        const Outcome outcome = planted.run(false);
        ASSERT_EQ(outcome.error, cudaSuccess) << settings << ": " << gli_emulator_message();
        ASSERT_TRUE(outcome.right) << settings << ": wrong values";
    }
    EXPECT_EQ(gli_emulator_live_bytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(emulator, PlantedBug, testing::ValuesIn(all_planted()),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
