// SPDX-License-Identifier: LGPL-2.1-or-later
// The null codec: one thread per session, or whoever calls step(), takes the next thing to do under the session's lock and says
// it without. Contract: session.h; proved by tests/contract.
#include "codec/testing/null_driver.h"

#include <algorithm>
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

namespace softvpu::codec {
namespace {

constexpr uint8_t kSync[4] = {'N', 'U', 'L', 'L'};
enum class Record : uint8_t { kHeader = 'H', kFrame = 'F', kDamaged = 'D', kFatal = 'X' };
constexpr size_t kHeaderPayload = 14;
constexpr size_t kFramePayload = 2;
constexpr size_t kHeldFrames = 4;  // beyond the reordering; then inputs wait for outputs

std::vector<uint8_t> record(Record type, std::initializer_list<uint32_t> payload16) {
  std::vector<uint8_t> bytes(std::begin(kSync), std::end(kSync));
  bytes.push_back(static_cast<uint8_t>(type));
  for (const uint32_t value : payload16) {
    bytes.push_back(static_cast<uint8_t>(value));
    bytes.push_back(static_cast<uint8_t>(value >> 8));
  }
  return bytes;
}

size_t payload_size(uint8_t type) {
  switch (static_cast<Record>(type)) {
    case Record::kHeader:
      return kHeaderPayload;
    case Record::kFrame:
    case Record::kDamaged:
      return kFramePayload;
    case Record::kFatal:
      return 0;
  }
  return SIZE_MAX;
}

uint32_t get16(const uint8_t* at) { return at[0] | uint32_t{at[1]} << 8; }

struct Frame {
  Tag tag{};
  FrameType type = FrameType::kUnknown;
  uint8_t seed = 0;
  bool damaged = false;
};

class NullSession final : public Session {
 public:
  NullSession(std::weak_ptr<SessionEvents> events, std::shared_ptr<NullDriver::Steps> steps)
      : events_(std::move(events)), steps_(std::move(steps)) {}
  ~NullSession() override {
    if (steps_ != nullptr) std::erase_if(*steps_, [this](const auto& each) { return each.first == this; });
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();  // so a session mustn't be destroyed by its own events
  }

  Status map_buffer(Direction side, BufferHandle buffer, std::span<const PlaneMemory> planes) override {
    if (planes.empty() || planes.size() > kMaxPlanes) return fail(EINVAL, "a buffer needs 1 to 4 planes");
    auto mapping = Mapping::map(planes[0].fd, planes[0].offset, planes[0].length, side == Direction::kOutput);
    if (!mapping) return Unexpected(mapping.error());
    return command([&]() -> Status {
      memory_[key(side, buffer)] = std::make_shared<Mapping>(std::move(*mapping));
      return {};
    });
  }
  Status unmap_buffer(Direction side, BufferHandle buffer) override {
    return command([&]() -> Status {
      if (memory_.erase(key(side, buffer)) == 0) return fail(EINVAL, "an unknown buffer");
      return {};
    });
  }
  Status set_frame_layout(const FrameLayout& layout) override {
    return command([&]() -> Status {
      layout_ = layout;
      return {};
    });
  }
  Status set_control(uint32_t, int64_t) override { return fail(EINVAL, "the null codec has no controls"); }
  Status set_frame_interval(FrameInterval) override { return fail(EINVAL, "the null codec is a decoder"); }
  Status start() override {
    if (steps_ != nullptr)
      steps_->emplace_back(this, [this] { return step(); });
    else
      thread_ = std::thread([this] { run(); });
    return {};
  }
  Status queue_input(const InputChunk& chunk) override {
    return command([&]() -> Status {
      const auto memory = memory_.find(key(Direction::kInput, chunk.buffer));
      if (memory == memory_.end()) return fail(EINVAL, "an unknown buffer");
      if (uint64_t{chunk.plane[0].offset} + chunk.plane[0].bytes > memory->second->size())
        return fail(EINVAL, "more bytes than the buffer has");
      inputs_.push_back({chunk, memory->second, 0});
      return {};
    });
  }
  Status queue_output(BufferHandle buffer, Cookie cookie) override {
    return command([&]() -> Status {
      const auto memory = memory_.find(key(Direction::kOutput, buffer));
      if (memory == memory_.end()) return fail(EINVAL, "an unknown buffer");
      if (!layout_ || layout_->plane_size[0] > memory->second->size()) return fail(EINVAL, "the buffer can't hold a frame");
      outputs_.push_back({cookie, memory->second});
      return {};
    });
  }
  Status resume() override {
    return command([&]() -> Status {
      paused_ = false;
      return {};
    });
  }
  Status drain() override {
    return command([&]() -> Status {
      drain_after_ = inputs_.size();
      return {};
    });
  }
  Status return_output() override {
    return command([&]() -> Status {
      ++returns_;
      return {};
    });
  }
  Status flush(Direction side, uint32_t generation) override {
    return command([&]() -> Status {
      if (side == Direction::kInput) {
        for (const Input& input : inputs_) cancelled_inputs_.push_back(input.chunk.cookie);
        inputs_.clear();
        partial_.clear();
        frames_.clear();
        headerless_ = false;
        next_.reset();
        drain_after_.reset();
      } else {
        for (const Output& output : outputs_) cancelled_outputs_.push_back(output.cookie);
        outputs_.clear();
        returns_ = 0;
      }
      flushes_.push_back({side, generation});
      return {};
    });
  }
  void give_up(const std::string& reason) override {
    (void)command([&]() -> Status {
      failed_ = failing_ = true;
      failure_ = reason;
      return {};
    });
  }

