// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's side of a session: verbs, sending, failing, ending. What the firmware says is in session_messages.cc.
#include "vpu/session_core.h"

#include <sys/epoll.h>

#include <algorithm>
#include <variant>

#include "base/log.h"
#include "vpu/convert.h"

namespace softvpu::vpu {

using codec::BufferHandle;
using codec::Cookie;
using codec::Direction;
using codec::DoneStatus;

namespace {

// When the firmware's socket has no room for a buffer's memory: nothing tells when there is.
constexpr Duration kSocketRetry = std::chrono::milliseconds(10);
// A killed worker is gone within milliseconds; one that the kernel itself holds mustn't hold the client, too.
constexpr Duration kDeathLimit = std::chrono::seconds(2);

}  // namespace

SessionCore::SessionCore(SessionSetup setup, std::weak_ptr<codec::SessionEvents> owner)
    : setup_(std::move(setup)), owner_(std::move(owner)), watchdog_(setup_.limits) {}

svpu_turn SessionCore::take(svpu_session_trigger what) { return svpu_session_step(&state_, what); }

Status SessionCore::take_verb(svpu_session_trigger what) {
  switch (take(what)) {
    case SVPU_TURN_ACCEPTED:
    case SVPU_TURN_IGNORED:
      return {};
    case SVPU_TURN_INVALID:
      return fail(EINVAL, std::string(svpu_session_trigger_name(what)) + " isn't possible now");
    default:
      if (dying_) return {};  // session.h, 6: EIO after failed()
      return fail(EIO, "the session has failed");
  }
}

Status SessionCore::map_buffer(Direction side, BufferHandle buffer, std::span<const codec::PlaneMemory> planes) {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  if (Status mapped = buffers_.map(side, buffer, planes); !mapped) return mapped;
  if (Status pushed = outbox_.push_map(to_wire(side, buffer, planes), planes); !pushed) {
    (void)buffers_.unmap(side, buffer);
    return pushed.error().code == ENOBUFS ? fail(ENOMEM, pushed.error().reason) : pushed;
  }
  pump_out();
  return {};
}

Status SessionCore::unmap_buffer(Direction side, BufferHandle buffer) {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  if (Status unmapped = buffers_.unmap(side, buffer); !unmapped) return unmapped;
  if (svpu_session_is_idle(&state_) && outbox_.drop_map(side, buffer)) return {};
  buffers_.begin_unmap();
  send({0, hfi::cmd::UnmapBuffer{side, to_wire(buffer)}});
  return {};
}

Status SessionCore::set_frame_layout(const FrameLayout& layout) {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  const auto& raw = setup_.codec.raw;
  if (std::find(raw.begin(), raw.end(), layout.fourcc) == raw.end())
    return fail(EINVAL, "the codec has no raw format " + to_string(layout.fourcc));
  auto command = to_wire(layout);
  if (!command) return Unexpected(command.error());
  send({0, *command});
  return {};
}

Status SessionCore::set_control(uint32_t id, int64_t value) {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  const auto& controls = setup_.codec.controls;
  const auto control = std::find_if(controls.begin(), controls.end(), [id](const ControlInfo& one) { return one.id == id; });
  if (control == controls.end()) return fail(EINVAL, "the codec has no control " + std::to_string(id));
  if (!takes(*control, value)) return fail(EINVAL, "control " + std::to_string(id) + " doesn't take " + std::to_string(value));
  send({0, hfi::cmd::SetControl{id, value}});
  return {};
}

Status SessionCore::set_frame_interval(FrameInterval interval) {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  if (setup_.config.role != Role::kEncoder) return fail(EINVAL, "only an encoder counts with a frame interval");
  if (interval.numerator == 0 || interval.denominator == 0) return fail(EINVAL, "a frame interval with a 0");
  send({0, hfi::cmd::SetInterval{interval.numerator, interval.denominator}});
  return {};
}

Status SessionCore::start() {
  const Lock lock(mutex_);
  svpu_session_state preview = state_;
  const svpu_turn verdict = svpu_session_step(&preview, SVPU_HOST_STARTS);
  if (verdict == SVPU_TURN_REFUSED) return fail(EIO, "the session has failed");
  if (verdict == SVPU_TURN_IGNORED) return {};
  if (Status started = setup_.loop->start(); !started) return started;
  auto link = setup_.make_link();
  if (!link) return Unexpected(link.error());
  link_ = std::move(*link);
  if (Status watched = watch_link(); !watched) {
    link_->kill();
    let_go_of_link();
    return watched;
  }
  (void)take(SVPU_HOST_STARTS);
  counters_.own_faults_at_start = own_page_faults();
  setup_.statistics->sessions_started.fetch_add(1, std::memory_order_relaxed);
  if (log_enabled(LogLevel::kInfo)) log_line(LogLevel::kInfo, "session: %s started", link_->description().c_str());
  outbox_.push_front({0, to_wire(setup_.config, setup_.test_commands)});
  watchdog_.expect_answer(now());  // READY
  watchdog_.expect_answer(now());  // CONFIGURED
  send({0, hfi::cmd::Start{}});
  later(&SessionCore::on_doorbell);  // goes to sleep properly
  return {};
}

Status SessionCore::queue_input(const codec::InputChunk& chunk) {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  if (Status queued = buffers_.queue_input(chunk); !queued) return queued;
  note_depth(Direction::kInput);
  // From here on the books answer for the buffer, even if sending fails.
  send({static_cast<uint64_t>(chunk.cookie), to_wire(chunk)});
  return {};
}

Status SessionCore::queue_output(BufferHandle buffer, Cookie cookie) {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  if (Status queued = buffers_.queue_output(buffer, cookie); !queued) return queued;
  note_depth(Direction::kOutput);
  send({static_cast<uint64_t>(cookie), hfi::cmd::QueueOutput{to_wire(buffer)}});
  return {};
}

void SessionCore::note_depth(Direction side) {
  size_t& deepest = counters_.deepest[static_cast<size_t>(side)];
  deepest = std::max(deepest, buffers_.under_way(side));
}

Status SessionCore::resume() {
  const Lock lock(mutex_);
  const svpu_turn verdict = take(SVPU_HOST_RESUMES);
  if (verdict == SVPU_TURN_REFUSED && !dying_) return fail(EIO, "the session has failed");
  if (verdict == SVPU_TURN_ACCEPTED) send({0, hfi::cmd::Resume{}});
  return {};
}

Status SessionCore::drain() {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_DRAINS); !taken) return taken;
  send({0, hfi::cmd::Drain{}});
  return {};
}

