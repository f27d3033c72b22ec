// SPDX-License-Identifier: GPL-2.0-or-later
// An encoder as the worker sees it (codec.h), made of a FrameEncoder: which picture goes into which output and when, what a
// control or a layout counts for, what a drain or a flush means. dev-encoder.rst: Encoding, Drain, Reset.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>

#include "firmware/codec.h"
#include "firmware/encode/frame_encoder.h"

namespace softvpu::firmware {

class EncodeSession final : public Codec {
 public:
  // `events` outlives it.
  EncodeSession(std::unique_ptr<FrameEncoder> encoder, CodecEvents& events) : encoder_(std::move(encoder)), events_(events) {}

  void set_layout(const FrameLayout& layout) override { add_change(layout); }
  void set_control(const ControlValue& control) override { add_change(control); }
  void set_interval(FrameInterval interval) override { add_change(interval); }
  void queue_input(InputBuffer input) override;
  void queue_output(OutputBuffer output) override;
  void return_output() override;
  void flush(Side side) override;
  void drain() override;
  void resume() override { stopped_ = false; }
  bool step() override;

 private:
  struct DrainMark {};
  // Changes stand among the pictures, so that each counts from the right one on.
  using Item = std::variant<InputBuffer, FrameLayout, ControlValue, FrameInterval, DrainMark>;
  struct Picture {
    Tag tag{};
    FrameField field = FrameField::kProgressive;
  };
  using Coded = Result<std::optional<CodedFrame>>;

  // A later change of the same thing replaces an earlier one that no picture stands behind.
  void add_change(Item change);

  // Each handles the first item. False: it waits for an output.
  bool take(const InputBuffer& input);
  bool take(const FrameLayout& layout);
  bool take(const ControlValue& control);
  bool take(const FrameInterval& interval);
  bool take(const DrainMark& mark);

  // Hands out one frame that is inside. nullopt: there was none; false: it waits for an output.
  std::optional<bool> finish_one();
  // Answers the first output with the frame, if there is one.
  void deliver(const Coded& coded);
  void begin_anew();
  void fail_with(const Error& error);
  std::span<std::byte> output_memory() const;

  const std::unique_ptr<FrameEncoder> encoder_;
  CodecEvents& events_;
  std::deque<Item> waiting_;
  std::deque<OutputBuffer> outputs_;
  std::optional<FrameLayout> layout_;
  std::map<uint64_t, Picture> inside_;  // pictures by number whose frame isn't out
  uint64_t next_number_ = 0;
  bool begin_ = true;     // a new stream begins with the next picture
  bool stopped_ = false;  // drained() was called, resume() not yet
  bool failed_ = false;
};

}  // namespace softvpu::firmware
