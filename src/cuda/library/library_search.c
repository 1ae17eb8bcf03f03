#define _GNU_SOURCE /* dladdr, GLOB_BRACE */
#include "cuda/library/library_search.h"

#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/environment.h"

enum { PATTERN = 2 * PATH_MAX };

typedef struct search {
    const gli_library_kind *kind;
    void *table;
    gli_library_found *out;
} search;

/* Sets the table's pointers. The name of a function that is missing, or NULL. */
static const char *look_up(const gli_library_kind *kind, void *library, void *table) {
    for (const gli_library_function *f = kind->functions; f->name; ++f) {
        void *address = dlsym(library, f->name);
        if (!address) return f->name;
        memcpy((char *)table + f->offset, &address, sizeof address);
    }
    return NULL;
}

/* A library that is not where it was looked for is no reason; one that is there and fails to load is. */
static void note_failure(search *s, const char *path, const char *error) {
    char absent[PATTERN + 64];
    snprintf(absent, sizeof absent, "%s: cannot open shared object file: No such file", path);
    if (error && strncmp(error, absent, strlen(absent)) != 0) snprintf(s->out->why, sizeof s->out->why, "%s", error);
}

static void note_path(search *s, const char *asked) {
    void *function;
    Dl_info info;
    memcpy(&function, (char *)s->table + s->kind->functions[0].offset, sizeof function);
    const bool known = dladdr(function, &info) && info.dli_fname;
    snprintf(s->out->path, sizeof s->out->path, "%s", known ? info.dli_fname : asked);
}

static bool try_file(search *s, const char *path) {
    gli_library_found *out = s->out;
    void *library          = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return note_failure(s, path, dlerror()), false;
    const char *missing               = look_up(s->kind, library, s->table);
    char version[GLI_LIBRARY_VERSION] = "";
    if (missing)
        snprintf(out->why, sizeof out->why, "%s has no function %s", path, missing);
    else if (!s->kind->check(s->table, version, sizeof version))
        snprintf(out->why, sizeof out->why, "%s: %s", path, version);
    else {
        /* NVIDIA's libraries keep state of the process and are not made to be unloaded. */
        void *kept   = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        out->library = kept ? kept : library;
        if (kept) dlclose(library);
        note_path(s, path);
        memcpy(out->version, version, sizeof version);
        return true;
    }
    dlclose(library);
    return false;
}

static bool try_pattern(search *s, const char *pattern) {
    glob_t found = {0};
    bool fits    = false;
    if (glob(pattern, GLOB_BRACE, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && !fits; ++i) fits = try_file(s, found.gl_pathv[i]);
    globfree(&found);
    return fits;
}

/* The files in root/inside, a pattern of the shell. root NULL or not an absolute path: nothing. */
static bool try_root(search *s, const char *root, const char *inside) {
    char pattern[PATTERN];
    if (!root || *root != '/') return false;
    for (const char *const *file = s->kind->files; *file; ++file) {
        const int length = snprintf(pattern, sizeof pattern, "%s/%s/%s", root, inside, *file);
        if (length < (int)sizeof pattern && try_pattern(s, pattern)) return true;
    }
    return false;
}

static bool try_list(search *s, const char *folders) {
    while (folders && *folders) {
        char folder[PATH_MAX];
        const size_t length = strcspn(folders, ":");
        if (length && snprintf(folder, sizeof folder, "%.*s", (int)length, folders) < (int)sizeof folder &&
            try_root(s, folder, "."))
            return true;
        folders += length + (folders[length] == ':');
    }
    return false;
}

static bool try_loader(search *s) {
    if (!gli_loader_path_is_absolute()) return false;
    for (const char *const *file = s->kind->files; *file; ++file)
        if (try_file(s, *file)) return true;
    return false;
}

/* Cuts the last `parts` parts off a path. */
static bool cut(char *path, int parts) {
    for (; parts > 0; --parts) {
        char *slash = strrchr(path, '/');
        if (!slash || slash == path) return false;
        *slash = '\0';
    }
    return true;
}

/* The first program of that name in PATH. */
static bool find_program(const char *name, char *out, size_t size) {
    for (const char *path = gli_trusted_variable("PATH"); path && *path;) {
        const size_t length = strcspn(path, ":");
        if (*path == '/' && snprintf(out, size, "%.*s/%s", (int)length, path, name) < (int)size &&
            access(out, X_OK) == 0)
            return true;
        path += length + (path[length] == ':');
    }
    return false;
}

/* /opt/x for /opt/x/bin/python3, and for the file that this is a link to. */
static bool try_around(search *s, const char *program, const char *inside) {
    char path[PATH_MAX], target[PATH_MAX];
    if (!find_program(program, path, sizeof path)) return false;
    const bool linked = realpath(path, target) && cut(target, 2);
    if (cut(path, 2) && try_root(s, path, inside)) return true;
    return linked && try_root(s, target, inside);
}

static bool try_roots(search *s, const char *const *variables, const char *program, const char *inside) {
    for (; *variables; ++variables)
        if (try_root(s, gli_trusted_variable(*variables), inside)) return true;
    return try_around(s, program, inside);
}

static bool try_toolkit(search *s) {
    static const char inside[]       = "{lib64,lib,targets/*/lib}";
    static const char *const homes[] = {"CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX", NULL};
    return try_roots(s, homes, "nvcc", inside) || try_root(s, "/usr/local/cuda", inside);
}

/* Packages for CUDA 12 have a folder each, nvidia/cudnn; those of later versions share nvidia/cu13. versions is where
 * pyenv keeps its Pythons. */
static bool try_python(search *s) {
    static const char *const homes[] = {"VIRTUAL_ENV", "CONDA_PREFIX", NULL};
    char inside[256], local[PATH_MAX];
    snprintf(inside, sizeof inside,
             "{.,local,versions/*}/{lib,lib64}/python3*/{site,dist}-packages/nvidia/{%s,cu[0-9]*}/lib",
             s->kind->package);
    const char *home = gli_trusted_variable("HOME");
    if (try_roots(s, homes, "python3", inside)) return true;
    return home && snprintf(local, sizeof local, "%s/.local", home) < (int)sizeof local && try_root(s, local, inside);
}

bool gli_library_open(const gli_library_kind *kind, void *table, gli_library_found *out) {
    search s = {kind, table, out};
    memset(out, 0, sizeof *out);
    if (try_list(&s, gli_trusted_variable("GLIA_CUDA_LIBRARY_PATH")) || try_loader(&s) || try_toolkit(&s) ||
        try_python(&s))
        return out->why[0] = '\0', true;
    memset(table, 0, kind->table_bytes);
    if (!out->why[0])
        snprintf(out->why, sizeof out->why,
                 "%s is not in GLIA_CUDA_LIBRARY_PATH, on the loader's path, in CUDA's folder or in Python's packages",
                 kind->files[0]);
    return false;
}

void gli_library_close(gli_library_found *found) {
    if (found->library) dlclose(found->library);
    memset(found, 0, sizeof *found);
}
