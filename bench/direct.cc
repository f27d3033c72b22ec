// SPDX-License-Identifier: LGPL-2.1-or-later
// Decoding with libavcodec itself: see direct.h.
#include "direct.h"

#include <libyuv/convert_from.h>
#include <linux/videodev2.h>

#include <cstring>
#include <memory>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
}

namespace softvpu::bench {
namespace {

// A program that wants NV12 keeps a few such pictures, as a device has several buffers.
constexpr size_t kNv12Pictures = 4;

struct Freer {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};

size_t at(int stride) { return static_cast<size_t>(stride); }

class Nv12Pictures {
 public:
  Picture convert(const AVFrame& frame) {
    const auto width = static_cast<uint32_t>(frame.width);
    const auto height = static_cast<uint32_t>(frame.height);
    const size_t stride = (size_t{width} + 63) & ~size_t{63};
    std::vector<uint8_t>& memory = pictures_[next_++ % kNv12Pictures];
    memory.resize(stride * (height + (height + 1) / 2));
    uint8_t* chroma = memory.data() + stride * height;
    libyuv::I420ToNV12(frame.data[0], frame.linesize[0], frame.data[1], frame.linesize[1], frame.data[2], frame.linesize[2],
                       memory.data(), static_cast<int>(stride), chroma, static_cast<int>(stride), frame.width, frame.height);
    return {{memory.data(), chroma, nullptr}, {stride, stride, 0}, width, height};
  }

 private:
  std::vector<uint8_t> pictures_[kNv12Pictures];
  size_t next_ = 0;
};

}  // namespace

std::string decode_directly(const Clip& clip, int threads, uint32_t raw_fourcc, PictureSink& sink,
                            const std::function<void()>& before_end) {
  sink.begin();
  const std::unique_ptr<AVCodecContext, Freer> context(avcodec_alloc_context3(avcodec_find_decoder_by_name(clip.codec.c_str())));
  if (!context) return "libavcodec has no decoder for " + clip.codec;
  context->thread_count = threads;
  if (avcodec_open2(context.get(), nullptr, nullptr) < 0) return "libavcodec can't open " + clip.codec;
  const std::unique_ptr<AVPacket, Freer> packet(av_packet_alloc());
  const std::unique_ptr<AVFrame, Freer> frame(av_frame_alloc());
  Nv12Pictures nv12;
  const auto receive = [&] {
    while (avcodec_receive_frame(context.get(), frame.get()) == 0) {
      if (raw_fourcc == V4L2_PIX_FMT_NV12) {
        sink.take(nv12.convert(*frame));
      } else {
        sink.take({{frame->data[0], frame->data[1], frame->data[2]},
                   {at(frame->linesize[0]), at(frame->linesize[1]), at(frame->linesize[2])},
                   static_cast<uint32_t>(frame->width),
                   static_cast<uint32_t>(frame->height)});
      }
      av_frame_unref(frame.get());
    }
  };
  for (const Packet& source : clip.packets) {
    if (av_new_packet(packet.get(), static_cast<int>(source.data.size())) < 0) return "no memory for a packet";
    std::memcpy(packet->data, source.data.data(), source.data.size());
    if (avcodec_send_packet(context.get(), packet.get()) < 0) return "libavcodec refuses a packet";
    av_packet_unref(packet.get());
    receive();
  }
  avcodec_send_packet(context.get(), nullptr);
  receive();
  sink.end();
  if (before_end) before_end();
  return {};
}

}  // namespace softvpu::bench
