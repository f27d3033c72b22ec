// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of an access unit that was decoded early: see early_unit.h.
#include "firmware/libav/early_unit.h"

namespace softvpu::firmware::libav {

void EarlyUnit::begin(const AccessUnit& unit, bool can_be_taken_back, std::optional<Field> open_field) {
  unit_ = Unit{.number = unit.number, .can_be_taken_back = can_be_taken_back, .open_field = open_field};
}

bool EarlyUnit::show(bool complete) {
  if (!complete && unit_->can_be_taken_back) return false;
  unit_->shown = complete;
  return true;
}

EarlyUnit::Verdict EarlyUnit::settle(const AccessUnit& unit) {
  if (!unit_ || unit_->number != unit.peeked) return Verdict::kNotEarly;
  // A picture that was delivered was complete, so what else there is of its access unit adds
  // nothing.
  const bool incomplete = unit.grown && !unit_->shown;
  if (incomplete && unit_->can_be_taken_back) return Verdict::kTakeBack;
  if (incomplete) allowed_ = false;
  unit_.reset();
  has_been_complete_ = true;
  return incomplete ? Verdict::kDamaged : Verdict::kDone;
}

EarlyUnit::Before EarlyUnit::take_back() {
  const Before before{.number = unit_->number, .open_field = unit_->open_field};
  unit_.reset();
  allowed_ = false;
  return before;
}

}  // namespace softvpu::firmware::libav
