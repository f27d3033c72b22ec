// SPDX-License-Identifier: GPL-2.0-or-later
// H.264: see x264_encoder.h. V4L2's controls of it are in ext-ctrls-codec.rst.
#include "firmware/encode/x264_encoder.h"

#include <linux/v4l2-controls.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "firmware/encode/output_writer.h"
#include "firmware/encode/rate.h"
#include "media/fourcc.h"

namespace softvpu::firmware {
namespace {

// The encoder's speed: fast enough for 1080p at 30 pictures a second on two cores, and better than "superfast" by a fifth of the
// rate.
constexpr const char* kPreset = "veryfast";
constexpr uint32_t kMostThreads = 16;  // more don't fit the worker's memory with the largest pictures
constexpr int kWorstQuantiser = 51;

// Level 6.2 codes no larger ones (table A-1).
constexpr SizeRange kSizes{.min = {16, 16}, .max = {8192, 4352}, .step = {2, 2}};

constexpr uint64_t kProfiles = 1u << V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE |
                               1u << V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE | 1u << V4L2_MPEG_VIDEO_H264_PROFILE_MAIN |
                               1u << V4L2_MPEG_VIDEO_H264_PROFILE_HIGH;

// level_idc by the menu's item; 9 is libx264's number of level 1b.
constexpr std::array<int, 20> kLevels = {10, 9, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62};
constexpr uint64_t kAllLevels = (uint64_t{1} << kLevels.size()) - 1;

struct Ratio {
  int width;
  int height;
};
// Of sample aspect ratios, by the menu's item (table E-1); the last item is the extended one.
constexpr std::array<Ratio, 17> kAspects = {{{0, 0},
                                             {1, 1},
                                             {12, 11},
                                             {10, 11},
                                             {16, 11},
                                             {40, 33},
                                             {24, 11},
                                             {20, 11},
                                             {32, 11},
                                             {80, 33},
                                             {18, 11},
                                             {15, 11},
                                             {64, 33},
                                             {160, 99},
                                             {4, 3},
                                             {3, 2},
                                             {2, 1}}};
constexpr uint64_t kAllAspects = (uint64_t{1} << (V4L2_MPEG_VIDEO_H264_VUI_SAR_IDC_EXTENDED + 1)) - 1;

ControlInfo quantiser(uint32_t id, int64_t usual) {
  return {.id = id, .minimum = 0, .maximum = kWorstQuantiser, .default_value = usual};
}

const std::vector<EncoderControl>& controls() {
  static const auto& table = *[] {
    auto* rows = new std::vector<EncoderControl>(rate_controls(Peak::kBounded));
    const std::vector<EncoderControl> own = {
        // Clients set it to 0 and look whether that is so (ffmpeg, Chromium).
        {integer_control(V4L2_CID_MPEG_VIDEO_B_FRAMES, 0, 0, 0)},
        {boolean_control(V4L2_CID_MPEG_VIDEO_MB_RC_ENABLE, true), true},
        // Parameter sets in a buffer of their own break ffmpeg's mp4 and GStreamer.
        {menu_control(V4L2_CID_MPEG_VIDEO_HEADER_MODE, 1u << V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME,
                      V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME)},
        {boolean_control(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, true)},
        {boolean_control(V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, true)},
        {boolean_control(V4L2_CID_MPEG_VIDEO_AU_DELIMITER, false), true},
        {integer_control(V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, 0, INT32_MAX, 60)},
        {quantiser(V4L2_CID_MPEG_VIDEO_H264_I_FRAME_QP, 24)},
        {quantiser(V4L2_CID_MPEG_VIDEO_H264_P_FRAME_QP, 26)},
        {quantiser(V4L2_CID_MPEG_VIDEO_H264_MIN_QP, 0), true},
        {quantiser(V4L2_CID_MPEG_VIDEO_H264_MAX_QP, kWorstQuantiser), true},
        {menu_control(V4L2_CID_MPEG_VIDEO_H264_PROFILE, kProfiles, V4L2_MPEG_VIDEO_H264_PROFILE_HIGH), true},
        // A wish: a stream that needs a higher one has that (GStreamer asks for 1.0 unless its caps say otherwise).
        {menu_control(V4L2_CID_MPEG_VIDEO_H264_LEVEL, kAllLevels, V4L2_MPEG_VIDEO_H264_LEVEL_1_0), true},
        {menu_control(V4L2_CID_MPEG_VIDEO_H264_ENTROPY_MODE,
                      1u << V4L2_MPEG_VIDEO_H264_ENTROPY_MODE_CAVLC | 1u << V4L2_MPEG_VIDEO_H264_ENTROPY_MODE_CABAC,
                      V4L2_MPEG_VIDEO_H264_ENTROPY_MODE_CABAC),
         true},
        {boolean_control(V4L2_CID_MPEG_VIDEO_H264_8X8_TRANSFORM, true), true},
        {menu_control(V4L2_CID_MPEG_VIDEO_H264_LOOP_FILTER_MODE,
                      1u << V4L2_MPEG_VIDEO_H264_LOOP_FILTER_MODE_ENABLED | 1u << V4L2_MPEG_VIDEO_H264_LOOP_FILTER_MODE_DISABLED,
                      V4L2_MPEG_VIDEO_H264_LOOP_FILTER_MODE_ENABLED),
         true},
        {integer_control(V4L2_CID_MPEG_VIDEO_H264_LOOP_FILTER_ALPHA, -6, 6, 0), true},
        {integer_control(V4L2_CID_MPEG_VIDEO_H264_LOOP_FILTER_BETA, -6, 6, 0), true},
        {boolean_control(V4L2_CID_MPEG_VIDEO_H264_CONSTRAINED_INTRA_PREDICTION, false), true},
        {boolean_control(V4L2_CID_MPEG_VIDEO_H264_VUI_SAR_ENABLE, false), true},
        {menu_control(V4L2_CID_MPEG_VIDEO_H264_VUI_SAR_IDC, kAllAspects, V4L2_MPEG_VIDEO_H264_VUI_SAR_IDC_1x1), true},
        {integer_control(V4L2_CID_MPEG_VIDEO_H264_VUI_EXT_SAR_WIDTH, 1, 65535, 1), true},
        {integer_control(V4L2_CID_MPEG_VIDEO_H264_VUI_EXT_SAR_HEIGHT, 1, 65535, 1), true},
    };
    rows->insert(rows->end(), own.begin(), own.end());
    return rows;
  }();
  return table;
}

struct RawCsp {
  FourCC fourcc;
  int csp;
};
constexpr std::array<RawCsp, 8> kRawFormats = {{{kNv12, X264_CSP_NV12},
                                                {kYuv420, X264_CSP_I420},
                                                {kYvu420, X264_CSP_YV12},
                                                {kNv21, X264_CSP_NV21},
                                                {kNv12m, X264_CSP_NV12},
                                                {kYuv420m, X264_CSP_I420},
                                                {kYvu420m, X264_CSP_YV12},
                                                {kNv21m, X264_CSP_NV21}}};

// X264_CSP_NONE: it takes no such pictures.
int csp_of(FourCC fourcc) {
  for (const RawCsp& row : kRawFormats)
    if (row.fourcc == fourcc) return row.csp;
  return X264_CSP_NONE;
}

const char* profile_name(int64_t profile) {
  switch (profile) {
    case V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE:  // libx264 uses nothing that the constrained one lacks
    case V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE:
      return "baseline";
    case V4L2_MPEG_VIDEO_H264_PROFILE_MAIN:
      return "main";
    default:
      return "high";
  }
}

}  // namespace

X264Encoder::X264Encoder(const EncoderConfig& config) : config_(config), values_(controls()) {}

CodecInfo X264Encoder::info() {
  CodecInfo info{.role = Role::kEncoder, .coded = kH264, .sizes = kSizes, .min_output_buffers = 1};
  for (const RawCsp& row : kRawFormats) info.raw.push_back(row.fourcc);
  info.controls = described(controls());
  return info;
}

// ---- settings ----

void X264Encoder::set_control(const ControlValue& control) {
  switch (control.id) {
    case V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME:
      key_frames_.force();
      break;
    // Two names of the same thing: the last one that is set counts.
    case V4L2_CID_MPEG_VIDEO_H264_I_PERIOD:
      values_.set(V4L2_CID_MPEG_VIDEO_GOP_SIZE, control.value);
      break;
    case V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR:
      values_.set(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, control.value);
      break;
    default:
      values_.set(control.id, control.value);
  }
}

void X264Encoder::set_interval(FrameInterval interval) {
  if (interval == config_.interval) return;
  config_.interval = interval;
  encoder_.reset();  // the rate of a stream's pictures is in its headers
}

x264_param_t X264Encoder::parameters() const {
  x264_param_t p;
  x264_param_default_preset(&p, kPreset, "zerolatency");
  p.pf_log = note;
  p.p_log_private = const_cast<X264Encoder*>(this);
  p.i_log_level = X264_LOG_WARNING;
  const uint32_t threads = config_.threads == 0 ? std::thread::hardware_concurrency() : config_.threads;
  p.i_threads = static_cast<int>(std::clamp(threads, 1u, kMostThreads));
  p.i_width = static_cast<int>(layout_.size.width);
  p.i_height = static_cast<int>(layout_.size.height);
  p.i_csp = csp_of(layout_.fourcc);
  const FrameRate rate = frame_rate_of(config_.interval);
  p.i_fps_num = p.i_timebase_den = rate.pictures;
  p.i_fps_den = p.i_timebase_num = rate.seconds;
  p.b_vfr_input = 0;
  // KeyFrames decides.
  p.i_keyint_max = X264_KEYINT_MAX_INFINITE;
  p.i_scenecut_threshold = 0;
  p.b_repeat_headers = 0;  // write() does it
  p.b_annexb = 1;
  p.b_aud = values_.is_on(V4L2_CID_MPEG_VIDEO_AU_DELIMITER) ? 1 : 0;
  p.b_cabac = values_.of(V4L2_CID_MPEG_VIDEO_H264_ENTROPY_MODE) == V4L2_MPEG_VIDEO_H264_ENTROPY_MODE_CABAC ? 1 : 0;
  p.analyse.b_transform_8x8 = values_.is_on(V4L2_CID_MPEG_VIDEO_H264_8X8_TRANSFORM) ? 1 : 0;
  p.b_constrained_intra = values_.is_on(V4L2_CID_MPEG_VIDEO_H264_CONSTRAINED_INTRA_PREDICTION) ? 1 : 0;
  p.b_deblocking_filter =
      values_.of(V4L2_CID_MPEG_VIDEO_H264_LOOP_FILTER_MODE) == V4L2_MPEG_VIDEO_H264_LOOP_FILTER_MODE_ENABLED ? 1 : 0;
  p.i_deblocking_filter_alphac0 = values_.number(V4L2_CID_MPEG_VIDEO_H264_LOOP_FILTER_ALPHA);
  p.i_deblocking_filter_beta = values_.number(V4L2_CID_MPEG_VIDEO_H264_LOOP_FILTER_BETA);
  set_colour(p);
  set_rate(p);
  return p;
}

void X264Encoder::set_colour(x264_param_t& p) const {
  const CodePoints points = cicp_of(config_.colour);
  p.vui.i_colorprim = static_cast<int>(points.primaries);
  p.vui.i_transfer = static_cast<int>(points.transfer);
  p.vui.i_colmatrix = static_cast<int>(points.matrix);
  p.vui.b_fullrange = points.full_range ? 1 : 0;
  if (!values_.is_on(V4L2_CID_MPEG_VIDEO_H264_VUI_SAR_ENABLE)) return;
  const auto item = static_cast<size_t>(values_.of(V4L2_CID_MPEG_VIDEO_H264_VUI_SAR_IDC));
  const Ratio ratio = item < kAspects.size() ? kAspects[item]
                                             : Ratio{values_.number(V4L2_CID_MPEG_VIDEO_H264_VUI_EXT_SAR_WIDTH),
                                                     values_.number(V4L2_CID_MPEG_VIDEO_H264_VUI_EXT_SAR_HEIGHT)};
  p.vui.i_sar_width = ratio.width;
  p.vui.i_sar_height = ratio.height;
}

void X264Encoder::set_rate(x264_param_t& p) const {
  const Rate rate = rate_of(values_);
  p.rc.i_qp_min = values_.number(V4L2_CID_MPEG_VIDEO_H264_MIN_QP);
  // Chromium and others set one after the other, so that for a moment the bounds may be crossed.
  p.rc.i_qp_max = std::max(p.rc.i_qp_min, values_.number(V4L2_CID_MPEG_VIDEO_H264_MAX_QP));
  if (!values_.is_on(V4L2_CID_MPEG_VIDEO_MB_RC_ENABLE)) p.rc.i_aq_mode = X264_AQ_NONE;
  switch (rate.mode) {
    case RateMode::kConstantQuantiser:
      // Each picture brings its own: picture_of(). X264_RC_CQP would keep them near one that the stream has from its beginning.
      p.rc.i_rc_method = X264_RC_CRF;
      p.rc.i_qp_min = 0;
      p.rc.i_qp_max = kWorstQuantiser;
      p.rc.i_aq_mode = X264_AQ_NONE;
      break;
    case RateMode::kConstantQuality:
      p.rc.i_rc_method = X264_RC_CRF;
      // 100 to 1 are 1 to 50: 0 would mean another profile.
      p.rc.f_rf_constant = static_cast<float>(1 + (100 - rate.quality) * 49 / 99);
      break;
    case RateMode::kVariable:
    case RateMode::kConstant:
      p.rc.i_rc_method = X264_RC_ABR;
      p.rc.i_bitrate = rate.kbps;
      // Without a verifier libx264 changes no rate of a stream that runs.
      p.rc.i_vbv_max_bitrate = rate.peak_kbps;
      p.rc.i_vbv_buffer_size = rate.buffer_kbits();
      break;
  }
}

// ---- streams ----

Status X264Encoder::open() {
  encoder_.reset();
  headers_.clear();
  x264_param_t p = parameters();
  if (x264_param_apply_profile(&p, profile_name(values_.of(V4L2_CID_MPEG_VIDEO_H264_PROFILE))) != 0)
    return Unexpected(complaint("libx264 refuses the profile"));
  EncoderPtr opened(x264_encoder_open(&p));
  if (!opened) return Unexpected(complaint("libx264 can't begin"));
  // It has the lowest level that holds the stream.
  x264_encoder_parameters(opened.get(), &opened_);
  const int wanted = kLevels.at(static_cast<size_t>(values_.of(V4L2_CID_MPEG_VIDEO_H264_LEVEL)));
  if (wanted > opened_.i_level_idc) {
    p.i_level_idc = wanted;
    opened.reset();
    opened.reset(x264_encoder_open(&p));
    if (!opened) return Unexpected(complaint("libx264 can't begin"));
    x264_encoder_parameters(opened.get(), &opened_);
  }
  x264_nal_t* units = nullptr;
  int count = 0;
  if (x264_encoder_headers(opened.get(), &units, &count) < 0) return Unexpected(complaint("libx264 makes no headers"));
  for (int i = 0; i < count; ++i) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(units[i].p_payload);
    if (units[i].i_type != NAL_SEI) headers_.insert(headers_.end(), bytes, bytes + units[i].i_payload);
  }
  encoder_ = std::move(opened);
  values_.take_changes();
  key_frames_.force();
  first_ = true;
  pictures_ = 0;
  return {};
}

