/* Text: words or characters of UTF-8, vocabularies that number them, and bags of words.
 *
 * A word is a run of letters, marks and numbers as Unicode 14 classifies them, with the apostrophes (' and U+2019) that
 * stand between two of them: "don't" is one. Format characters, such as the soft hyphen, are left out and end no word;
 * the joiners U+200C and U+200D belong to it. White space, control characters and U+200B separate; each other character
 * is a token of its own. Scripts that do not write spaces, such as Chinese, are better split into characters: code
 * points.
 *
 * Text is bytes and their number: a NUL is a character like others. UTF-8 that is not valid (overlong or truncated
 * sequences, surrogates, beyond U+10FFFF) is GLIA_BAD_FORMAT with the byte where it begins, or replaced on request. */
#ifndef GLIA_TEXT_H
#define GLIA_TEXT_H

#include "glia/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Some bytes, which somebody else owns. */
typedef struct glia_text {
    const char *data;
    size_t bytes;
} glia_text;

typedef enum glia_token_unit { GLIA_WORDS, GLIA_CHARACTERS } glia_token_unit;

typedef struct glia_tokenizer_args {
    glia_token_unit unit;
    bool lowercase;        /* by Unicode's one-to-one mapping, which no language changes */
    bool drop_punctuation; /* words: what is neither a word nor white space gives no token */
    bool replace_invalid;  /* U+FFFD for each longest part of invalid UTF-8 that could begin a character */
} glia_tokenizer_args;

/* The tokens of one text. */
typedef struct glia_tokens glia_tokens;

/* args may be NULL: words, as they are written. */
GLIA_API glia_status glia_tokenize(glia_context *ctx, const glia_tokenizer_args *args, glia_text text,
                                   glia_tokens **out);

/* NULL is allowed. */
GLIA_API void glia_tokens_destroy(glia_tokens *tokens);

GLIA_API int64_t glia_tokens_count(const glia_tokens *tokens);

/* Token i, followed by a NUL that its bytes do not count; it lives as long as tokens. i out of range: all zero. */
GLIA_API glia_text glia_tokens_get(const glia_tokens *tokens, int64_t i);

/* ---- Cleaning ---- */

/* The steps that are set, one after the other in this order. What a step takes out becomes a space, so that what stood
 * beside it stays apart. Letters and white space are those of the tokens above. */
typedef struct glia_clean_args {
    bool html;      /* tags and comments; &amp; &lt; &gt; &quot; &apos; &nbsp; &#N; and &#xN; become what they stand
                       for, N that is no character U+FFFD; other references stay. A tag begins with < and a letter, /,
                       ! or ?, and ends at the next >; what begins and never ends stays */
    bool urls;      /* from http://, https://, ftp:// or www. up to white space, <, > or ", without the punctuation at
                       its end; not within a word */
    bool mentions;  /* @ and the letters, numbers and underscores behind it; not within a word, as in an address */
    bool hashtags;  /* the same with #. punctuation alone leaves the word */
    bool lowercase; /* as glia_tokenizer_args has it */
    bool english_stop_words;     /* the list of Snowball, 174 words */
    const glia_text *stop_words; /* words in any case, of one token each; text that has them has them in any case */
    int64_t n_stop_words;
    bool punctuation;     /* what is neither a word nor white space; an apostrophe within a word stays */
    bool white_space;     /* runs of it, line ends too, become one space; none stays at the beginning and the end */
    bool replace_invalid; /* as glia_tokenizer_args has it; otherwise invalid UTF-8 is GLIA_BAD_FORMAT */
} glia_clean_args;

/* Text i of out is texts[i], cleaned: glia_tokens_get(*out, i), which may be empty. args may be NULL: no step. n_texts
 * may be 0.
 * Source of the list: https://snowballstem.org/algorithms/english/stop.txt */
GLIA_API glia_status glia_text_clean(glia_context *ctx, const glia_clean_args *args, const glia_text *texts,
                                     int64_t n_texts, glia_tokens **out);

/* ---- Vocabularies ---- */

/* Which index each token has. 0 is padding, 1 stands for every unknown token, the others follow; a vocabulary without
 * one or both of these begins with the next. Padding and unknown have the names "<pad>" and "<unk>", by which
 * glia_vocabulary_find does not know them. Any number of threads may look up tokens in one vocabulary. */
typedef struct glia_vocabulary glia_vocabulary;

typedef struct glia_vocabulary_args {
    glia_tokenizer_args tokenizer; /* of the texts, and of what is encoded later */
    int64_t minimum_count;         /* rarer tokens are left out; default 1 */
    int64_t maximum_size;          /* with padding and unknown; the commonest tokens stay; 0: no limit */
    bool no_padding, no_unknown;   /* these have no index */
} glia_vocabulary_args;

