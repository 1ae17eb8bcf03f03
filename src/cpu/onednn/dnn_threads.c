/* oneDNN is called for slices of the work, each on the thread that took the slice. Its OpenMP runtime is told so, for
 * the calling thread; which runtime that is depends on the library that is loaded, not on this build. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "cpu/onednn/dnn_list.h"

static void find(void *handle, gli_dnn_openmp *out) {
    *(void **)&out->get_max_threads = dlsym(handle, "omp_get_max_threads");
    *(void **)&out->set_num_threads = dlsym(handle, "omp_set_num_threads");
}

/* A runtime that the program brings, such as clang's, comes before the one that oneDNN names. */
gli_dnn_openmp gli_dnn_find_openmp(void) {
    gli_dnn_openmp found = {0};
    Dl_info library;
    find(RTLD_DEFAULT, &found);
    if (found.set_num_threads || !dladdr(dnnl_version(), &library)) return found;
    void *handle = dlopen(library.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (!handle) return found;
    find(handle, &found);
    dlclose(handle);
    return found;
}

int gli_dnn_threads_enter(const gli_dnn_openmp *openmp) {
    if (!openmp->get_max_threads || !openmp->set_num_threads) return 1;
    const int before = openmp->get_max_threads();
    if (before != 1) openmp->set_num_threads(1);
    return before;
}

void gli_dnn_threads_leave(const gli_dnn_openmp *openmp, int before) {
    if (before != 1) openmp->set_num_threads(before);
}
