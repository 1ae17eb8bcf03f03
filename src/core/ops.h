/* Declares gli_op_X for each op. */
#ifndef GLI_CORE_OPS_H
#define GLI_CORE_OPS_H

#include "core/provider.h"

#define GLI_OP(name) extern const gli_op gli_op_##name;
#include "core/ops.inc"
#undef GLI_OP

/* What users describe; see ops/custom/custom_impl.h. No table of ops holds them. */
extern const gli_op gli_op_custom, gli_op_custom_backward;

#endif
