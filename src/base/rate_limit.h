// SPDX-License-Identifier: LGPL-2.1-or-later
// How often a peer may do something, per unit of time. Pure: times come in. Used at every border of
// trust where the peer may go on forever: a limit on a number in a row is none, because one of
// anything else in between starts it again.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace softvpu {

class RateLimit {
 public:
  // `most` in each window of `per`; a window begins with the first one after the last window's end.
  explicit constexpr RateLimit(uint32_t most, Duration per = std::chrono::seconds(1)) : most_(most), per_(per) {}

  // One more, at `now`. False: that is one too many.
  bool take(TimePoint now) {
    if (!begun_ || now - *begun_ >= per_) {
      begun_ = now;
      count_ = 0;
    }
    if (count_ == most_) return false;
    ++count_;
    return true;
  }

 private:
  uint32_t most_;
  Duration per_;
  uint32_t count_ = 0;
  std::optional<TimePoint> begun_;
};

}  // namespace softvpu
