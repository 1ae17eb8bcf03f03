// Files of word vectors.
#include <cmath>

#include "glia/text.h"
#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/internals.h"

namespace {

using namespace glia;

class WordVectors : public ContextTest {
   protected:
    void SetUp() override {
        ContextTest::SetUp();
        const glia_text tokens[] = {{"cat", 3}, {"dog", 3}, {"fish", 4}};
        ASSERT_EQ(glia_vocabulary_from_tokens(ctx, nullptr, tokens, 3, &words), GLIA_OK);
    }
    void TearDown() override {
        glia_vocabulary_destroy(words);
        ContextTest::TearDown();
    }
    std::string write(const std::string &text) { return folder.write("vectors", Bytes(text.begin(), text.end())); }
    static std::string bytes(const std::vector<float> &values) {
        std::string out;
        for (float value : values) {
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            for (int shift = 0; shift < 32; shift += 8) out += char(bits >> shift);
        }
        return out;
    }
    glia_status read(const std::string &text, const glia_word_vectors_args &args = {}) {
        matrix.assign(15, 77);
        return glia_vocabulary_read_vectors(words, write(text).c_str(), &args, matrix.data(), 60, found, &info);
    }
    std::vector<float> row(size_t i) const { return {matrix.begin() + long(3 * i), matrix.begin() + long(3 * i + 3)}; }

