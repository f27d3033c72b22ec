// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles, the count of threads inside, and the thread that moves descriptors: see library_fds.h.
#include "base/library_fds.h"

#include <atomic>
#include <bit>
#include <climits>

#include "base/clock.h"
#include "base/raw_syscall.h"

namespace softvpu::library_fds {
namespace {

constexpr int kLowestNumber = 1000;      // where a descriptor moves to, if the limits allow it
constexpr int kHighestNumber = 1 << 20;  // fs.nr_open's default
constexpr int kHandles = 1 << 16;
constexpr int kGone = -1;  // of a handle in use: its descriptor was given up
constexpr Duration kMoveLimit = std::chrono::seconds(1);
constexpr int kLookAgainMs = 10;

// One bit per number of ours; by handle: the number + 1, 0 for an unused one. Zero pages until
// used.
std::atomic<uint64_t> recorded[kHighestNumber / 64];
std::atomic<int> numbers[kHandles];
std::atomic<int> handles_used{0};  // none from here on was ever used

void record(int number) {
  if (number >= 0 && number < kHighestNumber)
    recorded[number / 64].fetch_or(uint64_t{1} << number % 64, std::memory_order_relaxed);
}
void forget(int number) {
  if (number >= 0 && number < kHighestNumber)
    recorded[number / 64].fetch_and(~(uint64_t{1} << number % 64), std::memory_order_relaxed);
}

// Pairs: enter() counts, then looks at `moving`; replace() sets `moving`, then looks at the count (both sequentially consistent).
std::atomic<uint32_t> inside{0};  // threads
std::atomic<uint32_t> moving{0};
__attribute__((tls_model("initial-exec"))) thread_local int depth = 0;

void arrive() {
  while (true) {
    inside.fetch_add(1);
    if (moving.load() == 0) return;
    inside.fetch_sub(1);
    raw::futex_wake(&inside, INT_MAX);
    raw::futex_wait(&moving, 1);
  }
}

void go() {
  inside.fetch_sub(1);
  if (moving.load() != 0) raw::futex_wake(&inside, INT_MAX);
}

// Until `word` is 0, or the clock at `limit`. Wake-ups count for nothing: who arrives and has to wait wakes, too.
bool wait_for_zero(const std::atomic<uint32_t>& word, TimePoint limit) {
  const timespec moment{.tv_sec = 0, .tv_nsec = kLookAgainMs * 1'000'000L};
  for (uint32_t seen = word.load(); seen != 0; seen = word.load()) {
    if (system_clock().now() >= limit) return false;
    raw::futex_wait(&word, seen, &moment);
  }
  return true;
}

// Pairs: Birth counts, then looks at `taker`; Takeover sets `taker`, then looks at the count (both sequentially consistent).
std::atomic<uint32_t> births{0};  // threads
std::atomic<uint32_t> taker{0};   // own_id() of the thread that has a Takeover
__attribute__((tls_model("initial-exec"))) thread_local int birth_depth = 0;

// Not gettid(): a seccomp filter may not know it.
uint32_t own_id() {
  static std::atomic<uint32_t> last{0};
  __attribute__((tls_model("initial-exec"))) static thread_local uint32_t id = 0;
  while (id == 0) id = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return id;
}

bool take_when_free(uint32_t self, TimePoint limit) {
  for (uint32_t holder = 0; !taker.compare_exchange_strong(holder, self); holder = 0) {
    if (system_clock().now() >= limit) return false;
    const timespec moment{.tv_sec = 0, .tv_nsec = kLookAgainMs * 1'000'000L};
    raw::futex_wait(&taker, holder, &moment);
  }
  return true;
}

void give_back_taker() {
  taker.store(0);
  raw::futex_wake(&taker, INT_MAX);
}

std::atomic<int>* slot_with(int number) {
  const int used = handles_used.load(std::memory_order_acquire);
  for (int i = 0; i < used; ++i) {
    if (numbers[i].load(std::memory_order_relaxed) == number + 1) return &numbers[i];
  }
  return nullptr;
}

// Nobody is inside.
int move_and_replace(int number, int from, int flags, const Movers& movers) {
  if ((flags & ~O_CLOEXEC) != 0) return -EINVAL;
  if (const int error = raw::fcntl(from, F_GETFD); error < 0) return error;
  const bool moves = contains(number);
  if (moves) {
    std::atomic<int>* slot = slot_with(number);
    if (slot == nullptr) return -EBUSY;
    int to = raw::fcntl(number, F_DUPFD_CLOEXEC, kLowestNumber);
    if (to == -EINVAL || to == -EMFILE) to = raw::fcntl(number, F_DUPFD_CLOEXEC, 3);
    if (to < 0) return -EBUSY;
    record(to);
    slot->store(to + 1, std::memory_order_release);
    movers.moved(number, to);
    forget(number);
  }
  const int answer = static_cast<int>(raw::call(SYS_dup3, from, number, flags));
  if (answer < 0 && moves) raw::close(number);  // what is left there of ours
  return answer;
}

}  // namespace

int add(int number) {
  record(number);
  for (int i = 0; i < kHandles; ++i) {
    int unused = 0;
    if (!numbers[i].compare_exchange_strong(unused, number + 1, std::memory_order_acq_rel)) continue;
    for (int used = handles_used.load(std::memory_order_relaxed); used <= i;) {
      if (handles_used.compare_exchange_weak(used, i + 1, std::memory_order_acq_rel)) break;
    }
    return kFirstHandle + i;
  }
  return number;
}

int number_of(int handle) {
  return handle < kFirstHandle ? handle : numbers[handle - kFirstHandle].load(std::memory_order_acquire) - 1;
}

int remove(int handle) {
  const int number = handle < kFirstHandle ? handle : numbers[handle - kFirstHandle].exchange(0, std::memory_order_acq_rel) - 1;
  forget(number);
  return number;
}

void give_up(int number) {
  if (std::atomic<int>* slot = slot_with(number); slot != nullptr) slot->store(kGone, std::memory_order_release);
  forget(number);
}

int next(int from) {
  int number = from < 0 ? 0 : from;
  while (number < kHighestNumber) {
    const uint64_t rest = recorded[number / 64].load(std::memory_order_relaxed) >> number % 64;
    if (rest != 0) return number + std::countr_zero(rest);
    number = (number / 64 + 1) * 64;
  }
  return -1;
}

bool contains(int number) {
  return number >= 0 && number < kHighestNumber &&
         (recorded[number / 64].load(std::memory_order_relaxed) >> number % 64 & 1) != 0;
}

void enter() {
  if (depth == 0) arrive();  // a handler that runs meanwhile isn't inside and arrives for itself
  ++depth;
}

void leave() {
  if (--depth == 0) go();
}

void pass() {
  if (depth != 1 || moving.load() == 0) return;
  depth = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  go();
  arrive();
  std::atomic_signal_fence(std::memory_order_seq_cst);
  depth = 1;
}

void forget_others_after_fork() {
  inside.store(depth > 0 ? 1 : 0);
  moving.store(0);
  births.store(birth_depth > 0 ? 1 : 0);
  if (taker.load() != own_id()) taker.store(0);
}

bool any() { return handles_used.load(std::memory_order_relaxed) != 0 || births.load() != 0; }

Birth::Birth() {
  if (birth_depth++ != 0) return;
  const TimePoint limit = system_clock().now() + kMoveLimit;
  const timespec moment{.tv_sec = 0, .tv_nsec = kLookAgainMs * 1'000'000L};
  while (true) {
    births.fetch_add(1);
    // Its own: this is a signal handler, which runs before or after the system call of this thread's Takeover.
    const uint32_t holder = taker.load();
    if (holder == 0 || holder == own_id() || system_clock().now() >= limit) return;
    births.fetch_sub(1);
    raw::futex_wake(&births, INT_MAX);
    raw::futex_wait(&taker, holder, &moment);
  }
}

Birth::~Birth() {
  if (--birth_depth != 0) return;
  births.fetch_sub(1);
  if (taker.load() != 0) raw::futex_wake(&births, INT_MAX);
}

Takeover::Takeover() {
  if (birth_depth > 0) return;
  const uint32_t self = own_id();
  uint32_t holder = 0;
  const bool took = taker.compare_exchange_strong(holder, self);
  nested_ = !took && holder == self;
  if ((took || nested_) && births.load() == 0) {
    held_ = true;
    return;
  }
  const TimePoint limit = system_clock().now() + kMoveLimit;
  if (!took && !nested_ && !take_when_free(self, limit)) return;
  held_ = wait_for_zero(births, limit);
  if (!held_ && !nested_) give_back_taker();
}

Takeover::~Takeover() {
  if (held_ && !nested_) give_back_taker();
}

int replace(int number, int from, int flags, const Movers& movers) {
  if (depth > 0) return -EBUSY;
  // A handler of this thread must not wait for this thread.
  const unsigned long all = ~0ul;
  unsigned long before = 0;
  raw::call(SYS_rt_sigprocmask, SIG_SETMASK, raw::address(&all), raw::address(&before), sizeof all);
  const TimePoint limit = system_clock().now() + kMoveLimit;
  uint32_t nobody = 0;
  bool mine = false;
  while (!(mine = moving.compare_exchange_strong(nobody, 1)) && system_clock().now() < limit) {
    const timespec moment{.tv_sec = 0, .tv_nsec = kLookAgainMs * 1'000'000L};
    raw::futex_wait(&moving, 1, &moment);
    nobody = 0;
  }
  int answer = -EBUSY;
  if (mine) {
    movers.wake();
    if (wait_for_zero(inside, limit)) answer = move_and_replace(number, from, flags, movers);
    moving.store(0);
    raw::futex_wake(&moving, INT_MAX);
  }
  raw::call(SYS_rt_sigprocmask, SIG_SETMASK, raw::address(&before), 0, sizeof before);
  return answer;
}

}  // namespace softvpu::library_fds
