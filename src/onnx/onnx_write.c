/* The message of a model that was exported, and its file. */
#include "glia/glia.h"
#include "io/output.h"
#include "onnx/onnx_export.h"

/* A size that is the batch's is N; one that depends on it otherwise is open. */
static Onnx__TensorShapeProto *shape_of(gli_onnx_export *ex, const gli_onnx_shape *shape) {
    Onnx__TensorShapeProto *out              = gli_onnx_alloc(ex, 1, sizeof *out);
    Onnx__TensorShapeProto__Dimension **list = gli_onnx_alloc(ex, (size_t)shape->ndim, sizeof *list);
    Onnx__TensorShapeProto__Dimension *dims  = gli_onnx_alloc(ex, (size_t)shape->ndim, sizeof *dims);
    if (!dims) return NULL;
    onnx__tensor_shape_proto__init(out);
    out->n_dim = (size_t)shape->ndim;
    out->dim   = list;
    for (int i = 0; i < shape->ndim; ++i) {
        list[i] = &dims[i];
        onnx__tensor_shape_proto__dimension__init(list[i]);
        if (shape->dim[i] == shape->other[i]) {
            list[i]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            list[i]->dim_value  = shape->dim[i];
        } else if (shape->dim[i] == GLI_ONNX_ONE_BATCH && shape->other[i] == GLI_ONNX_OTHER_BATCH) {
            list[i]->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            list[i]->dim_param  = (char *)"N";
        }
    }
    return out;
}

static Onnx__ValueInfoProto *port_of(gli_onnx_export *ex, int id, const char *name) {
    const gli_onnx_written *value   = &ex->values[id];
    Onnx__ValueInfoProto *out       = gli_onnx_alloc(ex, 1, sizeof *out);
    Onnx__TypeProto *type           = gli_onnx_alloc(ex, 1, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = gli_onnx_alloc(ex, 1, sizeof *tensor);
    Onnx__TensorShapeProto *shape   = shape_of(ex, &value->shape);
    if (!shape) return NULL;
    onnx__value_info_proto__init(out);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    tensor->has_elem_type = true;
    tensor->elem_type     = gli_onnx_type_in(ex, value->dtype);
    tensor->shape         = shape;
    type->value_case      = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type     = tensor;
    out->name             = (char *)name;
    out->type             = type;
    return out;
}

static glia_status fill_graph(gli_onnx_export *ex, Onnx__GraphProto *graph) {
    const glia_model *model        = ex->model;
    Onnx__ValueInfoProto **inputs  = gli_onnx_alloc(ex, (size_t)model->n_inputs, sizeof *inputs);
    Onnx__ValueInfoProto **outputs = gli_onnx_alloc(ex, (size_t)ex->n_outputs, sizeof *outputs);
    GLI_TRY(ex->status);
    for (int i = 0; i < model->n_inputs; ++i)
        inputs[i] = port_of(ex, model->inputs[i].value, ex->values[model->inputs[i].value].name);
    for (int i = 0; i < ex->n_outputs; ++i) outputs[i] = port_of(ex, ex->outputs[i].value, ex->outputs[i].name);
    graph->name          = (char *)"glia";
    graph->n_node        = (size_t)ex->n_nodes;
    graph->node          = ex->nodes;
    graph->n_initializer = (size_t)ex->n_initializers;
    graph->initializer   = ex->initializers;
    graph->n_input       = (size_t)model->n_inputs;
    graph->input         = inputs;
    graph->n_output      = (size_t)ex->n_outputs;
    graph->output        = outputs;
    return ex->status;
}

typedef struct sink {
    ProtobufCBuffer base;
    gli_output *out;
    glia_status status;
} sink;

static void append(ProtobufCBuffer *buffer, size_t bytes, const uint8_t *data) {
    sink *to = (sink *)buffer;
    if (to->status == GLIA_OK) to->status = gli_output_write(to->out, data, bytes);
}

static glia_status write_message(const gli_onnx_export *ex, const Onnx__ModelProto *message) {
    gli_output out;
    GLI_TRY(gli_output_open(ex->ctx, ex->path, &out));
    sink to = {.base = {.append = append}, .out = &out};
    protobuf_c_message_pack_to_buffer(&message->base, &to.base);
    if (to.status == GLIA_OK) return gli_output_commit(&out);
    gli_output_abandon(&out);
    return to.status;
}

/* The version of the format in which an operator set came. Source: ONNX, docs/Versioning.md. */
static int format_of(int opset) {
    static const int of[] = {8, 8, 9, 9, 10, 10, 11, 12, 13, 13, 13, 14};
    _Static_assert(sizeof of / sizeof *of == GLI_ONNX_NEWEST - GLI_ONNX_EXPORT_OLDEST + 1, "one for each set");
    return of[opset - GLI_ONNX_EXPORT_OLDEST];
}

glia_status gli_onnx_write_file(gli_onnx_export *ex) {
    Onnx__ModelProto message       = ONNX__MODEL_PROTO__INIT;
    Onnx__GraphProto graph         = ONNX__GRAPH_PROTO__INIT;
    Onnx__OperatorSetIdProto set   = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    Onnx__OperatorSetIdProto *sets = &set;
    GLI_TRY(fill_graph(ex, &graph));
    set.domain               = (char *)"";
    set.has_version          = true;
    set.version              = ex->opset;
    message.has_ir_version   = true;
    message.ir_version       = format_of(ex->opset);
    message.producer_name    = (char *)"glia";
    message.producer_version = (char *)glia_version();
    message.n_opset_import   = 1;
    message.opset_import     = &sets;
    message.graph            = &graph;
    return write_message(ex, &message);
}
