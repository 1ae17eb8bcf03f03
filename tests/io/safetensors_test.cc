// safetensors: files that are read, files that are refused, and files that are written as the format's own library
// does.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"

namespace {

using namespace glia;
using std::string;

Bytes bytes_of(const string &text) { return Bytes(text.begin(), text.end()); }

// A file with this header, its length in front, and this many bytes of values 0, 1, 2, ...
Bytes file_of(const string &header, size_t values) {
    Bytes file;
    for (int i = 0; i < 8; ++i) file.push_back(static_cast<unsigned char>(uint64_t(header.size()) >> 8 * i));
    file.insert(file.end(), header.begin(), header.end());
    for (size_t i = 0; i < values; ++i) file.push_back(static_cast<unsigned char>(i));
    return file;
}

string object(const string &name, const string &dtype, const string &shape, size_t begin, size_t end) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape + "],\"data_offsets\":[" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
}

Bytes content_of(const string &path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

class Safetensors : public ContextTest {
   protected:
    void TearDown() override {
        glia_safetensors_close(file);
        ContextTest::TearDown();
    }
    glia_status open(const string &path) {
        glia_safetensors_close(file);
        file = nullptr;
        return glia_safetensors_open(ctx, path.c_str(), &file);
    }
    glia_status open(const Bytes &content) { return open(folder.write("f", content)); }
    glia_safetensors_entry get(const char *name) {
        glia_safetensors_entry entry{};
        EXPECT_EQ(glia_safetensors_get(file, glia_safetensors_find(file, name), &entry), GLIA_OK) << message();
        return entry;
    }
    glia_status write(const std::vector<glia_safetensors_entry> &entries,
                      const std::vector<glia_safetensors_note> &notes = {}) {
        return glia_safetensors_write(ctx, path.c_str(), entries.data(), int(entries.size()), notes.data(),
                                      int(notes.size()));
    }

    Folder folder;
    const string path      = folder / "written";
    glia_safetensors *file = nullptr;
};

TEST_F(Safetensors, is_written_byte_by_byte_as_its_own_library_writes_it) {
    const float w[]   = {1, 2, 3, 4, 5, 6};
    const int64_t n[] = {7};
    const uint8_t u[] = {1, 2, 3};
    ASSERT_EQ(write({{"u", GLIA_U8, GLIA_SHAPE(3), u, 3},
                     {"fc.weight", GLIA_F32, GLIA_SHAPE(2, 3), w, 24},
                     {"fc.bias", GLIA_F32, GLIA_SHAPE(2), w, 8},
                     {"bn.num_batches_tracked", GLIA_I64, GLIA_SCALAR, n, 8}},
                    {{"format", "p t"}}),
              GLIA_OK)
        << message();
    string want = "{\"__metadata__\":{\"format\":\"p t\"}," + object("bn.num_batches_tracked", "I64", "", 0, 8) + "," +
                  object("fc.bias", "F32", "2", 8, 16) + "," + object("fc.weight", "F32", "2,3", 16, 40) + "," +
                  object("u", "U8", "3", 40, 43) + "}";
    want += string((8 - want.size() % 8) % 8, ' ');
    const Bytes written = content_of(path), head = file_of(want, 0);
    ASSERT_EQ(written.size(), head.size() + 43);
    EXPECT_TRUE(std::equal(head.begin(), head.end(), written.begin()));
    EXPECT_EQ(memcmp(&written[head.size()], n, 8), 0);
    EXPECT_EQ(memcmp(&written[head.size() + 8], w, 8), 0);
    EXPECT_EQ(memcmp(&written[head.size() + 16], w, 24), 0);
    EXPECT_EQ(memcmp(&written[head.size() + 40], u, 3), 0);
}

TEST_F(Safetensors, of_every_dtype_is_read_as_it_was_written) {
    unsigned char values[6 * 8];
    for (size_t i = 0; i < sizeof values; ++i) values[i] = static_cast<unsigned char>(i * 37);
    std::vector<glia_safetensors_entry> entries;
    for (int d = 0; d < GLIA_DTYPE_COUNT; ++d) {
        const auto dtype = glia_dtype(d);
        entries.push_back({glia_dtype_name(dtype), dtype, GLIA_SHAPE(2, 3), values, 6 * glia_dtype_size(dtype)});
    }
    entries.push_back({"a scalar", GLIA_F64, GLIA_SCALAR, values, 8});
    entries.push_back({"empty", GLIA_F16, GLIA_SHAPE(2, 0, 3), nullptr, 0});
    entries.push_back({"", GLIA_U8, {8, {1, 1, 1, 1, 1, 1, 1, 2}}, values, 2});
    entries.push_back({"\"quoted\\ \t\x01 \xC3\xA9\xF0\x9F\x90\x98", GLIA_I32, GLIA_SHAPE(1), values, 4});
    const std::vector<glia_safetensors_note> notes = {{"ключ", "значение \xF0\x9F\x98\x80"}, {"", "\"\n"}, {"a", ""}};
    ASSERT_EQ(write(entries, notes), GLIA_OK) << message();
    ASSERT_EQ(open(path), GLIA_OK) << message();
    ASSERT_EQ(glia_safetensors_count(file), int(entries.size()));
    const Bytes content = content_of(path);
    for (const auto &want : entries) {
        const auto got = get(want.name);
        EXPECT_STREQ(got.name, want.name);
        EXPECT_EQ(got.dtype, want.dtype) << want.name;
        ASSERT_EQ(got.shape.ndim, want.shape.ndim) << want.name;
        EXPECT_EQ(memcmp(got.shape.dim, want.shape.dim, sizeof(int64_t) * size_t(want.shape.ndim)), 0) << want.name;
        ASSERT_EQ(got.bytes, want.bytes) << want.name;
        if (got.bytes == 0) continue;
        EXPECT_EQ(memcmp(got.values, values, got.bytes), 0) << want.name;
        EXPECT_EQ(reinterpret_cast<uintptr_t>(got.values) % glia_dtype_size(got.dtype), 0u) << want.name;
        Bytes copy(got.bytes);
        ASSERT_EQ(glia_safetensors_read(file, glia_safetensors_find(file, want.name), copy.data(), copy.size()),
                  GLIA_OK)
            << message();
        EXPECT_EQ(memcmp(copy.data(), values, copy.size()), 0) << want.name;
    }
    ASSERT_EQ(glia_safetensors_note_count(file), 3);
    for (const auto &want : notes) EXPECT_STREQ(glia_safetensors_find_note(file, want.key), want.value);
    EXPECT_EQ(glia_safetensors_find_note(file, "b"), nullptr);
    glia_safetensors_note note{};
    ASSERT_EQ(glia_safetensors_get_note(file, 0, &note), GLIA_OK) << message();
    EXPECT_STREQ(note.key, "") << "in the order of keys";
}

TEST_F(Safetensors, may_be_empty) {
    ASSERT_EQ(write({}), GLIA_OK) << message();
    EXPECT_EQ(content_of(path), file_of("{}      ", 0));
    for (const Bytes &content :
         {content_of(path), file_of("{}", 0), file_of("{ } \n\t\r", 0), file_of("{\"__metadata__\":{}}", 0)}) {
        ASSERT_EQ(open(content), GLIA_OK) << message();
        EXPECT_EQ(glia_safetensors_count(file), 0);
        EXPECT_EQ(glia_safetensors_find(file, ""), -1);
        EXPECT_EQ(glia_safetensors_note_count(file), 0);
    }
}

TEST_F(Safetensors, may_have_notes_alone_and_many) {
    std::vector<string> keys;
    std::vector<glia_safetensors_note> notes;
    for (int i = 0; i < 4096; ++i) keys.push_back(std::to_string(i));
    for (const string &key : keys) notes.push_back({key.c_str(), key.c_str()});
    ASSERT_EQ(write({}, notes), GLIA_OK) << message();
    ASSERT_EQ(open(path), GLIA_OK) << message();
    EXPECT_EQ(glia_safetensors_note_count(file), 4096);
    for (const string &key : keys) EXPECT_EQ(glia_safetensors_find_note(file, key.c_str()), key);
}

TEST_F(Safetensors, has_empty_tensors_anywhere_between_the_others) {
    ASSERT_EQ(open(file_of("{" + object("d", "U8", "0", 4, 4) + "," + object("c", "U8", "2", 2, 4) + "," +
                               object("b", "U8", "0", 2, 2) + "," + object("a", "U8", "2", 0, 2) + "," +
                               object("e", "F64", "2,0", 0, 0) + "}",
                           4)),
              GLIA_OK)
        << message();
    EXPECT_EQ(glia_safetensors_count(file), 5);
}

TEST_F(Safetensors, gives_back_what_the_system_lent) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few   = before;
    few.rlim_cur = 64;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    const string right = folder.write("right", file_of("{}", 0)), wrong = folder.write("wrong", file_of("[]", 0));
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(open(right), GLIA_OK) << message();
        EXPECT_EQ(open(wrong), GLIA_BAD_FORMAT) << message();
    }
    setrlimit(RLIMIT_NOFILE, &before);
    std::ifstream maps("/proc/self/maps");
    const string mapped(std::istreambuf_iterator<char>(maps), {});
    EXPECT_EQ(mapped.find(right), string::npos) << "a closed file is mapped";
}

