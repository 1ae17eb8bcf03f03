#include <algorithm>

#include "emulator/gpu_error.h"
#include "emulator/settings.h"
#include "emulator/stream.h"

struct CUgraph_st {
    std::vector<emulator::Node> nodes;
};

struct CUgraphExec_st {
    std::shared_ptr<const std::vector<emulator::Node>> nodes;
};

namespace emulator {

namespace {

std::vector<std::unique_ptr<CUgraph_st>> graphs;
std::vector<std::unique_ptr<CUgraphExec_st>> executables;

template <typename Objects, typename Handle>
auto find(Objects &objects, Handle handle) {
    return std::find_if(objects.begin(), objects.end(), [=](auto &object) { return object.get() == handle; });
}

template <typename Objects, typename Handle>
cudaError_t destroy(Objects &objects, Handle handle) {
    std::lock_guard<std::recursive_mutex> lock(gpu_lock());
    auto position = find(objects, handle);
    bool known    = position != objects.end();
    if (known) objects.erase(position);
    return api_call(
        [=] { return known ? cudaSuccess : refuse(cudaErrorInvalidResourceHandle, "%p is no graph", (void *)handle); });
}

void invalidate(Capture &capture) { capture.invalid = true; }

// All work must lead to the stream in which the capture began.
bool is_joined(const Capture &capture) {
    std::set<size_t> leaves;
    for (size_t i = 0; i < capture.nodes.size(); i++) leaves.insert(i);
    for (const Node &node : capture.nodes)
        for (size_t earlier : node.after) leaves.erase(earlier);
    const std::set<size_t> &end = capture.origin->nodes;
    return std::includes(end.begin(), end.end(), leaves.begin(), leaves.end());
}

void leave_capture(const Capture &capture) {
    for (CUstream_st *stream : all_streams()) {
        if (stream->capture.get() != &capture) continue;
        stream->nodes.clear();
        stream->capture.reset();
    }
}

cudaError_t end_capture(CUstream_st &stream, cudaGraph_t *graph) {
    *graph                           = nullptr;
    std::shared_ptr<Capture> capture = stream.capture;
    if (capture == nullptr) return refuse(cudaErrorIllegalState, "the end of a capture that has not begun");
    if (capture->origin != &stream)
        return invalidate(*capture),
               refuse(cudaErrorStreamCaptureUnmatched, "a capture ends in the stream it began in");
    if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id())
        return refuse(cudaErrorStreamCaptureWrongThread, "a capture ends in the thread it began in");
    bool joined = is_joined(*capture);
    leave_capture(*capture);
    if (capture->invalid)
        return refuse(cudaErrorStreamCaptureInvalidated, "the capture was invalidated by an earlier call");
    if (!joined) return refuse(cudaErrorStreamCaptureUnjoined, "the capture has work in a stream that was not joined");
    graphs.push_back(std::make_unique<CUgraph_st>());
    graphs.back()->nodes = std::move(capture->nodes);
    *graph               = graphs.back().get();
    return cudaSuccess;
}

// The nodes in the order of capture, or in a random one that respects the dependencies.
void run_nodes(const std::vector<Node> &nodes) {
    std::vector<bool> done(nodes.size());
    for (size_t left = nodes.size(); left > 0; left--) {
        std::vector<size_t> ready;
        for (size_t i = 0; i < nodes.size(); i++) {
            auto is_done = [&](size_t earlier) { return done[earlier]; };
            if (!done[i] && std::all_of(nodes[i].after.begin(), nodes[i].after.end(), is_done)) ready.push_back(i);
            if (!ready.empty() && settings().schedule != Schedule::SHUFFLED) break;
        }
        size_t next = ready[ready.size() > 1 ? random_below(ready.size()) : 0];
        if (lost_error() != cudaSuccess) return;
        nodes[next].run();
        done[next] = true;
    }
}

bool prohibits_unsafe_calls(const Capture &capture) {
    bool same_thread = capture.thread == std::this_thread::get_id();
    return capture.mode == cudaStreamCaptureModeGlobal ||
           (capture.mode == cudaStreamCaptureModeThreadLocal && same_thread);
}

}  // namespace

