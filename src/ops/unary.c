#include "glia/ops/common.h"

static const char *const names[GLIA_UNARY_COUNT] = {
#define X(name, text) text,
    GLIA_UNARY_LIST(X)
#undef X
};

const char *glia_unary_name(glia_unary_kind kind) { return (unsigned)kind < GLIA_UNARY_COUNT ? names[kind] : "?"; }
