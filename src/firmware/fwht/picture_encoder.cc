// SPDX-License-Identifier: GPL-2.0-or-later
// One picture, one frame: see picture_encoder.h.
#include "firmware/fwht/picture_encoder.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "firmware/fwht/library.h"
#include "firmware/fwht/packing.h"

namespace softvpu::firmware::fwht {
namespace {

// V4L2_CID_*; library_test.cc compares.
constexpr uint32_t kCodecControls = 0x00990900;
constexpr uint32_t kGopSize = kCodecControls + 203;
constexpr uint32_t kForceKeyFrame = kCodecControls + 229;
constexpr uint32_t kIntraQp = kCodecControls + 290;
constexpr uint32_t kInterQp = kCodecControls + 291;

// What vicodec's header says unless the client states another colour: V4L2_COLORSPACE_REC709.
constexpr Colour kDefaultColour{.colorspace = 3};

}  // namespace

PictureEncoder::PictureEncoder(const Colour& colour) { parameters_.colour = colour.colorspace != 0 ? colour : kDefaultColour; }

CodecInfo PictureEncoder::info() {
  const EncodeParameters usual;
  CodecInfo info{.role = Role::kEncoder,
                 .coded = kFwht,
                 .flags = kWholeBlocks,
                 .sizes = {.min = {1, 1}, .max = {kMaxSide, kMaxSide}, .step = {1, 1}},
                 .min_output_buffers = 1};
  for (const RawFormat& format : raw_formats()) info.raw.push_back(format.fourcc);
  info.controls = {{.id = kGopSize, .minimum = 1, .maximum = 16, .default_value = usual.gop_size},
                   {.id = kForceKeyFrame, .type = ControlType::kButton},
                   {.id = kIntraQp, .minimum = 1, .maximum = 31, .default_value = usual.intra_qp},
                   {.id = kInterQp, .minimum = 1, .maximum = 31, .default_value = usual.inter_qp}};
  return info;
}

Status PictureEncoder::begin(const FrameLayout& layout) {
  format_ = find_raw_format(layout.fourcc);
  if (format_ == nullptr) return fail(EOPNOTSUPP, "FWHT codes no frames of " + to_string(layout.fourcc));
  const Shape shape = format_->shape_of(layout.size);
  auto encoder = Encoder::create(shape);
  if (!encoder) return Unexpected(encoder.error());
  auto picture = Picture::create(shape);
  if (!picture) return Unexpected(picture.error());
  encoder_ = std::move(*encoder);
  picture_ = std::move(*picture);
  return {};
}

void PictureEncoder::set_control(const ControlValue& control) {
  switch (control.id) {
    case kGopSize:
      parameters_.gop_size = static_cast<uint32_t>(control.value);
      break;
    case kForceKeyFrame:
      parameters_.force_key = true;
      break;
    case kIntraQp:
      parameters_.intra_qp = static_cast<uint8_t>(control.value);
      break;
    case kInterQp:
      parameters_.inter_qp = static_cast<uint8_t>(control.value);
      break;
    default:
      break;
  }
}

Result<std::optional<CodedFrame>> PictureEncoder::encode(const RawPicture& picture, std::span<std::byte> output) {
  CodedFrame coded{.number = picture.number};
  const auto frame = frame_in(picture.layout, picture.plane, picture_.shape());
  if (!frame) {
    coded.status = DoneStatus::kError;
    return coded;
  }
  unpack(*format_, *frame, picture_);
  const EncodedFrame encoded = encoder_->encode(picture_, parameters_);
  parameters_.force_key = false;
  if (encoded.bytes.size() > output.size()) {
    encoder_->restart();
    coded.status = DoneStatus::kTooSmall;
    return coded;
  }
  const auto bytes = std::as_bytes(encoded.bytes);
  std::copy(bytes.begin(), bytes.end(), output.begin());
  coded.bytes = bytes.size();
  coded.type = encoded.key ? FrameType::kKey : FrameType::kP;
  return coded;
}

}  // namespace softvpu::firmware::fwht
