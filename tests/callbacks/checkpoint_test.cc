// Checkpoints: a training that was ended anywhere goes on to the same bits, and a file is whole or was never there.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"
#include "support/states.h"
#include "support/with.h"

namespace {

using glia::with;
using std::string, std::vector;
namespace fs = std::filesystem;

constexpr int kCount = 26, kBatch = 4, kSteps = 7, kEpochs = 3, kInputs = 3, kClasses = 3;

// A folder of this test's own.
struct Folder {
    Folder() : path(fs::temp_directory_path() / ("checkpoint_test." + std::to_string(getpid()))) {
        fs::remove_all(path);
        fs::create_directory(path);
    }
    ~Folder() { fs::remove_all(path); }
    string at(const string &name) const { return path / name; }
    std::set<string> names() const {
        std::set<string> out;
        for (const auto &file : fs::directory_iterator(path)) out.insert(file.path().filename());
        return out;
    }
    fs::path path;
};

using Optimizer = std::function<glia_optimizer()>;

// A model with all that a training may carry from step to step, in a context of its own: as a new process has it.
struct Program {
    explicit Program(
        const char *device, const Optimizer &optimizer = [] { return glia_optimizer_adam(0.01); }, int units = 8) {
        const glia_context_args args{.seed = 5, .threads = 1};
        EXPECT_EQ(glia_context_create(device, &args, &ctx), GLIA_OK) << glia_message(nullptr);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        glia_value x = glia_model_input(net, "x", GLIA_SHAPE(kInputs));
        x            = glia_model_dense(net, x, with(glia_dense_args{.name = "hidden", .units = units}));
        x            = glia_model_batchnorm(net, x, with(glia_batchnorm_args{.name = "norm"}));
        x = glia_model_dropout(net, glia_model_activation(net, x, nullptr), with(glia_dropout_args{.p = 0.25}));
        x = glia_model_dense(net, x, with(glia_dense_args{.name = "y", .units = kClasses}));
        const glia_compile_args compile{.loss      = glia_loss_cross_entropy(),
                                        .metrics   = {GLIA_METRIC_ACCURACY, GLIA_METRIC_F1, GLIA_METRIC_AUC},
                                        .optimizer = optimizer()};
        EXPECT_EQ(glia_model_compile(net, x, &compile), GLIA_OK) << message();
        for (int i = 0; i < kCount; ++i) {
            for (int k = 0; k < kInputs; ++k) inputs.push_back(float((i * 7 + k * 5) % 11) / 11 - 0.5f);
            labels.push_back(i % kClasses);
        }
        load();
    }
    ~Program() {
        glia_callback_destroy(&schedule);
        glia_callback_destroy(&save);
        glia_dataset_destroy(data);
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
    string message() const { return glia_message(ctx); }
    void load() {
        glia_dataset_destroy(data);
        const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(kInputs), .data = inputs.data()},
            target{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = labels.data()};
        const glia_arrays_args args{
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = kCount, .copy = true};
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
    }
    void checkpoints(const glia_checkpoint_args &args) {
        glia_callback_destroy(&save);
        ASSERT_EQ(glia_checkpoints(ctx, &args, &save), GLIA_OK) << message();
    }
    // Trains to the end, or for so many steps, with a schedule that changes the rate at each of them.
    glia_status fit(int steps = -1) {
        static const glia_schedule kDecay{.kind = GLIA_SCHEDULE_EXPONENTIAL, .by_step = true, .gamma = 0.97};
        if (!schedule.user && glia_learning_rate_schedule(ctx, &kDecay, &schedule) != GLIA_OK) return GLIA_CANCELLED;
        left = steps;
        const glia_fit_args args{.epochs     = kEpochs,
                                 .batch_size = kBatch,
                                 .resume     = true,
                                 .callbacks  = {schedule, {.user = this, .on_batch_end = count}, save}};
        return glia_model_fit(net, data, &args);
    }
    static glia_status count(void *user, const glia_event *event) {
        Program *self = static_cast<Program *>(user);
        if (--self->left == 0) glia_trainer_stop(event->trainer);
        return self->also ? self->also(event) : GLIA_OK;
    }
    glia::States states() const { return glia::states_of(net); }
    int64_t step() const {
        int64_t step = -1;
        EXPECT_EQ(glia_model_state_get(net, "glia/step", &step, sizeof step), GLIA_OK) << message();
        return step;
    }
    vector<double> last_results() const {
        int count                = 0;
        const glia_epoch *epochs = glia_model_history(net, &count);
        if (count == 0) return {};
        const glia_result &r = epochs[count - 1].train;
        return {r.loss, r.metric[0], r.metric[1], r.metric[2]};
    }

