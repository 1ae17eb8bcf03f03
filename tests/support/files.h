// Files for tests: a folder that is removed at the end, IDX and CIFAR.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

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
