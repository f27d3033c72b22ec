// SPDX-License-Identifier: LGPL-2.1-or-later
// The middle process and the worker: see spawn.h and docs/adr/0001. Nothing else lives in this file, because what runs between
// clone() and execve() borrows the program's memory: only raw system calls on memory prepared before, no library, no lock, no
// sanitizer.
#include "vpu/spawn.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/library_fds.h"
#include "base/raw_syscall.h"

// The sanitizers' instrumentation would note these functions' stacks and memory for the wrong process.
#define SOFTVPU_BORROWED __attribute__((no_sanitize("address", "thread", "undefined"), no_stack_protector, noinline))
#define SOFTVPU_BORROWED_INLINE \
  __attribute__((no_sanitize("address", "thread", "undefined"), no_stack_protector, always_inline)) static inline

namespace softvpu::vpu {
namespace {

constexpr size_t kStackSize = 64 * 1024;
constexpr int kWorkerSocket = 3;
constexpr int kWorkerExecutable = 4;  // until execve()
constexpr int kSignals = 64;

// What a worker is made in, best first. Root gets its pid namespace without a user namespace, in which it couldn't read its
// files.
constexpr unsigned long kNamespaces[] = {CLONE_NEWPID, CLONE_NEWUSER | CLONE_NEWPID, 0};
constexpr size_t kNoNamespaces = 2;  // index of 0

// raw::call() again, because a function with another sanitizer setting isn't inlined into these.
SOFTVPU_BORROWED_INLINE long child_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
#if defined(__x86_64__)
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
#endif
}

// clone(2) whose child runs fn(arg) on `stack_top` (16-byte aligned) and ends with its answer. Returns the pid or -errno.
SOFTVPU_BORROWED long clone_on(unsigned long flags, void* stack_top, int* pidfd, int (*fn)(void*), void* arg) {
#if defined(__x86_64__)
  register int* r10 __asm__("r10") = nullptr;
  register long r8 __asm__("r8") = 0;
  register int (*r12)(void*) __asm__("r12") = fn;
  register void* r13 __asm__("r13") = arg;
  long result;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r13, %%rdi\n\t"
      "call *%%r12\n\t"
      "mov %%eax, %%edi\n\t"
      "mov %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone), "D"(flags), "S"(stack_top), "d"(pidfd), "r"(r10), "r"(r8), "r"(r12), "r"(r13), [exit] "i"(SYS_exit)
      : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = SYS_clone;
  register long x0 __asm__("x0") = static_cast<long>(flags);
  register void* x1 __asm__("x1") = stack_top;
  register int* x2 __asm__("x2") = pidfd;
  register long x3 __asm__("x3") = 0;
  register long x4 __asm__("x4") = 0;
  register int (*x19)(void*) __asm__("x19") = fn;
  register void* x20 __asm__("x20") = arg;
  __asm__ volatile(
      "svc #0\n\t"
      "cbnz x0, 1f\n\t"
      "mov x29, xzr\n\t"
      "mov x0, x20\n\t"
      "blr x19\n\t"
      "mov x8, %[exit]\n\t"
      "svc #0\n\t"
      "brk #0\n"
      "1:"
      : "+r"(x0)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x19), "r"(x20), [exit] "i"(SYS_exit)
      : "memory", "x30");
  return x0;
#endif
}

enum class Step : int { kNothing = 0, kCloneMiddle, kCloneWorker, kDevNull, kSocket, kExecutable, kExec };

const char* name_of(Step step) {
  switch (step) {
    case Step::kNothing:
      return "starting a worker";
    case Step::kCloneMiddle:
      return "clone of the middle process";
    case Step::kCloneWorker:
      return "clone of the worker";
    case Step::kDevNull:
      return "opening /dev/null in the worker";
    case Step::kSocket:
      return "moving the worker's socket to fd 3";
    case Step::kExecutable:
      return "moving the worker's executable to fd 4";
    case Step::kExec:
      return "execve of the worker";
  }
  return "?";
}

// Everything the two children read and write; prepared and read by the caller.
struct Plan {
  const char* path;
  int executable;  // -1: only the path
  char* const* argv;
  char* const* envp;
  int socket;
  bool keep_stderr;
  int highest_fd;  // for kernels without close_range()
  size_t first_namespaces;
  unsigned long namespaces;  // of the worker that is being made
  void* worker_stack_top;
  // Answers.
  int pidfd;
  int pid;
  Step failed_step;
  int error;  // positive errno
};

SOFTVPU_BORROWED_INLINE int give_up(Plan* plan, Step step, long result) {
  plan->failed_step = step;
  plan->error = static_cast<int>(-result);
  return 127;
}

// struct sigaction of the kernel, not of libc.
struct KernelSigaction {
  void* handler;
  unsigned long flags;
  void* restorer;
  unsigned long mask;
};

