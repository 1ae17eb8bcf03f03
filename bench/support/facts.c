#include "facts.h"

#include <stdbool.h>
#include <string.h>

#include "glia/glia.h"

typedef struct writer {
    FILE *file;
    const char *device;
    bool more;
} writer;

void bench_write_string(FILE *file, const char *text) {
    fputc('"', file);
    for (const char *c = text; *c; ++c) {
        if (*c == '"' || *c == '\\') fputc('\\', file);
        if ((unsigned char)*c >= ' ') fputc(*c, file);
    }
    fputc('"', file);
}

/* "cuda" has what all of its devices share. */
static bool concerns(const char *device, const char *whose) {
    const size_t length = strlen(whose);
    return strncmp(device, whose, length) == 0 && (device[length] == '\0' || device[length] == ':');
}

static void write_fact(void *user, const glia_device_fact *fact) {
    writer *w = user;
    if (!fact->present || !concerns(w->device, fact->device)) return;
    if (w->more) fputs(", ", w->file);
    bench_write_string(w->file, fact->subject);
    fputs(": ", w->file);
    bench_write_string(w->file, fact->text);
    w->more = true;
}

void bench_write_facts(FILE *file, const char *bench, const char *device) {
    writer w = {file, device, false};
    fprintf(file, "{\"bench\": \"%s\", \"glia\": \"%s\", \"device\": \"%s\", \"facts\": {", bench, glia_version(),
            device);
    glia_devices_describe(write_fact, &w);
    fputs("}}\n", file);
}
