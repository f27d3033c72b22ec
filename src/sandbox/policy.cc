// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules behind the intents of policy.h, one table per intent.
#include "sandbox/policy.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>
#include <string>

#include "sandbox/sanitizers.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

namespace softvpu::sandbox {
namespace {

constexpr uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

// Everything a thread shares with its process. CLONE_THREAD without CLONE_FILES would be a descriptor table of its own.
constexpr scmp_datum_t kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
// What libc adds to it, glibc and (the last) musl.
constexpr scmp_datum_t kThreadExtras = CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED;

// Flags of private memory that change nothing of what it counts as. MAP_GROWSDOWN would count as a stack, MAP_HUGETLB as nothing.
constexpr scmp_datum_t kHarmlessMapping = MAP_NORESERVE | MAP_STACK;

// Other clocks are of other processes, or of descriptors.
constexpr scmp_datum_t kLastClock = CLOCK_TAI;

}  // namespace

struct PolicyBuilder::Context {
  scmp_filter_ctx filter = nullptr;
  int error = 0;  // positive errno of the first rule that failed
  std::string what;

  void note(int result, const std::string& name) {
    if (result == 0 || error != 0) return;
    error = -result;
    what = "seccomp " + name;
  }
  template <typename... Comparisons>
  void add(uint32_t action, int call, Comparisons... comparisons) {
    if (filter == nullptr) return;
    const int result = seccomp_rule_add(filter, action, call, sizeof...(comparisons), comparisons...);
    // EDOM: this architecture has no such call (poll on aarch64).
    if (result != -EDOM) note(result, "rule for system call " + std::to_string(call));
  }
};

PolicyBuilder::PolicyBuilder() : context_(std::make_unique<Context>()) {
  context_->filter = seccomp_init(kRefuse);
  if (context_->filter == nullptr) {
    context_->error = ENOMEM;
    context_->what = "seccomp_init";
    return;
  }
  // Calls by another architecture's numbers (i386, x32) have no honest reason.
  set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS, "attribute ACT_BADARCH");
  // Without it the filter would be this thread's only.
  set(SCMP_FLTATR_CTL_TSYNC, 1, "attribute CTL_TSYNC");
  set(SCMP_FLTATR_CTL_OPTIMIZE, 2, "attribute CTL_OPTIMIZE");
}

PolicyBuilder::~PolicyBuilder() {
  if (context_->filter != nullptr) seccomp_release(context_->filter);
}

void PolicyBuilder::set(uint32_t attribute, uint32_t value, const char* name) {
  context_->note(seccomp_attr_set(context_->filter, static_cast<scmp_filter_attr>(attribute), value), name);
}

void PolicyBuilder::allow(int call) { context_->add(SCMP_ACT_ALLOW, call); }

