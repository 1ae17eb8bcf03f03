/* The inside of writing a model as C. */
#ifndef GLI_C_FILE_C_FILE_H
#define GLI_C_FILE_C_FILE_H

#include "glia/c_file.h"
#include "glia/data.h"
#include "glia/train.h"
#include "graph/offset_assignment.h"
#include "nn/names.h"
#include "predict/predictor.h"

/* Where a value is while the file's function runs. */
typedef enum gli_c_place {
    GLI_C_UNUSED,
    GLI_C_INPUT,   /* the caller's */
    GLI_C_OUTPUT,  /* the caller's, that of output `index` */
    GLI_C_SCRATCH, /* block `index` */
    GLI_C_CONSTANT /* an array of the file: a weight, or a number repeated */
} gli_c_place;

typedef struct gli_c_value {
    int root; /* the value whose memory it shows; itself */
    gli_c_place place;
    int index;
    int last;         /* of a root: the last layer that reads it */
    bool listed;      /* its array is requested, and so has a name */
    const char *name; /* of an input or an array */
} gli_c_value;

/* A member of the struct of a stream. */
typedef struct gli_c_field {
    const char *suffix; /* its name begins with the layer's */
    int64_t count;
    bool integer;
} gli_c_field;

typedef struct gli_c_layer gli_c_layer;
typedef struct gli_c_file gli_c_file;

enum { GLI_C_MOST_FIELDS = 4 };

/* A row of the table of ops. */
typedef struct gli_c_op {
    const gli_op *op;
    unsigned data;     /* bit i: input i is an argument of the layer's function; the others are weights */
    unsigned in_place; /* bit i: the result may be in the memory of input i, if this has as many elements */
    bool folds;        /* a batchnorm that follows */
    bool activates;    /* an activation that follows */
    const char *(*decline)(const gli_c_file *f, const gli_c_layer *l); /* why it is not written; NULL: never */
    void (*plan)(gli_c_file *f, gli_c_layer *l); /* the layer's workspace, fields and functions; NULL: it has none */
    glia_status (*weights)(gli_c_file *f, const gli_c_layer *l); /* its arrays; NULL: none but its arguments */
    void (*body)(gli_c_file *f, const gli_c_layer *l);           /* of its function */
    void (*before)(gli_c_file *f, const gli_c_layer *l);         /* functions that it calls; NULL: none */
} gli_c_op;

/* A function of the file. */
struct gli_c_layer {
    const gli_c_op *op;
    const gli_node *node;
    const gli_node *batchnorm; /* folded into the weights; NULL: none */
    const void *geom;          /* of one step where streaming, but of conv2d and rnn */
    int time;                  /* the axis of steps of a stream; -1: none */
    glia_unary_kind activation;
    double alpha, beta;
    char name[GLI_NAME_SIZE]; /* run_NAME is its function, and NAME_weight an array */
    int64_t workspace;        /* floats */
    int block;                /* of the workspace */
    gli_c_field fields[GLI_C_MOST_FIELDS];
    int n_fields;
};

struct gli_c_file {
    glia_context *ctx;
    const glia_model *model;
    const glia_graph *graph;
    glia_value outputs[GLIA_MAX_OUTPUTS];
    int n_outputs;
    gli_arena arena;         /* of all that lives until the file is written */
    gli_arena weights;       /* of one layer's */
    gli_predict_build build; /* the graph as a predictor sees it: axes of time, and readers */
    gli_c_value *values;     /* by id */
    gli_c_layer *layers;
    int n_layers;
    gli_memory_block *blocks;
    int n_blocks;
    unsigned functions;           /* bit: a glia_unary_kind whose function the file has */
    bool gates, minimum, maximum; /* more functions that it has */
    bool checks;                  /* an index may be out of range, so that the functions return whether one was */
    gli_names names, layer_names; /* of the latter run_NAME, NAME_weight and the like are made */
    gli_names sizes;              /* of inputs and outputs, in capitals */
    const char *path;
    char prefix[GLIA_C_PREFIX_SIZE], upper[GLIA_C_PREFIX_SIZE];
    char output_names[GLIA_MAX_OUTPUTS][GLI_NAME_SIZE];
    glia_c_file_info info;
    void *out;          /* c_text.c's */
    glia_status status; /* of writing */
};

