/* Names in C. */
#include <string.h>

#include "c_file/c_file.h"
#include "core/print.h"

/* Words of C99, of later C and of GNU's, and of C++, which reads the file's declarations. */
static const char words[] =
    " auto break case char const continue default do double else enum extern float for goto if inline int long "
    "register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while _Bool "
    "_Complex "
    "_Imaginary "
    "alignas alignof asm bool constexpr false i386 linux nullptr static_assert thread_local true typeof typeof_unqual "
    "unix "
    "and and_eq bitand bitor catch char16_t char32_t char8_t class co_await co_return co_yield compl concept "
    "const_cast "
    "consteval constinit decltype delete dynamic_cast explicit export friend mutable namespace new noexcept not not_eq "
    "operator or or_eq private protected public reinterpret_cast requires static_cast template this throw try typeid "
    "typename using virtual wchar_t xor xor_eq ";

static bool is_word(const char *text) {
    char word[GLI_NAME_SIZE + 2];
    gli_format(word, sizeof word, " %s ", text);
    return strstr(words, word) != NULL;
}

/* Not those of the locale. */
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool gli_c_is_name(const char *text) {
    if (!is_letter(*text) || is_word(text)) return false;
    while (*text && (is_letter(*text) || is_digit(*text))) ++text;
    return !*text;
}

/* Letters, digits and underscores, with a letter in front; without `size` - 1 characters at most. */
static void spell(const char *text, char *out, size_t size) {
    size_t used = 0;
    for (; *text && used + 1 < size; ++text) {
        if (used == 0 && !is_letter(*text) && !is_digit(*text)) continue;
        if (used == 0 && (is_digit(*text) || *text == '_')) out[used++] = 'n';
        if (used + 1 < size) out[used++] = is_letter(*text) || is_digit(*text) ? *text : '_';
    }
    if (used == 0) out[used++] = 'n';
    out[used] = '\0';
}

/* Macros of the standard headers are all in capitals. */
static bool may_be_macro(const char *text) {
    for (; *text; ++text)
        if (*text >= 'a' && *text <= 'z') return false;
    return true;
}

void gli_c_upper(const char *text, char *out, size_t size) {
    size_t i = 0;
    for (; text[i] && i + 1 < size; ++i)
        out[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
    out[i] = '\0';
}

enum { NAME = GLI_NAME_SIZE - 24 }; /* before a suffix, and the number that gli_names_make adds */

static glia_status add(gli_c_file *f, gli_names *names, const char *name, const char *suffix, char out[GLI_NAME_SIZE]) {
    char stem[GLI_NAME_SIZE - 12];
    gli_format(stem, sizeof stem, "%s%s%s", name, *suffix ? "_" : "", suffix);
    if (is_word(stem) || may_be_macro(stem)) strcat(stem, "_"); /* name is shorter by more than that */
    GLI_TRY(gli_names_reserve(f->ctx, names));
    gli_names_make(names, stem, out);
    gli_names_add(names, out, 0);
    return GLIA_OK;
}

glia_status gli_c_name(gli_c_file *f, const char *text, const char *suffix, char out[GLI_NAME_SIZE]) {
    char name[NAME];
    spell(text, name, sizeof name);
    return add(f, &f->names, name, suffix, out);
}

glia_status gli_c_name_port(gli_c_file *f, const char *text, char out[GLI_NAME_SIZE]) {
    char upper[GLI_NAME_SIZE];
    do {
        GLI_TRY(gli_c_name(f, text, "", out));
        gli_c_upper(out, upper, sizeof upper);
    } while (gli_names_find(&f->sizes, upper));
    GLI_TRY(gli_names_reserve(f->ctx, &f->sizes));
    gli_names_add(&f->sizes, upper, 0);
    return GLIA_OK;
}

/* Whether the name begins as that of a layer's function, which the array NAME_weight could be, too. */
static bool begins_as_function(const char *name) {
    static const char *const verbs[] = {"run", "step", "reverse"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; ++i) {
        const size_t n = strlen(verbs[i]);
        if (strncmp(name, verbs[i], n) == 0 && (name[n] == '_' || !name[n])) return true;
    }
    return false;
}

glia_status gli_c_name_layer(gli_c_file *f, const char *text, const char *suffix, char out[GLI_NAME_SIZE]) {
    char spelled[NAME], name[NAME];
    spell(text, spelled, sizeof spelled);
    gli_format(name, sizeof name, "%s%s", begins_as_function(spelled) ? "n_" : "", spelled);
    return add(f, &f->layer_names, name, suffix, out);
}

static glia_status keep(gli_c_file *f, const char *name) {
    GLI_TRY(gli_names_reserve(f->ctx, &f->names));
    if (!gli_names_find(&f->names, name)) gli_names_add(&f->names, name, 0);
    return GLIA_OK;
}

glia_status gli_c_keep(gli_c_file *f, const char *first, const char *second) {
    char name[GLI_NAME_SIZE];
    gli_format(name, sizeof name, "%s_%s", first, second);
    return keep(f, name);
}

/* Those that the file uses itself. */
static glia_status keep_names(gli_c_file *f) {
    static const char *const used[]     = {"scratch", "state",   "steps",     "t",       "memcpy",  "memset", "square",
                                           "minimum", "maximum", "fast_tanh", "gate_of", "int32_t", "int64_t"};
    static const char *const suffixes[] = {"run", "run_in", "step", "step_in", "init", "state"};
    for (size_t i = 0; i < sizeof used / sizeof *used; ++i) GLI_TRY(keep(f, used[i]));
    for (int k = 0; k < GLIA_UNARY_COUNT; ++k) GLI_TRY(keep(f, glia_unary_name((glia_unary_kind)k)));
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; ++i) GLI_TRY(gli_c_keep(f, f->prefix, suffixes[i]));
    return GLIA_OK;
}

const char *gli_c_file_name(const gli_c_file *f) {
    const char *slash = strrchr(f->path, '/');
    return slash ? slash + 1 : f->path;
}

glia_status gli_c_choose_prefix(gli_c_file *f, const char *call, const char *prefix) {
    if (prefix) {
        GLI_REQUIRE(f->ctx, gli_c_is_name(prefix) && strlen(prefix) < sizeof f->prefix, GLIA_INVALID_ARGUMENT,
                    "%s: prefix is '%.64s', must be a name in C of at most %d characters", call, prefix,
                    (int)sizeof f->prefix - 1);
        gli_format(f->prefix, sizeof f->prefix, "%s", prefix);
    } else {
        spell(gli_c_file_name(f), f->prefix, sizeof f->prefix);
        const size_t length = strlen(f->prefix);
        if (length > 2 && strcmp(f->prefix + length - 2, "_c") == 0) f->prefix[length - 2] = '\0';
    }
    gli_c_upper(f->prefix, f->upper, sizeof f->upper);
    memcpy(f->info.prefix, f->prefix, sizeof f->info.prefix);
    return keep_names(f);
}
