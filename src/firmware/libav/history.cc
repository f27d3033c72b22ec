// SPDX-License-Identifier: GPL-2.0-or-later
// Packets since the last entry points: see history.h.
#include "firmware/libav/history.h"

namespace softvpu::firmware::libav {

void History::add(const AccessUnit& unit) {
  if (unit.entry == EntryPoint::kClean) clear();
  const bool key = unit.entry != EntryPoint::kNone;
  if (!key && units_.empty()) return;  // nothing to build upon
  PacketPtr packet(av_packet_clone(unit.packet.get()));
  if (!packet) return clear();
  bytes_ += static_cast<size_t>(packet->size);
  keys_ += key ? 1 : 0;
  units_.push_back({std::move(packet), key});
  // Pictures between two open entry points refer to both sides: keep two of them.
  while (keys_ > 2) {
    do {
      pop_front();
    } while (!units_.front().key);
  }
  if (bytes_ > kMaxBytes || units_.size() > kMaxUnits) clear();
}

void History::pop_front() {
  bytes_ -= static_cast<size_t>(units_.front().packet->size);
  keys_ -= units_.front().key ? 1 : 0;
  units_.pop_front();
}

void History::clear() {
  units_.clear();
  bytes_ = keys_ = 0;
}

std::deque<PacketPtr> History::packets() const {
  std::deque<PacketPtr> out;
  for (const Item& item : units_) {
    if (PacketPtr packet(av_packet_clone(item.packet.get())); packet) out.push_back(std::move(packet));
  }
  return out;
}

}  // namespace softvpu::firmware::libav
