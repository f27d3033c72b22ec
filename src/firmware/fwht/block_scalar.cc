// SPDX-License-Identifier: GPL-2.0-or-later
// The plain form of the work on blocks: see block.h. It is what the SIMD form is compared with, and
// what runs where there is no SIMD.
#include <cstdlib>

#include "firmware/fwht/block.h"

namespace softvpu::firmware::fwht {
namespace {

// Row k of the Walsh matrix in order of sequency is row kNatural[k] of the Hadamard matrix: its
// signs change k times.
constexpr std::array<uint8_t, kBlockSide> kNatural = {0, 4, 6, 2, 3, 7, 5, 1};
constexpr int kIntraOffset = 128;

int16_t wrap(int value) { return static_cast<int16_t>(value); }

// Transforms eight values that stand `step` apart.
void transform_line(int16_t* line, size_t step) {
  std::array<int, kBlockSide> value{};
  for (uint32_t i = 0; i < kBlockSide; ++i) value[i] = line[i * step];
  for (uint32_t distance = 1; distance < kBlockSide; distance *= 2) {
    for (uint32_t i = 0; i < kBlockSide; ++i) {
      if ((i & distance) != 0) continue;
      const int sum = value[i] + value[i + distance];
      value[i + distance] = value[i] - value[i + distance];
      value[i] = sum;
    }
  }
  for (uint32_t i = 0; i < kBlockSide; ++i) line[i * step] = wrap(value[kNatural[i]]);
}

// Both directions, and transposes: the matrix is symmetric and, but for a factor of 64, its own
// inverse.
void transform(Block& block) {
  for (uint32_t i = 0; i < kBlockSide; ++i) transform_line(&block.at[i * kBlockSide], 1);
  for (uint32_t i = 0; i < kBlockSide; ++i) transform_line(&block.at[i], kBlockSide);
  for (uint32_t i = 0; i < kBlockSide; ++i) {
    for (uint32_t k = 0; k < i; ++k) std::swap(block.at[i * kBlockSide + k], block.at[k * kBlockSide + i]);
  }
}

uint32_t shift_at(uint32_t index, bool predicted) {
  const uint32_t diagonal = index / kBlockSide + index % kBlockSide;
  return predicted ? kInterShift[diagonal] : kIntraShift[diagonal];
}

void reconstruct(const Block& coefficients, bool predicted, Block& out) {
  for (uint32_t i = 0; i < kBlockSamples; ++i) out.at[i] = wrap(coefficients.at[i] * (1 << shift_at(i, predicted)));
  transform(out);
  for (int16_t& sample : out.at) sample = wrap((sample >> 6) + (predicted ? 0 : kIntraOffset));
}

void store(const Block& samples, const uint8_t* reference, size_t reference_stride, uint8_t* out, size_t out_stride) {
  for (uint32_t y = 0; y < kBlockSide; ++y) {
    for (uint32_t x = 0; x < kBlockSide; ++x) {
      const int before = reference == nullptr ? 0 : reference[y * reference_stride + x];
      const int sample = before + samples.at[y * kBlockSide + x];
      out[y * out_stride + x] = static_cast<uint8_t>(sample < 0 ? 0 : sample > 255 ? 255 : sample);
    }
  }
}

// Prediction is worth it if the samples are closer to the reference than to their own mean.
bool is_better_predicted(const Block& samples, const EncodeJob& job) {
  int mean = 0;
  for (const int16_t sample : samples.at) mean += sample;
  mean /= static_cast<int>(kBlockSamples);
  int from_mean = 0;
  int from_reference = 0;
  for (uint32_t i = 0; i < kBlockSamples; ++i) {
    from_mean += std::abs(samples.at[i] - mean);
    from_reference += std::abs(samples.at[i] - job.reference[i / kBlockSide * job.reference_stride + i % kBlockSide]);
  }
  return from_reference < from_mean;
}

EncodeResult encode(const EncodeJob& job, Block& out) {
  EncodeResult result;
  for (uint32_t i = 0; i < kBlockSamples; ++i) out.at[i] = job.source[i / kBlockSide * job.source_stride + i % kBlockSide];
  result.predicted = job.may_predict && is_better_predicted(out, job);
  for (uint32_t i = 0; i < kBlockSamples; ++i) {
    const int subtract = result.predicted ? job.reference[i / kBlockSide * job.reference_stride + i % kBlockSide] : kIntraOffset;
    out.at[i] = wrap(out.at[i] - subtract);
  }
  transform(out);
  const int dead_zone = result.predicted ? job.inter_dead_zone : job.intra_dead_zone;
  for (uint32_t i = 0; i < kBlockSamples; ++i) {
    const int quantised = out.at[i] >> shift_at(i, result.predicted);
    out.at[i] = wrap(std::abs(quantised) <= dead_zone ? 0 : quantised);
  }
  for (uint32_t n = 0; n < kBlockSamples; ++n) {
    if (out.at[kScan[n]] != 0) result.nonzero |= uint64_t{1} << n;
  }
  if (job.update_reference) {
    Block decoded;
    reconstruct(out, result.predicted, decoded);
    store(decoded, result.predicted ? job.reference : nullptr, job.reference_stride, job.reference, job.reference_stride);
  }
  return result;
}

}  // namespace

const BlockOps& scalar_block_ops() {
  static constexpr BlockOps kOps = {.name = "scalar", .encode = encode, .reconstruct = reconstruct, .store = store};
  return kOps;
}

}  // namespace softvpu::firmware::fwht
