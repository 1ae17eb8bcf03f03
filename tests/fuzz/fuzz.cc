#include "fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>

namespace glia {

void require(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "wrong: %s\n", what);
    abort();
}

MemoryFile::MemoryFile(const Bytes &content) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    require(descriptor_ >= 0, "there is no file in memory");
    require(write(descriptor_, content.data(), content.size()) == ssize_t(content.size()), "the file is not written");
    path_ = "/proc/self/fd/" + std::to_string(descriptor_);
}

MemoryFile::~MemoryFile() { close(descriptor_); }

const std::string &scratch() {
    static const struct Scratch {
        std::string folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm/glia-fuzz-XXXXXX" : "/tmp/glia-fuzz-XXXXXX",
                    path;
        Scratch() : path(std::string(mkdtemp(folder.data())) + "/v") {}
        ~Scratch() { unlink(path.c_str()), rmdir(folder.c_str()); }
    } scratch;
    return scratch.path;
}

Bytes gzip_member(const unsigned char *content, size_t size) {
    enum { WINDOW = 15, GZIP = 16, MEMORY = 8 };
    z_stream stream{};
    require(deflateInit2(&stream, 1, Z_DEFLATED, WINDOW + GZIP, MEMORY, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
    Bytes out(deflateBound(&stream, uLong(size)));
    stream.next_in   = const_cast<unsigned char *>(content);
    stream.avail_in  = uInt(size);
    stream.next_out  = out.data();
    stream.avail_out = uInt(out.size());
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate");
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

Bytes packed(const Bytes &content, unsigned how) {
    if (how % 4 == 0) return content;
    const size_t cut = how % 4 == 1 ? content.size() : content.size() / 2;
    Bytes out        = gzip_member(content.data(), cut);
    if (how % 4 > 1) {
        const Bytes second = gzip_member(content.data() + cut, content.size() - cut);
        out.insert(out.end(), second.begin(), second.end());
    }
    if (how % 4 == 3) out.resize(out.size() + 512);
    return out;
}

}  // namespace glia
