// SPDX-License-Identifier: GPL-2.0-or-later
// Decoded pictures on their way to the client: in output order, each with the tag of the input its
// access unit began in, and after an announcement where the format changes (dev-decoder.rst,
// Dynamic Resolution Change). Called by the decoder on its thread.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "firmware/codec.h"
#include "firmware/libav/output_pool.h"
#include "firmware/libav/packetizer.h"
#include "firmware/libav/sequence.h"

namespace softvpu::firmware::libav {

class Delivery {
 public:
  Delivery(const CodecRow& row, OutputPool& pool, CodecEvents& events);

  // Announces a format. From now to resume() nothing is delivered.
  void announce(const StreamFormat& info);
  bool announced() const { return announced_.has_value(); }
  bool paused() const { return paused_; }
  void resume() { paused_ = false; }

  // An access unit goes to the decoder: what its picture will be delivered with.
  void remember(const AccessUnit& unit, const SequenceInfo& sequence);
  // Whether the picture of that access unit was delivered, or it is too long ago to be known.
  bool is_delivered(uint64_t number) const;

  // The next picture in output order.
  void add(FramePtr picture) { due_.push_back(std::move(picture)); }
  // Forgets the pictures that weren't delivered.
  void clear() { due_.clear(); }
  bool empty() const { return due_.empty(); }
  // Delivers the first picture, or announces its format. False: it waits for an output or for
  // resume(). `damaged`: the pictures to come have to be decoded into the decoder's own memory.
  // Errors: EOPNOTSUPP when it has a format that this device can't deliver.
  Result<bool> step(bool damaged);

 private:
  struct Tagged {
    uint64_t number = 0;
    uint64_t tag = 0;
    bool delivered = false;
    SequenceInfo sequence;
  };

  Result<bool> announce_if_changed(const AVFrame& picture);
  void complete(OutputPool::Output output, const AVFrame& picture, DoneStatus status, bool in_place);
  // nullptr: it was forgotten, or never known.
  const Tagged* tagged(uint64_t number) const;

  const CodecRow& row_;
  OutputPool& pool_;
  CodecEvents& events_;
  std::deque<FramePtr> due_;
  std::optional<StreamFormat> announced_;  // the last one
  bool paused_ = false;
  std::vector<Tagged> tags_;  // of recent access units, by number modulo its size
};

}  // namespace softvpu::firmware::libav
