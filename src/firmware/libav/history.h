// SPDX-License-Identifier: GPL-2.0-or-later
// What was decoded since the last points where decoding can begin, so that a drained decoder can go on "with all the state from before
// the drain" (dev-decoder.rst, Drain, V4L2_DEC_CMD_START): libavcodec forgets its reference pictures when it is drained, so they
// are decoded once more. The packets are shared with libavcodec, not copied. Called by the decoder on its thread.
#pragma once

#include <cstddef>
#include <deque>

#include "firmware/libav/packetizer.h"

namespace softvpu::firmware::libav {

class History {
 public:
  // Remembers a unit that goes to the decoder now. What a drained decoder can't need any more is forgotten, and all of it when
  // it grows past kMaxBytes or kMaxUnits: from then on to the next entry point a resumed decoder conceals what it lacks.
  void add(const AccessUnit& unit);
  void clear();
  bool empty() const { return units_.empty(); }
  // New references to all packets, oldest first.
  std::deque<PacketPtr> packets() const;

  static constexpr size_t kMaxBytes = size_t{64} << 20;
  static constexpr size_t kMaxUnits = 4096;

 private:
  struct Item {
    PacketPtr packet;
    bool key;
  };
  void pop_front();

  std::deque<Item> units_;
  size_t bytes_ = 0;
  size_t keys_ = 0;
};

}  // namespace softvpu::firmware::libav
