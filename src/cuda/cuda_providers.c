#include "cuda/cuda_providers.h"

#include <string.h>

#include "cuda/library/built_libraries.h"

/* Three readings of one list: declarations, a list for each op, the table. */
#define ROW(op, ...) __VA_ARGS__
#define CUDNN(name) GLI_IF_CUDNN(extern const gli_provider gli_##name##_cudnn;)
#define CUBLAS(name) GLI_IF_CUBLAS(extern const gli_provider gli_##name##_cublas;)
#define KERNEL(name, kernel) extern const gli_provider gli_##name##_##kernel;
#define PORTABLE(name) extern const gli_provider gli_##name##_portable;
#include "cuda/cuda_providers.inc"
#undef ROW
#undef CUDNN
#undef CUBLAS
#undef KERNEL
#undef PORTABLE

#define CUDNN(name) GLI_IF_CUDNN(&gli_##name##_cudnn, )
#define CUBLAS(name) GLI_IF_CUBLAS(&gli_##name##_cublas, )
#define KERNEL(name, kernel) &gli_##name##_##kernel,
#define PORTABLE(name) &gli_##name##_portable,
#define ROW(op, ...) static const gli_provider *const op##_providers[] = {__VA_ARGS__ NULL};
#include "cuda/cuda_providers.inc"
#undef ROW

/* By name: this library has no op table of its own. */
static const struct {
    const char *op;
    const gli_provider *const *providers;
} table[] = {
#define ROW(op, ...) {#op, op##_providers},
#include "cuda/cuda_providers.inc"
#undef ROW
};

const gli_provider *const *gli_cuda_providers(const gli_op *op) {
    static const gli_provider *const none[] = {NULL};
    for (size_t i = 0; i < sizeof table / sizeof *table; ++i)
        if (strcmp(table[i].op, op->name) == 0) return table[i].providers;
    return none;
}
