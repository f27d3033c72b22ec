// SPDX-License-Identifier: GPL-2.0-or-later
// What the codec does with one block of 8x8 samples: a Walsh-Hadamard transform in order of
// sequency, quantisation by shifts, and the way back. The encoder and the decoder call it through
// BlockOps, of which there is a plain form (block_scalar.cc) and one per instruction set
// (block_simd.cc) that must give the same results; block_test.cc compares them.
//
// All arithmetic is modulo 2^16, as vicodec's is: a hostile stream's sums wrap, and both forms wrap
// them alike.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "firmware/fwht/picture.h"

namespace softvpu::firmware::fwht {

// Coefficients stand column by column, at[8 * horizontal + vertical frequency]: the transform ends
// that way without a second transposition. Samples stand line by line.
struct alignas(16) Block {
  std::array<int16_t, kBlockSamples> at{};
};

// Quantisation divides by two to the power of this, which depends on the sum of both frequencies.
inline constexpr std::array<uint8_t, 15> kIntraShift = {2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 6, 6, 6, 6, 8};
inline constexpr std::array<uint8_t, 15> kInterShift = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 6, 6, 9, 9, 10};

// Coefficients are coded diagonal by diagonal, each from its top right to its bottom left:
// kScan[n] is where the one that is coded nth stands in a Block.
constexpr std::array<uint8_t, kBlockSamples> make_scan() {
  std::array<uint8_t, kBlockSamples> scan{};
  uint32_t n = 0;
  for (uint32_t diagonal = 0; diagonal < 2 * kBlockSide - 1; ++diagonal) {
    for (uint32_t row = 0; row <= diagonal; ++row) {
      const uint32_t column = diagonal - row;
      if (row < kBlockSide && column < kBlockSide) scan[n++] = static_cast<uint8_t>(kBlockSide * column + row);
    }
  }
  return scan;
}
inline constexpr std::array<uint8_t, kBlockSamples> kScan = make_scan();

struct EncodeJob {
  const uint8_t* source = nullptr;
  size_t source_stride = 0;
  uint8_t* reference = nullptr;  // the block as a decoder has it from the frame before
  size_t reference_stride = 0;
  // Quantised coefficients of at most this size are dropped: V4L2_CID_FWHT_I_FRAME_QP and
  // _P_FRAME_QP.
  uint8_t intra_dead_zone = 0;
  uint8_t inter_dead_zone = 0;
  bool may_predict = false;       // from the reference
  bool update_reference = false;  // to what a decoder will have after this block
};

struct EncodeResult {
  bool predicted = false;
  uint64_t nonzero = 0;  // bit n: the coefficient that is coded nth isn't 0
};

struct BlockOps {
  const char* name = nullptr;
  // Leaves the quantised coefficients in `out`.
  EncodeResult (*encode)(const EncodeJob& job, Block& out) = nullptr;
  // Coefficients to samples (not predicted) or to differences from the reference (predicted).
  void (*reconstruct)(const Block& coefficients, bool predicted, Block& out) = nullptr;
  // Writes samples, or `reference` plus differences, limited to 0..255. `reference` may be nullptr.
  void (*store)(const Block& samples, const uint8_t* reference, size_t reference_stride, uint8_t* out,
                size_t out_stride) = nullptr;
};

const BlockOps& scalar_block_ops();
// The fastest form for this processor.
const BlockOps& block_ops();

}  // namespace softvpu::firmware::fwht
