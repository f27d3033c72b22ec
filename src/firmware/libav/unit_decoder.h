// SPDX-License-Identifier: GPL-2.0-or-later
// Access units in, pictures out: drives libavcodec's decoder, replaces it where it has to begin
// again, and finds out what was damaged. Called by the decoder on its thread.
#pragma once

#include <deque>
#include <optional>

#include "firmware/libav/av_decoder.h"
#include "firmware/libav/delivery.h"
#include "firmware/libav/early_unit.h"
#include "firmware/libav/header_search.h"
#include "firmware/libav/input_queue.h"
#include "firmware/libav/output_pool.h"
#include "firmware/libav/packetizer.h"
#include "firmware/libav/restart.h"
#include "firmware/libav/sequence.h"

namespace softvpu::firmware::libav {

class UnitDecoder {
 public:
  // Pictures go to `delivery`, damage to `inputs`. Both, the pool and the config outlive it.
  UnitDecoder(const CodecRow& row, const CodecConfig& config, OutputPool& pool, InputQueue& inputs, Delivery& delivery);

  // What ended decoding, once it has: a new decoder couldn't be opened. Nothing but reset() may be
  // called then.
  const std::optional<Error>& error() const { return error_; }

  // Once, before everything else.
  void begin(const StreamHeader& header);
  // At another place of the stream.
  void reset();

  // The next access unit of the stream.
  void decode(AccessUnit unit);
  // What is to be done before another unit is taken: the replay, and what an end mark asks for.
  // False: nothing.
  bool go_on();
  // When there is no other input: gives a client that has queued an access unit and waits for its
  // picture what only this room's way of working would hold back until more comes, be it the next
  // access unit's beginning (the parser) or its packet (frame threads). False: nothing is held
  // back.
  bool go_on_without_input(Packetizer& packetizer);
  // Brings out every picture that is inside. False: go_on() has to replay first, then it is called
  // once more.
  bool finish();

  // The parser was reset, so what was decoded early won't come again.
  void forget_early() { early_.forget(); }
  bool damaged() const { return restart_.damaged(); }

 private:
  // True: what the parser gives out was decoded already.
  bool settle_early(const AccessUnit& unit);
  bool is_whole(const AccessUnit& unit) const;
  bool is_incomplete(const AVFrame& picture) const;
  void take_early_back();
  bool finish_before_mark();
  bool begin_sequence(AccessUnit& unit);

  // False: decoding begins again, or can't.
  bool send(AVPacket* packet);
  bool note_damage(const AVPacket* packet, std::deque<FramePtr>& pictures);
  void take(std::deque<FramePtr>& pictures);
  void report_damage(const AVPacket* packet, const std::deque<FramePtr>& pictures);
  // False: nothing would change.
  bool restart_with_one_thread();
  void leave_damage_behind(const AccessUnit& unit);
  uint32_t threads_for_stream() const;
  // A new decoder that knows `sets`. False: there is none, see error().
  bool open(uint32_t threads, const ParameterSetList& sets);
  // Damage is decoded by one thread, see restart.h.
  bool open(const ParameterSetList& sets) { return open(damaged() ? 1 : threads_for_stream(), sets); }

  const CodecRow& row_;
  const CodecConfig& config_;
  OutputPool& pool_;
  InputQueue& inputs_;
  Delivery& delivery_;

  std::optional<StreamHeader> header_;
  std::optional<Error> error_;
  Sequences sequences_;
  std::optional<SequenceFormat> format_;  // of the sequence being decoded
  Restart restart_;
  EarlyUnit early_;
  bool at_mark_ = false;  // an end mark was decoded: what is inside is due
  // Open once the header is known. Closed when decoding is to begin again, until there is something
  // to decode.
  std::optional<AvDecoder> codec_;
};

}  // namespace softvpu::firmware::libav
