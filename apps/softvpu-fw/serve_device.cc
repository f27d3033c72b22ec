// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions of the kernel module's firmware node: see serve_device.h.
#include "softvpu-fw/serve_device.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <softvpu/fwdev.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace softvpu::apps {
namespace {

constexpr int kGood = 0;
constexpr int kNoDevice = 7;

int complain(const char* node, const char* what) {
  const int error = errno;
  std::fprintf(stderr, "softvpu-fw: %s: %s: %s\n", node, what, std::strerror(error));
  if (error == ENOENT) std::fprintf(stderr, "Is the kernel module loaded? Try: modprobe softvpu\n");
  if (error == EBUSY) std::fprintf(stderr, "Another softvpu-fw serves this node already.\n");
  return kNoDevice;
}

[[noreturn]] void be_worker(UniqueFd node, UniqueFd session, uint32_t generation, pid_t server, SessionWorker worker) {
  node.reset();
  signal(SIGCHLD, SIG_DFL);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != server) _exit(kGood);
  // Readers find the doorbell rung or taken by another thread, never asleep.
  if (fcntl(session.get(), F_SETFL, O_NONBLOCK) != 0) _exit(kNoDevice);
  _exit(worker(std::move(session), generation));
}

}  // namespace

int serve_device(const char* node, SessionWorker worker) {
  UniqueFd fd(open(node, O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return complain(node, "can't be opened");
  signal(SIGCHLD, SIG_IGN);  // nobody asks how a worker ended: the module knows by its descriptor
  const pid_t server = getpid();
  while (true) {
    pollfd wait{fd.get(), POLLIN, 0};
    if (poll(&wait, 1, -1) < 0) {
      if (errno == EINTR) continue;
      return complain(node, "poll");
    }
    if ((wait.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return kGood;
    svpu_fw_attach attach{};
    attach.abi_major = SVPU_ABI_MAJOR;
    if (ioctl(fd.get(), SVPU_FW_ATTACH, &attach) != 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return complain(node, "can't attach to a session");
    }
    UniqueFd session(attach.fd);
    const pid_t child = fork();
    if (child == 0) be_worker(std::move(fd), std::move(session), attach.generation, server, worker);
    // Out of processes: closing the session's descriptor fails that one, the next may do.
    if (child < 0) std::fprintf(stderr, "softvpu-fw: no worker for session %u: %s\n", attach.generation, std::strerror(errno));
  }
}

}  // namespace softvpu::apps
