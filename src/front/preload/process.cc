// SPDX-License-Identifier: LGPL-2.1-or-later
// fork() handlers and the page that a fork wipes. Called by open_file.cc and fd_table.cc.
#include "front/preload/process.h"

#include <pthread.h>
#include <sys/mman.h>

#include <atomic>
#include <mutex>

#include "base/library_fds.h"
#include "base/log.h"
#include "base/raw_syscall.h"
#include "front/preload/dir_stream.h"
#include "front/preload/mappings.h"
#include "front/preload/open_file.h"

namespace softvpu::preload::process {
namespace {

// 1 in the process that set it up; the kernel resets it to 0 in every copy of the memory
// (MADV_WIPEONFORK), but not where the memory is shared.
std::atomic<std::atomic<uint32_t>*> owner_mark{nullptr};
std::atomic<int> owner_pid{0};

void take_ownership() {
  owner_pid.store(raw::getpid(), std::memory_order_relaxed);
  owner_mark.load(std::memory_order_relaxed)->store(1, std::memory_order_release);
}

void before_fork() {
  OpenFile::before_fork();
  mappings::lock_for_fork();
  dir_stream::lock_for_fork();
}
void after_fork_in_parent() {
  dir_stream::unlock_after_fork();
  mappings::unlock_after_fork();
  OpenFile::after_fork(false);
}
void after_fork_in_child() {
  library_fds::forget_others_after_fork();
  take_ownership();
  dir_stream::unlock_after_fork();
  mappings::unlock_after_fork();
  OpenFile::after_fork(true);
}

}  // namespace

void prepare() {
  static std::once_flag once;
  std::call_once(once, [] {
    void* page = nullptr;
    if (raw::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &page) != 0) {
      static std::atomic<uint32_t> no_page{0};
      page = &no_page;  // then a bare clone() goes unnoticed; fork() doesn't
    } else {
      raw::call(SYS_madvise, raw::address(page), 4096, MADV_WIPEONFORK);
    }
    owner_mark.store(static_cast<std::atomic<uint32_t>*>(page), std::memory_order_release);
    take_ownership();
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  });
}

bool owns_state() {
  std::atomic<uint32_t>* mark = owner_mark.load(std::memory_order_acquire);
  return mark == nullptr || mark->load(std::memory_order_acquire) == 1;
}

void abandon_state() {
  log_line(LogLevel::kError,
           "this process was made by a bare clone() or _Fork(); devices opened before that can't be used here (ENOTTY); open "
           "them again");
  library_fds::forget_others_after_fork();
  OpenFile::abandon_all();
  take_ownership();
}

bool is_owner() { return owner_pid.load(std::memory_order_relaxed) == raw::getpid(); }

}  // namespace softvpu::preload::process
