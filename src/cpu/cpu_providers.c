#include "cpu/cpu_providers.h"

#include "core/op.h"

/* Three readings of one list: declarations, a list for each op, the table. A library that the build lacks leaves its
 * entries out. */
#ifdef GLIA_WITH_ONEDNN
#define IF_ONEDNN(...) __VA_ARGS__
#else
#define IF_ONEDNN(...)
#endif

#define ROW(op, ...) __VA_ARGS__
#define ONEDNN(name) IF_ONEDNN(extern const gli_provider gli_##name##_onednn;)
#define WINOGRAD(name) extern const gli_provider gli_##name##_winograd;
#define NATIVE(name) extern const gli_provider gli_##name##_native;
#define WIDENED(name)
#define REF(name) extern const gli_provider gli_##name##_ref;
#include "cpu/cpu_providers.inc"
#undef ROW
#undef ONEDNN
#undef WINOGRAD
#undef NATIVE
#undef WIDENED
#undef REF

#define ONEDNN(name) IF_ONEDNN(&gli_##name##_onednn, )
#define WINOGRAD(name) &gli_##name##_winograd,
#define NATIVE(name) &gli_##name##_native,
#define WIDENED(name) &gli_widened,
#define REF(name) &gli_##name##_ref,
#define ROW(op, ...) static const gli_provider *const op##_providers[] = {__VA_ARGS__ NULL};
#include "cpu/cpu_providers.inc"
#undef ROW

static const struct {
    const gli_op *op;
    const gli_provider *const *providers;
} table[] = {
#define ROW(op, ...) {&gli_op_##op, op##_providers},
#include "cpu/cpu_providers.inc"
#undef ROW
};

const gli_provider *const *gli_cpu_providers(const gli_op *op) {
    static const gli_provider *const none[] = {NULL};
    for (size_t i = 0; i < sizeof table / sizeof *table; ++i)
        if (table[i].op == op) return table[i].providers;
    return none;
}
