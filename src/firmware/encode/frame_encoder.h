// SPDX-License-Identifier: GPL-2.0-or-later
// What an encoder of one coded format has to do: a picture in, a coded frame out. Buffers, their order and their answers, drains
// and flushes are EncodeSession's (encode_session.h), which calls it on the codec thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "media/codec_info.h"
#include "media/control.h"
#include "media/done.h"
#include "media/frame_layout.h"
#include "media/stream_format.h"

namespace softvpu::firmware {

// A picture in the client's memory, which may change at any time: what is read twice may differ.
struct RawPicture {
  uint64_t number = 0;  // counts the pictures of a session
  FrameLayout layout;
  std::array<std::span<const std::byte>, kMaxPlanes> plane{};  // as long as the layout's components reach
  FrameField field = FrameField::kProgressive;
};

struct CodedFrame {
  uint64_t number = 0;  // of its picture
  FrameType type = FrameType::kUnknown;
  size_t bytes = 0;  // written from the beginning of the output
  // kTooSmall: the output doesn't hold it; kError: it can't be coded. Either way the frame is lost, and a new stream begins.
  DoneStatus status = DoneStatus::kOk;
};

class FrameEncoder {
 public:
  virtual ~FrameEncoder() = default;

  // Begins a new stream: the next frame is a key frame with all headers, and what is inside is dropped. Called before the first
  // picture and whenever what came before no longer counts. The layout's format and size are the pictures' until the next call;
  // its strides and offsets may differ from picture to picture. Errors (the session ends): EOPNOTSUPP, ENOMEM, EIO.
  virtual Status begin(const FrameLayout& layout) = 0;
  // From the next picture on, and over begin(). The value is one that the codec's description lists.
  virtual void set_control(const ControlValue& control) = 0;
  // Likewise: the seconds per frame, for rate control; neither number is 0, and CodecConfig's counts until the first call.
  virtual void set_interval(FrameInterval /*interval*/) {}
  // Encodes a picture. Its memory isn't touched after the call. Without latency the frame is the picture's own; an encoder that
  // looks ahead returns nullopt, or the frame of an earlier picture. Errors (the session ends): ENOMEM, EIO.
  virtual Result<std::optional<CodedFrame>> encode(const RawPicture& picture, std::span<std::byte> output) = 0;
  // The next frame that is still inside, or nullopt when there is none. Pictures may follow. Errors: as encode().
  virtual Result<std::optional<CodedFrame>> finish(std::span<std::byte> /*output*/) { return std::nullopt; }
};

}  // namespace softvpu::firmware
