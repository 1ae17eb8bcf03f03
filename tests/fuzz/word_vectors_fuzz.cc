// Files of word vectors: the words make a vocabulary, each of which then has a row of finite numbers.
#include <cmath>
#include <memory>

#include "fuzz/fuzz.h"
#include "glia/text.h"

namespace {

using namespace glia;

void check(Context *context, const char *path, const glia_word_vectors &info, const glia_vocabulary *words) {
    const size_t rows = size_t(glia_vocabulary_size(words)), size = size_t(info.size), n = rows * size;
    require(info.words >= int64_t(rows) && size >= 1, "fewer words than tokens");
    // Of its exact size, so that a sanitizer sees what is written behind it.
    const std::unique_ptr<float[]> matrix(new float[n]);
    const std::unique_ptr<bool[]> found(new bool[rows]);
    glia_word_vectors read{};
    const glia_status status =
        glia_vocabulary_read_vectors(words, path, nullptr, matrix.get(), n * sizeof(float), found.get(), &read);
    if (status != GLIA_OK) {
        require(status == GLIA_BAD_FORMAT, "another error");
        require(context->message().find(path) == 0, "a message without the path");
        return;
    }
    require(read.words == info.words && read.size == info.size && read.found == int64_t(rows), "a word is lost");
    for (size_t i = 0; i < rows; ++i) require(found[i], "a word is not found");
    for (size_t i = 0; i < n; ++i) require(std::isfinite(matrix[i]), "a number that is none");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const unsigned how = input.byte();
    const MemoryFile file(packed(input.rest(), how));
    glia_word_vectors info{};
    glia_vocabulary *words   = nullptr;
    const glia_status probed = glia_word_vectors_probe(context.get(), file.path(), nullptr, &info),
                      made   = glia_vocabulary_from_vectors(context.get(), file.path(), nullptr, &words);
    require(probed == made, "a file that is read in one way alone");
    if (made == GLIA_OK) {
        check(&context, file.path(), info, words);
        glia_vocabulary_destroy(words);
    } else {
        require(made == GLIA_BAD_FORMAT, "another error than GLIA_BAD_FORMAT");
        require(context.message().find(file.path()) == 0, "a message without the path");
    }
    return 0;
}
