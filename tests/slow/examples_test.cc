// The examples end where their published numbers are.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/files.h"

namespace {

// Runs an example; returns what it wrote on standard output.
std::string run(const std::string &command, int *exit_code) {
    std::string text;
    FILE *pipe = popen((std::string(GLIA_BINARIES) + "/" + command).c_str(), "r");
    char part[512];
    while (pipe && fgets(part, sizeof part, pipe)) text += part;
    const int status = pipe ? pclose(pipe) : -1;
    *exit_code       = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return text;
}

std::string output_of(const std::string &command) {
    int exit_code;
    const std::string text = run(command, &exit_code);
    EXPECT_EQ(exit_code, 0) << command << "\n" << text;
    return text;
}

// Runs an example that has to end with this exit code, and to say part on standard error.
void fails(const std::string &command, int want, const std::string &part) {
    int exit_code;
    const std::string text = run(command + " 2>&1 >/dev/null", &exit_code);
    EXPECT_EQ(exit_code, want) << command << "\n" << text;
    EXPECT_NE(text.find(part), std::string::npos) << command << "\n" << text << "\nmust say: " << part;
}

// The number after the last occurrence of a text.
double number_after(const std::string &text, const std::string &what) {
    const size_t at = text.rfind(what);
    EXPECT_NE(at, std::string::npos) << what << " is missing in\n" << text;
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + what.size(), nullptr);
}

bool exists(const std::string &path) {
    struct stat info;
    return stat(path.c_str(), &info) == 0;
}

// With one thread: a second helps such small steps little, and where other programs have the cores it costs much.
class OneThread : public testing::Test {
   protected:
    OneThread() { setenv("GLIA_NUM_THREADS", "1", 1); }
    ~OneThread() override { unsetenv("GLIA_NUM_THREADS"); }
};

// The kernels of cuda_custom_op on the emulated device learn what its functions for the CPU learn.
TEST(Examples, a_custom_op_learns_on_every_device) {
    if (!exists(GLIA_BINARIES "/cuda_custom_op_emulated")) GTEST_SKIP() << "this build has no emulated device";
    const std::string cpu      = output_of("cuda_custom_op_emulated --device cpu"),
                      emulated = output_of("cuda_custom_op_emulated");
    for (const std::string *text : {&cpu, &emulated}) {
        EXPECT_GT(number_after(*text, "accuracy 0.516 -> "), 0.97) << *text;
        EXPECT_GT(number_after(*text, "a slope: 1 -> "), 1.2) << *text;
    }
    EXPECT_NE(cpu.find("on cpu: "), std::string::npos) << cpu;
    EXPECT_NE(emulated.find("on emulated: "), std::string::npos) << emulated;
    EXPECT_NEAR(number_after(cpu, "loss 0.6900 -> "), number_after(emulated, "loss 0.6900 -> "), 0.01);
    fails("cuda_custom_op_emulated --device cuda:0", 2,
          "cuda_custom_op: --device cuda:0: the kernels were compiled for emulated");
}

TEST(Examples, a_custom_op_compiled_for_cuda_runs_or_says_why_not) {
    if (!exists(GLIA_BINARIES "/cuda_custom_op")) GTEST_SKIP() << "this build has no CUDA";
    int exit_code;
    const std::string text = run("cuda_custom_op 2>&1", &exit_code);
    EXPECT_TRUE(exit_code == 0 || exit_code == 3) << text;
    EXPECT_NE(text.find(exit_code == 0 ? "accuracy" : "no device 'cuda'"), std::string::npos) << text;
    output_of("cuda_custom_op --device cpu");
    fails("cuda_custom_op --device emulated", 2,
          "cuda_custom_op: --device emulated: the kernels were compiled for cuda");
}

TEST(Examples, neuron_ends_at_the_published_weights) {
    const std::string text = output_of("neuron --device cpu");
    double w[3];
    ASSERT_EQ(sscanf(text.c_str(), "weights: %lf %lf %lf", &w[0], &w[1], &w[2]), 3) << text;
    EXPECT_NEAR(w[0], -4.21652261, 1e-5);
    EXPECT_NEAR(w[1], 12.79677774, 1e-5);
    EXPECT_NEAR(w[2], -4.21664048, 1e-5);
    EXPECT_NEAR(number_after(text, "1 0 0 -> "), 0.01453545, 1e-5);
    EXPECT_NEAR(number_after(text, "0 1 1 -> "), 0.99981224, 1e-5);
}