// With nobody's id in the user namespace, execve() takes all capabilities away but the ambient ones (capabilities(7)).
SOFTVPU_BORROWED_INLINE void keep_capabilities_of_namespace() {
  constexpr unsigned kept = 1u << CAP_SYS_ADMIN | 1u << CAP_SETPCAP;
  __user_cap_header_struct header;
  header.version = _LINUX_CAPABILITY_VERSION_3;
  header.pid = 0;
  __user_cap_data_struct sets[2];
  sets[0].effective = sets[0].permitted = sets[0].inheritable = kept;
  sets[1].effective = sets[1].permitted = sets[1].inheritable = 0;
  child_call(SYS_capset, reinterpret_cast<long>(&header), reinterpret_cast<long>(&sets));
  child_call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN);
  child_call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETPCAP);
}

SOFTVPU_BORROWED int worker_main(void* argument) {
  Plan* plan = static_cast<Plan*>(argument);

  // Handlers are a copy (no CLONE_SIGHAND); caught ones would be reset by execve(), ignored ones not.
  KernelSigaction standard;
  standard.handler = nullptr;
  standard.flags = 0;
  standard.restorer = nullptr;
  standard.mask = 0;
  for (int number = 1; number <= kSignals; ++number) {
    child_call(SYS_rt_sigaction, number, reinterpret_cast<long>(&standard), 0, sizeof(standard.mask));
  }
  child_call(SYS_setsid);
  child_call(SYS_personality, 0);  // no ADDR_NO_RANDOMIZE, no READ_IMPLIES_EXEC
  if ((plan->namespaces & CLONE_NEWUSER) != 0) keep_capabilities_of_namespace();
  child_call(SYS_chdir, reinterpret_cast<long>("/"));

  // What is needed first: its number may be one of those that are about to be replaced.
  int socket = plan->socket;
  if (socket <= kWorkerExecutable) {
    const long moved = child_call(SYS_fcntl, socket, F_DUPFD, kWorkerExecutable + 1);
    if (moved < 0) return give_up(plan, Step::kSocket, moved);
    socket = static_cast<int>(moved);
  }
  int executable = plan->executable;
  if (executable >= 0 && executable <= kWorkerExecutable) {
    const long moved = child_call(SYS_fcntl, executable, F_DUPFD, kWorkerExecutable + 1);
    if (moved < 0) return give_up(plan, Step::kExecutable, moved);
    executable = static_cast<int>(moved);
  }
  const long null_fd = child_call(SYS_openat, AT_FDCWD, reinterpret_cast<long>("/dev/null"), O_RDWR);
  if (null_fd < 0) return give_up(plan, Step::kDevNull, null_fd);
  for (int fd = 0; fd < kWorkerSocket; ++fd) {
    if (fd == null_fd || (fd == 2 && plan->keep_stderr)) continue;
    const long moved = child_call(SYS_dup3, null_fd, fd, 0);
    if (moved < 0) return give_up(plan, Step::kDevNull, moved);
  }
  const long moved = child_call(SYS_dup3, socket, kWorkerSocket, 0);
  if (moved < 0) return give_up(plan, Step::kSocket, moved);
  int first_other = kWorkerSocket + 1;
  if (executable >= 0) {
    const long kept = child_call(SYS_dup3, executable, kWorkerExecutable, O_CLOEXEC);
    if (kept < 0) return give_up(plan, Step::kExecutable, kept);
    first_other = kWorkerExecutable + 1;
  }
  if (child_call(SYS_close_range, first_other, ~0u, 0) < 0) {
    for (int fd = first_other; fd <= plan->highest_fd; ++fd) child_call(SYS_close, fd);
  }

  unsigned long none = 0;
  child_call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(&none), 0, sizeof(none));
  if (executable >= 0) {
    child_call(SYS_execveat, kWorkerExecutable, reinterpret_cast<long>(""), reinterpret_cast<long>(plan->argv),
               reinterpret_cast<long>(plan->envp), AT_EMPTY_PATH);
  }
  const long result = child_call(SYS_execve, reinterpret_cast<long>(plan->path), reinterpret_cast<long>(plan->argv),
                                 reinterpret_cast<long>(plan->envp));
  return give_up(plan, Step::kExec, result);
}