    glia_context *ctx  = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    glia_callback schedule{}, save{};
    vector<float> inputs;
    vector<int64_t> labels;
    int left = 0;
    std::function<glia_status(const glia_event *)> also;
};

class Checkpoint : public testing::TestWithParam<const char *> {
   public:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(GetParam(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    }
    Folder folder_;
};

TEST_P(Checkpoint, a_run_that_was_stopped_anywhere_ends_with_the_same_bits) {
    const Optimizer optimizers[] = {[] { return glia_optimizer_adam(0.01); },
                                    [] { return glia_optimizer_momentum(0.05, 0.9); },
                                    [] {
                                        glia_optimizer o   = glia_optimizer_rmsprop(0.01);
                                        o.rmsprop.centered = true, o.rmsprop.momentum = 0.5;
                                        return o;
                                    },
                                    [] { return glia_optimizer_adagrad(0.05); }};
    for (const auto &optimizer : optimizers) {
        Program whole(GetParam(), optimizer);
        ASSERT_EQ(whole.fit(), GLIA_OK) << whole.message();
        const auto expected = whole.states();
        for (const int at : {1, kSteps - 1, kSteps, kSteps + 3}) {
            const string path = folder_.at("one.safetensors");
            {
                Program first(GetParam(), optimizer);
                first.checkpoints({.folder = folder_.path.c_str(), .keep = 1});
                ASSERT_EQ(first.fit(at), GLIA_OK) << first.message();
                ASSERT_EQ(first.step(), at);
            }
            char newest[4096];
            Program second(GetParam(), optimizer);
            ASSERT_EQ(glia_latest_checkpoint(second.ctx, folder_.path.c_str(), nullptr, newest, sizeof newest), GLIA_OK)
                << second.message();
            ASSERT_EQ(glia_model_load_checkpoint(second.net, newest), GLIA_OK) << second.message();
            ASSERT_EQ(second.step(), at);
            ASSERT_EQ(second.fit(), GLIA_OK) << second.message();
            EXPECT_TRUE(second.states() == expected) << "stopped after step " << at;
            EXPECT_EQ(second.last_results(), whole.last_results()) << "stopped after step " << at;
            for (const auto &file : fs::directory_iterator(folder_.path)) fs::remove(file);
        }
    }
}

// Killed anywhere, also while a file is written, a program that begins with the newest checkpoint comes to the same
// end.
TEST_P(Checkpoint, a_process_that_is_killed_anywhere_goes_on) {
    if (GetParam() != string("cpu")) GTEST_SKIP() << "once is enough";
    Program whole("cpu");
    ASSERT_EQ(whole.fit(), GLIA_OK) << whole.message();
    const auto train = [&] {  // of a child
        Program run("cpu");
        char newest[4096];
        run.checkpoints({.folder = folder_.path.c_str(), .every_steps = 1, .keep = 2});
        const glia_status found = glia_latest_checkpoint(run.ctx, folder_.path.c_str(), nullptr, newest, sizeof newest);
        if (found != GLIA_OK && found != GLIA_NOT_FOUND) return 2;
        if (found == GLIA_OK && glia_model_load_checkpoint(run.net, newest) != GLIA_OK) return 3;
        if (run.fit() != GLIA_OK) return fprintf(stderr, "%s\n", run.message().c_str()), 4;
        return 0;
    };
    std::mt19937 random(7);
    const char *wanted = getenv("GLIA_TEST_KILLS");
    int kills = wanted ? atoi(wanted) : 40, ended = 0;
    for (int i = 0; i < kills; ++i) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) _exit(train());
        usleep(unsigned(random() % 12000));
        kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        if (WIFEXITED(status)) {
            ASSERT_EQ(WEXITSTATUS(status), 0);
            ++ended;
            const auto names = folder_.names();
            ASSERT_LE(names.size(), 3u) << "two, and one more of a run that was killed before it deleted it";
            for (const string &name : names) ASSERT_EQ(name.find(".part"), string::npos) << name;
            Program check("cpu");
            ASSERT_EQ(glia_model_load_checkpoint(check.net, folder_.at(*names.rbegin()).c_str()), GLIA_OK)
                << check.message();
            ASSERT_TRUE(check.states() == whole.states());
            for (const auto &file : fs::directory_iterator(folder_.path)) fs::remove(file);
        }
    }
    ASSERT_EQ(train(), 0);
    printf("killed %d times, of %d runs\n", kills - ended, kills);
    Program check("cpu");
    ASSERT_EQ(glia_model_load_checkpoint(check.net, folder_.at("checkpoint-000000000021.safetensors").c_str()), GLIA_OK)
        << check.message();
    EXPECT_TRUE(check.states() == whole.states());
    for (const string &name : folder_.names()) EXPECT_EQ(name.find(".part"), string::npos) << name;
}