Status X264Encoder::begin(const FrameLayout& layout) {
  if (csp_of(layout.fourcc) == X264_CSP_NONE) return fail(EOPNOTSUPP, "H.264 codes no frames of " + to_string(layout.fourcc));
  layout_ = layout;
  return open();
}

Status X264Encoder::apply_changes() {
  if (!encoder_ || values_.begins_anew()) return open();
  if (!values_.changed()) return {};
  values_.take_changes();
  x264_param_t changed = opened_;
  set_rate(changed);
  if (x264_encoder_reconfig(encoder_.get(), &changed) != 0) return open();
  opened_ = changed;
  return {};
}

// ---- pictures ----

x264_picture_t X264Encoder::picture_of(const RawPicture& picture, bool key) const {
  x264_picture_t in;
  x264_picture_init(&in);
  in.i_pts = pictures_;
  in.i_type = key ? X264_TYPE_IDR : X264_TYPE_P;
  if (rate_of(values_).mode == RateMode::kConstantQuantiser)
    in.i_qpplus1 = 1 + values_.number(key ? V4L2_CID_MPEG_VIDEO_H264_I_FRAME_QP : V4L2_CID_MPEG_VIDEO_H264_P_FRAME_QP);
  const FrameLayout& layout = picture.layout;
  in.img.i_csp = csp_of(layout.fourcc);
  in.img.i_plane = static_cast<int>(layout.components);
  for (uint32_t i = 0; i < layout.components; ++i) {
    in.img.i_stride[i] = static_cast<int>(layout.stride[i]);
    // libx264 only reads it.
    auto* const plane = const_cast<std::byte*>(picture.plane[layout.component_plane[i]].data());
    in.img.plane[i] = reinterpret_cast<uint8_t*>(plane + layout.offset[i]);
  }
  return in;
}