TEST(Examples, xor_is_learnt) {
    const double error = number_after(output_of("xor --device cpu"), "mean squared error: ");
    EXPECT_GE(error, 0);
    EXPECT_LT(error, 0.005);
}

TEST(Examples, mnist_dense_reaches_97_percent) {
    const char *named        = std::getenv("GLIA_MNIST_DIR");
    const std::string folder = named ? named : "";
    if (!exists(folder + "/train-images-idx3-ubyte.gz")) GTEST_SKIP() << "GLIA_MNIST_DIR names no folder with MNIST";
    EXPECT_GE(number_after(output_of("mnist_dense --device cpu --data " + folder), "test accuracy: "), 0.97);
}

TEST(Examples, cnn_fashion_reaches_86_percent_in_an_epoch) {
    if (!exists("/usr/share/datasets/fashion-mnist"))
        GTEST_SKIP() << "no Fashion-MNIST: the package dataset-fashion-mnist has it";
    const std::string text = output_of("cnn_fashion --epochs 1");
    EXPECT_GE(number_after(text, "\ntest accuracy: "), 0.86) << text;
    int lines = 0;
    for (size_t at = 0; (at = text.find("\nepoch ", at)) != std::string::npos; ++at) ++lines;
    EXPECT_EQ(lines, 1) << "a line an epoch\n" << text;
    EXPECT_EQ(text.size() - text.rfind("\ntest accuracy: 0."), sizeof "\ntest accuracy: 0.8912\n" - 1) << text;
}

