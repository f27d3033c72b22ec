// SPDX-License-Identifier: GPL-2.0-or-later
// Short clips made on the spot by libavcodec's encoders, and what plain libavcodec decodes from them. Included by tests only.
#pragma once

#include <cmath>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "firmware/libav/av_ptr.h"
#include "firmware/libav/testing/harness.h"

extern "C" {
#include <libavcodec/bsf.h>
#include <libavutil/opt.h>
}

namespace softvpu::firmware::testing {

using Packets = std::vector<std::vector<uint8_t>>;

struct ClipOptions {
  const char* encoder = "libx264";
  int width = 256;  // the smallest that libavcodec decodes in place
  int height = 144;
  int frames = 30;
  int gop = 12;
  int b_frames = 2;
  AVPixelFormat format = AV_PIX_FMT_YUV420P;
  std::vector<std::pair<const char*, const char*>> more = {};
  int phase = 0;  // another picture content
};

inline void paint(AVFrame& frame, int n) {
  const bool wide = frame.format == AV_PIX_FMT_YUV420P10LE;
  for (int plane = 0; plane < 3 && frame.data[plane] != nullptr; ++plane) {
    const bool chroma = plane > 0;
    const bool half_width = frame.format != AV_PIX_FMT_YUV444P && frame.format != AV_PIX_FMT_GRAY8;
    const bool half_height = half_width && frame.format != AV_PIX_FMT_YUV422P;
    const int width = chroma && half_width ? (frame.width + 1) / 2 : frame.width;
    const int height = chroma && half_height ? (frame.height + 1) / 2 : frame.height;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int dx = x - (width / 2 + static_cast<int>(width / 3.0 * std::cos(n * 0.2 + plane)));
        const int dy = y - (height / 2 + static_cast<int>(height / 3.0 * std::sin(n * 0.3)));
        const int value = (x * 2 + y * 3 + n * 4 + (dx * dx + dy * dy < 300 ? 90 : 0) + ((x * 7 + y * 13) & 7)) & 0xff;
        uint8_t* row = frame.data[plane] + ptrdiff_t{y} * frame.linesize[plane];
        if (wide) {
          reinterpret_cast<uint16_t*>(row)[x] = static_cast<uint16_t>(value * 4);
        } else {
          row[x] = static_cast<uint8_t>(value);
        }
      }
    }
  }
}

// Empty when this libavcodec doesn't have the encoder.
inline Packets make_clip(const ClipOptions& options) {
  preload_codecs();  // encoders talk through the same log
  Packets out;
  const AVCodec* codec = avcodec_find_encoder_by_name(options.encoder);
  if (codec == nullptr) return out;
  libav::ContextPtr context(avcodec_alloc_context3(codec));
  context->width = options.width;
  context->height = options.height;
  context->pix_fmt = options.format;
  context->time_base = {1, 25};
  context->framerate = {25, 1};
  context->gop_size = options.gop;
  context->max_b_frames = options.b_frames;
  context->thread_count = 1;
  context->bit_rate = 400000;
  const std::string name = options.encoder;
  if (name == "libx264") {
    av_opt_set(context->priv_data, "preset", "veryfast", 0);
    av_opt_set(context->priv_data, "x264-params", "scenecut=0", 0);
  }
  if (name == "libx265") {
    av_opt_set(context->priv_data, "preset", "ultrafast", 0);
    const std::string parameters =
        "log-level=none:pools=1:frame-threads=1:repeat-headers=1:keyint=" + std::to_string(options.gop);
    av_opt_set(context->priv_data, "x265-params", parameters.c_str(), 0);
  }
  if (name == "libvpx" || name == "libvpx-vp9") {
    av_opt_set(context->priv_data, "deadline", "realtime", 0);
    av_opt_set(context->priv_data, "cpu-used", "8", 0);
    av_opt_set(context->priv_data, "lag-in-frames", "0", 0);
  }
  for (const auto& [key, value] : options.more) av_opt_set(context.get(), key, value, AV_OPT_SEARCH_CHILDREN);
  if (avcodec_open2(context.get(), codec, nullptr) < 0) return out;
  libav::PacketPtr packet(av_packet_alloc());
  for (int n = 0; n <= options.frames; ++n) {
    if (n < options.frames) {
      libav::FramePtr frame(av_frame_alloc());
      frame->width = options.width;
      frame->height = options.height;
      frame->format = options.format;
      frame->pts = n;
      if (av_frame_get_buffer(frame.get(), 0) < 0) return {};
      paint(*frame, n + options.phase);
      avcodec_send_frame(context.get(), frame.get());
    } else {
      avcodec_send_frame(context.get(), nullptr);
    }
    while (avcodec_receive_packet(context.get(), packet.get()) == 0) {
      out.emplace_back(packet->data, packet->data + packet->size);
      av_packet_unref(packet.get());
    }
  }
  return out;
}