TEST_F(Safetensors, has_tensors_in_any_order_with_spaces_and_escapes) {
    ASSERT_EQ(
        open(file_of(
            "{ \"b\" : { \"shape\" : [ 2 , 1 ] , \"data_offsets\" : [ 4 , 6 ] , \"dtype\" : \"U8\" } ,\n"
            "\"\\u0061\\u00e9\\u00aA\\ue000\\uD83D\\uDC18\\ud800\\udc00\\/\\n\":{\"\\u0064type\":\"F32\",\"shape\":[],"
            "\"data_offsets\":[0,4]}}",
            6)),
        GLIA_OK)
        << message();
    EXPECT_EQ(get("b").shape.dim[0], 2);
    EXPECT_EQ(*static_cast<const unsigned char *>(get("b").values), 4);
    EXPECT_EQ(get("a\xC3\xA9\xC2\xAA\xEE\x80\x80\xF0\x9F\x90\x98\xF0\x90\x80\x80/\n").bytes, 4u);
}

TEST_F(Safetensors, of_dtypes_that_glia_has_not_are_listed_and_copied) {
    ASSERT_EQ(open(file_of("{" + object("mask", "BOOL", "3", 0, 3) + "," + object("q", "F8_E4M3", "2", 3, 5) + "," +
                               object("c", "C64", "1", 5, 13) + "}",
                           13)),
              GLIA_OK)
        << message();
    EXPECT_EQ(get("mask").dtype, GLIA_DTYPE_OTHER);
    EXPECT_EQ(get("c").bytes, 8u);
    unsigned char q[2];
    EXPECT_EQ(glia_safetensors_read(file, glia_safetensors_find(file, "q"), q, 2), GLIA_OK) << message();
    EXPECT_EQ(q[1], 4);
}

