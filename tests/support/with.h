// Args for a call in C++, which has no compound literals whose address can be taken.
#pragma once

namespace glia {

// The address of an object that lives until the end of the full expression: with(glia_dense_args{.units = 10}).
template <class T>
const T *with(T &&args) {
    return &args;
}

}  // namespace glia
