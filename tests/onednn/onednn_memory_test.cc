// Memory that oneDNN takes by itself, past the context's allocator. Each attempt is a child process: it has to end by
// itself, with a training that worked or with GLIA_OUT_OF_MEMORY.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/own_malloc.h"

#if OWN_MALLOC && defined(__GLIBC__)

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);
}

namespace {

// While it is on, the process has so many bytes to take with malloc, and the Nth `new` fails.
struct Memory {
    bool on   = false;
    long left = LONG_MAX, least = LONG_MAX;
    long news = 0, bad_new = -1;
    bool for_good = false;  // the Nth new, and all memory from then on
};
Memory memory;

void *given(void *block) {
    if (!memory.on || !block) return block;
    memory.left -= long(malloc_usable_size(block));
    memory.least = std::min(memory.least, memory.left);
    return block;
}

void taken_back(void *block) {
    if (memory.on && block) memory.left += long(malloc_usable_size(block));
}

bool fits(size_t bytes) { return !memory.on || bytes <= size_t(std::max(memory.left, 0L)); }

}  // namespace

// The whole process takes these instead of the C and C++ libraries'.
extern "C" {
void *malloc(size_t bytes) { return fits(bytes) ? given(__libc_malloc(bytes)) : nullptr; }
void *calloc(size_t n, size_t bytes) { return fits(n * bytes) ? given(__libc_calloc(n, bytes)) : nullptr; }
void *realloc(void *old, size_t bytes) {
    if (!fits(bytes)) return nullptr;
    taken_back(old);
    return given(__libc_realloc(old, bytes));
}
void *memalign(size_t alignment, size_t bytes) {
    return fits(bytes) ? given(__libc_memalign(alignment, bytes)) : nullptr;
}
void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void **out, size_t alignment, size_t bytes) {
    *out = memalign(alignment, bytes);
    return *out ? 0 : ENOMEM;
}
void free(void *block) { taken_back(block), __libc_free(block); }
}

void *operator new(size_t bytes) {
    const bool fails = memory.on && memory.news++ == memory.bad_new;
    if (fails && memory.for_good) memory.left = 0;
    void *block = fails ? nullptr : malloc(bytes);
    if (!block) throw std::bad_alloc();
    return block;
}
void *operator new[](size_t bytes) { return operator new(bytes); }
void operator delete(void *block) noexcept { free(block); }
void operator delete(void *block, size_t) noexcept { free(block); }
void operator delete[](void *block) noexcept { free(block); }
void operator delete[](void *block, size_t) noexcept { free(block); }

namespace {

struct Net {
    const char *name;
    glia_shape input;
    int batch;
    std::function<glia_value(glia_model *, glia_value)> layers;
    bool two_outputs = false;
};

// Each has an op that oneDNN computes: gradients of large dense layers' weights, and convolutions.
const std::vector<Net> nets = {
    {"dense", GLIA_SHAPE(128), 64,
     [](glia_model *m, glia_value x) {
         glia_dense_args args{};
         args.units = 512, args.activation = GLIA_RELU;
         return glia_model_dense(m, x, &args);
     }},
    {"cnn", GLIA_SHAPE(1, 28, 28), 64,
     [](glia_model *m, glia_value x) {
         glia_conv2d_args conv{};
         glia_max_pool2d_args pool{};
         glia_dense_args dense{};
         conv.filters = 32, conv.kernel[0] = conv.kernel[1] = 3, conv.activation = GLIA_RELU;
         pool.kernel[0] = pool.kernel[1] = 2, dense.units = 128, dense.activation = GLIA_RELU;
         x            = glia_model_conv2d(m, x, &conv);
         conv.filters = 64;
         x            = glia_model_max_pool2d(m, glia_model_conv2d(m, x, &conv), &pool);
         return glia_model_dense(m, glia_model_flatten(m, x, nullptr), &dense);
     }},
    {"conv1d", GLIA_SHAPE(8, 32), 16,
     [](glia_model *m, glia_value x) {
         glia_conv1d_args args{};
         args.filters = 16, args.kernel = 3;
         return glia_model_flatten(m, glia_model_conv1d(m, x, &args), nullptr);
     }},
    {"two_outputs", GLIA_SHAPE(128), 64,
     [](glia_model *m, glia_value x) {
         glia_dense_args args{};
         args.units = 512, args.activation = GLIA_TANH;
         return glia_model_dense(m, x, &args);
     },
     true},
};

glia_status fit(glia_model *model, glia_dataset *data, const Net &net) {
    glia_dense_args ten{};
    ten.units               = 10;
    const glia_value x      = net.layers(model, glia_model_input(model, "x", net.input));
    const glia_value logits = glia_model_dense(model, x, &ten);
    glia_fit_args args{};
    glia_compile_args compile{};
    glia_output_args output{};
    args.epochs = 1, args.batch_size = net.batch;
    compile.loss = output.loss = glia_loss_cross_entropy();
    glia_status status         = GLIA_OK;
    if (net.two_outputs) {
        status = glia_model_output(model, logits, &output);
        if (status == GLIA_OK) status = glia_model_output(model, glia_model_dense(model, x, &ten), &output);
    }
    if (status == GLIA_OK)
        status =
            glia_model_compile(model, net.two_outputs ? glia_value{} : logits, net.two_outputs ? nullptr : &compile);
    return status == GLIA_OK ? glia_model_fit(model, data, &args) : status;
}

const std::vector<float> points(64 * 28 * 28, 0.5f);
const std::vector<int64_t> classes(64, 3);

glia_status train(const Net &net) noexcept {
    const glia_array input{.dtype = GLIA_F32, .shape = net.input, .data = points.data()};
    const glia_array targets[] = {{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = classes.data()},
                                  {.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = classes.data()}};
    glia_arrays_args arrays{};
    arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = targets, arrays.n_targets = net.two_outputs ? 2 : 1;
    arrays.count = net.batch;
    glia_context_args args{};
    args.threads       = 2;
    glia_context *ctx  = nullptr;
    glia_model *model  = nullptr;
    glia_dataset *data = nullptr;
    memory.on          = true;
    glia_status status = glia_context_create("cpu", &args, &ctx);
    if (status == GLIA_OK) status = glia_model_create(ctx, nullptr, &model);
    if (status == GLIA_OK) status = glia_dataset_from_arrays(ctx, &arrays, &data);
    if (status == GLIA_OK) status = fit(model, data, net);
    memory.on = false;
    glia_dataset_destroy(data), glia_model_destroy(model), glia_context_destroy(ctx);
    return status;
}

// How a child ended: its status, or -1 - signal.
int attempt(const Net &net, const std::function<void()> &limit) {
    fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        limit();
        _exit(train(net));
    }
    int how = 0;
    EXPECT_EQ(waitpid(child, &how, 0), child);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1 - WTERMSIG(how);
}