// The clip with another header, by one of libavcodec's bit stream filters.
inline Packets filtered(const Packets& packets, AVCodecID codec, const char* filter, const char* key, const char* value) {
  Packets out;
  AVBSFContext* bsf = nullptr;
  if (av_bsf_alloc(av_bsf_get_by_name(filter), &bsf) < 0) return out;
  bsf->par_in->codec_id = codec;
  av_opt_set(bsf->priv_data, key, value, 0);
  if (av_bsf_init(bsf) == 0) {
    libav::PacketPtr packet(av_packet_alloc());
    for (const auto& bytes : packets) {
      av_new_packet(packet.get(), static_cast<int>(bytes.size()));
      std::memcpy(packet->data, bytes.data(), bytes.size());
      if (av_bsf_send_packet(bsf, packet.get()) < 0) break;
      while (av_bsf_receive_packet(bsf, packet.get()) == 0) {
        out.emplace_back(packet->data, packet->data + packet->size);
        av_packet_unref(packet.get());
      }
    }
  }
  av_bsf_free(&bsf);
  return out;
}

// MD5 of every picture, by libavcodec with its own memory and one thread.
inline std::vector<std::string> plain_sums(AVCodecID id, const Packets& packets) {
  std::vector<std::string> sums;
  libav::ContextPtr context(avcodec_alloc_context3(avcodec_find_decoder(id)));
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_UNALIGNED;  // crop exactly
  if (avcodec_open2(context.get(), nullptr, nullptr) < 0) return sums;
  libav::PacketPtr packet(av_packet_alloc());
  libav::FramePtr frame(av_frame_alloc());
  const auto take = [&] {
    while (avcodec_receive_frame(context.get(), frame.get()) == 0) {
      FrameLayout layout;
      layout.fourcc = kYuv420;
      for (size_t i = 0; i < 3; ++i) {
        layout.stride[i] = static_cast<uint32_t>(frame->linesize[i]);
        layout.offset[i] = 0;
      }
      // Planes lie anywhere: sum them from a packed copy.
      const Size size{static_cast<uint32_t>(frame->width), static_cast<uint32_t>(frame->height)};
      std::vector<std::byte> packed;
      for (int plane = 0; plane < 3; ++plane) {
        const int width = plane == 0 ? frame->width : (frame->width + 1) / 2;
        const int height = plane == 0 ? frame->height : (frame->height + 1) / 2;
        layout.offset[static_cast<size_t>(plane)] = static_cast<uint32_t>(packed.size());
        layout.stride[static_cast<size_t>(plane)] = static_cast<uint32_t>(width);
        for (int y = 0; y < height; ++y) {
          const auto* row = reinterpret_cast<const std::byte*>(frame->data[plane] + ptrdiff_t{y} * frame->linesize[plane]);
          packed.insert(packed.end(), row, row + width);
        }
      }
      sums.push_back(picture_md5(layout, packed.data(), size));
      av_frame_unref(frame.get());
    }
  };
  for (const auto& bytes : packets) {
    if (bytes.empty()) continue;
    av_new_packet(packet.get(), static_cast<int>(bytes.size()));
    std::memcpy(packet->data, bytes.data(), bytes.size());
    (void)avcodec_send_packet(context.get(), packet.get());
    av_packet_unref(packet.get());
    take();
  }
  (void)avcodec_send_packet(context.get(), nullptr);
  take();
  return sums;
}

struct CodecUnderTest {
  const char* name;
  FourCC coded;
  AVCodecID id;
  const char* encoder;
  bool byte_stream;
};
inline void PrintTo(const CodecUnderTest& codec, std::ostream* out) { *out << codec.name; }
inline constexpr CodecUnderTest kCodecs[] = {
    {"H264", kH264, AV_CODEC_ID_H264, "libx264", true},
    {"HEVC", kHevc, AV_CODEC_ID_HEVC, "libx265", true},
    {"VP8", kVp8, AV_CODEC_ID_VP8, "libvpx", false},
    {"VP9", kVp9, AV_CODEC_ID_VP9, "libvpx-vp9", false},
    {"MPEG2", kMpeg2, AV_CODEC_ID_MPEG2VIDEO, "mpeg2video", true},
};

}  // namespace softvpu::firmware::testing
