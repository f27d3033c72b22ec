// SPDX-License-Identifier: GPL-2.0-or-later
// Frames out of a byte stream that is cut anywhere, and damaged.
#include "firmware/fwht/frame_cutter.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace softvpu::firmware::fwht {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes frame(uint8_t fill, uint32_t payload) {
  Bytes out(kHeaderBytes + payload, fill);
  write_header({.shape = {.size = {64, 48}}, .payload_bytes = payload}, std::span(out).first<kHeaderBytes>());
  return out;
}

void append(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

struct Found {
  uint8_t fill = 0;  // of an empty payload: 0
  size_t bytes = 0;
  uint64_t tag = 0;
  friend bool operator==(const Found&, const Found&) = default;
};

// Input n has tag n, from 1 on.
std::vector<Found> cut(FrameCutter& cutter, const std::vector<Bytes>& inputs) {
  std::vector<Found> out;
  uint64_t tag = 0;
  for (const Bytes& input : inputs) {
    ++tag;
    for (std::span<const uint8_t> rest(input); !rest.empty();) {
      const size_t taken = cutter.take(rest, Tag{tag});
      EXPECT_TRUE(taken > 0 || cutter.has_frame());
      rest = rest.subspan(taken);
      if (!cutter.has_frame()) continue;
      const auto payload = cutter.payload();
      out.push_back({payload.empty() ? uint8_t{0} : payload[0], payload.size(), static_cast<uint64_t>(cutter.tag())});
      cutter.drop_frame();
    }
  }
  return out;
}

TEST(AStream, IsCutIntoItsFramesWhereverItsInputsEnd) {
  Bytes stream;
  append(stream, frame(1, 100));
  append(stream, frame(2, 0));
  append(stream, frame(3, 1));
  for (size_t bytes = 1; bytes < stream.size(); ++bytes) {
    std::vector<Bytes> inputs;
    for (size_t at = 0; at < stream.size(); at += bytes)
      inputs.emplace_back(stream.begin() + static_cast<ptrdiff_t>(at),
                          stream.begin() + static_cast<ptrdiff_t>(std::min(at + bytes, stream.size())));
    FrameCutter cutter;
    const auto begins_in = [&](size_t at) { return at / bytes + 1; };
    EXPECT_EQ(cut(cutter, inputs), (std::vector<Found>{{1, 100, 1}, {0, 0, begins_in(144)}, {3, 1, begins_in(188)}})) << bytes;
    EXPECT_FALSE(cutter.take_loss());
    EXPECT_FALSE(cutter.holds_bytes());
  }
}

TEST(Garbage, BetweenFramesIsDroppedAndReported) {
  Bytes garbage = {0x4f, 0x4f, 0x4f, 0x4f, 0x4f, 0xff, 0xff, 0x4f, 0, 1};
  Bytes stream = garbage;
  append(stream, frame(1, 10));
  FrameCutter cutter;
  EXPECT_EQ(cut(cutter, {stream}), (std::vector<Found>{{1, 10, 1}}));
  EXPECT_TRUE(cutter.take_loss());
  EXPECT_FALSE(cutter.take_loss());
}

TEST(AMagic, ThatBeginsWithinItselfIsFound) {
  Bytes stream = {0x4f};  // the frame's own 4f follow
  append(stream, frame(1, 10));
  FrameCutter cutter;
  EXPECT_EQ(cut(cutter, {{stream.begin(), stream.begin() + 3}, {stream.begin() + 3, stream.end()}}).size(), 1u);
  EXPECT_TRUE(cutter.take_loss());
}

TEST(AFrame, HasTheTagOfItsOwnFirstByteNotOfAFalseStart) {
  FrameCutter cutter;
  EXPECT_EQ(cut(cutter, {{0x4f}, frame(1, 10)}), (std::vector<Found>{{1, 10, 2}}));
}

TEST(ADamagedHeader, HidesNoFrameBehindIt) {
  Bytes damaged = frame(9, 0);
  damaged[12] = 0xff;  // an impossible width
  Bytes stream(damaged.begin(), damaged.begin() + 20);
  append(stream, frame(1, 10));
  append(stream, damaged);
  append(stream, frame(2, 20));
  FrameCutter cutter;
  EXPECT_EQ(cut(cutter, {stream}), (std::vector<Found>{{1, 10, 1}, {2, 20, 1}}));
  EXPECT_TRUE(cutter.take_loss());
}

TEST(APartOfAFrame, IsHeldAndForgottenByAReset) {
  const Bytes whole = frame(1, 10);
  for (const size_t bytes : {size_t{1}, size_t{43}, size_t{44}, size_t{53}}) {
    FrameCutter cutter;
    EXPECT_TRUE(cut(cutter, {{whole.begin(), whole.begin() + static_cast<ptrdiff_t>(bytes)}}).empty());
    EXPECT_TRUE(cutter.holds_bytes()) << bytes;
    cutter.reset();
    EXPECT_FALSE(cutter.holds_bytes());
    EXPECT_EQ(cut(cutter, {whole}).size(), 1u);
  }
}

TEST(AnyBytes, AreTakenInBoundedTime) {
  std::mt19937 random(5);
  Bytes stream;
  for (int i = 0; i < 20'000; ++i)
    stream.push_back(random() % 8 == 0 ? static_cast<uint8_t>(random()) : random() % 2 == 0 ? 0x4f : 0xff);
  FrameCutter cutter;
  cut(cutter, {stream});
  EXPECT_TRUE(cutter.take_loss());
}

}  // namespace
}  // namespace softvpu::firmware::fwht