SOFTVPU_BORROWED int middle_main(void* argument) {
  Plan* plan = static_cast<Plan*>(argument);
  for (size_t i = plan->first_namespaces; i <= kNoNamespaces; ++i) {
    plan->namespaces = kNamespaces[i];
    plan->failed_step = Step::kNothing;
    plan->error = 0;
    const long pid = clone_on(CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | plan->namespaces, plan->worker_stack_top,
                              &plan->pidfd, worker_main, plan);
    if (pid < 0) {
      if (i == kNoNamespaces) return give_up(plan, Step::kCloneWorker, pid);
      continue;  // not for us, or not on this machine
    }
    plan->pid = static_cast<int>(pid);
    if (plan->failed_step != Step::kExec || i == kNoNamespaces) return 0;
    // It may be the namespace that can't read the file.
    child_call(SYS_wait4, pid, 0, __WALL);
    child_call(SYS_close, plan->pidfd);
    plan->pidfd = -1;
  }
  return 0;
}

__attribute__((noinline)) std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

int highest_descriptor() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 65536) return 65536;
  return static_cast<int>(limit.rlim_cur);
}

// Two stacks with a guard page below each.
class Stacks {
 public:
  ~Stacks() {
    if (base_ != nullptr) raw::munmap(base_, kSize);
  }
  __attribute__((noinline)) Status make() {
    const int error = raw::mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0, &base_);
    if (error < 0) return fail(-error, "memory for a worker's start");
    for (const size_t at : {kGuard, kGuard + kStackSize + kGuard}) {
      const long result =
          raw::call(SYS_mprotect, raw::address(static_cast<char*>(base_) + at), kStackSize, PROT_READ | PROT_WRITE);
      if (result < 0) return fail(static_cast<int>(-result), "memory for a worker's start");
    }
    return {};
  }
  void* middle_top() const { return static_cast<char*>(base_) + kGuard + kStackSize; }
  void* worker_top() const { return static_cast<char*>(base_) + kSize; }

 private:
  static constexpr size_t kGuard = 4096;
  static constexpr size_t kSize = 2 * (kGuard + kStackSize);
  void* base_ = nullptr;
};

// Not inlined into spawn_worker(), as pointers() and Stacks::make(): it runs on a caller's stack, of which there may be little.
__attribute__((noinline)) Unexpected failed_at(Step step, int error, const std::string& path) {
  return fail(error, std::string(name_of(step)) + " (" + path + ")");
}

}  // namespace

Result<SpawnedWorker> spawn_worker(const SpawnRequest& request) {
  Stacks stacks;
  if (Status made = stacks.make(); !made) return Unexpected(made.error());
  const std::vector<char*> argv = pointers(request.arguments);
  const std::vector<char*> envp = pointers(request.environment);

  Plan plan{};
  plan.path = request.path.c_str();
  plan.executable = request.executable;
  plan.argv = argv.data();
  plan.envp = envp.data();
  plan.socket = request.socket;
  plan.keep_stderr = request.keep_stderr;
  plan.highest_fd = highest_descriptor();
  plan.first_namespaces = request.own_pid_namespace ? 0 : kNoNamespaces;
  plan.worker_stack_top = stacks.worker_top();
  plan.pidfd = -1;

  // All of them, libc's own (cancellation, setuid() in all threads) included: a handler must not run on a borrowed stack.
  const unsigned long all = ~0ul;
  unsigned long before = 0;
  const library_fds::Birth birth;  // the pidfd appears among the program's numbers
  raw::call(SYS_rt_sigprocmask, SIG_SETMASK, raw::address(&all), raw::address(&before), sizeof(all));
  const long middle = clone_on(CLONE_VM | CLONE_VFORK | CLONE_FILES, stacks.middle_top(), nullptr, middle_main, &plan);
  if (middle > 0) {
    // Exit signal 0: only visible to those who ask for it. Somebody else in this process may have (ECHILD).
    while (raw::call(SYS_wait4, middle, 0, __WALL) == -EINTR) {
    }
  }
  raw::call(SYS_rt_sigprocmask, SIG_SETMASK, raw::address(&before), 0, sizeof(before));

  SpawnedWorker worker;
  // What the children wrote is read behind the compiler's back (and the sanitizers').
  const volatile Plan& answers = plan;
  worker.pid = answers.pid;
  if (const int pidfd = answers.pidfd; pidfd >= 0) worker.pidfd = raise_fd(UniqueFd(pidfd));
  if (middle < 0) return fail(static_cast<int>(-middle), name_of(Step::kCloneMiddle));
  if (answers.error != 0) {
    if (worker.pidfd) reap_worker(worker.pidfd.get());
    const int error = answers.error;
    return failed_at(static_cast<Step>(answers.failed_step), error, request.path);
  }
  if (!worker.pidfd) return fail(ENOSYS, "the kernel gave no pidfd for a worker; Linux 5.3 or newer is needed");
  return worker;
}

void reap_worker(int pidfd) {
  constexpr int kPidfd = 3;  // P_PIDFD
  siginfo_t info{};
  raw::call(SYS_waitid, kPidfd, pidfd, raw::address(&info), WEXITED | WNOHANG);  // ECHILD: somebody else's child
}

}  // namespace softvpu::vpu
