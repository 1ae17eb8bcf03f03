// NPY and NPZ: raw bytes, and headers and archives that are right but for what the input says. Whatever is read is
// written, plain and packed, and read again as the same.
#include <algorithm>
#include <cstring>

#include "fuzz/fuzz.h"
#include "glia/npy.h"

namespace {

using namespace glia;

constexpr size_t kMostBytes = 1 << 20;

Bytes with_header(const std::string &header, const Bytes &values) {
    Bytes out = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    out.push_back(static_cast<unsigned char>(header.size() & 255));
    out.push_back(static_cast<unsigned char>(header.size() >> 8));
    out.insert(out.end(), header.begin(), header.end());
    out.insert(out.end(), values.begin(), values.end());
    return out;
}

// A header whose parts the input chooses, in front of the rest.
Bytes likely(Input *input) {
    static const char *const types[] = {"<f4", "<f8", "<f2", "<V2", "|u1", "<i4", "<i8", "|b1",
                                        "|i1", ">i2", "<u2", ">u4", ">u8", ">f4", "<u8", "|O"};
    const std::string type = types[input->byte() % 16], order = input->byte() % 2 ? "True" : "False";
    std::string shape;
    for (unsigned n = input->byte() % 4; n > 0; --n) shape += std::to_string(input->byte() % 16) + ",";
    return with_header("{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': (" + shape + "), }",
                       input->rest());
}

std::vector<glia_npy_array> arrays_of(const glia_npy *file) {
    std::vector<glia_npy_array> out(size_t(glia_npy_count(file)));
    for (int i = 0; i < glia_npy_count(file); ++i) {
        require(glia_npy_get(file, i, &out[size_t(i)]) == GLIA_OK, "an array is not given");
        require(glia_npy_find(file, out[size_t(i)].name) == i, "an array is not found");
    }
    return out;
}

// An empty array may announce dimensions that no tensor can have.
bool is_writable(const glia_npy_array &array) {
    int64_t count = 8;
    for (int i = 0; i < array.shape.ndim; ++i)
        if (__builtin_mul_overflow(count, std::max<int64_t>(array.shape.dim[i], 1), &count)) return false;
    const size_t length = strlen(array.name);
    return length > 0 && length < 256 &&
           std::all_of(
               array.name, array.name + length,
               [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

void check(Context *context, const glia_npy *file) {
    std::vector<glia_npy_array> arrays = arrays_of(file);
    if (arrays.size() == 1 && arrays[0].name[0] == '\0') arrays[0].name = "x";
    if (!std::all_of(arrays.begin(), arrays.end(), is_writable)) return;
    for (bool compressed : {false, true}) {
        glia_npy *again = nullptr;
        require(
            glia_npz_write(context->get(), scratch().c_str(), arrays.data(), int(arrays.size()), compressed) == GLIA_OK,
            "it is not written");
        require(glia_npy_read(context->get(), scratch().c_str(), nullptr, &again) == GLIA_OK, "it is not read again");
        const std::vector<glia_npy_array> got = arrays_of(again);
        require(got.size() == arrays.size(), "another number of arrays");
        for (size_t i = 0; i < got.size(); ++i) {
            const glia_npy_array &a = arrays[i], &b = got[i];
            require(strcmp(a.name, b.name) == 0 && a.dtype == b.dtype && a.bytes == b.bytes, "another array");
            require(a.shape.ndim == b.shape.ndim && std::equal(a.shape.dim, a.shape.dim + a.shape.ndim, b.shape.dim),
                    "another shape");
            require(a.bytes == 0 || memcmp(a.values, b.values, a.bytes) == 0, "other values");
        }
        glia_npy_destroy(again);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const bool raw = input.byte() % 2 == 0;
    const MemoryFile content(raw ? input.rest() : likely(&input));
    const glia_npy_args args{.max_bytes = kMostBytes};
    glia_npy *file           = nullptr;
    const glia_status status = glia_npy_read(context.get(), content.path(), &args, &file);
    if (status == GLIA_OK) {
        check(&context, file);
        glia_npy_destroy(file);
    } else {
        require(status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED, "another error");
        require(context.message().find(content.path()) == 0, "a message without the path");
    }
    return 0;
}
