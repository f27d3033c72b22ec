// SPDX-License-Identifier: GPL-2.0-or-later
// The access unit that is decoded before it is known to be complete (Packetizer::peek), for clients
// that queue an access unit and wait for its picture. If it wasn't complete it is taken back: no
// picture with a part missing is delivered. Called by the unit decoder on its thread.
#pragma once

#include <optional>

#include "firmware/libav/codecs/sequence_reader.h"
#include "firmware/libav/packetizer.h"

namespace softvpu::firmware::libav {

class EarlyUnit {
 public:
  // Whether another unit may be decoded early: none is waiting to be settled, and none had to be
  // taken back.
  bool may_begin() const { return allowed_ && !unit_; }
  // Whether `unit` may, where its picture couldn't be taken back: the client has shown how it cuts
  // its inputs.
  bool may_begin_for_good(const AccessUnit& unit) const { return has_been_complete_ && unit.expected; }
  // `open_field`: Sequences::open_field() before it.
  void begin(const AccessUnit& unit, bool can_be_taken_back, std::optional<Field> open_field);

  // Whether it is the access unit with that number.
  bool is(uint64_t number) const { return unit_ && unit_->number == number; }
  bool can_be_taken_back() const { return unit_ && unit_->can_be_taken_back; }

  // Its picture came out. False: it is to be taken back.
  bool show(bool complete);

  // The parser has given the same unit out, now that the next one has begun.
  enum class Verdict : uint8_t {
    kNotEarly,  // it wasn't decoded, so it is to be decoded now
    kDone,      // it was, and nothing is missing
    kTakeBack,  // it was, without all of its slices
    kDamaged,   // the same, and it can't be taken back: its damage is shown
  };
  Verdict settle(const AccessUnit& unit);

  // What is to be restored when it is taken back. No other unit will be decoded early.
  struct Before {
    uint64_t number = 0;
    std::optional<Field> open_field;
  };
  Before take_back();

  // Nothing is decoded early any more until forget_stream().
  void disallow() { allowed_ = false; }
  // The parser won't give it out.
  void forget() { unit_.reset(); }
  // At another place of the stream.
  void forget_stream() { *this = {}; }

 private:
  struct Unit {
    uint64_t number = 0;
    bool can_be_taken_back = true;  // false: what it needs isn't kept
    std::optional<Field> open_field;
    bool shown = false;  // its picture came out, complete
  };
  std::optional<Unit> unit_;
  bool allowed_ = true;             // until one was taken back
  bool has_been_complete_ = false;  // one was decoded early, and it was complete
};

}  // namespace softvpu::firmware::libav
