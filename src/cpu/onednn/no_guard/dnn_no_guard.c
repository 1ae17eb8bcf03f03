#include "cpu/onednn/dnn_api.h"

#define DIRECT(name) dnnl_##name,
const gli_dnn_calls gli_dnnl = {GLI_DNN_CALLS(DIRECT)};
