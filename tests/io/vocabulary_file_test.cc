// A vocabulary from a gzipped file.
#include "support/context_test.h"
#include "support/gzip.h"

namespace {

using namespace glia;

class VocabularyFile : public ContextTest {};

TEST_F(VocabularyFile, may_be_gzipped) {
    const Folder folder;
    const std::string text = "glia-vocabulary 1 3 words lowercase no_padding\na\n\\\\\nb\n";
    const auto path        = folder.write("v.gz", gzipped(Bytes(text.begin(), text.end())));
    glia_vocabulary *v     = nullptr;
    ASSERT_EQ(glia_vocabulary_read(ctx, path.c_str(), 0, &v), GLIA_OK) << message();
    const char *const want[] = {"<unk>", "a", "\\", "b"};
    ASSERT_EQ(glia_vocabulary_size(v), 4);
    for (int i = 0; i < 4; ++i) {
        const glia_text token = glia_vocabulary_token(v, i);
        EXPECT_EQ(std::string(token.data, token.bytes), want[i]);
    }
    glia_vocabulary_destroy(v);
    v = nullptr;
    EXPECT_EQ(glia_vocabulary_read(ctx, path.c_str(), 20, &v), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("more than 20 bytes")) << message();
}

}  // namespace
