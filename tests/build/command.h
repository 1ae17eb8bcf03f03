// The command `glia`, run with arguments.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace glia {

struct Output {
    int exit_code = -1;
    std::string text;
    bool says(const std::string &part) const { return text.find(part) != std::string::npos; }
};

inline Output run(const std::string &arguments) {
    Output result;
    std::string command(GLIA_BINARIES);
    command.append("/glia ").append(arguments).append(" 2>&1");
    FILE *pipe = popen(command.c_str(), "r");
    char part[512];
    while (pipe && fgets(part, sizeof part, pipe)) result.text += part;
    const int status = pipe ? pclose(pipe) : -1;
    if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
    return result;
}

}  // namespace glia
