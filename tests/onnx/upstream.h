// ONNX's own tests, as Debian's libonnx-testdata has them: a folder for each, with a model and with inputs and outputs.
#pragma once

#include <dirent.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"

namespace glia {

inline std::string upstream_folder() {
    const char *folder = std::getenv("GLIA_ONNX_TESTDATA");
    return folder ? folder : "/usr/share/libonnx-testdata/data";
}

inline std::vector<std::string> names_in(const std::string &folder, const std::string &beginning) {
    std::vector<std::string> out;
    DIR *dir = opendir(folder.c_str());
    for (const dirent *entry = dir ? readdir(dir) : nullptr; entry; entry = readdir(dir))
        if (std::string(entry->d_name).rfind(beginning, 0) == 0) out.push_back(entry->d_name);
    if (dir) closedir(dir);
    std::sort(out.begin(), out.end());
    return out;
}

using OnnxTensor = std::unique_ptr<glia_onnx_tensor, decltype(&glia_onnx_tensor_close)>;
using Onnx       = std::unique_ptr<glia_onnx, decltype(&glia_onnx_close)>;
using Graph      = std::unique_ptr<glia_graph, decltype(&glia_graph_destroy)>;
using Plan       = std::unique_ptr<glia_plan, decltype(&glia_plan_destroy)>;
using Tensor     = std::unique_ptr<glia_tensor, decltype(&glia_tensor_destroy)>;

// One test: what went wrong, or nothing.
class Upstream {
   public:
    Upstream(glia_context *ctx, std::string folder) : ctx_(ctx), folder_(std::move(folder)) {}

    std::string run() {
        glia_onnx *opened = nullptr;
        if (glia_onnx_open(ctx_, (folder_ + "/model.onnx").c_str(), nullptr, &opened) != GLIA_OK) return message();
        onnx_.reset(opened);
        const std::vector<std::string> sets = names_in(folder_, "test_data_set_");
        if (sets.empty()) return "it has no data";
        for (const std::string &set : sets) {
            const std::string wrong = run_set(folder_ + "/" + set);
            if (!wrong.empty()) return wrong;
        }
        return "";
    }

   private:
    std::string message() const {
        std::string text    = glia_message(ctx_);
        const size_t reason = text.find("model.onnx: ");
        return reason == std::string::npos ? text : text.substr(reason + 12);
    }

    // Where the files have the bits of bfloat16 as uint16, which NumPy has for it.
    static bool is_bits(const std::string &declared, const glia_onnx_tensor *tensor) {
        return declared == "bfloat16" && std::string(glia_onnx_tensor_type(tensor)) == "uint16";
    }
    glia_npy_array array_of(const char *declared, const glia_onnx_tensor *tensor) {
        glia_npy_array array = glia_onnx_tensor_array(tensor);
        if (!is_bits(declared, tensor)) return array;
        const int32_t *wide = static_cast<const int32_t *>(array.values);
        halves_.emplace_back(wide, wide + array.bytes / sizeof *wide);
        array.dtype  = GLIA_BF16;
        array.values = halves_.back().data();
        array.bytes  = halves_.back().size() * sizeof(uint16_t);
        return array;
    }

    std::string read(const std::string &set, const char *kind, int count, std::vector<OnnxTensor> &out) {
        for (int i = 0; i < count; ++i) {
            glia_onnx_tensor *tensor = nullptr;
            const std::string path   = set + "/" + kind + "_" + std::to_string(i) + ".pb";
            if (glia_onnx_tensor_open(ctx_, path.c_str(), &tensor) != GLIA_OK) return glia_message(ctx_);
            out.emplace_back(tensor, glia_onnx_tensor_close);
        }
        return "";
    }

    std::string run_set(const std::string &set) {
        std::vector<OnnxTensor> inputs, expected;
        const int n_in = glia_onnx_input_count(onnx_.get()), n_out = glia_onnx_output_count(onnx_.get());
        for (int i = 0; i < n_in; ++i)
            if (!glia_onnx_input(onnx_.get(), i).has_dtype)
                return std::string("input of type ") + glia_onnx_input(onnx_.get(), i).type;
        std::string wrong = read(set, "input", n_in, inputs);
        if (wrong.empty()) wrong = read(set, "output", n_out, expected);
        if (!wrong.empty()) return wrong;
        std::vector<glia_npy_array> arrays;
        for (int i = 0; i < n_in; ++i) {
            arrays.push_back(array_of(glia_onnx_input(onnx_.get(), i).type, inputs[i].get()));
            arrays.back().name = glia_onnx_input(onnx_.get(), i).name;
        }
        return run_graph(arrays, expected);
    }

