// SPDX-License-Identifier: GPL-2.0-or-later
// The work on blocks: what the transform is, and that every SIMD form of this machine equals the
// plain one.
#include "firmware/fwht/block.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <random>
#include <vector>

namespace softvpu::firmware::fwht {
namespace {

using Samples = std::array<uint8_t, kBlockSamples>;

EncodeResult encode(const BlockOps& ops, const Samples& source, Samples& reference, EncodeJob job, Block& out) {
  job.source = source.data();
  job.reference = reference.data();
  job.source_stride = job.reference_stride = kBlockSide;
  return ops.encode(job, out);
}

TEST(TheScan, BeginsWithTheLowestFrequenciesAndHasEachOnce) {
  EXPECT_EQ(kScan[0], 0);
  EXPECT_EQ(kScan[1], 8) << "the first horizontal frequency";
  EXPECT_EQ(kScan[2], 1);
  EXPECT_EQ(kScan[63], 63);
  auto sorted = kScan;
  std::sort(sorted.begin(), sorted.end());
  for (uint32_t i = 0; i < kBlockSamples; ++i) EXPECT_EQ(sorted[i], i);
}

TEST(AFlatBlock, HasOneCoefficient) {
  Samples source;
  source.fill(138);
  Samples reference{};
  Block out;
  const EncodeResult result = encode(scalar_block_ops(), source, reference, {.update_reference = true}, out);
  EXPECT_FALSE(result.predicted);
  EXPECT_EQ(result.nonzero, 1u);
  EXPECT_EQ(out.at[0], 10 * 64 >> 2);
  EXPECT_EQ(reference, source);
}

TEST(ABlockOfVerticalStripes, HasTheHighestHorizontalFrequencyAlone) {
  Samples source;
  for (uint32_t i = 0; i < kBlockSamples; ++i) source[i] = i % 2 == 0 ? 228 : 28;
  Samples reference{};
  Block out;
  encode(scalar_block_ops(), source, reference, {}, out);
  for (uint32_t i = 0; i < kBlockSamples; ++i) EXPECT_EQ(out.at[i] != 0, i == 56) << i;
}

TEST(ABlock, IsPredictedWhenTheReferenceIsCloser) {
  Samples source;
  for (uint32_t i = 0; i < kBlockSamples; ++i) source[i] = static_cast<uint8_t>(i * 3);
  Samples reference = source;
  Block out;
  EXPECT_FALSE(encode(scalar_block_ops(), source, reference, {}, out).predicted);
  const EncodeResult result = encode(scalar_block_ops(), source, reference, {.may_predict = true}, out);
  EXPECT_TRUE(result.predicted);
  EXPECT_EQ(result.nonzero, 0u);
}

TEST(TheDeadZone, DropsSmallCoefficients) {
  Samples source;
  source.fill(128);
  source[0] = 168;  // 40 in every coefficient before quantisation, 10 after it
  Samples reference{};
  Block out;
  EXPECT_NE(encode(scalar_block_ops(), source, reference, {.intra_dead_zone = 9}, out).nonzero, 0u);
  EXPECT_EQ(encode(scalar_block_ops(), source, reference, {.intra_dead_zone = 10}, out).nonzero, 0u);
}

// Every SIMD form that this processor has, by its name.
std::vector<std::pair<std::string, const BlockOps*>> simd_forms() {
  std::vector<std::pair<std::string, const BlockOps*>> out;
  for (int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    const int64_t target = left & -left;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    out.emplace_back(hwy::TargetName(target), &block_ops());
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return out;
}

class EverySimdForm : public testing::Test {
 protected:
  std::mt19937 random_{42};
  // Noise of a strength that differs from block to block, around another level.
  Samples noise() {
    Samples out;
    const int level = static_cast<int>(random_() % 256);
    const int strength = 1 << random_() % 9;
    for (uint8_t& sample : out)
      sample = static_cast<uint8_t>(std::clamp(level + static_cast<int>(random_() % strength) - strength / 2, 0, 255));
    return out;
  }
};

TEST_F(EverySimdForm, EncodesAsThePlainOne) {
  const auto forms = simd_forms();
  ASSERT_FALSE(forms.empty());
  for (int i = 0; i < 20'000; ++i) {
    const Samples source = noise();
    Samples reference = noise();
    if (random_() % 2 == 0) {
      reference = source;
      for (uint8_t& sample : reference) sample = static_cast<uint8_t>(sample ^ random_() % 8);
    }
    const EncodeJob job = {.intra_dead_zone = static_cast<uint8_t>(random_() % 32),
                           .inter_dead_zone = static_cast<uint8_t>(random_() % 32),
                           .may_predict = random_() % 4 != 0,
                           .update_reference = random_() % 4 != 0};
    Samples expected_reference = reference;
    Block expected;
    const EncodeResult result = encode(scalar_block_ops(), source, expected_reference, job, expected);
    for (const auto& [name, ops] : forms) {
      Samples got_reference = reference;
      Block got;
      const EncodeResult got_result = encode(*ops, source, got_reference, job, got);
      ASSERT_EQ(got_result.predicted, result.predicted) << name << ", block " << i;
      ASSERT_EQ(got.at, expected.at) << name << ", block " << i;
      ASSERT_EQ(got_result.nonzero, result.nonzero) << name << ", block " << i;
      ASSERT_EQ(got_reference, expected_reference) << name << ", block " << i;
    }
  }
}

// Streams have coefficients that no encoder makes, and sums that leave 16 bits.
TEST_F(EverySimdForm, ReconstructsAndStoresAnyCoefficientsAsThePlainOne) {
  const auto forms = simd_forms();
  for (int i = 0; i < 20'000; ++i) {
    Block coefficients;
    const int most = 1 << random_() % 12;
    const uint32_t sparse = 1 + random_() % 100;  // often no coefficient but the first
    for (int16_t& value : coefficients.at)
      value = random_() % sparse == 0 ? static_cast<int16_t>(static_cast<int>(random_() % (2 * most)) - most) : int16_t{0};
    coefficients.at[0] = static_cast<int16_t>(static_cast<int>(random_() % 4096) - 2048);
    const bool predicted = random_() % 2 == 0;
    const Samples reference = noise();
    Block expected;
    scalar_block_ops().reconstruct(coefficients, predicted, expected);
    Samples expected_samples{};
    scalar_block_ops().store(expected, predicted ? reference.data() : nullptr, kBlockSide, expected_samples.data(), kBlockSide);
    for (const auto& [name, ops] : forms) {
      Block got;
      ops->reconstruct(coefficients, predicted, got);
      ASSERT_EQ(got.at, expected.at) << name << ", block " << i;
      Samples got_samples{};
      ops->store(got, predicted ? reference.data() : nullptr, kBlockSide, got_samples.data(), kBlockSide);
      ASSERT_EQ(got_samples, expected_samples) << name << ", block " << i;
    }
  }
}

}  // namespace
}  // namespace softvpu::firmware::fwht
