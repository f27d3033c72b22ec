// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules behind the intents of policy.h, one table an intent.
#include "sandbox/policy.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <initializer_list>
#include <string>

#include "sandbox/sanitizers.h"

namespace softvpu::sandbox {
namespace {

constexpr uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

// New namespaces would be new attack surface; the clone of a thread has none of these.
constexpr uint64_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;

}  // namespace

struct PolicyBuilder::Context {
  scmp_filter_ctx filter = nullptr;
  int error = 0;  // positive errno of the first rule that failed
  std::string what;

  void note(int result, int call) {
    if (result == 0 || error != 0) return;
    // EDOM: this architecture has no such call (poll on aarch64).
    if (result == -EDOM) return;
    error = -result;
    what = "seccomp rule for system call " + std::to_string(call);
  }
  template <typename... Comparisons>
  void add(uint32_t action, int call, Comparisons... comparisons) {
    if (filter == nullptr) return;
    note(seccomp_rule_add(filter, action, call, sizeof...(comparisons), comparisons...), call);
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
  seccomp_attr_set(context_->filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  seccomp_attr_set(context_->filter, SCMP_FLTATR_CTL_TSYNC, 1);
  seccomp_attr_set(context_->filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

PolicyBuilder::~PolicyBuilder() {
  if (context_->filter != nullptr) seccomp_release(context_->filter);
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

PolicyBuilder& PolicyBuilder::allow_memory() {
  const auto no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  constexpr scmp_datum_t kKind = MAP_TYPE | MAP_ANONYMOUS;
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), no_exec, SCMP_A3(SCMP_CMP_MASKED_EQ, kKind, MAP_PRIVATE | MAP_ANONYMOUS));
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), no_exec, SCMP_A3(SCMP_CMP_MASKED_EQ, kKind, MAP_SHARED));
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), no_exec);
  for (const int call : {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk)}) allow(call);
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_threads() {
  context_->add(SCMP_ACT_ALLOW, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | kNewNamespaces, CLONE_THREAD));
  context_->add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  for (const int call : {SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(sched_yield),
                         SCMP_SYS(sched_getaffinity)})
    allow(call);
  for (const int option : {PR_SET_NAME, PR_GET_NAME})
    context_->add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(option)));
  return *this;
}

PolicyBuilder& PolicyBuilder::allow_introspection() {
  for (const int call : {SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
                         SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
                         SCMP_SYS(getcpu), SCMP_SYS(getrusage)})
    allow(call);
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
