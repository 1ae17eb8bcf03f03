// Which code runs on a GPU: machine code of its major version up to its minor one, else PTX.
#include <gtest/gtest.h>

extern "C" {
#include "cuda/device/kernel_code.h"
}

namespace {

const int shipped[] = {750, 800, 860, 890, 900, 1000, 1200, 0};

gli_kernel_code code_for(int capability, bool integrated = false, const int *architectures = shipped) {
    struct cudaDeviceProp gpu = {};
    gpu.major                 = capability / 10;
    gpu.minor                 = capability % 10;
    gpu.integrated            = integrated;
    return gli_kernel_code_for(&gpu, architectures);
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

TEST(KernelCode, of_others_is_ptx_of_8_0_with_what_that_has) {
    expect(code_for(110), 80, true);
    expect(code_for(130), 80, true);
    const int hopper[] = {900, 0}, turing[] = {750, 0}, both[] = {750, 900, 0};
    expect(code_for(120, false, hopper), 90, true);
    expect(code_for(90, false, turing), 75, true);
    expect(code_for(120, false, both), 90, true);
}

TEST(KernelCode, is_missing_for_older_gpus) {
    expect(code_for(70), 0, false);
    const int hopper[] = {900, 0};
    expect(code_for(89, false, hopper), 0, false);
}

TEST(KernelCode, tells_the_driver_that_a_runtime_needs) {
    EXPECT_STREQ(gli_least_driver(13000), "580");
    EXPECT_STREQ(gli_least_driver(12090), "525");
    EXPECT_EQ(gli_least_driver(14000), nullptr);
}

}  // namespace
