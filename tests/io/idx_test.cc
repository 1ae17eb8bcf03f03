// IDX files: what is read, and that nothing a file may hold does harm.
#include <sys/stat.h>
#include <unistd.h>

#include "glia/glia.h"
#include "support/failing.h"
#include "support/gzip.h"
#include "support/internals.h"

extern "C" {
#include "io/idx.h"
}

namespace {

using namespace glia;

constexpr size_t no_limit = size_t(1) << 30;

class Idx : public testing::Test {
   protected:
    void SetUp() override { ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK); }
    void TearDown() override {
        EXPECT_EQ(glia_context_bytes(ctx), 0u);
        glia_context_destroy(ctx);
    }

    // Reads a file; on success checks that the block is as large as the shape says.
    glia_status read(const std::string &path, std::vector<double> *values = nullptr,
                     std::vector<int64_t> *dims = nullptr) {
        gli_idx idx              = {};
        const glia_status status = gli_idx_read(ctx, path.c_str(), no_limit, &idx);
        if (status != GLIA_OK) {
            EXPECT_EQ(idx.data.data, nullptr);
            EXPECT_NE(std::string(glia_message(ctx)).find(path), std::string::npos) << glia_message(ctx);
            return status;
        }
        size_t count = 1;
        for (int i = 0; i < idx.ndim; ++i) count *= size_t(idx.dim[i]);
        EXPECT_EQ(idx.data.bytes, count * glia_dtype_size(idx.dtype));
        for (size_t i = 0; i < count && values; ++i) values->push_back(gli_load(idx.dtype, idx.data.data, int64_t(i)));
        if (dims) dims->assign(idx.dim, idx.dim + idx.ndim);
        gli_block_free(ctx, &idx.data);
        return status;
    }

    std::string message() const { return glia_message(ctx); }

    Folder folder;
    glia_context *ctx = nullptr;
};

Bytes small_images() {
    Bytes content;
    for (int i = 0; i < 3 * 4 * 5; ++i) content.push_back(static_cast<unsigned char>(i * 7));
    return idx_file(0x08, {3, 4, 5}, content);
}

TEST_F(Idx, every_type_by_hand) {
    const struct {
        unsigned char type;
        Bytes content;
        std::vector<double> want;
    } table[] = {
        {0x08, {0, 127, 255}, {0, 127, 255}},
        {0x09, {0, 0x7f, 0xff, 0x80}, {0, 127, -1, -128}},
        {0x0B, {0x01, 0x02, 0xff, 0xfe, 0x80, 0x00}, {258, -2, -32768}},
        {0x0C, {0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff}, {256, -1}},
        {0x0D, {0x3f, 0xc0, 0, 0, 0xc0, 0x49, 0x0f, 0xdb}, {1.5, double(-3.14159274f)}},
        {0x0E, {0x3f, 0xf8, 0, 0, 0, 0, 0, 0}, {1.5}},
    };
    for (const auto &row : table) {
        std::vector<double> values;
        std::vector<int64_t> dims;
        const auto path = folder.write("file", idx_file(row.type, {uint32_t(row.want.size())}, row.content));
        ASSERT_EQ(read(path, &values, &dims), GLIA_OK) << message();
        EXPECT_EQ(values, row.want) << int(row.type);
        EXPECT_EQ(dims, std::vector<int64_t>{int64_t(row.want.size())});
    }
}

TEST_F(Idx, gzip_is_recognised_by_content_not_by_name) {
    std::vector<double> plain, packed;
    std::vector<int64_t> dims;
    ASSERT_EQ(read(folder.write("plain.gz", small_images()), &plain, &dims), GLIA_OK) << message();
    ASSERT_EQ(read(folder.write("packed", gzipped(small_images())), &packed), GLIA_OK) << message();
    EXPECT_EQ(plain, packed);
    EXPECT_EQ(dims, (std::vector<int64_t>{3, 4, 5}));
    EXPECT_EQ(plain[2], 14);
}

TEST_F(Idx, gzip_of_several_members_is_one_file) {
    const Bytes whole = small_images();
    for (size_t cut : {size_t(0), size_t(3), size_t(16), whole.size()}) {
        Bytes file         = gzipped(Bytes(whole.begin(), whole.begin() + long(cut)));
        const Bytes second = gzipped(Bytes(whole.begin() + long(cut), whole.end()));
        file.insert(file.end(), second.begin(), second.end());
        EXPECT_EQ(read(folder.write("two", file)), GLIA_OK) << message();
    }
}