cudaError_t check_unsafe_call(const char *name) {
    for (CUstream_st *stream : all_streams()) {
        if (stream->capture == nullptr || !prohibits_unsafe_calls(*stream->capture)) continue;
        invalidate(*stream->capture);
        return refuse(cudaErrorStreamCaptureUnsupported, "%s while a stream is being captured", name);
    }
    return cudaSuccess;
}

cudaError_t begin_capture(CUstream_st &stream, cudaStreamCaptureMode mode) {
    if (&stream == all_streams().front())
        return refuse(cudaErrorStreamCaptureUnsupported, "the legacy stream cannot be captured");
    if (stream.capture != nullptr) return refuse(cudaErrorIllegalState, "the stream is being captured already");
    stream.capture         = std::make_shared<Capture>();
    stream.capture->mode   = mode;
    stream.capture->thread = std::this_thread::get_id();
    stream.capture->origin = &stream;
    return cudaSuccess;
}

cudaError_t capture_work(CUstream_st &stream, std::function<void()> run) {
    Capture &capture = *stream.capture;
    if (capture.invalid)
        return refuse(cudaErrorStreamCaptureInvalidated, "the capture was invalidated by an earlier call");
    capture.nodes.push_back({std::move(run), std::move(stream.nodes)});
    stream.nodes = {capture.nodes.size() - 1};
    return cudaSuccess;
}

cudaError_t capture_wait(CUstream_st &stream, const Marker &marker) {
    if (marker.capture == nullptr) {
        invalidate(*stream.capture);
        return refuse(cudaErrorStreamCaptureIsolation, "a captured stream waits for an event from outside the capture");
    }
    if (stream.capture != nullptr && stream.capture != marker.capture) {
        invalidate(*stream.capture);
        invalidate(*marker.capture);
        return refuse(cudaErrorStreamCaptureMerge, "a captured stream waits for an event of another capture");
    }
    if (marker.capture->invalid)
        return refuse(cudaErrorStreamCaptureInvalidated, "the capture was invalidated by an earlier call");
    stream.capture = marker.capture;
    stream.nodes.insert(marker.nodes.begin(), marker.nodes.end());
    return cudaSuccess;
}

}  // namespace emulator

using namespace emulator;

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
    return api_call([=] {
        CUstream_st *stream = find_stream(handle);
        return stream != nullptr ? begin_capture(*stream, mode) : cudaErrorInvalidResourceHandle;
    });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *graph) {
    return api_call([=] {
        CUstream_st *stream = find_stream(handle);
        return stream != nullptr ? end_capture(*stream, graph) : cudaErrorInvalidResourceHandle;
    });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus *status) {
    return api_call([=] {
        CUstream_st *stream = find_stream(handle);
        if (stream == nullptr) return cudaErrorInvalidResourceHandle;
        *status = stream->capture == nullptr ? cudaStreamCaptureStatusNone
                  : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                             : cudaStreamCaptureStatusActive;
        return cudaSuccess;
    });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    return api_call([=] {
        if (find(graphs, graph) == graphs.end()) return refuse(cudaErrorInvalidValue, "%p is no graph", (void *)graph);
        if (nodes != nullptr) return refuse(cudaErrorNotSupported, "the emulator only counts a graph's nodes");
        *count = graph->nodes.size();
        return cudaSuccess;
    });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long) {
    return api_call([=] {
        if (find(graphs, graph) == graphs.end()) return refuse(cudaErrorInvalidValue, "%p is no graph", (void *)graph);
        executables.push_back(std::make_unique<CUgraphExec_st>());
        executables.back()->nodes = std::make_shared<const std::vector<Node>>(graph->nodes);
        *executable               = executables.back().get();
        return cudaSuccess;
    });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    return api_call([=] {
        if (find(executables, executable) == executables.end())
            return refuse(cudaErrorInvalidValue, "%p is no instantiated graph", (void *)executable);
        return enqueue_work(stream, [nodes = executable->nodes] { run_nodes(*nodes); });
    });
}

// There is nothing to prepare.
cudaError_t cudaGraphUpload(cudaGraphExec_t executable, cudaStream_t stream) {
    return api_call([=] {
        if (find(executables, executable) == executables.end())
            return refuse(cudaErrorInvalidValue, "%p is no instantiated graph", (void *)executable);
        return enqueue_work(stream, [] {});
    });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) { return destroy(executables, executable); }

cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return destroy(graphs, graph); }
