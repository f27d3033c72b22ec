// SPDX-License-Identifier: LGPL-2.1-or-later
// Small streams made on the spot by libavcodec's encoders, one chunk per picture, in decode order
// and without B pictures. For tests that need a real decoder behind the seam and no files. Needs
// libavcodec; never linked into the library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/geometry.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

namespace softvpu::tests {

// True when libavcodec has the encoder ("libx264" may be missing in some builds).
inline bool has_encoder(const char* name) { return avcodec_find_encoder_by_name(name) != nullptr; }

// `frames` pictures of moving stripes in `size`; the first chunk begins with all headers. Empty when the encoder refuses.
inline std::vector<std::vector<uint8_t>> encode(const char* encoder, Size size, uint32_t frames) {
  struct Free {
    void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  };
  const AVCodec* codec = avcodec_find_encoder_by_name(encoder);
  if (codec == nullptr) return {};
  const std::unique_ptr<AVCodecContext, Free> context(avcodec_alloc_context3(codec));
  context->width = static_cast<int>(size.width);
  context->height = static_cast<int>(size.height);
  context->time_base = {1, 25};
  context->framerate = {25, 1};
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  context->gop_size = 1000;
  context->max_b_frames = 0;
  context->bit_rate = 400'000;
  context->thread_count = 1;
  if (std::string(encoder) == "libx264") av_opt_set(context->priv_data, "tune", "zerolatency", 0);
  if (std::string(encoder).rfind("libvpx", 0) == 0) {
    av_opt_set(context->priv_data, "deadline", "realtime", 0);
    av_opt_set_int(context->priv_data, "lag-in-frames", 0, 0);
    av_opt_set_int(context->priv_data, "auto-alt-ref", 0, 0);
  }
  if (avcodec_open2(context.get(), codec, nullptr) < 0) return {};

  std::vector<std::vector<uint8_t>> chunks;
  const std::unique_ptr<AVFrame, Free> frame(av_frame_alloc());
  const std::unique_ptr<AVPacket, Free> packet(av_packet_alloc());
  const auto take = [&] {
    while (avcodec_receive_packet(context.get(), packet.get()) == 0) {
      chunks.emplace_back(packet->data, packet->data + packet->size);
      av_packet_unref(packet.get());
    }
  };
  for (uint32_t i = 0; i < frames; ++i) {
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = context->width;
    frame->height = context->height;
    if (av_frame_get_buffer(frame.get(), 0) < 0) return {};
    for (int plane = 0; plane < 3; ++plane) {
      const int shift = plane == 0 ? 0 : 1;
      for (int y = 0; y < context->height >> shift; ++y) {
        for (int x = 0; x < context->width >> shift; ++x) {
          frame->data[plane][y * frame->linesize[plane] + x] =
              static_cast<uint8_t>((x * 3 + y * 5 + static_cast<int>(i) * 7 + plane * 40) & 0xff);
        }
      }
    }
    frame->pts = i;
    if (avcodec_send_frame(context.get(), frame.get()) < 0) return {};
    av_frame_unref(frame.get());
    take();
  }
  avcodec_send_frame(context.get(), nullptr);
  take();
  return chunks;
}

}  // namespace softvpu::tests