PolicyBuilder& PolicyBuilder::allow_existing_descriptors() {
  for (const int call :
       {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll)})
    allow(call);
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_receiving_descriptors() {
  allow(SCMP_SYS(recvmsg));
  allow(SCMP_SYS(fstat));
  // Not F_SETFL: O_NONBLOCK belongs to the open file, which the host shares.
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC, F_GET_SEALS})
    context_->add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, static_cast<scmp_datum_t>(command)));
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_ioctl(uint32_t request) {
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, static_cast<scmp_datum_t>(request)));
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_moving_cpu_limit() {
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0),
                SCMP_A1(SCMP_CMP_EQ, static_cast<scmp_datum_t>(RLIMIT_CPU)));
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_memory() {
  // Private memory is either new and unreadable, so without pages, or counted in RLIMIT_DATA (writable). Once it was written to,
  // it stays writable: RLIMIT_DATA counts no memory that isn't, whatever pages it has. malloc and thread stacks of glibc and musl
  // begin as PROT_NONE and become writable; what they give back goes by madvise() and munmap().
  for (const int protection : {PROT_NONE, PROT_READ | PROT_WRITE}) {
    context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_EQ, static_cast<scmp_datum_t>(protection)),
                  SCMP_A3(SCMP_CMP_MASKED_EQ, ~kHarmlessMapping, MAP_PRIVATE | MAP_ANONYMOUS));
  }
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_EQ, PROT_READ | PROT_WRITE));
  for (const int protection : {PROT_READ, PROT_READ | PROT_WRITE}) {
    context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_EQ, static_cast<scmp_datum_t>(protection)),
                  SCMP_A3(SCMP_CMP_EQ, MAP_SHARED));
  }
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mremap), SCMP_A3(SCMP_CMP_MASKED_EQ, ~scmp_datum_t{MREMAP_MAYMOVE}, 0));
  // MADV_GUARD_INSTALL: how glibc from 2.42 on makes a stack's guard.
  for (const int advice : {MADV_DONTNEED, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_GUARD_INSTALL})
    context_->add(SCMP_ACT_ALLOW, SCMP_SYS(madvise), SCMP_A2(SCMP_CMP_EQ, static_cast<scmp_datum_t>(advice)));
  allow(SCMP_SYS(munmap));
  allow(SCMP_SYS(brk));
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_threads() {
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, ~kThreadExtras, kThread));
  context_->add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // No priority inheritance and no requeueing: glibc's mutexes, condition variables and semaphores do without.
  constexpr scmp_datum_t kVariants = FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
  for (const int operation : {FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET}) {
    context_->add(SCMP_ACT_ALLOW, SCMP_SYS(futex), SCMP_A1(SCMP_CMP_MASKED_EQ, ~kVariants, static_cast<scmp_datum_t>(operation)));
  }
  for (const int call : {SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield)}) allow(call);
  // Of the calling thread, not of another process.
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(sched_getaffinity), SCMP_A0(SCMP_CMP_EQ, 0));
  for (const int option : {PR_SET_NAME, PR_GET_NAME})
    context_->add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(option)));
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_introspection() {
  for (const int call : {SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(getrandom), SCMP_SYS(getpid),
                         SCMP_SYS(gettid), SCMP_SYS(getcpu), SCMP_SYS(getrusage)})
    allow(call);
  for (const int call : {SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep)})
    context_->add(SCMP_ACT_ALLOW, call, SCMP_A0(SCMP_CMP_LE, kLastClock));
  // Reading a limit (pthread_getattr_np()), of itself, not setting one.
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_own_signals() {
  for (const int call : {SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
                         SCMP_SYS(restart_syscall)})
    allow(call);
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_exit() {
  allow(SCMP_SYS(exit));
  allow(SCMP_SYS(exit_group));
  return *this;
}

PolicyBuilder& PolicyBuilder::kill_on_dangerous_calls() {
  for (const int call : {SCMP_SYS(acct),
                         SCMP_SYS(add_key),
                         SCMP_SYS(bpf),
                         SCMP_SYS(chroot),
                         SCMP_SYS(delete_module),
                         SCMP_SYS(finit_module),
                         SCMP_SYS(init_module),
                         SCMP_SYS(io_uring_setup),
                         SCMP_SYS(ioperm),
                         SCMP_SYS(iopl),
                         SCMP_SYS(kexec_load),
                         SCMP_SYS(kexec_file_load),
                         SCMP_SYS(keyctl),
                         SCMP_SYS(modify_ldt),
                         SCMP_SYS(mount),
                         SCMP_SYS(open_by_handle_at),
                         SCMP_SYS(pidfd_getfd),
                         SCMP_SYS(perf_event_open),
                         SCMP_SYS(personality),
                         SCMP_SYS(pivot_root),
                         SCMP_SYS(process_vm_readv),
                         SCMP_SYS(process_vm_writev),
                         SCMP_SYS(ptrace),
                         SCMP_SYS(reboot),
                         SCMP_SYS(request_key),
                         SCMP_SYS(setns),
                         SCMP_SYS(swapoff),
                         SCMP_SYS(swapon),
                         SCMP_SYS(umount2),
                         SCMP_SYS(unshare),
                         SCMP_SYS(userfaultfd)})
    context_->add(SCMP_ACT_KILL_PROCESS, call);
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_sanitizers() {
  if (!kSanitized) return *this;
  // Thread start-up and reports. UBSan's vptr check finds out by a pipe whether it may read an address.
  for (const int call : {SCMP_SYS(getrlimit), SCMP_SYS(getppid), SCMP_SYS(uname), SCMP_SYS(pipe), SCMP_SYS(pipe2)}) allow(call);
  // They unmap and remap in place, hide their shadow from core files, and ask for the affinity of their threads by number.
  for (const int call : {SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier)}) allow(call);
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_TYPE | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS));
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // TSan keeps its background thread and signal bookkeeping with these.
  allow(SCMP_SYS(rt_sigpending));
  allow(SCMP_SYS(rt_sigtimedwait));
  return *this;
}

Status PolicyBuilder::load() {
  if (context_->error != 0) return fail(context_->error, context_->what);
  const int result = seccomp_load(context_->filter);
  if (result != 0) return fail(-result, "loading the seccomp filter");
  return {};
}

}  // namespace softvpu::sandbox