TEST_P(Checkpoint, the_newest_stay_and_the_best) {
    Program run(GetParam());
    run.checkpoints({.folder      = folder_.at("run").c_str(),
                     .name        = "net",
                     .every_steps = 2,
                     .keep        = 2,
                     .best        = true,
                     .watch       = "loss"});
    ASSERT_EQ(run.fit(), GLIA_OK) << run.message();
    std::set<string> names;
    for (const auto &file : fs::directory_iterator(folder_.at("run"))) names.insert(file.path().filename());
    EXPECT_EQ(names, (std::set<string>{"net-000000000020.safetensors", "net-000000000021.safetensors",
                                       "net-best.safetensors"}));
    int count                = 0;
    const glia_epoch *epochs = glia_model_history(run.net, &count);
    ASSERT_EQ(count, kEpochs);
    int best = 0;
    for (int i = 1; i < count; ++i) best = epochs[i].train.loss < epochs[best].train.loss ? i : best;
    Program other(GetParam());
    ASSERT_EQ(glia_model_load_checkpoint(other.net, folder_.at("run/net-best.safetensors").c_str()), GLIA_OK)
        << other.message();
    EXPECT_EQ(other.step(), (best + 1) * kSteps);
}

TEST_P(Checkpoint, what_was_left_half_is_deleted_and_nothing_else) {
    const string whole = "checkpoint-000000000003.safetensors", part = whole + ".77-0.part",
                 alive = whole + ".78-0.part", other = "other-000000000003.safetensors",
                 best = "checkpoint-best.safetensors.77-1.part";
    for (const string &name :
         {whole, part, alive, other, best, string("notes.txt"), string("checkpoint-3.safetensors")})
        std::ofstream(folder_.at(name)) << "x";
    const int writing = open(folder_.at(alive).c_str(), O_RDONLY);
    ASSERT_EQ(flock(writing, LOCK_EX | LOCK_NB), 0) << "as its process has it";
    Program run(GetParam());
    run.checkpoints({.folder = folder_.path.c_str(), .keep = 1});
    EXPECT_EQ(folder_.names(), (std::set<string>{whole, alive, other, "notes.txt", "checkpoint-3.safetensors"}));
    ASSERT_EQ(run.fit(), GLIA_OK) << run.message();
    EXPECT_EQ(folder_.names(), (std::set<string>{"checkpoint-000000000021.safetensors", alive, other, "notes.txt",
                                                 "checkpoint-3.safetensors"}));
    close(writing);
}