std::optional<size_t> X264Encoder::write(std::span<const x264_nal_t> units, bool headers, std::span<std::byte> output) const {
  OutputWriter writer(output);
  for (const x264_nal_t& unit : units) {
    // An access unit delimiter comes first (7.4.1.2.3).
    if (headers && unit.i_type != NAL_AUD) {
      if (!writer.put(headers_)) return std::nullopt;
      headers = false;
    }
    if (!writer.put({reinterpret_cast<const std::byte*>(unit.p_payload), static_cast<size_t>(unit.i_payload)}))
      return std::nullopt;
  }
  return writer.written();
}

Result<std::optional<CodedFrame>> X264Encoder::encode(const RawPicture& picture, std::span<std::byte> output) {
  if (const Status applied = apply_changes(); !applied) return Unexpected(applied.error());
  const bool key = key_frames_.take_next(values_.of(V4L2_CID_MPEG_VIDEO_GOP_SIZE));
  x264_picture_t in = picture_of(picture, key);
  x264_picture_t out;
  x264_nal_t* units = nullptr;
  int count = 0;
  const int size = x264_encoder_encode(encoder_.get(), &units, &count, &in, &out);
  if (size <= 0) return Unexpected(complaint("libx264 makes no frame of a picture"));
  CodedFrame coded{.number = picture.number, .type = out.b_keyframe != 0 ? FrameType::kKey : FrameType::kP};
  const bool headers = out.b_keyframe != 0 && (first_ || values_.is_on(V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER));
  const auto bytes = write({units, static_cast<size_t>(count)}, headers, output);
  first_ = false;
  ++pictures_;
  if (bytes) {
    coded.bytes = *bytes;
  } else {
    coded.status = DoneStatus::kTooSmall;
  }
  return coded;
}

// ---- complaints ----

void X264Encoder::note(void* self, int level, const char* format, va_list arguments) {
  if (level > X264_LOG_ERROR) return;
  std::array<char, 256> line{};
  (void)std::vsnprintf(line.data(), line.size(), format, arguments);
  line[std::strcspn(line.data(), "\n")] = '\0';
  static_cast<X264Encoder*>(self)->complaint_ = line.data();
}

Error X264Encoder::complaint(const char* what) const {
  return {EIO, std::string(what) + ": " + (complaint_.empty() ? "it doesn't say why" : complaint_)};
}

}  // namespace softvpu::firmware
