// Where libraries are looked for, and what is passed over: libraries made for the purpose, in folders of the test's
// own.
#include <gtest/gtest.h>
#include <stdint.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

extern "C" {
#include "cuda/library/library_search.h"
}

namespace {

namespace fs = std::filesystem;

struct Table {
    int (*version)();
    int (*work)();
};

const gli_library_function functions[] = {
    {"fake_version", offsetof(Table, version)}, {"fake_work", offsetof(Table, work)}, {}};
const char *const files[] = {"libgliafake.so.9", nullptr};

bool check(const void *table, char *version, size_t size) {
    const int v = static_cast<const Table *>(table)->version();
    snprintf(version, size, v == 9 ? "%d" : "it is version %d", v);
    return v == 9;
}

const gli_library_kind kind = {"fake", files, "fake", functions, sizeof(Table), check};

// A folder of the test, and an environment in which nothing is found but what the test puts there.
class Search : public testing::Test {
   protected:
    void SetUp() override {
        fs::remove_all(root);
        fs::create_directories(root);
        for (const char *name : {"GLIA_CUDA_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX", "VIRTUAL_ENV"})
            unsetenv(name);
        setenv("HOME", root.c_str(), 1);
        setenv("PATH", (root / "bin").c_str(), 1);
    }
    void TearDown() override {
        gli_library_close(&found);
        fs::remove_all(root);
    }

    // One of the libraries that the build made: good, old (another version) or poor (without fake_work).
    fs::path put(const std::string &what, const fs::path &folder) const {
        const fs::path to = root / folder / files[0];
        fs::create_directories(to.parent_path());
        fs::copy_file(fs::path(GLIA_FAKE_LIBRARIES) / what, to);
        return to;
    }
    fs::path put_program(const fs::path &at) const {
        fs::create_directories((root / at).parent_path());
        std::ofstream(root / at) << "#!/bin/sh\n";
        fs::permissions(root / at, fs::perms::owner_all);
        return root / at;
    }
    void set(const char *name, const std::string &value) const { setenv(name, value.c_str(), 1); }
    // Folders of the test as a list with colons; "" is an empty entry.
    std::string list(std::initializer_list<const char *> folders) const {
        std::string all;
        for (const char *folder : folders) {
            if (!all.empty()) all += ':';
            if (*folder) all += (root / folder).string();
        }
        return all;
    }
    bool open() { return gli_library_open(&kind, &table, &found); }
    bool finds(const fs::path &library) {
        gli_library_close(&found);
        return open() && fs::path(found.path).lexically_normal() == library;
    }

    const fs::path root = fs::temp_directory_path() / std::to_string(getpid()).insert(0, "glia_search_");
    Table table{};
    gli_library_found found{};
};

TEST_F(Search, finds_nothing_and_says_where_it_looked) {
    ASSERT_FALSE(open());
    EXPECT_EQ(found.library, nullptr);
    EXPECT_NE(std::string(found.why).find("libgliafake.so.9 is not in GLIA_CUDA_LIBRARY_PATH"), std::string::npos)
        << found.why;
    EXPECT_EQ(table.version, nullptr);
}

TEST_F(Search, goes_through_the_list_of_folders) {
    const fs::path good = put("libgliafake_good.so", "b");
    set("GLIA_CUDA_LIBRARY_PATH", list({"a", "", "b"}));
    ASSERT_TRUE(open()) << found.why;
    EXPECT_EQ(found.path, good.string().insert(good.string().rfind('/'), "/."));
    EXPECT_STREQ(found.version, "9");
    EXPECT_STREQ(found.why, "");
    EXPECT_EQ(table.work(), 42);
}

TEST_F(Search, passes_over_what_does_not_fit_and_remembers_why) {
    fs::create_directories(root / "empty");
    std::ofstream(root / "empty" / files[0]);
    put("libgliafake_poor.so", "poor"), put("libgliafake_old.so", "old");
    const auto why = [&](const char *folder) {
        set("GLIA_CUDA_LIBRARY_PATH", root / folder);
        EXPECT_FALSE(open()) << folder;
        return std::string(found.why);
    };
    EXPECT_NE(why("empty").find("file too short"), std::string::npos) << found.why;
    EXPECT_NE(why("poor").find("has no function fake_work"), std::string::npos) << found.why;
    EXPECT_NE(why("old").find("it is version 8"), std::string::npos) << found.why;
    put("libgliafake_good.so", "good");
    set("GLIA_CUDA_LIBRARY_PATH", list({"empty", "poor", "old", "good"}));
    EXPECT_TRUE(open()) << found.why;
}

TEST_F(Search, knows_the_toolkit_and_the_packages_of_python) {
    const struct {
        const char *variable, *value, *library;
    } places[] = {{"CUDA_HOME", "home", "home/lib64"},
                  {"VIRTUAL_ENV", "env", "env/lib/python3.11/site-packages/nvidia/fake/lib"}};
    for (const auto &place : places) {
        set(place.variable, root / place.value);
        EXPECT_TRUE(finds(put("libgliafake_good.so", place.library))) << found.why;
        unsetenv(place.variable);
    }
}

TEST_F(Search, follows_the_compiler_and_the_python_in_the_path) {
    fs::create_directories(root / "bin");
    fs::create_symlink(put_program("toolkit/bin/nvcc"), root / "bin/nvcc");
    put_program("usr/bin/python3");
    const struct {
        const char *path, *library;
    } places[] = {{"bin", "toolkit/targets/x86_64-linux/lib"},
                  {"usr/bin", "usr/local/lib/python3.12/dist-packages/nvidia/cu13/lib"}};
    for (const auto &place : places) {
        set("PATH", list({"nothing", place.path}));
        EXPECT_TRUE(finds(put("libgliafake_good.so", place.library))) << found.why;
    }
}

TEST_F(Search, the_users_folders_come_first) {
    put("libgliafake_good.so", "mine");
    put("libgliafake_good.so", "home/lib64");
    set("CUDA_HOME", root / "home");
    set("GLIA_CUDA_LIBRARY_PATH", root / "mine");
    ASSERT_TRUE(open()) << found.why;
    EXPECT_NE(std::string(found.path).find("/mine/"), std::string::npos) << found.path;
}

}  // namespace
