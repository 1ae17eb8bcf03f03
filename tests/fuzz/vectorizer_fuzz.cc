// Files of vectorizers: whatever is read is written, read again as the same, and makes rows.
#include <cmath>

#include "fuzz/fuzz.h"
#include "glia/text.h"

namespace {

using namespace glia;

constexpr int64_t kMost = 4096;  // columns of which rows are made

std::vector<float> row_of(const glia_vectorizer *v) {
    const glia_text text = {"A cat & a dog", 13};
    std::vector<float> row(size_t(glia_vectorizer_size(v)), NAN);
    require(glia_vectorizer_transform(v, &text, 1, row.data(), row.size() * sizeof(float)) == GLIA_OK, "no row");
    for (const float x : row) require(std::isfinite(x) && x >= 0, "a number that is none");
    return row;
}

void require_equal(const glia_vectorizer *a, const glia_vectorizer *b) {
    require(glia_vectorizer_size(a) == glia_vectorizer_size(b), "another size");
    for (int64_t c = 0; c < glia_vectorizer_size(a); ++c) {
        const glia_text x = glia_vectorizer_term(a, c), y = glia_vectorizer_term(b, c);
        require(std::string(x.data ? x.data : "", x.bytes) == std::string(y.data ? y.data : "", y.bytes),
                "another n-gram");
        require(glia_vectorizer_documents(a, c) == glia_vectorizer_documents(b, c), "another number of texts");
        require(!x.data || glia_vectorizer_find(a, x) == c, "an n-gram is not found");
    }
    if (glia_vectorizer_size(a) <= kMost) require(row_of(a) == row_of(b), "another row");
}

void check(Context *context, const glia_vectorizer *v) {
    glia_vectorizer *again = nullptr;
    require(glia_vectorizer_write(v, scratch().c_str()) == GLIA_OK, "it is not written");
    require(glia_vectorizer_read(context->get(), scratch().c_str(), 0, &again) == GLIA_OK, "it is not read again");
    require_equal(v, again);
    glia_vectorizer_destroy(again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const unsigned how = input.byte();
    const MemoryFile file(packed(input.rest(), how));
    glia_vectorizer *v       = nullptr;
    const glia_status status = glia_vectorizer_read(context.get(), file.path(), 1 << 20, &v);
    if (status == GLIA_OK) {
        check(&context, v);
        glia_vectorizer_destroy(v);
    } else {
        require(status == GLIA_BAD_FORMAT, "another error than GLIA_BAD_FORMAT");
        require(context.message().find(file.path()) == 0, "a message without the path");
    }
    return 0;
}