// A few images for training, and the same for testing.
void write_digits(const glia::Folder &folder) {
    glia::Bytes pixels(16 * 28 * 28), classes(16);
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<unsigned char>(i * 7 % 251);
    for (size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<unsigned char>(i % 10);
    for (const std::string part : {"train", "t10k"}) {
        folder.write(part + "-images-idx3-ubyte", glia::idx_file(8, {16, 28, 28}, pixels));
        folder.write(part + "-labels-idx1-ubyte", glia::idx_file(8, {16}, classes));
    }
}

// The programs as they are, on a device with memory of its own.
// Ended by Ctrl-C and by a kill, wherever these come, it ends where a run in one piece does.
TEST(Examples, resume_goes_on_to_the_same_loss) {
    const glia::Folder whole, parts;
    const std::string first = "resume --device cpu --epochs 40 --folder " + whole.path(),
                      other = "resume --device cpu --folder " + parts.path() + " --epochs ";
    const double loss       = number_after(output_of(first), "loss ");
    output_of(other + "3");
    for (const std::string signal : {"INT", "KILL"}) {
        const std::string command = "timeout -s " + signal + " 0.1 " GLIA_BINARIES "/" + other + "40 >/dev/null 2>&1";
        EXPECT_NE(std::system(command.c_str()), -1);
    }
    const std::string last = output_of(other + "40");
    EXPECT_NE(last.find("going on from " + parts.path()), std::string::npos) << last;
    EXPECT_EQ(number_after(last, "loss "), loss);
}

TEST(Examples, mnist_dense_runs_on_the_emulated_device) {
    if (!exists(std::string(GLIA_BINARIES) + "/../lib/libglia_emulated.so"))
        GTEST_SKIP() << "this build has no emulated device";
    const glia::Folder folder;
    write_digits(folder);
    const std::string command = "mnist_dense --epochs 2 --data " + folder.path() + " --device ";
    const std::string host = output_of(command + "cpu"), guest = output_of(command + "emulated");
    EXPECT_NEAR(number_after(guest, " loss "), number_after(host, " loss "), 2e-3) << host << guest;
    for (const std::string *text : {&host, &guest}) {
        EXPECT_NE(text->find("epoch 2/2"), std::string::npos) << *text;
        EXPECT_NE(text->find("test accuracy: "), std::string::npos) << *text;
    }
}

TEST(Examples, cnn_fashion_runs_on_the_emulated_device) {
    if (!exists(std::string(GLIA_BINARIES) + "/../lib/libglia_emulated.so"))
        GTEST_SKIP() << "this build has no emulated device";
    const glia::Folder folder;
    write_digits(folder);
    const std::string command = "cnn_fashion --epochs 1 --batch 16 --data " + folder.path() + " --device ";
    const std::string host = output_of(command + "cpu"), guest = output_of(command + "emulated");
    EXPECT_NEAR(number_after(guest, " loss "), number_after(host, " loss "), 1e-4) << "the last digit that is shown";
    EXPECT_NEAR(number_after(guest, "  val_loss "), number_after(host, "  val_loss "), 2e-3)
        << "Adam's first step may turn round";
    EXPECT_NE(guest.find("\ntest accuracy: 0."), std::string::npos) << guest;
}

TEST(Examples, inside_shows_the_same_on_the_emulated_device) {
    if (!exists(std::string(GLIA_BINARIES) + "/../lib/libglia_emulated.so"))
        GTEST_SKIP() << "this build has no emulated device";
    const glia::Folder folder;
    write_digits(folder);
    const std::string command =
        "inside --epochs 1 --image 3 --data " + folder.path() + " --folder " + folder.path() + " --device ";
    const std::string host = output_of(command + "cpu"), guest = output_of(command + "emulated");
    EXPECT_NEAR(number_after(guest, "lowest probability: "), number_after(host, "lowest probability: "), 2e-3);
    for (const std::string name : {"image", "filters", "activations", "saliency", "occlusion"})
        EXPECT_TRUE(exists(folder / (name + ".pgm"))) << name;
    std::ifstream filters(folder / "filters.pgm", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(filters), {}};
    EXPECT_EQ(bytes.find("P5 17 17 255\n"), 0u) << "eight of 5 x 5 with lines between them";
    EXPECT_EQ(bytes.size(), sizeof "P5 17 17 255\n" - 1 + 17 * 17);
    fails("inside --device cpu --image 16 --data " + folder.path(), 1, "inside: GLIA_INVALID_ARGUMENT");
}

TEST(Examples, transfer_runs_on_the_emulated_device) {
    if (!exists(std::string(GLIA_BINARIES) + "/../lib/libglia_emulated.so"))
        GTEST_SKIP() << "this build has no emulated device";
    const glia::Folder folder;
    write_digits(folder);
    const std::string text = output_of("transfer --epochs 1 --few-epochs 1 --device emulated --data " + folder.path());
    for (const std::string line : {"0 to 4, 10 images: accuracy 0.", "5 to 9, 6 images:", "\nfrom scratch: 0.",
                                   "\nconvolutions trained on: 0.", "\nconvolutions frozen: 0."})
        EXPECT_NE(text.find(line), std::string::npos) << text;
}

// Little of their formats, and nothing to learn: the programs as they are, on a device with memory of its own.
TEST_F(OneThread, run_on_the_emulated_device) {
    if (!exists(std::string(GLIA_BINARIES) + "/../lib/libglia_emulated.so"))
        GTEST_SKIP() << "this build has no emulated device";
    const glia::Folder folder;
    const auto write = [&](const std::string &name, const std::string &text) {
        return folder.write(name, {text.begin(), text.end()});
    };
    std::string jokes, days, words[4];
    for (int i = 0; i < 24; ++i) jokes += "Joke " + std::to_string(i * i) + ".\n%\n";
    for (int i = 0; i < 400; ++i)
        days +=
            (i < 200 ? "2012" : "2013") + std::string(" 1 1 5 0 0 0 0.00") + std::to_string(100 + i * 37 % 100) + "\n";
    for (int i = 0; i < 26 * 26; ++i)
        words[i % 4] += std::string{char('a' + i / 26), 'o', char('a' + i % 26)} + " n 1\n";
    write("jokes", jokes);
    write("index.noun", words[0]), write("index.verb", words[1]), write("index.adj", words[2]),
        write("index.adv", words[3]);
    const std::string series = write("series.txt", days), small = " --epochs 1 --hidden 4 --device ";
    for (const std::string &command :
         {std::string("add_digits --train 64 --test 16"),
          "char_language_model --length 8 --sample 9 --data " + folder.path(),
          "char_language_model --cell gru --length 8 --sample 9 --data " + folder.path(),
          "forecast --network lstm --data " + series, "forecast --network conv1d --data " + series,
          "word_tags --network lstm --data " + folder.path(), "word_tags --network gru --data " + folder.path(),
          "word_tags --network conv1d --data " + folder.path()}) {
        const std::string host = output_of(command + small + "cpu"), guest = output_of(command + small + "emulated");
        EXPECT_NEAR(number_after(guest, " loss "), number_after(host, " loss "), 2e-4) << command << "\n" << guest;
        EXPECT_NEAR(number_after(guest, "  val_loss "), number_after(host, "  val_loss "), 2e-3)
            << "Adam's first step may turn round";
    }
}

TEST_F(OneThread, need_their_data) {
    fails("char_language_model --data /nonexistent", 1, "the package fortunes has some");
    fails("forecast --data /nonexistent", 1, "the package python3-astropy has it");
    fails("word_tags --data /nonexistent", 1, "the package wordnet-base has them");
    fails("word_tags --network transformer", 2, "word_tags: --network is 'transformer', must be lstm|gru|conv1d");
}

// The programs that this build has, with and without a device of their own.
std::vector<std::string> programs() {
    std::vector<std::string> all = {"add_digits",    "char_language_model",
                                    "churn",         "cnn_fashion",
                                    "denoise",       "detect",
                                    "finetune_onnx", "forecast",
                                    "groups",        "inside",
                                    "mnist_dense",   "neuron",
                                    "photos",        "resnet_cifar",
                                    "resume",        "segment",
                                    "sounds",        "transfer",
                                    "word_tags",     "xor"};
    for (const std::string name : {"cuda_custom_op", "cuda_custom_op_emulated"})
        if (exists(GLIA_BINARIES "/" + name)) all.push_back(name);
    return all;
}

TEST(Examples, churn_searches_and_goes_on) {
    const glia::Folder folder;
    const std::string results = folder / "results.csv", command = "churn --device cpu --seed 1 --results " + results;
    setenv("TMPDIR", folder.path().c_str(), 1);
    const std::string text = output_of(command);
    EXPECT_NE(text.find("trial  units"), std::string::npos) << text;
    EXPECT_GT(number_after(text, ", accuracy "), 0.82) << text;
    EXPECT_NEAR(number_after(text, "always the same answer: "), 0.7267, 1e-6) << text;
    EXPECT_EQ(output_of(command), text) << "all trials are in the file";
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "customers are left";
    unsetenv("TMPDIR");
    fails("churn --device cpu --target gone", 1, "has no column 'gone', of targets[0]; there are months, contract");
    fails("churn --device cpu --data " + folder.path() + "/none", 1, "none: No such file");
}

TEST(Examples, groups_finds_what_was_painted) {
    const std::string text = output_of("groups --device cpu --seed 1");
    EXPECT_GT(number_after(text, "purity "), 0.98) << text;
    for (const char *name : {"beach", "forest", "sunset"})
        EXPECT_NE(text.find(std::string("of them '") + name + "'"), std::string::npos) << text;
    fails("groups --device cpu --data /nonexistent", 1, "/nonexistent: No such file");
}

// What it prints, with a picture beside; what it drew itself is gone at the end.
std::string with_picture(const std::string &command) {
    const glia::Folder folder;
    const std::string picture = folder / "sheet.ppm";
    setenv("TMPDIR", folder.path().c_str(), 1);
    const std::string text = output_of(command + " --picture " + picture);
    unsetenv("TMPDIR");
    EXPECT_TRUE(exists(picture)) << command;
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1)
        << command << ": files are left";
    return text;
}

