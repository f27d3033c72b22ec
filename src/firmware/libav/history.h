// SPDX-License-Identifier: GPL-2.0-or-later
// What was decoded since the last points where decoding can begin, to be decoded once more when
// libavcodec's state was lost: a drained decoder has to go on "with all the state from before the
// drain" (dev-decoder.rst, Drain, V4L2_DEC_CMD_START), but libavcodec forgets its reference
// pictures then. The packets are shared with libavcodec, not copied. Called by the decoder on its
// thread.
#pragma once

#include <cstddef>
#include <deque>

#include "firmware/libav/packetizer.h"
#include "firmware/libav/parameter_sets.h"

namespace softvpu::firmware::libav {

class History {
 public:
  // Remembers a unit that goes to the decoder now. Kept are the last kRecent units (whose pictures
  // may not be out yet) and what they need. All is forgotten when it grows past kMaxBytes or
  // kMaxUnits: from then on to the next entry point a decoder whose state was lost conceals what it
  // lacks. `sets`: the parameter sets that were known before it.
  void add(const AccessUnit& unit, std::shared_ptr<const ParameterSetList> sets);
  // Whether add() would keep it and all that it needs.
  bool would_keep(const AccessUnit& unit) const;
  // Forgets the newest unit, if it has that number.
  void take_back(uint64_t number);
  void clear();
  bool empty() const { return units_.empty(); }
  // New references to all packets, oldest first.
  std::deque<PacketPtr> packets() const;
  // Number of the newest unit; history isn't empty.
  uint64_t last() const { return static_cast<uint64_t>(units_.back().packet->pts); }
  // Those that were known before the oldest packet; history isn't empty.
  const ParameterSetList& parameter_sets() const { return *units_.front().sets; }

  static constexpr size_t kMaxBytes = size_t{64} << 20;
  static constexpr size_t kMaxUnits = 4096;
  static constexpr size_t kRecent = 48;  // libavcodec's longest reordering (16) and most threads (16), and some

 private:
  struct Item {
    PacketPtr packet;
    EntryPoint entry;
    std::shared_ptr<const ParameterSetList> sets;
  };
  void forget_before(size_t index);

  std::deque<Item> units_;
  size_t bytes_ = 0;
};

}  // namespace softvpu::firmware::libav
