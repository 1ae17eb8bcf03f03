// CUDA's atomic operations. They return the value before the operation.
#ifndef GLI_EMULATOR_ATOMICS_H
#define GLI_EMULATOR_ATOMICS_H

#define GLI_EMULATOR_ATOMIC(name, T) T name(T *address, T value);

#define GLI_EMULATOR_ATOMICS(X)       \
    X(atomicAdd, int)                 \
    X(atomicAdd, unsigned int)        \
    X(atomicAdd, unsigned long long)  \
    X(atomicAdd, float)               \
    X(atomicAdd, double)              \
    X(atomicSub, int)                 \
    X(atomicSub, unsigned int)        \
    X(atomicMin, int)                 \
    X(atomicMin, unsigned int)        \
    X(atomicMin, long long)           \
    X(atomicMin, unsigned long long)  \
    X(atomicMax, int)                 \
    X(atomicMax, unsigned int)        \
    X(atomicMax, long long)           \
    X(atomicMax, unsigned long long)  \
    X(atomicExch, int)                \
    X(atomicExch, unsigned int)       \
    X(atomicExch, unsigned long long) \
    X(atomicExch, float)              \
    X(atomicAnd, int)                 \
    X(atomicAnd, unsigned int)        \
    X(atomicAnd, unsigned long long)  \
    X(atomicOr, int)                  \
    X(atomicOr, unsigned int)         \
    X(atomicOr, unsigned long long)   \
    X(atomicXor, int)                 \
    X(atomicXor, unsigned int)        \
    X(atomicXor, unsigned long long)  \
    X(atomicInc, unsigned int)        \
    X(atomicDec, unsigned int)

GLI_EMULATOR_ATOMICS(GLI_EMULATOR_ATOMIC)
#undef GLI_EMULATOR_ATOMIC

int atomicCAS(int *address, int expected, int desired);
unsigned int atomicCAS(unsigned int *address, unsigned int expected, unsigned int desired);
unsigned long long atomicCAS(unsigned long long *address, unsigned long long expected, unsigned long long desired);

#endif
