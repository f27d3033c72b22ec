// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clip.h"

#include <linux/videodev2.h>

#include <cstdio>
#include <memory>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
}

namespace softvpu::bench {
namespace {

struct CodecRow {
  AVCodecID id;
  uint32_t fourcc;
  const char* filter;  // bitstream filter that gives what a V4L2 decoder eats; "null" where the container has it already
};

constexpr CodecRow kCodecs[] = {
    {AV_CODEC_ID_H264, V4L2_PIX_FMT_H264, "h264_mp4toannexb"},
    {AV_CODEC_ID_HEVC, V4L2_PIX_FMT_HEVC, "hevc_mp4toannexb"},
    {AV_CODEC_ID_MPEG2VIDEO, V4L2_PIX_FMT_MPEG2, "null"},
    {AV_CODEC_ID_VP8, V4L2_PIX_FMT_VP8, "null"},
    {AV_CODEC_ID_VP9, V4L2_PIX_FMT_VP9, "null"},
};

struct FormatCloser {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};
struct FilterCloser {
  void operator()(AVBSFContext* filter) const { av_bsf_free(&filter); }
};

bool complain(const std::string& path, const char* what) {
  std::fprintf(stderr, "bench: %s: %s\n", path.c_str(), what);
  return false;
}

}  // namespace

bool load_clip(const std::string& path, Clip& clip) {
  AVFormatContext* raw_format = nullptr;
  if (avformat_open_input(&raw_format, path.c_str(), nullptr, nullptr) < 0) return complain(path, "libavformat can't open it");
  std::unique_ptr<AVFormatContext, FormatCloser> format(raw_format);
  if (avformat_find_stream_info(format.get(), nullptr) < 0) return complain(path, "no stream information");
  const int index = av_find_best_stream(format.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (index < 0) return complain(path, "has no video stream");
  const AVStream* stream = format->streams[index];

  const CodecRow* row = nullptr;
  for (const CodecRow& candidate : kCodecs)
    if (candidate.id == stream->codecpar->codec_id) row = &candidate;
  if (!row) return complain(path, "is of a codec that this benchmark doesn't know");

  // Elementary streams are Annex B already; the filter passes them on.
  AVBSFContext* raw_filter = nullptr;
  if (av_bsf_alloc(av_bsf_get_by_name(row->filter), &raw_filter) < 0) return complain(path, "bitstream filter missing");
  std::unique_ptr<AVBSFContext, FilterCloser> filter(raw_filter);
  avcodec_parameters_copy(filter->par_in, stream->codecpar);
  filter->time_base_in = stream->time_base;
  if (av_bsf_init(filter.get()) < 0) return complain(path, "bitstream filter refuses it");

  clip.codec = avcodec_get_name(row->id);
  clip.fourcc = row->fourcc;
  clip.width = static_cast<uint32_t>(stream->codecpar->width);
  clip.height = static_cast<uint32_t>(stream->codecpar->height);

  std::unique_ptr<AVPacket, void (*)(AVPacket*)> packet(av_packet_alloc(), [](AVPacket* p) { av_packet_free(&p); });
  bool more = true;
  while (more) {
    more = av_read_frame(format.get(), packet.get()) >= 0;
    if (more && packet->stream_index != index) {
      av_packet_unref(packet.get());
      continue;
    }
    if (av_bsf_send_packet(filter.get(), more ? packet.get() : nullptr) < 0) break;
    while (av_bsf_receive_packet(filter.get(), packet.get()) >= 0) {
      const int64_t pts =
          packet->pts == AV_NOPTS_VALUE ? 0 : av_rescale_q(packet->pts, stream->time_base, AVRational{1, 1000000});
      clip.packets.push_back({{packet->data, packet->data + packet->size}, pts});
      av_packet_unref(packet.get());
    }
  }
  return !clip.packets.empty() || complain(path, "holds no packets");
}

}  // namespace softvpu::bench
