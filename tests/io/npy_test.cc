// NPY and NPZ: what NumPy wrote is read, the same bytes are written, and nothing that a file may hold does harm.
#include "glia/npy.h"

#include "glia/glia.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/internals.h"

namespace {

using namespace glia;
using Shape = std::vector<int64_t>;

Bytes from_hex(const std::string &text) {
    Bytes out;
    for (size_t i = 0; i + 1 < text.size(); i += 2)
        out.push_back(static_cast<unsigned char>(std::stoi(text.substr(i, 2), nullptr, 16)));
    return out;
}

Bytes from_text(const std::string &text) { return Bytes(text.begin(), text.end()); }

Bytes content_of(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

struct Recorded {
    std::string name;
    glia_dtype dtype;
    Shape shape;
    bool ours;
    Bytes file, values;
};

const std::vector<Recorded> &recorded() {
#define NPY(name, dtype, shape, ours, file, values) {#name, dtype, shape, ours, from_hex(file), from_hex(values)},
#define NPZ(name, file)
#define ARCHIVED(name, dtype, shape, values)
    static const std::vector<Recorded> all = {
#include "io/npy_files.inc"
    };
#undef NPY
#undef NPZ
#undef ARCHIVED
    return all;
}

const std::vector<Recorded> &archived() {
#define NPY(name, dtype, shape, ours, file, values)
#define NPZ(name, file)
#define ARCHIVED(name, dtype, shape, values) {name, dtype, shape, true, {}, from_hex(values)},
    static const std::vector<Recorded> all = {
#include "io/npy_files.inc"
    };
#undef NPZ
#undef ARCHIVED
    return all;
}

const std::vector<std::pair<std::string, Bytes>> &archives() {
#define NPZ(name, file) {#name, from_hex(file)},
#define ARCHIVED(name, dtype, shape, values)
    static const std::vector<std::pair<std::string, Bytes>> all = {
#include "io/npy_files.inc"
    };
#undef NPY
#undef NPZ
#undef ARCHIVED
    return all;
}

glia_npy_array array_of(const Recorded &r) {
    glia_npy_array out{r.name.c_str(), r.dtype, {int(r.shape.size()), {}}, r.values.data(), r.values.size()};
    std::copy(r.shape.begin(), r.shape.end(), out.shape.dim);
    return out;
}

void expect_same(const glia_npy_array &got, const Recorded &want) {
    EXPECT_STREQ(glia_dtype_name(got.dtype), glia_dtype_name(want.dtype)) << want.name;
    EXPECT_EQ(Shape(got.shape.dim, got.shape.dim + got.shape.ndim), want.shape) << want.name;
    ASSERT_EQ(got.bytes, want.values.size()) << want.name;
    const auto *bytes = static_cast<const unsigned char *>(got.values);
    EXPECT_EQ(Bytes(bytes, bytes + got.bytes), want.values) << want.name;
    EXPECT_EQ(uintptr_t(got.values) % glia_dtype_size(got.dtype), 0u) << want.name;
}

class Npy : public testing::Test {
   protected:
    void SetUp() override { ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK); }
    void TearDown() override {
        glia_npy_destroy(file);
        EXPECT_EQ(glia_context_bytes(ctx), 0u);
        glia_context_destroy(ctx);
    }

    glia_status read(const Bytes &bytes, const glia_npy_args *args = nullptr) {
        glia_npy_destroy(file);
        file                     = nullptr;
        const std::string path   = folder.write("file", bytes);
        const glia_status status = glia_npy_read(ctx, path.c_str(), args, &file);
        if (status != GLIA_OK) {
            EXPECT_EQ(file, nullptr);
            EXPECT_EQ(message().find(path), 0u) << message();
        }
        return status;
    }

    // A file with this header and so many bytes of values.
    glia_status read_header(const std::string &header, size_t values) {
        Bytes bytes = from_text("\x93NUMPY\x01");
        bytes.push_back(0);
        bytes.push_back(static_cast<unsigned char>(header.size() & 255));
        bytes.push_back(static_cast<unsigned char>(header.size() >> 8));
        bytes.insert(bytes.end(), header.begin(), header.end());
        bytes.resize(bytes.size() + values);
        return read(bytes);
    }

    void expect_refused(const std::string &header, size_t values, glia_status status, const std::string &words) {
        EXPECT_EQ(read_header(header, values), status) << header;
        EXPECT_NE(message().find(words), std::string::npos) << message() << " lacks " << words;
    }

    std::string message() const { return glia_message(ctx); }

    Folder folder;
    glia_context *ctx = nullptr;
    glia_npy *file    = nullptr;
};

TEST_F(Npy, reads_what_numpy_wrote) {
    for (const Recorded &r : recorded()) {
        ASSERT_EQ(read(r.file), GLIA_OK) << r.name << ": " << message();
        ASSERT_EQ(glia_npy_count(file), 1);
        glia_npy_array got;
        ASSERT_EQ(glia_npy_get(file, 0, &got), GLIA_OK);
        EXPECT_STREQ(got.name, "");
        expect_same(got, r);
    }
}

TEST_F(Npy, writes_what_numpy_writes) {
    const std::string path = folder / "written";
    int written            = 0;
    for (const Recorded &r : recorded()) {
        if (!r.ours) continue;
        const glia_npy_array array = array_of(r);
        ASSERT_EQ(glia_npy_write(ctx, path.c_str(), &array), GLIA_OK) << message();
        EXPECT_EQ(content_of(path), r.file) << r.name;
        ++written;
    }
    EXPECT_EQ(written, 12);
}

TEST_F(Npy, reads_archives) {
    for (const auto &[name, bytes] : archives()) {
        ASSERT_EQ(read(bytes), GLIA_OK) << name << ": " << message();
        ASSERT_EQ(glia_npy_count(file), int(archived().size())) << name;
        for (const Recorded &r : archived()) {
            glia_npy_array got;
            ASSERT_EQ(glia_npy_get(file, glia_npy_find(file, r.name.c_str()), &got), GLIA_OK) << name << r.name;
            EXPECT_EQ(got.name, r.name);
            expect_same(got, r);
        }
        EXPECT_EQ(glia_npy_find(file, "y"), -1);
        glia_npy_array got;
        ASSERT_EQ(glia_npy_get_named(file, archived()[0].name.c_str(), &got), GLIA_OK) << message();
        EXPECT_EQ(got.name, archived()[0].name);
        EXPECT_EQ(glia_npy_get_named(file, "y", &got), GLIA_NOT_FOUND);
        EXPECT_NE(message().find(": has no array 'y', but " + archived()[0].name), std::string::npos) << message();
        EXPECT_EQ(glia_npy_get(file, -1, &got), GLIA_INVALID_ARGUMENT);
        EXPECT_NE(message().find(": index is -1, it has "), std::string::npos) << message();
    }
}

TEST_F(Npy, archives_come_back_as_they_were_written) {
    std::vector<glia_npy_array> arrays;
    for (const Recorded &r : recorded()) arrays.push_back(array_of(r));
    for (const Recorded &r : archived()) arrays.push_back(array_of(r));
    const Bytes zeros(1 << 20);
    arrays.push_back({"zeros", GLIA_U8, GLIA_SHAPE(1 << 20), zeros.data(), zeros.size()});
    size_t bytes[2];
    for (bool compressed : {false, true}) {
        const std::string path = folder / "written";
        ASSERT_EQ(glia_npz_write(ctx, path.c_str(), arrays.data(), int(arrays.size()), compressed), GLIA_OK);
        const Bytes content = content_of(path);
        bytes[compressed]   = content.size();
        ASSERT_EQ(read(content), GLIA_OK) << message();
        ASSERT_EQ(glia_npy_count(file), int(arrays.size()));
        for (int i = 0; i < glia_npy_count(file); ++i) {
            glia_npy_array got;
            ASSERT_EQ(glia_npy_get(file, i, &got), GLIA_OK);
            EXPECT_STREQ(got.name, arrays[size_t(i)].name);
            ASSERT_EQ(got.bytes, arrays[size_t(i)].bytes);
            if (got.bytes > 0) {
                EXPECT_EQ(memcmp(got.values, arrays[size_t(i)].values, got.bytes), 0) << got.name;
            }
        }
        glia_npz_write(ctx, path.c_str(), nullptr, 0, compressed);
        ASSERT_EQ(read(content_of(path)), GLIA_OK) << message();
        EXPECT_EQ(glia_npy_count(file), 0);
    }
    EXPECT_GT(bytes[0], zeros.size());
    EXPECT_LT(bytes[1], zeros.size() / 10);
}

TEST_F(Npy, no_trust_in_headers) {
    const std::string rest = "'fortran_order': False, 'shape': (2,), }";
    EXPECT_EQ(read_header("{'descr': '<f4', " + rest, 8), GLIA_OK) << message();
    EXPECT_EQ(read_header("{ \"shape\":(2L,2),'fortran_order':True,\"descr\":'>i2' } \n", 8), GLIA_OK) << message();
    expect_refused("{'descr': '<f4', " + rest, 7, GLIA_BAD_FORMAT, "[2] of 'f4' needs 8 bytes, but 7 follow");
    expect_refused("{'descr': '<f4', " + rest, 9, GLIA_BAD_FORMAT, "needs 8 bytes, but 9 follow");
    const std::string of = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
    expect_refused(of + "(4611686018427387904, 4)}", 8, GLIA_BAD_FORMAT, "[4611686018427387904,4] has more bytes");
    expect_refused(of + "(4611686018427387904,)}", 8, GLIA_BAD_FORMAT, "more bytes than 64 bits");
    expect_refused(of + "(9223372036854775808,)}", 8, GLIA_BAD_FORMAT, "9223372036854775808 is beyond 64 bits");
    expect_refused(of + "(-1,)}", 8, GLIA_BAD_FORMAT, "0x2d where a dimension should be");
    expect_refused(of + "(2)}", 8, GLIA_BAD_FORMAT, "0x29 where a comma");
    expect_refused(of + "(1,1,1,1,1,1,1,1,2)}", 8, GLIA_UNSUPPORTED, "more than 8 dimensions");
    expect_refused(of + "(2,)", 8, GLIA_BAD_FORMAT, "the header ends where ',' or '}'");
    expect_refused(of + "(2,)} x", 8, GLIA_BAD_FORMAT, "0x78 where the end should be");
    expect_refused(of + "(2,), 'shape': (2,)}", 8, GLIA_BAD_FORMAT, "'shape' is there twice");
    expect_refused(of + "(2,), 'order': 1}", 8, GLIA_BAD_FORMAT, "'order' is none of NPY");
    expect_refused("{'descr': '<f4', 'shape': (2,)}", 8, GLIA_BAD_FORMAT, "has no 'fortran_order'");
    expect_refused("{'descr': '<f4', 'fortran_order': Falsx, 'shape': (2,)}", 8, GLIA_BAD_FORMAT, "True or False");
    expect_refused("{'descr", 8, GLIA_BAD_FORMAT, "ends where the end of a text should be");
    expect_refused("", 8, GLIA_BAD_FORMAT, "ends where a dictionary should be");
    for (const char *type : {"<c8", "|O", "<U4", "|S3", "<M8[s]", "<f16", "|V2", ">V2", "|f4", "f4", ""})
        expect_refused("{'descr': '" + std::string(type) + "', " + rest, 8, GLIA_UNSUPPORTED,
                       "the type '" + std::string(type) + "'");
    expect_refused("{'descr': [('a', '<f4')], " + rest, 8, GLIA_UNSUPPORTED, "records");
}

TEST_F(Npy, no_trust_in_lengths) {
    Bytes whole = recorded()[0].file;
    for (size_t n = 0; n < whole.size(); ++n)
        ASSERT_EQ(read(Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(n))), GLIA_BAD_FORMAT) << n;
    whole[6] = 4;
    EXPECT_EQ(read(whole), GLIA_UNSUPPORTED);
    EXPECT_NE(message().find("version 4.0"), std::string::npos);
    whole[6] = 2, whole[10] = 0xff, whole[11] = 0xff;
    EXPECT_EQ(read(whole), GLIA_UNSUPPORTED);
    EXPECT_NE(message().find("allowed are 65536"), std::string::npos) << message();
    const glia_npy_args small{.max_bytes = 100};
    EXPECT_EQ(read(recorded()[0].file, &small), GLIA_BAD_FORMAT);
    EXPECT_NE(message().find("allowed are 100 (max_bytes)"), std::string::npos) << message();
}