// Tapes and block devices fill their last block with zeros; gunzip leaves them out as well.
TEST_F(Idx, gzip_may_have_zeros_behind_its_members) {
    const Bytes whole = small_images();
    for (size_t zeros : {1, 2, 512, 1 << 17}) {
        for (size_t cut : {size_t(7), whole.size()}) {
            Bytes file         = gzipped(Bytes(whole.begin(), whole.begin() + long(cut)));
            const Bytes second = gzipped(Bytes(whole.begin() + long(cut), whole.end()));
            file.resize(file.size() + zeros);
            file.insert(file.end(), second.begin(), second.end());
            file.resize(file.size() + zeros);
            EXPECT_EQ(read(folder.write("zeros", file)), GLIA_OK) << message();
            file.push_back('x');
            EXPECT_EQ(read(folder.write("garbage", file)), GLIA_BAD_FORMAT);
            EXPECT_NE(message().find("gzip"), std::string::npos) << message();
        }
    }
}

TEST_F(Idx, an_empty_set_is_a_set) {
    std::vector<int64_t> dims;
    EXPECT_EQ(read(folder.write("empty", idx_file(0x08, {0, 28, 28}, {})), nullptr, &dims), GLIA_OK) << message();
    EXPECT_EQ(dims, (std::vector<int64_t>{0, 28, 28}));
}

TEST_F(Idx, files_that_cannot_be_opened) {
    EXPECT_EQ(read(folder / "absent"), GLIA_NOT_FOUND);
    EXPECT_NE(message().find("No such file"), std::string::npos) << message();
    EXPECT_EQ(read(folder.path()), GLIA_IO_ERROR);
    EXPECT_NE(message().find("is a folder"), std::string::npos) << message();
    ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(read(folder / "pipe"), GLIA_IO_ERROR);
    if (geteuid() == 0) return;  // root reads everything
    const auto path = folder.write("secret", small_images());
    ASSERT_EQ(chmod(path.c_str(), 0), 0);
    EXPECT_EQ(read(path), GLIA_IO_ERROR);
    EXPECT_NE(message().find("denied"), std::string::npos) << message();
}

TEST_F(Idx, messages_carry_the_values) {
    const struct {
        Bytes file;
        const char *part;
    } table[] = {
        {{}, "ends 0 bytes into an IDX magic number"},
        {{0, 0, 8}, "ends 3 bytes into"},
        {{'P', 'K', 3, 4}, "begins with the bytes 50 4b 03 04"},
        {{0, 0, 0x0A, 1, 0, 0, 0, 1, 7}, "0x0a is not a type code"},
        {{0, 0, 8, 0}, "has 0 dimensions"},
        {{0, 0, 8, 9}, "has 9 dimensions"},
        {idx_file(8, {2, 3}, {1, 2, 3, 4, 5}), "announces 6 bytes of content, but 5 follow"},
        {idx_file(8, {2, 3}, {1, 2, 3, 4, 5, 6, 7}), "announces 6 bytes of content, but 7 follow"},
        {idx_file(8, {0xffffffff, 0xffffffff, 0xffffffff}, {1}), "more elements than 64 bits can count"},
        {idx_file(8, {0xffffffff, 0xffffffff}, {1}), "more elements than"},
        {gzipped(idx_file(8, {2, 3}, {1, 2, 3, 4, 5})), "ends 5 bytes into its content"},
        {gzipped(idx_file(8, {2, 3}, {1, 2, 3, 4, 5, 6, 7})), "goes on after its content of 18 bytes"},
        {gzipped(idx_file(8, {0x40000000}, {1})), "announces 1073741824 bytes of content, more than"},
    };
    for (const auto &row : table) {
        EXPECT_EQ(read(folder.write("file", row.file)), GLIA_BAD_FORMAT);
        if (std::string(row.part) == "more elements than") continue;
        EXPECT_NE(message().find(row.part), std::string::npos) << message() << "\nmust have: " << row.part;
    }
}

TEST_F(Idx, gzip_may_not_unpack_to_more_than_is_allowed) {
    const auto path = folder.write("zeros", gzipped(idx_file(8, {1 << 20}, Bytes(1 << 20)), 9));
    gli_idx idx;
    EXPECT_EQ(gli_idx_read(ctx, path.c_str(), (1 << 20) - 1, &idx), GLIA_BAD_FORMAT);
    EXPECT_NE(message().find("allowed are 1048575"), std::string::npos) << message();
    ASSERT_EQ(gli_idx_read(ctx, path.c_str(), 1 << 20, &idx), GLIA_OK) << message();
    gli_block_free(ctx, &idx.data);
}