Status SessionCore::return_output() {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  if (!buffers_.outputs_under_way()) return {};
  if (!svpu_session_is_idle(&state_)) {
    buffers_.begin_return();
    send({0, hfi::cmd::ReturnOutput{}});
    return {};
  }
  if (Status started = setup_.loop->start(); !started) return started;
  if (const auto cookie = buffers_.take_output()) {
    outbox_.drop_queueing(*cookie);
    say(codec::OutputDone{.cookie = *cookie, .status = DoneStatus::kCancelled});
  }
  return {};
}

Status SessionCore::flush(Direction side, uint32_t generation) {
  const Lock lock(mutex_);
  const bool idle = svpu_session_is_idle(&state_);
  if (idle) {
    if (Status started = setup_.loop->start(); !started) return started;
  }
  if (Status taken = take_verb(side == Direction::kInput ? SVPU_HOST_FLUSHES_INPUT : SVPU_HOST_FLUSHES_OUTPUT); !taken)
    return taken;
  if (idle) return flush_before_start(side, generation);
  buffers_.begin_flush(side, generation);
  watchdog_.expect_flushed(now());
  send({0, hfi::cmd::Flush{side, generation}});
  return {};
}

// No firmware has seen anything: the host answers.
Status SessionCore::flush_before_start(Direction side, uint32_t generation) {
  outbox_.drop_queueings(side);
  if (side == Direction::kInput) outbox_.drop_drains();
  for (const Cookie cookie : buffers_.take_all(side)) {
    if (side == Direction::kInput) {
      say(InputDoneEvent{cookie, DoneStatus::kCancelled});
    } else {
      say(codec::OutputDone{.cookie = cookie, .status = DoneStatus::kCancelled});
    }
  }
  say(FlushedEvent{side, generation});
  return {};
}

