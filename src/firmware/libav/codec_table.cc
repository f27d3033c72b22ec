// SPDX-License-Identifier: GPL-2.0-or-later
// The codecs of this firmware. The menus say what libavcodec decodes of what the raw formats can carry (8 bits, 4:2:0); numbers
// are V4L2's control ids and menu items (V4L2 reference, "Codec Control Reference"), checked in codec_table_test.cc.
#include "firmware/libav/codec_table.h"

namespace softvpu::firmware::libav {
namespace {

constexpr uint32_t kCodecControls = 0x00990900;  // V4L2_CID_CODEC_BASE
constexpr uint32_t kMpeg2Level = kCodecControls + 270;
constexpr uint32_t kMpeg2Profile = kCodecControls + 271;
constexpr uint32_t kH264Level = kCodecControls + 359;
constexpr uint32_t kH264Profile = kCodecControls + 363;
constexpr uint32_t kVp8Profile = kCodecControls + 511;
constexpr uint32_t kVp9Profile = kCodecControls + 512;
constexpr uint32_t kHevcProfile = kCodecControls + 615;
constexpr uint32_t kHevcLevel = kCodecControls + 616;

constexpr uint64_t bits(uint32_t first, uint32_t last) { return ((uint64_t{2} << last) - 1) & ~((uint64_t{1} << first) - 1); }

// Baseline, Constrained Baseline, Main, Extended, High; Stereo High, Multiview High (the base view); Constrained High.
constexpr uint64_t kH264Profiles = bits(0, 4) | bits(15, 17);
constexpr uint64_t kH264Levels = bits(0, 19);                 // 1.0 … 6.2
constexpr uint64_t kHevcProfiles = bits(0, 1);                // Main, Main Still Picture
constexpr uint64_t kHevcLevels = bits(0, 12);                 // 1 … 6.2
constexpr uint64_t kVp8Profiles = bits(0, 3);                 // 0 … 3
constexpr uint64_t kVp9Profiles = bits(0, 0);                 // 0: 8 bits 4:2:0
constexpr uint64_t kMpeg2Profiles = bits(0, 1) | bits(4, 4);  // Simple, Main, High (4:2:0)
constexpr uint64_t kMpeg2Levels = bits(0, 3);                 // Low, Main, High 1440, High

// Pictures smaller than a block are coded in a whole one.
constexpr SizeRange up_to(uint32_t side) { return {.min = {1, 1}, .max = {side, side}, .step = {1, 1}}; }

std::vector<CodecRow>* make_rows() {
  constexpr uint32_t kStream = kContinuousByteStream | kDynamicResolution;
  const std::vector<FourCC> raw = {kNv12, kYuv420};
  return new std::vector<CodecRow>{
      {AV_CODEC_ID_H264,
       {kH264, kStream, up_to(8192), 4, raw, {{kH264Profile, 4, kH264Profiles}, {kH264Level, 11, kH264Levels}}},
       16,
       16},
      {AV_CODEC_ID_HEVC,
       {kHevc, kStream, up_to(8192), 4, raw, {{kHevcProfile, 0, kHevcProfiles}, {kHevcLevel, 6, kHevcLevels}}},
       8,
       6},
      {AV_CODEC_ID_MPEG2VIDEO,
       {kMpeg2, kStream, up_to(4096), 4, raw, {{kMpeg2Profile, 1, kMpeg2Profiles}, {kMpeg2Level, 1, kMpeg2Levels}}},
       16,
       2},
      // libavcodec 59's threads race in VP8. By frames: one run in 250 of vp80-02-inter-1412, by `ffmpeg -threads 3` as by us,
      // has a wrong picture. By slices: it stops for ever.
      {AV_CODEC_ID_VP8, {kVp8, kDynamicResolution, up_to(8192), 4, raw, {{kVp8Profile, 0, kVp8Profiles}}}, 16, 3, false},
      {AV_CODEC_ID_VP9, {kVp9, kDynamicResolution, up_to(8192), 4, raw, {{kVp9Profile, 0, kVp9Profiles}}}, 8, 8},
  };
}

}  // namespace

std::span<const CodecRow> codec_rows() {
  static const std::vector<CodecRow>& rows = *make_rows();
  return rows;
}

const CodecRow* find_row(FourCC coded) {
  for (const CodecRow& row : codec_rows()) {
    if (row.description.coded == coded) return &row;
  }
  return nullptr;
}

}  // namespace softvpu::firmware::libav

namespace softvpu::firmware {

std::span<const DecoderDescription> decoder_catalog() {
  static const std::vector<DecoderDescription>& catalog = *[] {
    auto* all = new std::vector<DecoderDescription>;
    for (const libav::CodecRow& row : libav::codec_rows()) all->push_back(row.description);
    return all;
  }();
  return catalog;
}

}  // namespace softvpu::firmware
