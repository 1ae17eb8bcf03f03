#include "emulator/stream.h"

#include <algorithm>

#include "emulator/gpu_error.h"
#include "emulator/settings.h"

namespace emulator {

namespace {

CUstream_st legacy;
std::vector<std::unique_ptr<CUstream_st>> created;
uint64_t last_sequence;

void run_before(CUstream_st &stream, uint64_t sequence) {
    while (!stream.queue.empty() && stream.queue.front().sequence < sequence) run_one(stream);
}

// The legacy stream's work comes after all that blocking streams were given before it, and theirs after its.
void run_dependencies(const CUstream_st &stream, const Work &work) {
    if (work.await) run_marker(*work.await);
    if (&stream == &legacy) {
        for (auto &other : created)
            if (other->blocking) run_before(*other, work.sequence);
    } else if (stream.blocking) {
        run_before(legacy, work.sequence);
    }
}

// A stream with work: a random one when shuffling, so that independent streams overtake each other.
CUstream_st &next_stream(CUstream_st &requested) {
    if (settings().schedule != Schedule::SHUFFLED) return requested;
    std::vector<CUstream_st *> streams = all_streams();
    CUstream_st *any                   = streams[random_below(streams.size())];
    return any->queue.empty() ? requested : *any;
}

cudaError_t create_stream(cudaStream_t *stream, unsigned int flags) {
    if (stream == nullptr || flags > cudaStreamNonBlocking)
        return refuse(cudaErrorInvalidValue, "a stream with flags 0x%x", flags);
    created.push_back(std::make_unique<CUstream_st>());
    created.back()->blocking = flags != cudaStreamNonBlocking;
    *stream                  = created.back().get();
    return cudaSuccess;
}

}  // namespace

std::vector<CUstream_st *> all_streams() {
    std::vector<CUstream_st *> streams = {&legacy};
    for (auto &stream : created) streams.push_back(stream.get());
    return streams;
}

CUstream_st *find_stream(cudaStream_t handle) {
    for (CUstream_st *stream : all_streams())
        if (stream == (handle != nullptr ? handle : &legacy)) return stream;
    refuse(cudaErrorInvalidResourceHandle, "%p is no stream", static_cast<void *>(handle));
    return nullptr;
}

bool is_capturing(cudaStream_t handle) {
    CUstream_st *stream = find_stream(handle);
    return stream != nullptr && stream->capture != nullptr;
}

// Runs the work at the head of the queue, and before it what it depends on. All of that was enqueued earlier, so that
// this comes to an end.
bool run_one(CUstream_st &stream) {
    if (stream.queue.empty()) return false;
    Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    run_dependencies(stream, work);
    if (lost_error() == cudaSuccess && work.run) work.run();
    if (work.signal) {
        work.signal->complete = true;
        work.signal->time     = std::chrono::steady_clock::now();
    }
    return true;
}

void run_marker(const Marker &marker) {
    if (!marker.complete && marker.stream != nullptr) run_before(*marker.stream, marker.sequence + 1);
}

cudaError_t run_stream(cudaStream_t handle) {
    CUstream_st *stream = find_stream(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    while (!stream->queue.empty()) run_one(next_stream(*stream));
    return lost_error();
}

cudaError_t run_all_work() {
    for (CUstream_st *stream : all_streams()) run_stream(stream);
    return lost_error();
}

cudaError_t enqueue(CUstream_st &stream, Work work) {
    work.sequence = ++last_sequence;
    if (work.signal) {
        work.signal->stream   = &stream;
        work.signal->sequence = work.sequence;
    }
    stream.queue.push_back(std::move(work));
    if (!settings().late) run_stream(&stream);
    return cudaSuccess;
}

cudaError_t enqueue_work(cudaStream_t handle, std::function<void()> run) {
    CUstream_st *stream = find_stream(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (stream->capture != nullptr) return capture_work(*stream, std::move(run));
    for (CUstream_st *other : all_streams()) {
        if (stream != &legacy || other->capture == nullptr || !other->blocking) continue;
        other->capture->invalid = true;
        return refuse(cudaErrorStreamCaptureImplicit, "work for the legacy stream while a blocking stream is captured");
    }
    return enqueue(*stream, {0, std::move(run), nullptr, nullptr});
}

void drop_queues() {
    for (CUstream_st *stream : all_streams()) {
        stream->queue.clear();
        stream->nodes.clear();
        stream->capture.reset();
    }
}

}  // namespace emulator

using namespace emulator;

cudaError_t cudaStreamCreate(cudaStream_t *stream) { return cudaStreamCreateWithFlags(stream, cudaStreamDefault); }

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags) {
    return api_call([=] { return create_stream(stream, flags); });
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    auto position = std::find_if(created.begin(), created.end(), [=](auto &stream) { return stream.get() == handle; });
    if (position == created.end())
        return api_call([=] { return refuse(cudaErrorInvalidResourceHandle, "%p is no stream", (void *)handle); });
    cudaError_t error = api_call([=] { return run_stream(handle); });
    created.erase(position);
    return error;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return api_call([=] {
        if (!is_capturing(stream)) return run_stream(stream);
        find_stream(stream)->capture->invalid = true;
        return refuse(cudaErrorStreamCaptureUnsupported, "cudaStreamSynchronize on a stream that is being captured");
    });
}

cudaError_t cudaDeviceSynchronize(void) {
    return api_call([=] {
        for (CUstream_st *stream : all_streams()) {
            if (stream->capture == nullptr) continue;
            stream->capture->invalid = true;
            return refuse(cudaErrorStreamCaptureUnsupported, "cudaDeviceSynchronize while a stream is being captured");
        }
        return run_all_work();
    });
}

// A host that polls must come to an end: each query runs one work item.
cudaError_t cudaStreamQuery(cudaStream_t handle) {
    return api_call([=] {
        CUstream_st *stream = find_stream(handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        if (stream->capture != nullptr) {
            stream->capture->invalid = true;
            return refuse(cudaErrorStreamCaptureUnsupported, "cudaStreamQuery on a stream that is being captured");
        }
        if (stream->queue.empty()) return cudaSuccess;
        run_one(*stream);
        return lost_error() != cudaSuccess ? lost_error() : cudaErrorNotReady;
    });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *user_data) {
    return api_call([=] { return enqueue_work(stream, [=] { function(user_data); }); });
}
