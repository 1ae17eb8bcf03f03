#include <algorithm>

#include "emulator/gpu_error.h"
#include "emulator/stream.h"

struct CUevent_st {
    bool timing;
    std::shared_ptr<emulator::Marker> last;  // null: never recorded
};

namespace emulator {

namespace {

std::vector<std::unique_ptr<CUevent_st>> events;

auto find(cudaEvent_t handle) {
    return std::find_if(events.begin(), events.end(), [=](auto &event) { return event.get() == handle; });
}

cudaError_t check_event(cudaEvent_t handle) {
    if (find(handle) != events.end()) return cudaSuccess;
    return refuse(cudaErrorInvalidResourceHandle, "%p is no event", static_cast<void *>(handle));
}

// An event recorded in a capture has no state that the host could ask for.
cudaError_t check_host_event(cudaEvent_t handle) {
    cudaError_t error = check_event(handle);
    if (error != cudaSuccess || !handle->last || !handle->last->capture) return error;
    handle->last->capture->invalid = true;
    return refuse(cudaErrorCapturedEvent, "an event that was recorded in a capture");
}

cudaError_t record(CUstream_st &stream, CUevent_st &event) {
    event.last = std::make_shared<Marker>();
    if (stream.capture == nullptr) return enqueue(stream, {0, nullptr, nullptr, event.last});
    event.last->capture = stream.capture;
    event.last->nodes   = stream.nodes;
    return cudaSuccess;
}

cudaError_t wait(CUstream_st &stream, const std::shared_ptr<Marker> &marker) {
    if (!marker) return cudaSuccess;
    if (marker->capture != nullptr || stream.capture != nullptr) return capture_wait(stream, *marker);
    return enqueue(stream, {0, nullptr, marker, nullptr});
}

}  // namespace

}  // namespace emulator

using namespace emulator;

cudaError_t cudaEventCreate(cudaEvent_t *event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags) {
    return api_call([=] {
        if (event == nullptr || flags > (cudaEventBlockingSync | cudaEventDisableTiming))
            return refuse(cudaErrorInvalidValue, "an event with flags 0x%x", flags);
        events.push_back(std::make_unique<CUevent_st>());
        events.back()->timing = (flags & cudaEventDisableTiming) == 0;
        *event                = events.back().get();
        return cudaSuccess;
    });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    cudaError_t error = api_call([=] { return check_event(event); });
    if (find(event) != events.end()) events.erase(find(event));
    return error;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
    return api_call([=] {
        cudaError_t error   = check_event(event);
        CUstream_st *stream = find_stream(handle);
        if (error != cudaSuccess || stream == nullptr) return cudaErrorInvalidResourceHandle;
        return record(*stream, *event);
    });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned int) {
    return api_call([=] {
        cudaError_t error   = check_event(event);
        CUstream_st *stream = find_stream(handle);
        if (error != cudaSuccess || stream == nullptr) return cudaErrorInvalidResourceHandle;
        return wait(*stream, event->last);
    });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    return api_call([=] {
        cudaError_t error = check_host_event(event);
        if (error != cudaSuccess || !event->last || event->last->complete) return error;
        run_one(*event->last->stream);
        return lost_error() != cudaSuccess ? lost_error() : cudaErrorNotReady;
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    return api_call([=] {
        cudaError_t error = check_host_event(event);
        if (error != cudaSuccess || !event->last) return error;
        run_marker(*event->last);
        return lost_error();
    });
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
    return api_call([=] {
        cudaError_t error = check_host_event(start);
        if (error == cudaSuccess) error = check_host_event(end);
        if (error != cudaSuccess) return error;
        if (!start->timing || !end->timing || !start->last || !end->last)
            return refuse(cudaErrorInvalidResourceHandle,
                          "the time between events that keep none or were not recorded");
        if (!start->last->complete || !end->last->complete) return cudaErrorNotReady;
        std::chrono::duration<float, std::milli> elapsed = end->last->time - start->last->time;
        *milliseconds                                    = elapsed.count();
        return cudaSuccess;
    });
}
