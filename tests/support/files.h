// Files for tests: a folder that is removed at the end, IDX and CIFAR.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "glia/status.h"

namespace glia {

using Bytes = std::vector<unsigned char>;

// Of hexadecimal digits.
inline Bytes from_hex(const std::string &text) {
    Bytes out;
    for (size_t i = 0; i < text.size(); i += 2)
        out.push_back(static_cast<unsigned char>(std::stoi(text.substr(i, 2), nullptr, 16)));
    return out;
}

class Folder {
   public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "glia-test-XXXXXX").string();
        path_            = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string operator/(const std::string &name) const { return (path_ / name).string(); }
    std::string path() const { return path_.string(); }
    std::string write(const std::string &name, const Bytes &bytes) const {
        std::ofstream file(path_ / name, std::ios::binary);
        file.write(reinterpret_cast<const char *>(bytes.data()), std::streamsize(bytes.size()));
        return *this / name;
    }

   private:
    std::filesystem::path path_;
};

// Paths of what is no file to read, or of one without content: what reading each has to return, and to say.
inline void for_each_bad_path(const Folder &folder,
                              const std::function<void(const std::string &, glia_status, const std::string &)> &fails) {
    fails(folder / "none", GLIA_NOT_FOUND, "No such file");
    fails(folder.path(), GLIA_IO_ERROR, "is a folder");
    fails("/dev/null", GLIA_IO_ERROR, "is a device");
    const std::string pipe = folder / "pipe";
    EXPECT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    fails(pipe, GLIA_IO_ERROR, "is a device or a pipe");
    fails(folder.write("empty", {}), GLIA_BAD_FORMAT, "has no content");
}

inline void put32(Bytes *to, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) to->push_back(static_cast<unsigned char>(value >> shift));
}

inline Bytes idx_file(unsigned char type, const std::vector<uint32_t> &dims, const Bytes &content) {
    Bytes file = {0, 0, type, static_cast<unsigned char>(dims.size())};
    for (uint32_t dim : dims) put32(&file, dim);
    file.insert(file.end(), content.begin(), content.end());
    return file;
}

// Records of CIFAR-10, or CIFAR-100, with these labels in front; byte k of record i is 31 i + k.
inline Bytes cifar_file(const std::vector<Bytes> &labels) {
    Bytes file;
    for (size_t i = 0; i < labels.size(); ++i) {
        file.insert(file.end(), labels[i].begin(), labels[i].end());
        for (size_t k = 0; k < 3072; ++k) file.push_back(static_cast<unsigned char>(31 * i + k));
    }
    return file;
}

}  // namespace glia
