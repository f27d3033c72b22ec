// SPDX-License-Identifier: GPL-2.0-or-later
// Memory for libavcodec's pictures: the client's queued outputs where they fit (zero copy), else
// memory of its own.
//
// The rules that keep few buffers from deadlocking: libavcodec never waits for memory, it never
// gets the last free outputs (clients keep one or two pictures until the next ones come, ffmpeg
// too, which doesn't ask how many buffers it should have), and it holds fewer outputs than the
// client was asked to queue (min_output_buffers). So whatever the client keeps for itself beyond
// those, one of the queued ones is free, and a picture in the pool's own memory can be copied out
// when it is due. A queued output whose memory libavcodec still reads (a reference picture) counts
// as withheld, not as free.
//
// Of the free ones the newest is lent: the client gave it back last, so that its lines may still be
// in a cache, and a client that queues many buffers pays with page faults only for those it needs.
//
// Threads: allocate() and the release of a picture come from libavcodec's threads, everything else
// from the codec thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "firmware/codec.h"
#include "firmware/libav/av_ptr.h"
#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {

class OutputPool {
 public:
  // `wake`: a withheld output may have become free. Called from any thread, without the pool's
  // lock.
  OutputPool(const CodecRow& row, std::function<void()> wake);
  // Every picture must be gone: the codec context is freed first.
  ~OutputPool();
  OutputPool(const OutputPool&) = delete;
  OutputPool& operator=(const OutputPool&) = delete;

  struct Output {
    Cookie cookie{};
    std::shared_ptr<MappedBuffer> memory;
    FrameLayout layout;
  };

  void set_layout(const FrameLayout& layout);
  // How many outputs libavcodec may hold at once: fewer than the client must queue.
  void lend_at_most(size_t count);
  void queue(OutputBuffer buffer);
  // Takes any queued output back, a free one if there is one. nullopt: none is queued.
  std::optional<Cookie> take_back();
  // Takes all of them back, in the order they were queued.
  std::vector<Cookie> flush();

  // Takes the output whose memory holds the picture, if it is still queued as it was when
  // libavcodec got it.
  std::optional<Output> take_holder(const AVFrame& frame);
  // Takes the newest free output, one whose layout has room for `visible` if there is one.
  std::optional<Output> take_free(Size visible);

  // For get_buffer2. Returns 0 or an AVERROR.
  int allocate(AVCodecContext* context, AVFrame* frame, int flags);
  // Pictures that must be moved when they are delivered (cropped at the left or top) aren't decoded
  // into outputs.
  void allow_direct(bool allowed);
  // Whether pictures may hold fields, of which some codecs pad the rows otherwise.
  void set_interlaced(bool interlaced);

  // The picture of that access unit is marked, for is_unfinished(). Others aren't: what damaged
  // pictures look like depends on what their memory held before.
  void watch(uint64_t number);
  // Whether libavcodec has left the mark in the last block of the picture. Takes the pool's lock,
  // as the marking does.
  bool is_unfinished(const AVFrame& frame) const;

  // Pictures that went directly to an output so far; for tests and the log.
  uint64_t direct_count() const;

 private:
  struct Queued {
    Output output;
    bool lent = false;  // libavcodec got it for a picture that isn't out yet, or will never be
  };
  // One picture in an output's memory, until libavcodec releases it.
  struct Lease {
    std::atomic<OutputPool*> pool{nullptr};  // stored last by lend(), loaded first by release(), on whatever threads they run
    std::shared_ptr<MappedBuffer> memory;
    Cookie cookie;
    const uint8_t* data;
  };
  static void release(void* lease, uint8_t* data);

  bool fits(const Output& output, const FrameLayout& native) const;
  bool lend(AVFrame* frame, const FrameLayout& native);
  int allocate_own(AVFrame* frame, const FrameLayout& native);
  size_t free_count() const;

  const CodecRow& row_;
  const std::function<void()> wake_;

  mutable std::mutex mutex_;  // guards everything below and MappedBuffer::held
  FrameLayout layout_;
  std::vector<Queued> queued_;  // oldest first
  std::vector<Lease*> leases_;
  FrameLayout native_;  // layout of the last picture asked for, by written size
  AVBufferPool* own_ = nullptr;
  size_t own_size_ = 0;
  size_t most_leases_ = 1;
  bool direct_ = true;
  int64_t watched_ = 0;
  bool interlaced_ = false;
  uint64_t direct_count_ = 0;
};

}  // namespace softvpu::firmware::libav
