// SPDX-License-Identifier: GPL-2.0-or-later
// Words of blocks, written and read.
#include "firmware/fwht/run_length.h"

#include <gtest/gtest.h>

#include <vector>

namespace softvpu::firmware::fwht {
namespace {

struct Written {
  std::vector<uint8_t> bytes;
  Block block;
};

// Coefficients by their place in the order of coding.
Written write(const std::vector<std::pair<uint32_t, int16_t>>& coefficients, bool predicted = false) {
  Written out;
  EncodeResult result{.predicted = predicted};
  for (const auto& [n, value] : coefficients) {
    out.block.at[kScan[n]] = value;
    result.nonzero |= uint64_t{1} << n;
  }
  out.bytes.resize(kMaxBlockBytes);
  out.bytes.resize(write_block(out.block, result, out.bytes.data()));
  return out;
}

using Bytes = std::vector<uint8_t>;

TEST(ABlockOfZeros, TakesTwoWords) {
  EXPECT_EQ(write({}).bytes, (Bytes{0, 0, 0, 15}));
  EXPECT_EQ(write({}, true).bytes, (Bytes{0x80, 0, 0, 15}));
}

TEST(ACoefficient, StandsBehindTheNumberOfZerosBeforeIt) {
  EXPECT_EQ(write({{0, 0x7ff}, {3, -1}}).bytes, (Bytes{0, 0, 0x7f, 0xf0, 0xff, 0xf2, 0, 15}));
}

TEST(ALongRun, IsCutByAZero) {
  EXPECT_EQ(write({{14, 1}}).bytes, (Bytes{0, 0, 0, 0x1e, 0, 15})) << "14 zeros fit";
  EXPECT_EQ(write({{15, 1}}).bytes, (Bytes{0, 0, 0, 14, 0, 0x10, 0, 15})) << "of 15 one is a word of its own";
}

TEST(ZerosAtTheEnd, AreARunUpToFourteen) {
  EXPECT_EQ(write({{63, 1}}).bytes.size(), 2u + 4 * 2 + 2) << "63 zeros and a coefficient: nothing is left to end";
  const Bytes fourteen = write({{49, 1}}).bytes;
  EXPECT_EQ(Bytes(fourteen.end() - 2, fourteen.end()), (Bytes{0, 13}));
  const Bytes fifteen = write({{48, 1}}).bytes;
  EXPECT_EQ(Bytes(fifteen.end() - 2, fifteen.end()), (Bytes{0, 15}));
}

TEST(EveryBlock, IsReadAsItWasWritten) {
  for (uint32_t step = 1; step < 40; ++step) {
    std::vector<std::pair<uint32_t, int16_t>> coefficients;
    for (uint32_t n = step / 2; n < kBlockSamples; n += step)
      coefficients.emplace_back(n, static_cast<int16_t>(n % 2 == 0 ? 2047 - n : -2048 + static_cast<int>(n)));
    const Written written = write(coefficients, step % 2 == 0);
    BlockReader reader(written.bytes);
    Block got;
    const auto read = reader.next(got);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->predicted, step % 2 == 0);
    EXPECT_EQ(got.at, written.block.at);
    EXPECT_FALSE(reader.next(got).has_value()) << "nothing is left";
  }
}

TEST(ARepeatedBlock, CountsUpTo4095) {
  Bytes bytes = write({}, true).bytes;
  for (uint32_t i = 0; i < kMaxRepeats; ++i) add_repeat(bytes.data());
  EXPECT_EQ(repeats(bytes.data()), kMaxRepeats);
  EXPECT_TRUE(is_predicted(bytes.data()));
  Block block;
  EXPECT_EQ(BlockReader(bytes).next(block)->repeats, kMaxRepeats);
}

TEST(APayload, ThatEndsInABlockIsDamaged) {
  const Bytes whole = write({{5, 9}}).bytes;
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    Block block;
    EXPECT_FALSE(BlockReader(std::span(whole).first(bytes)).next(block).has_value()) << bytes;
  }
}

TEST(ABlock, WithBit14InItsWordIsDamaged) {
  const Bytes bytes = {0x40, 0, 0, 15};
  Block block;
  EXPECT_FALSE(BlockReader(bytes).next(block).has_value());
}

TEST(ARun, PastTheEndOfItsBlockEndsIt) {
  Bytes bytes = {0, 0};
  for (int i = 0; i < 5; ++i) bytes.insert(bytes.end(), {0x7f, 0xfe});  // 15 coefficients each: the fifth is the 75th
  bytes.insert(bytes.end(), {0, 0, 0, 15});
  BlockReader reader(bytes);
  Block block;
  ASSERT_TRUE(reader.next(block).has_value());
  EXPECT_EQ(block.at[kScan[59]], 0x7ff);
  EXPECT_EQ(block.at[kScan[63]], 0);
  EXPECT_TRUE(reader.next(block).has_value()) << "the next block begins behind it";
}

TEST(RawSamples, AreTakenWholeOrNotAtAll) {
  const Bytes bytes(100);
  BlockReader reader(bytes);
  EXPECT_EQ(reader.take_raw(64).size(), 64u);
  EXPECT_TRUE(reader.take_raw(64).empty());
}

}  // namespace
}  // namespace softvpu::firmware::fwht
