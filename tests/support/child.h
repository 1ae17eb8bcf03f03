// What is done in a child process.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace glia {

// True if a child process ends this function by itself, with true.
template <class Function>
bool in_a_child(const Function &run) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(run() ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace glia
