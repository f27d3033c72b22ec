// SPDX-License-Identifier: LGPL-2.1-or-later
// fork, exec, wait, and signals in between. Called by verb_run.cc.
#include "apps/softvpu/supervise.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <initializer_list>

namespace softvpu::cli {
namespace {

// Those that a person or a supervisor sends. SIGTSTP and its kin keep their defaults: we stop with our program.
constexpr std::initializer_list<int> kPassedOn = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCONT};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> all;
  for (const std::string& text : strings) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// The terminal sends to the whole foreground group: our program has it already.
bool came_from_terminal(const siginfo_t& info) { return info.si_code == SI_KERNEL; }

// Reaps what is there. True when `child` ended; a stop of it is shared. `status` is -1 if somebody else has reaped it.
bool reap(pid_t child, int& status) {
  int seen = 0;
  while (true) {
    const pid_t pid = ::waitpid(-1, &seen, WNOHANG | WUNTRACED);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0 && errno == ECHILD) {
      status = -1;
      return true;
    }
    if (pid <= 0) return false;
    if (pid != child) continue;
    if (WIFSTOPPED(seen)) {
      ::raise(SIGSTOP);  // the shell that waits for us learns of it; SIGCONT goes on below
      ::kill(child, SIGCONT);
      continue;
    }
    status = seen;
    return true;
  }
}

// What of our own signals the program is to have as we were given it.
struct SignalsBefore {
  sigset_t mask;
  struct sigaction child;
};

[[noreturn]] void become(const std::string& path, const std::vector<std::string>& arguments,
                         const std::vector<std::string>& environment, int inherited, const SignalsBefore& before,
                         int error_pipe) {
  ::fcntl(inherited, F_SETFD, 0);
  ::sigaction(SIGCHLD, &before.child, nullptr);
  ::sigprocmask(SIG_SETMASK, &before.mask, nullptr);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  ::execve(path.c_str(), argv.data(), envp.data());
  if (errno == ENOEXEC) {
    // A script without "#!" is the shell's, as execvp(3) has it.
    std::vector<std::string> with_shell = {"/bin/sh", path};
    with_shell.insert(with_shell.end(), arguments.begin() + 1, arguments.end());
    const std::vector<char*> shell = pointers(with_shell);
    ::execve("/bin/sh", shell.data(), envp.data());
  }
  const int error = errno;
  (void)!::write(error_pipe, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

void become_reaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

Ending supervise(const std::string& path, const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                 int inherited, const Moments& moments) {
  int error_pipe[2];
  if (::pipe2(error_pipe, O_CLOEXEC) < 0) return {-1, errno};
  sigset_t handled;
  SignalsBefore before;
  sigemptyset(&handled);
  sigaddset(&handled, SIGCHLD);
  for (const int signal : kPassedOn) sigaddset(&handled, signal);
  ::sigprocmask(SIG_BLOCK, &handled, &before.mask);
  // Who ignores SIGCHLD isn't told of a child's end, and can't wait for it (sigaction(2)); a program starts with what its parent
  // had.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, &before.child);

  const pid_t child = ::fork();
  if (child < 0) return {-1, errno};
  if (child == 0) become(path, arguments, environment, inherited, before, error_pipe[1]);
  ::close(error_pipe[1]);
  if (moments.started) moments.started();
  int error = 0;
  const ssize_t got = ::read(error_pipe[0], &error, sizeof error);
  ::close(error_pipe[0]);
  if (got == sizeof error) {
    ::waitpid(child, nullptr, 0);
    if (moments.ended) moments.ended();
    return {-1, error};
  }

  int status = 0;
  while (!reap(child, status)) {
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&handled, &info);
    if (signal > 0 && signal != SIGCHLD && !came_from_terminal(info)) ::kill(child, signal);
  }
  if (moments.ended) moments.ended();
  // Codec processes end by themselves when their client is gone; those that are through already are reaped.
  pid_t left = 0;
  while ((left = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
  }
  if (status < 0) return {-1, ECHILD};
  return {status, 0, left < 0};
}

void end_like(const Ending& ending) {
  if (ending.status >= 0 && WIFSIGNALED(ending.status)) {
    const int signal = WTERMSIG(ending.status);
    const rlimit no_core{0, 0};  // the program's own dump is the one of interest
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(signal, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::raise(signal);
    std::_Exit(128 + signal);
  }
  std::exit(WEXITSTATUS(ending.status));
}

}  // namespace softvpu::cli
