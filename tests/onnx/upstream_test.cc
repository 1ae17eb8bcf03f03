// Runs ONNX's own tests. Those that do not pass are in a list, each with the reason; one that passes may not be in it,
// so that the list only shrinks. GLIA_ONNX_LIST=1 prints the list as it would have to be.
#include "onnx/upstream.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <map>
#include <set>

namespace {

using namespace glia;

// "SUITE/NAME: REASON" in each line.
std::map<std::string, std::string> read_list(const std::string &name) {
    std::map<std::string, std::string> out;
    std::ifstream file(std::string(GLIA_SOURCE_DIR) + "/tests/onnx/" + name);
    for (std::string line; std::getline(file, line);) {
        const size_t colon = line.find(": ");
        if (colon != std::string::npos && line[0] != '#') out[line.substr(0, colon)] = line.substr(colon + 2);
    }
    return out;
}

void run_suite(const std::string &suite, const std::string &device) {
    const std::string folder             = upstream_folder() + "/" + suite;
    const std::vector<std::string> names = names_in(folder, "test_");
    if (names.empty()) GTEST_SKIP() << folder << " is not there (Debian and Ubuntu: libonnx-testdata)";
    const auto skips          = read_list("skips");
    const bool print          = std::getenv("GLIA_ONNX_LIST") != nullptr;
    glia_context *ctx         = nullptr;
    const glia_status created = glia_context_create(device.c_str(), nullptr, &ctx);
    if (created == GLIA_NOT_FOUND) GTEST_SKIP() << glia_message(nullptr);
    ASSERT_EQ(created, GLIA_OK) << glia_message(nullptr);
    size_t passed = 0;
    for (const std::string &name : names) {
        const std::string key = suite + "/" + name, wrong = Upstream(ctx, folder + "/" + name).run();
        const auto skip = skips.find(key);
        passed += wrong.empty();
        if (print && !wrong.empty())
            std::cout << key << ": " << wrong << "\n";
        else if (!wrong.empty())
            EXPECT_NE(skip, skips.end()) << key << ": " << wrong;
        else
            EXPECT_EQ(skip, skips.end()) << key << " passes: take it out of tests/onnx/skips";
    }
    std::cout << suite << " on " << device << ": " << passed << " of " << names.size() << " pass\n";
    glia_context_destroy(ctx);
    std::ifstream file(std::string(GLIA_SOURCE_DIR) + "/docs/onnx.md");
    const std::string guide(std::istreambuf_iterator<char>(file), {});
    const std::string figures = "| " + std::to_string(passed) + " | " + std::to_string(names.size()) + " |";
    EXPECT_NE(guide.find(figures), std::string::npos) << "docs/onnx.md does not say " << figures;
}

TEST(Upstream, NodeTests) { run_suite("node", "cpu"); }
TEST(Upstream, PytorchConvertedTests) { run_suite("pytorch-converted", "cpu"); }
TEST(Upstream, PytorchOperatorTests) { run_suite("pytorch-operator", "cpu"); }
TEST(Upstream, SimpleTests) { run_suite("simple", "cpu"); }
TEST(Upstream, NodeTestsOnTheEmulatedDevice) { run_suite("node", "emulated"); }
TEST(Upstream, PytorchConvertedTestsOnTheEmulatedDevice) { run_suite("pytorch-converted", "emulated"); }

}  // namespace
