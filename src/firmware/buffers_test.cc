// SPDX-License-Identifier: GPL-2.0-or-later
// When two buffers are the same memory (docs/hfi.md, the order of things, 4). Which memory is mapped is in
// src/hfi/endpoint_test.cc.
#include "firmware/buffers.h"

#include <gtest/gtest.h>

#include <array>

namespace softvpu::firmware {
namespace {

class FakeMemory final : public hfi::BufferMemory {
 public:
  explicit FakeMemory(std::optional<Identity> identity) : identity_(identity) {}
  Result<std::byte*> map(uint32_t, const svpu_plane&, bool) override { return bytes_.data(); }
  std::optional<uint32_t> num_planes() const override { return 1; }
  std::optional<Identity> identity() const override { return identity_; }

 private:
  std::array<std::byte, 16> bytes_{};
  std::optional<Identity> identity_;
};

class AWorkersBuffers : public testing::Test {
 protected:
  std::shared_ptr<MappedBuffer> map(uint32_t index, std::optional<hfi::BufferMemory::Identity> identity,
                                    Side direction = Side::kOutput) {
    hfi::cmd::MapBuffer command{};
    command.direction = direction;
    command.buffer = {index, 1};
    command.num_planes = 1;
    command.plane[0] = {0, 16, 16};
    EXPECT_TRUE(buffers_.map(command, std::make_shared<FakeMemory>(identity)));
    return buffers_.find(direction, {index, 1});
  }
  void unmap(uint32_t index) { EXPECT_TRUE(buffers_.unmap(Side::kOutput, {index, 1})); }

  Buffers buffers_{[](Side, hfi::BufferName) {}};
};

// A picture that later ones refer to isn't overwritten because its memory has another name now.
TEST_F(AWorkersBuffers, InTheSameMemoryAreHeldTogether) {
  const auto one = map(0, {{1, 7, 0}});
  const auto same = map(1, {{1, 7, 0}});
  *one->held = true;
  EXPECT_TRUE(*same->held);
  unmap(0);
  unmap(1);
  EXPECT_TRUE(*map(2, {{1, 7, 0}})->held) << "the decoder still has the picture that buffer 0 was";
  *one->held = false;
  EXPECT_FALSE(*buffers_.find(Side::kOutput, {2, 1})->held);
}

TEST_F(AWorkersBuffers, InOtherMemoryAreNot) {
  *map(0, {{1, 7, 0}})->held = true;
  EXPECT_FALSE(*map(1, {{1, 8, 0}})->held);
  EXPECT_FALSE(*map(2, {{2, 7, 0}})->held);
  EXPECT_FALSE(*map(3, {{1, 7, 4096}})->held);
  EXPECT_FALSE(*map(4, std::nullopt)->held);
  EXPECT_FALSE(*map(5, std::nullopt)->held);
  EXPECT_FALSE(*map(0, {{1, 7, 0}}, Side::kInput)->held) << "an input is only read";
}

TEST_F(AWorkersBuffers, AreForgottenWhenNobodyHasThem) {
  *map(0, {{1, 7, 0}})->held = true;
  unmap(0);
  EXPECT_FALSE(*map(0, {{1, 7, 0}})->held) << "an inode may be reused";
}

}  // namespace
}  // namespace softvpu::firmware
