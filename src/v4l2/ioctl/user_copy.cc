// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel checks the pointers: write(2) and read(2) of a pipe, which every seccomp filter allows (a filter that kills for
// process_vm_readv(2) is common in sandboxes), and which are the faster way, too.
#include "v4l2/ioctl/user_copy.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <new>

#include "base/clock.h"
#include "base/library_fds.h"
#include "base/log.h"
#include "base/raw_syscall.h"
#include "base/unique_fd.h"

namespace softvpu::v4l2 {
namespace {

constexpr size_t kPipeBytes = 4096;  // always fits an empty pipe
constexpr size_t kPipeCapacity = 1 << 16;
constexpr int kPipes = 16;
constexpr int kPreparedPipes = 4;  // while there are fewer, who finds all of them busy makes one; from then on it waits
constexpr Duration kPatience = std::chrono::seconds(1);  // handlers may have interrupted all who have one

enum PipeState : uint32_t { kAbsent = 0, kBusy, kFree };

// In a page that is zero again in a child of fork(), however it was made: a pipe that two processes use mixes up their data.
struct Pool {
  std::atomic<uint32_t> state[kPipes];
  std::atomic<int>
      owner;  // pid; 0: just forked. A child that shares this memory (vfork) must not put descriptors of its own here
  std::atomic<uint32_t> waiting;   // threads
  std::atomic<uint32_t> released;  // what they sleep on
};
std::atomic<Pool*> the_pool{nullptr};

// Handles of library_fds; 0: none was made. Written by who holds the pipe.
struct Ends {
  int read_end;
  int write_end;
};
Ends the_ends[kPipes];

Pool* pool() {
  Pool* known = the_pool.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  void* page = nullptr;
  if (raw::mmap(nullptr, kPipeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &page) != 0) return nullptr;
  // Without it (before Linux 4.14) a forked child would share its parent's pipes: then there is no pool.
  if (raw::call(SYS_madvise, raw::address(page), kPipeBytes, MADV_WIPEONFORK) != 0 ||
      !the_pool.compare_exchange_strong(known, new (page) Pool{}, std::memory_order_acq_rel)) {
    raw::munmap(page, kPipeBytes);
  }
  return the_pool.load(std::memory_order_acquire);
}

bool owned(Pool& all) {
  int nobody = 0;
  const int self = raw::getpid();
  return all.owner.compare_exchange_strong(nobody, self) || nobody == self;
}

void drop(int& handle) {
  const library_fds::Birth closing;
  if (handle != 0) raw::close(library_fds::remove(handle));
  handle = 0;
}

bool make(Ends& ends) {
  drop(ends.read_end);  // its parent's, in a forked child
  drop(ends.write_end);
  const library_fds::Birth birth;
  int fds[2] = {-1, -1};
  if (raw::call(SYS_pipe2, raw::address(fds), O_CLOEXEC | O_NONBLOCK) < 0) return false;
  ends.read_end = raise_fd(UniqueFd(fds[0])).keep();
  ends.write_end = raise_fd(UniqueFd(fds[1])).keep();
  return true;
}

bool take(std::atomic<uint32_t>& state, uint32_t from) {
  return state.load() == from && state.compare_exchange_strong(from, kBusy);
}

void give_back(Pool& all, int i, uint32_t state) {
  all.state[i].store(state);
  if (all.waiting.load() == 0) return;
  all.released.fetch_add(1);
  raw::futex_wake(&all.released, 1);
}

// These return the number of a pipe that is the caller's, or -1.
int take_free(Pool& all) {
  for (int i = 0; i < kPipes; ++i) {
    if (take(all.state[i], kFree)) return i;
  }
  return -1;
}
int make_one(Pool& all, int at_most) {
  if (!owned(all)) return -1;
  for (int i = 0; i < at_most; ++i) {
    if (!take(all.state[i], kAbsent)) continue;
    if (make(the_ends[i])) return i;
    give_back(all, i, kAbsent);
    return -1;
  }
  return -1;
}
int wait_for_one(Pool& all) {
  const auto exists = [](const std::atomic<uint32_t>& state) { return state.load() != kAbsent; };
  if (std::none_of(std::begin(all.state), std::end(all.state), exists)) return -1;
  const TimePoint limit = system_clock().now() + kPatience;
  all.waiting.fetch_add(1);
  int taken = -1;
  for (Duration left = kPatience; left > Duration::zero(); left = limit - system_clock().now()) {
    const uint32_t seen = all.released.load();
    if ((taken = take_free(all)) >= 0) break;
    const timespec moment{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    raw::futex_wait(&all.released, seen, &moment);
  }
  all.waiting.fetch_sub(1);
  return taken;
}

// An empty pipe that no other thread uses, and no handler of this one.
class BorrowedPipe {
 public:
  BorrowedPipe() {
    library_fds::enter();
    Pool* all = pool();
    if (all == nullptr) return;
    index_ = take_free(*all);
    if (index_ < 0) index_ = make_one(*all, kPreparedPipes);
    if (index_ < 0) index_ = wait_for_one(*all);
    if (index_ < 0) index_ = make_one(*all, kPipes);
    if (index_ < 0) return;
    read_end_ = library_fds::number_of(the_ends[index_].read_end);
    write_end_ = library_fds::number_of(the_ends[index_].write_end);
  }
  ~BorrowedPipe() {
    if (index_ >= 0) give_back(*pool(), index_, kFree);
    library_fds::leave();
  }
  BorrowedPipe(const BorrowedPipe&) = delete;
  BorrowedPipe& operator=(const BorrowedPipe&) = delete;

  bool valid() const { return index_ >= 0; }

  // Copies; one of the two pointers may be bad. 0, EFAULT, or what else write(2) or read(2) say: then the pipe is no use.
  int copy(char* to, const char* from, size_t size) {
    if (!drain()) return EIO;  // bytes that aren't ours would shift all that follow
    while (size > 0) {
      const size_t part = size < kPipeBytes ? size : kPipeBytes;
      const long written = raw::write(write_end_, from, part);
      const long got = written == static_cast<long>(part) ? raw::read(read_end_, to, part) : written;
      if (got != static_cast<long>(part)) {
        drain();
        return got < 0 ? static_cast<int>(-got) : EFAULT;
      }
      from += part;
      to += part;
      size -= part;
    }
    return 0;
  }

 private:
  // Takes out what a bad pointer left: bytes, or a page without any (pipe_write() keeps it, and sixteen are a full pipe). Or what
  // the program wrote to a number that it doesn't have. False when that has no end.
  bool drain() const {
    char rest[64];
    for (size_t reads = 0; reads <= kPipeCapacity / sizeof rest; ++reads) {
      const long got = raw::read(read_end_, rest, sizeof rest);
      if (got < 0) return got == -EAGAIN;
    }
    return false;
  }

  int index_ = -1;
  int read_end_ = -1;
  int write_end_ = -1;
};

int no_way(int error) {
  static std::atomic<bool> said{false};
  if (!said.exchange(true)) {
    log_line(
        LogLevel::kError,
        "ioctl arguments can't be read: no pipe can be made or used, and process_vm_readv() fails with errno %d; allow pipe2, or "
        "open the device before the seccomp filter is installed",
        error);
  }
  return EFAULT;
}

int copy(char* to, const char* from, size_t size, bool user_is_source) {
  {
    BorrowedPipe pipe;
    if (pipe.valid()) {
      const int error = pipe.copy(to, from, size);
      if (error == 0 || error == EFAULT) return error;
    }
  }
  return user_is_source ? copy_from_user_by_vm_call(to, from, size) : copy_to_user_by_vm_call(to, from, size);
}

// One process_vm call.
int vm_copy(long number, void* own, const void* user, size_t size) {
  iovec local{own, size};
  iovec remote{const_cast<void*>(user), size};
  const long done = raw::call(number, raw::getpid(), raw::address(&local), 1, raw::address(&remote), 1, 0);
  if (done == static_cast<long>(size)) return 0;
  if (done >= 0 || done == -EFAULT || done == -EINVAL) return EFAULT;  // EINVAL: the address range wraps around
  return no_way(static_cast<int>(-done));
}

}  // namespace

void prepare_user_copy() {
  library_fds::enter();
  Pool* all = pool();
  for (int i = 0; all != nullptr && i < kPreparedPipes; ++i) {
    if (const int made = make_one(*all, kPreparedPipes); made >= 0) give_back(*all, made, kFree);
  }
  library_fds::leave();
}

int copy_from_user_by_vm_call(void* to, const void* user, size_t size) { return vm_copy(SYS_process_vm_readv, to, user, size); }

int copy_to_user_by_vm_call(void* user, const void* from, size_t size) {
  return vm_copy(SYS_process_vm_writev, const_cast<void*>(from), user, size);
}

int copy_from_user(void* to, const void* user, size_t size) {
  if (size == 0) return 0;
  if (user == nullptr) return EFAULT;
  return copy(static_cast<char*>(to), static_cast<const char*>(user), size, true);
}

int copy_to_user(void* user, const void* from, size_t size) {
  if (size == 0) return 0;
  if (user == nullptr) return EFAULT;
  return copy(static_cast<char*>(user), static_cast<const char*>(from), size, false);
}

}  // namespace softvpu::v4l2
