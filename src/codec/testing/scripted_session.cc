// SPDX-License-Identifier: LGPL-2.1-or-later
// Recording of calls and the events that tests ask for.
#include "codec/testing/scripted_session.h"

#include <algorithm>
#include <cerrno>

namespace softvpu::codec {
namespace {

class ScriptedSession final : public Session {
 public:
  explicit ScriptedSession(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  ~ScriptedSession() override { script_->open = false; }

  Status map_buffer(Direction side, BufferHandle buffer, std::span<const PlaneMemory> planes) override {
    ++script_->mapped;
    return said(std::string("map ") + name(side) + " " + std::to_string(buffer.index) + " " + std::to_string(planes.size()));
  }
  Status unmap_buffer(Direction side, BufferHandle buffer) override {
    --script_->mapped;
    return said(std::string("unmap ") + name(side) + " " + std::to_string(buffer.index));
  }
  Status set_frame_layout(const FrameLayout& layout) override {
    script_->layout = layout;
    return said("layout " + std::to_string(layout.size.width) + "x" + std::to_string(layout.size.height));
  }
  Status set_control(uint32_t id, int64_t value) override {
    script_->controls.emplace_back(id, value);
    return said("control " + std::to_string(id) + " " + std::to_string(value));
  }
  Status set_frame_interval(FrameInterval interval) override {
    return said("interval " + std::to_string(interval.numerator) + "/" + std::to_string(interval.denominator));
  }
  Status start() override {
    script_->started = true;
    return said("start");
  }
  Status queue_input(const InputChunk& chunk) override {
    if (script_->answer == 0) script_->inputs.push_back({chunk.buffer, chunk.cookie, chunk.tag, chunk});
    return said("queue_input " + std::to_string(chunk.buffer.index) + " " + std::to_string(chunk.plane[0].bytes));
  }
  Status queue_output(BufferHandle buffer, Cookie cookie) override {
    if (script_->answer == 0) script_->outputs.push_back({buffer, cookie});
    return said("queue_output " + std::to_string(buffer.index));
  }
  Status resume() override { return said("resume"); }
  Status drain() override { return said("drain"); }
  Status return_output() override {
    ++script_->returns_asked;
    return said("return_output");
  }
  Status flush(Direction side, uint32_t generation) override {
    auto& from = side == Direction::kInput ? script_->inputs : script_->outputs;
    auto& to = side == Direction::kInput ? script_->cancelled_inputs : script_->cancelled_outputs;
    to.insert(to.end(), from.begin(), from.end());
    from.clear();
    script_->flushes.emplace_back(side, generation);
    return said(std::string("flush ") + name(side));
  }
  void give_up(const std::string& reason) override {
    script_->calls.emplace_back("give_up");
    script_->given_up = reason;
  }

 private:
  static const char* name(Direction side) { return side == Direction::kInput ? "input" : "output"; }
  Status said(std::string call) {
    script_->calls.push_back(std::move(call));
    if (script_->answer != 0) return softvpu::fail(script_->answer, "scripted");
    return {};
  }
  const std::shared_ptr<Script> script_;
};

Script::Queued take_first(std::deque<Script::Queued>* queue) {
  if (queue->empty()) return {};
  const Script::Queued first = queue->front();
  queue->pop_front();
  return first;
}

}  // namespace

size_t Script::count(const std::string& call) const { return static_cast<size_t>(std::count(calls.begin(), calls.end(), call)); }

void Script::finish_input(DoneStatus status) {
  const Queued input = take_first(&inputs);
  if (const auto to = events.lock()) to->input_done(input.cookie, status);
}

void Script::deliver(uint64_t tag, FrameType type, DoneStatus status) {
  const Queued output = take_first(&outputs);
  OutputDone done{.cookie = output.cookie, .status = status, .tag = Tag{tag}, .has_tag = tag != 0, .type = type};
  if (layout)
    for (uint32_t i = 0; i < layout->memory_planes; ++i) done.bytes_used[i] = layout->plane_size[i];
  if (const auto to = events.lock()) to->output_done(done);
}

void Script::deliver_coded(Tag tag, uint32_t bytes, FrameType type, DoneStatus status) {
  const Queued output = take_first(&outputs);
  const OutputDone done{
      .cookie = output.cookie, .status = status, .tag = tag, .has_tag = true, .type = type, .bytes_used = {bytes}};
  if (const auto to = events.lock()) to->output_done(done);
}

void Script::announce(const StreamFormat& format, bool initial) {
  if (const auto to = events.lock()) to->format_changed(format, initial);
}

void Script::say_drained(DoneStatus status) {
  if (const auto to = events.lock()) to->drained(status);
}

void Script::settle() {
  const auto to = events.lock();
  const auto answered = std::move(flushes);
  flushes.clear();
  for (const auto& [side, generation] : answered) {
    auto& cancelled = side == Direction::kInput ? cancelled_inputs : cancelled_outputs;
    while (!cancelled.empty()) {
      const Queued buffer = take_first(&cancelled);
      if (to && side == Direction::kInput) to->input_done(buffer.cookie, DoneStatus::kCancelled);
      if (to && side == Direction::kOutput) to->output_done({.cookie = buffer.cookie, .status = DoneStatus::kCancelled});
    }
    if (to) to->flushed(side, generation);
  }
  for (; returns_asked > 0; --returns_asked) {
    if (outputs.empty()) continue;
    const Queued buffer = take_first(&outputs);
    if (to) to->output_done({.cookie = buffer.cookie, .status = DoneStatus::kCancelled});
  }
}

void Script::fail(int error, const std::string& reason) {
  answer = EIO;
  const auto to = events.lock();
  if (!to) return;
  while (!inputs.empty()) finish_input(DoneStatus::kCancelled);
  while (!outputs.empty()) to->output_done({.cookie = take_first(&outputs).cookie, .status = DoneStatus::kCancelled});
  to->failed(Error{error, reason});
}

StreamFormat plain_stream(Size visible, uint32_t min_output_buffers) {
  StreamFormat format;
  format.coded = {align_up(visible.width, 16), align_up(visible.height, 16)};
  format.visible = {0, 0, visible.width, visible.height};
  format.min_output_buffers = min_output_buffers;
  format.native = kYuv420;
  return format;
}

Capabilities scripted_capabilities() {
  constexpr uint32_t kH264ProfileId = 0x00990900 + 363;  // V4L2_CID_MPEG_VIDEO_H264_PROFILE
  CodecInfo h264;
  h264.coded = kH264;
  h264.flags = kContinuousByteStream | kDynamicResolution;
  h264.sizes = {{16, 16}, {4096, 4096}, {1, 1}};
  h264.raw = {kYuv420, kNv12};
  h264.controls = {menu_control(kH264ProfileId, 0x17, 4)};  // Baseline, Constrained Baseline, Main, High
  CodecInfo vp8 = h264;
  vp8.coded = kVp8;
  vp8.flags = kDynamicResolution;
  vp8.controls.clear();
  return {.name = "scripted", .version = 1, .codecs = {h264, vp8}};
}

Result<Capabilities> ScriptedDriver::capabilities() {
  if (capabilities_.codecs.empty()) return fail(EIO, "scripted: no codecs");
  return capabilities_;
}

Result<std::unique_ptr<Session>> ScriptedDriver::open_session(const SessionConfig& config, std::weak_ptr<SessionEvents> events) {
  if (refusal_ != 0) return fail(refusal_, "scripted: refused");
  if (capabilities_.find(config.role, config.coded) == nullptr) return fail(EINVAL, "scripted: no such codec");
  auto script = std::make_shared<Script>();
  script->config = config;
  script->events = std::move(events);
  scripts_.push_back(script);
  return std::unique_ptr<Session>(std::make_unique<ScriptedSession>(std::move(script)));
}

}  // namespace softvpu::codec
