// The team of threads, and the floating-point mode that its threads and the CPU's providers work in.
#include <gtest/gtest.h>

#include <fenv.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cfloat>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "glia/glia.h"
#include "support/child.h"
#include "support/internals.h"

namespace {

class Team {
   public:
    explicit Team(int size) : memory_(std::aligned_alloc(64, (gli_team_bytes(size) + 63) / 64 * 64)) {
        gli_team_init(get(), size);
    }
    ~Team() {
        gli_team_end(get());
        std::free(memory_);
    }
    gli_team *get() const { return static_cast<gli_team *>(memory_); }
    void run(int64_t pieces, const std::function<void(int64_t)> &body) const {
        const gli_job job{
            [](void *arg, int64_t i, int) { (*static_cast<const std::function<void(int64_t)> *>(arg))(i); },
            const_cast<std::function<void(int64_t)> *>(&body), pieces};
        gli_team_run(get(), &job);
    }

   private:
    void *memory_;
};

TEST(Team, runs_each_piece_once) {
    for (int size : {1, 2, 3, 16}) {
        const Team team(size);
        for (int64_t pieces : {0, 1, 2, 3, 100, 10000}) {
            std::vector<std::atomic<int>> runs(static_cast<size_t>(pieces));
            for (int round = 1; round <= 20; ++round) {
                team.run(pieces, [&](int64_t i) { runs[static_cast<size_t>(i)]++; });
                for (const auto &n : runs) ASSERT_EQ(n, round) << size << " threads, " << pieces << " pieces";
            }
        }
    }
}

TEST(Team, a_lane_belongs_to_one_thread_at_a_time) {
    const Team team(4);
    for (int64_t pieces : {1, 3, 1000}) {
        struct Lanes {
            std::atomic<int> users[4]{}, wrong{0};
        } lanes;
        const gli_job job{[](void *arg, int64_t, int lane) {
                              auto *l = static_cast<Lanes *>(arg);
                              if (lane < 0 || lane >= 4 || l->users[lane]++ != 0) ++l->wrong;
                              if (lane >= 0 && lane < 4) --l->users[lane];
                          },
                          &lanes, pieces};
        for (int round = 0; round < 50; ++round) gli_team_run(team.get(), &job);
        EXPECT_EQ(lanes.wrong, 0);
    }
}

TEST(Team, starts_threads_with_the_first_job_and_shares_the_pieces) {
    const Team team(2);
    EXPECT_EQ(gli_team_threads(team.get()), 1);
    std::atomic<int> there{0};
    team.run(2, [&](int64_t) {  // returns when both are at work
        ++there;
        while (there < 2) std::this_thread::yield();
    });
    EXPECT_EQ(gli_team_threads(team.get()), 2);
}

TEST(Team, a_thread_begins_with_its_own_share) {
    const Team team(2);
    for (const auto &[pieces, first_of_worker] : {std::pair{2, 1}, {4, 2}, {1001, 500}})
        for (int round = 0; round < 10; ++round) {
            const std::thread::id self = std::this_thread::get_id();
            std::atomic<int> there{0}, caller{-1}, worker{-1};
            team.run(pieces, [&](int64_t i) {  // each thread stays in its first piece until both are at work
                int none = -1;
                if (!(std::this_thread::get_id() == self ? caller : worker).compare_exchange_strong(none, int(i)))
                    return;
                ++there;
                while (there < 2) std::this_thread::yield();
            });
            ASSERT_EQ(caller, 0) << pieces;
            ASSERT_EQ(worker, first_of_worker) << pieces;
        }
}

TEST(Team, threads_that_sleep_are_woken) {
    const Team team(3);
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> there{0};
        team.run(3, [&](int64_t) {
            ++there;
            while (there < 3) std::this_thread::yield();
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

TEST(Team, a_body_may_start_another_job) {
    const Team team(2);
    std::atomic<int> inner{0};
    team.run(4, [&](int64_t) { team.run(5, [&](int64_t) { ++inner; }); });
    EXPECT_EQ(inner, 20);
}

TEST(Team, works_with_the_threads_that_there_are) {
    EXPECT_TRUE(glia::in_a_child([] {
        const rlimit little{64 << 20, 64 << 20};  // of addresses: too little for so many stacks
        if (setrlimit(RLIMIT_AS, &little) != 0) return false;
        const Team team(1000);
        std::atomic<int> runs{0};
        team.run(10000, [&](int64_t) { ++runs; });
        return runs == 10000 && gli_team_threads(team.get()) < 1000;
    }));
}

TEST(Team, works_in_a_child_of_a_process_that_has_used_it) {
    const Team team(2);
    std::atomic<int> runs{0};
    team.run(10, [&](int64_t) { ++runs; });
    EXPECT_TRUE(glia::in_a_child([&] {
        team.run(10, [&](int64_t) { ++runs; });
        return runs == 20 && gli_team_threads(team.get()) == 2;
    }));
    team.run(10, [&](int64_t) { ++runs; });
    EXPECT_EQ(runs, 20);
}

TEST(Team, signals_are_for_the_threads_of_the_program) {
    const Team team(2);
    const std::thread::id self = std::this_thread::get_id();
    std::atomic<int> there{0};
    sigset_t blocked{};
    team.run(2, [&](int64_t) {
        if (std::this_thread::get_id() != self) pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        ++there;
        while (there < 2) std::this_thread::yield();
    });
    EXPECT_TRUE(sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGALRM));
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) EXPECT_FALSE(sigismember(&blocked, fault)) << fault;
}

// --- the floating-point mode ---

using Context = std::unique_ptr<glia_context, decltype(&glia_context_destroy)>;
using Tensor  = std::unique_ptr<glia_tensor, decltype(&glia_tensor_destroy)>;

Context context_with(int threads) {
    glia_context_args args = {};
    args.threads           = threads;
    glia_context *ctx      = nullptr;
    EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK);
    return {ctx, glia_context_destroy};
}

Tensor wrapped(const Context &ctx, std::vector<float> *data) {
    glia_tensor *tensor = nullptr;
    EXPECT_EQ(glia_tensor_wrap(ctx.get(), GLIA_F32, GLIA_SHAPE(static_cast<int64_t>(data->size())), nullptr,
                               data->data(), &tensor),
              GLIA_OK);
    return {tensor, glia_tensor_destroy};
}

constexpr int kMany = 1 << 18;  // so that all threads of a context take part

// 2 x for so many numbers.
std::vector<float> doubled(int threads, float value) {
    const auto ctx = context_with(threads);
    std::vector<float> x(kMany, value), y(kMany);
    const auto in = wrapped(ctx, &x), out = wrapped(ctx, &y);
    const glia_binary_params add{GLIA_BINARY_ADD};
    EXPECT_EQ(glia_binary(ctx.get(), &add, in.get(), in.get(), out.get()), GLIA_OK);
    return y;
}

TEST(FloatMode, denormals_are_zero_on_every_thread_whatever_the_caller_has_set) {
    for (int threads : {1, 4}) {
        EXPECT_EQ(doubled(threads, FLT_MIN / 4), std::vector<float>(kMany, 0)) << threads;
        const uint64_t before = gli_float_mode_enter(true);
        EXPECT_EQ(doubled(threads, FLT_MIN / 4), std::vector<float>(kMany, 0)) << threads;
        gli_float_mode_leave(before);
        EXPECT_EQ(doubled(threads, FLT_MIN), std::vector<float>(kMany, 2 * FLT_MIN)) << threads;
    }
    volatile float denormal = FLT_MIN / 4;
    EXPECT_EQ(denormal * 2, FLT_MIN / 2) << "the caller's own mode";
}

TEST(FloatMode, traps_and_rounding_of_the_caller_neither_disturb_nor_change) {
    const auto ctx = context_with(2);
    std::vector<float> numbers{1e30f, 100, -1e30f}, results(3);
    const auto x = wrapped(ctx, &numbers), y = wrapped(ctx, &results);
    fesetround(FE_UPWARD);
    feenableexcept(FE_INVALID | FE_OVERFLOW | FE_DIVBYZERO | FE_UNDERFLOW);
    for (int kind = 0; kind < GLIA_UNARY_COUNT; ++kind) {
        const glia_unary_params params = glia_unary_defaults(glia_unary_kind(kind));
        EXPECT_EQ(glia_unary(ctx.get(), &params, x.get(), y.get()), GLIA_OK);
    }
    EXPECT_EQ(fegetround(), FE_UPWARD);
    EXPECT_EQ(fegetexcept(), FE_INVALID | FE_OVERFLOW | FE_DIVBYZERO | FE_UNDERFLOW);
    fedisableexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
}

}  // namespace
