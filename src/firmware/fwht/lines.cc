// SPDX-License-Identifier: GPL-2.0-or-later
// Lines of raw frames: see lines.h.
#include "firmware/fwht/lines.h"

#include <cstring>

namespace softvpu::firmware::fwht {

void write_line(const LineParts& parts, uint8_t* line) {
  for (uint32_t i = 0; i < parts.count; ++i) {
    const LinePart& part = parts.part[i];
    if (part.step == 1) {
      std::memcpy(line + part.first, part.samples, part.count);
      continue;
    }
    uint8_t* at = line + part.first;
    for (uint32_t x = 0; x < part.count; ++x) at[static_cast<size_t>(x) * part.step] = part.samples[x];
  }
}

void read_line(const uint8_t* line, const LineParts& parts) {
  for (uint32_t i = 0; i < parts.count; ++i) {
    const LinePart& part = parts.part[i];
    if (part.step == 1) {
      std::memcpy(part.samples, line + part.first, part.count);
      continue;
    }
    const uint8_t* at = line + part.first;
    for (uint32_t x = 0; x < part.count; ++x) part.samples[x] = at[static_cast<size_t>(x) * part.step];
  }
}

}  // namespace softvpu::firmware::fwht
