// SPDX-License-Identifier: GPL-2.0-or-later
// How many of the client's outputs libavcodec gets: see output_pool.h.
#include "firmware/libav/output_pool.h"

#include <gtest/gtest.h>

#include "firmware/libav/picture.h"
#include "firmware/libav/testing/harness.h"

namespace softvpu::firmware::libav {
namespace {

class AnOutputPool : public ::testing::Test {
 protected:
  AnOutputPool() {
    pool_.set_layout(layout_);
    context_.reset(avcodec_alloc_context3(nullptr));
  }
  void queue(uint64_t id) {
    pool_.queue({.cookie = Cookie{id}, .memory = testing::guarded_memory(layout_.plane_size[0], readable_tail(layout_))});
  }
  // As libavcodec does for a picture that it goes on reading.
  FramePtr hold_picture() {
    FramePtr frame(av_frame_alloc());
    frame->width = 128;
    frame->height = 64;
    frame->format = AV_PIX_FMT_YUV420P;
    EXPECT_EQ(pool_.allocate(context_.get(), frame.get(), 0), 0);
    return frame;
  }

  OutputPool pool_{*find_row(kH264), [] {}};
  FrameLayout layout_ = *layout_for(kYuv420, written_size(*find_row(kH264), 128, 64, false));
  ContextPtr context_;
};

TEST_F(AnOutputPool, NeverLendsTheLastFreeOutputs) {
  pool_.lend_at_most(30);
  for (uint64_t id = 1; id <= 5; ++id) queue(id);
  std::vector<FramePtr> held;
  for (int i = 0; i < 5; ++i) held.push_back(hold_picture());
  EXPECT_EQ(pool_.direct_count(), 2u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool_.take_free({64, 64}));
  EXPECT_FALSE(pool_.take_free({64, 64})) << "the others are being read";
}

// The client keeps one output until the next one comes, the others lie here: one of them has to be free.
TEST_F(AnOutputPool, LendsNoMoreThanItMay) {
  pool_.lend_at_most(2);
  for (uint64_t id = 1; id <= 8; ++id) queue(id);
  std::vector<FramePtr> held;
  for (int i = 0; i < 5; ++i) held.push_back(hold_picture());
  EXPECT_EQ(pool_.direct_count(), 2u);
  held.clear();
  held.push_back(hold_picture());
  EXPECT_EQ(pool_.direct_count(), 3u) << "what libavcodec released can be lent again";
}

// Its memory is warm; that of an output that lay here for long isn't.
TEST_F(AnOutputPool, LendsTheNewestFreeOutputFirst) {
  pool_.lend_at_most(30);
  for (uint64_t id = 1; id <= 6; ++id) queue(id);
  const FramePtr first = hold_picture();
  const FramePtr second = hold_picture();
  const auto holder_of = [&](const FramePtr& picture) {
    const auto holder = pool_.take_holder(*picture);
    return holder ? holder->cookie : Cookie{};
  };
  EXPECT_EQ(holder_of(first), Cookie{6});
  EXPECT_EQ(holder_of(second), Cookie{5});
  const auto free = pool_.take_free({64, 64});
  ASSERT_TRUE(free);
  EXPECT_EQ(free->cookie, Cookie{4});
}

TEST_F(AnOutputPool, FetchesThePagesOfAnOutputOnlyWhenItLendsIt) {
  pool_.lend_at_most(30);
  std::vector<std::shared_ptr<MappedBuffer>> memory;
  for (uint64_t id = 1; id <= 6; ++id) {
    memory.push_back(testing::guarded_memory(layout_.plane_size[0], readable_tail(layout_)));
    pool_.queue({.cookie = Cookie{id}, .memory = memory.back()});
  }
  const FramePtr lent = hold_picture();
  (void)pool_.take_free({64, 64});
  for (size_t i = 0; i < memory.size(); ++i) EXPECT_EQ(memory[i]->fresh, i < 4) << i;
}

}  // namespace
}  // namespace softvpu::firmware::libav
