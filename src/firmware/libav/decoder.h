// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder over libavcodec: inputs -> access units -> pictures -> outputs. It steps over its
// parts, one piece of work at a time, and knows when the stream pauses and ends. Made by
// the catalog (library.h), called by the worker's codec thread. dev-decoder.rst:
// Initialization, Decoding, Seek, Dynamic Resolution Change, Drain.
#pragma once

#include <memory>

#include "firmware/codec.h"
#include "firmware/libav/codecs/codec_row.h"
#include "firmware/libav/delivery.h"
#include "firmware/libav/header_search.h"
#include "firmware/libav/input_queue.h"
#include "firmware/libav/output_pool.h"
#include "firmware/libav/packetizer.h"
#include "firmware/libav/unit_decoder.h"

namespace softvpu::firmware::libav {

class LibavDecoder final : public Codec {
 public:
  static Result<std::unique_ptr<Codec>> create(const CodecRow& row, CodecConfig config, CodecEvents& events);

  void set_layout(const FrameLayout& layout) override { pool_.set_layout(layout); }
  void queue_input(InputBuffer input) override;
  void queue_output(OutputBuffer output) override;
  void return_output() override;
  void flush(Side side) override;
  void drain() override;
  void resume() override;
  bool step() override;

  // Of the pictures so far, those that libavcodec wrote into the client's memory itself.
  uint64_t pictures_in_place() const { return pool_.direct_count(); }

 private:
  LibavDecoder(const CodecRow& row, CodecConfig config, CodecEvents& events);

  bool step_delivery();
  bool step_header();
  bool step_decoding();
  bool step_drain();

  void header_found(Cookie last_input);
  bool begin_next_input();
  void finish_input();
  void finish_drain(bool damaged);
  void forget_stream_position();
  void fail_with(const Error& error);

  const CodecRow& row_;
  const CodecConfig config_;
  CodecEvents& events_;

  OutputPool pool_;  // outlives all pictures: those in delivery_, and those that units_ refers to
  InputQueue inputs_;
  HeaderSearch search_;
  std::unique_ptr<Packetizer> packetizer_;
  Delivery delivery_;
  UnitDecoder units_;

  bool stopped_ = false;  // drained() was called, resume() not yet
  bool failed_ = false;
  enum class Draining : uint8_t { kNo, kParser, kPictures };
  Draining draining_ = Draining::kNo;
};

}  // namespace softvpu::firmware::libav
