// SPDX-License-Identifier: GPL-2.0-or-later
// Places and rates: see session_limits.h.
#include "firmware/device/session_limits.h"

namespace softvpu::firmware::device {

bool SessionLimits::Rate::has_room(uint32_t most, TimePoint now) {
  if (count == 0 || now - since >= std::chrono::seconds(1)) {
    since = now;
    count = 0;
  }
  return count < most;
}

bool SessionLimits::enter(User user) {
  Account& account = users_[user];
  if (sessions_ >= config_.sessions || account.sessions >= config_.sessions_of_user) return false;
  ++sessions_;
  ++account.sessions;
  return true;
}

void SessionLimits::leave(User user) {
  --sessions_;
  --users_[user].sessions;
}

bool SessionLimits::start(User user, TimePoint now) {
  // Whoever has neither a session nor a start in this second is forgotten.
  std::erase_if(users_, [&](const auto& entry) {
    return entry.first != user && entry.second.sessions == 0 && now - entry.second.starts.since >= std::chrono::seconds(1);
  });
  Rate& of_user = users_[user].starts;
  if (!of_user.has_room(config_.starts_of_user, now) || !starts_.has_room(config_.starts, now)) return false;
  ++of_user.count;
  ++starts_.count;
  return true;
}

}  // namespace softvpu::firmware::device
