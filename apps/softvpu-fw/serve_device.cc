// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions of the kernel module's firmware node: see serve_device.h.
#include "softvpu-fw/serve_device.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <softvpu/fwdev.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "firmware/device/session_keeper.h"
#include "softvpu-fw/session_arguments.h"

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

Result<sandbox::Child> start_worker(int session, uint32_t generation, const std::string& codecs) {
  return sandbox::start_child([&] {
    const std::array<int, 1> kept{session};
    return sandbox::execute_own_program(device_session_arguments(generation, codecs), kept);
  });
}

// Takes the next session. False: the node is broken; logs it.
bool attach(const char* node, int fd, firmware::device::SessionKeeper& keeper) {
  svpu_fw_attach attach{};
  attach.abi_major = SVPU_ABI_MAJOR;
  if (ioctl(fd, SVPU_FW_ATTACH, &attach) != 0) {
    if (errno == EAGAIN || errno == EINTR) return true;
    (void)complain(node, "can't attach to a session");
    return false;
  }
  UniqueFd session(attach.fd);
  // Readers find the doorbell rung or taken by another thread, never asleep.
  if (fcntl(session.get(), F_SETFL, O_NONBLOCK) != 0) return true;
  firmware::device::User user;
  if ((attach.flags & SVPU_FW_ATTACH_OPENER) != 0) user.id = attach.opener;  // else a module that doesn't tell
  keeper.take(std::move(session), attach.generation, user);
  return true;
}

}  // namespace

int serve_device(const char* node, const std::string& codecs) {
  const UniqueFd fd(open(node, O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return complain(node, "can't be opened");
  (void)signal(SIGCHLD, SIG_DFL);
  firmware::device::SessionKeeper keeper(
      [&](int session, uint32_t generation) { return start_worker(session, generation, codecs); },
      [](const std::string& line) { std::fprintf(stderr, "softvpu-fw: %s\n", line.c_str()); });
  while (true) {
    const int timeout_ms = keeper.look(system_clock().now());
    std::vector<pollfd> fds{{fd.get(), POLLIN, 0}};
    keeper.collect(fds);
    if (poll(fds.data(), fds.size(), timeout_ms) < 0) {
      if (errno == EINTR) continue;
      return complain(node, "poll");
    }
    if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return kGood;
    if ((fds[0].revents & POLLIN) != 0 && !attach(node, fd.get(), keeper)) return kNoDevice;
  }
}

}  // namespace softvpu::apps
