// Vocabulary files: whatever is read is written, and read again, as the same.
#include "fuzz/fuzz.h"
#include "glia/text.h"

namespace {

using namespace glia;

std::string token(const glia_vocabulary *v, int64_t i) {
    const glia_text text = glia_vocabulary_token(v, i);
    return std::string(text.data, text.bytes);
}

void require_equal(const glia_vocabulary *a, const glia_vocabulary *b) {
    require(glia_vocabulary_size(a) == glia_vocabulary_size(b), "another size");
    require(glia_vocabulary_padding(a) == glia_vocabulary_padding(b), "another padding");
    require(glia_vocabulary_unknown(a) == glia_vocabulary_unknown(b), "another token for what is unknown");
    for (int64_t i = 0; i < glia_vocabulary_size(a); ++i) {
        require(token(a, i) == token(b, i), "another token");
        const bool special = i == glia_vocabulary_padding(a) || i == glia_vocabulary_unknown(a);
        require(special || glia_vocabulary_find(a, glia_vocabulary_token(a, i)) == i, "a token is not found");
    }
}

void check(Context *context, const glia_vocabulary *v) {
    glia_vocabulary *again = nullptr;
    require(glia_vocabulary_write(v, scratch().c_str()) == GLIA_OK, "it is not written");
    require(glia_vocabulary_read(context->get(), scratch().c_str(), 0, &again) == GLIA_OK, "it is not read again");
    require_equal(v, again);
    glia_vocabulary_destroy(again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const unsigned how = input.byte();
    const MemoryFile file(packed(input.rest(), how));
    glia_vocabulary *v       = nullptr;
    const glia_status status = glia_vocabulary_read(context.get(), file.path(), 1 << 20, &v);
    if (status == GLIA_OK) {
        check(&context, v);
        glia_vocabulary_destroy(v);
    } else {
        require(status == GLIA_BAD_FORMAT, "another error than GLIA_BAD_FORMAT");
        require(context.message().find(file.path()) == 0, "a message without the path");
    }
    return 0;
}
