// SPDX-License-Identifier: GPL-2.0-or-later
// What a new libavcodec decoder must know to go on where another one stopped: the parameter sets so
// far, and the access units that are decoded once more (the replay). There are three reasons for a
// new one:
// - A drain. libavcodec knows no reference pictures afterwards, and the client may go on with all
//   the state from before (dev-decoder.rst, Drain, V4L2_DEC_CMD_START).
// - An access unit that was decoded early is taken back (early_unit.h).
// - Damage. What libavcodec makes of damaged data depends on the number of threads and on what its
//   memory held before. So that the same stream always gives the same pictures (those of libavcodec
//   with one thread and its own memory), the first damage ends threads and zero copy until decoding
//   can begin again, and what wasn't delivered is decoded again. (Damage that libavcodec doesn't
//   notice, or only after pictures that have already been delivered, is beyond that.) Called by the
//   unit decoder on its thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "firmware/libav/history.h"
#include "firmware/libav/packetizer.h"
#include "firmware/libav/parameter_sets.h"

namespace softvpu::firmware::libav {

class Restart {
 public:
  explicit Restart(const CodecRow& row) : sets_(row) {}

  // With the stream's first header, which every decoder is opened with.
  void begin(Bytes parameter_sets);
  // At another place of the stream. Parameter sets stay known (Seek, step 3).
  void forget_position();

  // An access unit goes to the decoder for the first time.
  void record(const AccessUnit& unit);
  // Its parameter sets alone, before a decoder is opened for it: with those of the sequence before,
  // libavcodec would go on with its colour.
  void record_sets(const AccessUnit& unit) { sets_.add(unit.bytes()); }
  bool can_take_back(const AccessUnit& unit) const { return history_.would_keep(unit); }
  void take_back(uint64_t number) { history_.take_back(number); }
  // What follows refers to nothing that was recorded.
  void begin_anew();

  const ParameterSetList& known_sets() const { return *sets_.list(); }
  // Whether the decoder has them from the header that it was opened with.
  bool are_first_sets(const ParameterSetList& sets) const { return &sets == first_sets_.get(); }

  // The decoder was closed: the next unit that refers to others needs a replay.
  void want_replay() { wanted_ = true; }
  // Whether `unit` does. Asked once for each unit before it is recorded.
  bool is_needed_by(const AccessUnit& unit);
  bool is_possible() const { return !history_.empty(); }
  // Begins a replay of what is recorded. Pictures up to unit `last` come out again. Returns the
  // parameter sets that the new decoder has to be given, nullptr when nothing is recorded.
  const ParameterSetList* replay(uint64_t last);
  uint64_t last_recorded() const { return history_.last(); }

  // What remains of it, in this order: packets, then the unit that waits for its end.
  bool is_replaying() const { return !replay_.empty(); }
  PacketPtr next_packet();
  std::optional<AccessUnit> take_waiting() { return std::exchange(waiting_, std::nullopt); }
  void hold_back(AccessUnit unit) { waiting_ = std::move(unit); }
  // The picture of that unit may have been delivered before.
  bool may_be_repeated(uint64_t number) const { return number <= replay_until_; }

  // Damage shows, in that unit if it is known. True: for the first time.
  bool note_damage(std::optional<uint64_t> number);
  bool damaged() const { return damaged_; }
  // Decoding can begin again with `unit`, and no picture from before is in libavcodec any more.
  bool is_damage_behind(const AccessUnit& unit) const;
  void forget_damage() { damaged_ = false; }

 private:
  History history_;
  ParameterSets sets_;
  std::shared_ptr<const ParameterSetList> first_sets_;
  bool wanted_ = false;
  std::deque<PacketPtr> replay_;
  std::optional<AccessUnit> waiting_;
  uint64_t replay_until_ = 0;
  bool damaged_ = false;
  uint64_t last_damage_ = 0;  // number of the access unit
};

}  // namespace softvpu::firmware::libav