 private:
  struct Input {
    InputChunk chunk;
    std::shared_ptr<Mapping> memory;
    uint32_t read = 0;
  };
  struct Output {
    Cookie cookie{};
    std::shared_ptr<Mapping> memory;
  };
  using Event = std::function<void(SessionEvents&)>;

  static uint64_t key(Direction side, BufferHandle buffer) {
    return uint64_t{buffer.generation} << 32 | buffer.index << 1 | static_cast<uint64_t>(side);
  }

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

  bool step() {
    Event event;
    {
      const std::lock_guard lock(mutex_);
      if (!stop_) event = next_event();
    }
    if (!event) return false;
    if (const auto to = events_.lock()) event(*to);
    return true;
  }

  // What is due now, or nothing. Under the lock.
  Event next_event() {
    for (;;) {
      if (!cancelled_inputs_.empty()) return input_event(take(&cancelled_inputs_), DoneStatus::kCancelled);
      if (!cancelled_outputs_.empty()) return cancelled_event(take(&cancelled_outputs_));
      if (!flushes_.empty()) {
        const auto [side, generation] = take(&flushes_);
        return [side = side, generation = generation](SessionEvents& to) { to.flushed(side, generation); };
      }
      if (failing_) return failure_event();
      if (returns_ > 0) {
        --returns_;
        if (!outputs_.empty()) return cancelled_event(take(&outputs_).cookie);
        continue;
      }
      if (paused_) return nullptr;
      const bool drains = drain_after_ && *drain_after_ == 0;
      const size_t held = drains || next_ ? 0 : depth_;
      if (frames_.size() > held && !outputs_.empty()) return frame_event();
      if (next_ && frames_.empty()) return format_event();
      if (drains && frames_.empty()) {
        drain_after_.reset();
        paused_ = true;
        const DoneStatus status = headerless_ && !format_ ? DoneStatus::kError : DoneStatus::kOk;
        return [status](SessionEvents& to) { to.drained(status); };
      }
      if (drains || next_ || inputs_.empty() || frames_.size() > depth_ + kHeldFrames) return nullptr;
      if (parse()) {
        const Cookie cookie = take(&inputs_).chunk.cookie;
        if (drain_after_) --*drain_after_;
        return input_event(cookie, DoneStatus::kOk);
      }
    }
  }

