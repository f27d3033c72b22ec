// SPDX-License-Identifier: GPL-2.0-or-later
// A decoding session of FWHT, as the worker has it: inputs cut anywhere, formats announced,
// pictures packed into the client's buffers. codec.h says what each call means; the codec itself is
// decoder.h.
#pragma once

#include <deque>
#include <optional>
#include <variant>

#include "firmware/codec.h"
#include "firmware/fwht/decoder.h"
#include "firmware/fwht/frame_cutter.h"

namespace softvpu::firmware::fwht {

class StreamDecoder final : public Codec {
 public:
  explicit StreamDecoder(CodecEvents& events) : events_(events) {}

  void set_layout(const FrameLayout& layout) override { layout_ = layout; }
  void queue_input(InputBuffer input) override;
  void queue_output(OutputBuffer output) override;
  void return_output() override;
  void flush(Side side) override;
  void drain() override;
  void resume() override { paused_ = false; }
  bool step() override;

 private:
  struct DrainMark {};
  struct Input {
    InputBuffer buffer;
    size_t taken = 0;      // bytes
    bool damaged = false;  // bytes of it are in no frame
  };
  struct Output {
    OutputBuffer buffer;
    FrameLayout layout;
  };

  bool step_frame();
  bool step_input();
  void announce(const FrameHeader& header);
  void deliver(Output output, const Picture& picture, DoneStatus status);
  void fail_with(const Error& error);

  CodecEvents& events_;
  FrameLayout layout_;
  std::deque<std::variant<Input, DrainMark>> inputs_;
  std::deque<Output> outputs_;
  FrameCutter cutter_;
  std::optional<Decoder> decoder_;  // of the format that was announced last
  bool paused_ = false;
  bool needs_key_ = false;  // since a flush of the inputs
  bool failed_ = false;
};

}  // namespace softvpu::firmware::fwht
