// SPDX-License-Identifier: GPL-2.0-or-later
// One line of a raw frame: components side by side, or their samples in turns. The plain form is in
// lines.cc; block_simd.cc has none of it, because memory and not arithmetic is what packing waits
// for.
#pragma once

#include <array>
#include <cstdint>

#include "firmware/fwht/picture.h"

namespace softvpu::firmware::fwht {

// Sample n of a component is byte first + n * step of the line.
struct LinePart {
  uint8_t* samples = nullptr;
  uint32_t count = 0;
  uint8_t first = 0;
  uint8_t step = 1;
};

struct LineParts {
  std::array<LinePart, kMaxComponents> part{};
  uint32_t count = 0;
};

void write_line(const LineParts& parts, uint8_t* line);
void read_line(const uint8_t* line, const LineParts& parts);

}  // namespace softvpu::firmware::fwht
