// SPDX-License-Identifier: LGPL-2.1-or-later
// Four-character codes, with V4L2's values, so that no room needs videodev2.h to name a format.
#pragma once

#include <cstdint>
#include <string>

namespace softvpu {

enum class FourCC : uint32_t { kNone = 0 };

constexpr FourCC make_fourcc(char a, char b, char c, char d) {
  return static_cast<FourCC>(
      static_cast<uint32_t>(static_cast<unsigned char>(a)) | static_cast<uint32_t>(static_cast<unsigned char>(b)) << 8 |
      static_cast<uint32_t>(static_cast<unsigned char>(c)) << 16 | static_cast<uint32_t>(static_cast<unsigned char>(d)) << 24);
}

// Raw formats (V4L2_PIX_FMT_*).
inline constexpr FourCC kYuv420 = make_fourcc('Y', 'U', '1', '2');
inline constexpr FourCC kYvu420 = make_fourcc('Y', 'V', '1', '2');
inline constexpr FourCC kYuv422p = make_fourcc('4', '2', '2', 'P');
inline constexpr FourCC kNv12 = make_fourcc('N', 'V', '1', '2');
inline constexpr FourCC kNv21 = make_fourcc('N', 'V', '2', '1');
inline constexpr FourCC kNv16 = make_fourcc('N', 'V', '1', '6');
inline constexpr FourCC kNv61 = make_fourcc('N', 'V', '6', '1');
inline constexpr FourCC kNv24 = make_fourcc('N', 'V', '2', '4');
inline constexpr FourCC kNv42 = make_fourcc('N', 'V', '4', '2');
inline constexpr FourCC kYuyv = make_fourcc('Y', 'U', 'Y', 'V');
inline constexpr FourCC kYvyu = make_fourcc('Y', 'V', 'Y', 'U');
inline constexpr FourCC kUyvy = make_fourcc('U', 'Y', 'V', 'Y');
inline constexpr FourCC kVyuy = make_fourcc('V', 'Y', 'U', 'Y');
inline constexpr FourCC kRgb24 = make_fourcc('R', 'G', 'B', '3');
inline constexpr FourCC kBgr24 = make_fourcc('B', 'G', 'R', '3');
inline constexpr FourCC kRgb32 = make_fourcc('R', 'G', 'B', '4');
inline constexpr FourCC kBgr32 = make_fourcc('B', 'G', 'R', '4');
inline constexpr FourCC kArgb32 = make_fourcc('B', 'A', '2', '4');
inline constexpr FourCC kXrgb32 = make_fourcc('B', 'X', '2', '4');
inline constexpr FourCC kAbgr32 = make_fourcc('A', 'R', '2', '4');
inline constexpr FourCC kXbgr32 = make_fourcc('X', 'R', '2', '4');
inline constexpr FourCC kRgba32 = make_fourcc('A', 'B', '2', '4');
inline constexpr FourCC kRgbx32 = make_fourcc('X', 'B', '2', '4');
inline constexpr FourCC kBgra32 = make_fourcc('R', 'A', '2', '4');
inline constexpr FourCC kBgrx32 = make_fourcc('R', 'X', '2', '4');
inline constexpr FourCC kHsv24 = make_fourcc('H', 'S', 'V', '3');
inline constexpr FourCC kHsv32 = make_fourcc('H', 'S', 'V', '4');
inline constexpr FourCC kGrey = make_fourcc('G', 'R', 'E', 'Y');
inline constexpr FourCC kYuv420m = make_fourcc('Y', 'M', '1', '2');
inline constexpr FourCC kYvu420m = make_fourcc('Y', 'M', '2', '1');
inline constexpr FourCC kNv12m = make_fourcc('N', 'M', '1', '2');
inline constexpr FourCC kNv21m = make_fourcc('N', 'M', '2', '1');
inline constexpr FourCC kNv16m = make_fourcc('N', 'M', '1', '6');
// Coded formats (V4L2_PIX_FMT_*).
inline constexpr FourCC kH264 = make_fourcc('H', '2', '6', '4');
inline constexpr FourCC kHevc = make_fourcc('H', 'E', 'V', 'C');
inline constexpr FourCC kVp8 = make_fourcc('V', 'P', '8', '0');
inline constexpr FourCC kVp9 = make_fourcc('V', 'P', '9', '0');
inline constexpr FourCC kMpeg2 = make_fourcc('M', 'P', 'G', '2');
inline constexpr FourCC kFwht = make_fourcc('F', 'W', 'H', 'T');

// The four characters; those that don't print become '.'.
std::string to_string(FourCC fourcc);

}  // namespace softvpu
