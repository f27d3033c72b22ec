// SPDX-License-Identifier: LGPL-2.1-or-later
// When a control's value and the frame interval count: a client sets them at any time, and the
// picture that it queues next is the first that is coded with them, not an earlier one that still
// waits (Chromium, codec2 and GStreamer force a key frame that way; mtk-vcodec-enc does the same).
// So they are kept beside the buffer. Called by encoder.* under the file's lock. Clause:
// dev-encoder.rst, Encoding Parameter Changes, which leaves the timing to the encoder.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "codec/session.h"
#include "v4l2/controls/controls.h"

namespace softvpu::v4l2 {

class LatchedParameters {
 public:
  // `controls` outlives this; nothing has been set yet.
  explicit LatchedParameters(Controls& controls);

  // Controls of the codec have an effect, those of others have none (V4L2_CTRL_FLAG_INACTIVE).
  void choose(const codec::CodecInfo& codec, const codec::Capabilities& all);

  // The OUTPUT buffer of that index was queued: what was set since the last one belongs to it, and
  // so does the interval, which is the current one.
  void latch(uint32_t index, FrameInterval interval);
  // The client has all its OUTPUT buffers back: controls that belonged to those that weren't coded
  // belong to the next one that is queued.
  void unlatch();

  // A session is opened with the returned interval, the first picture's, which is `current` if none
  // is queued.
  FrameInterval begin(FrameInterval current);
  // A new session has every control at the default of its codec: sets what the last picture was
  // coded with. Errors: the session's.
  Status apply_all(codec::Session& session, const codec::CodecInfo& codec) const;
  // The buffer goes to the session next. Errors: the session's.
  Status apply(codec::Session& session, const codec::CodecInfo& codec, uint32_t index);

 private:
  using Changes = std::vector<ControlValue>;

  Controls& controls_;
  // As the last picture has them: controls by id, without buttons, and the interval.
  std::map<uint32_t, int64_t> applied_;
  FrameInterval applied_interval_;
  struct Waiting {
    uint32_t index;
    Changes changes;
    FrameInterval interval;
  };
  std::vector<Waiting> waiting_;  // in the order of queueing
  Changes carried_;               // of buffers that weren't coded
};

}  // namespace softvpu::v4l2
