/* Reading a file of word vectors from the front. */
#ifndef GLI_TEXT_WORD_VECTORS_H
#define GLI_TEXT_WORD_VECTORS_H

#include "io/input.h"
#include "text/byte_buffer.h"
#include "glia/text.h"

typedef struct gli_word_reader {
    gli_input in;
    gli_block chunk;
    size_t at, filled;
    gli_byte_buffer text; /* the line, or the word, that was read last, with a NUL behind it */
    int64_t line;         /* lines so far; in binary, words */
    bool binary;
    int64_t words, size; /* words INT64_MAX: the file does not say */
} gli_word_reader;

/* What is done with a word. numbers: for gli_word_vector. */
typedef glia_status (*gli_word_fn)(gli_word_reader *r, glia_text word, const char *numbers, void *user);

/* Reads the beginning. Whether it fails or not, the reader is closed in the end. */
glia_status gli_word_reader_open(glia_context *ctx, const char *path, gli_word_reader *out);
void gli_word_reader_close(glia_context *ctx, gli_word_reader *reader);

/* Calls what, unless it is NULL, for each word, at most `maximum` times; 0: all. *words: how many there were. */
glia_status gli_word_reader_each(gli_word_reader *r, int64_t maximum, gli_word_fn what, void *user, int64_t *words);

/* The vector of the word that was read last. */
glia_status gli_word_vector(const gli_word_reader *r, const char *numbers, float *to);

#endif
