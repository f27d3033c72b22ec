// SPDX-License-Identifier: GPL-2.0-or-later
// Opening and feeding libavcodec: see codec.h.
#include "firmware/libav/av_decoder.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

extern "C" {
#include <libavutil/mem.h>
}

#include "firmware/libav/log.h"
#include "firmware/libav/picture.h"

namespace softvpu::firmware::libav {
namespace {

constexpr int kMostErrors = 1000;  // of one end of stream, before its rest is given up
constexpr int64_t kNoPicture = 0;  // pts of a packet made by push(): access units are numbered from 1

int allocate_picture(AVCodecContext* context, AVFrame* frame, int flags) {
  return static_cast<OutputPool*>(context->opaque)->allocate(context, frame, flags);
}

}  // namespace

Result<AvDecoder> AvDecoder::open(const CodecRow& row, const CodecConfig& config, uint32_t threads, const StreamHeader& header,
                                  OutputPool& pool) {
  const AVCodec* codec = avcodec_find_decoder(row.id);
  if (codec == nullptr) return fail(ENOSYS, "this libavcodec has no decoder for " + to_string(row.description.coded));
  ContextPtr context(avcodec_alloc_context3(codec));
  if (!context) return fail(ENOMEM, "no memory for a decoder");
  context->thread_count = static_cast<int>(threads);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  context->thread_safe_callbacks = 1;
#pragma GCC diagnostic pop
  context->opaque = &pool;
  context->get_buffer2 = allocate_picture;
  context->apply_cropping = 0;
  context->pkt_timebase = {1, 1};
  if (row.tune != nullptr) row.tune({.size_hint = config.size_hint, .may_reorder = header.may_reorder}, *context);
  // As the ffmpeg program does: pictures ahead of the first parameter sets are decoded with them.
  if (!header.parameter_sets.empty()) {
    const size_t size = header.parameter_sets.size();
    context->extradata = static_cast<uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
    if (context->extradata == nullptr) return fail(ENOMEM, "no memory for parameter sets");
    std::copy(header.parameter_sets.begin(), header.parameter_sets.end(), context->extradata);
    context->extradata_size = static_cast<int>(size);
  }
  const Size max = row.description.sizes.max;
  context->max_pixels = int64_t{align_up(max.width, 64)} * align_up(max.height, 64);
  if (const int error = avcodec_open2(context.get(), codec, nullptr); error < 0) {
    return fail(error == AVERROR(ENOMEM) ? ENOMEM : EOPNOTSUPP,
                std::string("libavcodec's ") + codec->name + " decoder refuses the stream's header: " + av_reason(error));
  }
  return AvDecoder(row, std::move(context));
}

bool AvDecoder::ends_by_itself(const CodecRow& row, Bytes access_unit) {
  constexpr size_t kJunkBytes = 64;
  constexpr uint8_t kJunk = 0xa5;
  const QuietLog quiet;
  std::vector<uint8_t> bytes(access_unit.begin(), access_unit.end());
  std::vector<FramePtr> pictures;
  for (const size_t junk : {size_t{0}, kJunkBytes}) {
    bytes.resize(access_unit.size() + junk, kJunk);
    ContextPtr context(avcodec_alloc_context3(avcodec_find_decoder(row.id)));
    PacketPtr packet(av_packet_alloc());
    FramePtr picture(av_frame_alloc());
    if (!context || !packet || !picture || av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) return false;
    std::copy(bytes.begin(), bytes.end(), packet->data);
    context->thread_count = 1;
    context->apply_cropping = 0;
    if (avcodec_open2(context.get(), nullptr, nullptr) < 0 || avcodec_send_packet(context.get(), packet.get()) < 0 ||
        avcodec_send_packet(context.get(), nullptr) < 0 || avcodec_receive_frame(context.get(), picture.get()) < 0) {
      return false;
    }
    pictures.push_back(std::move(picture));
  }
  return same_picture(*pictures[0], *pictures[1]);
}

uint32_t AvDecoder::default_threads() {
  constexpr int kMost = 4;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<uint32_t>(std::clamp(CPU_COUNT(&set), 1, kMost));
}

bool AvDecoder::delays() const {
  return (context_->codec->capabilities & AV_CODEC_CAP_DELAY) != 0 || (context_->active_thread_type & FF_THREAD_FRAME) != 0;
}

void AvDecoder::give(const ParameterSetList& sets) {
  if (sets.empty()) return;
  const QuietLog quiet;  // that there is no picture in them
  std::deque<FramePtr> none;
  for (const std::vector<uint8_t>& set : sets) {
    const PacketPtr packet(av_packet_alloc());
    if (!packet || av_new_packet(packet.get(), static_cast<int>(set.size())) < 0) return;
    std::memcpy(packet->data, set.data(), set.size());
    (void)decode(packet.get(), none);
  }
  // With threads each of them knows one; a flush, here of a decoder that has seen no picture, gives
  // all of them to all.
  (void)decode(nullptr, none);
  avcodec_flush_buffers(context_.get());
}

bool AvDecoder::decode(AVPacket* packet, std::deque<FramePtr>& pictures) {
  const bool by_frames = (context_->active_thread_type & FF_THREAD_FRAME) != 0;
  lag_ = packet != nullptr && by_frames ? context_->thread_count - 1 : 0;
  if (packet != nullptr && row_->packet_needs_key && !has_key_) {
    has_key_ = row_->entry_point({packet->data, static_cast<size_t>(packet->size)}) == EntryPoint::kClean;
  }
  return exchange(packet, pictures);
}

bool AvDecoder::push(std::deque<FramePtr>& pictures) {
  const Bytes bytes = row_->packet_without_picture;
  const bool possible = !bytes.empty() && (!row_->packet_needs_key || has_key_);
  lag_ = possible ? lag_ - 1 : 0;
  const PacketPtr packet(possible ? av_packet_alloc() : nullptr);
  if (!packet || av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) return true;
  std::copy(bytes.begin(), bytes.end(), packet->data);
  packet->pts = kNoPicture;
  // libavcodec's H.264 decoder takes a packet without a slice for an error, but not when it may
  // skip pictures. The threads take over the field with each packet; there is no picture in this
  // one to be skipped.
  context_->skip_frame = AVDISCARD_NONREF;
  const bool good = exchange(packet.get(), pictures);
  context_->skip_frame = AVDISCARD_DEFAULT;
  return good;
}

bool AvDecoder::exchange(AVPacket* packet, std::deque<FramePtr>& pictures) {
  bool good = true;
  int errors = 0;
  if (avcodec_send_packet(context_.get(), packet) < 0) good = false;
  while (true) {
    FramePtr frame(av_frame_alloc());
    if (!frame) return false;
    const int result = avcodec_receive_frame(context_.get(), frame.get());
    if (result == 0) {
      if (frame->pts == kNoPicture) continue;
      if (frame->decode_error_flags != 0) good = false;
      pictures.push_back(std::move(frame));
      continue;
    }
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return good;
    good = false;
    // At the end of a stream an error belongs to one of several pictures that are still inside.
    if (packet != nullptr || ++errors > kMostErrors) return false;
  }
}

}  // namespace softvpu::firmware::libav