// ---- What is refused ----

TEST_F(Safetensors, with_a_wrong_header_is_refused) {
    const string t = object("t", "F32", "1", 0, 4);
    const struct {
        string header;
        size_t values;
        const char *part;
    } wrong[] = {
        {"", 0, "does not begin with '{'"},
        {" {}", 0, "does not begin with '{'"},
        {"[]", 0, "does not begin with '{'"},
        {"\xEF\xBB\xBF{}", 0, "does not begin with '{'"},
        {"{", 0, "no '\"' at byte 1"},
        {"{}}", 0, "no end at byte 2"},
        {string("{}\0", 3), 0, "no end at byte 2"},
        {"{" + t + ",}", 4, "no '\"'"},
        {"{," + t + "}", 4, "no '\"'"},
        {"{" + t + t + "}", 4, "no ','"},
        {"{'t':1}", 0, "no '\"'"},
        {"{\"t\"}", 0, "no ':'"},
        {"{\"t\":1}", 0, "no '{'"},
        {"{\"t\":[]}", 0, "no '{'"},
        {"{\"t\":null}", 0, "no '{'"},
        {"{\"t\":{}}", 0, "'t' has no 'dtype'"},
        {"{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "'t' has no 'shape'"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "'t' has no 'data_offsets'"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4,
         "the key 'x' that tensors have not"},
        {"{\"t\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'dtype' twice"},
        {"{\"t\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no '\"'"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "no '['"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "no ','"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4, "no ']'"},
        {"{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[]}}", 4, "no whole number"},
        {"{" + object("t", "F32", "1,", 0, 4) + "}", 4, "no whole number"},
        {"{" + object("t", "F32", "-1", 0, 4) + "}", 4, "no whole number"},
        {"{" + object("t", "F32", "+1", 0, 4) + "}", 4, "no whole number"},
        {"{" + object("t", "F32", "01", 0, 4) + "}", 4, "no whole number"},
        {"{" + object("t", "F32", "1.0", 0, 4) + "}", 4, "no ','"},
        {"{" + object("t", "F32", "1e0", 0, 4) + "}", 4, "no ','"},
        {"{" + object("t", "F32", "\"1\"", 0, 4) + "}", 4, "no whole number"},
        {"{" + object("t", "F32", "9223372036854775808", 0, 4) + "}", 4, "no whole number"},
        {"{" + object("t", "F32", "99999999999999999999999", 0, 4) + "}", 4, "no whole number"},
        {"{" + object("t", "F32", "9223372036854775807", 0, 4) + "}", 4, "'t' has more bytes than memory can"},
        {"{" + object("t", "F32", "4294967296,4294967296,0", 0, 0) + "}", 0, "'t' has more bytes than memory can"},
        {"{" + object("t", "F32", "2", 0, 4) + "}", 4, "'t' has 8 bytes, and lies from 0 to 4"},
        {"{" + object("t", "F32", "0", 0, 4) + "}", 4, "'t' has 0 bytes, and lies from 0 to 4"},
        {"{" + object("t", "F32", "1", 4, 0) + "}", 4, "'t' has 4 bytes, and lies from 4 to 0"},
        {"{" + object("t", "F64", "1", 0, 4) + "}", 4, "'t' has 8 bytes"},
        {"{" + t + "," + object("u", "F32", "1", 8, 12) + "}", 12, "'u' begins at byte 8"},
        {"{" + t + "," + object("u", "F32", "1", 2, 6) + "}", 6, "'u' begins at byte 2"},
        {"{" + t + "," + object("u", "F32", "1", 0, 4) + "}", 4, "begins at byte 0 of the values, the one before"},
        {"{" + object("t", "F32", "1", 4, 8) + "}", 8, "'t' begins at byte 4"},
        {"{" + t + "}", 3, "announces 4 bytes of values, but 3 follow"},
        {"{" + t + "}", 5, "announces 4 bytes of values, but 5 follow"},
        {"{}", 1, "announces 0 bytes of values, but 1 follow"},
        {"{" + t + "," + object("t", "F32", "1", 4, 8) + "}", 8, "the name 't' comes twice"},
        {"{" + t + "," + object("\\u0074", "F32", "1", 4, 8) + "}", 8, "the name 't' comes twice"},
        {"{\"\\ud800\":{}}", 0, "no character or escape"},
        {"{\"\\udc00\":{}}", 0, "no character or escape"},
        {"{\"\\ud800\\u0061\":{}}", 0, "no character or escape"},
        {"{\"\\ud800x\":{}}", 0, "no character or escape"},
        {"{\"\\ud800xxdc00\":{}}", 0, "no character or escape"},
        {"{\"\\ud800\\ue000\":{}}", 0, "no character or escape"},
        {"{\"\\u0061", 0, "no '\"' at byte 8"},
        {"{\"\\u0000\":{}}", 0, "no character or escape"},
        {"{\"\\u12\":{}}", 0, "no character or escape"},
        {"{\"\\u12", 0, "no character or escape"},
        {"{\"\\x\":{}}", 0, "no character or escape"},
        {"{\"\\", 0, "no character or escape"},
        {"{\"\\\"", 0, "no '\"'"},
        {"{\"a\n\":{}}", 0, "no character or escape"},
        {string("{\"a\0\":{}}", 9), 0, "no character or escape"},
        {"{\"\xC0\x80\":{}}", 0, "no character or escape"},
        {"{\"\xED\xA0\x80\":{}}", 0, "no character or escape"},
        {"{\"\xFF\":{}}", 0, "no character or escape"},
        {"{\"\xE2\x82", 0, "no character or escape"},
        {"{\"__metadata__\":1}", 0, "no '{'"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "no '\"'"},
        {"{\"__metadata__\":{\"a\":{}}}", 0, "no '\"'"},
        {"{\"__metadata__\":{\"a\":\"b\",\"\\u0061\":\"c\"}}", 0, "has 'a' twice"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "comes twice"},
        {string(10000, '['), 0, "does not begin with '{'"},
        {string(10000, '{'), 0, "no '\"'"},
    };
    for (const auto &w : wrong) {
        EXPECT_EQ(open(file_of(w.header, w.values)), GLIA_BAD_FORMAT) << w.header;
        EXPECT_TRUE(says(w.part)) << w.header << "\n" << message();
        EXPECT_EQ(message().find(folder.path()), 0u) << message();
        EXPECT_EQ(file, nullptr);
    }
    string many = "{\"__metadata__\":{\"0\":\"\"";
    for (int i = 1; i <= 4096; ++i) many += ",\"" + std::to_string(i) + "\":\"\"";
    for (const string &header : {"{" + object("t", "F4", "2", 0, 1) + "}", "{" + object("t", "", "2", 0, 1) + "}",
                                 "{" + object("t", "U8", "1,1,1,1,1,1,1,1,1", 0, 1) + "}", many + "}}"}) {
        EXPECT_EQ(open(file_of(header, 1)), GLIA_UNSUPPORTED) << message();
    }
}

