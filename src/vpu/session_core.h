// SPDX-License-Identifier: LGPL-2.1-or-later
// One session over a HostLink. It lives as long as its owner or the event loop still uses it.
// VpuSession forwards the seam's verbs to it. docs/hfi.md; contract: codec/session.h.
//
// Threads: verbs come from the owner (any thread, one at a time), on_*() from the event loop. One
// mutex guards everything. It is never held while an event is delivered or an event-loop callback
// is removed, so the owner's own lock may be held, or taken, in both cases.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "base/event_loop.h"
#include "base/rate_limit.h"
#include "codec/session.h"
#include "core/session_state.h"
#include "hfi/link.h"
#include "vpu/buffers.h"
#include "vpu/event.h"
#include "vpu/outbox.h"
#include "vpu/session_counters.h"
#include "vpu/statistics.h"
#include "vpu/watchdog.h"

namespace softvpu::vpu {

// Starts a firmware for one session. Errors: those of Session::start().
using LinkFactory = std::function<Result<std::unique_ptr<hfi::HostLink>>()>;

struct SessionSetup {
  codec::SessionConfig config;
  codec::CodecInfo codec;
  LinkFactory make_link;
  WatchdogLimits limits;
  EventLoop* loop = nullptr;
  std::shared_ptr<Statistics> statistics;
  bool test_commands = false;  // SVPU_CONFIG_TEST
  const Clock* clock = &system_clock();
};

class SessionCore : public std::enable_shared_from_this<SessionCore> {
 public:
  SessionCore(SessionSetup setup, std::weak_ptr<codec::SessionEvents> owner);

  // The verbs of codec::Session.
  Status map_buffer(codec::Direction side, codec::BufferHandle buffer, std::span<const codec::PlaneMemory> planes);
  Status unmap_buffer(codec::Direction side, codec::BufferHandle buffer);
  Status set_frame_layout(const FrameLayout& layout);
  Status set_control(uint32_t id, int64_t value);
  Status set_frame_interval(FrameInterval interval);
  Status start();
  Status queue_input(const codec::InputChunk& chunk);
  Status queue_output(codec::BufferHandle buffer, codec::Cookie cookie);
  Status resume();
  Status drain();
  Status return_output();
  Status flush(codec::Direction side, uint32_t generation);
  void give_up(const std::string& reason);

  // Called when the owner is destroyed: kills the worker and returns at once. No event starts after
  // it; one that has already started on the loop thread may still be running. The rest is torn down
  // on the loop thread.
  void close();

  // For tests: asks the firmware to crash. Errors: EIO.
  Status crash();

 private:
  using Lock = std::unique_lock<std::mutex>;

  // The functions below need the mutex held, unless stated otherwise.
  svpu_turn take(svpu_session_trigger what);
  Status take_verb(svpu_session_trigger what);
  void send(const hfi::Command& command);
  void pump_out();
  Status watch_link();
  void arm_watchdog();
  TimePoint now() const { return setup_.clock->now(); }
  bool over() const { return svpu_session_is_over(&state_); }

  // Reads at most `most` messages from the firmware; returns how many it read.
  size_t pump_in(size_t most);
  struct Taker;  // one function per message
  void take_message(const hfi::Message& message);

  void violation(const std::string& what);
  void fail_session(svpu_session_trigger why, const std::string& reason);
  // The state is already "failed": kills the firmware, and returns all buffers once it is dead.
  void end_session(const std::string& reason);
  // Returns every buffer, then reports failed().
  void give_back();
  Status flush_before_start(codec::Direction side, uint32_t generation);
  void say(Event event);
  void log_debug_lines();
  void note_depth(codec::Direction side);
  // The counters, once.
  void log_end();
  void let_go_of_link();

  // Thread: session loop; mutex not held.
  void on_bell();
  void on_doorbell();
  void on_hangup();
  void on_watchdog(uint64_t timer);
  void on_retry();
  void on_death_limit();
  void on_posted_events();
  void tell_events();
  void on_closed();

  // Runs `fn` soon on the loop thread.
  void later(void (SessionCore::*fn)());

  const SessionSetup setup_;
  const std::weak_ptr<codec::SessionEvents> owner_;

  std::mutex mutex_;  // guards all that follows
  svpu_session_state state_{};
  std::unique_ptr<hfi::HostLink> link_;
  Buffers buffers_;
  Outbox outbox_;
  Watchdog watchdog_;
  std::deque<Event> events_;
  bool peer_dead_ = false;
  // The worker was killed after a failure but hasn't been seen dead: it may still write into the
  // buffers, so they still count as in flight. Verbs are accepted and do nothing.
  bool dying_ = false;
  std::string end_reason_;
  bool telling_ = false;  // on_posted_events() is posted and hasn't begun
  std::optional<EventLoop::WatchId> doorbell_watch_;
  std::optional<EventLoop::WatchId> hangup_watch_;
  bool ring_full_ = false;                // commands wait for room in the ring
  std::optional<TimePoint> watchdog_at_;  // of the newest timer
  uint64_t watchdog_timer_ = 0;           // its number; older timers that still fire are ignored
  bool retry_armed_ = false;
  uint64_t next_ping_ = 1;  // cookies of pings count up, and PONGs must do the same
  uint64_t next_pong_ = 1;
  // What a firmware may do although nobody asked for it. docs/hfi.md, "Whom to believe".
  RateLimit unasked_messages_{1000};  // of unknown types (a later minor version may add some), and FORMAT_CHANGED
  RateLimit empty_wakes_{10'000};     // doorbells without a message; a few are normal: a ring for a sleep that had already ended
  RateLimit debug_lines_{200};        // that are printed
  uint64_t debug_lines_left_out_ = 0;
  SessionCounters counters_;
  bool end_logged_ = false;
};

}  // namespace softvpu::vpu
