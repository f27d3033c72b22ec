// SPDX-License-Identifier: GPL-2.0-or-later
// The luma samples that libavcodec decodes from packets, one picture after the other: an opinion on what an encoder wrote.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace softvpu::firmware::testing {

// `name` is a decoder's. Lines are without padding. Damage is a failure.
inline std::vector<std::vector<uint8_t>> decode_luma(const char* name, std::span<const std::span<const uint8_t>> packets) {
  std::vector<std::vector<uint8_t>> luma;
  AVCodecContext* context = avcodec_alloc_context3(avcodec_find_decoder_by_name(name));
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context->err_recognition |= AV_EF_EXPLODE;
  EXPECT_EQ(avcodec_open2(context, nullptr, nullptr), 0);
  AVPacket* packet = av_packet_alloc();
  AVFrame* picture = av_frame_alloc();
  const auto receive = [&] {
    while (avcodec_receive_frame(context, picture) == 0) {
      auto& samples = luma.emplace_back();
      for (int y = 0; y < picture->height; ++y) {
        const uint8_t* const line = picture->data[0] + y * picture->linesize[0];
        samples.insert(samples.end(), line, line + picture->width);
      }
    }
  };
  for (const std::span<const uint8_t> bytes : packets) {
    EXPECT_EQ(av_new_packet(packet, static_cast<int>(bytes.size())), 0);
    std::memcpy(packet->data, bytes.data(), bytes.size());
    EXPECT_EQ(avcodec_send_packet(context, packet), 0);
    av_packet_unref(packet);
    receive();
  }
  (void)avcodec_send_packet(context, nullptr);
  receive();
  av_frame_free(&picture);
  av_packet_free(&packet);
  avcodec_free_context(&context);
  return luma;
}

}  // namespace softvpu::firmware::testing