/* ---- c_plan.c: layers, and where their results are ---- */

glia_status gli_c_plan(gli_c_file *f);

static inline int gli_c_root(const gli_c_file *f, int id) { return f->values[id].root; }

/* NULL: the layer has no such input. */
static inline bool gli_c_has(const gli_c_layer *l, int i) { return i < l->node->n_in && l->node->in[i]; }

/* Whether input i is one of the file's arrays. */
bool gli_c_is_constant(const gli_c_file *f, const gli_node *node, int i);

/* Whether output o is needed. */
bool gli_c_needs(const gli_c_file *f, const gli_c_layer *l, int o);

/* The shape of a value, of one step in a stream. */
glia_tensor gli_c_shape(const gli_c_file *f, int id);

/* For the plan of an op. */
void gli_c_add_field(gli_c_layer *l, const char *suffix, int64_t count, bool integer);
void gli_c_use(gli_c_file *f, glia_unary_kind kind);

/* ---- c_names.c ---- */

/* Whether the text is a name in C, and no word of the language. */
bool gli_c_is_name(const char *text);

/* A name in C made of the text, and a suffix, that nothing of the file has yet. */
glia_status gli_c_name(gli_c_file *f, const char *text, const char *suffix, char out[GLI_NAME_SIZE]);

/* Of an input or an output, whose size is a macro: they differ in capitals, too. */
glia_status gli_c_name_port(gli_c_file *f, const char *text, char out[GLI_NAME_SIZE]);

/* Of a layer, among those of layers. */
glia_status gli_c_name_layer(gli_c_file *f, const char *text, const char *suffix, char out[GLI_NAME_SIZE]);

/* In capitals; without `size` - 1 characters at most. */
void gli_c_upper(const char *text, char *out, size_t size);

/* Nothing may be named "FIRST_SECOND" from now on. */
glia_status gli_c_keep(gli_c_file *f, const char *first, const char *second);

/* Without its folder. */
const char *gli_c_file_name(const gli_c_file *f);

/* The prefix that is given, or one made of the file's name; and the names that the file always has. */
glia_status gli_c_choose_prefix(gli_c_file *f, const char *call, const char *prefix);

/* ---- c_text.c: text of the file; the first failure is kept ---- */

glia_status gli_c_open(gli_c_file *f);

/* status: of what was written. After GLIA_OK the file is there under its name, otherwise nothing has changed. */
glia_status gli_c_close(gli_c_file *f, glia_status status);

