/* Params by name: one table for each op, from which its log lines, checks and tests are made. */
#ifndef GLI_CORE_PARAMS_H
#define GLI_CORE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glia/tensor.h"

struct gli_op;

typedef enum gli_param_type {
    GLI_PARAM_BOOL,
    GLI_PARAM_INT,
    GLI_PARAM_INT64,
    GLI_PARAM_UINT32,
    GLI_PARAM_UINT64,
    GLI_PARAM_DOUBLE,
    GLI_PARAM_ENUM, /* stored as an int; `names` has the word of each value */
    GLI_PARAM_AXES, /* bits of GLIA_AXIS */
    GLI_PARAM_SHAPE
} gli_param_type;

typedef struct gli_op_param {
    const char *name; /* as in the struct; with a dot where it is in a struct inside: "conv.stride" */
    gli_param_type type;
    size_t offset, size; /* size: of an array, all elements */
    const char *const *names;
    int n_names;
    bool quiet; /* differs from call to call and tells a reader nothing: gli_params_text leaves it out */
} gli_op_param;

/* A row of the table for a field of the params struct T, whose type says how it is stored. */
#define GLI_PARAM(T, field)              \
    {.name   = #field,                   \
     .offset = offsetof(T, field),       \
     .size   = sizeof(((T *)0)->field),  \
     .type   = _Generic(((T *)0)->field, \
         bool: GLI_PARAM_BOOL,         \
         int: GLI_PARAM_INT,           \
         int *: GLI_PARAM_INT,         \
         int64_t: GLI_PARAM_INT64,     \
         int64_t *: GLI_PARAM_INT64,   \
         uint32_t: GLI_PARAM_UINT32,   \
         uint64_t: GLI_PARAM_UINT64,   \
         double: GLI_PARAM_DOUBLE,     \
         double *: GLI_PARAM_DOUBLE,   \
         glia_shape: GLI_PARAM_SHAPE)}

/* Of a field of an enum type, whose values from 0 on have these names: an array of them. */
#define GLI_PARAM_NAMED(T, field, words) \
    {.name    = #field,                  \
     .offset  = offsetof(T, field),      \
     .size    = sizeof(((T *)0)->field), \
     .type    = GLI_PARAM_ENUM,          \
     .names   = (words),                 \
     .n_names = sizeof(words) / sizeof *(words)}

/* Of a field that names the random numbers of a call: its seed, its stream. */
#define GLI_PARAM_RANDOM(T, field)      \
    {.name   = #field,                  \
     .offset = offsetof(T, field),      \
     .size   = sizeof(((T *)0)->field), \
     .quiet  = true,                    \
     .type   = sizeof(((T *)0)->field) == sizeof(uint64_t) ? GLI_PARAM_UINT64 : GLI_PARAM_UINT32}

/* Of a field with a set of axes. */
#define GLI_PARAM_AXIS_BITS(T, field) \
    {.name = #field, .offset = offsetof(T, field), .size = sizeof(((T *)0)->field), .type = GLI_PARAM_AXES}

/* The axis that a bit of a set stands for, as written in GLIA_AXIS: negative from the end. */
static inline int gli_axis_of_bit(int bit) { return bit < GLIA_MAX_DIMS ? bit : bit - 32; }

/* How many elements it has: 1, or those of an array. */
int gli_param_count(const gli_op_param *param);

/* The address of element i of the param in params. */
const void *gli_param_element(const gli_op_param *param, const void *params, int i);

/* Whether both params have the same value of it. */
bool gli_param_same(const gli_op_param *param, const void *a, const void *b);

/* The params that a call with this pointer has: NULL stands for the op's defaults. Never NULL for an op with params. */
const void *gli_params_or_defaults(const struct gli_op *op, const void *params);

/* The first enum param with an invalid value, which *value receives; NULL: all are valid. */
const gli_op_param *gli_params_bad_enum(const struct gli_op *op, const void *params, int *value);

/* The params that differ from the op's defaults, as " stride={2,2} activation=relu", without the quiet ones; "" where
 * none does. */
enum { GLI_PARAMS_TEXT = 400 };
const char *gli_params_text(const struct gli_op *op, const void *params, char text[GLI_PARAMS_TEXT]);

#endif
