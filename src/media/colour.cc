// SPDX-License-Identifier: LGPL-2.1-or-later
// Code points of ITU-T H.273 (ISO/IEC 23001-8) to V4L2's colour numbers and back. Called by the worker when it describes a stream
// or codes one.
// V4L2 reference, "Detailed Colorspace Descriptions". What V4L2 has no number for becomes 0, and so does what H.273 calls
// unspecified.
#include "media/colour.h"

namespace softvpu {
namespace {

// enum v4l2_colorspace
constexpr uint32_t kColorspaceSmpte170m = 1;
constexpr uint32_t kColorspaceSmpte240m = 2;
constexpr uint32_t kColorspaceRec709 = 3;
constexpr uint32_t kColorspace470SystemM = 5;
constexpr uint32_t kColorspace470SystemBg = 6;
constexpr uint32_t kColorspaceBt2020 = 10;
constexpr uint32_t kColorspaceJpeg = 7;
constexpr uint32_t kColorspaceSrgb = 8;
constexpr uint32_t kColorspaceOpRgb = 9;
constexpr uint32_t kColorspaceRaw = 11;
constexpr uint32_t kColorspaceDciP3 = 12;
// enum v4l2_xfer_func
constexpr uint32_t kXfer709 = 1;
constexpr uint32_t kXferSrgb = 2;
constexpr uint32_t kXferOpRgb = 3;
constexpr uint32_t kXferSmpte240m = 4;
constexpr uint32_t kXferNone = 5;
constexpr uint32_t kXferDciP3 = 6;
constexpr uint32_t kXferSmpte2084 = 7;
// enum v4l2_ycbcr_encoding
constexpr uint32_t kEnc601 = 1;
constexpr uint32_t kEnc709 = 2;
constexpr uint32_t kEncXv601 = 3;
constexpr uint32_t kEncXv709 = 4;
constexpr uint32_t kEncBt2020 = 6;
constexpr uint32_t kEncBt2020ConstLum = 7;
constexpr uint32_t kEncSmpte240m = 8;
// enum v4l2_quantization
constexpr uint32_t kFullRange = 1;
constexpr uint32_t kLimitedRange = 2;

constexpr uint32_t kTransferXvYcc = 11;  // IEC 61966-2-4: V4L2 says it in the encoding

uint32_t colorspace_of(uint32_t primaries) {
  switch (primaries) {
    case 1:
      return kColorspaceRec709;
    case 4:
      return kColorspace470SystemM;
    case 5:
      return kColorspace470SystemBg;
    case 6:
      return kColorspaceSmpte170m;
    case 7:
      return kColorspaceSmpte240m;
    case 9:
      return kColorspaceBt2020;
    case 11:  // SMPTE RP 431-2
    case 12:  // SMPTE EG 432-1: the same primaries with the white point D65
      return kColorspaceDciP3;
    default:
      return 0;
  }
}

uint32_t xfer_func_of(uint32_t transfer) {
  switch (transfer) {
    case 1:
    case 6:
    case kTransferXvYcc:
    case 14:  // BT.2020, 10 bits: the same curve
    case 15:  // BT.2020, 12 bits
      return kXfer709;
    case 7:
      return kXferSmpte240m;
    case 8:
      return kXferNone;
    case 13:
      return kXferSrgb;
    case 16:
      return kXferSmpte2084;
    default:
      return 0;
  }
}

uint32_t ycbcr_enc_of(uint32_t matrix, uint32_t transfer) {
  switch (matrix) {
    case 1:
      return transfer == kTransferXvYcc ? kEncXv709 : kEnc709;
    case 5:
    case 6:
      return transfer == kTransferXvYcc ? kEncXv601 : kEnc601;
    case 7:
      return kEncSmpte240m;
    case 9:
      return kEncBt2020;
    case 10:
      return kEncBt2020ConstLum;
    default:
      return 0;
  }
}

// V4L2_MAP_XFER_FUNC_DEFAULT, V4L2_MAP_YCBCR_ENC_DEFAULT and V4L2_MAP_QUANTIZATION_DEFAULT.
Colour with_defaults(Colour colour) {
  const uint32_t space = colour.colorspace;
  if (colour.xfer_func == 0) {
    colour.xfer_func = space == kColorspaceOpRgb                              ? kXferOpRgb
                       : space == kColorspaceSmpte240m                        ? kXferSmpte240m
                       : space == kColorspaceDciP3                            ? kXferDciP3
                       : space == kColorspaceRaw                              ? kXferNone
                       : space == kColorspaceSrgb || space == kColorspaceJpeg ? kXferSrgb
                                                                              : kXfer709;
  }
  if (colour.ycbcr_enc == 0) {
    colour.ycbcr_enc = space == kColorspaceRec709 || space == kColorspaceDciP3 ? kEnc709
                       : space == kColorspaceBt2020                            ? kEncBt2020
                       : space == kColorspaceSmpte240m                         ? kEncSmpte240m
                                                                               : kEnc601;
  }
  if (colour.quantization == 0) colour.quantization = space == kColorspaceJpeg ? kFullRange : kLimitedRange;
  return colour;
}

constexpr uint32_t kUnspecified = 2;

uint32_t primaries_of(uint32_t colorspace) {
  switch (colorspace) {
    case kColorspaceSmpte170m:
      return 6;
    case kColorspaceSmpte240m:
      return 7;
    case kColorspaceRec709:
    case kColorspaceJpeg:
    case kColorspaceSrgb:
      return 1;
    case kColorspace470SystemM:
      return 4;
    case kColorspace470SystemBg:
      return 5;
    case kColorspaceBt2020:
      return 9;
    case kColorspaceDciP3:
      return 11;
    default:
      return kUnspecified;
  }
}

uint32_t transfer_of(const Colour& colour) {
  if (colour.ycbcr_enc == kEncXv601 || colour.ycbcr_enc == kEncXv709) return kTransferXvYcc;
  switch (colour.xfer_func) {
    case kXfer709:
      return colour.colorspace == kColorspaceSmpte170m ? 6 : colour.colorspace == kColorspaceBt2020 ? 14 : 1;
    case kXferSrgb:
      return 13;
    case kXferSmpte240m:
      return 7;
    case kXferNone:
      return 8;
    case kXferSmpte2084:
      return 16;
    default:
      return kUnspecified;
  }
}

uint32_t matrix_of(const Colour& colour) {
  switch (colour.ycbcr_enc) {
    case kEnc601:
    case kEncXv601:
      return colour.colorspace == kColorspace470SystemBg ? 5 : 6;
    case kEnc709:
    case kEncXv709:
      return 1;
    case kEncBt2020:
      return 9;
    case kEncBt2020ConstLum:
      return 10;
    case kEncSmpte240m:
      return 7;
    default:
      return kUnspecified;
  }
}

}  // namespace

CodePoints cicp_of(const Colour& colour) {
  if (colour.colorspace == 0) return {.full_range = colour.quantization == kFullRange};
  const Colour whole = with_defaults(colour);
  return {.primaries = primaries_of(whole.colorspace),
          .transfer = transfer_of(whole),
          .matrix = matrix_of(whole),
          .full_range = whole.quantization == kFullRange};
}

Colour colour_from_cicp(uint32_t primaries, uint32_t transfer, uint32_t matrix, bool full_range) {
  Colour colour{
      .colorspace = colorspace_of(primaries), .xfer_func = xfer_func_of(transfer), .ycbcr_enc = ycbcr_enc_of(matrix, transfer)};
  if (full_range) {
    colour.quantization = kFullRange;
  } else if (colour != Colour{}) {
    colour.quantization = kLimitedRange;
  }  // else nothing at all is known: limited range is only what a decoder assumes
  return colour;
}

}  // namespace softvpu
