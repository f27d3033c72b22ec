// SPDX-License-Identifier: GPL-2.0-or-later
// libavcodec's objects with one owner each. Used inside this folder only.
#pragma once

#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/error.h>
#include <libavutil/frame.h>
}

namespace softvpu::firmware::libav {

// libavcodec counts bytes in int, padding included.
inline constexpr size_t kMostInOnePacket = INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE;

struct AvDelete {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};

using ContextPtr = std::unique_ptr<AVCodecContext, AvDelete>;
using ParserPtr = std::unique_ptr<AVCodecParserContext, AvDelete>;
using FramePtr = std::unique_ptr<AVFrame, AvDelete>;
using PacketPtr = std::unique_ptr<AVPacket, AvDelete>;

// libavcodec's word for an error.
inline std::string av_reason(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof(text));
  return text;
}

}  // namespace softvpu::firmware::libav
