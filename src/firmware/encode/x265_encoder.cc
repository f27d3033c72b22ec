// SPDX-License-Identifier: GPL-2.0-or-later
// HEVC: see x265_encoder.h. V4L2's controls of it are in ext-ctrls-codec.rst.
#include "firmware/encode/x265_encoder.h"

#include <libyuv/planar_functions.h>
#include <linux/v4l2-controls.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "firmware/encode/output_writer.h"
#include "firmware/encode/rate.h"
#include "media/fourcc.h"

namespace softvpu::firmware {
namespace {

// The only preset that codes 1080p at 30 pictures a second on a few cores.
constexpr const char* kPreset = "ultrafast";
constexpr uint32_t kMostThreads = 64;
constexpr int kWorstQuantiser = 51;
// The size of its blocks, which is the preset's, and one for all streams of a process.
constexpr SizeRange kSizes{.min = {32, 32}, .max = {8192, 4352}, .step = {2, 2}};

constexpr int kInfinite = -1;  // of keyframeMax

// A unit of type 35 that allows all kinds of slices (7.3.2.5).
constexpr std::array<uint8_t, 7> kDelimiter = {0, 0, 0, 1, 0x46, 0x01, 0x50};

// Levels in tenths by the menu's item.
constexpr std::array<int, 13> kLevels = {10, 20, 21, 30, 31, 40, 41, 50, 51, 52, 60, 61, 62};
constexpr uint64_t kAllLevels = (uint64_t{1} << kLevels.size()) - 1;

// The level that a VPS states, in tenths: general_level_idc behind 4 bytes of its own and 11 of the profile (7.3.2.1, 7.3.3).
int level_of(std::span<const std::byte> vps) {
  constexpr size_t kBefore = 4 + 2 + 4 + 11;  // start code and unit header, too
  size_t at = 0;
  int zeros = 0;
  for (const std::byte byte : vps) {
    if (zeros >= 2 && byte == std::byte{3}) {  // emulation prevention
      zeros = 0;
      continue;
    }
    zeros = byte == std::byte{0} ? zeros + 1 : 0;
    if (at++ == kBefore) return std::to_integer<int>(byte) / 3;
  }
  return 0;
}

const std::vector<EncoderControl>& controls() {
  static const auto& table = *[] {
    auto* rows = new std::vector<EncoderControl>(rate_controls(Peak::kBounded));
    // libx265 3.5 has a call that changes the rate of a stream, and ignores it where the stream's level would change as well.
    for (EncoderControl& row : *rows) {
      const uint32_t id = row.info.id;
      row.begins_anew |= id == V4L2_CID_MPEG_VIDEO_BITRATE || id == V4L2_CID_MPEG_VIDEO_BITRATE_PEAK ||
                         id == V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY;
    }
    const std::vector<EncoderControl> own = {
        {integer_control(V4L2_CID_MPEG_VIDEO_B_FRAMES, 0, 0, 0)},
        {menu_control(V4L2_CID_MPEG_VIDEO_HEADER_MODE, 1u << V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME,
                      V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME)},
        {boolean_control(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, true)},
        {boolean_control(V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, true)},
        {boolean_control(V4L2_CID_MPEG_VIDEO_AU_DELIMITER, false), true},
        {integer_control(V4L2_CID_MPEG_VIDEO_HEVC_MIN_QP, 0, kWorstQuantiser, 0), true},
        {integer_control(V4L2_CID_MPEG_VIDEO_HEVC_MAX_QP, 0, kWorstQuantiser, kWorstQuantiser), true},
        {integer_control(V4L2_CID_MPEG_VIDEO_HEVC_I_FRAME_QP, 0, kWorstQuantiser, 26)},
        {integer_control(V4L2_CID_MPEG_VIDEO_HEVC_P_FRAME_QP, 0, kWorstQuantiser, 28)},
        {menu_control(V4L2_CID_MPEG_VIDEO_HEVC_PROFILE, 1u << V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN,
                      V4L2_MPEG_VIDEO_HEVC_PROFILE_MAIN)},
        // A wish: a stream that needs a higher one has that.
        {menu_control(V4L2_CID_MPEG_VIDEO_HEVC_LEVEL, kAllLevels, V4L2_MPEG_VIDEO_HEVC_LEVEL_1), true},
        {menu_control(V4L2_CID_MPEG_VIDEO_HEVC_LOOP_FILTER_MODE,
                      1u << V4L2_MPEG_VIDEO_HEVC_LOOP_FILTER_MODE_DISABLED | 1u << V4L2_MPEG_VIDEO_HEVC_LOOP_FILTER_MODE_ENABLED,
                      V4L2_MPEG_VIDEO_HEVC_LOOP_FILTER_MODE_ENABLED),
         true},
        {integer_control(V4L2_CID_MPEG_VIDEO_HEVC_LF_BETA_OFFSET_DIV2, -6, 6, 0), true},
        {integer_control(V4L2_CID_MPEG_VIDEO_HEVC_LF_TC_OFFSET_DIV2, -6, 6, 0), true},
    };
    rows->insert(rows->end(), own.begin(), own.end());
    return rows;
  }();
  return table;
}

constexpr std::array<FourCC, 6> kRawFormats = {kNv12, kYuv420, kYvu420, kNv12m, kYuv420m, kYvu420m};

std::span<const std::byte> bytes_of(const x265_nal& unit) {
  return {reinterpret_cast<const std::byte*>(unit.payload), unit.sizeBytes};
}

}  // namespace

X265Encoder::X265Encoder(const EncoderConfig& config) : config_(config), values_(controls()) {
  // "+": as many as there are processors.
  pool_ = config.threads == 0 ? "+" : std::to_string(std::min(config.threads, kMostThreads));
}

CodecInfo X265Encoder::info() {
  CodecInfo info{.role = Role::kEncoder,
                 .coded = kHevc,
                 .sizes = kSizes,
                 .min_output_buffers = 1,
                 .raw = {kRawFormats.begin(), kRawFormats.end()}};
  info.controls = described(controls());
  return info;
}

// ---- settings ----

void X265Encoder::set_control(const ControlValue& control) {
  switch (control.id) {
    case V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME:
      key_frames_.force();
      break;
    case V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR:  // another name of the same thing
      values_.set(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, control.value);
      break;
    default:
      values_.set(control.id, control.value);
  }
}

void X265Encoder::set_interval(FrameInterval interval) {
  if (interval == config_.interval) return;
  config_.interval = interval;
  encoder_.reset();  // the rate of a stream's pictures is in its headers
}

void X265Encoder::set_parameters(x265_param& p) const {
  p.logLevel = X265_LOG_NONE;
  p.frameNumThreads = 1;  // more would be so many pictures late
  p.numaPools = pool_.c_str();
  p.sourceWidth = static_cast<int>(layout_.size.width);
  p.sourceHeight = static_cast<int>(layout_.size.height);
  const FrameRate rate = frame_rate_of(config_.interval);
  p.fpsNum = rate.pictures;
  p.fpsDenom = rate.seconds;
  // KeyFrames decides.
  p.keyframeMax = kInfinite;
  p.scenecutThreshold = 0;
  p.bOpenGOP = 0;
  p.bRepeatHeaders = 0;  // write() does it
  p.bEmitInfoSEI = 0;
  p.bEnableAccessUnitDelimiters = values_.is_on(V4L2_CID_MPEG_VIDEO_AU_DELIMITER) ? 1 : 0;
  p.bEnableLoopFilter =
      values_.of(V4L2_CID_MPEG_VIDEO_HEVC_LOOP_FILTER_MODE) == V4L2_MPEG_VIDEO_HEVC_LOOP_FILTER_MODE_ENABLED ? 1 : 0;
  p.deblockingFilterBetaOffset = values_.number(V4L2_CID_MPEG_VIDEO_HEVC_LF_BETA_OFFSET_DIV2);
  p.deblockingFilterTCOffset = values_.number(V4L2_CID_MPEG_VIDEO_HEVC_LF_TC_OFFSET_DIV2);
  const CodePoints points = cicp_of(config_.colour);
  p.vui.bEnableVideoSignalTypePresentFlag = 1;
  p.vui.bEnableVideoFullRangeFlag = points.full_range ? 1 : 0;
  p.vui.bEnableColorDescriptionPresentFlag = 1;
  p.vui.colorPrimaries = static_cast<int>(points.primaries);
  p.vui.transferCharacteristics = static_cast<int>(points.transfer);
  p.vui.matrixCoeffs = static_cast<int>(points.matrix);
  set_rate(p);
}

void X265Encoder::set_rate(x265_param& p) const {
  const Rate rate = rate_of(values_);
  p.rc.qpMin = values_.number(V4L2_CID_MPEG_VIDEO_HEVC_MIN_QP);
  // Clients set one after the other, so that for a moment the bounds may be crossed.
  p.rc.qpMax = std::max(p.rc.qpMin, values_.number(V4L2_CID_MPEG_VIDEO_HEVC_MAX_QP));
  switch (rate.mode) {
    case RateMode::kConstantQuantiser:
      p.rc.rateControlMode = X265_RC_CRF;  // each picture brings its own quantiser
      p.rc.qpMin = 0;
      p.rc.qpMax = kWorstQuantiser;
      p.rc.aqMode = X265_AQ_NONE;
      break;
    case RateMode::kConstantQuality:
      p.rc.rateControlMode = X265_RC_CRF;
      p.rc.rfConstant = (100 - rate.quality) * 51.0 / 99;
      break;
    case RateMode::kVariable:
    case RateMode::kConstant:
      p.rc.rateControlMode = X265_RC_ABR;
      p.rc.bitrate = rate.kbps;
      p.rc.vbvMaxBitrate = rate.peak_kbps;
      p.rc.vbvBufferSize = rate.buffer_kbits();
      break;
  }
}

// ---- streams ----

Status X265Encoder::open_with(int level) {
  encoder_.reset();
  headers_.clear();
  parameters_.reset(x265_param_alloc());
  if (!parameters_) return fail(ENOMEM, "libx265 has no memory for its parameters");
  if (x265_param_default_preset(parameters_.get(), kPreset, "zerolatency") != 0) return fail(EIO, "libx265 lacks the preset");
  set_parameters(*parameters_);
  parameters_->levelIdc = level;
  if (x265_param_apply_profile(parameters_.get(), "main") != 0) return fail(EIO, "libx265 refuses the profile");
  encoder_.reset(x265_encoder_open(parameters_.get()));
  if (!encoder_) return fail(EIO, "libx265 can't begin: it refuses the parameters, or has no memory");
  x265_nal* units = nullptr;
  uint32_t count = 0;
  if (x265_encoder_headers(encoder_.get(), &units, &count) < 0) return fail(EIO, "libx265 makes no headers");
  for (const x265_nal& unit : std::span(units, count)) {
    if (unit.type != NAL_UNIT_VPS && unit.type != NAL_UNIT_SPS && unit.type != NAL_UNIT_PPS) continue;
    const auto bytes = bytes_of(unit);
    if (unit.type == NAL_UNIT_VPS) level_ = level_of(bytes);
    headers_.insert(headers_.end(), bytes.begin(), bytes.end());
  }
  return {};
}

Status X265Encoder::open() {
  constexpr int kLowest = 0;  // the lowest that holds the stream
  Status opened = open_with(kLowest);
  const int wanted = kLevels.at(static_cast<size_t>(values_.of(V4L2_CID_MPEG_VIDEO_HEVC_LEVEL)));
  if (opened && wanted > level_) opened = open_with(wanted);
  if (!opened) return opened;
  values_.take_changes();
  key_frames_.force();
  first_ = true;
  pictures_ = 0;
  return {};
}

Status X265Encoder::begin(const FrameLayout& layout) {
  if (std::ranges::find(kRawFormats, layout.fourcc) == kRawFormats.end())
    return fail(EOPNOTSUPP, "HEVC codes no frames of " + to_string(layout.fourcc));
  layout_ = layout;
  chroma_.assign(layout.components == 2 ? size_t{layout.size.width} * layout.size.height / 2 : 0, 0);
  return open();
}

// ---- pictures ----

void X265Encoder::point_at(const RawPicture& picture, x265_picture& in) {
  const FrameLayout& layout = picture.layout;
  std::array<uint8_t*, 3> plane{};
  for (uint32_t i = 0; i < layout.components; ++i) {
    // libx265 only reads it.
    auto* const begin = const_cast<std::byte*>(picture.plane[layout.component_plane[i]].data());
    plane[i] = reinterpret_cast<uint8_t*>(begin + layout.offset[i]);
  }
  in.planes[0] = plane[0];
  in.stride[0] = static_cast<int>(layout.stride[0]);
  if (layout.components == 2) {
    const int width = static_cast<int>(layout.size.width / 2);
    const int height = static_cast<int>(layout.size.height / 2);
    uint8_t* const second = chroma_.data() + chroma_.size() / 2;
    libyuv::SplitUVPlane(plane[1], static_cast<int>(layout.stride[1]), chroma_.data(), width, second, width, width, height);
    in.planes[1] = chroma_.data();
    in.planes[2] = second;
    in.stride[1] = in.stride[2] = width;
    return;
  }
  const bool swapped = layout.fourcc == kYvu420 || layout.fourcc == kYvu420m;
  for (int i : {1, 2}) {
    const int from = swapped ? 3 - i : i;
    in.planes[i] = plane[static_cast<size_t>(from)];
    in.stride[i] = static_cast<int>(layout.stride[static_cast<size_t>(from)]);
  }
}

std::optional<size_t> X265Encoder::write(std::span<const x265_nal> units, bool headers, std::span<std::byte> output) const {
  OutputWriter writer(output);
  // An access unit delimiter comes first (7.4.2.4.4). libx265 writes none before the first picture.
  const bool lacks = !units.empty() && units.front().type != NAL_UNIT_ACCESS_UNIT_DELIMITER;
  if (lacks && values_.is_on(V4L2_CID_MPEG_VIDEO_AU_DELIMITER) && !writer.put(std::as_bytes(std::span(kDelimiter))))
    return std::nullopt;
  for (const x265_nal& unit : units) {
    if (headers && unit.type != NAL_UNIT_ACCESS_UNIT_DELIMITER) {
      if (!writer.put(headers_)) return std::nullopt;
      headers = false;
    }
    if (!writer.put(bytes_of(unit))) return std::nullopt;
  }
  return writer.written();
}

Result<std::optional<CodedFrame>> X265Encoder::encode(const RawPicture& picture, std::span<std::byte> output) {
  if (!encoder_ || values_.begins_anew()) {
    if (const Status opened = open(); !opened) return Unexpected(opened.error());
  }
  const bool key = key_frames_.take_next(values_.of(V4L2_CID_MPEG_VIDEO_GOP_SIZE));
  x265_picture in;
  x265_picture out;
  x265_picture_init(parameters_.get(), &in);
  x265_picture_init(parameters_.get(), &out);
  in.bitDepth = 8;
  in.colorSpace = X265_CSP_I420;
  in.pts = pictures_;
  in.sliceType = key ? X265_TYPE_IDR : X265_TYPE_P;
  if (rate_of(values_).mode == RateMode::kConstantQuantiser)
    in.forceqp = 1 + values_.number(key ? V4L2_CID_MPEG_VIDEO_HEVC_I_FRAME_QP : V4L2_CID_MPEG_VIDEO_HEVC_P_FRAME_QP);
  point_at(picture, in);
  x265_nal* units = nullptr;
  uint32_t count = 0;
  if (x265_encoder_encode(encoder_.get(), &units, &count, &in, &out) != 1)
    return fail(EIO, "libx265 makes no frame of a picture");
  const bool is_key = IS_X265_TYPE_I(out.sliceType);
  CodedFrame coded{.number = picture.number, .type = is_key ? FrameType::kKey : FrameType::kP};
  const bool headers = is_key && (first_ || values_.is_on(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER));
  const auto bytes = write({units, count}, headers, output);
  first_ = false;
  ++pictures_;
  if (bytes) {
    coded.bytes = *bytes;
  } else {
    coded.status = DoneStatus::kTooSmall;
  }
  return coded;
}

}  // namespace softvpu::firmware
