// The command `glia`: what `glia doctor` says about this machine agrees with what the library says, and its exit code
// with what it printed.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "glia/glia.h"
#include "build/command.h"
#include "support/environment.h"

namespace {

using glia::Output;
using glia::run;
using glia::Variable;

// What stands behind each subject, device by device.
std::map<std::string, std::map<std::string, std::string>> facts_of(const std::string &text) {
    std::map<std::string, std::map<std::string, std::string>> facts;
    std::istringstream lines(text);
    std::string line, device;
    std::getline(lines, line);  // the version
    while (std::getline(lines, line)) {
        if (line.compare(0, 2, "  ") != 0) {
            device = line;
            continue;
        }
        facts[device][line.substr(2, line.find_last_not_of(' ', 16) - 1)] = line.size() > 17 ? line.substr(17) : "";
    }
    return facts;
}

class Folder {
   public:
    Folder() {
        char name[] = "/tmp/glia_doctor_XXXXXX";
        path        = mkdtemp(name);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

TEST(Command, says_how_it_is_used) {
    for (const char *wrong : {"", "physician", "doctor now", "--doctor", "version help"}) {
        const Output r = run(wrong);
        EXPECT_EQ(r.exit_code, 2) << wrong;
        EXPECT_TRUE(r.says("usage: glia doctor")) << r.text;
    }
    EXPECT_TRUE(run("physician").says("glia: there is no command 'physician'\n"));
    EXPECT_TRUE(run("doctor now").says("glia: doctor takes --providers or nothing, not 'now'\n"));
    for (const char *right : {"help", "--help"}) {
        EXPECT_EQ(run(right).exit_code, 0);
        EXPECT_TRUE(run(right).says("usage: glia doctor"));
    }
    for (const char *right : {"version", "--version"}) {
        EXPECT_EQ(run(right).exit_code, 0);
        EXPECT_EQ(run(right).text, std::string("glia ") + glia_version() + "\n");
    }
}

TEST(Command, fails_when_its_output_is_lost) {
    for (const char *command : {"doctor", "doctor --providers", "version", "help"}) {
        const Output r = run(std::string(command) + " 2>&1 >/dev/full #");
        EXPECT_EQ(r.exit_code, 1) << command;
        EXPECT_TRUE(r.says("glia: writing to standard output: No space left on device")) << r.text;
    }
}

TEST(Doctor, agrees_with_the_library) {
    const Output r   = run("doctor");
    const auto facts = facts_of(r.text);
    ASSERT_TRUE(facts.count("cpu")) << r.text;
    EXPECT_TRUE(facts.at("cpu").count("device")) << r.text;
    bool failed = false;
    for (const auto &[device, fact] : facts) {
        if (device == "auto") continue;
        glia_context *ctx = nullptr;
        const bool opens  = glia_context_create(device.c_str(), nullptr, &ctx) == GLIA_OK;
        EXPECT_EQ(fact.count("device") == 1, opens) << device << "\n" << r.text << glia_message(nullptr);
        EXPECT_EQ(fact.count("self-test"), fact.count("device")) << r.text;
        if (fact.count("no device")) {
            EXPECT_NE(std::string(glia_message(nullptr)).find(fact.at("no device")), std::string::npos)
                << r.text << glia_message(nullptr);
        }
        if (fact.count("self-test")) failed = failed || fact.at("self-test").compare(0, 2, "ok") != 0;
        glia_context_destroy(ctx);
    }
    EXPECT_EQ(r.exit_code, failed ? 1 : 0) << r.text;
    EXPECT_EQ(facts.at("cpu").at("self-test").substr(0, 3), "ok:") << r.text;
    if (facts.at("emulated").count("device")) {
        EXPECT_EQ(facts.at("emulated").at("self-test").substr(0, 3), "ok:") << r.text;
    }
}

TEST(Doctor, names_the_device_that_auto_chooses) {
    glia_context *ctx = nullptr;
    ASSERT_EQ(glia_context_create("auto", nullptr, &ctx), GLIA_OK);
    const std::string chosen = glia_context_device(ctx);
    glia_context_destroy(ctx);
    const Variable none("GLIA_DEVICE", nullptr);
    const Output r = run("doctor");
    EXPECT_EQ(facts_of(r.text).at("auto").at("is"), chosen) << r.text;
}

TEST(Doctor, says_whether_kernels_were_built_for_the_gpu) {
    glia_context *ctx = nullptr;
    if (glia_context_create("emulated", nullptr, &ctx) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    glia_context_destroy(ctx);
    const Output r = run("doctor");
    EXPECT_NE(facts_of(r.text).at("emulated").at("device").find(", kernels built for this GPU"), std::string::npos)
        << r.text;
}

TEST(Doctor, reports_a_GLIA_DEVICE_that_does_not_exist) {
    const Variable device("GLIA_DEVICE", "abacus");
    const Output r = run("doctor");
    EXPECT_EQ(r.exit_code, 1) << r.text;
    EXPECT_TRUE(r.says("no device 'abacus'")) << r.text;
}

TEST(Doctor, a_missing_library_is_no_failure) {
    const Variable folder("GLIA_LIBRARY_DIR", "/nowhere");
    const Output r   = run("doctor");
    const auto facts = facts_of(r.text);
    EXPECT_EQ(r.exit_code, 0) << r.text;
    for (const char *device : {"cuda", "emulated"}) {
        EXPECT_NE(facts.at(device).at("no library").find("/nowhere/libglia_"), std::string::npos) << r.text;
        EXPECT_FALSE(facts.at(device).count("self-test"));
    }
    EXPECT_EQ(facts.at("auto").at("is"), "cpu");
}

TEST(Doctor, says_what_is_wrong_with_a_library) {
    const Folder folder;
    const Variable variable("GLIA_LIBRARY_DIR", folder.path.c_str());
    std::ofstream(folder.path / "libglia_cuda.so");
    std::filesystem::copy(GLIA_FOREIGN_LIBRARY, folder.path / "libglia_emulated.so");
    const Output r   = run("doctor");
    const auto facts = facts_of(r.text);
    EXPECT_EQ(r.exit_code, 0) << r.text;
    EXPECT_NE(facts.at("cuda").at("no library").find("file too short"), std::string::npos) << r.text;
    EXPECT_NE(facts.at("emulated").at("no library").find("is not a library of Glia"), std::string::npos) << r.text;
}

TEST(Doctor, a_device_that_fails_its_test_fails_the_command) {
    glia_context *ctx = nullptr;
    if (glia_context_create("emulated", nullptr, &ctx) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    glia_context_destroy(ctx);
    const Variable little("GLIA_EMULATOR", "memory=1000");
    const Output r = run("doctor");
    EXPECT_EQ(r.exit_code, 1) << r.text;
    EXPECT_NE(facts_of(r.text).at("emulated").at("self-test").find("out of memory"), std::string::npos) << r.text;
}

// Each provider of each op, with the data types that the library says it takes.
TEST(Doctor, lists_what_each_provider_takes) {
    const Output r = run("doctor --providers");
    EXPECT_EQ(r.exit_code, 0) << r.text;
    struct Expected {
        std::istringstream lines;
        int providers = 0;
    } expected{std::istringstream(r.text)};
    glia_providers_describe(
        [](void *user, const glia_provider_fact *fact) {
            auto *e = static_cast<Expected *>(user);
            std::string line;
            while (std::getline(e->lines, line) && line.find(fact->name) == std::string::npos) {
            }
            const std::string after = line.substr(line.find(fact->name) + std::string(fact->name).size());
            std::istringstream words(after);
            std::string word;
            for (glia_dtype dtype : {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16}) {
                words >> word;
                EXPECT_EQ(word, fact->dtypes >> dtype & 1 ? "yes" : "-") << fact->op << ": " << line;
            }
            EXPECT_NE(after.find(fact->formats), std::string::npos) << line;
            ++e->providers;
        },
        &expected);
    EXPECT_GE(expected.providers, 90);
    EXPECT_TRUE(r.says("cpu\n")) << r.text;
    EXPECT_TRUE(r.says("conv2d ")) << r.text;

    EXPECT_EQ(run("doctor --help").exit_code, 0);
    const Output refused = run("doctor --provider");
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_TRUE(refused.says("doctor takes --providers or nothing, not '--provider'")) << refused.text;
}

}  // namespace
