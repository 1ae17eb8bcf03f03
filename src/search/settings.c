/* Settings, and the values that trials try. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/philox.h"
#include "core/print.h"
#include "core/size.h"
#include "search/search.h"

enum { DEFAULT_DRAWS = 20 };

/* ---- Declared ---- */

static glia_status check_list(glia_context *ctx, const char *where, const glia_setting *s) {
    GLI_REQUIRE(ctx, s->n >= 1, GLIA_INVALID_ARGUMENT, "%s has a list and n is %d", where, s->n);
    GLI_REQUIRE(ctx, s->low == 0 && s->high == 0 && !s->log && !s->whole && !s->steps, GLIA_INVALID_ARGUMENT,
                "%s has a list, so low, high, log, whole and steps say nothing", where);
    for (int i = 0; i < s->n; ++i) {
        if (s->values)
            GLI_REQUIRE(ctx, isfinite(s->values[i]), GLIA_INVALID_ARGUMENT, "%s: values[%d] is %g, must be finite",
                        where, i, s->values[i]);
        else
            GLI_REQUIRE(ctx, s->texts[i] && gli_name_valid(s->texts[i], GLI_SETTING_NAME - 1), GLIA_INVALID_ARGUMENT,
                        "%s: texts[%d] is %s, must have 1 to %d bytes of UTF-8 and no control characters", where, i,
                        !s->texts[i]   ? "NULL"
                        : *s->texts[i] ? "something else"
                                       : "empty",
                        GLI_SETTING_NAME - 1);
        for (int j = 0; j < i; ++j)
            GLI_REQUIRE(ctx, s->values ? s->values[i] != s->values[j] : strcmp(s->texts[i], s->texts[j]) != 0,
                        GLIA_INVALID_ARGUMENT, "%s: values %d and %d are the same", where, j, i);
    }
    return GLIA_OK;
}

static glia_status check_range(glia_context *ctx, const char *where, const glia_setting *s, bool random) {
    GLI_REQUIRE(ctx, s->n == 0, GLIA_INVALID_ARGUMENT, "%s: n is %d, and values and texts are NULL", where, s->n);
    GLI_REQUIRE(ctx, isfinite(s->low) && isfinite(s->high) && s->low < s->high, GLIA_INVALID_ARGUMENT,
                "%s has no list, and the range %g to %g", where, s->low, s->high);
    GLI_REQUIRE(ctx, isfinite(s->high - s->low), GLIA_INVALID_ARGUMENT,
                "%s: the range %g to %g is wider than a number can say", where, s->low, s->high);
    GLI_REQUIRE(ctx, !s->log || s->low > 0, GLIA_INVALID_ARGUMENT, "%s: low is %g, must be above 0 with log", where,
                s->low);
    const double most = 0x1p53;
    GLI_REQUIRE(ctx,
                !s->whole || (s->low == floor(s->low) && s->high == floor(s->high) && fabs(s->low) <= most &&
                              fabs(s->high) <= most),
                GLIA_INVALID_ARGUMENT, "%s: the range %g to %g of whole numbers has an end that is none", where, s->low,
                s->high);
    GLI_REQUIRE(ctx, random || s->steps >= 2, GLIA_INVALID_ARGUMENT,
                "%s is a range with %d steps: a grid needs at least 2, or a list", where, s->steps);
    GLI_REQUIRE(ctx, s->steps >= 0 && s->steps <= GLI_MOST_TRIALS, GLIA_INVALID_ARGUMENT,
                "%s: steps is %d, must be 2 to %d", where, s->steps, GLI_MOST_TRIALS);
    return GLIA_OK;
}

static glia_status check_name(const glia_search *search, const char *function, const char *name, int i) {
    glia_context *ctx = search->ctx;
    GLI_REQUIRE(ctx, name && gli_name_valid(name, GLI_SETTING_NAME - 1), GLIA_INVALID_ARGUMENT,
                "%s: the name of settings[%d] is %s, must have 1 to %d bytes of UTF-8 and no control characters",
                function, i,
                !name   ? "NULL"
                : *name ? "something else"
                        : "empty",
                GLI_SETTING_NAME - 1);
    GLI_REQUIRE(ctx, !gli_search_has_column(name), GLIA_INVALID_ARGUMENT,
                "%s: settings[%d] is called '%s', as a column of the results is", function, i, name);
    for (int j = 0; j < i; ++j)
        GLI_REQUIRE(ctx, strcmp(name, search->settings[j].name) != 0, GLIA_INVALID_ARGUMENT,
                    "%s: settings[%d] and [%d] are both called '%s'", function, j, i, name);
    return GLIA_OK;
}

/* ---- Copied ---- */

static double rounded(double x) {
    char text[32];
    gli_format(text, sizeof text, "%.5e", x);
    gli_scan_double(text, &x);
    return x;
}

