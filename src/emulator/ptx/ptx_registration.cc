// What nvcc's host code calls: at load time to register the kernels of a file with their PTX, and to launch one.
#include <cxxabi.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "emulator/gpu_error.h"
#include "emulator/launch_limits.h"
#include "emulator/ptx/ptx_block.h"
#include "emulator/ptx/ptx_decoder.h"
#include "emulator/stream.h"

namespace emulator::ptx {

namespace {

// The embedded PTX of one kernel file, read when the first of its kernels is launched.
struct Image {
    const char *data;
    size_t bytes;
    std::unique_ptr<Module> module;

    const Module &get() {
        if (module) return *module;
        const void *start = memmem(data, bytes, ".version", strlen(".version"));
        const auto text   = static_cast<const char *>(start);
        module            = std::make_unique<Module>(
            start == nullptr ? std::string_view()
                             : std::string_view(text, strnlen(text, bytes - static_cast<size_t>(text - data))));
        return *module;
    }
};

struct RegisteredKernel {
    Image *image;
    std::string symbol, name;  // as the linker and as people know it
    std::unique_ptr<Program> program;
    uint64_t launches = 0;
};

// GLIA_PTX_LAUNCHES names a file that gets a line for each kernel when the process ends: launches, symbol and name.
struct Kernels {
    std::map<const void *, RegisteredKernel> by_function;
    std::vector<std::unique_ptr<Image>> images;

    ~Kernels() {
        const char *path = getenv("GLIA_PTX_LAUNCHES");
        FILE *file       = path != nullptr ? fopen(path, "w") : nullptr;
        if (file == nullptr) return;
        for (const auto &[function, kernel] : by_function)
            fprintf(file, "%llu %s %s\n", static_cast<unsigned long long>(kernel.launches), kernel.symbol.c_str(),
                    kernel.name.c_str());
        fclose(file);
    }
};

// Used before static variables of this file are there.
Kernels &kernels() {
    static Kernels all;
    return all;
}

std::string demangled(const char *symbol) {
    int status;
    char *text       = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
    std::string name = text != nullptr ? text : symbol;
    free(text);
    return name;
}

// Reads and decodes it, once. What stops that is in the program's error.
const Program &decoded(RegisteredKernel &kernel) {
    if (kernel.program) return *kernel.program;
    if (const Function *entry = kernel.image->get().find_function(kernel.symbol)) {
        kernel.program = decode(kernel.image->get(), *entry);
    } else {
        kernel.program        = std::make_unique<Program>();
        kernel.program->error = "there is no PTX of it";
    }
    return *kernel.program;
}

RegisteredKernel *find_kernel(const void *function) {
    const auto found = kernels().by_function.find(function);
    return found == kernels().by_function.end() ? nullptr : &found->second;
}

cudaError_t check(const PtxLaunch &launch) {
    const unsigned threads = launch.block.x * launch.block.y * launch.block.z, most = launch.program->max_threads;
    if (most > 0 && threads > most)
        return refuse(cudaErrorInvalidValue, "kernel %s: a block of %u threads; its launch bounds allow %u",
                      launch.name, threads, most);
    return check_launch(launch);
}

cudaError_t launch_kernel(const void *function, dim3 grid, dim3 block, void **arguments, size_t shared_bytes,
                          cudaStream_t stream, Together together) {
    RegisteredKernel *kernel = find_kernel(function);
    if (kernel == nullptr) return refuse(cudaErrorInvalidDeviceFunction, "%p is not a kernel", function);
    const Program &program = decoded(*kernel);
    if (!program.error.empty())
        return refuse(cudaErrorInvalidPtx, "kernel %s: %s", kernel->name.c_str(), program.error.c_str());
    auto launch             = std::make_shared<PtxLaunch>();
    launch->name            = kernel->name.c_str();
    launch->function        = function;
    launch->grid            = grid;
    launch->block           = block;
    launch->shared_bytes    = shared_bytes;
    launch->cooperative     = together.cooperative;
    launch->cluster         = together.cluster;
    launch->parameter_bytes = program.parameter_bytes;
    launch->program         = &program;
    launch->parameters.resize(program.parameter_bytes);
    for (size_t i = 0; i < program.parameters.size(); i++)
        memcpy(&launch->parameters[program.parameters[i].start], arguments[i], program.parameters[i].bytes);
    const cudaError_t error = check(*launch);
    if (error != cudaSuccess) return error;
    kernel->launches++;
    return enqueue_work(stream, [launch] { run_launch(*launch); });
}

// The beginning of what nvcc embeds, and what points to it.
struct FatBinary {
    uint32_t magic;
    uint16_t version, header_bytes;
    uint64_t bytes;  // without this header
};
struct FatBinaryWrapper {
    int magic, version;
    const FatBinary *data;
    void *unused;
};

}  // namespace

}  // namespace emulator::ptx

size_t emulator::static_shared_bytes(const void *function) {
    ptx::RegisteredKernel *kernel = ptx::find_kernel(function);
    return kernel == nullptr ? 0 : ptx::decoded(*kernel).static_shared;
}

using namespace emulator;
using namespace emulator::ptx;

extern "C" {

void **__cudaRegisterFatBinary(void *wrapper) {
    const FatBinary *data = static_cast<FatBinaryWrapper *>(wrapper)->data;
    kernels().images.push_back(std::make_unique<Image>());
    *kernels().images.back() = {reinterpret_cast<const char *>(data), data->header_bytes + data->bytes, nullptr};
    return reinterpret_cast<void **>(kernels().images.back().get());
}
void __cudaRegisterFatBinaryEnd(void **) {}
void __cudaUnregisterFatBinary(void **) {}

void __cudaRegisterFunction(void **image, const char *host_function, char *, const char *symbol, int, uint3 *, uint3 *,
                            dim3 *, dim3 *, int *) {
    kernels().by_function[host_function] = {reinterpret_cast<Image *>(image), symbol, demangled(symbol), nullptr};
}

cudaError_t cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **arguments, size_t shared_bytes,
                             cudaStream_t stream) {
    return api_call([&] { return launch_kernel(function, grid, block, arguments, shared_bytes, stream, {}); });
}

cudaError_t cudaLaunchCooperativeKernel(const void *function, dim3 grid, dim3 block, void **arguments,
                                        size_t shared_bytes, cudaStream_t stream) {
    return api_call([&] { return launch_kernel(function, grid, block, arguments, shared_bytes, stream, {true}); });
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *config, const void *function, void **arguments) {
    return api_call([&] {
        Together together;
        const cudaError_t error = cluster_of(*config, &together.cluster);
        if (error != cudaSuccess) return error;
        return launch_kernel(function, config->gridDim, config->blockDim, arguments, config->dynamicSmemBytes,
                             config->stream, together);
    });
}

// Of CUDA's <<<>>>, which kernels are not launched by; nvcc's host code names them all the same.
cudaError_t __cudaGetKernel(const void **kernel, const void *function) { return *kernel = function, cudaSuccess; }
cudaError_t __cudaLaunchKernel(const void *kernel, dim3 grid, dim3 block, void **arguments, size_t shared_bytes,
                               cudaStream_t stream) {
    return cudaLaunchKernel(kernel, grid, block, arguments, shared_bytes, stream);
}
cudaError_t __cudaPopCallConfiguration(dim3 *, dim3 *, size_t *, void *) { return cudaErrorNotSupported; }

}  // extern "C"
