// Instructions that touch memory or other lanes, and words that no instruction is: small programs of one warp.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "emulator/ptx/ptx_block.h"
#include "emulator/ptx/ptx_decoder.h"
#include "ptx/on_ptx.h"
#include "wrong/planted.h"

namespace {

using namespace emulator::ptx;

constexpr float TINY = std::numeric_limits<float>::min() / 4;  // a subnormal

class PtxProgram : public OnPtx {
   protected:
    // Runs the instructions in one warp, or in one of each block of a cluster, with the memory's address in %d1, that
    // of 64 bytes of shared memory in %r1 and the lane in %r2. What was wrong with them; "": nothing.
    std::string run(const std::string &body, const void *memory = nullptr, unsigned cluster = 1) {
        const std::string text =
            ".visible .entry k(.param .u64 k_0) { .reg .pred %p<8>; .reg .b32 %r<8>; .reg .f32 %f<8>; .reg .b64 %d<8>;"
            ".shared .align 16 .b8 shared[64]; ld.param.u64 %d1, [k_0]; mov.u32 %r1, shared; mov.u32 %r2, %laneid;" +
            body + "}";
        modules_.push_back(std::make_unique<Module>(text));
        programs_.push_back(decode(*modules_.back(), *modules_.back()->find_function("k")));
        const Program *program = programs_.back().get();
        if (!program->error.empty()) return program->error;
        PtxLaunch launch{};
        launch.name    = "k";
        launch.grid    = dim3(cluster);
        launch.cluster = cluster;
        launch.block   = dim3(LANES);
        launch.program = program;
        launch.parameters.resize(sizeof memory);
        memcpy(launch.parameters.data(), &memory, sizeof memory);
        EXPECT_EQ(cudaGetLastError(), cudaSuccess);
        run_launch(launch);
        return cudaGetLastError() == cudaSuccess ? "" : gli_emulator_message();
    }
    void expect_refused(const std::string &body, const std::string &part, const void *memory = nullptr,
                        unsigned cluster = 1) {
        const std::string message = run(body, memory, cluster);
        EXPECT_NE(message.find(part), std::string::npos) << body << " says " << message;
        gli_emulator_reset();
    }