TEST_F(Safetensors, that_is_cut_anywhere_is_refused) {
    const Bytes whole = file_of("{" + object("t", "F32", "1", 0, 4) + "}", 4);
    ASSERT_EQ(open(whole), GLIA_OK) << message();
    for (size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(open(Bytes(whole.begin(), whole.begin() + ptrdiff_t(size))), GLIA_BAD_FORMAT) << size;
        if (size < 8) {
            EXPECT_TRUE(says("has " + std::to_string(size) + " bytes, too few")) << message();
        }
    }
}

TEST_F(Safetensors, with_a_length_that_cannot_be_is_refused_before_memory_is_taken) {
    for (uint64_t length :
         {uint64_t{3}, uint64_t{100000000}, uint64_t{100000001}, UINT64_MAX, UINT64_MAX - 7, uint64_t{1} << 63}) {
        Bytes content = file_of("{}", 0);
        memcpy(content.data(), &length, sizeof length);
        EXPECT_EQ(open(content), GLIA_BAD_FORMAT) << length;
        EXPECT_TRUE(says("its header has " + std::to_string(length) + " bytes")) << message();
    }
    EXPECT_LT(glia_context_peak_bytes(ctx), 10000u);
    const string sparse   = folder.write("sparse", Bytes(8, 0xFF));
    const uint64_t length = 100000001;
    ASSERT_EQ(truncate(sparse.c_str(), 200000000), 0);
    std::fstream(sparse, std::ios::binary | std::ios::in | std::ios::out)
        .write(reinterpret_cast<const char *>(&length), 8);
    EXPECT_EQ(open(sparse), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("allowed are 100000000")) << message();
}

