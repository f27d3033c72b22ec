// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and their workers: see session_keeper.h.
#include "firmware/device/session_keeper.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace softvpu::firmware::device {
namespace {

constexpr int kTurnMs = 20;  // between looks at sessions that wait for their turn

bool has_hung_up(int fd) {
  pollfd entry{fd, 0, 0};
  return poll(&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void kill_by(const UniqueFd& pidfd) { (void)syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0); }

}  // namespace

SessionKeeper::SessionKeeper(Start start, Log log, const SessionLimits::Config& limits)
    : start_(std::move(start)), log_(std::move(log)), limits_(limits) {}

SessionKeeper::~SessionKeeper() {
  for (const Session& session : sessions_) {
    if (session.worker.pid < 0) continue;
    kill_by(session.worker.pidfd);
    while (waitpid(session.worker.pid, nullptr, 0) < 0 && errno == EINTR) continue;
  }
}

void SessionKeeper::take(UniqueFd session, uint32_t generation, User user) {
  if (!limits_.enter(user)) {
    log_("session " + std::to_string(generation) + " is refused: too many at a time");
    return;
  }
  sessions_.push_back({.fd = std::move(session), .generation = generation, .user = user});
}

void SessionKeeper::collect(std::vector<pollfd>& fds) const {
  for (const Session& session : sessions_) {
    if (!session.hung_up) fds.push_back({session.fd.get(), 0, 0});
    if (session.worker.pid > 0) fds.push_back({session.worker.pidfd.get(), POLLIN, 0});
  }
}

bool SessionKeeper::begin(Session& session, TimePoint now) {
  if (!limits_.start(session.user, now)) return true;
  auto worker = start_(session.fd.get(), session.generation);
  if (!worker) {
    // Out of processes: closing the session's descriptor fails that one, the next may work.
    log_("no worker for session " + std::to_string(session.generation) + ": " + worker.error().reason + ": " +
         std::strerror(worker.error().code));
    return false;
  }
  session.worker = std::move(*worker);
  return true;
}

bool SessionKeeper::look_at(Session& session, TimePoint now) {
  if (!session.hung_up && has_hung_up(session.fd.get())) {
    session.hung_up = true;
    session.hung_up_at = now;
  }
  if (session.worker.pid < 0) return session.hung_up || !begin(session, now);
  if (waitpid(session.worker.pid, nullptr, WNOHANG) == session.worker.pid) return true;
  if (session.hung_up && !session.killed && now - session.hung_up_at >= kGrace) {
    session.killed = true;
    kill_by(session.worker.pidfd);
  }
  return false;
}

int SessionKeeper::look(TimePoint now) {
  std::erase_if(sessions_, [&](Session& session) {
    if (!look_at(session, now)) return false;
    limits_.leave(session.user);
    return true;
  });
  int timeout_ms = -1;
  for (const Session& session : sessions_) {
    int due_ms = -1;
    if (session.worker.pid < 0) due_ms = kTurnMs;
    if (session.hung_up && !session.killed) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(session.hung_up_at + kGrace - now);
      due_ms = static_cast<int>(std::max<int64_t>(left.count(), 0));
    }
    if (due_ms >= 0 && (timeout_ms < 0 || due_ms < timeout_ms)) timeout_ms = due_ms;
  }
  return timeout_ms;
}

}  // namespace softvpu::firmware::device
