/* The reference of ops that move elements: a rule says where each element of the output comes from, and the element is
 * copied byte for byte, so that no dtype loses a bit. Any strides. */
#ifndef GLI_CPU_REFERENCE_REF_MOVE_H
#define GLI_CPU_REFERENCE_REF_MOVE_H

#include "core/provider.h"
#include "cpu/element_index.h"

/* An element of an input by its row-major number; input -1: none, the output gets the fill value. */
typedef struct gli_origin {
    int input;
    int64_t element;
} gli_origin;

/* index: of the output's element, along each dimension. */
typedef gli_origin (*gli_move_rule)(const gli_call *call, const int64_t *index);

glia_status gli_ref_move(const gli_call *call, double fill, gli_move_rule rule);

/* All elements of one tensor to another of the same shape and dtype. */
void gli_ref_copy(const glia_tensor *from, const glia_tensor *to);

/* Defines the provider gli_X_ref of op X; the fill value is 0. */
#define GLI_MOVE_PROVIDER(op, rule)                                                                    \
    static glia_status run_##op(const gli_call *call, const gli_prepared *prepared, void *workspace) { \
        (void)prepared, (void)workspace;                                                               \
        return gli_ref_move(call, 0, rule);                                                            \
    }                                                                                                  \
    const gli_provider gli_##op##_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run_##op}

#endif
