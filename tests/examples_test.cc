// The examples end where their published numbers are.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string output_of(const std::string& command) {
    std::string text;
    FILE*       pipe = popen((std::string(GLIA_BINARIES) + "/" + command).c_str(), "r");
    char        part[512];
    while (pipe && fgets(part, sizeof part, pipe)) text += part;
    EXPECT_EQ(pipe ? pclose(pipe) : -1, 0) << command << "\n" << text;
    return text;
}

// The number after the last occurrence of a text.
double number_after(const std::string& text, const std::string& what) {
    const size_t at = text.rfind(what);
    EXPECT_NE(at, std::string::npos) << what << " is missing in\n" << text;
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + what.size(), nullptr);
}

bool exists(const std::string& path) {
    struct stat info;
    return stat(path.c_str(), &info) == 0;
}

TEST(Examples, neuron_ends_at_the_published_weights) {
    const std::string text = output_of("neuron");
    double            w[3];
    ASSERT_EQ(sscanf(text.c_str(), "weights: %lf %lf %lf", &w[0], &w[1], &w[2]), 3) << text;
    EXPECT_NEAR(w[0], -4.21652261, 1e-5);
    EXPECT_NEAR(w[1], 12.79677774, 1e-5);
    EXPECT_NEAR(w[2], -4.21664048, 1e-5);
    EXPECT_NEAR(number_after(text, "1 0 0 -> "), 0.01453545, 1e-5);
    EXPECT_NEAR(number_after(text, "0 1 1 -> "), 0.99981224, 1e-5);
}

TEST(Examples, xor_is_learnt) {
    const double error = number_after(output_of("xor"), "mean squared error: ");
    EXPECT_GE(error, 0);
    EXPECT_LT(error, 0.005);
}

TEST(Examples, mnist_dense_reaches_97_percent) {
    const char*       named  = std::getenv("GLIA_MNIST_DIR");
    const std::string folder = named ? named : "";
    if (!exists(folder + "/train-images-idx3-ubyte.gz")) GTEST_SKIP() << "GLIA_MNIST_DIR names no folder with MNIST";
    EXPECT_GE(number_after(output_of("mnist_dense " + folder), "test accuracy: "), 0.97);
}

TEST(Examples, cnn_fashion_reaches_89_percent_in_three_epochs) {
    if (!exists("/usr/share/datasets/fashion-mnist")) GTEST_SKIP() << "no Fashion-MNIST: the package dataset-fashion-mnist has it";
    const std::string text = output_of("cnn_fashion --epochs 3");
    EXPECT_GE(number_after(text, "\ntest accuracy: "), 0.89) << text;
    int lines = 0;
    for (size_t at = 0; (at = text.find("\nepoch ", at)) != std::string::npos; ++at) ++lines;
    EXPECT_EQ(lines, 3) << "a line an epoch\n" << text;
    EXPECT_EQ(text.size() - text.rfind("\ntest accuracy: 0."), sizeof "\ntest accuracy: 0.8912\n" - 1) << text;
}

TEST(Examples, wrong_options_are_refused) {
    const auto exit_code = [](const std::string& args) {
        return WEXITSTATUS(std::system((std::string(GLIA_BINARIES) + "/cnn_fashion " + args + " >/dev/null 2>&1").c_str()));
    };
    EXPECT_EQ(exit_code("--epochs zero"), 2);
    EXPECT_EQ(exit_code("--nonsense 1"), 2);
    EXPECT_EQ(exit_code("--data"), 2);
    EXPECT_EQ(exit_code("--device cuda:7"), 1);
    EXPECT_EQ(exit_code("--data /nonexistent"), 1);
}

}  // namespace
