// SPDX-License-Identifier: LGPL-2.1-or-later
// The copying encoder. Its thread takes one thing to do under the lock and reports it without.
#include "v4l2/encoder/testing/copy_driver.h"

#include <linux/v4l2-controls.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/shared_memory.h"
#include "core/pixel_formats.h"

namespace softvpu::v4l2 {

using codec::Cookie;
using codec::Direction;
using codec::DoneStatus;

class CopyDriver::Session final {
 public:
  Session(FrameInterval interval, std::weak_ptr<codec::SessionEvents> events)
      : interval_(interval), events_(std::move(events)) {}
  ~Session() { stop(); }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  struct Memory {
    std::vector<std::shared_ptr<Mapping>> plane;
  };
  struct Input {
    codec::InputChunk chunk;
    Memory memory;
    FrameLayout layout;
    int32_t quality = 0;
    FrameInterval interval;
    bool force_key = false;
  };
  struct Output {
    Cookie cookie{};
    Memory memory;
  };

  template <typename Body>
  Status command(Body body) {
    Status status;
    {
      const std::lock_guard lock(mutex_);
      if (failed_) return fail(EIO, "the session failed");
      status = body();
    }
    changed_.notify_one();
    return status;
  }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void die(const std::string& reason) {
    (void)command([&]() -> Status {
      failed_ = failing_ = true;
      reason_ = reason;
      return {};
    });
  }
  void flush(Direction side, uint32_t generation) {
    if (side == Direction::kInput) {
      for (const Input& input : inputs_) cancelled_.emplace_back(side, input.chunk.cookie);
      inputs_.clear();
      drain_after_.reset();
    } else {
      for (const Output& output : outputs_) cancelled_.emplace_back(side, output.cookie);
      outputs_.clear();
      coded_.reset();
      number_ = 0;
      returns_ = 0;
    }
    flushes_.emplace_back(side, generation);
  }

  std::map<std::pair<uint32_t, uint32_t>, Memory> memory_[2];  // by index and generation
  std::optional<FrameLayout> layout_;
  int32_t quality_ = 50;
  FrameInterval interval_;
  bool force_key_ = false;  // the next input's
  std::deque<Input> inputs_;
  std::deque<Output> outputs_;
  std::optional<size_t> drain_after_;
  bool paused_ = false;
  uint32_t returns_ = 0;

 private:
  using Event = std::function<void(codec::SessionEvents&)>;

