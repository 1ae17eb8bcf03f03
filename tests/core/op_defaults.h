// glia_X_defaults() of each op that has one, with the op's descriptor.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>

#include <cstring>
#include <type_traits>

#include "glia/glia.h"
#include "support/internals.h"

namespace glia::fallback {

struct None {};

// A call finds these where the API has no such function; where it has one, that is the better match.
#define GLI_OP(name)                \
    template <class = void>         \
    None glia_##name##_defaults() { \
        return {};                  \
    }
#include "core/ops.inc"
#undef GLI_OP

}  // namespace glia::fallback

using namespace glia::fallback;

namespace glia {

// Whether the params are those that NULL stands for: field by field, since padding is nobody's.
inline void expect_defaults(const gli_op &op, const void *params, size_t size) {
    EXPECT_EQ(size, op.params_size) << op.name;
    for (int i = 0; i < op.n_params; ++i) {
        const gli_op_param &param = op.params[i];
        ASSERT_LE(param.offset + param.size, size) << op.name << " " << param.name;
        const char *value = static_cast<const char *>(params) + param.offset;
        const char *other = static_cast<const char *>(op.defaults) + param.offset;
        size_t from       = 0;
        if (param.type == GLI_PARAM_SHAPE) {
            EXPECT_EQ(memcmp(value, other, sizeof(int)), 0) << op.name << " " << param.name;
            from = offsetof(glia_shape, dim);
        }
        EXPECT_EQ(memcmp(value + from, other + from, param.size - from), 0) << op.name << " " << param.name;
    }
}

// visit(name of the op, descriptor, what glia_X_defaults() gives).
template <class Visit>
void for_each_defaults(const Visit &visit) {
#define GLI_OP(name)                                                         \
    if constexpr (!std::is_same_v<decltype(glia_##name##_defaults()), None>) \
        visit(#name, gli_op_##name, glia_##name##_defaults());
#include "core/ops.inc"
#undef GLI_OP
}

}  // namespace glia
