// A warp: its registers, and groups of lanes that stand at different instructions. The group at the lowest one runs,
// and groups that meet become one.
#ifndef GLI_EMULATOR_PTX_WARP_H
#define GLI_EMULATOR_PTX_WARP_H

#include <cstdlib>
#include <memory>

#include "emulator/ptx/ptx_program.h"

namespace emulator::ptx {

class Block;

enum class State { READY, AT_BARRIER, AT_CLUSTER, AWAITING, EXITED, FAILED };

// A copy by cp.async, which arrives when its thread waits for its group.
struct AsyncCopy {
    unsigned lane;
    uint32_t group;
    uint8_t *destination;
    const uint8_t *source;
    unsigned bytes, read_bytes;  // the rest is zero
};

class Warp {
   public:
    void prepare(const Program &program);  // for the blocks of a launch
    void start(Block &block, unsigned number);
    State run();
    void leave_barrier();
    // Of what waits at the cluster's barrier, lets go on what may. False: all still wait.
    bool leave_cluster_barrier();
    void arrive_at_cluster();

    // A lane has done what is an error or undefined on a GPU.
    [[gnu::format(printf, 4, 5)]] void fail(unsigned lane, cudaError_t error, const char *format, ...);

    uint8_t *registers() const { return registers_.get(); }
    const Program &program() const { return *program_; }
    Block &block() const { return *block_; }
    uint8_t *local(unsigned lane) { return local_.data() + size_t{lane} * program_->local_bytes; }
    bool failed() const { return failed_; }
    uint32_t exited() const { return exited_; }
    uint32_t existing() const { return existing_; }

    uint32_t active = 0;  // the lanes that take part in the present instruction
    State state     = State::READY;
    std::vector<AsyncCopy> copies;  // that have not arrived
    uint32_t copy_group[LANES];     // to which a lane's next copy belongs

   private:
    enum class Waits : uint8_t { NO, FOR_LANES, AT_BARRIER, AT_CLUSTER };
    struct Group {
        uint32_t pc, lanes;
        Waits waits;
    };

    bool choose_group();
    State waiting_state();
    void part(const Instruction &instruction);
    void branch(const Instruction &instruction);
    void wait(Waits waits);
    void run_together(const Instruction &instruction);
    bool await(const Instruction &instruction);
    void exit();
    bool cluster_has_come(uint32_t lanes) const;
    void await_cluster();

    const Program *program_ = nullptr;
    Block *block_           = nullptr;
    unsigned number_        = 0;
    std::unique_ptr<uint8_t, decltype(&free)> registers_{nullptr, free};
    std::vector<uint8_t> local_;
    std::vector<Group> groups_;  // besides the one that runs
    uint32_t pc_ = 0, lanes_ = 0;
    uint32_t limit_    = 0;  // the next instruction at which a group stands
    uint32_t existing_ = 0, exited_ = 0;
    uint64_t awaited_ = 0;    // what the last AWAIT saw
    uint32_t arrived_ = 0;    // lanes that have arrived at the cluster's barrier and not yet waited
    unsigned phases_[LANES];  // which ends when all have arrived as these
    bool failed_ = false;
};

}  // namespace emulator::ptx
#endif
