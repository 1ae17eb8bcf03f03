// A save whose process dies at any system call, or one of whose calls fails or does less than it was asked for, leaves
// the old file or the new one. The child that saves is traced, call by call.
#include <gtest/gtest.h>

#if defined(__linux__) && defined(__x86_64__)
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "glia/glia.h"
#include "support/with.h"

namespace {

using glia::with;
namespace fs = std::filesystem;

constexpr int kUnits = 700;  // the file needs more than one write

struct Folder {
    Folder() : path(fs::temp_directory_path() / ("system_call_test." + std::to_string(getpid()))) {
        fs::remove_all(path);
        fs::create_directory(path);
    }
    ~Folder() { fs::remove_all(path); }
    int files() const { return int(std::distance(fs::directory_iterator(path), fs::directory_iterator{})); }
    fs::path path;
};

struct Program {
    Program() {
        const glia_context_args args{.seed = 5, .threads = 1};
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx), GLIA_OK) << glia_message(nullptr);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(3));
        const glia_value y = glia_model_dense(net, x, with(glia_dense_args{.name = "y", .units = kUnits}));
        EXPECT_EQ(glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_mse()})), GLIA_OK)
            << glia_message(ctx);
    }
    ~Program() {
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    void set_step(int64_t step) {
        EXPECT_EQ(glia_model_state_set(net, "glia/step", &step, sizeof step), GLIA_OK) << glia_message(ctx);
    }
    int64_t step() const {
        int64_t step = -1;
        EXPECT_EQ(glia_model_state_get(net, "glia/step", &step, sizeof step), GLIA_OK) << glia_message(ctx);
        return step;
    }
    glia_context *ctx = nullptr;
    glia_model *net   = nullptr;
};

enum class Fault { kNone, kDeath, kError, kShort };

// Those of files: a library may end a process that can no longer map memory.
const std::set<long> kFileCalls{SYS_open,     SYS_openat,   SYS_read,       SYS_pread64,    SYS_write,  SYS_writev,
                                SYS_close,    SYS_fsync,    SYS_rename,     SYS_fstat,      SYS_stat,   SYS_lstat,
                                SYS_lseek,    SYS_flock,    SYS_newfstatat, SYS_fchmod,     SYS_fchown, SYS_readlink,
                                SYS_access,   SYS_unlink,   SYS_mmap,       SYS_faccessat2, SYS_statx,  SYS_getcwd,
                                SYS_renameat, SYS_renameat2};

struct Traced {
    long calls;        // of the system, that the child made
    bool exited;       // by itself
    glia_status said;  // by what it did
};

bool next_stop(pid_t child, int *status) { return waitpid(child, status, 0) == child && WIFSTOPPED(*status); }

void set_error(pid_t child, int error) {
    user_regs_struct registers;
    ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    registers.rax = static_cast<unsigned long long>(-error);
    ptrace(PTRACE_SETREGS, child, nullptr, &registers);
}

// At the entry of a call. *skipped: the call is not made, and is to return an error.
void inject(pid_t child, Fault fault, bool *skipped) {
    user_regs_struct registers;
    ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    const long call = static_cast<long>(registers.orig_rax);
    if (fault == Fault::kDeath) kill(child, SIGKILL);
    if (fault == Fault::kShort && (call == SYS_write || call == SYS_read)) registers.rdx /= 2;
    const bool memory = call == SYS_mmap && static_cast<int>(registers.r8) == -1;  // of no file
    *skipped          = fault == Fault::kError && kFileCalls.count(call) > 0 && !memory;
    if (*skipped) registers.orig_rax = static_cast<unsigned long long>(-1);
    ptrace(PTRACE_SETREGS, child, nullptr, &registers);
}

// Does something in a child, at whose call number `at` the fault happens.
Traced traced(const std::function<glia_status()> &action, Fault fault, long at, int error) {
    int status        = 0;
    const pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        _exit(action());
    }
    Traced run{0, false, GLIA_OK};
    if (!next_stop(child, &status)) return run;
    ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    bool inside = false, skipped = false;
    for (int signal = 0;;) {
        ptrace(PTRACE_SYSCALL, child, nullptr, signal);
        if (!next_stop(child, &status)) break;
        signal = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
        if (signal != 0) continue;
        inside = !inside;
        if (inside && run.calls++ == at) inject(child, fault, &skipped);
        if (!inside && skipped) set_error(child, error), skipped = false;
    }
    run.exited = WIFEXITED(status);
    run.said   = run.exited ? glia_status(WEXITSTATUS(status)) : GLIA_OK;
    return run;
}