/* The value at a point from 0 to 1 of the range. Rounding hides what the logarithms of two machines differ by. */
static double value_at(const gli_setting *s, double point) {
    double x;
    if (s->log)
        x = exp(log(s->low) + point * (log(s->high) - log(s->low)));
    else
        x = s->low + point * (s->high - s->low);
    x = s->whole ? nearbyint(x) : rounded(x);
    return x < s->low ? s->low : x > s->high ? s->high : x;
}

static glia_status copy_texts(glia_context *ctx, const glia_setting *from, gli_setting *to) {
    size_t bytes = (size_t)from->n * sizeof *from->texts;
    for (int i = 0; i < from->n; ++i) bytes += strlen(from->texts[i]) + 1;
    GLI_TRY(gli_block_alloc(ctx, bytes, 1, "the values of a setting", &to->texts));
    const char **texts = to->texts.data;
    char *text         = (char *)(texts + from->n);
    for (int i = 0; i < from->n; ++i) {
        const size_t length = strlen(from->texts[i]) + 1;
        texts[i]            = memcpy(text, from->texts[i], length);
        text += length;
    }
    return GLIA_OK;
}

/* A list, or the points of a range in a grid. Those of whole numbers that round to one are one. */
static glia_status copy_values(glia_context *ctx, const glia_setting *from, bool random, gli_setting *to) {
    const bool list = from->values || from->texts;
    const int n     = list ? from->n : random ? 0 : from->steps;
    if (n == 0) return GLIA_OK;
    GLI_TRY(gli_block_alloc(ctx, (size_t)n, sizeof(double), "the values of a setting", &to->values));
    double *values = to->values.data;
    for (int i = 0; i < n; ++i) {
        const double x = from->values ? from->values[i] : from->texts ? i : value_at(to, (double)i / (from->steps - 1));
        if (list || to->n == 0 || values[to->n - 1] != x) values[to->n++] = x;
    }
    return from->texts ? copy_texts(ctx, from, to) : GLIA_OK;
}

static glia_status copy_setting(glia_search *search, const char *function, const glia_setting *from, bool random,
                                int i) {
    char where[GLI_SETTING_NAME + 64];
    gli_setting *to = &search->settings[i];
    GLI_TRY(check_name(search, function, from->name, i));
    snprintf(where, sizeof where, "%s: setting '%s'", function, from->name);
    GLI_REQUIRE(search->ctx, !from->values || !from->texts, GLIA_INVALID_ARGUMENT, "%s has values and texts", where);
    if (from->values || from->texts)
        GLI_TRY(check_list(search->ctx, where, from));
    else
        GLI_TRY(check_range(search->ctx, where, from, random));
    *to = (gli_setting){.low = from->low, .high = from->high, .log = from->log, .whole = from->whole};
    strcpy(to->name, from->name);
    ++search->n_settings;
    return copy_values(search->ctx, from, random, to);
}

glia_status gli_settings_copy(glia_search *search, const char *function, const glia_search_args *args) {
    GLI_REQUIRE(search->ctx, args->settings, GLIA_INVALID_ARGUMENT, "%s: settings is NULL", function);
    GLI_REQUIRE(search->ctx, args->n_settings >= 1 && args->n_settings <= GLIA_MAX_SETTINGS, GLIA_INVALID_ARGUMENT,
                "%s: n_settings is %d, must be 1 to %d", function, args->n_settings, GLIA_MAX_SETTINGS);
    for (int i = 0; i < args->n_settings; ++i)
        GLI_TRY(copy_setting(search, function, &args->settings[i], args->random, i));
    return GLIA_OK;
}

void gli_settings_free(glia_search *search) {
    for (int i = 0; i < search->n_settings; ++i) {
        gli_block_free(search->ctx, &search->settings[i].values);
        gli_block_free(search->ctx, &search->settings[i].texts);
    }
}

/* ---- Tried ---- */

/* How many combinations of lists there are; INT64_MAX: there is a range, or more than an int64_t counts. */
static int64_t combinations(const glia_search *search) {
    int64_t n = 1;
    for (int s = 0; s < search->n_settings; ++s)
        n = search->settings[s].n > 0 ? gli_saturating_mul(n, search->settings[s].n) : INT64_MAX;
    return n;
}

static void fill_grid(glia_search *search) {
    for (int64_t i = 0; i < search->trials; ++i) {
        int64_t left   = i;
        double *values = gli_trial_values(search, i);
        for (int s = search->n_settings - 1; s >= 0; --s) {
            const gli_setting *setting = &search->settings[s];
            values[s]                  = ((const double *)setting->values.data)[left % setting->n];
            left /= setting->n;
        }
    }
}

static double draw_value(const gli_setting *setting, gli_random use, int s) {
    const uint64_t number = 2 * (uint64_t)s;
    const double unit     = gli_unit_double(gli_random_u32(use, number), gli_random_u32(use, number + 1));
    if (setting->n > 0) return ((const double *)setting->values.data)[(int)(unit * setting->n)];
    if (!setting->whole || setting->log) return value_at(setting, unit);
    return setting->low + floor(unit * (setting->high - setting->low + 1));
}

