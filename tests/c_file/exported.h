// A model's C file, compiled by a compiler of this machine and loaded.
#pragma once

#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "predict/predict_net.h"
#include "support/files.h"

namespace glia {

inline const char *const kStrict = " -std=c99 -Wall -Wextra -Wpedantic -Werror ";

inline std::string read_text(const std::string &path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// Runs a command line and expects that it ends with 0 and says nothing.
inline void expect_quiet(const std::string &command, const std::string &log) {
    EXPECT_EQ(std::system((command + " > " + log + " 2>&1").c_str()), 0) << command << "\n" << read_text(log);
    EXPECT_EQ(read_text(log), "") << command;
}

struct Exported {
    Folder folder;
    std::string path;
    glia_c_file_info info{};
    void *library = nullptr;

    explicit Exported(glia_model *net, const glia_c_file_args &args = {}, const std::string &name = "net.c") {
        path = folder / name;
        EXPECT_EQ(glia_model_export_c(net, path.c_str(), &args, &info), GLIA_OK);
    }
    ~Exported() {
        if (library) dlclose(library);
    }
    std::string text() const { return read_text(path); }

    void compile(const std::string &compiler = GLIA_CC, const std::string &flags = "-O1") {
        const std::string object = folder / "net.so";
        expect_quiet(compiler + kStrict + flags + " -shared -fPIC -o " + object + " '" + path + "' -lm",
                     folder / "log");
        library = dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
        EXPECT_TRUE(library) << dlerror();
    }
    template <class Function>
    Function *find(const std::string &suffix) const {
        const std::string name = std::string(info.prefix) + "_" + suffix;
        void *found            = library ? dlsym(library, name.c_str()) : nullptr;
        EXPECT_TRUE(found) << name;
        return reinterpret_cast<Function *>(found);
    }
    // One sample after the other.
    Values run(const Values &x, size_t samples, size_t outputs) const {
        Values y(outputs, NAN);
        auto *run = find<void(const float *, float *)>("run");
        for (size_t i = 0; run && i < samples; ++i)
            run(x.data() + i * x.size() / samples, y.data() + i * outputs / samples);
        return y;
    }
    // A stream in pieces, from its beginning.
    Values stream(const Values &x, int steps, size_t outputs, int chunk) const {
        Values y(outputs, NAN);
        std::vector<uint64_t> state(info.state / 8 + 1, 0x7f7f7f7f7f7f7f7f);
        auto *init = find<void(void *)>("init");
        auto *run  = find<void(void *, int, const float *, float *)>("run");
        if (!init || !run) return y;
        init(state.data());
        for (int t = 0; t < steps; t += chunk)
            run(state.data(), std::min(chunk, steps - t), x.data() + size_t(t) * x.size() / size_t(steps),
                y.data() + size_t(t) * outputs / size_t(steps));
        return y;
    }
};

// 1e-6 of the largest output.
inline void expect_same(const Values &got, const Values &want) {
    float scale = 0;
    for (const float v : want) scale = std::max(scale, std::abs(v));
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i)
        if (std::isnan(want[i]))
            EXPECT_TRUE(std::isnan(got[i])) << i << ": " << got[i];
        else
            EXPECT_LE(std::abs(got[i] - want[i]), 1e-6f * scale) << i << ": " << got[i] << ", not " << want[i];
}

}  // namespace glia
