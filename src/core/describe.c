/* What this machine's devices are, what they work with, and what their providers take. */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/device.h"
#include "core/provider.h"

typedef struct listener {
    void (*visit)(void *user, const glia_device_fact *fact);
    void *user;
    const char *device;
} listener;

static void say(const listener *to, const char *subject, bool present, const char *text) {
    const glia_device_fact fact = {to->device, subject, present, text};
    to->visit(to->user, &fact);
}

static void say_part(const listener *to, const gli_device_part *part) {
    char text[1024];
    const char *separator = part->version[0] && part->where[0] ? ", " : "";
    if (part->present)
        snprintf(text, sizeof text, "%s%s%s", part->version, separator, part->where);
    else
        snprintf(text, sizeof text, "%s%s%s", part->where, part->without ? "; without it: " : "",
                 part->without ? part->without : "");
    say(to, part->name, part->present, text);
}

static void say_parts(const listener *to, const gli_device *device) {
    gli_device_part part = {0};
    for (int i = 0; device->part && device->part(i, &part); ++i) say_part(to, &part);
}

static void say_device(const listener *to, const gli_device *device, int index) {
    char text[GLI_WHY_TEXT] = "";
    device->describe(index, text, sizeof text);
    say(to, "device", true, text);
}

static void describe_kind(listener *to, const gli_device_kind *kind) {
    char why[GLI_WHY_TEXT]   = "", name[GLI_DEVICE_TEXT];
    to->device               = kind->name;
    const gli_device *device = gli_device_load(kind->library, why);
    if (!device) {
        say(to, "library", false, why);
        return;
    }
    Dl_info info;
    if (dladdr(device, &info) && info.dli_fname) say(to, "library", true, info.dli_fname);
    say_parts(to, device);
    const int count = device->count(why);
    if (count == 0) say(to, "device", false, why);
    for (int i = 0; i < count; ++i) {
        snprintf(name, sizeof name, kind->many ? "%s:%d" : "%s", kind->name, i);
        to->device = name;
        say_device(to, device, i);
    }
}

glia_status glia_devices_describe(void (*visit)(void *user, const glia_device_fact *fact), void *user) {
    if (!visit) return gli_fail_early(GLIA_INVALID_ARGUMENT, "glia_devices_describe: visit is NULL");
    listener to = {visit, user, gli_cpu_device.name};
    say_device(&to, &gli_cpu_device, 0);
    say_parts(&to, &gli_cpu_device);
    for (const gli_device_kind *kind = gli_device_kinds; kind->name; ++kind)
        if (!kind->internal) describe_kind(&to, kind);
    return GLIA_OK;
}

typedef void (*provider_visitor)(void *user, const glia_provider_fact *fact);

static const char *needs_of(unsigned flags, char *text, size_t size) {
    static const char *const names[] = {"all of one dtype", "all of one layout", "no empty tensor",
                                        "of f32: a math mode of reduced precision"};
    size_t length                    = 0;
    text[0]                          = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i)
        if (flags >> i & 1 && length < size - 1)
            length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ", " : "", names[i]);
    return text;
}

static void visit_providers(const gli_device *device, provider_visitor visit, void *user) {
    char formats[GLI_FORMATS_TEXT], images[GLI_FORMATS_TEXT], needs[160];
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (const gli_provider *const *it = device->providers(*op); *it; ++it) {
            const gli_accepts *a          = &(*it)->accepts;
            const glia_provider_fact fact = {
                .device  = device->name,
                .op      = (*op)->name,
                .name    = (*it)->name,
                .dtypes  = a->dtypes,
                .formats = gli_formats_text(a->formats, formats),
                .images  = a->images ? gli_formats_text(a->images, images) : NULL,
                .needs   = needs_of(a->flags, needs, sizeof needs),
            };
            visit(user, &fact);
        }
}

glia_status glia_providers_describe(provider_visitor visit, void *user) {
    char why[GLI_WHY_TEXT];
    if (!visit) return gli_fail_early(GLIA_INVALID_ARGUMENT, "glia_providers_describe: visit is NULL");
    visit_providers(&gli_cpu_device, visit, user);
    for (const gli_device_kind *kind = gli_device_kinds; kind->name; ++kind) {
        const gli_device *device = kind->internal ? NULL : gli_device_load(kind->library, why);
        if (device) visit_providers(device, visit, user);
    }
    return GLIA_OK;
}
