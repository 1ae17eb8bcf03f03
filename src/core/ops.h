/* Declares glia_op_X for each op. */
#ifndef GLIA_CORE_OPS_H
#define GLIA_CORE_OPS_H

#include "core/provider.h"

#define GLIA_OP(name) extern const glia_op glia_op_##name;
#include "core/ops.inc"
#undef GLIA_OP

/* What users describe; see ops/custom/custom_impl.h. No table of ops holds them. */
extern const glia_op glia_op_custom, glia_op_custom_backward;

#endif
