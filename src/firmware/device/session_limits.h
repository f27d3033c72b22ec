// SPDX-License-Identifier: GPL-2.0-or-later
// How many sessions, and how many starts in a second, a server grants: to each user, so that nobody takes another's, and in all.
// Pure: no clock, no process. Used by session_keeper.cc.
#pragma once

#include <cstdint>
#include <map>

#include "base/clock.h"

namespace softvpu::firmware::device {

// Who opened the device: a user id, or nobody knows.
struct User {
  static constexpr uint64_t kUnknown = ~uint64_t{0};
  uint64_t id = kUnknown;
  friend auto operator<=>(const User&, const User&) = default;
};

class SessionLimits {
 public:
  struct Config {
    uint32_t sessions = 128;
    uint32_t sessions_of_user = 32;
    uint32_t starts = 60;  // in a second
    uint32_t starts_of_user = 20;
  };

  SessionLimits() : SessionLimits(Config{}) {}
  explicit SessionLimits(const Config& config) : config_(config) {}

  // A session of `user` wants to begin. False: there are too many. leave() gives its place back.
  bool enter(User user);
  void leave(User user);
  // False: `user`, or everybody together, has begun enough in this second; ask again later.
  bool start(User user, TimePoint now);

 private:
  // Of a second, which begins with the first start in it.
  struct Rate {
    TimePoint since;
    uint32_t count = 0;
    bool has_room(uint32_t most, TimePoint now);
  };
  struct Account {
    uint32_t sessions = 0;
    Rate starts;
  };

  const Config config_;
  uint32_t sessions_ = 0;
  Rate starts_;
  std::map<User, Account> users_;  // at most as many as there are sessions, and those whose second isn't over
};

}  // namespace softvpu::firmware::device