  void run() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      Event event = next_event();
      if (!event) {
        changed_.wait(lock);
        continue;
      }
      lock.unlock();
      if (const auto to = events_.lock()) event(*to);
      event = nullptr;
      lock.lock();
    }
  }

  Event next_event() {
    if (!cancelled_.empty()) {
      const auto [side, cookie] = cancelled_.front();
      cancelled_.pop_front();
      return give_back(side, cookie);
    }
    if (!flushes_.empty()) {
      const auto [side, generation] = flushes_.front();
      flushes_.pop_front();
      return [side = side, generation = generation](codec::SessionEvents& to) { to.flushed(side, generation); };
    }
    if (failing_) return failure();
    if (returns_ > 0) {
      --returns_;
      if (!outputs_.empty()) return give_back(Direction::kOutput, take_output().cookie);
      return next_event();
    }
    if (paused_) return nullptr;
    if (coded_ && !outputs_.empty()) return deliver();
    if (coded_) return nullptr;
    if (drain_after_ && *drain_after_ == 0) {
      drain_after_.reset();
      paused_ = true;
      return [](codec::SessionEvents& to) { to.drained(DoneStatus::kOk); };
    }
    if (inputs_.empty()) return nullptr;
    return read();
  }

  static Event give_back(Direction side, Cookie cookie) {
    return [=](codec::SessionEvents& to) {
      if (side == Direction::kInput)
        to.input_done(cookie, DoneStatus::kCancelled);
      else
        to.output_done({.cookie = cookie, .status = DoneStatus::kCancelled});
    };
  }
  Output take_output() {
    Output output = std::move(outputs_.front());
    outputs_.pop_front();
    return output;
  }
  Event failure() {
    if (!inputs_.empty()) {
      const Cookie cookie = inputs_.front().chunk.cookie;
      inputs_.pop_front();
      return give_back(Direction::kInput, cookie);
    }
    if (!outputs_.empty()) return give_back(Direction::kOutput, take_output().cookie);
    failing_ = false;
    stop_ = true;
    return [reason = reason_](codec::SessionEvents& to) { to.failed({EIO, reason}); };
  }

  // Codes the first input. It is answered at once, its frame when there is an output.
  Event read() {
    const Input input = std::move(inputs_.front());
    inputs_.pop_front();
    if (drain_after_) --*drain_after_;
    CopyHeader header{.number = number_,
                      .key = number_ == 0 || input.force_key,
                      .width = input.layout.size.width,
                      .height = input.layout.size.height,
                      .quality = input.quality,
                      .interval = input.interval};
    ++number_;
    std::vector<uint8_t> bytes(sizeof header);
    std::memcpy(bytes.data(), &header, sizeof header);
    const svpu_pixel_format* format = svpu_pixel_format_find(static_cast<uint32_t>(input.layout.fourcc));
    for (uint32_t i = 0; i < input.layout.components; ++i) {
      const svpu_component& component = format->component[i];
      const auto steps = [](uint32_t side, uint32_t shift) { return (side + (1u << shift) - 1) >> shift; };
      const uint32_t line = steps(header.width, component.horizontal_shift) * component.bytes_per_sample;
      const uint32_t plane = input.layout.component_plane[i];
      for (uint32_t y = 0; y < steps(header.height, component.vertical_shift); ++y) {
        const uint64_t at =
            uint64_t{input.chunk.plane[plane].offset} + input.layout.offset[i] + uint64_t{y} * input.layout.stride[i];
        if (at + line > input.memory.plane[plane]->size()) std::abort();  // the upper half has promised that it fits
        const auto* from = reinterpret_cast<const uint8_t*>(input.memory.plane[plane]->data()) + at;
        bytes.insert(bytes.end(), from, from + line);
      }
    }
    coded_ = Coded{input.chunk.tag, header.key != 0, std::move(bytes)};
    return [cookie = input.chunk.cookie](codec::SessionEvents& to) { to.input_done(cookie, DoneStatus::kOk); };
  }

  Event deliver() {
    const Output output = take_output();
    Mapping& memory = *output.memory.plane[0];
    const bool fits = coded_->bytes.size() <= memory.size();
    if (fits) std::memcpy(memory.data(), coded_->bytes.data(), coded_->bytes.size());
    codec::OutputDone done{.cookie = output.cookie,
                           .status = fits ? DoneStatus::kOk : DoneStatus::kTooSmall,
                           .tag = coded_->tag,
                           .has_tag = true,
                           .type = coded_->key ? FrameType::kKey : FrameType::kP,
                           .bytes_used = {fits ? static_cast<uint32_t>(coded_->bytes.size()) : 0}};
    coded_.reset();
    return [done](codec::SessionEvents& to) { to.output_done(done); };
  }

  struct Coded {
    codec::Tag tag{};
    bool key = false;
    std::vector<uint8_t> bytes;
  };

  const std::weak_ptr<codec::SessionEvents> events_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
  bool stop_ = false;
  bool failed_ = false;
  bool failing_ = false;
  std::string reason_;
  std::deque<std::pair<Direction, Cookie>> cancelled_;
  std::deque<std::pair<Direction, uint32_t>> flushes_;
  std::optional<Coded> coded_;  // read, and not delivered
  uint32_t number_ = 0;
};

namespace {

// The verbs: what of a session the driver may still hold is Session.
class Verbs final : public codec::Session {
 public:
  explicit Verbs(std::shared_ptr<CopyDriver::Session> session) : s_(std::move(session)) {}
  ~Verbs() override { s_->stop(); }