/* From the tokens of all texts: the commonest first, and of those that are equally common the one first whose bytes are
 * smaller. args may be NULL. n_texts may be 0. */
GLIA_API glia_status glia_vocabulary_build(glia_context *ctx, const glia_vocabulary_args *args, const glia_text *texts,
                                           int64_t n_texts, glia_vocabulary **out);

/* These tokens in this order, after padding and unknown; minimum_count and maximum_size must be 0. An error: a token
 * that is empty, a duplicate or not valid UTF-8. Tokens that the tokenizer never makes are never found in texts. */
GLIA_API glia_status glia_vocabulary_from_tokens(glia_context *ctx, const glia_vocabulary_args *args,
                                                 const glia_text *tokens, int64_t n_tokens, glia_vocabulary **out);

/* A text file: a line that tells the tokenizer's arguments, padding and unknown, then a line for each token, where
 * \\ \n \r and \0 stand for a backslash, the ends of lines and NUL. Writing makes a temporary file in the same folder
 * and renames it: readers see the old file until the rename. A symbolic link is followed, the mode of a file that is
 * replaced is kept, and one that is read-only is not replaced. Reading also takes lines that end with CR LF, and a
 * gzipped file, of max_bytes at most unpacked (0: 2^30). Errors, with path and line: GLIA_NOT_FOUND, GLIA_IO_ERROR,
 * GLIA_BAD_FORMAT. */
GLIA_API glia_status glia_vocabulary_write(const glia_vocabulary *vocabulary, const char *path);
GLIA_API glia_status glia_vocabulary_read(glia_context *ctx, const char *path, size_t max_bytes, glia_vocabulary **out);

/* NULL is allowed. */
GLIA_API void glia_vocabulary_destroy(glia_vocabulary *vocabulary);

GLIA_API int64_t glia_vocabulary_size(const glia_vocabulary *vocabulary);    /* with padding and unknown */
GLIA_API int64_t glia_vocabulary_padding(const glia_vocabulary *vocabulary); /* its index; -1: there is none */
GLIA_API int64_t glia_vocabulary_unknown(const glia_vocabulary *vocabulary); /* its index; -1: there is none */

/* The index of a token as it is spelled; -1 where the vocabulary does not have it. */
GLIA_API int64_t glia_vocabulary_find(const glia_vocabulary *vocabulary, glia_text token);

/* The token of an index, as glia_tokens_get gives it. */
GLIA_API glia_text glia_vocabulary_token(const glia_vocabulary *vocabulary, int64_t index);

/* Splits text and writes the index of each token, as i32 or i64, to indices, which holds up to `capacity`. count: how
 * many there are; indices NULL with capacity 0: only that. Too small a capacity is an error that tells how many there
 * are. GLIA_NOT_FOUND for a token that is not in a vocabulary without unknown. */
GLIA_API glia_status glia_vocabulary_encode(const glia_vocabulary *vocabulary, glia_text text, glia_dtype dtype,
                                            void *indices, int64_t capacity, int64_t *count);

/* Writes the tokens to text, words with a space between them, and a NUL after them; text holds up to `capacity`
 * bytes. Padding writes nothing. bytes: how many there are without the NUL; text NULL with capacity 0: only that. */
GLIA_API glia_status glia_vocabulary_decode(const glia_vocabulary *vocabulary, glia_dtype dtype, const void *indices,
                                            int64_t count, char *text, size_t capacity, size_t *bytes);

/* ---- Bags of words: a row of numbers for each text ---- */

/* What a row has of an n-gram that its text has `count` times. */
typedef enum glia_term_weight {
    GLIA_TERM_COUNT,    /* count */
    GLIA_TERM_PRESENCE, /* 1 */
    GLIA_TERM_LOG_COUNT /* 1 + ln(count) */
} glia_term_weight;

typedef struct glia_vectorizer_args {
    glia_clean_args clean;         /* what is done to a text before it is split. Stop words are gone before n-grams are
                                      made: their neighbours become neighbours */
    glia_tokenizer_args tokenizer; /* splits it. replace_invalid of either serves both */
    int minimum_n, maximum_n;      /* an n-gram is that many tokens in a row, 1 to 64, words with a space between them;
                                      default 1, and minimum_n */
    int64_t minimum_documents;     /* n-grams of fewer texts are left out; default 1 */
    double maximum_share;          /* and those of more than this share of the texts, 0 to 1; default 1 */
    int64_t maximum_size;          /* of the others the commonest stay, equally common ones by their bytes; 0: all */
    int64_t buckets; /* not 0: no n-gram is kept. Its column is a hash of it modulo buckets, and n-grams that collide
                        are added up */
    glia_term_weight weight;
    bool idf;         /* times ln((1 + texts) / (1 + texts with the n-gram)) + 1, of the texts that it was fitted to */
    bool unit_length; /* a row is divided by the root of the sum of its squares, where that is not 0 */
} glia_vectorizer_args;

