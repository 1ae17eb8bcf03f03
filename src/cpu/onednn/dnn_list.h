/* What the files behind onednn.h share: the list of primitives, and how one is added to it. */
#ifndef GLI_CPU_ONEDNN_DNN_LIST_H
#define GLI_CPU_ONEDNN_DNN_LIST_H

#include "cpu/onednn/dnn_api.h"
#include "cpu/onednn/onednn.h"

enum { GLI_DNN_MAX_GROUPS = 32, GLI_DNN_MAX_ARGUMENTS = 6, GLI_DNN_MAX_DESCRIPTORS = 16, GLI_DNN_MAX_SUMS = 2 };

/* ---- slices ------------------------------------------------------------------------------------------------------ */

/* A primitive works on slices of its tensors, each on one thread, cut by the sizes of the tensors alone: the bits of
 * the result do not depend on the number of threads. These are `count` slices from the `first` on, `extent` long, of
 * `total` slices; all but the last of them are `size` long. */
typedef struct gli_dnn_slices {
    int first, count, total;
    int64_t size, extent;
} gli_dnn_slices;

extern const gli_dnn_slices gli_dnn_one_slice; /* everything */

/* How a dimension is cut: into multiples of `multiple`, or all of the same length where the slices are added. */
typedef struct gli_dnn_cut {
    int64_t dim, multiple;
    double work; /* of all slices, in multiplications */
    bool added;
    int64_t least; /* slices, as far as dim allows; 0: 1 */
} gli_dnn_cut;

/* What an element costs a primitive that only reads and writes, in multiplications. */
enum { GLI_DNN_WORK_PER_ELEMENT = 16 };

double gli_dnn_elements(const gli_dnn_view *view);

/* Part 0 are the slices of the same length, part 1 the one that is shorter; false: there is no such part. */
bool gli_dnn_part(const gli_dnn_cut *cut, int part, gli_dnn_slices *out);

/* The view of the first slice: d is a dimension, or one of the numbers below. */
enum { GLI_DNN_WHOLE = -1, GLI_DNN_ADDED = -2 /* each slice gives a summand */ };
gli_dnn_view gli_dnn_slice(gli_dnn_view view, int d, const gli_dnn_slices *slices);

/* ---- the list ---------------------------------------------------------------------------------------------------- */

/* An argument of a primitive. Each lane has a memory object for it, which gets its address with each run: `offset`
 * bytes from the beginning of its memory, and `advance` from slice to slice. */
typedef struct gli_dnn_argument {
    int id;
    gli_dnn_memory kind;
    int index; /* of the tensor */
    size_t offset, advance;
} gli_dnn_argument;

typedef struct gli_dnn_step {
    dnnl_primitive_t primitive;
    int n;
    gli_dnn_argument arguments[GLI_DNN_MAX_ARGUMENTS];
    int lanes;
    dnnl_memory_t *memory; /* GLI_DNN_MAX_ARGUMENTS for each lane */
} gli_dnn_step;

/* When a group of steps runs. Only those at work have several slices, which run in any order, several at a time. */
typedef enum gli_dnn_stage { GLI_DNN_BEFORE, GLI_DNN_AT_WORK, GLI_DNN_AFTER } gli_dnn_stage;

/* Steps one after the other, for each slice. */
typedef struct gli_dnn_group {
    gli_dnn_stage stage;
    int begin, end;   /* steps */
    int first, count; /* slices */
} gli_dnn_group;

/* Between work and after: the sum of what the slices gave. */
typedef struct gli_dnn_sum {
    gli_dnn_argument summands, to;
    int count; /* of summands */
    size_t floats;
} gli_dnn_sum;

/* How the OpenMP runtime that oneDNN runs on is told the number of threads; NULL where there is none. */
typedef struct gli_dnn_openmp {
    int (*get_max_threads)(void);
    void (*set_num_threads)(int number);
} gli_dnn_openmp;
gli_dnn_openmp gli_dnn_find_openmp(void);

/* One thread for what this thread calls; returns how many before. */
int gli_dnn_threads_enter(const gli_dnn_openmp *openmp);
void gli_dnn_threads_leave(const gli_dnn_openmp *openmp, int before);

/* Descriptors of memory, until their primitive is made. */
typedef struct gli_dnn_descriptors {
    int n;
    dnnl_memory_desc_t md[GLI_DNN_MAX_DESCRIPTORS];
} gli_dnn_descriptors;

