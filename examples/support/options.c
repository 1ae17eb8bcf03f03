#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_help(const char *program, const char *purpose, const option *options, int count) {
    printf("usage: %s [options]\n%s\n\n", program, purpose);
    for (const option *o = options; o < options + count; ++o) {
        const char *value = o->choices ? o->choices : o->text ? "TEXT" : o->whole ? "N" : "X";
        const int width   = 22 - (int)strlen(o->name);
        printf("  --%s %-*s %s", o->name, width, value, o->meaning);
        if (o->text && *o->text) printf(" (%s)", *o->text);
        if (o->whole) printf(" (%ld)", *o->whole);
        if (o->real) printf(" (%g)", *o->real);
        printf("\n");
    }
}

/* Whether word is one of choices, words with | between them. */
static bool is_choice(const char *choices, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strcspn(at, "|") == length && memcmp(at, word, length) == 0) return true;
    return false;
}

static double most_of(const option *o) { return o->most > 0 ? o->most : 1e6; }

static long multiple_of(const option *o) { return o->multiple > 0 ? o->multiple : 1; }

static bool in_range(const option *o, double value) { return value >= o->least && value <= most_of(o); }

static bool read_value(const option *o, const char *value) {
    char *end;
    if (o->text) {
        *o->text = value;
        return !o->choices || is_choice(o->choices, value);
    }
    if (o->whole) {
        *o->whole = strtol(value, &end, 10);
        return end != value && *end == '\0' && in_range(o, (double)*o->whole) && *o->whole % multiple_of(o) == 0;
    }
    *o->real = strtod(value, &end);
    return end != value && *end == '\0' && in_range(o, *o->real);
}

static void print_mistake(const char *program, const option *o, const char *value) {
    if (o->text)
        fprintf(stderr, "%s: --%s is '%s', must be %s\n", program, o->name, value, o->choices);
    else if (o->whole && o->multiple)
        fprintf(stderr, "%s: --%s is '%s', must be a multiple of %ld from %.0f to %.0f\n", program, o->name, value,
                o->multiple, o->least, most_of(o));
    else if (o->whole)
        fprintf(stderr, "%s: --%s is '%s', must be a whole number from %.0f to %.0f\n", program, o->name, value,
                o->least, most_of(o));
    else
        fprintf(stderr, "%s: --%s is '%s', must be a number from %g to %g\n", program, o->name, value, o->least,
                most_of(o));
}

static const option *find(const option *options, int count, const char *argument) {
    for (int i = 0; i < count; ++i)
        if (strncmp(argument, "--", 2) == 0 && strcmp(argument + 2, options[i].name) == 0) return &options[i];
    return NULL;
}

bool read_options(const char *purpose, const option *options, int count, int argc, char **argv, int *exit_code) {
    const char *program = base_name(argv[0]);
    for (int i = 1; i < argc; i += 2) {
        const option *o   = find(options, count, argv[i]);
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--help") == 0) {
            print_help(program, purpose, options, count);
            *exit_code = 0;
            return false;
        }
        if (o && value && read_value(o, value)) continue;
        if (!o)
            fprintf(stderr, "%s: there is no option %s; --help lists them\n", program, argv[i]);
        else if (!value)
            fprintf(stderr, "%s: %s needs a value\n", program, argv[i]);
        else
            print_mistake(program, o, value);
        *exit_code = 2;
        return false;
    }
    return true;
}
