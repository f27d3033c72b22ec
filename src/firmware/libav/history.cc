// SPDX-License-Identifier: GPL-2.0-or-later
// Packets since the last entry points: see history.h.
#include "firmware/libav/history.h"

namespace softvpu::firmware::libav {

void History::add(const AccessUnit& unit, std::shared_ptr<const ParameterSetList> sets) {
  if (unit.entry == EntryPoint::kNone && units_.empty()) return;  // nothing to build upon
  PacketPtr packet(av_packet_clone(unit.packet.get()));
  if (!packet) return clear();
  bytes_ += static_cast<size_t>(packet->size);
  units_.push_back({std::move(packet), unit.entry, std::move(sets)});
  if (bytes_ > kMaxBytes || units_.size() > kMaxUnits) return clear();
  if (units_.size() <= kRecent) return;

  // The first unit that isn't recent any more: can what comes after it do without what was before?
  const size_t entry = units_.size() - 1 - kRecent;
  if (units_[entry].entry == EntryPoint::kClean) return forget_before(entry);
  if (units_[entry].entry == EntryPoint::kNone) return;
  // Pictures after an open entry point may refer to those before it, back to the entry point
  // before.
  size_t before = entry;
  while (before > 0 && units_[before - 1].entry == EntryPoint::kNone) --before;
  if (before > 0) forget_before(before - 1);
}

void History::forget_before(size_t index) {
  for (; index > 0; --index) {
    bytes_ -= static_cast<size_t>(units_.front().packet->size);
    units_.pop_front();
  }
}

bool History::would_keep(const AccessUnit& unit) const {
  if (unit.entry == EntryPoint::kNone && units_.empty()) return false;
  return units_.size() < kMaxUnits && bytes_ + unit.bytes().size() <= kMaxBytes;
}

void History::take_back(uint64_t number) {
  if (units_.empty() || units_.back().packet->pts != static_cast<int64_t>(number)) return;
  bytes_ -= static_cast<size_t>(units_.back().packet->size);
  units_.pop_back();
}

void History::clear() {
  units_.clear();
  bytes_ = 0;
}

std::deque<PacketPtr> History::packets() const {
  std::deque<PacketPtr> out;
  for (const Item& item : units_) {
    if (PacketPtr packet(av_packet_clone(item.packet.get())); packet) out.push_back(std::move(packet));
  }
  return out;
}

}  // namespace softvpu::firmware::libav