  template <typename T>
  static T take(std::deque<T>* queue) {
    T first = std::move(queue->front());
    queue->pop_front();
    return first;
  }
  static Event input_event(Cookie cookie, DoneStatus status) {
    return [=](SessionEvents& to) { to.input_done(cookie, status); };
  }
  static Event cancelled_event(Cookie cookie) {
    return [=](SessionEvents& to) { to.output_done({.cookie = cookie, .status = DoneStatus::kCancelled}); };
  }

  Event failure_event() {
    if (!inputs_.empty()) return input_event(take(&inputs_).chunk.cookie, DoneStatus::kCancelled);
    if (!outputs_.empty()) return cancelled_event(take(&outputs_).cookie);
    failing_ = false;
    stop_ = true;
    return [reason = failure_](SessionEvents& to) { to.failed({EIO, reason}); };
  }

  Event frame_event() {
    const Frame frame = take(&frames_);
    const Output output = take(&outputs_);
    OutputDone done{.cookie = output.cookie,
                    .status = frame.damaged ? DoneStatus::kError : DoneStatus::kOk,
                    .tag = frame.tag,
                    .has_tag = true,
                    .type = frame.type};
    for (uint32_t i = 0; i < layout_->memory_planes; ++i) done.bytes_used[i] = layout_->plane_size[i];
    std::memset(output.memory->data(), frame.seed, std::min<size_t>(layout_->stride[0], output.memory->size()));
    return [done](SessionEvents& to) { to.output_done(done); };
  }

  Event format_event() {
    const bool initial = !format_;
    format_ = *next_;
    next_.reset();
    paused_ = true;
    return [format = *format_, initial](SessionEvents& to) { to.format_changed(format, initial); };
  }

  // Reads on in the first input. True when it was read to its end; false when something is due before.
  bool parse() {
    Input& input = inputs_.front();
    const auto* data = reinterpret_cast<const uint8_t*>(input.memory->data()) + input.chunk.plane[0].offset;
    headerless_ = headerless_ || input.chunk.plane[0].bytes > 0;
    while (input.read < input.chunk.plane[0].bytes) {
      if (partial_.empty()) {
        // Fast over what can't begin a record: a client may queue a hundred megabytes of zeros.
        const void* begin = std::memchr(data + input.read, kSync[0], input.chunk.plane[0].bytes - input.read);
        if (begin == nullptr) {
          input.read = input.chunk.plane[0].bytes;
          break;
        }
        input.read = static_cast<uint32_t>(static_cast<const uint8_t*>(begin) - data);
        first_tag_ = input.chunk.tag;
      }
      partial_.push_back(data[input.read++]);
      const size_t have = partial_.size();
      if (have <= sizeof kSync ? partial_[have - 1] != kSync[have - 1] : payload_size(partial_[sizeof kSync]) == SIZE_MAX) {
        const uint8_t last = partial_.back();
        partial_.clear();
        if (last == kSync[0]) partial_.push_back(last);
        continue;
      }
      if (have < sizeof kSync + 1 || have < sizeof kSync + 1 + payload_size(partial_[sizeof kSync])) continue;
      const std::vector<uint8_t> whole = std::move(partial_);
      partial_.clear();
      if (take_record(whole)) return false;
    }
    return true;
  }

