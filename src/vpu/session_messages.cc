// SPDX-License-Identifier: LGPL-2.1-or-later
// What the firmware says, message by message, checked against the session's state and books. docs/hfi.md, "Whom to believe".
// Part of SessionCore; runs on the loop thread.
#include <utility>

#include "base/log.h"
#include "vpu/convert.h"
#include "vpu/session_core.h"

namespace softvpu::vpu {

using codec::Direction;
using codec::DoneStatus;

namespace {

constexpr size_t kMessagesAtOnce = SVPU_MESSAGE_SLOTS;
constexpr int kRoundsAtOnce = 4;

}  // namespace

// Thread: session loop, mutex held. One function per message; each checks, then notes, then says.
struct SessionCore::Taker {
  SessionCore& core;
  const uint64_t cookie;

  bool allowed(svpu_session_trigger what) const {
    const svpu_turn verdict = core.take(what);
    if (verdict == SVPU_TURN_OFFENCE) core.violation(std::string(svpu_session_trigger_name(what)) + " isn't due");
    return verdict == SVPU_TURN_ACCEPTED;
  }
  bool holds(const Status& check) const {
    if (!check) core.violation(check.error().reason);
    return check.has_value();
  }

  void operator()(const hfi::Unknown& message) const {
    if (!allowed(SVPU_SAID_OTHER)) return;
    if (!core.unasked_messages_.take(core.now()))
      core.violation("too many messages of unknown types in a second, the last " + std::to_string(message.type));
  }

  void operator()(const hfi::msg::Ready& message) const {
    if (!allowed(SVPU_SAID_READY)) return;
    core.watchdog_.answered();
    core.watchdog_.ready(core.now());
    if (log_enabled(LogLevel::kInfo)) {
      log_line(LogLevel::kInfo, "session: %s is ready: %s, version %u, %s", core.link_->description().c_str(),
               message.name.c_str(), message.version, (message.jail & SVPU_JAIL_SECCOMP) != 0 ? "jailed" : "NOT jailed");
    }
  }

  void operator()(const hfi::msg::Codec&) const { (void)allowed(SVPU_SAID_CAPABILITY); }
  void operator()(const hfi::msg::RawFormat&) const { (void)allowed(SVPU_SAID_CAPABILITY); }
  void operator()(const hfi::msg::Control&) const { (void)allowed(SVPU_SAID_CAPABILITY); }
  void operator()(const hfi::msg::CapabilitiesEnd&) const { (void)allowed(SVPU_SAID_CAPABILITY); }

  void operator()(const hfi::msg::Configured& message) const {
    if (message.status == hfi::WireStatus::kOk) {
      if (allowed(SVPU_SAID_CONFIGURED)) core.watchdog_.answered();
      return;
    }
    const svpu_turn verdict = core.take(SVPU_SAID_REFUSED);
    if (verdict == SVPU_TURN_OFFENCE) core.violation("CONFIGURED isn't due");
    if (verdict == SVPU_TURN_FAILS)
      core.end_session(std::string("the firmware can't be configured so: ") + hfi::to_string(message.status));
  }

  void operator()(const hfi::msg::FormatChanged& message) const {
    if (core.setup_.config.role != codec::Role::kDecoder) return core.violation("FORMAT_CHANGED from what isn't a decoder");
    const auto format = from_wire(message, core.setup_.codec);
    if (!format) return core.violation(format.error().reason);
    if (!allowed(SVPU_SAID_FORMAT_CHANGED)) return;
    if (!core.unasked_messages_.take(core.now())) return core.violation("the format changes too often in a second");
    core.say(FormatChangedEvent{*format, message.initial});
  }

  void operator()(const hfi::msg::InputDone& message) const {
    if (!allowed(SVPU_SAID_INPUT_DONE)) return;
    const DoneStatus status = hfi::status_of(message.status);
    if (!holds(core.buffers_.finish_input(codec::Cookie{cookie}, status))) return;
    ++core.counters_.inputs;
    core.say(InputDoneEvent{codec::Cookie{cookie}, status});
  }

  void operator()(const hfi::msg::OutputDone& message) const {
    const codec::OutputDone done = hfi::value_of(codec::Cookie{cookie}, message);
    if (!allowed(done.status == DoneStatus::kCancelled ? SVPU_SAID_OUTPUT_RETURNED : SVPU_SAID_FRAME)) return;
    if (!holds(core.buffers_.finish_output(done))) return;
    if (done.status != DoneStatus::kCancelled) core.counters_.add_frame(message);
    core.say(done);
  }

  void operator()(const hfi::msg::Drained& message) const {
    if (allowed(SVPU_SAID_DRAINED)) core.say(DrainedEvent{hfi::status_of(message.status)});
  }

  void operator()(const hfi::msg::Flushed& message) const {
    const Direction side = message.direction == hfi::Direction::kInput ? Direction::kInput : Direction::kOutput;
    if (!allowed(side == Direction::kInput ? SVPU_SAID_FLUSHED_INPUT : SVPU_SAID_FLUSHED_OUTPUT)) return;
    if (!holds(core.buffers_.end_flush(side, message.generation))) return;
    core.watchdog_.answered();
    core.say(FlushedEvent{side, message.generation});
  }

