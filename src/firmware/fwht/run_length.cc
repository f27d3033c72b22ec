// SPDX-License-Identifier: GPL-2.0-or-later
// Words of blocks: see run_length.h.
#include "firmware/fwht/run_length.h"

#include <bit>

namespace softvpu::firmware::fwht {
namespace {

constexpr uint32_t kPredicted = 1u << 15;
constexpr uint32_t kImpossible = 1u << 14;
constexpr uint32_t kRunMask = 0xf;
constexpr uint32_t kMaxRun = 14;
constexpr uint32_t kOnlyZeros = 15;

uint32_t load(const uint8_t* at) { return static_cast<uint32_t>(at[0]) << 8 | at[1]; }
uint8_t* store(uint8_t* at, uint32_t word) {
  at[0] = static_cast<uint8_t>(word >> 8);
  at[1] = static_cast<uint8_t>(word);
  return at + 2;
}

}  // namespace

size_t write_block(const Block& coefficients, const EncodeResult& result, uint8_t* out) {
  uint8_t* at = store(out, result.predicted ? kPredicted : 0);
  uint32_t next = 0;  // coefficient to be coded
  for (uint64_t left = result.nonzero; left != 0; left &= left - 1) {
    const auto here = static_cast<uint32_t>(std::countr_zero(left));
    uint32_t run = here - next;
    // A longer run is cut by a coefficient that is 0 itself.
    for (; run > kMaxRun; run -= kMaxRun + 1) at = store(at, kMaxRun);
    at = store(at, static_cast<uint32_t>(coefficients.at[kScan[here]]) << 4 | run);
    next = here + 1;
  }
  const uint32_t trailing = kBlockSamples - next;
  if (trailing > kMaxRun) {
    at = store(at, kOnlyZeros);
  } else if (trailing > 0) {
    at = store(at, trailing - 1);
  }
  return static_cast<size_t>(at - out);
}

bool is_predicted(const uint8_t* block) { return (load(block) & kPredicted) != 0; }
uint32_t repeats(const uint8_t* block) { return load(block) >> 1 & kMaxRepeats; }
void add_repeat(uint8_t* block) { store(block, load(block) + 2); }

std::optional<ReadBlock> BlockReader::next(Block& out) {
  if (end_ - at_ < 2) return std::nullopt;
  const uint32_t block = load(at_);
  at_ += 2;
  if ((block & kImpossible) != 0) return std::nullopt;
  out.at.fill(0);
  uint32_t position = 0;
  while (position < kBlockSamples) {
    if (end_ - at_ < 2) return std::nullopt;
    const uint32_t word = load(at_);
    at_ += 2;
    const uint32_t run = word & kRunMask;
    if (run == kOnlyZeros) break;
    position += run;
    // A run may lead past the block's end; what it leads to is lost.
    if (position < kBlockSamples) out.at[kScan[position]] = static_cast<int16_t>(static_cast<int16_t>(word) >> 4);
    ++position;
  }
  return ReadBlock{.predicted = (block & kPredicted) != 0, .repeats = block >> 1 & kMaxRepeats};
}

std::span<const uint8_t> BlockReader::take_raw(size_t bytes) {
  if (static_cast<size_t>(end_ - at_) < bytes) {
    at_ = end_;
    return {};
  }
  const std::span<const uint8_t> taken(at_, bytes);
  at_ += bytes;
  return taken;
}

}  // namespace softvpu::firmware::fwht