TEST_F(Npy, large_unsigned_values_are_told) {
    const auto found = std::find_if(recorded().begin(), recorded().end(), [](const auto &r) { return r.name == "u8"; });
    Bytes bytes      = found->file;
    bytes.back()     = 0x80;
    EXPECT_EQ(read(bytes), GLIA_BAD_FORMAT);
    EXPECT_NE(message().find("byte 160: the value 9295429630892703743 of uint64 has no i64"), std::string::npos)
        << message();
}

TEST_F(Npy, no_trust_in_archives) {
    for (const auto &[name, whole] : archives()) {
        for (size_t n = whole.size() % 17; n < whole.size(); n += n + 30 < whole.size() ? 17 : 1)
            ASSERT_NE(read(Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(n))), GLIA_OK) << name << n;
        Bytes broken = whole;  // in the first member's values, or what they are packed in
        broken[whole.size() / 6] ^= 0x10;
        EXPECT_EQ(read(broken), GLIA_BAD_FORMAT) << name;
        const glia_npy_args small{.max_bytes = whole.size() - 1};
        EXPECT_EQ(read(whole, &small), GLIA_BAD_FORMAT) << name;
        EXPECT_NE(message().find("(max_bytes)"), std::string::npos) << message();
    }
    const Bytes zeros(1 << 20);
    const glia_npy_array array{"x", GLIA_U8, GLIA_SHAPE(1 << 20), zeros.data(), zeros.size()};
    const std::string path = folder / "zeros";
    ASSERT_EQ(glia_npz_write(ctx, path.c_str(), &array, 1, true), GLIA_OK) << message();
    const glia_npy_args small{.max_bytes = 1 << 20};
    EXPECT_EQ(read(content_of(path), &small), GLIA_BAD_FORMAT);
    EXPECT_NE(message().find("'x' has 1048704 bytes after 0 of other arrays, allowed are 1048576"), std::string::npos)
        << message();
}