  // True when something is due because of it.
  bool take_record(const std::vector<uint8_t>& bytes) {
    const uint8_t* payload = bytes.data() + sizeof kSync + 1;
    switch (static_cast<Record>(bytes[sizeof kSync])) {
      case Record::kHeader: {
        StreamFormat format;
        format.visible = {0, 0, get16(payload), get16(payload + 2)};
        format.coded = {get16(payload + 4), get16(payload + 6)};
        format.min_output_buffers = get16(payload + 8);
        format.bit_depth = payload[10];
        format.colour.colorspace = payload[11];
        format.native = format.bit_depth == 8 ? kYuv420 : FourCC::kNone;
        depth_ = payload[12] & 15;
        format.interlaced = (payload[13] & 1) != 0;
        if (format.coded.empty() || format.visible.size().empty() || format == format_) return false;
        next_ = format;
        return true;
      }
      case Record::kFrame:
      case Record::kDamaged:
        if (!format_) return false;  // nothing to decode it with
        frames_.push_back({.tag = first_tag_,
                           .type = static_cast<FrameType>(std::min<uint8_t>(payload[0], 3)),
                           .seed = payload[1],
                           .damaged = bytes[sizeof kSync] == static_cast<uint8_t>(Record::kDamaged)});
        return true;
      case Record::kFatal:
        failed_ = failing_ = true;
        failure_ = "the null stream says so";
        return true;
    }
    return false;
  }

  const std::weak_ptr<SessionEvents> events_;
  const std::shared_ptr<NullDriver::Steps> steps_;
  std::thread thread_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool stop_ = false;
  bool failing_ = false;  // buffers are being returned
  bool failed_ = false;
  std::string failure_;
  bool paused_ = false;
  uint32_t returns_ = 0;
  std::optional<size_t> drain_after_;  // inputs that come before the drain
  std::map<uint64_t, std::shared_ptr<Mapping>> memory_;
  std::optional<FrameLayout> layout_;
  std::deque<Input> inputs_;
  std::deque<Output> outputs_;
  std::deque<Cookie> cancelled_inputs_;
  std::deque<Cookie> cancelled_outputs_;
  std::deque<std::pair<Direction, uint32_t>> flushes_;
  bool headerless_ = false;       // bytes were consumed that no format is known for
  std::vector<uint8_t> partial_;  // of a record
  Tag first_tag_{};
  std::deque<Frame> frames_;
  size_t depth_ = 0;
  std::optional<StreamFormat> format_;
  std::optional<StreamFormat> next_;  // announced once the frames before it are out
};

Capabilities null_capabilities() {
  CodecInfo codec;
  codec.coded = kH264;
  codec.flags = kContinuousByteStream | kDynamicResolution;
  codec.sizes = {{16, 16}, {4096, 4096}, {1, 1}};
  codec.raw = {kYuv420, kNv12};
  CodecInfo other = codec;
  other.coded = kVp8;
  return {.name = "null", .version = 1, .codecs = {codec, other}};
}

}  // namespace

std::vector<uint8_t> null_header(const StreamFormat& format, uint8_t reorder_depth) {
  return record(Record::kHeader,
                {format.visible.width, format.visible.height, format.coded.width, format.coded.height, format.min_output_buffers,
                 format.bit_depth | (format.colour.colorspace & 0xff) << 8, reorder_depth | (format.interlaced ? 0x100u : 0u)});
}
std::vector<uint8_t> null_frame(FrameType type, uint8_t seed) {
  return record(Record::kFrame, {static_cast<uint32_t>(type) | uint32_t{seed} << 8});
}
std::vector<uint8_t> null_damaged_frame(uint8_t seed) { return record(Record::kDamaged, {uint32_t{seed} << 8}); }
std::vector<uint8_t> null_fatal() { return record(Record::kFatal, {}); }

NullDriver::NullDriver(Threads threads)
    : capabilities_(null_capabilities()), steps_(threads == Threads::kByHand ? std::make_shared<Steps>() : nullptr) {}

bool NullDriver::step() {
  return steps_ != nullptr && std::any_of(steps_->begin(), steps_->end(), [](const auto& each) { return each.second(); });
}

Result<std::unique_ptr<Session>> NullDriver::open_session(const SessionConfig& config, std::weak_ptr<SessionEvents> events) {
  if (capabilities_.find(config.role, config.coded) == nullptr)
    return fail(EINVAL, "the null codec isn't " + to_string(config.coded));
  return std::unique_ptr<Session>(std::make_unique<NullSession>(std::move(events), steps_));
}

}  // namespace softvpu::codec