TEST_F(Safetensors, is_no_folder_pipe_or_missing_file) {
    const string pipe = folder / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(open(pipe), GLIA_IO_ERROR);
    EXPECT_TRUE(says("is a device or a pipe")) << message();
    EXPECT_EQ(open(string("/dev/zero")), GLIA_IO_ERROR);
    EXPECT_EQ(open(folder.path()), GLIA_IO_ERROR);
    EXPECT_TRUE(says("is a folder")) << message();
    EXPECT_EQ(open(folder / "nothing"), GLIA_NOT_FOUND);
    EXPECT_TRUE(says("nothing: No such file")) << message();
    EXPECT_EQ(open(string("")), GLIA_NOT_FOUND);
    if (geteuid() == 0) return;  // who may read everything
    const string secret = folder.write("secret", file_of("{}", 0));
    ASSERT_EQ(chmod(secret.c_str(), 0), 0);
    EXPECT_EQ(open(secret), GLIA_IO_ERROR);
    EXPECT_TRUE(says("Permission denied")) << message();
}

TEST_F(Safetensors, that_becomes_shorter_is_an_error_of_read) {
    const string shrinking = folder.write("f", file_of("{" + object("t", "U8", "100000", 0, 100000) + "}", 100000));
    ASSERT_EQ(open(shrinking), GLIA_OK) << message();
    ASSERT_EQ(truncate(shrinking.c_str(), 5000), 0);
    Bytes values(100000);
    EXPECT_EQ(glia_safetensors_read(file, 0, values.data(), values.size()), GLIA_IO_ERROR);
    EXPECT_TRUE(says("has become shorter since it was opened")) << message();
}

