// SPDX-License-Identifier: GPL-2.0-or-later
// VP8 and VP9: see vpx_encoder.h. V4L2's controls of them are in ext-ctrls-codec.rst.
#include "firmware/encode/vpx_encoder.h"

#include <linux/v4l2-controls.h>
#include <vpx/vp8cx.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "firmware/encode/rate.h"
#include "media/fourcc.h"

namespace softvpu::firmware {
namespace {

constexpr uint32_t kMostThreads = 16;
constexpr int kTimeBase = 1'000'000;                // units of time in a second
constexpr int64_t kLongestPicture = 1'000'000'000;  // in these units
constexpr unsigned kWorstQuantiser = 63;
// Fast enough for 720p at 30 pictures a second on one core.
constexpr int kVp8Speed = -10;
constexpr int kVp9Speed = 7;
constexpr unsigned kBufferMs = 1000;
constexpr unsigned kLongestBufferMs = 60'000;
constexpr uint64_t kBufferPictures = 8;
constexpr SizeRange kVp8Sizes{.min = {16, 16}, .max = {8192, 8192}, .step = {2, 2}};
constexpr SizeRange kVp9Sizes{.min = {16, 16}, .max = {8192, 4352}, .step = {2, 2}};  // larger ones don't fit the worker's memory

// libvpx counts quantisers from 0 to 63; these are the stream's.
constexpr std::array<uint8_t, 64> kVp8Index = {0,  1,  2,  3,  4,  5,  7,   8,   9,   10,  12,  13,  15,  17,  18,  19,
                                               20, 21, 23, 24, 25, 26, 27,  28,  29,  30,  31,  33,  35,  37,  39,  41,
                                               43, 45, 47, 49, 51, 53, 55,  57,  59,  61,  64,  67,  70,  73,  76,  79,
                                               82, 85, 88, 91, 94, 97, 100, 103, 106, 109, 112, 115, 118, 121, 124, 127};
int64_t last_index(VpxCodec codec) { return codec == VpxCodec::kVp8 ? 127 : 255; }

ControlInfo number(uint32_t id, int64_t maximum, int64_t usual) { return {.id = id, .maximum = maximum, .default_value = usual}; }

std::vector<EncoderControl>* make_controls(VpxCodec codec) {
  const int64_t last = last_index(codec);
  auto* rows = new std::vector<EncoderControl>(rate_controls(Peak::kNone));
  rows->insert(rows->end(), {{number(V4L2_CID_MPEG_VIDEO_B_FRAMES, 0, 0)},
                             {number(V4L2_CID_MPEG_VIDEO_VPX_MIN_QP, last, 0)},
                             {number(V4L2_CID_MPEG_VIDEO_VPX_MAX_QP, last, last)},
                             {number(V4L2_CID_MPEG_VIDEO_VPX_I_FRAME_QP, last, last / 4)},
                             {number(V4L2_CID_MPEG_VIDEO_VPX_P_FRAME_QP, last, last / 3)}});
  if (codec == VpxCodec::kVp8) {
    rows->push_back({number(V4L2_CID_MPEG_VIDEO_VPX_FILTER_SHARPNESS, 7, 0), true});
    rows->push_back({menu_control(V4L2_CID_MPEG_VIDEO_VPX_NUM_PARTITIONS, 0xf, 0), true});
    rows->push_back({menu_control(V4L2_CID_MPEG_VIDEO_VP8_PROFILE, 0xf, 0), true});
  } else {
    rows->push_back({menu_control(V4L2_CID_MPEG_VIDEO_VP9_PROFILE, 1, 0), true});
  }
  return rows;
}

const std::vector<EncoderControl>& controls(VpxCodec codec) {
  static const auto& vp8 = *make_controls(VpxCodec::kVp8);
  static const auto& vp9 = *make_controls(VpxCodec::kVp9);
  return codec == VpxCodec::kVp8 ? vp8 : vp9;
}

constexpr std::array<FourCC, 6> kRawFormats = {kNv12, kYuv420, kYvu420, kNv12m, kYuv420m, kYvu420m};

vpx_codec_iface_t* interface_of(VpxCodec codec) { return codec == VpxCodec::kVp8 ? vpx_codec_vp8_cx() : vpx_codec_vp9_cx(); }

// A matrix of H.273 as VP9 has it.
int colour_space_of(uint32_t matrix) {
  switch (matrix) {
    case 1:
      return VPX_CS_BT_709;
    case 5:
      return VPX_CS_BT_601;
    case 6:
      return VPX_CS_SMPTE_170;
    case 7:
      return VPX_CS_SMPTE_240;
    case 9:
      return VPX_CS_BT_2020;
    default:
      return VPX_CS_UNKNOWN;
  }
}

}  // namespace

void VpxEncoder::Closer::operator()(vpx_codec_ctx_t* context) const {
  (void)vpx_codec_destroy(context);
  delete context;
}

VpxEncoder::VpxEncoder(VpxCodec codec, const EncoderConfig& config) : codec_(codec), config_(config), values_(controls(codec)) {}

CodecInfo VpxEncoder::info(VpxCodec codec) {
  CodecInfo info{.role = Role::kEncoder,
                 .coded = codec == VpxCodec::kVp8 ? kVp8 : kVp9,
                 .sizes = codec == VpxCodec::kVp8 ? kVp8Sizes : kVp9Sizes,
                 .min_output_buffers = 1,
                 .raw = {kRawFormats.begin(), kRawFormats.end()}};
  info.controls = described(controls(codec));
  return info;
}

// ---- settings ----

void VpxEncoder::set_control(const ControlValue& control) {
  if (control.id == V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME) {
    key_frames_.force();
  } else {
    values_.set(control.id, control.value);
  }
}

unsigned VpxEncoder::quantiser(uint32_t control) const {
  const int64_t index = values_.of(control);
  if (codec_ == VpxCodec::kVp9)
    return index == last_index(codec_) ? kWorstQuantiser : static_cast<unsigned>(std::min<int64_t>(index / 4, 62));
  const auto above = std::ranges::upper_bound(kVp8Index, index);
  return static_cast<unsigned>(above - kVp8Index.begin() - 1);
}

unsigned VpxEncoder::quality_level() const {
  return static_cast<unsigned>(100 - rate_of(values_).quality) * kWorstQuantiser / 99;
}

// libvpx's VP8 refuses a level outside of its bounds.
unsigned VpxEncoder::bounded_quality_level() const {
  return std::clamp(quality_level(), opened_.rc_min_quantizer, opened_.rc_max_quantizer);
}

void VpxEncoder::set_rate(vpx_codec_enc_cfg_t& config) const {
  const Rate rate = rate_of(values_);
  config.rc_target_bitrate = static_cast<unsigned>(rate.kbps);
  config.rc_min_quantizer = quantiser(V4L2_CID_MPEG_VIDEO_VPX_MIN_QP);
  // Clients set one after the other, so that for a moment the bounds may be crossed.
  config.rc_max_quantizer = std::max(config.rc_min_quantizer, quantiser(V4L2_CID_MPEG_VIDEO_VPX_MAX_QP));
  config.rc_end_usage = rate.mode == RateMode::kConstant ? VPX_CBR : rate.mode == RateMode::kVariable ? VPX_VBR : VPX_Q;
  if (codec_ == VpxCodec::kVp8 && rate.mode == RateMode::kConstantQuality) {
    // VP8's own mode of that name follows the rate, too.
    config.rc_min_quantizer = config.rc_max_quantizer =
        std::clamp(quality_level(), config.rc_min_quantizer, config.rc_max_quantizer);
  }
  // A second, or a few pictures where they are rarer: a smaller buffer would starve the first ones.
  const FrameRate pictures = frame_rate_of(config_.interval);
  const uint64_t few = kBufferPictures * 1000 * uint64_t{pictures.seconds} / pictures.pictures;
  const auto buffer_ms = static_cast<unsigned>(std::clamp<uint64_t>(few, kBufferMs, kLongestBufferMs));
  config.rc_buf_sz = buffer_ms;
  config.rc_buf_initial_sz = config.rc_buf_optimal_sz = buffer_ms / 2;
  config.rc_undershoot_pct = config.rc_overshoot_pct = rate.mode == RateMode::kConstant ? 50 : 100;
  config.rc_dropframe_thresh = 0;  // one picture, one frame
}

Status VpxEncoder::set_option(int option, int value) {
  if (vpx_codec_control_(encoder_.get(), option, value) == VPX_CODEC_OK) return {};
  return Unexpected(complaint("libvpx refuses an option"));
}

Status VpxEncoder::set_options() {
  const bool vp8 = codec_ == VpxCodec::kVp8;
  std::vector<std::pair<int, int>> options = {
      {VP8E_SET_CPUUSED, vp8 ? kVp8Speed : kVp9Speed},
      {VP8E_SET_CQ_LEVEL, static_cast<int>(bounded_quality_level())},
  };
  if (vp8) {
    options.push_back({VP8E_SET_SHARPNESS, values_.number(V4L2_CID_MPEG_VIDEO_VPX_FILTER_SHARPNESS)});
    options.push_back({VP8E_SET_TOKEN_PARTITIONS, values_.number(V4L2_CID_MPEG_VIDEO_VPX_NUM_PARTITIONS)});
  } else {
    const CodePoints points = cicp_of(config_.colour);
    options.push_back({VP9E_SET_ROW_MT, 1});
    options.push_back({VP9E_SET_TILE_COLUMNS, 6});  // as many as the width allows, so that threads have work
    options.push_back({VP9E_SET_COLOR_SPACE, colour_space_of(points.matrix)});
    options.push_back({VP9E_SET_COLOR_RANGE, points.full_range ? VPX_CR_FULL_RANGE : VPX_CR_STUDIO_RANGE});
  }
  for (const auto& [option, value] : options)
    if (const Status set = set_option(option, value); !set) return set;
  return {};
}

// ---- streams ----

Status VpxEncoder::open() {
  encoder_.reset();
  vpx_codec_enc_cfg_t config{};
  if (vpx_codec_enc_config_default(interface_of(codec_), &config, 0) != VPX_CODEC_OK)
    return fail(ENOSYS, "this build of libvpx doesn't have the encoder");
  config.g_w = layout_.size.width;
  config.g_h = layout_.size.height;
  // VP8's threads wait for each other by spinning: where other programs keep the processors busy, that takes seconds a frame.
  const uint32_t usual = codec_ == VpxCodec::kVp8 ? 1 : std::thread::hardware_concurrency();
  const uint32_t threads = config_.threads == 0 ? usual : config_.threads;
  config.g_threads = std::clamp(threads, 1u, kMostThreads);
  config.g_profile = codec_ == VpxCodec::kVp8 ? static_cast<unsigned>(values_.of(V4L2_CID_MPEG_VIDEO_VP8_PROFILE)) : 0;
  config.g_timebase = {1, kTimeBase};
  config.g_lag_in_frames = 0;
  config.kf_mode = VPX_KF_DISABLED;  // KeyFrames decides
  set_rate(config);
  auto context = std::make_unique<vpx_codec_ctx_t>();
  if (vpx_codec_enc_init(context.get(), interface_of(codec_), &config, 0) != VPX_CODEC_OK) {
    const char* const detail = vpx_codec_error_detail(context.get());
    return fail(EIO, std::string("libvpx can't begin: ") + (detail != nullptr ? detail : vpx_codec_error(context.get())));
  }
  encoder_.reset(context.release());
  opened_ = config;
  if (const Status set = set_options(); !set) return set;
  values_.take_changes();
  key_frames_.force();
  time_ = 0;
  return {};
}

Status VpxEncoder::begin(const FrameLayout& layout) {
  if (std::ranges::find(kRawFormats, layout.fourcc) == kRawFormats.end())
    return fail(EOPNOTSUPP, "VP8 and VP9 code no frames of " + to_string(layout.fourcc));
  layout_ = layout;
  return open();
}

Status VpxEncoder::apply_changes() {
  if (!encoder_ || values_.begins_anew()) return open();
  if (!values_.changed()) return {};
  values_.take_changes();
  set_rate(opened_);
  if (vpx_codec_enc_config_set(encoder_.get(), &opened_) != VPX_CODEC_OK) return open();
  return set_option(VP8E_SET_CQ_LEVEL, static_cast<int>(bounded_quality_level()));
}

Status VpxEncoder::set_quantisers(bool key) {
  if (rate_of(values_).mode != RateMode::kConstantQuantiser) return {};
  const unsigned wanted = quantiser(key ? V4L2_CID_MPEG_VIDEO_VPX_I_FRAME_QP : V4L2_CID_MPEG_VIDEO_VPX_P_FRAME_QP);
  if (opened_.rc_min_quantizer == wanted && opened_.rc_max_quantizer == wanted) return {};
  opened_.rc_min_quantizer = opened_.rc_max_quantizer = wanted;
  // What stays within its bounds is set first.
  if (const Status set = set_option(VP8E_SET_CQ_LEVEL, static_cast<int>(wanted)); !set) return set;
  if (vpx_codec_enc_config_set(encoder_.get(), &opened_) == VPX_CODEC_OK) return {};
  return Unexpected(complaint("libvpx refuses a quantiser"));
}

// ---- pictures ----

vpx_image_t VpxEncoder::image_of(const RawPicture& picture) const {
  const FrameLayout& layout = picture.layout;
  std::array<unsigned char*, 3> plane{};
  for (uint32_t i = 0; i < layout.components; ++i) {
    // libvpx only reads it.
    auto* const begin = const_cast<std::byte*>(picture.plane[layout.component_plane[i]].data());
    plane[i] = reinterpret_cast<unsigned char*>(begin + layout.offset[i]);
  }
  vpx_image_t image{};
  const bool pairs = layout.components == 2;
  (void)vpx_img_wrap(&image, pairs ? VPX_IMG_FMT_NV12 : VPX_IMG_FMT_I420, layout.size.width, layout.size.height, 1, plane[0]);
  const bool swapped = layout.fourcc == kYvu420 || layout.fourcc == kYvu420m;
  image.planes[VPX_PLANE_U] = plane[swapped ? 2 : 1];
  image.planes[VPX_PLANE_V] = pairs ? plane[1] + 1 : plane[swapped ? 1 : 2];
  image.stride[VPX_PLANE_Y] = static_cast<int>(layout.stride[0]);
  image.stride[VPX_PLANE_U] = static_cast<int>(layout.stride[swapped ? 2 : 1]);
  image.stride[VPX_PLANE_V] = static_cast<int>(layout.stride[pairs || swapped ? 1 : 2]);
  return image;
}

Result<std::optional<CodedFrame>> VpxEncoder::encode(const RawPicture& picture, std::span<std::byte> output) {
  if (const Status applied = apply_changes(); !applied) return Unexpected(applied.error());
  const bool key = key_frames_.take_next(values_.of(V4L2_CID_MPEG_VIDEO_GOP_SIZE));
  if (const Status set = set_quantisers(key); !set) return Unexpected(set.error());
  const FrameRate rate = frame_rate_of(config_.interval);
  const int64_t duration = std::clamp<int64_t>(int64_t{kTimeBase} * rate.seconds / rate.pictures, 1, kLongestPicture);
  const vpx_image_t image = image_of(picture);
  if (vpx_codec_encode(encoder_.get(), &image, time_, static_cast<unsigned long>(duration), key ? VPX_EFLAG_FORCE_KF : 0,
                       VPX_DL_REALTIME) != VPX_CODEC_OK)
    return Unexpected(complaint("libvpx can't code a picture"));
  time_ += duration;
  CodedFrame coded{.number = picture.number};
  bool found = false;
  vpx_codec_iter_t at = nullptr;
  while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(encoder_.get(), &at)) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    const std::span<const std::byte> bytes(static_cast<const std::byte*>(packet->data.frame.buf), packet->data.frame.sz);
    if (bytes.size() > output.size() - coded.bytes) {
      coded.status = DoneStatus::kTooSmall;
      coded.bytes = 0;
      return coded;
    }
    std::ranges::copy(bytes, output.begin() + static_cast<ptrdiff_t>(coded.bytes));
    coded.bytes += bytes.size();
    if (!found) coded.type = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0 ? FrameType::kKey : FrameType::kP;
    found = true;
  }
  if (!found) return fail(EIO, "libvpx makes no frame of a picture");
  return coded;
}

Error VpxEncoder::complaint(const char* what) const {
  const char* const detail = vpx_codec_error_detail(encoder_.get());
  return {EIO, std::string(what) + ": " + (detail != nullptr ? detail : vpx_codec_error(encoder_.get()))};
}

}  // namespace softvpu::firmware
