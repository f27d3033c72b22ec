// SPDX-License-Identifier: LGPL-2.1-or-later
// By ptrace(2): every thread stops at each system call, and the chosen call returns an error instead of being made. See
// injector.h.
#include "tests/faults/injector.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tests/faults/calls.h"
#include "tests/faults/marks.h"
#include "tests/faults/tracee.h"

namespace softvpu::faults {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kGrace = std::chrono::seconds(5);  // for what outlives the program
constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                          PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

struct Thread {
  Who who = Who::kOther;
  bool known = false;
  bool fails = false;  // the call that it is in
  bool bare = false;   // its program has opened no library yet
  CallInfo failing;
};

class Run {
 public:
  Run(const Command& command, const std::optional<Fault>& fault) : command_(command), fault_(fault), armed_(command.whole) {}

  Outcome go() {
    output_ = memfd_create("fault-output", MFD_CLOEXEC);
    root_ = start();
    if (root_ > 0) trace();
    read_output();
    ::close(output_);
    return std::move(outcome_);
  }

 private:
  pid_t start();
  void trace();
  void stopped(pid_t tid, int status);
  void at_call(pid_t tid, Thread& thread);
  void go_on(pid_t tid, const Thread& thread, long signal);
  bool watched(const Thread& thread) const;
  void before(pid_t tid, Thread& thread, const CallInfo& call);
  void ended(pid_t tid, int status);
  void kill_all();
  void describe_hanging();
  void read_output();
  bool is_group_stop(int status) const {
    const int signal = WSTOPSIG(status);
    return status >> 16 == PTRACE_EVENT_STOP &&
           (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU);
  }