Status SessionCore::crash() {
  const Lock lock(mutex_);
  if (Status taken = take_verb(SVPU_HOST_QUEUES); !taken) return taken;
  send({0, hfi::cmd::Crash{}});
  return {};
}

void SessionCore::give_up(const std::string& reason) {
  const Lock lock(mutex_);
  fail_session(SVPU_PEER_GIVEN_UP, reason);
}

// A failure to send isn't the verb's: it ends the session, and the events say so.
void SessionCore::send(const hfi::Command& command) {
  if (dying_) return;
  if (!std::holds_alternative<hfi::cmd::Ping>(command.body)) watchdog_.commanded();
  if (Status pushed = outbox_.push(command); !pushed) {
    fail_session(SVPU_PEER_GIVEN_UP, pushed.error().reason);
    return;
  }
  pump_out();
}

void SessionCore::pump_out() {
  if (!link_ || over()) return;
  const Outbox::Outcome outcome = outbox_.pump(link_.get());
  ring_full_ = outcome == Outbox::Outcome::kRingFull;
  switch (outcome) {
    case Outbox::Outcome::kEmpty:
      break;
    case Outbox::Outcome::kRingFull:
      if (!link_->prepare_sleep(true)) later(&SessionCore::on_doorbell);
      break;
    case Outbox::Outcome::kSocketFull:
      if (!retry_armed_) {
        retry_armed_ = true;
        setup_.loop->schedule(kSocketRetry, [weak = weak_from_this()] {
          if (const auto self = weak.lock()) self->on_retry();
        });
      }
      break;
    case Outbox::Outcome::kPeerGone:
      fail_session(SVPU_PEER_DIED, link_->description() + " takes no more commands");
      return;
  }
  arm_watchdog();
}

Status SessionCore::watch_link() {
  // The doorbell's callback doesn't keep the core alive; the hang-up's does, so that the worker's end is always attended to.
  auto doorbell = setup_.loop->watch(link_->doorbell_fd(), EPOLLIN | EPOLLET, [weak = weak_from_this()](uint32_t) {
    if (const auto self = weak.lock()) self->on_bell();
  });
  if (!doorbell) return Unexpected(doorbell.error());
  doorbell_watch_ = *doorbell;
  auto hangup = setup_.loop->watch(link_->hangup_fd(), EPOLLIN, [self = shared_from_this()](uint32_t) { self->on_hangup(); });
  if (!hangup) return Unexpected(hangup.error());
  hangup_watch_ = *hangup;
  return {};
}

// Thread: session loop; or start(), before anything ran.
void SessionCore::let_go_of_link() {
  if (doorbell_watch_) setup_.loop->unwatch(*doorbell_watch_);
  if (hangup_watch_) setup_.loop->unwatch(*hangup_watch_);
  doorbell_watch_.reset();
  hangup_watch_.reset();
  link_.reset();
}

void SessionCore::arm_watchdog() {
  const bool running = svpu_session_is_under_way(&state_);
  watchdog_.set_busy(running && (buffers_.any_under_way() || svpu_session_owes_drain(&state_) || !outbox_.empty()), now());
  const bool has_work =
      !svpu_session_is_paused(&state_) && buffers_.under_way(Direction::kInput) > 0 && buffers_.under_way(Direction::kOutput) > 0;
  watchdog_.set_able(has_work || svpu_session_owes_drain(&state_) || !outbox_.empty());
  const auto at = watchdog_.check_at();
  // A timer that fires too early only looks again; one that would fire too late is replaced.
  if (!running || !at || (watchdog_at_ && *watchdog_at_ <= *at)) return;
  watchdog_at_ = at;
  setup_.loop->schedule(*at - now(), [weak = weak_from_this(), timer = ++watchdog_timer_] {
    if (const auto self = weak.lock()) self->on_watchdog(timer);
  });
}

