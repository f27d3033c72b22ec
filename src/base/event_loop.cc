// SPDX-License-Identifier: LGPL-2.1-or-later
// The helper thread: one epoll set, one eventfd to wake it, a queue of functions, a list of timers.
// Called by vpu (doorbells, watchdog) and by front/preload (readiness of the clients' descriptors).
#include "base/event_loop.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/library_fds.h"
#include "base/log.h"
#include "base/on_first_use.h"
#include "base/raw_syscall.h"
#include "base/unique_fd.h"

namespace softvpu {
namespace {

constexpr int kEventsAtOnce = 32;
constexpr uint64_t kWakeId = 0;  // epoll data of the eventfd; watches and timers count from 1

// Never reused, so that an id from before a fork or a restart names nothing.
uint64_t next_id() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

using Function = std::function<void()>;
using Ready = std::function<void(uint32_t)>;

struct Watch {
  int fd = -1;
  uint32_t events = 0;
  std::shared_ptr<Ready> ready;
};

struct Timer {
  uint64_t id = 0;
  Function fn;
};

}  // namespace

struct EventLoop::State {
  std::mutex mutex;
  // Guarded by mutex.
  UniqueFd epoll;
  UniqueFd wake;
  bool started = false;
  bool by_hand = false;  // no thread; turn() does its work
  bool stopping = false;
  pthread_t thread{};
  std::unordered_map<WatchId, Watch> watches;
  std::multimap<TimePoint, Timer> timers;
  std::deque<Function> posted;
  uint64_t running = 0;  // id of the watch or timer whose callback runs now; 0: none

  // Counts finished callbacks; unwatch() and cancel() sleep on it. Pairs: store under the mutex, futex wait in
  // wait_while_running().
  std::atomic<uint32_t> finished{0};
  // The loop's thread id, 0 before it runs. Written by the loop, read by on_loop_thread().
  std::atomic<int> thread_id{0};

  __attribute__((noinline)) Status open_descriptors();  // its frame is gone when pthread_create() needs some stack
  void ring();
  void wait_while_running(std::unique_lock<std::mutex>& lock, uint64_t id);
  void finish();
  int next_timeout_ms() const;
  void run_due_timers();
  void run_posted();
  void run_watch(const epoll_event& event);
  bool run_round(bool may_wait);
  void run();
  static void* thread_main(void* state);
};

// Makes the epoll set and its eventfd if they aren't there. Mutex held.
Status EventLoop::State::open_descriptors() {
  if (epoll) return {};
  const library_fds::Birth birth;
  const int set = raw::epoll_create();
  if (set < 0) return fail(-set, "epoll_create1");
  UniqueFd new_epoll = raise_fd(UniqueFd(set));
  const int event_fd = raw::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) return fail(-event_fd, "eventfd");
  UniqueFd new_wake = raise_fd(UniqueFd(event_fd));
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeId}};
  if (const int error = raw::epoll_ctl(new_epoll.get(), EPOLL_CTL_ADD, new_wake.get(), &event); error < 0) {
    return fail(-error, "adding the wake-up eventfd to epoll");
  }
  epoll = std::move(new_epoll);
  wake = std::move(new_wake);
  return {};
}

// Makes epoll_wait() return. Mutex held.
void EventLoop::State::ring() {
  const uint64_t one = 1;
  if (wake) raw::write(wake.get(), &one, sizeof one);
}

void EventLoop::State::wait_while_running(std::unique_lock<std::mutex>& lock, uint64_t id) {
  if (thread_id.load(std::memory_order_relaxed) == raw::gettid()) return;
  while (running == id) {
    const uint32_t seen = finished.load(std::memory_order_relaxed);
    lock.unlock();
    raw::futex_wait(&finished, seen);
    lock.lock();
  }
}

// Mutex held.
void EventLoop::State::finish() {
  running = 0;
  finished.fetch_add(1, std::memory_order_release);
  raw::futex_wake(&finished, std::numeric_limits<int>::max());
}

// For epoll_wait(); rounded up, so that a timer is due when it returns. Mutex held.
int EventLoop::State::next_timeout_ms() const {
  if (stopping || !posted.empty()) return 0;
  if (timers.empty()) return -1;
  const Duration left = timers.begin()->first - system_clock().now();
  if (left <= Duration::zero()) return 0;
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<int64_t>(milliseconds, std::numeric_limits<int>::max()));
}