struct Ends {
    int worked = 0, out_of_memory = 0, bad = 0;
    void add(int end) { ++(end == GLIA_OK ? worked : end == GLIA_OUT_OF_MEMORY ? out_of_memory : bad); }
};

// Of each kind; more of them find more.
int attempts() {
    const char *text = getenv("GLIA_TEST_ATTEMPTS");
    return text ? atoi(text) : 40;
}

class OutOfMemory : public testing::TestWithParam<Net> {
   protected:
    // limit(step) is called in the child.
    static Ends attempt_all(const std::function<void(int)> &limit) {
        Ends ends;
        for (int step = 0; step < attempts(); ++step) {
            const int end = attempt(GetParam(), [&] { limit(step); });
            ends.add(end);
            EXPECT_TRUE(end == GLIA_OK || end == GLIA_OUT_OF_MEMORY) << "step " << step << " ended with " << end;
        }
        printf("%s: %d worked, %d out of memory, %d others\n", GetParam().name, ends.worked, ends.out_of_memory,
               ends.bad);
        return ends;
    }
};

// What a training takes, as a child tells.
Memory needs_of(const Net &net) {
    int pipes[2];
    Memory told;
    EXPECT_EQ(pipe(pipes), 0);
    if (fork() == 0) {
        const glia_status status = train(net);
        _exit(status != GLIA_OK || write(pipes[1], &memory, sizeof memory) != sizeof memory);
    }
    close(pipes[1]);
    EXPECT_EQ(read(pipes[0], &told, sizeof told), ssize_t(sizeof told));
    close(pipes[0]);
    wait(nullptr);
    return told;
}

// An exception of oneDNN stays inside.
TEST_P(OutOfMemory, of_a_new_is_an_error) {
    const Memory needs = needs_of(GetParam());
    ASSERT_GT(needs.news, 100);
    attempt_all([&](int step) { memory.bad_new = needs.news * step / attempts(); });
}

constexpr int kFirstEngine = 8;

// Inside oneDNN, too, from then on. But for its first engine: dnnl_engine_create follows the NULL of a factory that
// another thread left no memory for.
TEST_P(OutOfMemory, of_everything_from_a_new_on_is_an_error) {
    const Memory needs = needs_of(GetParam());
    const Ends ends    = attempt_all([&](int step) {
        memory.for_good = true;
        memory.bad_new  = needs.news * (step + kFirstEngine) / (attempts() + kFirstEngine);
    });
    EXPECT_EQ(ends.out_of_memory, attempts());
}

// oneDNN follows the NULL that malloc gives it; so there has to be enough before.
TEST_P(OutOfMemory, of_malloc_is_an_error) {
    const long most = LONG_MAX - needs_of(GetParam()).least;
    const Ends ends = attempt_all([&](int step) { memory.left = most / attempts() * step; });
    EXPECT_GT(ends.out_of_memory, 0);
}

// What this process has mapped.
size_t mapped() {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return size_t(pages) * size_t(sysconf(_SC_PAGESIZE));
}

TEST_P(OutOfMemory, of_the_system_is_an_error) {
    const size_t now = mapped(), most = 160 << 20;
    ASSERT_GT(now, 0u) << "there is no /proc";
    const Ends ends = attempt_all([&](int step) {
        const size_t limit = now + most / size_t(attempts()) * size_t(step);
        const rlimit both{limit, limit};
        if (setrlimit(RLIMIT_AS, &both) != 0) _exit(99);
    });
    EXPECT_GT(ends.worked, 0);
    EXPECT_GT(ends.out_of_memory, 0);
}

INSTANTIATE_TEST_SUITE_P(nets, OutOfMemory, testing::ValuesIn(nets),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
#else
TEST(OutOfMemory, needs_a_malloc_of_its_own) { GTEST_SKIP(); }
#endif
