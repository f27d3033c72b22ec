// SPDX-License-Identifier: LGPL-2.1-or-later
// clone(2) with namespaces, and execve(2) of /proc/self/exe: see child.h.
#include "sandbox/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "sandbox/sanitizers.h"

namespace softvpu::sandbox {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr int kNotStarted = 125;  // exit status

// Best first. Root gets its pid namespace without a user namespace, in which it couldn't read its files.
constexpr unsigned long kNamespaces[] = {CLONE_NEWPID, CLONE_NEWUSER | CLONE_NEWPID, 0};

// The sanitizers must see a fork() that they know.
pid_t make_process(unsigned long namespaces, int& pidfd) {
  if (kSanitized) {
    if (namespaces != 0) return -1;
    const pid_t child = fork();
    if (child > 0) pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    return child;
  }
  return static_cast<pid_t>(syscall(SYS_clone, namespaces | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr));
}

// With nobody's id in the user namespace, execve() takes all capabilities away but the ambient ones (capabilities(7)).
void keep_capabilities_of_namespace() {
  constexpr uint32_t kKept = 1u << CAP_SYS_ADMIN | 1u << CAP_SETPCAP;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{kKept, kKept, kKept}, {}};
  (void)syscall(SYS_capset, &header, sets);
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0);
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETPCAP, 0, 0);
}

void begin_child(int server) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd gone{server, POLLIN, 0};
  if (poll(&gone, 1, 0) != 0) _exit(0);  // it died before
  for (int number = 1; number < NSIG; ++number) (void)signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Moves `kept` to 3, 4, … and closes everything else from there on.
bool keep_only(std::vector<int> kept) {
  const int beyond = kFirstDescriptor + static_cast<int>(kept.size());
  for (int& fd : kept) {
    fd = fcntl(fd, F_DUPFD, beyond);
    if (fd < 0) return false;
  }
  int target = kFirstDescriptor;
  for (const int fd : kept) {
    if (dup2(fd, target++) < 0) return false;
  }
  return close_from(beyond);
}

bool take_standard_descriptors_away() {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return false;
  for (int fd = 0; fd < kFirstDescriptor; ++fd) {
    if (dup2(null.get(), fd) < 0) return false;
  }
  return true;
}

int not_started(const char* what) {
  dprintf(STDERR_FILENO, "softvpu: a worker can't be started: %s: %s\n", what, strerrordesc_np(errno));
  return kNotStarted;
}

}  // namespace

bool close_from(int first) {
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return true;
  const std::unique_ptr<DIR, int (*)(DIR*)> open_ones(opendir("/proc/self/fd"), closedir);
  if (!open_ones) return false;
  std::vector<int> numbers;
  while (const dirent* entry = readdir(open_ones.get())) {
    const int fd = atoi(entry->d_name);  // 0 for "." and ".."
    if (fd >= first && fd != dirfd(open_ones.get())) numbers.push_back(fd);
  }
  for (const int fd : numbers) (void)close(fd);
  return true;
}

Result<Child> start_child(const std::function<int()>& body) {
  const UniqueFd server(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (!server) return fail_errno("pidfd_open");
  for (const unsigned long namespaces : kNamespaces) {
    int pidfd = -1;
    const pid_t child = make_process(namespaces, pidfd);
    if (child == 0) {
      begin_child(server.get());
      if ((namespaces & CLONE_NEWUSER) != 0) keep_capabilities_of_namespace();
      _exit(body());
    }
    if (child > 0) return Child{child, UniqueFd(pidfd)};
    if (namespaces == 0) return fail_errno("clone of a worker");
  }
  return fail(ENOSYS, "clone of a worker");
}

int execute_own_program(const std::vector<std::string>& arguments, std::span<const int> kept) {
  (void)setsid();
  (void)personality(PER_LINUX);  // no ADDR_NO_RANDOMIZE, no READ_IMPLIES_EXEC
  if (chdir("/") != 0) return not_started("chdir to /");
  if (!keep_only({kept.begin(), kept.end()})) return not_started("its descriptors");
  if (!take_standard_descriptors_away()) return not_started("/dev/null");
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  char* const no_environment[] = {nullptr};
  (void)execve("/proc/self/exe", argv.data(), no_environment);
  return not_started("execve");
}

}  // namespace softvpu::sandbox
