// SPDX-License-Identifier: GPL-2.0-or-later
// The parameter sets that a stream has brought, for a libavcodec decoder that begins in its middle:
// after a seek or a drain the client need not send them again (dev-decoder.rst, Seek, step 3).
// Called by the decoder on its thread.
#pragma once

#include <memory>
#include <vector>

#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {

// Packets that bring a new decoder to where the old one was: a parameter set each, with start
// codes, in the order of their coming. Those that libavcodec refused are among them: it knows
// better which, and refuses them again.
using ParameterSetList = std::vector<std::vector<uint8_t>>;

class ParameterSets {
 public:
  explicit ParameterSets(const CodecRow& row) : row_(row) {}

  // Takes those at the beginning of an access unit.
  void add(Bytes access_unit);
  // Shared, because history remembers it for every access unit; add() makes another one when there
  // is something new.
  const std::shared_ptr<const ParameterSetList>& list() const { return list_; }

  static constexpr size_t kMaxBytes = size_t{256} << 10;  // beyond it the oldest are forgotten

 private:
  void add_set(ParameterSet set);
  void publish();

  const CodecRow& row_;
  std::vector<ParameterSet> sets_;
  std::shared_ptr<const ParameterSetList> list_ = std::make_shared<const ParameterSetList>();
};

}  // namespace softvpu::firmware::libav