void SessionCore::on_watchdog(uint64_t timer) {
  {
    const Lock lock(mutex_);
    if (timer != watchdog_timer_) return;
    watchdog_at_.reset();
    if (!link_ || over()) return;
    // What the worker said while we were busy or stopped ourselves counts.
    pump_in(2 * SVPU_MESSAGE_SLOTS);
    if (!over()) {
      switch (watchdog_.check(now())) {
        case Watchdog::Decision::kWait:
          break;
        case Watchdog::Decision::kPing:
          send({next_ping_++, hfi::cmd::Ping{}});
          break;
        case Watchdog::Decision::kGiveUp:
          setup_.statistics->watchdog_kills.fetch_add(1, std::memory_order_relaxed);
          fail_session(SVPU_PEER_GIVEN_UP, link_->description() + " hangs: " + watchdog_.reason());
          break;
      }
      pump_out();
    }
  }
  tell_events();
}

void SessionCore::on_retry() {
  const Lock lock(mutex_);
  retry_armed_ = false;
  pump_out();
}

void SessionCore::violation(const std::string& what) {
  setup_.statistics->protocol_violations.fetch_add(1, std::memory_order_relaxed);
  fail_session(SVPU_PEER_GIVEN_UP, (link_ ? link_->description() : "the firmware") + " broke the protocol: " + what);
}

void SessionCore::fail_session(svpu_session_trigger why, const std::string& reason) {
  if (take(why) == SVPU_TURN_FAILS) end_session(reason);
}

void SessionCore::end_session(const std::string& reason) {
  setup_.statistics->sessions_failed.fetch_add(1, std::memory_order_relaxed);
  log_debug_lines();
  log_end();
  log_line(LogLevel::kError, "session failed: %s", reason.c_str());
  outbox_.clear();
  end_reason_ = reason;
  if (!link_ || peer_dead_) return give_back();
  link_->kill();
  dying_ = true;
  setup_.loop->schedule(kDeathLimit, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_death_limit();
  });
}

void SessionCore::on_death_limit() {
  {
    const Lock lock(mutex_);
    if (!dying_) return;
    log_line(LogLevel::kError, "session: %s was killed and doesn't die", link_->description().c_str());
    give_back();
  }
  tell_events();
}

void SessionCore::give_back() {
  dying_ = false;
  outbox_.clear();
  for (const Cookie cookie : buffers_.take_all(Direction::kInput)) say(InputDoneEvent{cookie, DoneStatus::kCancelled});
  for (const Cookie cookie : buffers_.take_all(Direction::kOutput)) {
    say(codec::OutputDone{.cookie = cookie, .status = DoneStatus::kCancelled});
  }
  for (const auto& flush : buffers_.take_flushes()) say(FlushedEvent{flush.side, flush.generation});
  say(FailedEvent{Error{EIO, end_reason_}});
}

void SessionCore::say(Event event) {
  events_.push_back(std::move(event));
  if (!telling_) {
    telling_ = true;
    later(&SessionCore::on_posted_events);
  }
}

void SessionCore::on_posted_events() {
  {
    const Lock lock(mutex_);
    telling_ = false;
  }
  tell_events();
}

void SessionCore::tell_events() {
  while (true) {
    std::shared_ptr<codec::SessionEvents> owner;
    std::optional<Event> event;
    {
      const Lock lock(mutex_);
      if (events_.empty()) return;
      event = std::move(events_.front());
      events_.pop_front();
      owner = owner_.lock();
    }
    if (owner) tell(*owner, *event);
  }
}

void SessionCore::close() {
  const Lock lock(mutex_);
  (void)take(SVPU_HOST_CLOSES);
  dying_ = false;
  outbox_.clear();
  events_.clear();
  if (!link_) return;
  log_end();
  link_->kill();
  later(&SessionCore::on_closed);
}

// The doorbell is of no interest any more; the hang-up's watch stays until the worker is really dead.
void SessionCore::on_closed() {
  const Lock lock(mutex_);
  if (doorbell_watch_) setup_.loop->unwatch(*doorbell_watch_);
  doorbell_watch_.reset();
}

void SessionCore::later(void (SessionCore::*fn)()) {
  setup_.loop->post([self = shared_from_this(), fn] { (self.get()->*fn)(); });
}

}  // namespace softvpu::vpu