    Folder folder;
    glia_vocabulary *words = nullptr;
    std::vector<float> matrix;
    bool found[5]{};
    glia_word_vectors info{};
};

TEST_F(WordVectors, are_read_in_each_format) {
    const std::string glove  = "the 9 9 9\ndog 1 -2.5 3e-1\n<unk> 4 5 6\nfish 0 0 1\ndog 7 7 7\n";
    const std::string binary = std::string("5 3\nthe ") + bytes({9, 9, 9}) + "\ndog " + bytes({1, -2.5f, 0.3f}) +
                               "\n<unk> " + bytes({4, 5, 6}) + "\nfish " + bytes({0, 0, 1}) + "\ndog " +
                               bytes({7, 7, 7}) + "\n";
    std::string packed = binary;  // without line ends, as others write it
    for (size_t at; (at = packed.find('\n', 4)) != std::string::npos;) packed.erase(at, 1);
    std::string crlf = "5 3\r\n" + glove;
    for (size_t at = 4; (at = crlf.find('\n', at + 2)) != std::string::npos;) crlf.insert(at, " \r"), at += 2;
    for (const std::string &file : {glove, "5 3\n" + glove, glove.substr(0, glove.size() - 1), crlf, binary, packed}) {
        ASSERT_EQ(read(file), GLIA_OK) << message() << "\n" << file;
        EXPECT_EQ(info.words, 5);
        EXPECT_EQ(info.size, 3);
        EXPECT_EQ(info.found, 3);
        EXPECT_EQ(row(0), (std::vector<float>{0, 0, 0}));
        EXPECT_EQ(row(1), (std::vector<float>{4, 5, 6}));
        EXPECT_EQ(row(2), (std::vector<float>{0, 0, 0}));
        EXPECT_EQ(row(3), (std::vector<float>{1, -2.5f, 0.3f}));
        EXPECT_EQ(row(4), (std::vector<float>{0, 0, 1}));
        EXPECT_EQ(std::vector<bool>(found, found + 5), (std::vector<bool>{false, true, false, true, true}));
        glia_word_vectors probed{};
        ASSERT_EQ(glia_word_vectors_probe(ctx, write(file).c_str(), nullptr, &probed), GLIA_OK) << message();
        EXPECT_EQ(probed.words, 5);
        EXPECT_EQ(probed.size, 3);
        glia_vocabulary *all = nullptr;
        const glia_word_vectors_args two{.maximum = 2};
        ASSERT_EQ(glia_vocabulary_from_vectors(ctx, write(file).c_str(), nullptr, &all), GLIA_OK) << message();
        EXPECT_EQ(glia_vocabulary_size(all), 4);
        EXPECT_EQ(glia_vocabulary_find(all, {"fish", 4}), 3);
        EXPECT_EQ(glia_vocabulary_padding(all), -1);
        glia_vocabulary_destroy(all);
        ASSERT_EQ(glia_vocabulary_from_vectors(ctx, write(file).c_str(), &two, &all), GLIA_OK) << message();
        EXPECT_EQ(glia_vocabulary_size(all), 2);
        glia_vocabulary_destroy(all);
        ASSERT_EQ(read(file, two), GLIA_OK);
        EXPECT_EQ(info.found, 1);
    }
}

TEST_F(WordVectors, of_words_that_are_missing_are_drawn) {
    const glia_word_vectors_args args{.deviation = 0.5, .seed = 3};
    ASSERT_EQ(read("dog 1 2 3\n", args), GLIA_OK) << message();
    const std::vector<float> cat = row(2), fish = row(4);
    EXPECT_EQ(row(0), (std::vector<float>{0, 0, 0}));
    EXPECT_EQ(row(3), (std::vector<float>{1, 2, 3}));
    EXPECT_NE(cat, fish);
    ASSERT_EQ(read("fish 1 2 3\ndog 1 2 3\n", args), GLIA_OK) << message();
    EXPECT_EQ(row(2), cat);  // whatever else the file has
    // Their deviation, of 4000 numbers.
    std::string file = "other";
    for (int i = 0; i < 4000; ++i) file += " 1";
    std::vector<float> many(5 * 4000);
    ASSERT_EQ(
        glia_vocabulary_read_vectors(words, write(file).c_str(), &args, many.data(), many.size() * 4, nullptr, nullptr),
        GLIA_OK)
        << message();
    double sum = 0, squares = 0;
    for (size_t i = 8000; i < 12000; ++i) sum += many[i], squares += double(many[i]) * many[i];
    EXPECT_NEAR(sum / 4000, 0, 0.04);
    EXPECT_NEAR(std::sqrt(squares / 4000), 0.5, 0.03);
}

TEST_F(WordVectors, words_may_have_spaces_and_letters_of_all_languages) {
    ASSERT_EQ(read("one 1 1 1\n. . dog 9 9 9\ncat 4 5 6\n\ndog 1 2 3\n"), GLIA_OK) << message();
    EXPECT_EQ(row(3), (std::vector<float>{1, 2, 3}));
    EXPECT_EQ(info.words, 4);
    ASSERT_EQ(read("\xe7\x8c\xab 1 1 1\ndog 1 2 3\n"), GLIA_OK) << message();
    for (const std::string first : {"New York 0.1 -2 3e-1", "in 2 or 3 1 1 1", "7 1 1 1", "x9 1 1 1", "a 5e 1 1 1"}) {
        for (const char *blank : {"", "\n", "\r\n"}) {
            ASSERT_EQ(read(std::string("2 3\n") + blank + first + "\ndog 1 2 3\n"), GLIA_OK) << message() << first;
            EXPECT_EQ(row(3), (std::vector<float>{1, 2, 3}));
            EXPECT_EQ(info.words, 2);
        }
        glia_vocabulary *all = nullptr;
        ASSERT_EQ(glia_vocabulary_from_vectors(ctx, write("1 3\n" + first).c_str(), nullptr, &all), GLIA_OK)
            << message();
        std::string word = first;
        for (int i = 0; i < 3; ++i) word.erase(word.rfind(' '));
        EXPECT_EQ(glia_vocabulary_find(all, {word.data(), word.size()}), 0) << word;
        glia_vocabulary_destroy(all);
    }
    // A word of digits is no vector.
    ASSERT_EQ(read("2 3\n12345678 " + bytes({1, 1, 1}) + "dog " + bytes({1, 2, 3})), GLIA_OK) << message();
    EXPECT_EQ(row(3), (std::vector<float>{1, 2, 3}));
}

TEST_F(WordVectors, one_line_is_a_file) {
    for (const char *file : {"dog 1 2 3", "dog 1 2 3\n", "1 3\ndog 1 2 3", "1 3\ndog 1 2 3\n"}) {
        ASSERT_EQ(read(file), GLIA_OK) << message();
        EXPECT_EQ(info.words, 1) << file;
        EXPECT_EQ(row(3), (std::vector<float>{1, 2, 3}));
    }
}

TEST_F(WordVectors, broken_files_are_told_with_their_lines) {
    const auto refuses = [&](const std::string &file, const std::string &words_, glia_status status = GLIA_BAD_FORMAT) {
        EXPECT_EQ(read(file), status) << file;
        EXPECT_TRUE(says(words_)) << message() << "\nlacks: " << words_;
    };
    refuses("", "vectors: has no content");
    refuses("dog\n", "line 1: vectors of size 0");
    refuses("5 0\ndog\n", "line 1: vectors of size 0");
    refuses("5 99999999\ndog 1\n", "line 1: vectors of size 99999999");
    refuses("a 1 2 3\ndog 1 2\n", "line 2: has 3 fields, must have a word and 3 numbers");
    refuses("a 1 2 3\ndog 1 x 3\n", "line 2: element 1 of the vector is no finite number");
    refuses("a 1 2 3\ndog 1 nan 3\n", "line 2: element 1 of the vector");
    refuses("a 1 2 3\ndog 1 1e99 3\n", "line 2: element 1 of the vector");
    refuses("a 1 2 3\nd\xff 1 2 3\n", "line 2: the word is not UTF-8");
    refuses(std::string("a 1 2 3\nd\0 1 2 3\n", 17), "line 2: has a NUL byte");
    refuses("3 3\na 1 2 3\ndog 1 2 3\n", "its first line announces 3 words, it has 2");
    refuses("2 3\na " + bytes({1, 2, 3}) + "dog " + bytes({1, 2}), "ends within the vector of word 2");
    refuses("2 3\na " + bytes({1, 2, 3}), "its first line announces 2 words, it has 1");
    refuses("2 3\na " + bytes({1, 2, 3}) + "dog " + bytes({1, INFINITY, 3}), "word 2: element 1 of the vector");
    refuses("1 3\n " + bytes({1, 2, 3}), "word 1: the word is empty");
    refuses(std::string(70000, 'x'), "line 1 has at least 65536 bytes");
    refuses("a 1 2 3\n" + std::string(2000000, 'x'), "line 2: has more than 1048576 bytes");
    EXPECT_EQ(
        glia_vocabulary_read_vectors(words, write("dog 1 2\n").c_str(), nullptr, matrix.data(), 60, nullptr, nullptr),
        GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("matrix has 60 bytes, must be f32 [5,2]")) << message();
    EXPECT_EQ(read("dog 1 2 3\n", {.maximum = -1}), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(read("dog 1 2 3\n", {.deviation = -1}), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("deviation is -1"));
}

// A first line that lacks a number, or has one too many, says so in the next one; two whole numbers alone are a header.
TEST_F(WordVectors, a_broken_first_line_is_no_header) {
    const std::pair<const char *, const char *> table[] = {
        {"a 1 2", "line 2: has more numbers than the 2 of line 1, or a word that ends with '1'"},
        {"2 0.5", "line 2: has more numbers than the 1 of line 1, or a word that ends with '2'"},
        {"2 -3", "line 2: has more numbers than the 1 of line 1"},
        {"a 1 2 3 4", "line 2: has 4 fields, must have a word and 4 numbers"},
    };
    for (const auto &[line, part] : table) {
        const std::string path = write(line + std::string("\ndog 1 2 3\n"));
        EXPECT_EQ(glia_word_vectors_probe(ctx, path.c_str(), nullptr, &info), GLIA_BAD_FORMAT) << line;
        EXPECT_TRUE(says(part)) << message();
    }
    EXPECT_EQ(read("a 1 2\ndog 1 2 3\n"), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("must be f32 [5,2], as line 1 of ")) << message();
}

TEST_F(WordVectors, out_of_memory_is_an_ordinary_error) {
    const std::string path = write("2 3\na " + bytes({1, 2, 3}) + "dog " + bytes({1, 2, 3}));
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  glia_vocabulary *made = nullptr;
                  glia_status status    = glia_vocabulary_from_vectors(c, path.c_str(), nullptr, &made);
                  float rows[6];
                  if (status == GLIA_OK)
                      status = glia_vocabulary_read_vectors(made, path.c_str(), nullptr, rows, sizeof rows, nullptr,
                                                            nullptr);
                  glia_vocabulary_destroy(made);
                  return status;
              }),
              8);
}

}  // namespace
