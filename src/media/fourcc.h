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
inline constexpr FourCC kNv12 = make_fourcc('N', 'V', '1', '2');
// Coded formats (V4L2_PIX_FMT_*).
inline constexpr FourCC kH264 = make_fourcc('H', '2', '6', '4');
inline constexpr FourCC kHevc = make_fourcc('H', 'E', 'V', 'C');
inline constexpr FourCC kVp8 = make_fourcc('V', 'P', '8', '0');
inline constexpr FourCC kVp9 = make_fourcc('V', 'P', '9', '0');
inline constexpr FourCC kMpeg2 = make_fourcc('M', 'P', 'G', '2');

// The four characters; those that don't print become '.'.
std::string to_string(FourCC fourcc);

}  // namespace softvpu
