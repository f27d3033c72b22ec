// SPDX-License-Identifier: GPL-2.0-or-later
// The decoder engine over seeks and drains (dev-decoder.rst, Seek; Drain).

#include <algorithm>

#include "firmware/libav/decoder_under_test.h"

namespace softvpu::firmware::testing {
namespace {

TEST_P(ADecoder, StartsAnewAfterASeek) {
  Client client(options(6));
  const Packets half(clip_.begin(), clip_.begin() + 9);
  feed_all(client, half);
  client.hold_outputs = true;  // so that inputs pile up
  for (size_t i = 9; i < clip_.size(); ++i) client.feed(clip_[i], 100 + i);
  client.run();
  client.hold_outputs = false;
  client.seek();
  EXPECT_EQ(client.open_inputs(), 0u);
  client.pictures.clear();
  client.run();
  EXPECT_TRUE(client.pictures.empty()) << "a picture from before the seek";
  feed_all(client, clip_, 500);
  client.drain();
  expect_sound(client);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
  EXPECT_EQ(client.formats.size(), 1u) << "the same format was announced again";
  for (const Picture& picture : client.pictures) EXPECT_GE(picture.done.tag, 500u);
}

TEST_P(ADecoder, GoesOnAfterADrainWithAllItsState) {
  const auto expected = plain_sums(codec_.id, clip_);
  for (const size_t cut : {1u, 5u, 12u, 13u, 17u, 29u}) {
    Client client(options(5));
    feed_all(client, Packets(clip_.begin(), clip_.begin() + static_cast<ptrdiff_t>(cut)));
    client.drain();
    EXPECT_EQ(client.drains, 1u);
    EXPECT_EQ(client.pictures.size(), cut) << "a drain delivers everything";
    client.resume_after_drain();
    feed_all(client, Packets(clip_.begin() + static_cast<ptrdiff_t>(cut), clip_.end()), 1000);
    client.drain();
    expect_sound(client);
    auto got = sums_of(client);
    auto wanted = expected;
    std::sort(got.begin(), got.end());  // a drain between a B picture and its reference changes the order, no more
    std::sort(wanted.begin(), wanted.end());
    EXPECT_EQ(got, wanted) << "drained after " << cut;
  }
}

TEST_P(ADecoder, ConsumesNothingBetweenDrainedAndResume) {
  Client client(options());
  feed_all(client, clip_);
  client.drain();
  client.feed(clip_[0], 77);
  client.run();
  EXPECT_EQ(client.open_inputs(), 1u);
  EXPECT_EQ(client.pictures.size(), 30u);
  client.resume_after_drain();
  client.run();
  client.drain();
  EXPECT_EQ(client.pictures.size(), 31u);
  EXPECT_EQ(client.drains, 2u);
}

TEST_P(ADecoder, AnswersDrainsWithNothingInside) {
  Client client(options());
  client.drain();
  EXPECT_EQ(client.drains, 1u);
  client.resume_after_drain();
  client.drain();
  EXPECT_EQ(client.drains, 2u);
  client.resume_after_drain();
  feed_all(client, clip_);
  client.drain();
  EXPECT_EQ(client.drains, 3u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

TEST_P(ADecoder, ForgetsADrainAtASeek) {
  Client client(options());
  feed_all(client, clip_);
  client.hold_outputs = true;
  client.decoder().drain();
  client.seek();
  client.hold_outputs = false;
  client.run();
  EXPECT_EQ(client.drains, 0u);
  client.pictures.clear();
  feed_all(client, clip_);
  client.drain();
  EXPECT_EQ(client.drains, 1u);
  EXPECT_EQ(sums_of(client), plain_sums(codec_.id, clip_));
}

}  // namespace
}  // namespace softvpu::firmware::testing
