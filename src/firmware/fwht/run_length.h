// SPDX-License-Identifier: GPL-2.0-or-later
// The coefficients of a block as 16-bit words, the most significant byte first: a word for the
// block, then a word per coefficient that isn't 0, with the number of zeros before it. Written by
// the encoder, read by the decoder.
//
// The block's word: bit 15 says that the block is predicted; bits 1 to 12 how many more times it
// follows; bit 14 is never set, and neither is bit 0, which keeps the magic of frame headers out of
// payloads. A coefficient's word: twelve bits of value with sign, four bits of zeros before it. The
// number 15 says instead that all that follows is 0.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "firmware/fwht/block.h"

namespace softvpu::firmware::fwht {

// Of a block: its own word, and one per coefficient or one that ends it.
inline constexpr size_t kMaxBlockBytes = 2 * (1 + kBlockSamples);
inline constexpr uint32_t kMaxRepeats = 0xfff;

// Writes a block at `out`, which has room for kMaxBlockBytes, and returns how many bytes it takes.
size_t write_block(const Block& coefficients, const EncodeResult& result, uint8_t* out);

// The block's word of a block that was written.
bool is_predicted(const uint8_t* block);
uint32_t repeats(const uint8_t* block);
void add_repeat(uint8_t* block);  // repeats() < kMaxRepeats

struct ReadBlock {
  bool predicted = false;
  uint32_t repeats = 0;
};

// Reads payloads of any bytes.
class BlockReader {
 public:
  explicit BlockReader(std::span<const uint8_t> payload) : at_(payload.data()), end_(payload.data() + payload.size()) {}

  // Reads a block; `out` has all its coefficients. nullopt if the payload ends inside it, or its
  // word is impossible.
  std::optional<ReadBlock> next(Block& out);
  // Takes samples that are stored as they are. Empty if there are fewer.
  std::span<const uint8_t> take_raw(size_t bytes);

 private:
  const uint8_t* at_;  // what isn't read yet
  const uint8_t* end_;
};

}  // namespace softvpu::firmware::fwht
