/* What this machine's devices are, and what they work with. */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <stdio.h>

#include "core/context_impl.h"
#include "core/device.h"

typedef struct listener {
    void (*tell)(void *user, const glia_device_fact *fact);
    void *user;
    const char *device;
} listener;

static void say(const listener *to, const char *subject, bool present, const char *text) {
    const glia_device_fact fact = {to->device, subject, present, text};
    to->tell(to->user, &fact);
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

glia_status glia_devices_describe(void (*tell)(void *user, const glia_device_fact *fact), void *user) {
    if (!tell) return gli_fail_early(GLIA_INVALID_ARGUMENT, "glia_devices_describe: tell is NULL");
    listener to = {tell, user, gli_cpu_device.name};
    say_device(&to, &gli_cpu_device, 0);
    say_parts(&to, &gli_cpu_device);
    for (const gli_device_kind *kind = gli_device_kinds; kind->name; ++kind)
        if (!kind->internal) describe_kind(&to, kind);
    return GLIA_OK;
}
