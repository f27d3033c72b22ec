// SPDX-License-Identifier: LGPL-2.1-or-later
// When a control's value counts: a client sets controls at any time, and the picture that it queues
// next is the first that is coded with them, not an earlier one that still waits (Chromium,
// codec2 and GStreamer force a key frame that way; mtk-vcodec-enc does the same). So changes are
// kept beside the buffer. Called by encoder.* under the file's lock. Clause: dev-encoder.rst,
// Encoding Parameter Changes, which leaves the timing to the encoder.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "codec/session.h"
#include "v4l2/controls/controls.h"

namespace softvpu::v4l2 {

class LatchedControls {
 public:
  // `controls` outlives this.
  explicit LatchedControls(Controls& controls) : controls_(controls) {}

  // The OUTPUT buffer of that index was queued: what changed since the last one belongs to it.
  void latch(const codec::CodecInfo& codec, uint32_t index);
  // The client has all its OUTPUT buffers back: what belonged to those that weren't coded belongs to
  // the next one that is queued.
  void unlatch();

  // A new session has every control at its default. Tells it those that a former one had been told
  // otherwise. Errors: the session's.
  Status tell_all(codec::Session& session, const codec::CodecInfo& codec);
  // That buffer goes to the session next. Errors: the session's.
  Status tell(codec::Session& session, uint32_t index);

 private:
  using Changes = std::vector<std::pair<uint32_t, int64_t>>;  // ids and values

  Controls& controls_;
  std::map<uint32_t, int64_t> latched_;  // the value that the buffer queued last has
  std::map<uint32_t, int64_t> told_;     // the value that the session has
  std::map<uint32_t, Changes> waiting_;  // by index of the buffer
};

}  // namespace softvpu::v4l2