void EventLoop::State::run_due_timers() {
  const TimePoint now = system_clock().now();
  std::unique_lock lock(mutex);
  while (!stopping && !timers.empty() && timers.begin()->first <= now) {
    Timer timer = std::move(timers.begin()->second);
    timers.erase(timers.begin());
    running = timer.id;
    lock.unlock();
    timer.fn();
    timer.fn = nullptr;  // what it captured dies before cancel() returns
    lock.lock();
    finish();
  }
}

void EventLoop::State::run_posted() {
  std::unique_lock lock(mutex);
  // Only what is there now: a function that posts itself again must not starve the descriptors.
  for (size_t left = posted.size(); left > 0 && !stopping; --left) {
    Function fn = std::move(posted.front());
    posted.pop_front();
    lock.unlock();
    fn();
    fn = nullptr;
    lock.lock();
  }
}

void EventLoop::State::run_watch(const epoll_event& event) {
  const uint64_t id = event.data.u64;  // epoll_event is packed: no reference may be bound to its members
  std::unique_lock lock(mutex);
  if (id == kWakeId) {
    uint64_t count = 0;
    raw::read(wake.get(), &count, sizeof count);
    return;
  }
  const auto found = watches.find(id);
  if (stopping || found == watches.end()) return;  // unwatched since epoll_wait() returned
  std::shared_ptr<Ready> ready = found->second.ready;
  running = id;
  lock.unlock();
  (*ready)(event.events);
  ready.reset();
  lock.lock();
  finish();
}

// One sleep, and what ended it. False: the loop ends.
bool EventLoop::State::run_round(bool may_wait) {
  int set = -1;
  int timeout_ms = 0;
  {
    const std::lock_guard lock(mutex);
    if (stopping) return false;
    set = epoll.get();
    if (may_wait) timeout_ms = next_timeout_ms();
  }
  epoll_event events[kEventsAtOnce];
  const int count = raw::epoll_wait(set, events, kEventsAtOnce, timeout_ms);
  if (count < 0 && count != -EINTR) {
    // Somebody closed our descriptors behind our back (closefrom() by a raw system call). Nothing can be watched any more; going
    // on would spin.
    log_line(LogLevel::kError,
             "event loop: epoll_wait failed with errno %d; was the library's descriptor %d closed by the program?", -count, set);
    return false;
  }
  for (int i = 0; i < count; ++i) run_watch(events[i]);
  run_due_timers();
  run_posted();
  return true;
}

void EventLoop::State::run() {
  library_fds::enter();
  do {
    library_fds::pass();
  } while (run_round(true));
  library_fds::leave();
}

void* EventLoop::State::thread_main(void* state) {
  raw::call(SYS_prctl, PR_SET_NAME, raw::address("softvpu-loop"));
  auto* self = static_cast<State*>(state);
  self->thread_id.store(raw::gettid(), std::memory_order_relaxed);
  self->run();
  return nullptr;
}

EventLoop::EventLoop() : state_(new State) {}

EventLoop::~EventLoop() {
  bool started = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    started = state_->started && !state_->by_hand;
    state_->ring();
  }
  if (started) pthread_join(state_->thread, nullptr);
  delete state_;
}

EventLoop& EventLoop::process() {
  static OnFirstUse<EventLoop> loop;
  return loop.get();
}

Status EventLoop::start() {
  const std::lock_guard lock(state_->mutex);
  if (state_->started) return {};
  if (Status opened = state_->open_descriptors(); !opened) return opened;
  state_->started = state_->by_hand;
  if (state_->by_hand) return {};
  // Room for no event is EINVAL. Any other answer is a seccomp filter's: a thread that can't wait would leave sessions waiting.
  epoll_event none{};
  if (const int error = raw::epoll_wait(state_->epoll.get(), &none, 0, 0); error < 0 && error != -EINVAL)
    return fail(-error, "epoll_wait");
  // The thread inherits the mask: no signal handler of the program around us ever runs on it. The kernel's sets, because the C
  // library's take a quarter of a kilobyte of the caller's stack, which pthread_create() needs; without the C library's own
  // signals between SIGSYS and SIGRTMIN (cancellation, setuid() in all threads), which it keeps out of its sets, too.
  constexpr uint64_t kOwnSignals = uint64_t{3} << SIGSYS;
  const uint64_t all = ~kOwnSignals;
  uint64_t before = 0;
  (void)raw::call(SYS_rt_sigprocmask, SIG_SETMASK, raw::address(&all), raw::address(&before), sizeof all);
  const int error = pthread_create(&state_->thread, nullptr, &State::thread_main, state_);
  (void)raw::call(SYS_rt_sigprocmask, SIG_SETMASK, raw::address(&before), 0, sizeof before);
  if (error != 0) return fail(error, "starting the event loop's thread");
  state_->started = true;
  return {};
}

