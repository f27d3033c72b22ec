// SPDX-License-Identifier: GPL-2.0-or-later
// A catalog with some of its codecs: what softvpu-fw --codecs offers.
#include "firmware/catalog.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace softvpu::firmware {
namespace {

constexpr FourCC kFwht = make_fourcc('F', 'W', 'H', 'T');

TEST(ALimitedCatalog, HasTheListedCodecsInAllTheirRoles) {
  const auto limited = codec_catalog().limited_to("fwht");
  ASSERT_TRUE(limited) << limited.error().reason;
  EXPECT_EQ(limited->entries().size(), 2u);
  EXPECT_NE(limited->find(Role::kDecoder, kFwht), nullptr);
  EXPECT_NE(limited->find(Role::kEncoder, kFwht), nullptr);
  EXPECT_EQ(limited->find(Role::kDecoder, kH264), nullptr);
}

TEST(ALimitedCatalog, KeepsTheOrder) {
  const auto limited = codec_catalog().limited_to("vp8,h264");
  ASSERT_TRUE(limited) << limited.error().reason;
  std::vector<FourCC> decoders;
  for (const CatalogEntry& entry : limited->entries()) {
    if (entry.info.role == Role::kDecoder) decoders.push_back(entry.info.coded);
  }
  EXPECT_EQ(decoders, (std::vector{kH264, kVp8}));
}

TEST(ALimitedCatalog, IsRefusedForACodecThatThereIsNot) {
  EXPECT_EQ(codec_catalog().limited_to("fwht,xyz").error().code, EINVAL);
  const auto entries = codec_catalog().entries();
  const Catalog first({entries.begin(), entries.begin() + 1});
  EXPECT_EQ(first.limited_to("fwht").error().code, ENOENT);
}

}  // namespace
}  // namespace softvpu::firmware