   private:
    // Blocks know the program that they ran last by its address.
    static inline std::vector<std::unique_ptr<Module>> modules_;
    static inline std::vector<std::unique_ptr<Program>> programs_;
};

TEST_F(PtxProgram, floats_that_are_added_to_global_memory_are_flushed) {
    const std::string one = "setp.ne.u32 %p1, %r2, 0; @%p1 exit;", tiny = "mov.f32 %f1, 0f00200000;";  // TINY
    for (const char *add : {"red.global.add.f32 [%d1], %f1;", "atom.global.add.f32 %f2, [%d1], %f1;",
                            "red.relaxed.gpu.global.add.f32 [%d1], %f1;", "red.add.f32 [%d1], %f1;"}) {
        DeviceArray<float> sum(std::vector<float>{TINY});
        EXPECT_EQ(run(one + tiny + add, sum.data()), "");
        EXPECT_EQ(sum.read()[0], 0) << add;
    }
    DeviceArray<float> normal(std::vector<float>{-4 * TINY});
    EXPECT_EQ(run(one + "red.global.add.f32 [%d1], 0f00400000;", normal.data()), "");
    EXPECT_EQ(normal.read()[0], -4 * TINY) << "2 TINY is a subnormal, too";
    DeviceArray<float> difference(std::vector<float>{-5 * TINY});
    EXPECT_EQ(run(one + "red.global.add.f32 [%d1], 0f00800000;", difference.data()), "");
    EXPECT_TRUE(difference.read()[0] == 0 && std::signbit(difference.read()[0]));
}

TEST_F(PtxProgram, floats_that_are_added_to_shared_memory_are_not_flushed) {
    for (const std::string address : {"shared.add.f32 [%r1]", "add.f32 [%d2]"}) {
        DeviceArray<float> sum(std::vector<float>{0});
        EXPECT_EQ(run("setp.ne.u32 %p1, %r2, 0; @%p1 exit; cvt.u64.u32 %d2, %r1; cvta.shared.u64 %d2, %d2;"
                      "mov.f32 %f1, 0f00200000; st.shared.f32 [%r1], %f1; red." +
                          address + ", %f1; ld.shared.f32 %f2, [%r1]; st.global.f32 [%d1], %f2;",
                      sum.data()),
                  "");
        EXPECT_EQ(sum.read()[0], 2 * TINY) << address;
    }
}

TEST_F(PtxProgram, atomics_return_the_value_before) {
    DeviceArray<int> counters(std::vector<int>{5, -7, 3, 9});
    EXPECT_EQ(run("setp.ne.u32 %p1, %r2, 0; @%p1 exit; atom.global.inc.u32 %r3, [%d1], 5;"
                  "atom.global.min.s32 %r4, [%d1+4], -8; atom.global.cas.b32 %r5, [%d1+8], 3, 4;"
                  "atom.global.exch.b32 %r6, [%d1+12], %r3;",
                  counters.data()),
              "");
    EXPECT_EQ(counters.read(), (std::vector<int>{0, -8, 4, 5}));
}

TEST_F(PtxProgram, lanes_that_name_each_other_name_the_same_mask) {
    const std::string masks = "setp.lt.u32 %p1, %r2, 16; selp.b32 %r3, ";
    expect_refused(masks + "0xFFFFFFFF, 0xFFFF0000, %p1; shfl.sync.bfly.b32 %r4, %r2, 1, 31, %r3;",
                   "its mask is 0xffffffff, but that of lane 16, which it has, 0xffff0000");
    expect_refused(masks + "0x0000FFFF, 0xFFFF0001, %p1; vote.sync.any.pred %p2, %p1, %r3;",
                   "thread (16,0,0), \"vote.sync.any.pred %p2, %p1, %r3\": its mask is 0xffff0001");
    expect_refused(masks + "0xFFFFFFFF, 0x0000FFFF, %p1; bar.warp.sync %r3;", "its mask is 0xffffffff");
    expect_refused(masks + "0xFFFFFFFF, 0x0000FFFF, %p1; @!%p1 vote.sync.ballot.b32 %r4, %p1, %r3;",
                   "the lane is not in its own mask");

    DeviceArray<int> out(size_t{LANES});
    EXPECT_EQ(run(masks + "0x0000FFFF, 0xFFFF0000, %p1; shfl.sync.bfly.b32 %r4, %r2, 1, 31, %r3;"
                          "mul.wide.u32 %d2, %r2, 4; add.u64 %d2, %d1, %d2; st.global.u32 [%d2], %r4;",
                  out.data()),
              "");
    for (int lane = 0; lane < int(LANES); lane++) EXPECT_EQ(out.read()[size_t(lane)], lane ^ 1);
}

TEST_F(PtxProgram, asynchronous_copies_read_as_many_bytes_as_they_say) {
    const std::string one = "setp.ne.u32 %p1, %r2, 0; @%p1 exit;";
    DeviceArray<int> five(std::vector<int>{1, 2, 3, 4, 5});
    const std::string copy = "cp.async.ca.shared.global [%r1], [%d1+16], 16, ";
    EXPECT_EQ(run(one + copy +
                      "4; cp.async.wait_all; ld.shared.v4.u32 {%r3, %r4, %r5, %r6}, [%r1];"
                      "st.global.u32 [%d1], %r3; st.global.u32 [%d1+4], %r6;",
                  five.data()),
              "");
    EXPECT_EQ(five.read(), (std::vector<int>{5, 0, 3, 4, 5}));
    EXPECT_EQ(run(one + "cp.async.ca.shared.global [%r1], [%d1+32], 16, 0; cp.async.wait_all;", five.data()), "");
    expect_refused(one + copy + "8;", "8 bytes at byte 16 of an allocation of 20", five.data());
    expect_refused(one + copy + "17;", "copies 17 bytes into 16", five.data());
    expect_refused(one + "cp.async.ca.shared.global [%r1], [%d1+4], 16, 4;", "is not aligned to 16 bytes", five.data());
    expect_refused(one + "cp.async.ca.shared.global [%r1+56], [%d1], 16, 4;", "is not aligned to 16 bytes",
                   five.data());
    expect_refused(one + "cp.async.ca.shared.global [%r1+64], [%d1], 16, 4;", "shared memory", five.data());
}

TEST_F(PtxProgram, blocks_of_a_cluster_reach_shared_memory_of_each_other) {
    const std::string barrier = "barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;";
    const std::string begin   = barrier + "setp.ne.u32 %p1, %r2, 0; mov.u32 %r3, %cluster_ctarank;";
    const std::string out     = "mul.wide.u32 %d2, %r3, 4; add.u64 %d2, %d1, %d2; @!%p1 st.global.u32 [%d2], %r6;";
    const std::string store =
        "xor.b32 %r4, %r3, 1; mapa.shared::cluster.u32 %r5, %r1, %r4; add.u32 %r6, %r3, 40;"
        "@!%p1 st.shared::cluster.u32 [%r5+4], %r6;";
    DeviceArray<int> stored(size_t{4}), loaded(size_t{4}), sizes(size_t{2});
    EXPECT_EQ(run(begin + store + barrier + "ld.shared.u32 %r6, [%r1+4];" + out, stored.data(), 4), "");
    EXPECT_EQ(stored.read(), (std::vector<int>{41, 40, 43, 42}));
    EXPECT_EQ(run(begin + "st.shared.u32 [%r1], %r3;" + barrier +
                      "xor.b32 %r4, %r3, 3; mapa.shared::cluster.u32 %r5, %r1, %r4;"
                      "ld.shared::cluster.u32 %r6, [%r5];" +
                      out + barrier,
                  loaded.data(), 4),
              "");
    EXPECT_EQ(loaded.read(), (std::vector<int>{3, 2, 1, 0}));
    EXPECT_EQ(run(begin + "mov.u32 %r6, %cluster_nctarank;" + out, sizes.data(), 2), "");
    EXPECT_EQ(sizes.read(), (std::vector<int>{2, 2}));

    expect_refused(begin + "mapa.shared::cluster.u32 %r5, %r1, %cluster_nctarank;", "block 2 of a cluster of 2",
                   nullptr, 2);
    expect_refused(begin + "setp.ne.u32 %p2, %r3, 0; @%p2 exit;" + barrier + store, "a running block's shared memory",
                   nullptr, 2);
    expect_refused(begin + "mapa.shared::cluster.u32 %r5, %r1, 1; st.shared::cluster.u32 [%r5+64], %r3;",
                   "a running block's shared memory", nullptr, 2);
}

TEST_F(PtxProgram, the_barrier_of_a_cluster_has_two_halves_by_turns) {
    const std::string arrive = "barrier.cluster.arrive.aligned;", wait = "barrier.cluster.wait.aligned;";
    EXPECT_EQ(run(arrive + wait + arrive + wait), "") << "a block alone is a cluster, too";
    expect_refused(wait, "waits at the barrier of its cluster and has not arrived", nullptr, 2);
    expect_refused(arrive + arrive, "arrives twice", nullptr, 2);
    expect_refused("mov.u32 %r3, %cluster_ctarank; setp.ne.u32 %p1, %r3, 0; @%p1 bar.warp.sync 1; " + arrive + wait,
                   "the lane is not in its own mask", nullptr, 2);
    expect_refused("barrier.cluster.arrive.acquire;", "this instruction is not known", nullptr, 2);
    expect_refused("barrier.cluster.wait.release;", "this instruction is not known", nullptr, 2);
    expect_refused("barrier.cluster.stay;", "this instruction is not known", nullptr, 2);
    expect_refused("mapa.u64 %d2, %d1, 0;", "this instruction is not known", nullptr, 2);
}

TEST_F(PtxProgram, words_that_are_no_instruction_are_refused) {
    expect_refused("@%p1;", "a guard has no instruction");
    expect_refused("@!%p1 ;", "a guard has no instruction");
    expect_refused("@;", "not known");
    expect_refused("@! exit;", "not known");
    expect_refused("@%q1 exit;", "operand %q1 is not known");
    expect_refused("add.u32 %r3, , %r2;", "an operand is missing");
    expect_refused("vote.sync.any.pred %p1, , -1;", "an operand is missing");
    expect_refused("fma.f32 %f1, %f2, %f3, %f4;", "this instruction is not known");
    expect_refused("div.f32 %f1, %f2, %f3;", "this instruction is not known");
    DeviceArray<int> one(size_t{1});
    EXPECT_EQ(run("setp.eq.u32 %p1, %r2, 31; @%p1\n\tst.global.u32\t[%d1], 7;", one.data()), "");
    EXPECT_EQ(one.read()[0], 7);
}

}  // namespace
