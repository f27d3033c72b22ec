// SPDX-License-Identifier: GPL-2.0-or-later
// An open libavcodec decoder, set up as the ffmpeg program sets its decoders up (so that results
// are bit for bit the same), except that pictures come uncropped and from the client's memory. It
// is never flushed: behind damage libavcodec's flush leaves something in place that spoils pictures
// after it, so a decoder that begins anew is a new one. Called by the decoder on its thread.
#pragma once

#include <deque>

#include "base/result.h"
#include "firmware/libav/av_ptr.h"
#include "firmware/libav/codecs/codec_row.h"
#include "firmware/libav/header_search.h"
#include "firmware/libav/output_pool.h"
#include "firmware/libav/parameter_sets.h"

namespace softvpu::firmware::libav {

class AvDecoder {
 public:
  // 1 <= threads <= kMostThreads.
  // Errors: ENOSYS, ENOMEM, EIO with libavcodec's reason.
  static Result<AvDecoder> open(const CodecRow& row, const CodecConfig& config, uint32_t threads, const StreamHeader& header,
                                OutputPool& pool);

  // Decodes a packet (nullptr: the end) and appends the pictures that came out. False: something
  // was damaged, in this packet or, with threads, in one shortly before.
  bool decode(AVPacket* packet, std::deque<FramePtr>& pictures);
  // Pictures may be inside for no other reason than that a thread gives its picture out when it
  // gets its next packet.
  bool lags() const { return lag_ > 0; }
  // Makes the thread that was given its packet first deliver, by a packet that changes nothing and
  // has no picture. Appends what came out; returns as decode() does. lags() says whether it has to
  // be called again.
  bool push(std::deque<FramePtr>& pictures);
  // Gives it what a decoder that begins in the middle of a stream must know, before the first
  // packet. libavcodec's complaints don't count.
  void give(const ParameterSetList& sets);
  // False: every picture is out as soon as its packet is in; there is nothing to drain, and no
  // reason to forget anything.
  bool delays() const;
  bool threaded() const { return context_->active_thread_type != 0 && context_->thread_count > 1; }

  // Whether the last slice of an access unit that needs no other is all there, where libavcodec
  // doesn't complain when it isn't: if it is cut, the picture depends on what follows. Decodes it
  // twice.
  static bool ends_by_itself(const CodecRow& row, Bytes access_unit);

  // As many as there are processors, but not more than 4: eight sessions at once must not be
  // hundreds of threads.
  static uint32_t default_threads();
  static constexpr uint32_t kMostThreads = 16;

 private:
  AvDecoder(const CodecRow& row, ContextPtr context) : row_(&row), context_(std::move(context)) {}
  bool exchange(AVPacket* packet, std::deque<FramePtr>& pictures);

  const CodecRow* row_;
  ContextPtr context_;
  int lag_ = 0;           // packets that must follow before all pictures of the last one can be out
  bool has_key_ = false;  // a clean entry point was decoded, where CodecRow::packet_needs_key asks for it
};

}  // namespace softvpu::firmware::libav
