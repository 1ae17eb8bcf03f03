// Raw gzip: what is read in small pieces is what zlib unpacks at once.
#include <zlib.h>

#include <optional>

#include "fuzz/fuzz.h"

extern "C" {
#include "io/input.h"
}

namespace {

using namespace glia;

constexpr size_t kLimit = 1 << 18;  // of what is unpacked

// Nothing: it is broken.
std::optional<Bytes> unpacked(Bytes file) {
    enum { WINDOW = 15, GZIP = 16 };
    Bytes out(kLimit + 1);
    size_t used = 0, at = 0;
    bool whole = true;
    while (whole && at < file.size()) {
        z_stream stream{};
        require(inflateInit2(&stream, WINDOW + GZIP) == Z_OK, "inflateInit2");
        stream.next_in   = &file[at];
        stream.avail_in  = uInt(file.size() - at);
        stream.next_out  = &out[used];
        stream.avail_out = uInt(out.size() - used);
        whole            = inflate(&stream, Z_FINISH) == Z_STREAM_END;
        at               = file.size() - stream.avail_in;
        used             = out.size() - stream.avail_out;
        inflateEnd(&stream);
        while (at < file.size() && file[at] == 0) ++at;
    }
    if (!whole || used > kLimit) return {};
    out.resize(used);
    return out;
}

// The bytes of the whole file, in pieces of a size.
glia_status read(glia_context *ctx, const char *path, size_t piece, Bytes *out) {
    gli_input in;
    uint64_t bytes;
    GLI_TRY(gli_input_measure(ctx, path, kLimit, &bytes));
    GLI_TRY(gli_input_open(ctx, path, &in));
    glia_status status = GLIA_OK;
    out->resize(bytes);
    for (size_t at = 0; at < bytes && status == GLIA_OK; at += piece)
        status = gli_input_read(&in, &(*out)[at], bytes - at < piece ? bytes - at : piece, "a piece");
    if (status == GLIA_OK) status = gli_input_end(&in);
    gli_input_close(&in);
    return status;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const size_t piece = 1 + input.byte() * size_t{16};
    Bytes content      = input.rest();
    if (content.size() < 2) return 0;
    content[0] = 0x1f, content[1] = 0x8b;
    const auto want = unpacked(content);
    const MemoryFile file(content);
    Bytes got;
    const glia_status status = read(context.get(), file.path(), piece, &got);
    require((status == GLIA_OK) == want.has_value(), "broken gzip is read, or gzip is refused");
    if (status == GLIA_OK) require(got == *want, "other bytes");
    if (status != GLIA_OK) require(status == GLIA_BAD_FORMAT, "another error than GLIA_BAD_FORMAT");
    return 0;
}
