// SPDX-License-Identifier: LGPL-2.1-or-later
// Four-character codes as text, for messages and tables. Called by everybody.
#include "media/fourcc.h"

namespace softvpu {

std::string to_string(FourCC fourcc) {
  std::string text(4, '.');
  auto value = static_cast<uint32_t>(fourcc);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(value & 0xff);
    if (byte >= 0x20 && byte < 0x7f) c = static_cast<char>(byte);
    value >>= 8;
  }
  return text;
}

}  // namespace softvpu
