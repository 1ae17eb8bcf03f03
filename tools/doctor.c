#include "doctor.h"

#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftest.h"

enum { WIDTH = 14 }; /* of the column of subjects */

typedef struct diagnosis {
    char device[32]; /* whose facts are being printed */
    bool present;    /* it can be tested */
    int failed;
} diagnosis;

static void line(const char *subject, const char *text) { printf("  %-*s %s\n", WIDTH, subject, text); }

static void test_device(diagnosis *d) {
    char why[512];
    if (!d->present) return;
    d->present        = false;
    const bool passed = selftest(d->device, why, sizeof why);
    line("self-test", passed ? "ok: matmul, convolution and its gradients, training" : why);
    d->failed += !passed;
    fflush(stdout);
}

static void print_fact(void *user, const glia_device_fact *fact) {
    diagnosis *d = user;
    char subject[64];
    if (strcmp(d->device, fact->device) != 0) {
        test_device(d);
        snprintf(d->device, sizeof d->device, "%s", fact->device);
        printf("%s\n", d->device);
    }
    snprintf(subject, sizeof subject, "%s%s", fact->present ? "" : "no ", fact->subject);
    line(subject, fact->text);
    if (strcmp(fact->subject, "device") == 0) d->present = fact->present;
}

static int print_choice(void) {
    glia_context *ctx        = NULL;
    const char *device       = getenv("GLIA_DEVICE");
    const bool set           = device && *device;
    const glia_status status = glia_context_create(NULL, NULL, &ctx);
    printf("%s\n", set ? "GLIA_DEVICE" : "auto");
    if (status == GLIA_OK)
        line("is", glia_context_device(ctx));
    else
        line("fails", glia_message(NULL));
    glia_context_destroy(ctx);
    return status == GLIA_OK ? 0 : 1;
}

int doctor(void) {
    diagnosis d = {.device = ""};
    printf("glia %s\n", glia_version());
    if (glia_devices_describe(print_fact, &d) != GLIA_OK) {
        fprintf(stderr, "glia: %s\n", glia_message(NULL));
        return 1;
    }
    test_device(&d);
    d.failed += print_choice();
    return d.failed ? 1 : 0;
}

typedef struct table {
    char device[32], op[48]; /* of the line before */
} table;

static void print_provider(void *user, const glia_provider_fact *fact) {
    static const glia_dtype floats[] = {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16};
    table *t                         = user;
    if (strcmp(t->device, fact->device) != 0) {
        printf("%s%s\n  %-29s %-19s", t->device[0] ? "\n" : "", fact->device, "op", "provider");
        for (size_t i = 0; i < sizeof floats / sizeof *floats; ++i) printf(" %-4s", glia_dtype_name(floats[i]));
        printf(" tensors\n");
        snprintf(t->device, sizeof t->device, "%s", fact->device);
        t->op[0] = '\0';
    }
    printf("  %-29s %-19s", strcmp(t->op, fact->op) == 0 ? "" : fact->op, fact->name);
    for (size_t i = 0; i < sizeof floats / sizeof *floats; ++i)
        printf(" %-4s", fact->dtypes >> floats[i] & 1 ? "yes" : "-");
    printf(" %s", fact->formats);
    if (fact->images) printf("; images: %s", fact->images);
    if (fact->needs[0]) printf("; %s", fact->needs);
    printf("\n");
    snprintf(t->op, sizeof t->op, "%s", fact->op);
}

int doctor_providers(void) {
    table t = {""};
    if (glia_providers_describe(print_provider, &t) == GLIA_OK) return 0;
    fprintf(stderr, "glia: %s\n", glia_message(NULL));
    return 1;
}