class SystemCalls : public testing::Test {
   protected:
    void SetUp() override {
        path_ = folder_.path / "net.safetensors";
        program_.set_step(1);
        ASSERT_EQ(save(), GLIA_OK) << glia_message(program_.ctx);
        calls_ = traced([&] { return save(); }, Fault::kNone, -1, 0).calls;
        if (calls_ == 0) GTEST_SKIP() << "a process may not trace its child here";
        ASSERT_GT(calls_, 10);
        program_.set_step(2);
    }
    glia_status save() { return glia_model_save_checkpoint(program_.net, path_.c_str()); }

    // What is in the file now: the old step or the new one.
    int64_t step_in_file() {
        Program reader;
        EXPECT_EQ(glia_model_load_checkpoint(reader.net, path_.c_str()), GLIA_OK) << glia_message(reader.ctx);
        return reader.step();
    }
    // Saves with one fault at each call, and begins with the old file each time.
    void try_all(Fault fault, int error) {
        const std::string old = path_.string() + ".old";
        fs::copy_file(path_, old);
        int faults = 0;
        for (long at = 0; at < calls_; ++at) {
            const Traced run   = traced([&] { return save(); }, fault, at, error);
            const int64_t step = step_in_file();
            EXPECT_TRUE(step == 1 || step == 2) << "call " << at << ": " << step;
            EXPECT_EQ(run.exited, fault != Fault::kDeath) << "call " << at;
            if (run.exited) {
                const glia_status told = error == ENOMEM ? GLIA_OUT_OF_MEMORY : GLIA_IO_ERROR;
                EXPECT_TRUE(run.said == GLIA_OK || run.said == told || run.said == GLIA_NOT_FOUND) << run.said;
                EXPECT_EQ(step, run.said == GLIA_OK ? 2 : 1) << "call " << at << ": it says " << run.said;
                EXPECT_EQ(folder_.files(), 2) << "call " << at << ": a part of a file was left";
            }
            faults += run.said != GLIA_OK;
            fs::copy_file(old, path_, fs::copy_options::overwrite_existing);
        }
        if (fault == Fault::kError) {
            EXPECT_GT(faults, 5) << "calls that matter";
        }
        if (fault == Fault::kShort) {
            EXPECT_EQ(faults, 0) << "what was not written is written by the next call";
        }
    }

    Folder folder_;
    Program program_;
    fs::path path_;
    long calls_ = 0;
};

TEST_F(SystemCalls, a_process_that_dies_at_any_leaves_a_whole_file) { try_all(Fault::kDeath, 0); }

TEST_F(SystemCalls, one_that_fails_leaves_a_whole_file_and_no_other) {
    for (const int error : {EIO, ENOSPC, ENOMEM}) {
        try_all(Fault::kError, error);
        fs::remove(path_.string() + ".old");
    }
}

TEST_F(SystemCalls, a_short_write_is_continued) { try_all(Fault::kShort, 0); }

// A load changes nothing, or all.
TEST_F(SystemCalls, a_load_fails_or_reads_all) {
    const auto load = [&] {
        program_.set_step(7);
        const glia_status status = glia_model_load_checkpoint(program_.net, path_.c_str());
        return program_.step() == (status == GLIA_OK ? 1 : 7) ? status : GLIA_CHECK_FAILED;
    };
    const long calls = traced(load, Fault::kNone, -1, 0).calls;
    int faults       = 0;
    ASSERT_GT(calls, 3);
    for (long at = 0; at < calls; ++at)
        for (const Fault fault : {Fault::kError, Fault::kShort}) {
            const Traced run = traced(load, fault, at, EIO);
            EXPECT_TRUE(run.exited) << "call " << at;
            EXPECT_NE(run.said, GLIA_CHECK_FAILED) << "call " << at;
            faults += run.said != GLIA_OK;
        }
    EXPECT_GT(faults, 1);
}

}  // namespace
#endif