TEST_F(OneThread, segment_finds_the_pixels_of_shapes) {
    const std::string text = with_picture("segment --device cpu --seed 1");
    EXPECT_GT(number_after(text, "320 pictures to learn from, 80 for the test: "), 0.93) << text;
    EXPECT_GT(number_after(text, " of pixels right, mean IoU "), 0.7) << text;
    fails("segment --device cpu --images /tmp", 1, "glia_dataset_from_image_pairs: masks is NULL");
    fails("segment --device cpu --masks /tmp", 1, "glia_dataset_from_image_pairs: images is NULL");
    fails("segment --device cpu --side 20", 2, "--side is '20', must be a multiple of 8 from 8 to 1000000");
}

TEST_F(OneThread, detect_finds_shapes) {
    const std::string text = with_picture("detect --device cpu --seed 1");
    EXPECT_GT(number_after(text, "207 boxes in 100 pictures of the test: mean average precision "), 0.85) << text;
    for (const char *name : {"circle", "square", "triangle"})
        EXPECT_GT(number_after(text, std::string(name) + ": average precision "), 0.75) << text;
    fails("detect --device cpu --side 47", 2, "--side is '47', must be a multiple of 8 from 8 to 1000000");
    fails("detect --device cpu --boxes /nonexistent", 1, "/nonexistent: No such file");
}

