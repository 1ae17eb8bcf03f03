// Where clang++ reports the accesses of kernels: the entry points of ThreadSanitizer's instrumentation, without its
// runtime; of UndefinedBehaviorSanitizer's checks of alignment and array bounds; and the memory functions that copies
// of structs become.
#include <cstring>

#include "emulator/block.h"
#include "emulator/race/shadow_checks.h"

using emulator::Access;
using emulator::check_access;

namespace {

void check(const void *pointer, size_t bytes, Access kind, const void *caller) {
    check_access(pointer, bytes, kind, emulator::source_of(caller));
}

// UndefinedBehaviorSanitizer's descriptions of what it checked.
struct TypeName {
    uint16_t kind, information;
    char name[1];
};

struct MismatchedType {
    const char *file;
    uint32_t line, column;
    const TypeName *type;
    unsigned char log_alignment, check_kind;
};

void check_alignment(const MismatchedType &what, uintptr_t pointer) {
    size_t alignment = size_t{1} << what.log_alignment;
    if (pointer % alignment == 0) return;
    emulator::violation(cudaErrorMisalignedAddress, {what.file, static_cast<int>(what.line)},
                        "%s at %p, which is not aligned to %zu bytes", what.type->name,
                        reinterpret_cast<void *>(pointer), alignment);
}

struct OutOfBounds {
    const char *file;
    uint32_t line, column;
    const TypeName *array, *index;
};

void report_out_of_bounds(const OutOfBounds &what, uintptr_t index) {
    emulator::violation(cudaErrorIllegalAddress, {what.file, static_cast<int>(what.line)},
                        "index %lld is out of bounds of %s", static_cast<long long>(index), what.array->name);
}

}  // namespace

#define GLI_EMULATOR_HOOKS(bytes)                                                               \
    void __tsan_read##bytes(const void *p) { check(p, bytes, Access::READ, CALLER); }           \
    void __tsan_write##bytes(void *p) { check(p, bytes, Access::WRITE, CALLER); }               \
    void __tsan_unaligned_read##bytes(const void *p) { check(p, bytes, Access::READ, CALLER); } \
    void __tsan_unaligned_write##bytes(void *p) { check(p, bytes, Access::WRITE, CALLER); }     \
    void __tsan_read_write##bytes(void *p) {                                                    \
        check(p, bytes, Access::READ, CALLER);                                                  \
        check(p, bytes, Access::WRITE, CALLER);                                                 \
    }                                                                                           \
    void __tsan_unaligned_read_write##bytes(void *p) {                                          \
        check(p, bytes, Access::READ, CALLER);                                                  \
        check(p, bytes, Access::WRITE, CALLER);                                                 \
    }
#define CALLER __builtin_return_address(0)

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void **, void *) {}
void __tsan_vptr_read(void **) {}

GLI_EMULATOR_HOOKS(1)
GLI_EMULATOR_HOOKS(2)
GLI_EMULATOR_HOOKS(4)
GLI_EMULATOR_HOOKS(8)
GLI_EMULATOR_HOOKS(16)

void __ubsan_handle_type_mismatch_v1(const MismatchedType *what, uintptr_t pointer) { check_alignment(*what, pointer); }
void __ubsan_handle_type_mismatch_v1_abort(const MismatchedType *what, uintptr_t pointer) {
    check_alignment(*what, pointer);
}

void __ubsan_handle_out_of_bounds(const OutOfBounds *what, uintptr_t index) { report_out_of_bounds(*what, index); }
void __ubsan_handle_out_of_bounds_abort(const OutOfBounds *what, uintptr_t index) {
    report_out_of_bounds(*what, index);
}

// The linker sends the library's calls of memcpy here (--wrap).
void *__real_memcpy(void *, const void *, size_t);
void *__real_memmove(void *, const void *, size_t);
void *__real_memset(void *, int, size_t);

void *__wrap_memcpy(void *to, const void *from, size_t bytes) {
    check(from, bytes, Access::READ, CALLER);
    check(to, bytes, Access::WRITE, CALLER);
    return __real_memcpy(to, from, bytes);
}

void *__wrap_memmove(void *to, const void *from, size_t bytes) {
    check(from, bytes, Access::READ, CALLER);
    check(to, bytes, Access::WRITE, CALLER);
    return __real_memmove(to, from, bytes);
}

void *__wrap_memset(void *to, int value, size_t bytes) {
    check(to, bytes, Access::WRITE, CALLER);
    return __real_memset(to, value, bytes);
}

}  // extern "C"