TEST_F(Npy, names_and_sizes_are_checked_before_writing) {
    const std::string path = folder / "written";
    const float x[2]       = {};
    const auto fails       = [&](glia_npy_array array, glia_status status, const std::string &words) {
        const glia_npy_array both[] = {{"x", GLIA_F32, GLIA_SHAPE(2), x, sizeof x}, array};
        EXPECT_EQ(glia_npz_write(ctx, path.c_str(), both, 2, false), status);
        EXPECT_NE(message().find(words), std::string::npos) << message();
        EXPECT_FALSE(std::filesystem::exists(path));
    };
    fails({"x", GLIA_F32, GLIA_SHAPE(2), x, sizeof x}, GLIA_INVALID_ARGUMENT, "'x' comes twice");
    fails({nullptr, GLIA_F32, GLIA_SHAPE(2), x, sizeof x}, GLIA_INVALID_ARGUMENT, "name of arrays[1]");
    fails({"\xff", GLIA_F32, GLIA_SHAPE(2), x, sizeof x}, GLIA_INVALID_ARGUMENT, "name of arrays[1]");
    fails({"y", GLIA_F32, GLIA_SHAPE(3), x, sizeof x}, GLIA_SHAPE_MISMATCH, "has 8 bytes, its shape and dtype have 12");
    fails({"y", GLIA_F32, GLIA_SHAPE(-3), x, sizeof x}, GLIA_INVALID_ARGUMENT, "-3");
    fails({"y", glia_dtype(9), GLIA_SHAPE(2), x, sizeof x}, GLIA_INVALID_ARGUMENT, "dtype 9");
    fails({"y", GLIA_F32, GLIA_SHAPE(2), nullptr, sizeof x}, GLIA_INVALID_ARGUMENT, "values of arrays[1] are NULL");
}

TEST_F(Npy, out_of_memory_is_an_ordinary_error) {
    const std::string in = folder.write("in", archives()[1].second), out = folder / "out";
    const glia_npy_array array = array_of(archived()[0]);
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  glia_npy *read           = nullptr;
                  const glia_status status = glia_npy_read(c, in.c_str(), nullptr, &read);
                  glia_npy_destroy(read);
                  return status;
              }),
              10);
    EXPECT_GT(fail_every_allocation([&](glia_context *c) { return glia_npz_write(c, out.c_str(), &array, 1, true); }),
              5);
}

}  // namespace
