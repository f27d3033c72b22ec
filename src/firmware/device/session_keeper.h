// SPDX-License-Identifier: GPL-2.0-or-later
// The sessions that a server has taken from the kernel module, and their workers: when each begins, and that none outlives its
// session. Used by softvpu-fw --device. Thread: the server's only one.
#pragma once

#include <poll.h>

#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "firmware/device/session_limits.h"
#include "sandbox/child.h"

namespace softvpu::firmware::device {

class SessionKeeper {
 public:
  // Starts the worker of a session, of which it may not close the descriptor.
  using Start = std::function<Result<sandbox::Child>(int session, uint32_t generation)>;
  using Log = std::function<void(const std::string&)>;

  // A worker may go on for so long after the end of its session.
  static constexpr Duration kGrace = std::chrono::seconds(1);

  SessionKeeper(Start start, Log log, const SessionLimits::Config& limits = {});
  // Kills the workers and waits for their end.
  ~SessionKeeper();
  SessionKeeper(const SessionKeeper&) = delete;
  SessionKeeper& operator=(const SessionKeeper&) = delete;

  // A session of `user`: its descriptor reports POLLHUP when the host has ended it, and closing the last copy fails it. Fails it
  // at once if there are too many; begins it when look() is called and the rates allow it.
  void take(UniqueFd session, uint32_t generation, User user);
  // What to wait for.
  void collect(std::vector<pollfd>& fds) const;
  // Does what is due, never waiting. Returns when to call again if nothing happens on the descriptors: milliseconds, -1: never.
  int look(TimePoint now);

  size_t sessions() const { return sessions_.size(); }

 private:
  struct Session {
    UniqueFd fd;
    uint32_t generation = 0;
    User user;
    sandbox::Child worker;  // pid -1: waits for its turn
    bool hung_up = false;
    bool killed = false;
    TimePoint hung_up_at;
  };
  // True: the session is over, and nothing runs for it.
  bool look_at(Session& session, TimePoint now);
  bool begin(Session& session, TimePoint now);

  const Start start_;
  const Log log_;
  SessionLimits limits_;
  std::vector<Session> sessions_;
};

}  // namespace softvpu::firmware::device
