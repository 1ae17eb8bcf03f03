#include "emulator/settings.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <numeric>

#include "emulator/emulator.h"
#include "emulator/gpu_error.h"

namespace emulator {

namespace {

Settings current;
uint64_t random_state;

bool read_number(const std::string &text, uint64_t *number) {
    if (text.empty() || !isdigit(static_cast<unsigned char>(text[0]))) return false;
    char *end;
    errno   = 0;
    *number = strtoull(text.c_str(), &end, 10);
    return *end == '\0' && errno == 0;
}

bool read_setting(const std::string &key, const std::string &value, Settings *out) {
    uint64_t number;
    if (key == "schedule" && value == "inorder")
        out->schedule = Schedule::IN_ORDER;
    else if (key == "schedule" && value == "reverse")
        out->schedule = Schedule::REVERSE;
    else if (key == "schedule" && value == "shuffled")
        out->schedule = Schedule::SHUFFLED;
    else if (key == "copies" && value == "early")
        out->late = false;
    else if (key == "copies" && value == "late")
        out->late = true;
    else if (key == "seed" && read_number(value, &number))
        out->seed = number;
    else if (key == "memory" && read_number(value, &number))
        out->memory = number;
    else if (key == "shared" && read_number(value, &number))
        out->shared = number;
    else if (key == "cluster" && read_number(value, &number) && number >= 1 && number <= CLUSTER_BLOCKS)
        out->cluster = number;
    else
        return false;
    return true;
}

}  // namespace

const Settings &settings() { return current; }

cudaError_t read_settings() {
    const char *environment = getenv("GLIA_EMULATOR");
    std::string text        = environment != nullptr ? environment : "";
    Settings read;
    for (size_t start = 0; start < text.size();) {
        size_t end        = std::min(text.find(',', start), text.size());
        std::string word  = text.substr(start, end - start);
        size_t equals     = std::min(word.find('='), word.size());
        std::string value = equals < word.size() ? word.substr(equals + 1) : "";
        if (!read_setting(word.substr(0, equals), value, &read))
            return refuse(
                cudaErrorInvalidValue,
                "GLIA_EMULATOR holds '%s'; it knows schedule=inorder|reverse|shuffled, seed=NUMBER, "
                "copies=early|late, memory=BYTES, shared=BYTES, cluster=BLOCKS (1 to %u), with commas between them",
                word.c_str(), CLUSTER_BLOCKS);
        start = end + 1;
    }
    current      = read;
    random_state = read.seed;
    return cudaSuccess;
}

// SplitMix64; the bias of the remainder does not matter here.
uint64_t random_below(uint64_t bound) {
    uint64_t x = random_state += 0x9E3779B97F4A7C15u;
    x          = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x          = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return (x ^ (x >> 31)) % bound;
}

void schedule_order(std::vector<uint32_t> &order, size_t count) {
    order.resize(count);
    std::iota(order.begin(), order.end(), 0u);
    if (current.schedule == Schedule::REVERSE) std::reverse(order.begin(), order.end());
    if (current.schedule != Schedule::SHUFFLED) return;
    for (size_t i = count; i > 1; i--) std::swap(order[i - 1], order[random_below(i)]);
}

}  // namespace emulator

const char *gli_emulator_bad_settings(void) {
    std::lock_guard<std::recursive_mutex> lock(emulator::gpu_lock());
    return emulator::read_settings() == cudaSuccess ? nullptr : gli_emulator_message();
}