    Tensor make(glia_dtype dtype, glia_shape shape) {
        glia_tensor *tensor = nullptr;
        glia_tensor_create(ctx_, dtype, shape, &tensor);
        return Tensor(tensor, glia_tensor_destroy);
    }

    std::string run_graph(const std::vector<glia_npy_array> &arrays, const std::vector<OnnxTensor> &expected) {
        glia_graph *made = nullptr;
        if (glia_graph_create(ctx_, &made) != GLIA_OK) return message();
        const Graph graph(made, glia_graph_destroy);
        glia_onnx_graph_args args = {};
        args.inputs               = arrays.data();
        args.n_inputs             = static_cast<int>(arrays.size());
        std::vector<glia_value> values(expected.size());
        if (glia_onnx_add_to_graph(onnx_.get(), made, &args, values.data(), static_cast<int>(values.size())) != GLIA_OK)
            return message();
        glia_plan *planned = nullptr;
        if (glia_plan_create(made, values.data(), static_cast<int>(values.size()), &planned) != GLIA_OK)
            return message();
        const Plan plan(planned, glia_plan_destroy);
        std::vector<Tensor> in, out;
        std::vector<const glia_tensor *> in_pointers;
        std::vector<glia_tensor *> out_pointers;
        for (const glia_npy_array &array : arrays) {
            in.push_back(make(array.dtype, array.shape));
            if (!in.back() || glia_tensor_write(in.back().get(), array.values, array.bytes) != GLIA_OK)
                return message();
            in_pointers.push_back(in.back().get());
        }
        for (const glia_value &value : values) {
            out.push_back(make(glia_graph_dtype(made, value), glia_graph_shape(made, value)));
            out_pointers.push_back(out.back().get());
        }
        if (glia_plan_run(planned, in_pointers.data(), static_cast<int>(in_pointers.size()), out_pointers.data(),
                          static_cast<int>(out_pointers.size())) != GLIA_OK)
            return message();
        for (size_t i = 0; i < expected.size(); ++i) {
            const std::string wrong = compare(static_cast<int>(i), out[i].get(), expected[i].get());
            if (!wrong.empty()) return "WRONG: output " + std::to_string(i) + ": " + wrong;
        }
        return "";
    }

    static std::string shape_text(const glia_tensor *tensor) {
        char text[GLI_SHAPE_TEXT];
        return gli_shape_text(tensor->ndim, tensor->dim, text);
    }

    // Upstream's tolerance; types, dtypes and shapes are exact.
    std::string compare(int index, const glia_tensor *got, const glia_onnx_tensor *expected) {
        const std::string type    = glia_onnx_output(onnx_.get(), index).type;
        const glia_npy_array want = array_of(type.c_str(), expected);
        if (type != glia_onnx_tensor_type(expected) && !is_bits(type, expected)) return "type " + type;
        if (got->dtype != want.dtype) return std::string("dtype ") + glia_dtype_name(got->dtype);
        if (got->ndim != want.shape.ndim || !std::equal(got->dim, got->dim + got->ndim, want.shape.dim))
            return "shape " + shape_text(got);
        std::vector<char> values(want.bytes);
        if (glia_tensor_read(got, values.data(), values.size()) != GLIA_OK) return message();
        for (int64_t i = 0; i < gli_count(got); ++i) {
            const double a = gli_load(got->dtype, values.data(), i), b = gli_load(got->dtype, want.values, i);
            const bool same =
                a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= 1e-7 + 1e-3 * std::fabs(b);
            if (!same)
                return "element " + std::to_string(i) + " is " + std::to_string(a) + ", must be " + std::to_string(b);
        }
        return "";
    }

    std::list<std::vector<uint16_t>> halves_;
    glia_context *ctx_;
    std::string folder_;
    Onnx onnx_{nullptr, glia_onnx_close};
};

}  // namespace glia