struct gli_dnn {
    const gli_call *call; /* until the end of prepare, as are before and descriptors */
    gli_dnn_descriptors *descriptors;
    int before; /* OpenMP's threads */
    glia_context *ctx;
    gli_dnn_openmp openmp;
    dnnl_engine_t engine;
    dnnl_stream_t *stream; /* of each lane */
    glia_status status;
    int lanes;    /* that slices can run in at a time */
    bool has_run; /* all of the list, once */
    /* Of output 0, after all primitives. Some of oneDNN's own map NaN to 0 after some convolutions, and a network that
     * has diverged would look well. */
    glia_unary_kind activation;
    /* Bytes of the workspace: what the slices share, then for each lane its reordered copies and the scratchpad. */
    size_t shared, copies, scratchpad;
    int n_groups, n_steps, n_sums;
    gli_dnn_group groups[GLI_DNN_MAX_GROUPS];
    gli_dnn_step *steps;
    int capacity; /* of steps */
    gli_dnn_sum sums[GLI_DNN_MAX_SUMS];
};

/* The one translation of oneDNN's results. what: "a convolution" */
glia_status gli_dnn_translate(const gli_call *call, dnnl_status_t status, const char *what);

/* GLIA_UNSUPPORTED, with the reason in the log of dispatch: a refusal is no failure. */
glia_status gli_dnn_refuse(const gli_call *call, const char *reason, const char *what);

/* oneDNN takes memory for its objects from malloc, and pages for its machine code, and in many places follows the NULL
 * that it may get. So it is called only while there is as much of both as the call takes: an out-of-memory error says
 * that there is not. Other threads may take it in between: what malloc has freed, and pages all the more, belong to the
 * whole process, and nothing keeps them for oneDNN. */
enum { GLI_DNN_TO_PREPARE = 4 << 20, GLI_DNN_TO_RUN_FIRST = 6 << 20, GLI_DNN_TO_RUN = 1 << 16 };
glia_status gli_dnn_reserve(glia_context *ctx, size_t bytes);

/* True if the list is still good after this result. */
bool gli_dnn_check(gli_dnn *dnn, dnnl_status_t status, const char *what);

/* The memory descriptor of the view as it is, and the one that a primitive is asked for, by the view's layout. They
 * last until gli_dnn_add_primitive returns. NULL: an absent view, or a failure. */
const_dnnl_memory_desc_t gli_dnn_describe(gli_dnn *dnn, const gli_dnn_view *view);
const_dnnl_memory_desc_t gli_dnn_request(gli_dnn *dnn, const gli_dnn_view *view);

/* What a primitive does beyond its own formula: alpha formula + beta y. */
typedef struct gli_dnn_attributes {
    float alpha, beta;
} gli_dnn_attributes;
extern const gli_dnn_attributes gli_dnn_default_attributes;

/* NULL after a failure, also one before this call. */
dnnl_primitive_attr_t gli_dnn_create_attr(gli_dnn *dnn, const gli_dnn_attributes *attributes, const char *what);

/* Takes what creating a descriptor with this attr came to, and frees attr. Gives the descriptor of a fast primitive;
 * NULL after a failure or refusal. oneDNN's own reference is refused: it gains nothing over ours. no_gemm: refuse
 * implementations that copy into matrices and multiply these; something better may be found. */
dnnl_primitive_desc_t gli_dnn_fast_pd(gli_dnn *dnn, dnnl_primitive_desc_t pd, dnnl_primitive_attr_t attr, bool no_gemm,
                                      const char *what);

/* Bytes of a lane, and of the workspace. */
size_t gli_dnn_lane_bytes(const gli_dnn *dnn);

/* One tensor of a primitive: the view of its first slice, and the dimension that is cut. */
typedef struct gli_dnn_tensor {
    int id; /* DNNL_ARG_SRC, ... */
    const gli_dnn_view *view;
    int cut; /* or GLI_DNN_WHOLE, GLI_DNN_ADDED */
} gli_dnn_tensor;

/* Appends the primitive of pd on these tensors, with the reorders that their layouts need. Takes pd; NULL adds
 * nothing. */
void gli_dnn_add_primitive(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, const gli_dnn_slices *slices,
                           int n, const gli_dnn_tensor *tensors);

#endif
