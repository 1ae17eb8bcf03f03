/* Shared libraries that are opened at run time: where they are looked for, and what they must have. Knows no CUDA. */
#ifndef GLI_CUDA_LIBRARY_LIBRARY_SEARCH_H
#define GLI_CUDA_LIBRARY_LIBRARY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

/* A function to look up, and the offset of its pointer in a table of functions. */
typedef struct gli_library_function {
    const char *name;
    size_t offset;
} gli_library_function;

typedef struct gli_library_kind {
    const char *name;                      /* "cuDNN" */
    const char *const *files;              /* "libcudnn.so.9": best first, NULL-terminated */
    const char *package;                   /* its folder among Python's nvidia packages: "cudnn" */
    const gli_library_function *functions; /* all are needed; ended by a NULL name */
    size_t table_bytes;
    /* Writes the version of what was loaded. false: it cannot be used, and version says why. */
    bool (*check)(const void *table, char *version, size_t size);
} gli_library_kind;

enum { GLI_LIBRARY_PATH = 512, GLI_LIBRARY_VERSION = 96, GLI_LIBRARY_WHY = 512 };

typedef struct gli_library_found {
    void *library; /* NULL: there is none, and why says why */
    char path[GLI_LIBRARY_PATH];
    char version[GLI_LIBRARY_VERSION];
    char why[GLI_LIBRARY_WHY];
} gli_library_found;

/* The first that fits, in this order: the folders of GLIA_CUDA_LIBRARY_PATH, a list with colons; the loader's path; the
 * CUDA toolkit in CUDA_HOME, CUDA_PATH, around the nvcc in PATH and in /usr/local/cuda; Python's nvidia packages in
 * VIRTUAL_ENV, CONDA_PREFIX, around the python3 in PATH and in ~/.local. A library that
 * is there but does not fit is passed over, and given as the reason if no other is found. table is filled where a
 * library is found. */
bool gli_library_open(const gli_library_kind *kind, void *table, gli_library_found *out);
void gli_library_close(gli_library_found *found);

#endif
