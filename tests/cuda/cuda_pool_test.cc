// The pool of device memory: first fit, joined neighbours, chunks that come and go, and the truth about what is held.
#include <algorithm>
#include <map>
#include <random>

#include "support/devices.h"

namespace {

using namespace glia;

// Asks the device, as tensors and plans do. Addresses are those of a GPU: they are compared, not followed.
class Memory {
   public:
    explicit Memory(glia_context *ctx) : ctx_(ctx) {}
    gli_block alloc(size_t bytes) {
        gli_block out{};
        EXPECT_EQ(gli_enter(ctx_), GLIA_OK);
        EXPECT_EQ(ctx_->device->alloc(ctx_, bytes, "a test", &out), GLIA_OK) << glia_message(ctx_);
        gli_leave(ctx_);
        return out;
    }
    void release(gli_block &block) { ctx_->device->release(ctx_, &block); }

   private:
    glia_context *ctx_;
};

uintptr_t address(const gli_block &block) { return reinterpret_cast<uintptr_t>(block.data); }

class CudaPool : public OnDevice {
   protected:
    void SetUp() override {
        OnDevice::SetUp();
        if (IsSkipped()) return;
        chunk_    = std::make_unique<Variable>("GLIA_CUDA_CHUNK", "65536");
        computer_ = std::make_unique<Computer>(device());
        ASSERT_EQ(computer_->created, GLIA_OK) << computer_->message();
        live_ = live_bytes(device());
        held_ = glia_context_bytes(ctx());
    }
    void TearDown() override {
        if (computer_) {
            EXPECT_EQ(glia_context_bytes(ctx()), held_);
            computer_->destroy();
            EXPECT_EQ(computer_->memory.held, 0u);
        }
        OnDevice::TearDown();
    }
    glia_context *ctx() { return computer_->ctx; }
    size_t chunks() { return (live_bytes(device()) - live_) / 65536; }  // besides the first; of the emulator

