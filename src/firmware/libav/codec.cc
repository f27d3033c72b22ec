// SPDX-License-Identifier: GPL-2.0-or-later
// Opening and feeding libavcodec: see codec.h.
#include "firmware/libav/codec.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

extern "C" {
#include <libavutil/mem.h>
}

#include "firmware/libav/log.h"

namespace softvpu::firmware::libav {
namespace {

constexpr int kMostErrors = 1000;  // of one end of stream, before its rest is given up

int allocate_picture(AVCodecContext* context, AVFrame* frame, int flags) {
  return static_cast<OutputPool*>(context->opaque)->allocate(context, frame, flags);
}

}  // namespace

void apply_size_hint(const CodecRow& row, Size hint, AVCodecContext& context) {
  constexpr uint32_t kMacroblock = 16;
  if (row.id != AV_CODEC_ID_H264 || hint.empty()) return;
  if (hint.width % kMacroblock == 0 && hint.height % kMacroblock == 0) return;
  context.width = static_cast<int>(hint.width);
  context.height = static_cast<int>(hint.height);
}

Result<Codec> Codec::open(const CodecRow& row, const DecoderConfig& config, uint32_t threads, const StreamHeader& header,
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
  apply_size_hint(row, config.size_hint, *context);
  // A container tells the ffmpeg program how far pictures may be out of order. Nobody tells us, so a stream that doesn't say it
  // itself gets the delay its level allows; else libavcodec would learn it from pictures that it has to drop.
  if (row.id == AV_CODEC_ID_H264 && header.may_reorder) context->strict_std_compliance = FF_COMPLIANCE_STRICT;
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
    return fail(error == AVERROR(ENOMEM) ? ENOMEM : EIO,
                std::string("opening libavcodec's ") + codec->name + ": " + av_reason(error));
  }
  return Codec(std::move(context));
}

uint32_t Codec::default_threads() {
  constexpr int kMost = 4;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<uint32_t>(std::clamp(CPU_COUNT(&set), 1, kMost));
}

bool Codec::delays() const {
  return (context_->codec->capabilities & AV_CODEC_CAP_DELAY) != 0 || (context_->active_thread_type & FF_THREAD_FRAME) != 0;
}

void Codec::tell(const ParameterSetList& sets) {
  if (sets.empty()) return;
  const QuietLog quiet;  // that there is no picture in them
  std::deque<FramePtr> none;
  for (const std::vector<uint8_t>& set : sets) {
    const PacketPtr packet(av_packet_alloc());
    if (!packet || av_new_packet(packet.get(), static_cast<int>(set.size())) < 0) return;
    std::memcpy(packet->data, set.data(), set.size());
    (void)decode(packet.get(), none);
  }
  // With threads each of them knows one; a flush, here of a decoder that has seen no picture, gives all of them to all.
  (void)decode(nullptr, none);
  avcodec_flush_buffers(context_.get());
}

bool Codec::decode(AVPacket* packet, std::deque<FramePtr>& pictures) {
  bool good = true;
  int errors = 0;
  if (avcodec_send_packet(context_.get(), packet) < 0) good = false;
  while (true) {
    FramePtr frame(av_frame_alloc());
    if (!frame) return false;
    const int result = avcodec_receive_frame(context_.get(), frame.get());
    if (result == 0) {
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