  const Command& command_;
  const std::optional<Fault>& fault_;
  bool armed_;
  bool over_ = false;  // the part of the client's life that may meet faults
  int output_ = -1;
  pid_t root_ = -1;
  std::map<pid_t, Thread> threads_;
  Outcome outcome_;
};

// The child waits until it is traced, so that nothing of it is missed.
pid_t Run::start() {
  int gate[2];
  if (pipe2(gate, O_CLOEXEC) != 0) return -1;
  std::vector<char*> arguments;
  for (const std::string& text : command_.arguments) arguments.push_back(const_cast<char*>(text.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    char byte = 0;
    ::close(gate[1]);
    (void)!::read(gate[0], &byte, 1);
    for (const std::string& variable : command_.environment) ::putenv(const_cast<char*>(variable.c_str()));
    ::dup2(output_, 1);
    ::dup2(output_, 2);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(gate[0]);
  if (child > 0) {
    ptrace(PTRACE_SEIZE, child, nullptr, kOptions);
    ptrace(PTRACE_INTERRUPT, child, nullptr, nullptr);
    threads_[child] = {};
  }
  (void)!::write(gate[1], "!", 1);
  ::close(gate[1]);
  return child;
}

void Run::trace() {
  struct sigaction interrupt {};
  interrupt.sa_handler = [](int) {};  // no SA_RESTART: waitpid() returns
  sigaction(SIGALRM, &interrupt, nullptr);
  const itimerval tick{{0, 100'000}, {0, 100'000}};
  const itimerval none{};
  setitimer(ITIMER_REAL, &tick, nullptr);
  auto limit = Clock::now() + command_.limit;
  bool root_runs = true;
  while (!threads_.empty()) {
    int status = 0;
    const pid_t tid = waitpid(-1, &status, __WALL);
    if (tid < 0 && errno != EINTR) break;
    if (tid > 0 && (WIFEXITED(status) || WIFSIGNALED(status))) {
      ended(tid, status);
      if (tid == root_) {
        root_runs = false;
        outcome_.status = status;
        limit = Clock::now() + kGrace;
      }
    } else if (tid > 0) {
      stopped(tid, status);
    }
    if (Clock::now() < limit) continue;
    describe_hanging();
    if (root_runs)
      outcome_.too_long = true;
    else
      outcome_.left_over = outcome_.hanging;
    kill_all();
    break;
  }
  setitimer(ITIMER_REAL, &none, nullptr);
}

void Run::ended(pid_t tid, int status) {
  const auto found = threads_.find(tid);
  if (found == threads_.end()) return;
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL && found->second.who == Who::kWorker) ++outcome_.worker_signals;
  threads_.erase(found);
}

void Run::kill_all() {
  for (const auto& [tid, thread] : threads_) ::kill(tid, SIGKILL);
  for (const auto end = Clock::now() + kGrace; !threads_.empty() && Clock::now() < end;) {
    int status = 0;
    const pid_t tid = waitpid(-1, &status, __WALL);
    if (tid < 0 && errno != EINTR) break;
    if (tid > 0 && (WIFEXITED(status) || WIFSIGNALED(status))) threads_.erase(tid);
    if (tid > 0 && WIFSTOPPED(status)) ptrace(PTRACE_CONT, tid, nullptr, 0);
  }
}

void Run::stopped(pid_t tid, int status) {
  Thread& thread = threads_[tid];
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  long deliver = 0;
  if (signal == (SIGTRAP | 0x80)) {
    at_call(tid, thread);
  } else if (event == PTRACE_EVENT_EXEC) {
    thread = {.who = who_is(tid, command_.who), .known = true, .bare = true};
  } else if (is_group_stop(status)) {
    ptrace(PTRACE_LISTEN, tid, nullptr, nullptr);
    return;
  } else if (event == 0) {
    deliver = signal;
  }
  if (!thread.known) {
    thread.who = tid == root_ ? Who::kOther : who_is(tid, command_.who);
    thread.known = true;
  }
  go_on(tid, thread, deliver);
}

void Run::go_on(pid_t tid, const Thread& thread, long signal) {
  ptrace(watched(thread) ? PTRACE_SYSCALL : PTRACE_CONT, tid, nullptr, signal);
}

// What can't meet the fault any more runs at full speed. Programs that aren't known yet are about to execute one that is, and the
// client says when faults begin and end.
bool Run::watched(const Thread& thread) const {
  if (!command_.traced) return false;
  if (!fault_ || thread.fails) return true;
  if (outcome_.hit || over_) return false;
  return thread.who == fault_->who || thread.who == Who::kOther || (thread.who == Who::kClient && !command_.whole);
}

void Run::at_call(pid_t tid, Thread& thread) {
  if (!thread.known) {
    thread.who = who_is(tid, command_.who);
    thread.known = true;
  }
  const CallInfo call = call_of(tid);
  if (call.entering) {
    before(tid, thread, call);
  } else {
    if (thread.fails) fail_call(tid, thread.failing, fault_->error);
    thread.fails = false;
  }
}

void Run::before(pid_t tid, Thread& thread, const CallInfo& call) {
  if (call.number == SYS_prctl && call.argument[0] == kMarkOption && !command_.whole) {
    armed_ = call.argument[1] == static_cast<long>(Mark::kBegin);
    over_ = !armed_;
  }
  // What the dynamic linker allocates for itself before it opens the first library: glibc 2.36 dereferences a null pointer when
  // that fails, and no code of ours runs yet.
  if (call.number == SYS_openat) thread.bare = false;
  if (call.number == SYS_mmap && thread.bare) return;
  if (!armed_ || thread.who == Who::kOther || !can_fail(tid, call)) return;
  const unsigned count = ++outcome_.calls[static_cast<size_t>(thread.who)][call.number];
  if (!fault_ || fault_->who != thread.who || fault_->call != call.number || fault_->nth != count) return;
  outcome_.hit = true;
  outcome_.where = describe(tid, call);
  thread.fails = true;
  thread.failing = call;
  if (!fault_->after) skip_call(tid, call);
}

void Run::describe_hanging() {
  std::ostringstream all;
  for (const auto& [tid, thread] : threads_) {
    std::ifstream in("/proc/" + std::to_string(tid) + "/syscall");
    std::string line;
    std::getline(in, line);
    all << "    " << to_string(thread.who) << " " << tid << " in system call " << line << "\n";
  }
  outcome_.hanging = all.str();
}

void Run::read_output() {
  char part[4096];
  off_t at = 0;
  for (ssize_t got = 0; (got = pread(output_, part, sizeof part, at)) > 0; at += got)
    outcome_.output.append(part, static_cast<size_t>(got));
}

}  // namespace

const char* to_string(Who who) {
  switch (who) {
    case Who::kOther:
      return "other";
    case Who::kLauncher:
      return "launcher";
    case Who::kClient:
      return "client";
    case Who::kWorker:
      return "worker";
    case Who::kServer:
      return "server";
  }
  return "?";
}

std::string why_not() {
  const Outcome tried = run({.arguments = {"/bin/true"}, .environment = {}, .whole = true}, std::nullopt);
  return tried.status == 0 ? "" : "this machine lets no process trace another";
}

Outcome run(const Command& command, const std::optional<Fault>& fault) { return Run(command, fault).go(); }

}  // namespace softvpu::faults
