// What glia_predictor_run promises to threads that may not wait: no allocation, no lock, no system call, no page fault.
// GLIA_TEST_RUNS: so many runs of each network instead of a million.
#include <dlfcn.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "predict/predict_net.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__GLIBC__)
#define TRAPS 1 /* a sanitizer has traps of its own, in the same functions */
#else
#define TRAPS 0
#endif

namespace {
thread_local volatile bool watching; /* the workers of the model's context go to sleep when they like */
volatile long allocations, locks;

void watch() {
    allocations = 0;
    locks       = 0;
    watching    = true;
}
}  // namespace

#if TRAPS
extern "C" {
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);

static void count_allocation() {
    if (watching) allocations = allocations + 1;
}
void *malloc(size_t bytes) { return count_allocation(), __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return count_allocation(), __libc_calloc(count, bytes); }
void *realloc(void *memory, size_t bytes) { return count_allocation(), __libc_realloc(memory, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return count_allocation(), __libc_memalign(alignment, bytes); }
int posix_memalign(void **out, size_t alignment, size_t bytes) {
    count_allocation();
    *out = __libc_memalign(alignment, bytes);
    return *out ? 0 : 12;
}
void free(void *memory) { count_allocation(), __libc_free(memory); }

#define TRAP_LOCK(name, type)                                              \
    int name(type *object) {                                               \
        static const auto next = (int (*)(type *))dlsym(RTLD_NEXT, #name); \
        if (watching) locks = locks + 1;                                   \
        return next(object);                                               \
    }
TRAP_LOCK(pthread_mutex_lock, pthread_mutex_t)
TRAP_LOCK(pthread_mutex_trylock, pthread_mutex_t)
TRAP_LOCK(pthread_cond_signal, pthread_cond_t)
TRAP_LOCK(pthread_cond_broadcast, pthread_cond_t)
TRAP_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
TRAP_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
}
#endif

namespace {

using namespace glia;

struct Network {
    const char *name;
    glia_shape input;
    bool streaming;
    long share; /* of the runs: 1 / this */
    Layers layers;
};

const std::vector<Network> &networks() {
    static const std::vector<Network> all = {
        {"lstm 16",
         {2, {8, 1}},
         true,
         1,
         [](auto *net, auto x) {
             x = glia_model_lstm(net, x, with(glia_lstm_args{.units = 16, .sequence = true}));
             return glia_model_dense(net, x, with(glia_dense_args{.units = 1}));
         }},
        {"gru 8, conv1d 8",
         {2, {8, 1}},
         true,
         1,
         [](auto *net, auto x) {
             x = glia_model_conv1d(net, x,
                                   with(glia_conv1d_args{.filters     = 8,
                                                         .kernel      = 3,
                                                         .pad         = 8,
                                                         .pad_end     = GLIA_NO_PAD,
                                                         .dilation    = 4,
                                                         .activation  = GLIA_RELU,
                                                         .steps_first = true}));
             x = glia_model_gru(net, x, with(glia_gru_args{.units = 8, .sequence = true}));
             return glia_model_dense(net, x, with(glia_dense_args{.units = 1}));
         }},
        {"dense 32",
         {1, {32}},
         false,
         1,
         [](auto *net, auto x) {
             x = glia_model_dense(net, x, with(glia_dense_args{.units = 32, .activation = GLIA_TANH}));
             return glia_model_dense(net, x, with(glia_dense_args{.units = 32, .activation = GLIA_RELU}));
         }},
        {"normalisation, sum, softmax",
         {2, {8, 6}},
         true,
         10,
         [](auto *net, auto x) {
             const glia_value y = glia_model_layernorm(net, x, nullptr);
             return glia_model_softmax(net, glia_model_add(net, x, y, nullptr), nullptr);
         }},
        {"convolutions of images",
         {3, {1, 14, 14}},
         false,
         1000,
         [](auto *net, auto x) {
             x = glia_model_conv2d(net, x,
                                   with(glia_conv2d_args{.filters = 16, .kernel = {3, 3}, .activation = GLIA_RELU}));
             x = glia_model_conv2d(net, x, with(glia_conv2d_args{.filters = 16, .kernel = {3, 3}, .pad = {1, 1}}));
             x = glia_model_max_pool2d(net, x, with(glia_max_pool2d_args{.kernel = {2, 2}}));
             return glia_model_dense(net, glia_model_flatten(net, x, nullptr), with(glia_dense_args{.units = 10}));
         }},
        {"recurrent layers of whole sequences",
         {2, {9, 3}},
         false,
         100,
         [](auto *net, auto x) {
             auto args      = glia_gru_args{.units = 6};
             args.direction = GLIA_RNN_BOTH;
             return glia_model_gru(net, x, &args);
         }},
    };
    return all;
}

long runs_of(const Network &network) {
    const char *given = std::getenv("GLIA_TEST_RUNS");
    const long runs   = (given ? std::atol(given) : 1000000) / network.share;
    return runs > 0 ? runs : 1;
}

// A predictor, and what its runs read and write. run() is all that is watched.
struct Watched {
    PredictNet n;
    Predictor p;
    Values x, y;
    const void *in[1];
    void *out[1];
    long runs;

    explicit Watched(const Network &network)
        : n(network.input, network.layers), p(n.predictor(network.streaming)), runs(runs_of(network)) {
        x = numbers(glia_predictor_input_bytes(p.get(), 0) / sizeof(float));
        y.resize(glia_predictor_output_bytes(p.get(), 0) / sizeof(float));
        in[0] = x.data(), out[0] = y.data();
    }
    bool run() {
        bool right = true;
        for (long i = 0; i < runs; ++i) right &= glia_predictor_run(p.get(), 1, in, out) == GLIA_OK;
        return right && glia_predictor_reset(p.get()) == GLIA_OK;
    }
};

TEST(RealTime, RunsNeitherAllocateNorLock) {
    if (!TRAPS) GTEST_SKIP() << "a sanitizer has these functions";
    for (const Network &network : networks()) {
        SCOPED_TRACE(network.name);
        Watched w(network);
        watch();
        const bool right = w.run();
        watching         = false;
        EXPECT_TRUE(right);
        EXPECT_EQ(allocations, 0);
        EXPECT_EQ(locks, 0);
    }
}

TEST(RealTime, TheTrapsWork) {
    if (!TRAPS) GTEST_SKIP() << "a sanitizer has these functions";
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    watch();
    void *volatile memory = std::malloc(3);
    std::free(memory);
    pthread_mutex_lock(&mutex);
    watching = false;
    pthread_mutex_unlock(&mutex);
    EXPECT_EQ(allocations, 2);
    EXPECT_EQ(locks, 1);
}

// In a process that the kernel ends at its first system call but read, write and the exit of a thread. How it ended.
template <class Work>
int without_system_calls(const Work &work) {
    const pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(77);
        syscall(SYS_exit, work() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
}

TEST(RealTime, RunsMakeNoSystemCall) {
    if (!TRAPS) GTEST_SKIP() << "a sanitizer makes system calls of its own";
    const int trapped = without_system_calls([] { return getppid() > 0; });
    if (WIFEXITED(trapped) && WEXITSTATUS(trapped) == 77) GTEST_SKIP() << "this system has no seccomp";
    ASSERT_TRUE(WIFSIGNALED(trapped)) << "the trap does not work";
    for (const Network &network : networks()) {
        SCOPED_TRACE(network.name);
        Watched w(network);
        const int status = without_system_calls([&] { return w.run(); });
        EXPECT_TRUE(WIFEXITED(status)) << "signal " << (WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        EXPECT_EQ(WEXITSTATUS(status), 0);
    }
}

long page_faults() {
    struct rusage usage;
    EXPECT_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_minflt + usage.ru_majflt;
}

TEST(RealTime, RunsCauseNoPageFault) {
    if (!TRAPS) GTEST_SKIP() << "a sanitizer has memory of its own";
    for (const Network &network : networks()) {
        SCOPED_TRACE(network.name);
        Watched before(network);
        ASSERT_TRUE(before.run());  // the test's own code and stack
        page_faults();
        Watched w(network);
        const long faults = page_faults();
        ASSERT_TRUE(w.run());
        EXPECT_EQ(page_faults() - faults, 0);
    }
}

}  // namespace
