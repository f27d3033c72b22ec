// SPDX-License-Identifier: GPL-2.0-or-later
// The raw formats of FWHT: see raw_format.h. V4L2's "Image Formats" has a page for each:
// pixfmt-yuv-planar.rst, pixfmt-packed-yuv.rst, pixfmt-rgb.rst, pixfmt-packed-hsv.rst,
// pixfmt-yuv-luma.rst.
#include "firmware/fwht/raw_format.h"

namespace softvpu::firmware::fwht {
namespace {

using Places = std::array<Place, kMaxComponents>;

// Planes of their own.
constexpr Places kYCbCr = {{{0, 0, 1}, {1, 0, 1}, {2, 0, 1}}};
constexpr Places kYCrCb = {{{0, 0, 1}, {2, 0, 1}, {1, 0, 1}}};
// Chroma in pairs.
constexpr Places kPairsCbCr = {{{0, 0, 1}, {1, 0, 2}, {1, 1, 2}}};
constexpr Places kPairsCrCb = {{{0, 0, 1}, {1, 1, 2}, {1, 0, 2}}};
// One plane: bytes of Y or G or S, Cb or B or V, Cr or R or H, alpha.
constexpr Places two_pixels(uint8_t y, uint8_t cb, uint8_t cr) { return {{{0, y, 2}, {0, cb, 4}, {0, cr, 4}}}; }
constexpr Places pixel(uint8_t bytes, uint8_t g, uint8_t b, uint8_t r, uint8_t alpha = 0) {
  return {{{0, g, bytes}, {0, b, bytes}, {0, r, bytes}, {0, alpha, bytes}}};
}

constexpr RawFormat yuv420(FourCC fourcc, const Places& place) {
  return {.fourcc = fourcc, .half_width = true, .half_height = true, .place = place};
}
constexpr RawFormat yuv422(FourCC fourcc, const Places& place) { return {.fourcc = fourcc, .half_width = true, .place = place}; }
constexpr RawFormat yuv444(FourCC fourcc, const Places& place) { return {.fourcc = fourcc, .place = place}; }
constexpr RawFormat rgb(FourCC fourcc, uint8_t components, const Places& place) {
  return {.fourcc = fourcc, .encoding = SampleEncoding::kRgb, .components = components, .place = place};
}
constexpr RawFormat hsv(FourCC fourcc, uint8_t components, const Places& place) {
  return {.fourcc = fourcc, .encoding = SampleEncoding::kHsv, .components = components, .place = place};
}

constexpr RawFormat kFormats[] = {
    yuv420(kYuv420, kYCbCr),
    yuv420(kYvu420, kYCrCb),
    yuv420(kNv12, kPairsCbCr),
    yuv420(kNv21, kPairsCrCb),
    yuv420(kYuv420m, kYCbCr),
    yuv420(kYvu420m, kYCrCb),
    yuv420(kNv12m, kPairsCbCr),
    yuv420(kNv21m, kPairsCrCb),
    yuv422(kYuv422p, kYCbCr),
    yuv422(kNv16, kPairsCbCr),
    yuv422(kNv61, kPairsCrCb),
    yuv422(kNv16m, kPairsCbCr),
    yuv422(kYuyv, two_pixels(0, 1, 3)),
    yuv422(kYvyu, two_pixels(0, 3, 1)),
    yuv422(kUyvy, two_pixels(1, 0, 2)),
    yuv422(kVyuy, two_pixels(1, 2, 0)),
    yuv444(kNv24, kPairsCbCr),
    yuv444(kNv42, kPairsCrCb),
    rgb(kBgr24, 3, pixel(3, 1, 0, 2)),
    rgb(kRgb24, 3, pixel(3, 1, 2, 0)),
    rgb(kBgr32, 4, pixel(4, 1, 0, 2, 3)),
    rgb(kXbgr32, 4, pixel(4, 1, 0, 2, 3)),
    rgb(kAbgr32, 4, pixel(4, 1, 0, 2, 3)),
    rgb(kRgb32, 4, pixel(4, 2, 3, 1, 0)),
    rgb(kXrgb32, 4, pixel(4, 2, 3, 1, 0)),
    rgb(kArgb32, 4, pixel(4, 2, 3, 1, 0)),
    rgb(kBgrx32, 4, pixel(4, 2, 1, 3, 0)),
    rgb(kBgra32, 4, pixel(4, 2, 1, 3, 0)),
    rgb(kRgbx32, 4, pixel(4, 1, 2, 0, 3)),
    rgb(kRgba32, 4, pixel(4, 1, 2, 0, 3)),
    rgb(kGrey, 1, kYCbCr),
    hsv(kHsv24, 3, pixel(3, 1, 2, 0)),
    hsv(kHsv32, 4, pixel(4, 2, 3, 1, 0)),
};

}  // namespace

std::span<const RawFormat> raw_formats() { return kFormats; }

const RawFormat* find_raw_format(FourCC fourcc) {
  for (const RawFormat& format : kFormats) {
    if (format.fourcc == fourcc) return &format;
  }
  return nullptr;
}

const RawFormat& native_format(const Shape& shape) {
  for (const RawFormat& format : kFormats) {
    if (format.holds(shape)) return format;
  }
  return kFormats[0];  // not reached: is_known(shape)
}

}  // namespace softvpu::firmware::fwht
