// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' sessions: see serve_guests.h.
#include "softvpu-fw/serve_guests.h"

#include <signal.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "firmware/ivshmem/server.h"
#include "sandbox/child.h"
#include "softvpu-fw/session_arguments.h"

namespace softvpu::apps {
namespace {

constexpr int kGood = 0;
constexpr int kNoServer = 7;

UniqueFd end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return UniqueFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

// In the child. It has 0 to 2 of this process until it executes.
int be_worker(const hfi::SlotSession& slot, const std::string& codecs) {
  const std::array<int, 4> kept{slot.memory.get(), slot.hangup.get(), slot.command_doorbell.get(), slot.message_doorbell.get()};
  return sandbox::execute_own_program(slot_session_arguments(slot, codecs), kept);
}

}  // namespace

int serve_guests(const GuestOptions& options) {
  using firmware::ivshmem::Layout;
  using firmware::ivshmem::Server;
  const auto layout = Layout::make(options.region_mib << 20, options.sessions);
  if (!layout) {
    std::fprintf(stderr, "softvpu-fw: --size %llu --sessions %u: %s\n", static_cast<unsigned long long>(options.region_mib),
                 options.sessions, layout.error().reason.c_str());
    return kNoServer;
  }
  const UniqueFd stop = end_signals();
  if (!stop) {
    std::fprintf(stderr, "softvpu-fw: signalfd, without which no signal would end this server: %s\n", std::strerror(errno));
    return kNoServer;
  }
  signal(SIGCHLD, SIG_DFL);
  Server server(
      *layout, [&](const hfi::SlotSession& slot) { return be_worker(slot, options.codecs); },
      [](const std::string& line) { std::fprintf(stderr, "softvpu-fw: %s\n", line.c_str()); });
  if (const auto listening = server.listen(options.socket); !listening) {
    std::fprintf(stderr, "softvpu-fw: %s: %s: %s\n", options.socket, listening.error().reason.c_str(),
                 std::strerror(listening.error().code));
    return kNoServer;
  }
  std::fprintf(stderr,
               "softvpu-fw: ready. QEMU wants: -chardev socket,path=%s,id=vpu -device ivshmem-doorbell,chardev=vpu,vectors=%u\n",
               options.socket, layout->vectors());
  while (server.step(-1, stop.get())) continue;
  return kGood;
}

}  // namespace softvpu::apps