TEST_F(OneThread, denoise_takes_noise_away) {
    const std::string text = with_picture("denoise --device cpu --seed 1");
    EXPECT_NEAR(number_after(text, "noise of "), 13.98, 1e-9) << text;
    EXPECT_GT(number_after(text, "after the network "), 23) << text;
    fails("denoise --device cpu --data /nonexistent", 1, "/nonexistent: No such file");
}

TEST(Examples, photos_learns_a_folder_and_leaves_none_behind) {
    const glia::Folder folder;
    const std::string picture = folder / "grid.ppm";
    setenv("TMPDIR", folder.path().c_str(), 1);
    const std::string text = output_of("photos --device cpu --seed 1 --picture " + picture);
    unsetenv("TMPDIR");
    EXPECT_GT(number_after(text, "360 pictures to learn from, 90 for the test, accuracy "), 0.85) << text;
    EXPECT_NE(text.find("classes: circle square triangle\n"), std::string::npos) << text;
    EXPECT_TRUE(exists(picture));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "pictures are left";
    fails("photos --device cpu --data " + folder.path() + "/none", 1, "none: No such file");
}

TEST(Examples, sounds_learns_a_folder_and_leaves_none_behind) {
    if (!GLIA_TEST_SNDFILE) GTEST_SKIP() << "no libsndfile";
    const glia::Folder folder;
    setenv("TMPDIR", folder.path().c_str(), 1);
    const std::string text = output_of("sounds --device cpu --seed 1");
    unsetenv("TMPDIR");
    EXPECT_GT(number_after(text, "180 recordings to learn from, 60 for the test, accuracy "), 0.8) << text;
    EXPECT_NE(text.find("classes: bell bird drum siren\n"), std::string::npos) << text;
    EXPECT_NE(text.find(".wav\n"), std::string::npos) << text;
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 0) << "recordings are left";
    fails("sounds --device cpu --data " + folder.path() + "/none", 1, "none: No such file");
}

TEST(Examples, all_list_their_options) {
    for (const std::string &name : programs()) {
        const std::string text = output_of(name + " --help");
        EXPECT_EQ(text.find("usage: " + name + " [options]\n"), 0u) << text;
        EXPECT_NE(text.find("\n  --device TEXT "), std::string::npos) << text;
        output_of(name + " --device nowhere --help");  // no device is opened
    }
}

TEST(Examples, all_refuse_what_they_do_not_know) {
    for (const std::string &name : programs()) {
        fails(name + " --nonsense 1", 2, name + ": there is no option --nonsense; --help lists them");
        fails(name + " stray", 2, name + ": there is no option stray");
        fails(name + " --device", 2, name + ": --device needs a value");
        if (name.find("cuda_custom_op") == 0)
            fails(name + " --device nowhere", 2, "cuda_custom_op: --device nowhere: the kernels were compiled for ");
        else
            fails(name + " --device nowhere", 1, name + ": GLIA_NOT_FOUND: no device 'nowhere'");
    }
}

TEST(Examples, mnist_dense_refuses_wrong_options) {
    fails("mnist_dense --epochs zero", 2, "mnist_dense: --epochs is 'zero', must be a whole number from 1 to 1000000");
    fails("mnist_dense --epochs 0", 2, "mnist_dense: --epochs is '0', must be a whole number from 1 to 1000000");
    fails("mnist_dense /nonexistent", 2, "mnist_dense: there is no option /nonexistent");
    fails("mnist_dense --device cpu --data /nonexistent", 1, "mnist_dense: GLIA_NOT_FOUND: ");
    EXPECT_NE(output_of("mnist_dense --help").find("  --epochs N                passes over the images (20)\n"),
              std::string::npos);
}

TEST(Examples, wrong_options_are_refused) {
    const auto exit_code = [](const std::string &args) {
        return WEXITSTATUS(
            std::system((std::string(GLIA_BINARIES) + "/cnn_fashion " + args + " >/dev/null 2>&1").c_str()));
    };
    EXPECT_EQ(exit_code("--epochs zero"), 2);
    EXPECT_EQ(exit_code("--nonsense 1"), 2);
    EXPECT_EQ(exit_code("--data"), 2);
    EXPECT_EQ(exit_code("--device cuda:7"), 1);
    EXPECT_EQ(exit_code("--data /nonexistent"), 1);
    fails("cnn_fashion --epochs zero", 2, "cnn_fashion: --epochs is 'zero', must be a whole number from 1 to 1000000");
    fails("cnn_fashion --data", 2, "cnn_fashion: --data needs a value");
    EXPECT_NE(output_of("cnn_fashion --help").find("  --epochs N                passes over the images (3)\n"),
              std::string::npos);
}

