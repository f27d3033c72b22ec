// SPDX-License-Identifier: GPL-2.0-or-later
// Streams for tests: files by libavformat as the packets a V4L2 client would queue (H.264 and HEVC in Annex B), and their
// reference sums. Included by tests only; the worker itself never sees a container.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

extern "C" {
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
}

namespace softvpu::firmware::testing {

struct Packet {
  std::vector<uint8_t> bytes;
  bool discard = false;  // the container's edit list hides its picture
};

inline std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Demuxed {
  std::vector<Packet> packets;
  int width = 0, height = 0;  // as in the container
  bool rotated = false;       // a player would turn the pictures
};

inline Demuxed demux(const std::string& path, const std::string& codec) {
  Demuxed out;
  AVFormatContext* format = nullptr;
  if (avformat_open_input(&format, path.c_str(), nullptr, nullptr) < 0) {
    // Not every short stream is recognised.
    if (avformat_open_input(&format, path.c_str(), av_find_input_format(codec.c_str()), nullptr) < 0) return out;
  }
  AVBSFContext* filter = nullptr;
  const int stream =
      avformat_find_stream_info(format, nullptr) < 0 ? -1 : av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (stream >= 0) {
    const AVCodecParameters* parameters = format->streams[stream]->codecpar;
    out.width = parameters->width;
    out.height = parameters->height;
    out.rotated = av_stream_get_side_data(format->streams[stream], AV_PKT_DATA_DISPLAYMATRIX, nullptr) != nullptr;
    const char* name = parameters->codec_id == AV_CODEC_ID_H264   ? "h264_mp4toannexb"
                       : parameters->codec_id == AV_CODEC_ID_HEVC ? "hevc_mp4toannexb"
                                                                  : "null";
    av_bsf_alloc(av_bsf_get_by_name(name), &filter);
    avcodec_parameters_copy(filter->par_in, parameters);
    av_bsf_init(filter);
    AVPacket* packet = av_packet_alloc();
    const auto take = [&] {
      while (av_bsf_receive_packet(filter, packet) == 0) {
        out.packets.push_back({{packet->data, packet->data + packet->size}, (packet->flags & AV_PKT_FLAG_DISCARD) != 0});
        av_packet_unref(packet);
      }
    };
    while (av_read_frame(format, packet) == 0) {
      if (packet->stream_index == stream && av_bsf_send_packet(filter, packet) == 0) take();
      av_packet_unref(packet);
    }
    av_bsf_send_packet(filter, nullptr);
    take();
    av_packet_free(&packet);
    av_bsf_free(&filter);
  }
  avformat_close_input(&format);
  return out;
}

// The folder of real streams; empty when there is none.
inline std::string vectors_folder() {
  const char* set = std::getenv("SOFTVPU_VECTORS");
  const std::string folder = set != nullptr ? set : SOFTVPU_SOURCE_DIR "/../shared/vectors";
  return std::filesystem::exists(folder + "/MANIFEST.tsv") ? folder : "";
}

struct Vector {
  std::string codec, file, category, pixel_format, resolutions;
  int bit_depth = 0;
  long interlaced = 0;
  std::string features;
};

inline std::vector<Vector> vectors() {
  std::vector<Vector> out;
  std::ifstream in(vectors_folder() + "/MANIFEST.tsv");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(cell);
    if (cells.size() < 13) continue;
    Vector vector;
    vector.codec = cells[0];
    vector.file = cells[1];
    vector.category = cells[2];
    vector.pixel_format = cells[7];
    vector.bit_depth = std::atoi(cells[8].c_str());
    vector.resolutions = cells[9];
    vector.interlaced = std::atol(cells[11].c_str());
    vector.features = cells[12];
    out.push_back(vector);
  }
  return out;
}

// ffmpeg's sums of a vector's pictures, in output order.
inline std::vector<std::string> reference_sums(const std::string& file) {
  std::vector<std::string> out;
  std::ifstream in(vectors_folder() + "/framemd5/" + file + ".framemd5");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t comma = line.rfind(',');
    const size_t begin = line.find_first_not_of(' ', comma + 1);
    if (comma != std::string::npos && begin != std::string::npos) out.push_back(line.substr(begin, 32));
  }
  return out;
}

}  // namespace softvpu::firmware::testing