// A lying header must not make the reader take memory: at most 4 times the file and a mebibyte.
TEST_F(Idx, memory_follows_the_file_not_its_header) {
    for (uint32_t rows : {1u, 1000u, 1u << 20, 0x7fffffffu, 0xffffffffu}) {
        const Bytes file = idx_file(0x0B, {rows, 60000}, Bytes(100));
        EXPECT_EQ(read(folder.write("plain", file)), GLIA_BAD_FORMAT);
        EXPECT_LE(glia_context_peak_bytes(ctx), 4 * file.size() + (1 << 20));
    }
}

// Mutants: whatever a file holds, the result is an error or a set that is as large as it says. `mutants` counts them.
int mutants;

TEST_F(Idx, mutants_truncated_everywhere) {
    for (const Bytes &whole : {small_images(), gzipped(small_images())}) {
        for (size_t size = 0; size < whole.size(); ++size, ++mutants)
            EXPECT_EQ(read(folder.write("cut", Bytes(whole.begin(), whole.begin() + long(size)))), GLIA_BAD_FORMAT)
                << size;
    }
}

TEST_F(Idx, mutants_with_one_changed_header_byte) {
    const Bytes whole = small_images();
    for (size_t at = 0; at < 16; ++at) {
        for (int value : {0, 1, 2, 3, 4, 5, 8, 9, 0x0B, 0x0C, 0x0D, 0x0E, 0x1f, 0x7f, 0x80, 0x8b, 0xff}) {
            if (whole[at] == value) continue;
            Bytes file = whole;
            file[at]   = static_cast<unsigned char>(value);
            ++mutants;
            const glia_status status = read(folder.write("changed", file));
            // Only i8 has elements of the same size.
            EXPECT_EQ(status, at == 2 && value == 9 ? GLIA_OK : GLIA_BAD_FORMAT)
                << at << " " << value << ": " << message();
        }
    }
}

TEST_F(Idx, mutants_with_one_changed_gzip_byte) {
    const Bytes whole = gzipped(small_images());
    std::vector<double> original;
    ASSERT_EQ(read(folder.write("whole", whole), &original), GLIA_OK);
    for (size_t at = 0; at < whole.size(); ++at) {
        for (int flip : {1, 0x80, 0xff}) {
            Bytes file = whole;
            file[at] ^= static_cast<unsigned char>(flip);
            ++mutants;
            // The time in the header or the bits behind the last symbol mean nothing: then the content is the same.
            std::vector<double> values;
            const glia_status status = read(folder.write("changed", file), &values);
            EXPECT_TRUE(status == GLIA_BAD_FORMAT || (status == GLIA_OK && values == original)) << at << " " << flip;
        }
    }
}

TEST_F(Idx, mutants_with_bytes_behind_the_end) {
    for (const Bytes &whole : {small_images(), gzipped(small_images())}) {
        for (const Bytes &tail :
             {Bytes{0}, Bytes{0x1f}, Bytes{0x1f, 0x8b}, Bytes{'x', 'y', 'z'}, Bytes(100), small_images()}) {
            Bytes file          = whole;
            const bool may_have = whole[0] == 0x1f && tail == Bytes(tail.size());  // zeros behind gzip
            file.insert(file.end(), tail.begin(), tail.end());
            ++mutants;
            EXPECT_EQ(read(folder.write("long", file)), may_have ? GLIA_OK : GLIA_BAD_FORMAT);
        }
    }
}

TEST_F(Idx, mutants_of_random_bytes) {
    const gli_random use = {2024, 0, 0};
    for (int i = 0; i < 300; ++i, ++mutants) {
        Bytes file          = small_images();
        const uint32_t many = 1 + gli_random_u32(use, uint64_t(i) * 64) % 8;
        for (uint32_t k = 0; k < many; ++k) {
            const uint32_t bits = gli_random_u32(use, uint64_t(i) * 64 + k + 1);
            file[bits % 20]     = static_cast<unsigned char>(bits >> 24);
        }
        if (i % 3 == 0) file = gzipped(file);
        const glia_status status = read(folder.write("random", file));
        EXPECT_TRUE(status == GLIA_OK || status == GLIA_BAD_FORMAT) << message();
    }
}

TEST_F(Idx, mutants_were_many) { EXPECT_TRUE(mutants == 0 || mutants >= 200) << mutants; }

TEST(IdxMemory, every_allocation_may_fail) {
    Folder folder;
    const auto plain = folder.write("plain", small_images()), packed = folder.write("packed", gzipped(small_images()));
    const auto read = [](const std::string &path) {
        return [path](glia_context *ctx) {
            gli_idx idx              = {};
            const glia_status status = gli_idx_read(ctx, path.c_str(), no_limit, &idx);
            gli_block_free(ctx, &idx.data);
            return status;
        };
    };
    EXPECT_EQ(fail_every_allocation(read(plain)), 1);
    EXPECT_GE(fail_every_allocation(read(packed)), 3);
}

}  // namespace