/* Turns texts into rows of a matrix with a column for each n-gram, in the order of their bytes. With idf and
 * unit_length a row is TF-IDF as scikit-learn computes it by default. */
typedef struct glia_vectorizer glia_vectorizer;

/* Chooses the n-grams, and counts the texts that have them: fit it to the training part only. args may be NULL. Needs
 * memory for every n-gram that differs; with buckets, 24 bytes for each. GLIA_NOT_FOUND where no n-gram is left. With
 * buckets and without idf, n_texts may be 0.
 * Source: Salton, Buckley, "Term-weighting approaches in automatic text retrieval", 1988; the smoothed idf is that of
 * scikit-learn's TfidfTransformer. Weinberger et al., "Feature hashing for large scale multitask learning", 2009; here
 * without signs. */
GLIA_API glia_status glia_vectorizer_fit(glia_context *ctx, const glia_vectorizer_args *args, const glia_text *texts,
                                         int64_t n_texts, glia_vectorizer **out);

/* NULL is allowed. */
GLIA_API void glia_vectorizer_destroy(glia_vectorizer *vectorizer);

GLIA_API int64_t glia_vectorizer_size(const glia_vectorizer *vectorizer); /* columns */

/* The n-gram of a column; all zero with buckets, and where column is out of range. */
GLIA_API glia_text glia_vectorizer_term(const glia_vectorizer *vectorizer, int64_t column);

/* The column of an n-gram as it is spelled, -1: it has none. With buckets every n-gram has one. */
GLIA_API int64_t glia_vectorizer_find(const glia_vectorizer *vectorizer, glia_text term);

/* How many of the texts that it was fitted to have what this column counts; -1: there is no such column. */
GLIA_API int64_t glia_vectorizer_documents(const glia_vectorizer *vectorizer, int64_t column);

/* Writes row i of texts[i] to matrix [n_texts, glia_vectorizer_size], which has exactly `bytes`. Computed in double,
 * rounded once. N-grams that it does not know count nothing; a text without known ones is a row of zeros. */
GLIA_API glia_status glia_vectorizer_transform(const glia_vectorizer *vectorizer, const glia_text *texts,
                                               int64_t n_texts, float *matrix, size_t bytes);

/* A text file of its settings, stop words and columns; written and read as vocabularies are. */
GLIA_API glia_status glia_vectorizer_write(const glia_vectorizer *vectorizer, const char *path);
GLIA_API glia_status glia_vectorizer_read(glia_context *ctx, const char *path, size_t max_bytes, glia_vectorizer **out);

/* ---- Vectors of words that others have trained ---- */

typedef struct glia_word_vectors_args {
    int64_t maximum;  /* of the file's words, the first ones, which are the commonest; 0: all */
    double deviation; /* tokens that the file has not get normal rows with this standard deviation; 0: zeros */
    uint64_t seed;    /* of these draws; 0: the context's. A row follows from it and the token's index alone */
} glia_word_vectors_args;

typedef struct glia_word_vectors {
    int64_t words; /* of the file that were read */
    int64_t size;  /* elements of a vector */
    int64_t found; /* of them tokens of the vocabulary */
} glia_word_vectors;

/* Reads what the file holds: of word2vec, as text and in binary, and of GloVe and fastText as text, told apart by their
 * beginning; gzipped, too. A first line of two whole numbers is a header; in a file without one, the first line says
 * how many numbers a vector has, and no word ends with a number. A line that is broken is GLIA_BAD_FORMAT with its
 * number. args may be NULL; out->found is 0. Source: https://code.google.com/archive/p/word2vec; Pennington, Socher,
 * Manning, "GloVe", 2014. */
GLIA_API glia_status glia_word_vectors_probe(glia_context *ctx, const char *path, const glia_word_vectors_args *args,
                                             glia_word_vectors *out);

/* Writes the vector of each token to its row of matrix, [glia_vocabulary_size, size of a vector], which has exactly
 * `bytes`: the weight of an embedding. Of a word that comes twice the first vector counts; "<unk>" of the file is
 * unknown, padding stays zeros. found [glia_vocabulary_size] tells which rows the file has; it, out and args may be
 * NULL. */
GLIA_API glia_status glia_vocabulary_read_vectors(const glia_vocabulary *vocabulary, const char *path,
                                                  const glia_word_vectors_args *args, float *matrix, size_t bytes,
                                                  bool *found, glia_word_vectors *out);

/* The file's words in their order as a vocabulary of words without padding and unknown. args may be NULL. */
GLIA_API glia_status glia_vocabulary_from_vectors(glia_context *ctx, const char *path,
                                                  const glia_word_vectors_args *args, glia_vocabulary **out);

#ifdef __cplusplus
}
#endif
#endif
