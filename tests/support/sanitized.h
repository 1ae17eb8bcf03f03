// Under sanitizers, which are there to see what code does and not whether its numbers are right, tests run fewer
// numbers through the same code.
#pragma once

namespace glia {

#ifdef __SANITIZE_ADDRESS__
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

}  // namespace glia