  Status map_buffer(Direction side, codec::BufferHandle buffer, std::span<const codec::PlaneMemory> planes) override {
    CopyDriver::Session::Memory memory;
    for (const codec::PlaneMemory& plane : planes) {
      auto mapping = Mapping::map(plane.fd, plane.offset, plane.length, side == Direction::kOutput);
      if (!mapping) return Unexpected(mapping.error());
      memory.plane.push_back(std::make_shared<Mapping>(std::move(*mapping)));
    }
    return s_->command([&]() -> Status {
      memory_of(side)[{buffer.index, buffer.generation}] = std::move(memory);
      return {};
    });
  }
  Status unmap_buffer(Direction side, codec::BufferHandle buffer) override {
    return s_->command([&]() -> Status {
      if (memory_of(side).erase({buffer.index, buffer.generation}) == 0) return fail(EINVAL, "an unknown buffer");
      return {};
    });
  }
  Status set_frame_layout(const FrameLayout& layout) override {
    return s_->command([&]() -> Status {
      s_->layout_ = layout;
      return {};
    });
  }
  Status set_control(uint32_t id, int64_t value) override {
    return s_->command([&]() -> Status {
      if (id == V4L2_CID_JPEG_COMPRESSION_QUALITY)
        s_->quality_ = static_cast<int32_t>(value);
      else if (id == V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME)
        s_->force_key_ = true;
      else
        return fail(EINVAL, "an unknown control");
      return {};
    });
  }
  Status set_frame_interval(FrameInterval interval) override {
    return s_->command([&]() -> Status {
      s_->interval_ = interval;
      return {};
    });
  }
  Status start() override {
    s_->start();
    return {};
  }
  Status queue_input(const codec::InputChunk& chunk) override {
    return s_->command([&]() -> Status {
      const auto found = memory_of(Direction::kInput).find({chunk.buffer.index, chunk.buffer.generation});
      if (found == memory_of(Direction::kInput).end() || !s_->layout_) return fail(EINVAL, "an unknown buffer, or no layout");
      if (chunk.num_planes != s_->layout_->memory_planes) return fail(EINVAL, "the layout has other planes");
      s_->inputs_.push_back({chunk, found->second, *s_->layout_, s_->quality_, s_->interval_, std::exchange(s_->force_key_, false)});
      return {};
    });
  }
  Status queue_output(codec::BufferHandle buffer, Cookie cookie) override {
    return s_->command([&]() -> Status {
      const auto found = memory_of(Direction::kOutput).find({buffer.index, buffer.generation});
      if (found == memory_of(Direction::kOutput).end()) return fail(EINVAL, "an unknown buffer");
      s_->outputs_.push_back({cookie, found->second});
      return {};
    });
  }
  Status resume() override {
    return s_->command([&]() -> Status {
      s_->paused_ = false;
      return {};
    });
  }
  Status drain() override {
    return s_->command([&]() -> Status {
      if (s_->drain_after_) return fail(EINVAL, "a second drain");
      s_->drain_after_ = s_->inputs_.size();
      return {};
    });
  }
  Status return_output() override {
    return s_->command([&]() -> Status {
      ++s_->returns_;
      return {};
    });
  }
  Status flush(Direction side, uint32_t generation) override {
    return s_->command([&]() -> Status {
      s_->flush(side, generation);
      return {};
    });
  }
  void give_up(const std::string& reason) override { s_->die(reason); }

 private:
  std::map<std::pair<uint32_t, uint32_t>, CopyDriver::Session::Memory>& memory_of(Direction side) {
    return s_->memory_[static_cast<size_t>(side)];
  }
  const std::shared_ptr<CopyDriver::Session> s_;
};

}  // namespace

codec::Capabilities encoder_capabilities() {
  codec::CodecInfo h264;
  h264.role = codec::Role::kEncoder;
  h264.coded = kH264;
  h264.sizes = {{16, 16}, {4096, 4096}, {1, 1}};
  h264.raw = {kNv12, kYuv420};
  h264.controls = {{.id = V4L2_CID_JPEG_COMPRESSION_QUALITY, .minimum = 1, .maximum = 100, .default_value = 50},
                   {.id = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, .type = ControlType::kButton, .step = 0}};
  codec::CodecInfo vp8 = h264;
  vp8.coded = kVp8;
  vp8.sizes = {{16, 16}, {1920, 1920}, {2, 2}};
  vp8.raw = {kYuv420};
  vp8.min_interval = {1, 120};
  vp8.max_interval = {1, 1};
  vp8.controls.clear();
  codec::CodecInfo decoder = h264;
  decoder.role = codec::Role::kDecoder;
  return {.name = "encoders", .version = 1, .codecs = {decoder, h264, vp8}};
}

CopyDriver::CopyDriver() : capabilities_(encoder_capabilities()) {}

Result<std::unique_ptr<codec::Session>> CopyDriver::open_session(const codec::SessionConfig& config,
                                                                 std::weak_ptr<codec::SessionEvents> events) {
  if (capabilities_.find(config.role, config.coded) == nullptr) return fail(EINVAL, "no such codec");
  auto session = std::make_shared<Session>(config.interval, std::move(events));
  sessions_.push_back(session);
  ++opened_;
  return std::unique_ptr<codec::Session>(std::make_unique<Verbs>(std::move(session)));
}

void CopyDriver::kill_sessions() {
  for (const auto& each : sessions_)
    if (const auto session = each.lock()) session->die("killed by the test");
  sessions_.clear();
}

}  // namespace softvpu::v4l2
