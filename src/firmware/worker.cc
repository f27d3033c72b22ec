// SPDX-License-Identifier: GPL-2.0-or-later
// The dispatcher: see worker.h.
#include "firmware/worker.h"

#include <cstdlib>

#include "firmware/announce.h"
#include "firmware/last_words.h"
#include "firmware/raw_side.h"
#include "hfi/values.h"

namespace softvpu::firmware {
namespace {

// While the codec thread is at work it reads the commands itself, and the host doesn't ring: this long may a ping wait.
constexpr Duration kNap = std::chrono::milliseconds(100);

template <typename... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overload(Handlers...) -> Overload<Handlers...>;  // clang 14 doesn't deduce aggregates

}  // namespace

Worker::Worker(hfi::FirmwareEndpoint& endpoint, Options options)
    : endpoint_(endpoint),
      options_(options),
      catalog_(options.catalog != nullptr ? *options.catalog : codec_catalog()),
      buffers_([this](Side direction, hfi::BufferName buffer) {
        {
          const std::lock_guard lock(unmapped_mutex_);
          unmapped_.push_back({direction, buffer});
        }
        endpoint_.nudge();
      }) {}

Worker::~Worker() = default;

bool Worker::say_ready(uint32_t jail) {
  send(0, ready_message(jail));
  return !host_gone_;
}

Worker::End Worker::run() {
  set_activity("waiting for commands");
  while (true) {
    if (const auto end = dispatch_commands()) return *end;
    tell_unmapped();
    if (host_gone_) return End::kHostGone;
    const auto wake = sleep();
    if (wake.hangup) return End::kHostGone;
    if (options_.lease != nullptr) options_.lease->renew();
    if (wake.timeout) {
      endpoint_.ring_if_due();  // the codec thread's long work must not keep a finished frame from the client
      if (const auto end = watch()) return *end;
    }
  }
}

hfi::FirmwareEndpoint::Wake Worker::sleep() {
  if (thread_.busy()) return endpoint_.sleep(kNap);  // it arms the endpoint before it sleeps itself
  bool empty = false;
  {
    const std::lock_guard lock(dispatch_mutex_);
    empty = endpoint_.arm();
  }
  return endpoint_.sleep(empty ? std::nullopt : std::optional(Duration::zero()));
}

void Worker::between_steps() {
  if (dispatch_commands()) endpoint_.nudge();
}

void Worker::before_sleep() {
  endpoint_.ring_if_due();
  bell_.rung();
  std::unique_lock lock(dispatch_mutex_);
  while (!endpoint_.arm()) {
    const bool ends = dispatch_next_commands().has_value();
    if (!ends && !host_gone_) continue;
    lock.unlock();
    endpoint_.nudge();
    return;
  }
}

std::optional<Worker::End> Worker::step() {
  if (const auto end = dispatch_commands()) return end;
  thread_.run_by_hand();
  endpoint_.ring_if_due();
  tell_unmapped();
  if (host_gone_) return End::kHostGone;
  const auto wake = endpoint_.wait(Duration::zero());
  if (wake.hangup) return End::kHostGone;
  return std::nullopt;
}

std::optional<Worker::End> Worker::dispatch_commands() {
  const std::lock_guard lock(dispatch_mutex_);
  return dispatch_next_commands();
}

std::optional<Worker::End> Worker::dispatch_next_commands() {
  if (end_) return end_;
  using Outcome = hfi::FirmwareEndpoint::ReadOutcome;
  while (true) {
    const auto read = endpoint_.next_command();
    switch (read.outcome) {
      case Outcome::kEmpty:
        return std::nullopt;
      case Outcome::kCorrupt:
        send(0, hfi::msg::SystemError{hfi::WireStatus::kInvalid, "the host broke the command ring: " + read.complaint});
        endpoint_.last_words("worker: the host broke the command ring: " + read.complaint);
        end_ = End::kProtocol;
        return end_;
      case Outcome::kMalformed:
        // Its answer, if it wanted one, will never come: better said than waited for.
        session_error(hfi::WireStatus::kInvalid, read.complaint);
        break;
      case Outcome::kCommand:
        if (const auto end = dispatch(read.command)) return end;
        break;
    }
    if (host_gone_) return End::kHostGone;
  }
}

std::optional<Worker::End> Worker::dispatch(const hfi::Command& command) {
  namespace cmd = hfi::cmd;
  std::visit(Overload{
                 [&](const hfi::Unknown& c) { endpoint_.debug("ignored a command of unknown type %u", c.type); },
                 [&](const cmd::QueryCapabilities&) { answer_capabilities(); },
                 [&](const cmd::Configure& c) { configure(c); },
                 [&](const cmd::SetControl& c) { set_control(c); },
                 [&](const cmd::SetInterval& c) { set_interval(c); },
                 [&](const cmd::MapBuffer& c) { map_buffer(c); },
                 [&](const cmd::UnmapBuffer& c) { unmap_buffer(c); },
                 [&](const cmd::SetLayout& c) { set_layout(c); },
                 [&](const cmd::QueueInput& c) { queue_input(command.cookie, c); },
                 [&](const cmd::QueueOutput& c) { queue_output(command.cookie, c); },
                 [&](const cmd::Start&) { post([this](Codec&) { thread_.begin_stepping(); }); },
                 [&](const cmd::Flush& c) { flush(c); },
                 [&](const cmd::Drain&) { post([](Codec& codec) { codec.drain(); }); },
                 [&](const cmd::Resume&) { post([](Codec& codec) { codec.resume(); }); },
                 [&](const cmd::ReturnOutput&) { post([](Codec& codec) { codec.return_output(); }); },
                 [&](const cmd::Ping&) { send(command.cookie, hfi::msg::Pong{}); },
                 [&](const cmd::Abort&) { end_ = End::kAborted; },
                 [&](const cmd::Crash&) {
                   set_activity("crashing on demand");
                   if (test_) std::abort();
                   session_error(hfi::WireStatus::kState, "CRASH is for sessions configured for tests");
                 },
             },
             command.body);
  return end_;
}

std::optional<Worker::End> Worker::watch() {
  if (thread_.busy_for() < options_.step_limit) return std::nullopt;
  const bool encoder = codec_ != nullptr && codec_->role == Role::kEncoder;
  const std::string text = std::string(encoder ? "one picture" : "one access unit") + " takes longer than " +
                           std::to_string(std::chrono::duration_cast<std::chrono::seconds>(options_.step_limit).count()) +
                           (encoder ? " s to encode" : " s to decode");
  endpoint_.last_words("worker: " + text);
  (void)endpoint_.try_send({0, hfi::msg::SystemError{hfi::WireStatus::kInternal, text}});
  return End::kStuck;
}

void Worker::answer_capabilities() {
  if (codec_ != nullptr) return session_error(hfi::WireStatus::kState, "QUERY_CAPABILITIES after CONFIGURE");
  for (hfi::msg::Body& message : capability_messages(catalog_)) send(0, std::move(message));
}

void Worker::configure(const hfi::cmd::Configure& command) {
  const auto answer = [&](hfi::WireStatus status) { send(0, hfi::msg::Configured{status}); };
  if (codec_ != nullptr) return answer(hfi::WireStatus::kState);
  auto codec = catalog_.make({.role = command.role,
                              .coded = static_cast<FourCC>(command.coded),
                              .threads = command.threads,
                              .size_hint = {command.width_hint, command.height_hint},
                              .interval = {command.interval_num, command.interval_den},
                              .colour = {command.colorspace, command.xfer_func, command.ycbcr_enc, command.quantization},
                              .wake = [this] { thread_.wake(); }},
                             *this);
  if (!codec) {
    endpoint_.debug("CONFIGURE: %s", codec.error().reason.c_str());
    return answer(codec.error().code == ENOMEM ? hfi::WireStatus::kNoMemory : hfi::WireStatus::kUnsupported);
  }
  codec_ = &catalog_.find(command.role, static_cast<FourCC>(command.coded))->info;
  test_ = command.test;
  if (command.role == Role::kEncoder) bell_.ring_always();
  if (options_.by_hand) {
    thread_.start_by_hand(std::move(*codec));
  } else {
    thread_.start(std::move(*codec), {[this] { between_steps(); }, [this] { before_sleep(); }});
  }
  set_activity(command.role == Role::kEncoder ? "encoding" : "decoding");
  answer(hfi::WireStatus::kOk);
}

void Worker::set_control(const hfi::cmd::SetControl& command) {
  if (codec_ != nullptr) {
    for (const ControlInfo& control : codec_->controls) {
      if (control.id != command.id || control.read_only || !takes(control, command.value)) continue;
      return post([value = ControlValue{command.id, command.value}](Codec& codec) { codec.set_control(value); });
    }
  }
  endpoint_.debug("ignored control 0x%08x = %lld: the codec has none that can be set to it", command.id,
                  static_cast<long long>(command.value));
}

void Worker::set_interval(const hfi::cmd::SetInterval& command) {
  if (codec_ == nullptr || codec_->role != Role::kEncoder)
    return endpoint_.debug("ignored a frame interval: there is no encoder here");
  post([interval = FrameInterval{command.interval_num, command.interval_den}](Codec& codec) { codec.set_interval(interval); });
}

void Worker::map_buffer(const hfi::cmd::MapBuffer& command) {
  if (command.direction == Side::kParameters)
    return session_error(hfi::WireStatus::kUnsupported, "MAP_BUFFER of parameters: no codec here is stateless");
  auto memory = endpoint_.take_memory(command.direction, command.buffer);
  if (!memory) return session_error(hfi::WireStatus::kInvalid, memory.error().reason);
  if (const auto mapped = buffers_.map(command, std::move(*memory)); !mapped) {
    session_error(mapped.error().code == ENOMEM ? hfi::WireStatus::kNoMemory : hfi::WireStatus::kInvalid, mapped.error().reason);
  }
}

void Worker::unmap_buffer(const hfi::cmd::UnmapBuffer& command) {
  if (command.direction == Side::kParameters || !buffers_.unmap(command.direction, command.buffer))
    endpoint_.debug("UNMAP_BUFFER of an unknown buffer %u", command.buffer.index);
  tell_unmapped();
}

void Worker::tell_unmapped() {
  std::vector<hfi::msg::Unmapped> unmapped;
  {
    const std::lock_guard lock(unmapped_mutex_);
    unmapped.swap(unmapped_);
  }
  if (over_) return;
  for (const hfi::msg::Unmapped& buffer : unmapped) send(0, buffer);
}

void Worker::set_layout(const hfi::cmd::SetLayout& command) {
  const auto layout = layout_from_wire(command);
  if (!layout) return session_error(hfi::WireStatus::kInvalid, layout.error().reason);
  if (codec_ != nullptr && codec_->role == Role::kEncoder) {
    if (const auto fits = check_picture(*layout, *codec_); !fits)
      return session_error(hfi::WireStatus::kInvalid, fits.error().reason);
    picture_ = *layout;
  }
  post([layout = *layout](Codec& codec) { codec.set_layout(layout); });
}

void Worker::queue_input(uint64_t cookie, const hfi::cmd::QueueInput& command) {
  const auto memory = buffers_.find(Side::kInput, command.buffer);
  if (!memory || codec_ == nullptr) return send(cookie, hfi::msg::InputDone{hfi::WireStatus::kInvalid});
  const bool encoder = codec_->role == Role::kEncoder;
  if ((!encoder && command.num_planes != 1) || command.output != 0 || command.parameters_generation != 0) {
    return session_error(hfi::WireStatus::kUnsupported, std::string("QUEUE_INPUT: ") +
                                                            (encoder ? "an encoder takes" : "a decoder takes one plane,") +
                                                            " no parameters and no output of its own");
  }
  InputBuffer input{
      .cookie = Cookie{cookie}, .tag = Tag{command.tag}, .field = static_cast<FrameField>(command.field), .owner = memory};
  const auto status = encoder ? find_raw_picture(command, *memory, input) : find_coded_bytes(command, *memory, input);
  if (status != hfi::WireStatus::kOk) return send(cookie, hfi::msg::InputDone{status});
  post([this, input = std::move(input)](Codec& codec) {
    bell_.input_queued();
    codec.queue_input(input);
  });
}

hfi::WireStatus Worker::find_coded_bytes(const hfi::cmd::QueueInput& command, const MappedBuffer& memory, InputBuffer& input) {
  const MappedBuffer::Plane& plane = memory.plane[0];
  const auto [offset, bytes] = command.plane[0];
  if (uint64_t{offset} + bytes > plane.length) return hfi::WireStatus::kTooSmall;
  input.plane[0] = {plane.data + offset, bytes};
  return hfi::WireStatus::kOk;
}

hfi::WireStatus Worker::find_raw_picture(const hfi::cmd::QueueInput& command, const MappedBuffer& memory, InputBuffer& input) {
  if (!picture_) return hfi::WireStatus::kState;
  return find_picture(*picture_, command, memory, input);
}

void Worker::queue_output(uint64_t cookie, const hfi::cmd::QueueOutput& command) {
  auto memory = buffers_.find(Side::kOutput, command.buffer);
  if (!memory || codec_ == nullptr) return send(cookie, hfi::msg::OutputDone{.status = hfi::WireStatus::kInvalid});
  post([this, output = OutputBuffer{.cookie = Cookie{cookie}, .memory = std::move(memory)}](Codec& codec) {
    bell_.output_queued();
    codec.queue_output(output);
  });
}

void Worker::flush(const hfi::cmd::Flush& command) {
  const hfi::msg::Flushed flushed{command.direction, command.generation};
  if (codec_ == nullptr) return send(0, flushed);
  post([this, flushed](Codec& codec) {
    codec.flush(flushed.direction);
    bell_.rung();
    bell_.expect_first();
    report(Cookie{}, flushed);
  });
}

void Worker::post(CodecThread::Task task) {
  if (codec_ == nullptr) return session_error(hfi::WireStatus::kState, "a command that needs CONFIGURE first");
  if (thread_.post(std::move(task))) return;
  endpoint_.last_words("worker: the host sends commands faster than they can be obeyed");
  end_ = End::kProtocol;
}

void Worker::session_error(hfi::WireStatus status, const std::string& text) {
  if (over_.exchange(true)) return;
  send(0, hfi::msg::SessionError{status, text});
}

void Worker::send(uint64_t cookie, hfi::msg::Body body, Bell bell) {
  if (endpoint_.send({cookie, std::move(body)}, bell) != hfi::FirmwareEndpoint::SendOutcome::kPeerGone) return;
  host_gone_ = true;
  endpoint_.nudge();
}

// ---- the codec's events: codec thread ----

void Worker::report(Cookie cookie, hfi::msg::Body body, Bell bell) {
  thread_.pause_clock();  // a host that doesn't read isn't a codec that hangs
  send(static_cast<uint64_t>(cookie), std::move(body), bell);
  thread_.resume_clock();
}

void Worker::input_done(Cookie cookie, DoneStatus status) {
  report(cookie, hfi::msg::InputDone{hfi::status_of(status)}, bell_.input_done() ? Bell::kNow : Bell::kLater);
}

void Worker::output_done(const OutputDone& done) {
  report(done.cookie, hfi::message_of(done), bell_.output_done() ? Bell::kNow : Bell::kLater);
}

void Worker::format_changed(const StreamFormat& format, bool initial) {
  bell_.rung();
  bell_.expect_first();
  report(Cookie{}, hfi::message_of(format, initial));
}

void Worker::drained(DoneStatus status) {
  bell_.rung();
  bell_.expect_first();
  report(Cookie{}, hfi::msg::Drained{hfi::status_of(status)});
}

void Worker::failed(const Error& error) {
  session_error(error.code == EOPNOTSUPP ? hfi::WireStatus::kUnsupported
                : error.code == ENOMEM   ? hfi::WireStatus::kNoMemory
                                         : hfi::WireStatus::kInternal,
                error.reason);
}

}  // namespace softvpu::firmware
