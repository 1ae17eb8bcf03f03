/* The command `glia`. */
#include <glia/glia.h>
#include <stdio.h>
#include <string.h>

#include "convert.h"
#include "doctor.h"
#include "export.h"
#include "inspect.h"
#include "run_network.h"

static const char help[] =
    "usage: glia doctor               what this machine's devices are, what is missing, and whether they compute "
    "right\n"
    "       glia doctor --providers   which implementations each op has, and which tensors they take\n"
    "       glia inspect FILE         what is in a model's file, a checkpoint, any other file of safetensors, or a\n"
    "                                 network of ONNX\n"
    "       glia run FILE.onnx --input NAME=FILE.npy ... [--output-dir DIR] [--device D] [--max-constants BYTES]\n"
    "                                 computes a network of ONNX on arrays, .npy or ONNX's .pb, and writes NAME.npy\n"
    "       glia convert FROM TO [--weights FILE] [--weights-only] [--opset N] [--force]\n"
    "                                 reads a network of ONNX or a model's file, and writes the other one: TO ends "
    "with\n"
    "                                 .onnx or .safetensors. --weights gives it the weights of another file of\n"
    "                                 safetensors, --weights-only writes these alone, --opset 17 to 28 is of ONNX,\n"
    "                                 --force replaces a file\n"
    "       glia export MODEL --c FILE.c [--prefix NAME] [--streaming [--time-axis first|last]]\n"
    "                                 writes what predicts in a saved model as one file of C99; streaming, step by\n"
    "                                 step\n"
    "       glia version              also --version\n"
    "       glia help                 also --help\n"
    "\n"
    "glia doctor ends with 0 if every device that is there passes its self-test, with 1 if one does not.\n"
    "glia inspect ends with 1 if the file is broken.\n";

static bool is(const char *word, const char *command) {
    return strcmp(word, command) == 0 || (strncmp(word, "--", 2) == 0 && strcmp(word + 2, command) == 0);
}

static int run_doctor(int argc, char **argv) {
    if (argc == 0) return doctor();
    if (argc == 1 && strcmp(argv[0], "--providers") == 0) return doctor_providers();
    const bool requested = argc == 1 && strcmp(argv[0], "--help") == 0;
    if (!requested) fprintf(stderr, "glia: doctor takes --providers or nothing, not '%s'\n", argv[argc == 1 ? 0 : 1]);
    fputs(help, requested ? stdout : stderr);
    return requested ? 0 : 2;
}

static int run_inspect(int argc, char **argv) {
    const bool requested = argc == 1 && strcmp(argv[0], "--help") == 0;
    if (argc == 1 && !requested) return inspect(argv[0]);
    if (!requested) fprintf(stderr, "glia: inspect takes one file, not %d\n", argc);
    fputs(help, requested ? stdout : stderr);
    return requested ? 0 : 2;
}

/* Those that read their arguments themselves, and end with 2 where these are wrong. */
static const struct command {
    const char *name, *takes;
    int (*run)(int argc, char **argv);
} commands[] = {{"run", "a file of ONNX", run_network},
                {"convert", "a file to read and one to write", convert},
                {"export", "a model's file", export_model}};

static int run_command(const struct command *c, int argc, char **argv) {
    const bool requested = argc == 1 && strcmp(argv[0], "--help") == 0;
    if (argc > 0 && !requested) {
        const int code = c->run(argc, argv);
        if (code != 2) return code;
    } else if (!requested) {
        fprintf(stderr, "glia: %s takes %s\n", c->name, c->takes);
    }
    fputs(help, requested ? stdout : stderr);
    return requested ? 0 : 2;
}

static int run(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "doctor") == 0) return run_doctor(argc - 2, argv + 2);
    if (argc >= 2 && strcmp(argv[1], "inspect") == 0) return run_inspect(argc - 2, argv + 2);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; ++i)
        if (argc >= 2 && strcmp(argv[1], commands[i].name) == 0) return run_command(&commands[i], argc - 2, argv + 2);
    if (argc == 2 && is(argv[1], "version")) return printf("glia %s\n", glia_version()), 0;
    if (argc == 2 && is(argv[1], "help")) return fputs(help, stdout), 0;
    if (argc == 2) fprintf(stderr, "glia: there is no command '%s'\n", argv[1]);
    if (argc > 2) fprintf(stderr, "glia: '%s' stands behind '%s', a command stands alone\n", argv[2], argv[1]);
    fputs(help, stderr);
    return 2;
}

int main(int argc, char **argv) {
    const int code = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    perror("glia: writing to standard output");
    return 1;
}
