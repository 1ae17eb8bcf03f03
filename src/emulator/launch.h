// From a launch in a kernel file to the emulator: the kernel and its arguments, copied by value as on a GPU.
#ifndef GLI_EMULATOR_LAUNCH_H
#define GLI_EMULATOR_LAUNCH_H

#include <cstddef>
#include <memory>
#include <tuple>
#include <utility>

#include "emulator/cuda_runtime_api.h"

namespace emulator {

struct Launch {
    const char *name;
    const void *function;
    dim3 grid, block;
    size_t shared_bytes;     // dynamic
    bool cooperative;        // its blocks all run concurrently, and may wait for each other
    unsigned cluster = 1;    // neighbours along x that run concurrently and reach each other's shared memory
    size_t parameter_bytes;  // as CUDA counts them
};

// A kernel with its arguments. The object's own bytes are the kernel's parameter memory.
class Kernel : public Launch {
   public:
    virtual ~Kernel()        = default;
    virtual void run() const = 0;  // as one thread

    size_t object_bytes;  // of the most derived object
};

cudaError_t enqueue(std::shared_ptr<Kernel> kernel, cudaStream_t stream);

// The dynamic shared memory of the running block.
void *dynamic_shared_memory();

template <typename T>
struct Same {
    using type = T;
};

template <typename... Parameters>
const void *address(void (*kernel)(Parameters...)) {
    return reinterpret_cast<const void *>(kernel);
}

template <typename... Parameters>
class KernelCall final : public Kernel {
   public:
    KernelCall(void (*kernel)(Parameters...), Parameters... arguments) : kernel_(kernel), arguments_(arguments...) {}
    void run() const override { std::apply(kernel_, arguments_); }

   private:
    void (*kernel_)(Parameters...);
    std::tuple<Parameters...> arguments_;
};

// Which blocks of a launch run concurrently.
struct Together {
    bool cooperative;
    unsigned cluster;
    Together(bool all = false, unsigned blocks = 1) : cooperative(all), cluster(blocks) {}
};

template <typename... Parameters>
cudaError_t launch_as(Together together, const char *name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                      size_t shared_bytes, cudaStream_t stream, typename Same<Parameters>::type... arguments) {
    auto call             = std::make_shared<KernelCall<Parameters...>>(kernel, arguments...);
    call->name            = name;
    call->function        = address(kernel);
    call->grid            = grid;
    call->block           = block;
    call->shared_bytes    = shared_bytes;
    call->cooperative     = together.cooperative;
    call->cluster         = together.cluster;
    call->parameter_bytes = (0 + ... + sizeof(Parameters));
    call->object_bytes    = sizeof(*call);
    return enqueue(std::move(call), stream);
}

template <typename... Parameters>
cudaError_t launch(const char *name, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                   cudaStream_t stream, typename Same<Parameters>::type... arguments) {
    return launch_as({}, name, kernel, grid, block, shared_bytes, stream, arguments...);
}

}  // namespace emulator
#endif
