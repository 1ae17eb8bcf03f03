// From an instruction to its line, by the debug information and addr2line; without either the offset is named.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

#include "emulator/block.h"
#include "emulator/gpu_error.h"
#include "emulator/race/shadow_checks.h"

extern "C" char __ehdr_start[] __attribute__((visibility("hidden")));

namespace emulator {

namespace {

// A Site's file name must outlive it.
const char *kept(const std::string &text) {
    static std::set<std::string> texts;
    return texts.insert(text).first->c_str();
}

// "FILE:LINE" for a return address: the call before it is meant.
std::string ask_addr2line(const char *library, uint32_t source) {
    char answer[1024]   = "";
    std::string command = formatted("addr2line -e '%s' 0x%x 2>/dev/null", library, source - 1);
    FILE *pipe          = popen(command.c_str(), "r");
    if (pipe == nullptr) return "";
    if (fgets(answer, sizeof answer, pipe) == nullptr) answer[0] = '\0';
    pclose(pipe);
    answer[strcspn(answer, " \n")] = '\0';
    return answer;
}

}  // namespace

uint32_t source_of(const void *instruction) {
    return static_cast<uint32_t>(static_cast<const char *>(instruction) - __ehdr_start);
}

Site source_site(uint32_t source) {
    Dl_info library = {};
    if (dladdr(__ehdr_start, &library) == 0 || library.dli_fname == nullptr) return {};
    std::string answer = ask_addr2line(library.dli_fname, source);
    size_t colon       = answer.rfind(':');
    int line           = colon != std::string::npos ? atoi(answer.c_str() + colon + 1) : 0;
    if (line > 0) return {kept(answer.substr(0, colon)), line};
    const char *slash = strrchr(library.dli_fname, '/');
    return {kept(formatted("%s+0x%x", slash != nullptr ? slash + 1 : library.dli_fname, source)), 0};
}

std::string source_text(uint32_t source) {
    Site site = source_site(source);
    return site.file != nullptr ? location(site) : "an unknown location";
}

}  // namespace emulator