TEST_F(OneThread, inside_finds_the_place_that_counts) {
    if (!exists("/usr/share/datasets/fashion-mnist"))
        GTEST_SKIP() << "no Fashion-MNIST: the package dataset-fashion-mnist has it";
    const std::string text = output_of("inside --device cpu");
    EXPECT_GT(number_after(text, "test accuracy: "), 0.79) << text;
    EXPECT_NE(text.find("image 0: class 9"), std::string::npos) << "an ankle boot\n" << text;
    EXPECT_LT(number_after(text, "lowest probability: "), 0.5) << text;
}

TEST_F(OneThread, transfer_beats_training_from_scratch) {
    if (!exists("/usr/share/datasets/fashion-mnist"))
        GTEST_SKIP() << "no Fashion-MNIST: the package dataset-fashion-mnist has it";
    const std::string text = output_of("transfer --device cpu");
    const double scratch   = number_after(text, "from scratch: ");
    EXPECT_GT(number_after(text, "images: accuracy "), 0.85) << text;
    EXPECT_GT(number_after(text, "convolutions trained on: "), scratch) << text;
    EXPECT_GT(number_after(text, "convolutions frozen: "), scratch) << text;
}

TEST_F(OneThread, add_digits_adds) {
    const std::string text = output_of("add_digits --device cpu --test 500");
    EXPECT_GT(number_after(text, "\naccuracy of digits: "), 0.95) << text;
    EXPECT_LT(number_after(text.substr(0, text.rfind("\naccuracy of sums")), ", of the answer 999: "), 0.25) << text;
}

TEST_F(OneThread, char_language_model_beats_trigrams) {
    if (!exists("/usr/share/games/fortunes/art")) GTEST_SKIP() << "no fortunes: the package fortunes has them";
    for (const std::string cell : {"lstm", "gru"}) {
        const std::string text =
            output_of("char_language_model --device cpu --epochs 1 --hidden 64 --sample 100 --cell " + cell);
        const double bits = number_after(text, "\n" + cell + ": ");
        EXPECT_LT(bits, number_after(text, "\ntrigrams: ")) << text;
        EXPECT_GT(bits, 1) << text;
    }
}

TEST_F(OneThread, forecast_beats_what_needs_no_learning) {
    if (!exists("/usr/lib/python3/dist-packages/astropy/utils/iers/data/eopc04_IAU2000.62-now"))
        GTEST_SKIP() << "no series: the package python3-astropy has it";
    for (const std::string network : {"lstm", "conv1d"}) {
        const std::string text = output_of("forecast --device cpu --network " + network);
        const double error     = number_after(text, "\n" + network + ": ");
        EXPECT_GT(error, 0) << text;
        for (const char *baseline : {"\nlast value: ", "\nmoving average: ", "\nmonth before: "})
            EXPECT_LT(error, number_after(text, baseline)) << text;
    }
}

TEST_F(OneThread, word_tags_beats_the_commonest_tag_and_endings) {
    if (!exists("/usr/share/wordnet/index.noun")) GTEST_SKIP() << "no words: the package wordnet-base has them";
    for (const std::string network : {"lstm", "gru", "conv1d"}) {
        const std::string text = output_of("word_tags --device cpu --epochs 2 --network " + network);
        for (const char *baseline : {"\nalways noun: ", "\nlast three letters: "})
            EXPECT_GT(number_after(text, "\n" + network + " "), number_after(text, baseline)) << text;
    }
}

// A folder with 2000 synthetic images for training, and 400 for testing.
class ResNet : public testing::Test {
   protected:
    ResNet() {
        std::string name = (std::filesystem::temp_directory_path() / "glia-cifar-XXXXXX").string();
        folder           = std::filesystem::path(mkdtemp(name.data())) / "set";
        written          = output_of("resnet_cifar --count 2000 --make-synthetic " + folder.string());
    }
    ~ResNet() override { std::filesystem::remove_all(folder.parent_path()); }