    std::unique_ptr<Variable> chunk_;
    std::unique_ptr<Computer> computer_;
    size_t live_ = 0, held_ = 0;
};

TEST_P(CudaPool, gives_the_first_range_that_is_large_enough) {
    Memory memory(ctx());
    gli_block a = memory.alloc(1000), b = memory.alloc(2000), c = memory.alloc(3000);
    EXPECT_EQ(address(a) % 256, 0u);
    EXPECT_EQ(address(b), address(a) + 1024);
    EXPECT_EQ(address(c), address(b) + 2048);
    const uintptr_t first = address(a), second = address(b);
    memory.release(a), memory.release(b);
    gli_block d = memory.alloc(3072);
    EXPECT_EQ(address(d), first) << "neighbours that are given back are one range";
    memory.release(d);
    d           = memory.alloc(500);
    gli_block e = memory.alloc(2560);
    EXPECT_EQ(address(d), first);
    EXPECT_EQ(address(e), first + 512) << "what is left over is given out, too";
    EXPECT_NE(address(e), second);
    for (gli_block *block : {&c, &d, &e}) memory.release(*block);
}

TEST_P(CudaPool, joins_in_whatever_order_ranges_come_back) {
    Memory memory(ctx());
    std::vector<int> order = {0, 1, 2, 3};
    const uintptr_t first  = [&] {
        gli_block block = memory.alloc(256);
        const auto at   = address(block);
        memory.release(block);
        return at;
    }();
    do {
        gli_block blocks[4];
        for (gli_block &block : blocks) block = memory.alloc(4096);
        for (const int i : order) memory.release(blocks[i]);
        gli_block all = memory.alloc(4 * 4096);
        EXPECT_EQ(address(all), first);
        memory.release(all);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(CudaPool, takes_a_chunk_for_what_does_not_fit_and_keeps_it) {
    if (!emulated()) GTEST_SKIP() << "other programs use the GPU's memory";
    Memory memory(ctx());
    gli_block large = memory.alloc(65536);  // the first chunk holds the notes about indices
    EXPECT_EQ(chunks(), 1u);
    memory.release(large);
    EXPECT_EQ(chunks(), 1u);
    gli_block small = memory.alloc(60000), larger = memory.alloc(3 * 65536);
    EXPECT_EQ(chunks(), 4u) << "the first fits into what is there, the second has a chunk of its size";
    memory.release(small), memory.release(larger);
}

TEST_P(CudaPool, gives_idle_chunks_back_before_it_fails) {
    if (!emulated()) GTEST_SKIP() << "the size of a GPU cannot be set";
    const Variable limit("GLIA_EMULATOR", "memory=300000");
    Memory memory(ctx());
    gli_block a = memory.alloc(65536), b = memory.alloc(65536);
    EXPECT_EQ(chunks(), 2u);
    memory.release(a), memory.release(b);
    gli_block c = memory.alloc(200000);  // 300000 less two chunks are too few
    EXPECT_STREQ(glia_message(ctx()), "");
    EXPECT_EQ(live_bytes(device()), 65536u + 200192u);
    memory.release(c);
}

TEST_P(CudaPool, says_what_was_wanted_and_what_there_is) {
    if (!emulated()) GTEST_SKIP() << "the size of a GPU cannot be set";
    const Variable limit("GLIA_EMULATOR", "memory=300000");
    gli_block block{};
    ASSERT_EQ(gli_enter(ctx()), GLIA_OK);
    EXPECT_EQ(ctx()->device->alloc(ctx(), 1024000, "a mountain", &block), GLIA_OUT_OF_MEMORY);
    EXPECT_EQ(computer_->message(),
              "out of memory on emulated: 1024000 bytes for a mountain; 234464 of its 300000 are free, this context "
              "holds 1536")
        << "on the device: the notes about indices, and the counters of blocks that have arrived";
    EXPECT_EQ(block.data, nullptr);
    EXPECT_EQ(ctx()->device->alloc(ctx(), SIZE_MAX - 3, "a galaxy", &block), GLIA_OUT_OF_MEMORY);
    EXPECT_NE(computer_->message().find(std::to_string(SIZE_MAX - 3) + " bytes for a galaxy"), std::string::npos)
        << computer_->message();
    gli_leave(ctx());
}

// 10,000 times something is taken or given back. What is held never overlaps, counts are right, and in the end the
// chunks are whole again.
TEST_P(CudaPool, is_right_at_random) {
    for (const char *chunk : {"65536", "0"}) {
        const Variable variable("GLIA_CUDA_CHUNK", chunk);
        Computer computer(device());
        ASSERT_EQ(computer.created, GLIA_OK);
        const size_t before = glia_context_bytes(computer.ctx);
        Memory memory(computer.ctx);
        std::map<uintptr_t, gli_block> held;  // by address
        std::mt19937 random(42);
        size_t bytes = 0;
        for (int step = 0; step < 10000; ++step) {
            if (held.empty() || random() % 100 < 52) {
                gli_block block = memory.alloc(random() % 10 ? 1 + random() % 5000 : 1 + random() % 100000);
                ASSERT_TRUE(block.data);
                const auto after = held.lower_bound(address(block));
                if (after != held.end()) {
                    ASSERT_LE(address(block) + block.bytes, after->first);
                }
                if (after != held.begin()) {
                    ASSERT_LE(std::prev(after)->first + std::prev(after)->second.bytes, address(block));
                }
                bytes += block.bytes;
                held[address(block)] = block;
            } else {
                auto at = held.begin();
                std::advance(at, random() % held.size());
                bytes -= at->second.bytes;
                memory.release(at->second);
                held.erase(at);
            }
            ASSERT_EQ(glia_context_bytes(computer.ctx), before + bytes);
        }
        for (auto &[at, block] : held) memory.release(block);
        EXPECT_EQ(glia_context_bytes(computer.ctx), before);
        if (*chunk != '0') {
            const size_t live = live_bytes(device());
            gli_block whole   = memory.alloc(65536);  // a chunk that is one range again
            EXPECT_EQ(live_bytes(device()), live);
            memory.release(whole);
        }
        computer.destroy();
        EXPECT_EQ(computer.memory.held, 0u);
    }
}

GLI_ON_DEVICES(CudaPool);

}  // namespace
