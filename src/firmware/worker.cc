// SPDX-License-Identifier: GPL-2.0-or-later
// The dispatcher: see worker.h.
#include "firmware/worker.h"

#include <cstdlib>

#include "firmware/last_words.h"
#include "firmware/wire.h"
#include "hfi/values.h"

namespace softvpu::firmware {
namespace {

constexpr uint32_t kVersion = 0x000100;  // 0.1.0
// While the decode thread is at work it reads the commands itself, and the host doesn't ring: this long may a ping wait.
constexpr Duration kNap = std::chrono::milliseconds(100);

template <typename... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overload(Handlers...) -> Overload<Handlers...>;  // clang 14 doesn't deduce aggregates

}  // namespace

Worker::Worker(hfi::FirmwareEndpoint& endpoint, Options options)
    : endpoint_(endpoint), options_(options), buffers_([this](hfi::Direction direction, hfi::BufferName buffer) {
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
      if (const auto end = watch()) return *end;
    }
  }
}

hfi::FirmwareEndpoint::Wake Worker::sleep() {
  if (decode_.busy()) return endpoint_.sleep(kNap);  // it arms the endpoint before it sleeps itself
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
  decode_.run_by_hand();
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
                 [&](const cmd::SetControl& c) { endpoint_.debug("ignored control 0x%08x: decoders have none to set", c.id); },
                 [&](const cmd::MapBuffer& c) { map_buffer(c); },
                 [&](const cmd::UnmapBuffer& c) { unmap_buffer(c); },
                 [&](const cmd::SetLayout& c) { set_layout(c); },
                 [&](const cmd::QueueInput& c) { queue_input(command.cookie, c); },
                 [&](const cmd::QueueOutput& c) { queue_output(command.cookie, c); },
                 [&](const cmd::Start&) { post([this](Decoder&) { decode_.begin_stepping(); }); },
                 [&](const cmd::Flush& c) { flush(c); },
                 [&](const cmd::Drain&) { post([](Decoder& decoder) { decoder.drain(); }); },
                 [&](const cmd::Resume&) { post([](Decoder& decoder) { decoder.resume(); }); },
                 [&](const cmd::ReturnOutput&) { post([](Decoder& decoder) { decoder.return_output(); }); },
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
  if (decode_.busy_for() < options_.step_limit) return std::nullopt;
  const std::string text = "one access unit takes longer than " +
                           std::to_string(std::chrono::duration_cast<std::chrono::seconds>(options_.step_limit).count()) +
                           " s to decode";
  endpoint_.last_words("worker: " + text);
  (void)endpoint_.try_send({0, hfi::msg::SystemError{hfi::WireStatus::kInternal, text}});
  return End::kStuck;
}

void Worker::answer_capabilities() {
  if (configured_) return session_error(hfi::WireStatus::kState, "QUERY_CAPABILITIES after CONFIGURE");
  for (hfi::msg::Body& message : capability_messages()) send(0, std::move(message));
}

std::vector<hfi::msg::Body> capability_messages() {
  std::vector<hfi::msg::Body> all;
  for (const CodecInfo& codec : decoder_catalog()) {
    for (hfi::msg::Body& message : hfi::messages_of(codec)) all.push_back(std::move(message));
  }
  all.emplace_back(hfi::msg::CapabilitiesEnd{});
  return all;
}

hfi::msg::Ready ready_message(uint32_t jail) { return {.version = kVersion, .jail = jail, .name = firmware_name()}; }

void Worker::configure(const hfi::cmd::Configure& command) {
  const auto answer = [&](hfi::WireStatus status) { send(0, hfi::msg::Configured{status}); };
  if (configured_) return answer(hfi::WireStatus::kState);
  if (command.role != hfi::Role::kDecoder) return answer(hfi::WireStatus::kUnsupported);
  auto decoder = make_decoder({.coded = static_cast<FourCC>(command.coded),
                               .threads = command.threads,
                               .size_hint = {command.width_hint, command.height_hint},
                               .wake = [this] { decode_.wake(); }},
                              *this);
  if (!decoder) {
    endpoint_.debug("CONFIGURE: %s", decoder.error().reason.c_str());
    return answer(decoder.error().code == ENOMEM ? hfi::WireStatus::kNoMemory : hfi::WireStatus::kUnsupported);
  }
  configured_ = true;
  test_ = command.test;
  if (options_.by_hand) {
    decode_.start_by_hand(std::move(*decoder));
  } else {
    decode_.start(std::move(*decoder), {[this] { between_steps(); }, [this] { before_sleep(); }});
  }
  set_activity("decoding");
  answer(hfi::WireStatus::kOk);
}

