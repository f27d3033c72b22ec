// SPDX-License-Identifier: LGPL-2.1-or-later
// How a queued buffer comes back: one value for the firmware's codecs, the seam and the upper half. hfi/values.h carries it over.
#pragma once

#include <array>
#include <cstdint>

#include "media/frame_layout.h"
#include "media/stream_format.h"

namespace softvpu {

// Names one queueing of a buffer; never reused within a session. 0 is never used.
enum class Cookie : uint64_t {};

// Opaque below the upper half: copied from an input to every frame that came from it. The upper half finds the V4L2 timestamp,
// timecode and the like by it. When several inputs made one frame, the first one's tag counts (dev-decoder.rst, Decoding).
enum class Tag : uint64_t {};

enum class DoneStatus : uint8_t {
  kOk = 0,
  kError,      // the data was damaged: V4L2_BUF_FLAG_ERROR. An output may still hold a usable picture.
  kCancelled,  // flushed or given back unused
  kTooSmall,   // the memory doesn't hold what belongs into it; for the client an error as well
};

constexpr bool is_error(DoneStatus status) { return status == DoneStatus::kError || status == DoneStatus::kTooSmall; }

struct OutputDone {
  Cookie cookie{};
  DoneStatus status = DoneStatus::kOk;
  Tag tag{};
  bool has_tag = false;
  FrameType type = FrameType::kUnknown;
  FrameField field = FrameField::kProgressive;
  std::array<uint32_t, kMaxPlanes> bytes_used{};  // 0 for a buffer given back empty
  bool in_place = false;                          // made in the memory itself, not copied there; for counters
  friend bool operator==(const OutputDone&, const OutputDone&) = default;
};

}  // namespace softvpu