TEST_F(Safetensors, with_a_large_header_takes_little_memory) {
    string header = "{";
    size_t count  = 0;
    for (; header.size() < (8u << 20); ++count)
        header += (count ? "," : "") + object(std::to_string(count), "U8", "0", 0, 0);
    ASSERT_EQ(open(file_of(header + "}", 0)), GLIA_OK) << message();
    EXPECT_EQ(glia_safetensors_count(file), int(count));
    EXPECT_LT(glia_context_peak_bytes(ctx), 3 * header.size() + (64 << 10));
    for (const char *name : {"0", "77777", "99999"}) EXPECT_GE(glia_safetensors_find(file, name), 0) << name;
    glia_safetensors_close(file);
    file = nullptr;
    EXPECT_EQ(open(file_of("{\"" + string(8 << 20, '{') + "\":{}}", 0)), GLIA_BAD_FORMAT) << "no tensors are in a name";
    EXPECT_LT(glia_context_peak_bytes(ctx), 4 * header.size());
}

TEST_F(Safetensors, running_out_of_memory_is_an_error) {
    const string given =
        folder.write("f", file_of("{\"__metadata__\":{\"a\":\"b\"}," + object("t", "F32", "1", 0, 4) + "}", 4));
    const int failed = fail_every_allocation([&](glia_context *context) {
        glia_safetensors *opened = nullptr;
        glia_status status       = glia_safetensors_open(context, given.c_str(), &opened);
        glia_safetensors_entry entry{};
        if (status == GLIA_OK) status = glia_safetensors_get(opened, 0, &entry);
        if (status == GLIA_OK) status = glia_safetensors_write(context, path.c_str(), &entry, 1, nullptr, 0);
        glia_safetensors_close(opened);
        return status;
    });
    EXPECT_GE(failed, 7);
}