void gli_c_put(gli_c_file *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Within a comment. */
void gli_c_put_comment(gli_c_file *f, const char *text);

/* A number of f32 as C has it, as short as it can be read back. */
enum { GLI_C_NUMBER = 24 };
const char *gli_c_number(float value, char text[GLI_C_NUMBER]);
#define GLI_C_FLOAT(value) gli_c_number((float)(value), (char[GLI_C_NUMBER]){0})

/* static const float NAME_SUFFIX[dim]... = {...}; */
void gli_c_put_array(gli_c_file *f, const char *name, const char *suffix, int ndim, const int64_t *dim,
                     const float *values);

/* "    " for each level. */
const char *gli_c_indent(int level);

/* for (int VAR = 0; VAR < COUNT; ++VAR) at a level, and what follows it in the line. */
void gli_c_put_loop(gli_c_file *f, int level, const char *var, int64_t count, const char *rest);

/* ---- c_weights.c ---- */

/* The values of an array's value; of an absent one NULL. They live as long as this layer is written. */
glia_status gli_c_read(gli_c_file *f, const gli_node *node, int i, const float **out);
glia_status gli_c_floats(gli_c_file *f, int64_t count, float **out);

/* What a folded batchnorm, or a batchnorm by itself, multiplies each channel by and adds to it. */
typedef struct gli_c_affine {
    double *scale, *shift;
} gli_c_affine;
glia_status gli_c_batchnorm(gli_c_file *f, const gli_node *node, gli_c_affine *out);

/* The array of an input as the model has it, as a vector named NAME_SUFFIX. */
glia_status gli_c_put_vector(gli_c_file *f, const gli_c_layer *l, int i, const char *suffix);

/* ---- c_functions.c: functions of one element ---- */

/* An expression of the kind's function of an expression. */
enum { GLI_C_EXPRESSION = 400 };
const char *gli_c_unary(glia_unary_kind kind, double alpha, double beta, const char *of, char text[GLI_C_EXPRESSION]);
#define GLI_C_ACTIVATED(layer, of) \
    gli_c_unary((layer)->activation, (layer)->alpha, (layer)->beta, of, (char[GLI_C_EXPRESSION]){0})

/* Those that the file uses. */
void gli_c_put_functions(gli_c_file *f);

/* ---- c_dense.c ---- */

/* y[u] += the sum over k of x[k] w[k][u], at a level of indentation. */
void gli_c_put_product(gli_c_file *f, int level, const char *y, const char *x, const char *w, int64_t inputs,
                       int64_t outputs);

/* w [rows,columns] as [columns,rows]. */
void gli_c_transpose(const float *w, int64_t rows, int64_t columns, float *out);

/* ---- c_strided.c: loops over elements at strides ---- */

/* y, dense, from inputs at strides. Dimensions of size 1 have no loop. */
typedef struct gli_c_strided {
    int ndim;
    int64_t dim[GLIA_MAX_DIMS];
    int n_in;
    struct {
        const char *name;
        int64_t offset, stride[GLIA_MAX_DIMS];
    } in[3];
} gli_c_strided;

/* In nested loops from this level on: to the next element of y, *y++, an expression with an element of each input. */
void gli_c_put_strided(gli_c_file *f, int level, const gli_c_strided *s, const char *before, const char *between,
                       const char *after, const gli_c_layer *activation);

/* The loops of some axes, a bit for each, and the level inside of them. braced: the last one is, if there is one. */
int gli_c_put_nest(gli_c_file *f, int level, int ndim, const int64_t *dim, unsigned axes, bool braced);

/* "x[(i0 * 3 + 2) * 4 + i1]": an element of an input, with the loops' variables. */
const char *gli_c_element(const gli_c_strided *s, int input, char text[GLI_C_EXPRESSION]);

/* ---- c_window.c: windows of convolution and pooling ---- */

/* One axis of an image. The names are those of the loops. */
typedef struct gli_c_axis {
    int in, out, kernel, stride, pad, pad_end, dilation;
    const char *in_name, *out_name, *tap_name;
} gli_c_axis;

/* The outer axis first; an axis of one element and one tap is left out, unless it is the last. */
typedef struct gli_c_window {
    int n;
    gli_c_axis axis[3];
} gli_c_window;

void gli_c_window_begin(gli_c_window *w);
void gli_c_window_add(gli_c_window *w, const gli_c_axis *axis);
void gli_c_window_end(gli_c_window *w);             /* chooses the names, and joins axes without windows */
int64_t gli_c_window_inputs(const gli_c_window *w); /* elements of x's image */
int64_t gli_c_window_taps(const gli_c_window *w);

/* Whether all taps of all windows are within the image. */
bool gli_c_window_inside(const gli_c_axis *axis);

/* "p * 2 + r - 1", the element at which a tap of a window is. tap: its name or number; "0" for none. */
const char *gli_c_tap(const gli_c_axis *axis, const char *tap, char text[GLI_C_EXPRESSION]);

/* const int ROW = ...; and, where it may be outside, what follows in this case: "continue". */
void gli_c_put_tap(gli_c_file *f, int level, const gli_c_axis *axis, const char *outside);

/* ---- c_ops.c ---- */

/* NULL: it is not written. */
const gli_c_op *gli_c_op_of(const gli_op *op);

extern const gli_c_op gli_c_dense, gli_c_unary_op, gli_c_binary, gli_c_prelu, gli_c_softmax, gli_c_conv2d,
    gli_c_conv2d_transpose, gli_c_max_pool2d, gli_c_avg_pool2d, gli_c_adaptive_max_pool2d, gli_c_adaptive_avg_pool2d,
    gli_c_batchnorm_op, gli_c_layernorm, gli_c_groupnorm, gli_c_gather, gli_c_transpose_op, gli_c_concat, gli_c_slice,
    gli_c_pad, gli_c_expand, gli_c_reduce, gli_c_rnn, gli_c_interpolate;

/* ---- c_write.c ---- */

glia_status gli_c_write(gli_c_file *f);

#endif