/* Combinations that were drawn, in a hash table: numbers of trials from 1, 0 where there is none. */
typedef struct drawn {
    gli_block block; /* uint32_t [mask + 1] */
    size_t mask;
} drawn;

static glia_status drawn_create(const glia_search *search, drawn *out) {
    size_t places = 2;
    while (places < 2 * (size_t)search->trials) places *= 2;
    GLI_TRY(gli_block_alloc(search->ctx, places, sizeof(uint32_t), "the combinations of a search", &out->block));
    memset(out->block.data, 0, out->block.bytes);
    out->mask = places - 1;
    return GLIA_OK;
}

/* Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014, the mixing function. */
static uint64_t hash_of(const double *values, int n) {
    uint64_t hash = 0;
    for (int s = 0; s < n; ++s) {
        uint64_t bits;
        memcpy(&bits, &values[s], sizeof bits);
        hash = (hash ^ bits) + UINT64_C(0x9E3779B97F4A7C15);
        hash = (hash ^ hash >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        hash = (hash ^ hash >> 27) * UINT64_C(0x94D049BB133111EB);
        hash ^= hash >> 31;
    }
    return hash;
}

/* Adds what a trial has drawn, unless it is there; false: it was. */
static bool drawn_add(const glia_search *search, drawn *all, int64_t trial) {
    const double *values = gli_trial_values(search, trial);
    const size_t bytes   = (size_t)search->n_settings * sizeof *values;
    uint32_t *places     = all->block.data;
    size_t at            = (size_t)hash_of(values, search->n_settings) & all->mask;
    for (; places[at]; at = (at + 1) & all->mask)
        if (memcmp(gli_trial_values(search, places[at] - 1), values, bytes) == 0) return false;
    places[at] = (uint32_t)trial + 1;
    return true;
}

/* Draws are numbered one after the other, also those that come twice: more trials begin with the same ones. All of n
 * combinations take some n log n draws. differ: NULL where combinations may come twice. */
static void draw_all(glia_search *search, drawn *differ) {
    uint32_t draw = 0;
    for (int64_t i = 0; i < search->trials; ++i) {
        double *values = gli_trial_values(search, i);
        do {
            const gli_random use = {search->seed, GLI_STREAM_SETTING, draw++};
            for (int s = 0; s < search->n_settings; ++s) values[s] = draw_value(&search->settings[s], use, s);
        } while (differ && !drawn_add(search, differ, i));
    }
}

glia_status gli_settings_draw(glia_search *search, const char *function, const glia_search_args *args) {
    const int64_t all = combinations(search);
    search->trials    = args->trials ? args->trials : args->random ? DEFAULT_DRAWS : all;
    if (search->trials > all) search->trials = all;
    GLI_REQUIRE(search->ctx, search->trials >= 1 && search->trials <= GLI_MOST_TRIALS, GLIA_INVALID_ARGUMENT,
                "%s: there are %lld trials, must be 1 to %d: set trials", function, (long long)search->trials,
                GLI_MOST_TRIALS);
    GLI_TRY(gli_block_alloc(search->ctx, (size_t)search->trials, (size_t)search->n_settings * sizeof(double),
                            "the values of a search", &search->values));
    if (!args->random) return fill_grid(search), GLIA_OK;
    if (all == INT64_MAX) return draw_all(search, NULL), GLIA_OK;
    drawn differ = {0};
    GLI_TRY(drawn_create(search, &differ));
    draw_all(search, &differ);
    gli_block_free(search->ctx, &differ.block);
    return GLIA_OK;
}

uint64_t gli_trial_seed(const glia_search *search, int64_t i) {
    const gli_u32x4 bits = gli_random_block((gli_random){search->seed, GLI_STREAM_TRIAL, (uint32_t)i}, 0);
    return (uint64_t)bits.v[0] << 32 | bits.v[1];
}

/* ---- Shown ---- */

void gli_format_exactly(char *text, size_t size, double value) {
    double read = 0;
    for (int digits = 6; digits <= 17; ++digits) {
        gli_format(text, size, "%.*g", digits, value);
        if (gli_scan_double(text, &read) && read == value) return;
    }
}

const char *gli_trial_value(const glia_search *search, int64_t i, int s, char text[GLI_SETTING_SHOWN]) {
    const gli_setting *setting = &search->settings[s];
    const double value         = gli_trial_values(search, i)[s];
    if (setting->texts.data) return ((const char *const *)setting->texts.data)[(int)value];
    gli_format_exactly(text, GLI_SETTING_SHOWN, value);
    return text;
}

const char *gli_trial_show(const glia_search *search, int64_t i, char text[GLI_TRIAL_SHOWN]) {
    size_t used = 0;
    text[0]     = '\0';
    for (int s = 0; s < search->n_settings && used < GLI_TRIAL_SHOWN; ++s) {
        char value[GLI_SETTING_SHOWN];
        used += (size_t)snprintf(text + used, GLI_TRIAL_SHOWN - used, "%s%s %s", s ? ", " : "",
                                 search->settings[s].name, gli_trial_value(search, i, s, value));
    }
    return text;
}
