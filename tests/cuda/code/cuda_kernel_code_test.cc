// Which code runs on a GPU: machine code of its major version up to its minor one, else PTX.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

extern "C" {
#include "cuda/device/kernel_code.h"
#include "kernels/device/built_for.h"
}

namespace {

constexpr int kAll[] = {750, 800, 860, 890, 900, 1000, 1200, 0}, kHopper[] = {900, 0};
constexpr gli_kernel_targets kShipped{kAll, 800};

struct cudaDeviceProp gpu_of(int capability, bool integrated = false) {
    struct cudaDeviceProp gpu = {};
    strcpy(gpu.name, "NVIDIA L4");
    gpu.major      = capability / 10;
    gpu.minor      = capability % 10;
    gpu.integrated = integrated;
    return gpu;
}

gli_kernel_code code_for(int capability, bool integrated = false, gli_kernel_targets built = kShipped) {
    const struct cudaDeviceProp gpu = gpu_of(capability, integrated);
    return gli_kernel_code_for(&gpu, &built);
}

std::string missing(int capability, gli_kernel_targets built, size_t size = GLI_KERNEL_CODE_TEXT) {
    const struct cudaDeviceProp gpu = gpu_of(capability);
    std::string text(size, '#');
    gli_kernel_code_missing(&gpu, &built, text.data(), size);
    EXPECT_LT(text.find('\0'), size) << "not ended";
    return text.c_str();
}

void expect(gli_kernel_code code, int architecture, bool from_ptx) {
    EXPECT_EQ(code.architecture, architecture);
    EXPECT_EQ(code.from_ptx, from_ptx);
}

TEST(KernelCode, is_machine_code_of_the_same_major_version) {
    expect(code_for(75), 75, false);
    expect(code_for(86), 86, false);
    expect(code_for(88), 86, false);
    expect(code_for(90), 90, false);
    expect(code_for(103), 100, false);
    expect(code_for(121), 120, false);
}

TEST(KernelCode, of_a_gpu_inside_a_processor_is_its_own_or_ptx) {
    expect(code_for(87, true), 80, true);
    expect(code_for(75, true), 75, false);
    expect(code_for(121, true), 80, true);
}

TEST(KernelCode, of_others_is_ptx_where_there_is_any) {
    expect(code_for(110), 80, true);
    expect(code_for(130), 80, true);
    const int turing[] = {750, 0}, both[] = {750, 900, 0};
    expect(code_for(120, false, {kHopper, 900}), 90, true);
    expect(code_for(90, false, {turing, 750}), 75, true);
    expect(code_for(120, false, {both, 900}), 90, true);
    expect(code_for(120, false, {kHopper, 0}), 0, false);
    expect(code_for(90, false, {kHopper, 0}), 90, false);
}

TEST(KernelCode, is_missing_for_older_gpus) {
    expect(code_for(70), 0, false);
    expect(code_for(89, false, {kHopper, 900}), 0, false);
}

TEST(KernelCode, that_is_missing_is_an_error_that_names_what_there_is) {
    EXPECT_EQ(missing(89, {kHopper, 0}),
              "NVIDIA L4 has compute capability 8.9, and this libglia_cuda has machine code for 9.0 and no PTX; with "
              "GLIA_CUDA_ARCHITECTURES=89 it is built for this GPU");
    EXPECT_EQ(missing(70, kShipped),
              "NVIDIA L4 has compute capability 7.0, and this libglia_cuda has machine code for 7.5, 8.0, 8.6, 8.9, "
              "9.0, 10.0, 12.0 and PTX of 8.0, for that and later ones");
    for (size_t size = 1; size < 200; ++size)
        EXPECT_EQ(missing(70, kShipped, size), missing(70, kShipped).substr(0, size - 1));
}

TEST(KernelCode, tells_the_driver_that_a_runtime_needs) {
    EXPECT_STREQ(gli_least_driver(13000), "580");
    EXPECT_STREQ(gli_least_driver(12090), "525");
    EXPECT_EQ(gli_least_driver(14000), nullptr);
}

}  // namespace
