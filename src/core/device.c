#define _GNU_SOURCE /* dladdr */
#include "core/device.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/environment.h"
#include "glia/glia.h"

const gli_device_kind gli_device_kinds[] = {
    {.name = "cuda", .library = "cuda", .many = true, .automatic = true},
    {.name = "emulated", .library = "emulated"},
    {.name = "emulated:race", .library = "emulated_race", .internal = true},
    {.name = "ptx", .library = "ptx", .internal = true},
    {0},
};

static void *open_in(const char *folder, const char *file, char *why) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s%s", folder, file) >= (int)sizeof path) return NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) snprintf(why, GLI_WHY_TEXT, "%s", dlerror());
    return library;
}

static char own_folder[PATH_MAX];

/* Notes the folder, with its last slash, of the file that this code is loaded from: libglia's, or a program's that
 * libglia was linked into. At load time, because the name may be relative, and the current directory changes. */
__attribute__((constructor)) static void note_own_folder(void) {
    static const char anchor;
    Dl_info info;
    if (!dladdr(&anchor, &info) || !info.dli_fname) return;
    const char *file = strchr(info.dli_fname, '/') ? info.dli_fname : "/proc/self/exe"; /* found through PATH */
    if (!realpath(file, own_folder)) own_folder[0] = '\0';
    char *slash = strrchr(own_folder, '/');
    if (slash) slash[1] = '\0';
}

static void *open_library(const char *file, char *why) {
    const char *folder = gli_trusted_variable("GLIA_LIBRARY_DIR");
    char beside[PATH_MAX + 16];
    void *library = NULL;
    if (folder && *folder) {
        if (*folder == '/') return snprintf(beside, sizeof beside, "%.4000s/", folder), open_in(beside, file, why);
        snprintf(why, GLI_WHY_TEXT, "GLIA_LIBRARY_DIR is %.64s, must be an absolute path", folder);
        return NULL;
    }
    if (own_folder[0]) {
        library = open_in(own_folder, file, why);
        snprintf(beside, sizeof beside, "%s../lib/", own_folder);
        if (!library) library = open_in(beside, file, why);
    }
    return library || !gli_loader_path_is_absolute() ? library : open_in("", file, why);
}

static bool same_build(const gli_device_library *found) {
    const int version[] = {GLIA_VERSION_MAJOR, GLIA_VERSION_MINOR, GLIA_VERSION_PATCH};
    return memcmp(found->version, version, sizeof version) == 0 && found->context_bytes == sizeof(glia_context) &&
           found->device_bytes == sizeof(gli_device);
}

const gli_device *gli_device_load(const char *name, char *why) {
    char file[64];
    snprintf(file, sizeof file, "libglia_%s.so", name);
    void *library = open_library(file, why);
    if (!library) return NULL;
    const gli_device_library *found = dlsym(library, "gli_device_export");
    const gli_device *device        = NULL;
    if (!found)
        snprintf(why, GLI_WHY_TEXT, "%s is not a library of Glia", file);
    else if (!same_build(found))
        snprintf(why, GLI_WHY_TEXT, "%s is of version %d.%d.%d and was not built with this libglia %s", file,
                 found->version[0], found->version[1], found->version[2], glia_version());
    else
        device = found->device;
    dlclose(library); /* RTLD_NODELETE: it stays */
    return device;
}

/* Of device `name`, the number: "cuda" is "cuda:0". false: it is not this device's name. */
static bool number_of(const char *name, const char *device, bool many, int *number) {
    const size_t length = strlen(device);
    *number             = 0;
    if (strncmp(name, device, length) != 0) return false;
    if (name[length] == '\0') return true;
    if (!many || name[length] != ':' || name[length + 1] < '0' || name[length + 1] > '9') return false;
    char *end;
    const long value = strtol(name + length + 1, &end, 10);
    *number          = value > 4096 ? 4096 : (int)value;
    return *end == '\0';
}

static glia_status find(const char *name, const gli_device_kind *kind, int number, gli_device_choice *out) {
    char why[GLI_WHY_TEXT] = "";
    out->device            = gli_device_load(kind->library, why);
    out->index             = number;
    if (!out->device) return gli_fail_early(GLIA_NOT_FOUND, "no device '%.64s': %s", name, why);
    const int count = out->device->count(why);
    if (count == 0) return gli_fail_early(GLIA_NOT_FOUND, "no device '%.64s': %s", name, why);
    if (number >= count)
        return gli_fail_early(GLIA_NOT_FOUND, "no device '%.64s': this machine has %d, numbered from 0", name, count);
    snprintf(out->name, sizeof out->name, kind->many ? "%s:%d" : "%s", kind->name, number);
    return GLIA_OK;
}

static void use_cpu(gli_device_choice *out) {
    out->device = &gli_cpu_device;
    snprintf(out->name, sizeof out->name, "cpu");
}

static void find_automatically(gli_device_choice *out) {
    for (const gli_device_kind *kind = gli_device_kinds; kind->name; ++kind) {
        if (!kind->automatic) continue;
        if (find(kind->name, kind, 0, out) == GLIA_OK) return;
        snprintf(out->why, sizeof out->why, "%s", glia_message(NULL));
    }
    use_cpu(out);
}

glia_status gli_device_find(const char *name, gli_device_choice *out) {
    *out = (gli_device_choice){0};
    if (strcmp(name, "auto") == 0) return find_automatically(out), GLIA_OK;
    if (strcmp(name, "cpu") == 0) return use_cpu(out), GLIA_OK;
    for (const gli_device_kind *kind = gli_device_kinds; kind->name; ++kind) {
        int number;
        if (number_of(name, kind->name, kind->many, &number)) return find(name, kind, number, out);
    }
    return gli_fail_early(GLIA_NOT_FOUND, "no device '%.64s': there are cpu, cuda:N, emulated and auto", name);
}
