// SPDX-License-Identifier: GPL-2.0-or-later
// The record and its replay: see restart.h.
#include "firmware/libav/restart.h"

#include <utility>

namespace softvpu::firmware::libav {

void Restart::begin(Bytes parameter_sets) {
  sets_.add(parameter_sets);
  first_sets_ = sets_.list();
}

void Restart::forget_position() {
  history_.clear();
  wanted_ = false;
  replay_.clear();
  waiting_.reset();
  damaged_ = false;
}

void Restart::record(const AccessUnit& unit) {
  history_.add(unit, sets_.list());
  sets_.add(unit.bytes());
}

void Restart::begin_anew() {
  history_.clear();
  wanted_ = false;
}

bool Restart::is_needed_by(const AccessUnit& unit) {
  if (!std::exchange(wanted_, false)) return false;
  replay_until_ = unit.number - 1;
  return unit.entry != EntryPoint::kClean && !history_.empty();
}

const ParameterSetList* Restart::replay(uint64_t last) {
  replay_until_ = last;
  replay_ = history_.packets();
  return history_.empty() ? nullptr : &history_.parameter_sets();
}

PacketPtr Restart::next_packet() {
  PacketPtr packet = std::move(replay_.front());
  replay_.pop_front();
  return packet;
}

bool Restart::note_damage(std::optional<uint64_t> number) {
  if (number) last_damage_ = *number;
  return !std::exchange(damaged_, true);
}

bool Restart::is_damage_behind(const AccessUnit& unit) const {
  return damaged_ && unit.entry == EntryPoint::kClean && unit.number > last_damage_ + History::kRecent;
}

}  // namespace softvpu::firmware::libav
