// IDX, plain and gzipped, beside a reader that knows nothing of ours.
#include <algorithm>
#include <cstring>
#include <optional>

#include "fuzz/fuzz.h"

extern "C" {
#include "io/idx.h"
}

namespace {

using namespace glia;

struct Array {
    glia_dtype dtype;
    std::vector<int64_t> dims;
    Bytes content;  // of the machine's elements
};

uint32_t read32(const unsigned char *at) {
    return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}

template <class To>
void append(Array *out, To value) {
    const auto *bytes = reinterpret_cast<const unsigned char *>(&value);
    out->content.insert(out->content.end(), bytes, bytes + sizeof value);
}

void append(Array *out, unsigned char code, const unsigned char *at) {
    switch (code) {
        case 0x08: return append(out, *at);
        case 0x09: return append(out, int32_t{int8_t(*at)});
        case 0x0B: return append(out, int32_t{int16_t(at[0] << 8 | at[1])});
        case 0x0E: return append(out, uint64_t{read32(at)} << 32 | read32(at + 4));
        default: return append(out, read32(at));
    }
}

// Nothing: it is not IDX.
std::optional<Array> expected(const Bytes &file) {
    static const int sizes[]        = {1, 1, 0, 2, 4, 4, 8};  // of the codes from 8 on
    static const glia_dtype types[] = {GLIA_U8, GLIA_I32, GLIA_U8, GLIA_I32, GLIA_I32, GLIA_F32, GLIA_F64};
    if (file.size() < 4 || file[0] != 0 || file[1] != 0 || file[2] < 8 || file[2] > 14 || file[2] == 10) return {};
    const size_t ndim = file[3], size = size_t(sizes[file[2] - 8]), begin = 4 + 4 * ndim;
    if (ndim < 1 || ndim > GLIA_MAX_DIMS || file.size() < begin) return {};
    Array out{types[file[2] - 8], {}, {}};
    for (size_t i = 0; i < ndim; ++i) out.dims.push_back(read32(&file[4 + 4 * i]));
    size_t count = std::count(out.dims.begin(), out.dims.end(), 0) > 0 ? 0 : 1;
    for (int64_t dim : out.dims) {
        if (count > file.size()) return {};
        count *= size_t(dim);
    }
    if (count > file.size() || begin + count * size != file.size()) return {};
    for (size_t i = 0; i < count; ++i) append(&out, file[2], &file[begin + i * size]);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const unsigned how  = input.byte();
    const Bytes content = input.rest();
    const bool is_gzip  = how % 4 == 0 && content.size() >= 2 && content[0] == 0x1f && content[1] == 0x8b;
    const auto want     = expected(content);
    const MemoryFile file(packed(content, how));
    gli_idx got;
    const glia_status status = gli_idx_read(context.get(), file.path(), 1 << 20, &got);
    if (status == GLIA_OK) {
        require(is_gzip || want, "bytes that are no IDX are read");
        if (want) {
            require(got.dtype == want->dtype && got.ndim == int(want->dims.size()), "another dtype or rank");
            require(std::equal(want->dims.begin(), want->dims.end(), got.dim), "another shape");
            require(got.data.bytes == want->content.size(), "another size");
            require(want->content.empty() || memcmp(got.data.data, want->content.data(), got.data.bytes) == 0,
                    "other elements");
        }
        gli_block_free(context.get(), &got.data);
    } else {
        require(!want, "an IDX file is refused");
        require(status == GLIA_BAD_FORMAT, "another error than GLIA_BAD_FORMAT");
        require(context.message().find(file.path()) == 0, "a message without the path");
    }
    return 0;
}