  // The memory is the client's as long as anybody maps it: there is nothing to do.
  void operator()(const hfi::msg::Unmapped& message) const {
    if (!allowed(SVPU_SAID_UNMAPPED)) return;
    if (message.direction == Direction::kParameters) return core.violation("UNMAPPED names parameters, of which there are none");
    (void)holds(core.buffers_.end_unmap(message.direction, {message.buffer.index, message.buffer.generation}));
  }

  void operator()(const hfi::msg::Pong&) const {
    if (!allowed(SVPU_SAID_OTHER)) return;
    if (cookie != core.next_pong_ || cookie >= core.next_ping_) return core.violation("PONG without its ping");
    ++core.next_pong_;
    core.watchdog_.ponged();
  }

  void operator()(const hfi::msg::SessionError& message) const { error(hfi::to_string(message.status), message.text); }
  void operator()(const hfi::msg::SystemError& message) const { error(hfi::to_string(message.status), message.text); }
  void operator()(const hfi::msg::DebugText&) const { core.violation("DEBUG_TEXT outside of its ring"); }

 private:
  void error(const char* status, const std::string& text) const {
    core.fail_session(SVPU_SAID_ERROR, "the firmware gave up (" + std::string(status) + "): " + text);
  }
};

void SessionCore::take_message(const hfi::Message& message) {
  if (log_enabled(LogLevel::kMessage)) {
    log_line(LogLevel::kMessage, "session: %s", hfi::describe(message).c_str());
  }
  ++counters_.messages;
  std::visit(Taker{*this, message.cookie}, message.body);
  if (!over()) watchdog_.heard(now());
}

size_t SessionCore::pump_in(size_t most) {
  size_t count = 0;
  while (count < most && link_ && !over()) {
    const hfi::HostLink::Received received = link_->receive();
    switch (received.outcome) {
      case hfi::HostLink::ReceiveOutcome::kEmpty:
        return count;
      case hfi::HostLink::ReceiveOutcome::kMessage:
        take_message(received.message);
        break;
      case hfi::HostLink::ReceiveOutcome::kMalformed:
        violation("malformed message: " + received.complaint);
        break;
      case hfi::HostLink::ReceiveOutcome::kCorrupt:
        violation("corrupt ring: " + received.complaint);
        break;
    }
    ++count;
  }
  return count;
}

// A ring of the firmware's; on_doorbell() also runs without one.
void SessionCore::on_bell() {
  {
    const Lock lock(mutex_);
    ++counters_.doorbells;
  }
  on_doorbell();
}

void SessionCore::on_doorbell() {
  {
    const Lock lock(mutex_);
    if (!link_ || over()) return;
    size_t total = 0;
    bool asleep = false;
    for (int round = 0; round < kRoundsAtOnce && !over() && !asleep; ++round) {
      const size_t count = pump_in(kMessagesAtOnce);
      total += count;
      pump_out();
      asleep = !over() && count < kMessagesAtOnce && link_->prepare_sleep(ring_full_);
    }
    if (!over() && total == 0 && !empty_wakes_.take(now())) violation("rings the doorbell for nothing, too often in a second");
    if (log_enabled(LogLevel::kInfo)) log_debug_lines();
    // Somebody else's turn on the loop; then go on.
    if (!over() && !asleep) later(&SessionCore::on_doorbell);
    arm_watchdog();
  }
  tell_events();
}

void SessionCore::on_hangup() {
  {
    const Lock lock(mutex_);
    if (!link_) return;
    // What it said before it died counts.
    pump_in(2 * SVPU_MESSAGE_SLOTS);
    const std::string last_words = link_->last_words();
    peer_dead_ = true;
    if (dying_) give_back();
    fail_session(SVPU_PEER_DIED, link_->description() + " died" + (last_words.empty() ? "" : "; its last words: " + last_words));
    link_->reap();
    let_go_of_link();
  }
  tell_events();
}

void SessionCore::log_debug_lines() {
  if (!link_ || !log_enabled(LogLevel::kInfo)) return;
  std::string line;
  const std::string name = link_->description();
  for (uint32_t count = 0; count < SVPU_DEBUG_SLOTS && link_->next_debug_line(line); ++count) {
    if (!debug_lines_.take(now())) {
      ++debug_lines_left_out_;
      continue;
    }
    if (debug_lines_left_out_ > 0) {
      log_line(LogLevel::kInfo, "%s: %llu lines were left out", name.c_str(),
               static_cast<unsigned long long>(std::exchange(debug_lines_left_out_, 0)));
    }
    log_line(LogLevel::kInfo, "%s: %s", name.c_str(), line.c_str());
  }
}

void SessionCore::log_end() {
  if (!link_ || end_logged_) return;
  end_logged_ = true;
  log_counters(counters_, *link_);
}

}  // namespace softvpu::vpu
