// SPDX-License-Identifier: LGPL-2.1-or-later
// What the client said of an OUTPUT buffer, kept until the frames that came from it are out. Called by a role under the file's
// lock. dev-decoder.rst, Decoding, note: timestamps (and with them timecode and timestamp source) are copied to the frames.
#pragma once

#include <linux/videodev2.h>

#include <cstdint>
#include <deque>

#include "codec/session.h"
#include "v4l2/queue/queue.h"

namespace softvpu::v4l2 {

struct InputInfo {
  timeval timestamp{};
  v4l2_timecode timecode{};
  uint32_t flags = 0;  // V4L2_BUF_FLAG_TIMECODE and the timestamp source
  uint32_t field = V4L2_FIELD_NONE;
};

// What of a queued OUTPUT buffer is kept.
InputInfo info_of(const Buffer& output);
// Gives it to a CAPTURE buffer; nullptr: the time is 0.
void copy_info(const InputInfo* info, Buffer& capture);

class TagHistory {
 public:
  // More than a frame in the smallest pieces that clients feed, and its reordering; 250 KB when full.
  static constexpr size_t kCapacity = 4096;

  codec::Tag add(const InputInfo& info);
  // The input of that tag; the oldest one that is kept when it is older; nullptr when it was never given out.
  const InputInfo* find(codec::Tag tag) const;

 private:
  std::deque<InputInfo> kept_;
  uint64_t next_ = 1;  // tag of the next input; kept_.back() has next_ - 1
};

}  // namespace softvpu::v4l2