Result<EventLoop::WatchId> EventLoop::watch(int fd, uint32_t events, std::function<void(uint32_t)> ready) {
  const WatchId id = next_id();
  Watch watch{fd, events, std::make_shared<Ready>(std::move(ready))};
  const std::lock_guard lock(state_->mutex);
  if (Status opened = state_->open_descriptors(); !opened) return Unexpected(opened.error());
  epoll_event event{.events = events, .data = {.u64 = id}};
  if (const int error = raw::epoll_ctl(state_->epoll.get(), EPOLL_CTL_ADD, fd, &event); error < 0) {
    return fail(-error, "watching descriptor " + std::to_string(fd));
  }
  state_->watches.emplace(id, std::move(watch));  // an event that is already there waits for the mutex
  return id;
}

void EventLoop::unwatch(WatchId id) {
  Watch gone;  // its function dies after the lock is released: it may hold objects that call back into the loop
  std::unique_lock lock(state_->mutex);
  const auto found = state_->watches.find(id);
  if (found != state_->watches.end()) {
    epoll_event unused{};
    raw::epoll_ctl(state_->epoll.get(), EPOLL_CTL_DEL, found->second.fd, &unused);
    gone = std::move(found->second);
    state_->watches.erase(found);
  }
  state_->wait_while_running(lock, id);
}

void EventLoop::post(std::function<void()> fn) {
  const std::lock_guard lock(state_->mutex);
  state_->posted.push_back(std::move(fn));
  state_->ring();
}

EventLoop::TimerId EventLoop::schedule(Duration after, std::function<void()> fn) {
  const TimerId id = next_id();
  const TimePoint due = system_clock().now() + std::max(after, Duration::zero());
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->timers.emplace(due, Timer{id, std::move(fn)});
  if (at == state_->timers.begin()) state_->ring();
  return id;
}

void EventLoop::cancel(TimerId id) {
  Timer gone;  // as in unwatch()
  std::unique_lock lock(state_->mutex);
  const auto found =
      std::find_if(state_->timers.begin(), state_->timers.end(), [id](const auto& entry) { return entry.second.id == id; });
  if (found != state_->timers.end()) {
    gone = std::move(found->second);
    state_->timers.erase(found);
  }
  state_->wait_while_running(lock, id);
}

void EventLoop::run_by_hand() {
  const std::lock_guard lock(state_->mutex);
  state_->by_hand = true;
}

void EventLoop::turn() {
  state_->thread_id.store(raw::gettid(), std::memory_order_relaxed);
  (void)state_->run_round(false);
  state_->thread_id.store(0, std::memory_order_relaxed);
}

bool EventLoop::on_loop_thread() const { return state_->thread_id.load(std::memory_order_relaxed) == raw::gettid(); }

bool EventLoop::started() const {
  const std::lock_guard lock(state_->mutex);
  return state_->started;
}

void EventLoop::wake() {
  const std::lock_guard lock(state_->mutex);
  if (state_->started) state_->ring();
}

void EventLoop::descriptor_moved(int from, int to) {
  const std::lock_guard lock(state_->mutex);
  const auto move = [&](epoll_event event) {
    raw::epoll_ctl(state_->epoll.get(), EPOLL_CTL_DEL, from, &event);
    raw::epoll_ctl(state_->epoll.get(), EPOLL_CTL_ADD, to, &event);
  };
  if (state_->wake.get() == to) move({.events = EPOLLIN, .data = {.u64 = kWakeId}});
  for (auto& [id, watch] : state_->watches) {
    if (watch.fd != from) continue;
    watch.fd = to;
    move({.events = watch.events, .data = {.u64 = id}});
  }
}

void EventLoop::forget_after_fork() {
  // The old state is leaked, mutex and all: a thread that doesn't exist here may have held it when the process forked, and the
  // functions in it may own what only the parent may end. Only our copies of its descriptors are closed.
  State* old = state_;
  state_ = new State;
  old->epoll.reset();
  old->wake.reset();
}

}  // namespace softvpu