void Worker::map_buffer(const hfi::cmd::MapBuffer& command) {
  if (command.direction == hfi::Direction::kParameters)
    return session_error(hfi::WireStatus::kUnsupported, "MAP_BUFFER of parameters: no codec here is stateless");
  auto memory = endpoint_.take_memory(command.direction, command.buffer);
  if (!memory) return session_error(hfi::WireStatus::kInvalid, memory.error().reason);
  if (const auto mapped = buffers_.map(command, std::move(*memory)); !mapped) {
    session_error(mapped.error().code == ENOMEM ? hfi::WireStatus::kNoMemory : hfi::WireStatus::kInvalid, mapped.error().reason);
  }
}

void Worker::unmap_buffer(const hfi::cmd::UnmapBuffer& command) {
  if (command.direction == hfi::Direction::kParameters || !buffers_.unmap(command.direction, command.buffer))
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
  post([layout = *layout](Decoder& decoder) { decoder.set_layout(layout); });
}

void Worker::queue_input(uint64_t cookie, const hfi::cmd::QueueInput& command) {
  const auto memory = buffers_.find(hfi::Direction::kInput, command.buffer);
  if (!memory || !configured_) return send(cookie, hfi::msg::InputDone{hfi::WireStatus::kInvalid});
  if (command.num_planes != 1 || command.output != 0 || command.parameters_generation != 0)
    return session_error(hfi::WireStatus::kUnsupported,
                         "QUEUE_INPUT: a decoder takes one plane, no parameters and no output of its own");
  const OutputMemory::Plane& plane = memory->plane[0];
  const auto [offset, bytes] = command.plane[0];
  if (uint64_t{offset} + bytes > plane.length) return send(cookie, hfi::msg::InputDone{hfi::WireStatus::kTooSmall});
  InputChunk chunk{.id = cookie, .tag = command.tag, .bytes = {plane.data + offset, bytes}, .owner = memory};
  post([this, chunk = std::move(chunk)](Decoder& decoder) {
    bell_.input_queued();
    decoder.queue_input(chunk);
  });
}

void Worker::queue_output(uint64_t cookie, const hfi::cmd::QueueOutput& command) {
  auto memory = buffers_.find(hfi::Direction::kOutput, command.buffer);
  if (!memory || !configured_) return send(cookie, hfi::msg::OutputDone{.status = hfi::WireStatus::kInvalid});
  post([this, buffer = OutputBuffer{.id = cookie, .memory = std::move(memory)}](Decoder& decoder) {
    bell_.output_queued();
    decoder.queue_output(buffer);
  });
}

void Worker::flush(const hfi::cmd::Flush& command) {
  if (!configured_) return send(0, hfi::msg::Flushed{command.direction, command.generation});
  post([this, command](Decoder& decoder) {
    decoder.flush(command.direction == hfi::Direction::kInput ? Side::kInput : Side::kOutput);
    bell_.rung();
    bell_.expect_first();
    report(0, hfi::msg::Flushed{command.direction, command.generation});
  });
}

void Worker::post(DecodeThread::Task task) {
  if (!configured_) return session_error(hfi::WireStatus::kState, "a command that needs CONFIGURE first");
  if (decode_.post(std::move(task))) return;
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

// ---- the decoder's events: decode thread ----

void Worker::report(uint64_t cookie, hfi::msg::Body body, Bell bell) {
  decode_.pause_clock();  // a host that doesn't read isn't a decoder that hangs
  send(cookie, std::move(body), bell);
  decode_.resume_clock();
}

void Worker::input_done(uint64_t id, DoneStatus status) {
  report(id, hfi::msg::InputDone{to_wire(status)}, bell_.input_done() ? Bell::kNow : Bell::kLater);
}

void Worker::output_done(const OutputDone& done) {
  report(done.id, to_wire(done), bell_.output_done() ? Bell::kNow : Bell::kLater);
}

void Worker::format_changed(const StreamInfo& info, bool initial) {
  bell_.rung();
  bell_.expect_first();
  report(0, hfi::message_of(info, initial));
}

void Worker::drained(DoneStatus status) {
  bell_.rung();
  bell_.expect_first();
  report(0, hfi::msg::Drained{to_wire(status)});
}

void Worker::failed(const Error& error) {
  session_error(error.code == EOPNOTSUPP ? hfi::WireStatus::kUnsupported
                : error.code == ENOMEM   ? hfi::WireStatus::kNoMemory
                                         : hfi::WireStatus::kInternal,
                error.reason);
}

}  // namespace softvpu::firmware