TEST_P(Checkpoint, another_training_does_not_write_into_the_same_folder) {
    const string later = "checkpoint-000000000099.safetensors", odd = "checkpoint-0000000000001.safetensors";
    for (const string &name : {later, odd}) std::ofstream(folder_.at(name)) << "x";
    Program run(GetParam());
    run.checkpoints({.folder = folder_.path.c_str(), .keep = 1});
    EXPECT_EQ(run.fit(), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(run.message().find("has 'checkpoint' of step 99, and this training, at step 7, is another one: it "
                                 "needs a name or a folder of its own"),
              string::npos)
        << run.message();
    EXPECT_EQ(folder_.names(), (std::set<string>{later, odd}));
}

// Scalar weights whose names begin like the numbers of training are weights all the same.
TEST_P(Checkpoint, weights_may_have_names_that_begin_like_states) {
    const string path = folder_.at("net.safetensors");
    float scale       = 3;
    for (const bool second : {false, true}) {
        Program run(GetParam());
        for (int i = 0; i < 40; ++i)
            glia_model_parameter(run.net, ("glia/scale" + std::to_string(i)).c_str(), GLIA_SCALAR, nullptr);
        ASSERT_EQ(glia_model_compile(run.net, {0}, nullptr), GLIA_OK) << run.message();
        if (!second) {
            ASSERT_EQ(glia_model_set(run.net, "glia/scale39", &scale, sizeof scale), GLIA_OK) << run.message();
            ASSERT_EQ(glia_model_save_checkpoint(run.net, path.c_str()), GLIA_OK) << run.message();
            continue;
        }
        scale = 0;
        ASSERT_EQ(glia_model_load_checkpoint(run.net, path.c_str()), GLIA_OK) << run.message();
        ASSERT_EQ(glia_model_get(run.net, "glia/scale39", &scale, sizeof scale), GLIA_OK) << run.message();
        EXPECT_EQ(scale, 3);
    }
}

// The file without the tensor of this name, as an older library wrote it.
void write_without(glia_context *ctx, const string &path, const string &name) {
    glia_safetensors *file = nullptr;
    ASSERT_EQ(glia_safetensors_open(ctx, path.c_str(), &file), GLIA_OK) << glia_message(ctx);
    vector<glia_safetensors_entry> entries;
    vector<glia_safetensors_note> notes(size_t(glia_safetensors_note_count(file)));
    for (int i = 0; i < glia_safetensors_count(file); ++i) {
        glia_safetensors_entry entry;
        ASSERT_EQ(glia_safetensors_get(file, i, &entry), GLIA_OK) << glia_message(ctx);
        if (entry.name != name) entries.push_back(entry);
    }
    for (size_t i = 0; i < notes.size(); ++i)
        ASSERT_EQ(glia_safetensors_get_note(file, int(i), &notes[i]), GLIA_OK) << glia_message(ctx);
    ASSERT_LT(entries.size(), size_t(glia_safetensors_count(file)));
    EXPECT_EQ(
        glia_safetensors_write(ctx, path.c_str(), entries.data(), int(entries.size()), notes.data(), int(notes.size())),
        GLIA_OK)
        << glia_message(ctx);
    glia_safetensors_close(file);
}

TEST_P(Checkpoint, of_an_older_library_goes_on) {
    Program whole(GetParam()), first(GetParam()), second(GetParam());
    const string path = folder_.at("net.safetensors");
    ASSERT_EQ(whole.fit(), GLIA_OK) << whole.message();
    ASSERT_EQ(first.fit(1), GLIA_OK) << first.message();
    ASSERT_EQ(glia_model_save_checkpoint(first.net, path.c_str()), GLIA_OK) << first.message();
    write_without(first.ctx, path, "glia/epoch_samples");
    ASSERT_EQ(second.fit(2), GLIA_OK) << second.message();
    ASSERT_EQ(glia_model_load_checkpoint(second.net, path.c_str()), GLIA_OK) << second.message();
    int64_t samples = -1;
    ASSERT_EQ(glia_model_state_get(second.net, "glia/epoch_samples", &samples, sizeof samples), GLIA_OK);
    EXPECT_EQ(samples, 0);
    ASSERT_EQ(second.fit(), GLIA_OK) << second.message();
    EXPECT_TRUE(second.states() == whole.states());
    glia_model *loaded = nullptr;
    EXPECT_EQ(glia_model_load(second.ctx, path.c_str(), nullptr, &loaded), GLIA_OK) << second.message();
    glia_model_destroy(loaded);

    write_without(first.ctx, path, "glia/position");
    EXPECT_EQ(glia_model_load_checkpoint(second.net, path.c_str()), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(second.message(), path + ": lacks 'glia/position', which the model has");
}

TEST_P(Checkpoint, that_is_refused_changes_nothing) {
    Program run(GetParam());
    const string path = folder_.at("net.safetensors");
    ASSERT_EQ(run.fit(3), GLIA_OK) << run.message();
    ASSERT_EQ(glia_model_save_checkpoint(run.net, path.c_str()), GLIA_OK) << run.message();
    Program other(GetParam());
    const auto before     = other.states();
    glia_trainer *trainer = nullptr;
    ASSERT_EQ(glia_trainer_create(other.net, other.data, nullptr, &trainer), GLIA_OK) << other.message();
    EXPECT_EQ(glia_model_load_checkpoint(other.net, path.c_str()), GLIA_BUSY);
    EXPECT_TRUE(other.states() == before) << other.message();
    glia_trainer_destroy(trainer);
    EXPECT_EQ(glia_model_load_checkpoint(other.net, path.c_str()), GLIA_OK) << other.message();
}

TEST_P(Checkpoint, numbers_that_are_not_finite_are_in_no_file) {
    Program run(GetParam());
    const string path = folder_.at("net.safetensors");
    ASSERT_EQ(glia_model_save_checkpoint(run.net, path.c_str()), GLIA_OK) << run.message();
    const auto before = fs::file_size(path);
    vector<float> bias(8, 0);
    bias[3] = INFINITY;
    ASSERT_EQ(glia_model_set(run.net, "hidden.bias", bias.data(), bias.size() * sizeof(float)), GLIA_OK);
    EXPECT_EQ(glia_model_save_checkpoint(run.net, path.c_str()), GLIA_NOT_FINITE);
    EXPECT_EQ(run.message(), "glia_model_save_checkpoint: " + path + ": 'hidden.bias' is infinite or NaN");
    EXPECT_EQ(fs::file_size(path), before);
    Program other(GetParam());
    EXPECT_EQ(glia_model_load_checkpoint(other.net, path.c_str()), GLIA_OK) << "the old one: " << other.message();
}

// A device may tell of a step that is not finite only after others were begun.
TEST_P(Checkpoint, a_step_that_is_not_finite_is_in_no_file) {
    Program run(GetParam());
    run.inputs[3 * kInputs] = NAN;
    run.load();
    run.checkpoints({.folder = folder_.path.c_str(), .every_steps = 1, .keep = 100});
    EXPECT_EQ(run.fit(), GLIA_NOT_FINITE);
    for (const string &name : folder_.names()) {
        Program other(GetParam());
        EXPECT_EQ(glia_model_load_checkpoint(other.net, folder_.at(name).c_str()), GLIA_OK) << other.message();
        for (int i = 0; i < glia_model_weight_count(other.net); ++i) {
            vector<float> values(kInputs * 8 + kClasses * 8);
            glia_state_info info;
            const char *weight = glia_model_weight_name(other.net, i);
            ASSERT_EQ(glia_model_state_info(other.net, weight, &info), GLIA_OK);
            ASSERT_EQ(glia_model_get(other.net, weight, values.data(), info.bytes), GLIA_OK) << other.message();
            for (const float value : values) EXPECT_TRUE(std::isfinite(value)) << name << ": " << weight;
        }
    }
    EXPECT_LT(folder_.names().size(), size_t(kSteps)) << "the sample is in the first epoch";
}

TEST_P(Checkpoint, a_disk_that_is_full_leaves_the_old_file) {
    Program run(GetParam());
    const string path = folder_.at("net.safetensors");
    ASSERT_EQ(run.fit(3), GLIA_OK) << run.message();
    ASSERT_EQ(glia_model_save_checkpoint(run.net, path.c_str()), GLIA_OK) << run.message();
    const auto size = fs::file_size(path);
    ASSERT_EQ(run.fit(2), GLIA_OK) << run.message();
    rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    for (rlim_t limit = 0; limit < size; limit += size / 7 + 1) {
        const rlimit small{limit, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        const glia_status status = glia_model_save_checkpoint(run.net, path.c_str());
        setrlimit(RLIMIT_FSIZE, &before);
        EXPECT_EQ(status, GLIA_IO_ERROR) << run.message();
    }
    EXPECT_EQ(folder_.names(), (std::set<string>{"net.safetensors"}));
    Program other(GetParam());
    ASSERT_EQ(glia_model_load_checkpoint(other.net, path.c_str()), GLIA_OK) << other.message();
    EXPECT_EQ(other.step(), 3);
}

TEST_P(Checkpoint, of_another_model_changes_nothing) {
    Program run(GetParam());
    const string path = folder_.at("net.safetensors");
    ASSERT_EQ(run.fit(2), GLIA_OK) << run.message();
    ASSERT_EQ(glia_model_save_checkpoint(run.net, path.c_str()), GLIA_OK) << run.message();
    const auto refused = [&](Program &other, glia_status status, const string &words) {
        const auto before = other.states();
        EXPECT_EQ(glia_model_load_checkpoint(other.net, path.c_str()), status) << words;
        EXPECT_EQ(other.message(), words);
        EXPECT_TRUE(other.states() == before);
    };
    Program wider(GetParam(), [] { return glia_optimizer_adam(0.01); }, 9);
    refused(wider, GLIA_SHAPE_MISMATCH, path + ": 'hidden.weight' is [8,3] f32, the model's [9,3] f32");
    Program plain(GetParam(), [] { return glia_optimizer_sgd(0.01); });
    refused(plain, GLIA_SHAPE_MISMATCH, path + ": has 'hidden.bias/adam_m', which the model has not");
    Program momentum(GetParam(), [] { return glia_optimizer_momentum(0.01, 0.9); });
    EXPECT_EQ(glia_model_load_checkpoint(momentum.net, path.c_str()), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(momentum.message().find(path + ": lacks 'hidden.weight/"), 0u) << momentum.message();
    Program same(GetParam());
    ASSERT_EQ(glia_model_save_weights(same.net, path.c_str()), GLIA_OK) << same.message();
    refused(same, GLIA_BAD_FORMAT, path + ": is no checkpoint: it has no 'glia.checkpoint' in its metadata");
    fs::resize_file(path, fs::file_size(path) - 1);
    EXPECT_EQ(glia_model_load_checkpoint(same.net, path.c_str()), GLIA_BAD_FORMAT);
    EXPECT_EQ(glia_model_load_checkpoint(same.net, folder_.at("none").c_str()), GLIA_NOT_FOUND);
}

volatile sig_atomic_t interrupts = 0;

TEST_P(Checkpoint, an_interrupt_saves_and_stops_and_a_second_does_what_it_did) {
    struct sigaction own{}, before;
    own.sa_handler = [](int) { interrupts = interrupts + 1; };
    sigaction(SIGINT, &own, &before);
    interrupts = 0;
    Program whole(GetParam()), run(GetParam());
    ASSERT_EQ(whole.fit(), GLIA_OK) << whole.message();
    glia_callback interrupt{}, other{};
    ASSERT_EQ(glia_stop_on_interrupt(run.ctx, &interrupt), GLIA_OK) << run.message();
    ASSERT_EQ(glia_stop_on_interrupt(whole.ctx, &other), GLIA_OK) << whole.message();
    run.checkpoints({.folder = folder_.path.c_str()});
    int batches = 0;
    run.also    = [&](const glia_event *) {
        if (++batches != 5) return GLIA_OK;
        const glia_fit_args inner{.epochs = 9, .callbacks = {other}};
        EXPECT_EQ(glia_model_fit(whole.net, whole.data, &inner), GLIA_BUSY);
        EXPECT_NE(whole.message().find("another training of this process has it"), string::npos) << whole.message();
        raise(SIGINT);
        EXPECT_EQ(interrupts, 0);
        raise(SIGINT);
        EXPECT_EQ(interrupts, 1) << "the second one is the program's";
        return GLIA_OK;
    };
    const auto expected = whole.states();
    const glia_fit_args args{.epochs     = kEpochs,
                             .batch_size = kBatch,
                             .resume     = true,
                             .callbacks  = {interrupt, {.user = &run, .on_batch_end = Program::count}, run.save}};
    ASSERT_EQ(glia_model_fit(run.net, run.data, &args), GLIA_OK) << run.message();
    EXPECT_EQ(batches, 5);
    EXPECT_TRUE(folder_.names().count("checkpoint-000000000005.safetensors"));
    raise(SIGINT);
    EXPECT_EQ(interrupts, 2) << "as before the training";
    ASSERT_EQ(glia_model_fit(whole.net, whole.data, with(glia_fit_args{.callbacks = {other}})), GLIA_OK)
        << "the place is free again: " << whole.message();
    glia_callback_destroy(&interrupt);
    glia_callback_destroy(&other);
    sigaction(SIGINT, &before, nullptr);
}

// The handler runs on the thread that the signal went to, which may be late: the trainer is not freed below it.
TEST_P(Checkpoint, an_interrupt_on_another_thread) {
    struct sigaction own{}, before;
    own.sa_handler = [](int) {};
    sigaction(SIGINT, &own, &before);
    Program run(GetParam());
    glia_callback interrupt{};
    ASSERT_EQ(glia_stop_on_interrupt(run.ctx, &interrupt), GLIA_OK) << run.message();
    std::atomic<bool> over{false};
    std::thread sender([&] {
        while (!over) pthread_kill(pthread_self(), SIGINT);
    });
    int stopped = 0;
    for (int i = 0; i < 100 || (stopped == 0 && i < 100000); ++i) {  // on a busy machine the sender begins late
        const glia_fit_args args{.batch_size = kBatch, .callbacks = {interrupt}};
        const int64_t steps = run.step();
        EXPECT_EQ(glia_model_fit(run.net, run.data, &args), GLIA_OK) << run.message();
        stopped += run.step() - steps < kSteps;
    }
    over = true;
    sender.join();
    EXPECT_GT(stopped, 0);
    glia_callback_destroy(&interrupt);
    sigaction(SIGINT, &before, nullptr);
}

TEST_P(Checkpoint, arguments_are_checked) {
    Program run(GetParam());
    glia_callback out{};
    char path[64];
    const auto refused = [&](const glia_checkpoint_args &args, const string &words) {
        EXPECT_NE(glia_checkpoints(run.ctx, &args, &out), GLIA_OK) << words;
        EXPECT_EQ(run.message(), words);
        EXPECT_EQ(out.user, nullptr);
    };
    const string folder = folder_.path;
    refused({}, "glia_checkpoints: folder is NULL");
    refused({.folder = ""}, "glia_checkpoints: folder has 0 characters, must have 1 to 3839");
    refused({.folder = folder.c_str(), .name = "a/b"},
            "glia_checkpoints: name must be 1 to 63 bytes of UTF-8, none a slash or a control character");
    refused({.folder = folder.c_str(), .every_epochs = -1},
            "glia_checkpoints: every_epochs is -1, every_steps 0 and keep 0, must not be negative");
    EXPECT_EQ(glia_checkpoints(run.ctx, with(glia_checkpoint_args{.folder = "/nowhere/at/all"}), &out), GLIA_NOT_FOUND);
    EXPECT_EQ(glia_latest_checkpoint(run.ctx, folder.c_str(), nullptr, path, sizeof path), GLIA_NOT_FOUND);
    EXPECT_EQ(run.message(), "glia_latest_checkpoint: no checkpoint 'checkpoint' in " + folder);
    EXPECT_EQ(glia_latest_checkpoint(run.ctx, "/nowhere", nullptr, path, sizeof path), GLIA_NOT_FOUND);
    std::ofstream(folder_.at("checkpoint-000000000003.safetensors")) << "x";
    EXPECT_EQ(glia_latest_checkpoint(run.ctx, folder.c_str(), nullptr, path, 8), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(run.message().find("glia_latest_checkpoint: 8 bytes, the path needs "), string::npos) << run.message();
}

INSTANTIATE_TEST_SUITE_P(On, Checkpoint, testing::Values("cpu", "emulated"),
                         [](const auto &info) { return string(info.param); });

}  // namespace
