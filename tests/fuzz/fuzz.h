// What the targets share: a context without a device, files in memory, and checks that end a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

extern "C" {
#include "core/context_impl.h"
}

namespace glia {

using Bytes = std::vector<unsigned char>;

// Reports what is wrong, and ends the run, which libFuzzer takes as a failure of its input.
void require(bool condition, const char *what);

// A context for readers of files and of text, without a device. It must be empty of memory at its end.
class Context {
   public:
    Context();
    ~Context();
    glia_context *get() { return &ctx_; }
    std::string message() const { return ctx_.message; }

   private:
    glia_context ctx_{};
};

// A file that has a path, and is in memory alone.
class MemoryFile {
   public:
    explicit MemoryFile(const Bytes &content);
    ~MemoryFile();
    const char *path() const { return path_.c_str(); }

   private:
    int descriptor_;
    std::string path_;
};

// A path that writing may replace, in memory where there is a folder for that.
const std::string &scratch();

// One member of gzip.
Bytes gzip_member(const unsigned char *content, size_t size);

// The bytes of an input, from the front. Beyond the end there are zeros.
class Input {
   public:
    Input(const uint8_t *data, size_t size) : data_(data), size_(size) {}
    uint8_t byte() { return size_ > 0 ? (--size_, *data_++) : uint8_t{0}; }
    size_t number(size_t below) { return (byte() | size_t{byte()} << 8) % below; }
    Bytes rest() const { return Bytes(data_, data_ + size_); }

   private:
    const uint8_t *data_;
    size_t size_;
};

// The bytes as they are, or as one or two members of gzip with zeros behind them, as `how` says.
Bytes packed(const Bytes &content, unsigned how);

}  // namespace glia
