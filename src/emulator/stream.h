// Streams, events and captured graphs. Work is run at once, or as late as CUDA allows: when the host waits for it, or
// other work that must.
#ifndef GLI_EMULATOR_STREAM_H
#define GLI_EMULATOR_STREAM_H

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "emulator/cuda_runtime_api.h"

namespace emulator {

struct Capture;

// One recording of an event: a point in a stream, or in a capture.
struct Marker {
    CUstream_st *stream = nullptr;
    uint64_t sequence   = 0;
    bool complete       = false;
    std::chrono::steady_clock::time_point time;
    std::shared_ptr<Capture> capture;  // when it was recorded in one
    std::set<size_t> nodes;            // of the capture's graph, after which it comes
};

struct Work {
    uint64_t sequence;          // in the order of enqueuing, over all streams
    std::function<void()> run;  // may be empty
    std::shared_ptr<Marker> await, signal;
};

struct Node {
    std::function<void()> run;
    std::set<size_t> after;
};

// A capture in progress. It belongs to the stream it began in; others join it by waiting for its events.
struct Capture {
    cudaStreamCaptureMode mode;
    std::thread::id thread;
    CUstream_st *origin;
    bool invalid = false;
    std::vector<Node> nodes;
};

CUstream_st *find_stream(cudaStream_t handle);
cudaError_t enqueue_work(cudaStream_t stream, std::function<void()> run);
bool is_capturing(cudaStream_t stream);

// Run what is pending in one stream, or in all. The result is the error that lost the GPU meanwhile, if any.
cudaError_t run_stream(cudaStream_t stream);
cudaError_t run_all_work();
void run_marker(const Marker &marker);
bool run_one(CUstream_st &stream);

// Calls that may synchronise are not allowed while a capture is on, as its mode says. They invalidate it.
cudaError_t check_unsafe_call(const char *name);

cudaError_t begin_capture(CUstream_st &stream, cudaStreamCaptureMode mode);
cudaError_t capture_work(CUstream_st &stream, std::function<void()> run);
cudaError_t capture_wait(CUstream_st &stream, const Marker &marker);
cudaError_t enqueue(CUstream_st &stream, Work work);

void drop_queues();

}  // namespace emulator

struct CUstream_st {
    bool blocking = true;  // waits for the legacy stream, and that for it
    std::deque<emulator::Work> queue;
    std::shared_ptr<emulator::Capture> capture;
    std::set<size_t> nodes;  // of the capture, after which the next one comes
};

namespace emulator {

// Calls f on every stream; the legacy stream is the first.
std::vector<CUstream_st *> all_streams();

}  // namespace emulator
#endif