    std::string bytes_of(const std::string &name) const {
        std::ifstream file(folder / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::filesystem::path folder;
    std::string written;
};

TEST_F(ResNet, has_the_weights_of_the_published_network) {
    const std::string text = output_of("resnet_cifar --device cpu --epochs 0");
    EXPECT_NE(text.find(" 11,173,962 of them trained"), std::string::npos) << text;
    int convolutions = 0;
    for (size_t at = 0; (at = text.find(" conv2d ", at)) != std::string::npos; ++at) ++convolutions;
    EXPECT_EQ(convolutions, 17 + 3) << "the dense layer is the 18th, shortcuts do not count\n" << text;
    EXPECT_NE(text.find("[512,4,4]"), std::string::npos) << text;
}

TEST_F(ResNet, learns_synthetic_images_from_files_and_from_memory) {
    const std::string narrow = "resnet_cifar --device cpu --width 8 --epochs 3 --batch 25 --rate 0.05 ";
    const std::string files  = output_of(narrow + "--data " + folder.string());
    EXPECT_GE(number_after(files, "\ntest accuracy: "), 0.9) << files;
    EXPECT_NE(files.find("SYNTHETIC images"), std::string::npos) << files;
    const std::string memory = output_of(narrow + "--synthetic 2000");
    EXPECT_EQ(number_after(memory, "\ntest accuracy: "), number_after(files, "\ntest accuracy: "))
        << "the images are the same";
    EXPECT_NE(memory.find("SYNTHETIC images"), std::string::npos) << memory;
}

TEST_F(ResNet, synthetic_files_follow_from_the_seed) {
    EXPECT_NE(written.find("2000 SYNTHETIC training images and 400 for testing"), std::string::npos) << written;
    EXPECT_NE(bytes_of("SYNTHETIC.txt").find("nothing about CIFAR-10"), std::string::npos);
    const std::string test = bytes_of("test_batch.bin");
    ASSERT_EQ(test.size(), 400u * 3073);
    EXPECT_EQ(bytes_of("data_batch_5.bin").size(), 400u * 3073);
    uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a: the bytes are the same on every machine
    for (char byte : test) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
    EXPECT_EQ(hash, 0xbb348afac4524930u) << std::hex << hash;
    folder = folder.parent_path() / "other";
    output_of("resnet_cifar --count 2000 --seed 1 --make-synthetic " + folder.string());
    EXPECT_NE(bytes_of("test_batch.bin"), test);
}

TEST_F(ResNet, never_overwrites_images) {
    const std::string before = bytes_of("data_batch_1.bin");
    std::filesystem::remove(folder / "SYNTHETIC.txt");
    fails("resnet_cifar --seed 1 --make-synthetic " + folder.string(), 1,
          (folder / "data_batch_1.bin").string() + ": File exists");
    EXPECT_EQ(bytes_of("data_batch_1.bin"), before);
    fails("resnet_cifar --make-synthetic " + (folder / "no/such").string(), 1, "No such file or directory");
}

TEST_F(ResNet, names_a_file_that_is_missing_or_cut) {
    const std::string command = "resnet_cifar --device cpu --width 1 --data " + folder.string(),
                      third   = (folder / "data_batch_3.bin").string();
    std::filesystem::resize_file(third, 400 * 3073 - 1);
    fails(command, 1, third + ": has 1229199 bytes, which are 399 records of CIFAR-10, of 3073 each, and 3072 more");
    std::filesystem::remove(third);
    fails(command, 1, folder.string() + ": has no data_batch_3.bin");
    fails("resnet_cifar --data /nonexistent", 1, "/nonexistent: No such file or directory");
}

TEST(Examples, resnet_cifar_refuses_wrong_options) {
    for (const char *options : {"--epochs -1", "--epochs x", "--batch 0", "--width 0", "--width 2000", "--rate 0",
                                "--rate nan", "--synthetic 4", "--count 1e9", "--data", "--data /tmp --synthetic 10"})
        fails("resnet_cifar " + std::string(options), 2, "resnet_cifar: --");
    fails("resnet_cifar --nonsense 1", 2, "resnet_cifar: there is no option --nonsense");
    fails("resnet_cifar --device cuda:7 --epochs 0", 1, "cuda:7");
    EXPECT_NE(output_of("resnet_cifar --help").find("say nothing about CIFAR-10"), std::string::npos);
}

}  // namespace
