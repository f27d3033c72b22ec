// SPDX-License-Identifier: GPL-2.0-or-later
// The parameter sets that a stream has brought, for a libavcodec decoder that begins in its middle: after a seek or a drain the
// client need not send them again (dev-decoder.rst, Seek, step 3). Called by the decoder on its thread.
#pragma once

#include <memory>
#include <vector>

#include "firmware/libav/bits.h"

extern "C" {
#include <libavcodec/codec_id.h>
}

namespace softvpu::firmware::libav {

// Packets that bring a new decoder to where the old one was: a parameter set each (H.264, HEVC) or a sequence header with its
// extensions (MPEG-2), with start codes, in the order of their coming. Those that libavcodec refused are among them: it knows
// better which, and refuses them again.
using ParameterSetList = std::vector<std::vector<uint8_t>>;

class ParameterSets {
 public:
  explicit ParameterSets(AVCodecID codec) : codec_(codec) {}

  // Takes those at the begin of an access unit.
  void add(Bytes access_unit);
  // Shared, because history remembers it for every access unit; add() makes another one when there is something new.
  const std::shared_ptr<const ParameterSetList>& list() const { return list_; }

  static constexpr size_t kMaxBytes = size_t{256} << 10;  // beyond it the oldest are forgotten

 private:
  // Kinds are numbered so that a new set of one kind makes libavcodec forget those of higher kinds that refer to it.
  struct Set {
    uint32_t kind = 0;
    uint32_t id = 0;
    std::vector<uint8_t> bytes;
  };
  void add_set(Set set);
  void publish();

  const AVCodecID codec_;
  std::vector<Set> sets_;
  std::shared_ptr<const ParameterSetList> list_ = std::make_shared<const ParameterSetList>();
};

}  // namespace softvpu::firmware::libav
