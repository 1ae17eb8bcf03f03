/* The CPU's providers without the fast ones: what computes a model that a fuzzer made is the references. */
#include "core/op.h"
#include "cpu/cpu_providers.h"
#include "cpu/cpu_roof.h"
#include "cpu/cpu_settings.h"

#define WINOGRAD(name)
#define ONEDNN(name)
#define NATIVE(name)
#define WIDENED(name)
#define ROW(op, ...) __VA_ARGS__
#define REF(name) extern const gli_provider gli_##name##_ref;
#include "cpu/cpu_providers.inc"
#undef ROW
#undef REF

const gli_provider *const *gli_cpu_providers(const gli_op *op) {
    static const gli_provider *const none[] = {NULL};
#define REF(name) &gli_##name##_ref,
#define ROW(name, ...)                                                        \
    static const gli_provider *const name##_providers[] = {__VA_ARGS__ NULL}; \
    if (op == &gli_op_##name) return name##_providers;
#include "cpu/cpu_providers.inc"
    return none;
}

/* What a profile is measured by is a fast loop. */
glia_status gli_cpu_roof(glia_context *ctx, double *flops, double *bytes) {
    (void)flops, (void)bytes;
    return gli_fail(ctx, GLIA_UNSUPPORTED, "the references have no roof");
}

/* Nor have they loops for one processor or another. */
glia_status gli_cpu_open(glia_context *ctx, int index) {
    (void)ctx, (void)index;
    return GLIA_OK;
}