TEST_F(Safetensors, is_not_written_wrongly) {
    const float x[4]      = {};
    const auto wrong      = GLIA_SHAPE(2, 2);
    glia_shape many       = {9, {1}};
    const string existing = "as it was";
    folder.write("written", bytes_of(existing));
    const auto refuses = [&](const std::vector<glia_safetensors_entry> &entries, glia_status status, const char *part,
                             const std::vector<glia_safetensors_note> &notes = {}) {
        EXPECT_EQ(write(entries, notes), status) << part;
        EXPECT_TRUE(says(part)) << message();
        EXPECT_EQ(content_of(path), bytes_of(existing));
    };
    refuses({{nullptr, GLIA_F32, wrong, x, 16}}, GLIA_INVALID_ARGUMENT, "entry 0 has no name");
    refuses({{"\xFF", GLIA_F32, wrong, x, 16}}, GLIA_INVALID_ARGUMENT, "not UTF-8");
    refuses({{"__metadata__", GLIA_F32, wrong, x, 16}}, GLIA_INVALID_ARGUMENT, "__metadata__");
    refuses({{"a", GLIA_DTYPE_OTHER, wrong, x, 16}}, GLIA_INVALID_ARGUMENT, "invalid dtype 7");
    refuses({{"a", glia_dtype(-1), wrong, x, 16}}, GLIA_INVALID_ARGUMENT, "invalid dtype -1");
    refuses({{"a", GLIA_F32, wrong, x, 12}}, GLIA_SHAPE_MISMATCH, "'a' has 12 bytes");
    refuses({{"a", GLIA_F32, GLIA_SHAPE(-1), x, 16}}, GLIA_SHAPE_MISMATCH, "'a' has 16 bytes");
    refuses({{"a", GLIA_F32, many, x, 4}}, GLIA_SHAPE_MISMATCH, "'a' has 4 bytes");
    refuses({{"a", GLIA_F32, {-1, {}}, x, 4}}, GLIA_SHAPE_MISMATCH, "'a' has 4 bytes");
    refuses({{"a", GLIA_F32, GLIA_SHAPE(INT64_MAX, 8), x, 0}}, GLIA_SHAPE_MISMATCH, "'a' has 0 bytes");
    refuses({{"a", GLIA_F32, wrong, nullptr, 16}}, GLIA_INVALID_ARGUMENT, "values of 'a' is NULL");
    refuses({{"a", GLIA_F32, wrong, x, 16}, {"b", GLIA_F32, wrong, x, 16}, {"a", GLIA_U8, GLIA_SHAPE(1), x, 1}},
            GLIA_INVALID_ARGUMENT, "the name 'a' comes twice");
    refuses({}, GLIA_INVALID_ARGUMENT, "note 0", {{nullptr, "x"}});
    refuses({}, GLIA_INVALID_ARGUMENT, "note 0", {{"x", nullptr}});
    refuses({}, GLIA_INVALID_ARGUMENT, "note 0", {{"x", "\xC3"}});
    refuses({}, GLIA_INVALID_ARGUMENT, "the key 'x' comes twice", {{"x", ""}, {"x", ""}});
    refuses({}, GLIA_INVALID_ARGUMENT, "4097 notes", std::vector<glia_safetensors_note>(4097, {"x", ""}));
    const string endless(100000000, 'a');
    refuses({{endless.c_str(), GLIA_U8, GLIA_SHAPE(0), nullptr, 0}}, GLIA_INVALID_ARGUMENT, "allowed are 100000000");
    EXPECT_EQ(glia_safetensors_write(ctx, path.c_str(), nullptr, -1, nullptr, 0), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_safetensors_write(ctx, "/nowhere/f", nullptr, 0, nullptr, 0), GLIA_NOT_FOUND);
    EXPECT_EQ(glia_safetensors_write(ctx, "/dev/full", nullptr, 0, nullptr, 0), GLIA_IO_ERROR);
}

TEST_F(Safetensors, that_does_not_fit_leaves_the_old_file) {
    folder.write("written", bytes_of("as it was"));
    const std::vector<float> x(100000);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = signal(SIGXFSZ, SIG_IGN);
    rlimit small       = before;
    small.rlim_cur     = 100000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const glia_status status = write({{"x", GLIA_F32, GLIA_SHAPE(100000), x.data(), 400000}});
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    EXPECT_EQ(status, GLIA_IO_ERROR);
    EXPECT_TRUE(says("File too large")) << message();
    EXPECT_EQ(content_of(path), bytes_of("as it was"));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "a part is left";
}

TEST_F(Safetensors, has_no_number_beyond_its_tensors) {
    ASSERT_EQ(open(file_of("{" + object("t", "U8", "2", 0, 2) + "}", 2)), GLIA_OK) << message();
    glia_safetensors_entry entry{};
    glia_safetensors_note note{};
    unsigned char values[2];
    for (int index : {-1, 1, INT32_MIN, INT32_MAX}) {
        EXPECT_EQ(glia_safetensors_get(file, index, &entry), GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(glia_safetensors_read(file, index, values, 2), GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(glia_safetensors_get_note(file, index, &note), GLIA_INVALID_ARGUMENT);
    }
    EXPECT_EQ(glia_safetensors_read(file, 0, values, 1), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("1 bytes, 't' has 2")) << message();
}

}  // namespace
