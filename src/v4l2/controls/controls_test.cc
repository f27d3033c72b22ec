// SPDX-License-Identifier: LGPL-2.1-or-later
// A set of controls as the kernel's framework has one: each test cites its clause of the V4L2 reference, or the function of
// v4l2-ctrls-*.c where the reference leaves it open.
#include "v4l2/controls/controls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace softvpu::v4l2 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint32_t kQp = V4L2_CID_FWHT_I_FRAME_QP;          // 1..31, step 1, default 20
constexpr uint32_t kBitrate = V4L2_CID_MPEG_VIDEO_BITRATE;  // 25000..100000, step 25000
constexpr uint32_t kRateControl = V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE;
constexpr uint32_t kMode = V4L2_CID_MPEG_VIDEO_BITRATE_MODE;              // VBR and CQ
constexpr uint32_t kPartitions = V4L2_CID_MPEG_VIDEO_VPX_NUM_PARTITIONS;  // 1, 2, 4
constexpr uint32_t kKeyFrame = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME;
constexpr uint32_t kBuffers = V4L2_CID_MIN_BUFFERS_FOR_OUTPUT;
constexpr uint32_t kOwn = V4L2_CID_CODEC_BASE + 0x2001;  // of nobody's standard

ControlInfo integer(uint32_t id, int64_t minimum, int64_t maximum, uint64_t step, int64_t preset) {
  return {.id = id, .minimum = minimum, .maximum = maximum, .default_value = preset, .step = step};
}

std::vector<ControlDefinition> definitions() {
  std::vector<ControlDefinition> all;
  ControlInfo own = integer(kOwn, 0, 9, 1, 5);
  own.name = "Own Control";
  for (const ControlInfo& listed :
       {integer(kQp, 1, 31, 1, 20), integer(kBitrate, 25000, 100000, 25000, 50000),
        ControlInfo{.id = kRateControl, .type = ControlType::kBoolean, .maximum = 1, .default_value = 1},
        menu_control(kMode, 0b101, V4L2_MPEG_VIDEO_BITRATE_MODE_VBR), menu_control(kPartitions, 0b0111, 0),
        ControlInfo{.id = kKeyFrame, .type = ControlType::kButton}, integer(kBuffers, 1, 32, 1, 1), own})
    all.push_back(*definition_of(listed));
  return all;
}

class AControlSet : public testing::Test, public ControlListener {
 protected:
  void control_changed(const v4l2_event& event, bool own) override { events_.push_back({event, own}); }
  int set(uint32_t id, int32_t value, int32_t* taken = nullptr) {
    v4l2_control control{id, value};
    const Status status = controls_.set(&control);
    if (taken != nullptr) *taken = control.value;
    return status ? 0 : status.error().code;
  }
  int32_t value(uint32_t id) const {
    v4l2_control control{id, -1};
    const Status status = controls_.get(&control);
    return status ? control.value : -status.error().code;
  }
  int access(Controls::Access how, std::vector<v4l2_ext_control>* items, uint32_t* at = nullptr, uint32_t which = 0) {
    v4l2_ext_controls all{};
    all.which = which;
    all.count = static_cast<uint32_t>(items->size());
    const Status status = controls_.access(how, &all, *items);
    if (at != nullptr) *at = all.error_idx;
    return status ? 0 : status.error().code;
  }
  static v4l2_ext_control item(uint32_t id, int32_t value) {
    v4l2_ext_control one{};
    one.id = id;
    one.value = value;
    return one;
  }
  struct Notified {
    v4l2_event event;
    bool own;
  };
  std::vector<Notified> events_;
  Controls controls_{definitions(), this};
};

// vidioc-queryctrl.rst: type, range, step, default, flags and names, by both ioctls.
TEST_F(AControlSet, DescribesEachType) {
  const auto described = [&](uint32_t id) {
    v4l2_queryctrl query{};
    query.id = id;
    EXPECT_TRUE(controls_.query(&query)) << id;
    return query;
  };
  EXPECT_STREQ(reinterpret_cast<const char*>(described(kQp).name), "FWHT I-Frame QP Value");
  EXPECT_EQ(described(kQp).maximum, 31);
  EXPECT_EQ(described(kQp).flags, 0u);
  EXPECT_EQ(described(kBitrate).step, 25000);
  EXPECT_EQ(described(kRateControl).type, uint32_t{V4L2_CTRL_TYPE_BOOLEAN});
  EXPECT_EQ(described(kMode).type, uint32_t{V4L2_CTRL_TYPE_MENU});
  EXPECT_EQ(described(kMode).flags, uint32_t{V4L2_CTRL_FLAG_UPDATE});
  EXPECT_EQ(described(kMode).maximum, 2);
  EXPECT_EQ(described(kMode).step, 1) << "v4l2_query_ext_ctrl()";
  EXPECT_EQ(described(kPartitions).type, uint32_t{V4L2_CTRL_TYPE_INTEGER_MENU});
  EXPECT_EQ(described(kKeyFrame).type, uint32_t{V4L2_CTRL_TYPE_BUTTON});
  EXPECT_EQ(described(kKeyFrame).flags, uint32_t{V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE});
  EXPECT_EQ(described(kKeyFrame).step, 0);
  EXPECT_EQ(described(kBuffers).flags, uint32_t{V4L2_CTRL_FLAG_READ_ONLY});
  EXPECT_STREQ(reinterpret_cast<const char*>(described(kOwn).name), "Own Control");
  EXPECT_EQ(described(V4L2_CID_CODEC_CLASS).type, uint32_t{V4L2_CTRL_TYPE_CTRL_CLASS});
}

// vidioc-queryctrl.rst, "Control Flags": NEXT_CTRL finds each class and its controls in order, NEXT_COMPOUND alone none.
TEST_F(AControlSet, IsEnumeratedByNextCtrl) {
  std::vector<uint32_t> ids;
  v4l2_query_ext_ctrl query{};
  for (query.id = V4L2_CTRL_FLAG_NEXT_CTRL; controls_.query(&query); query.id |= V4L2_CTRL_FLAG_NEXT_CTRL)
    ids.push_back(query.id);
  EXPECT_THAT(ids, ElementsAre(V4L2_CID_USER_CLASS, kBuffers, V4L2_CID_CODEC_CLASS, kMode, kBitrate, kRateControl, kKeyFrame, kQp,
                               kPartitions, kOwn));
  query.id = V4L2_CTRL_FLAG_NEXT_COMPOUND;
  EXPECT_FALSE(controls_.query(&query));
  query.id = V4L2_CTRL_FLAG_NEXT_COMPOUND | V4L2_CTRL_FLAG_NEXT_CTRL | kBuffers;
  ASSERT_TRUE(controls_.query(&query));
  EXPECT_EQ(query.id, uint32_t{V4L2_CID_CODEC_CLASS});
}

// vidioc-queryctrl.rst, struct v4l2_querymenu: names of a menu, values of an integer menu, EINVAL for items that don't exist.
TEST_F(AControlSet, NamesTheItemsOfItsMenus) {
  v4l2_querymenu menu{.id = kMode, .index = V4L2_MPEG_VIDEO_BITRATE_MODE_CQ};
  ASSERT_TRUE(controls_.query_menu(&menu));
  EXPECT_STREQ(reinterpret_cast<const char*>(menu.name), "Constant Quality");
  menu.index = V4L2_MPEG_VIDEO_BITRATE_MODE_CBR;
  EXPECT_EQ(controls_.query_menu(&menu).error().code, EINVAL);
  menu = {.id = kPartitions, .index = 2};
  ASSERT_TRUE(controls_.query_menu(&menu));
  EXPECT_EQ(menu.value, 4);
  menu.index = 3;
  EXPECT_EQ(controls_.query_menu(&menu).error().code, EINVAL) << "not supported";
  menu = {.id = kQp, .index = 0};
  EXPECT_EQ(controls_.query_menu(&menu).error().code, EINVAL) << "no menu";
}

// vidioc-g-ctrl.rst, VIDIOC_S_CTRL: out-of-range values are clamped, and the value that was taken is written back.
TEST_F(AControlSet, ClampsIntegersAndRoundsThemToSteps) {
  const auto taken = [&](uint32_t id, int32_t wanted) {
    int32_t value = -1;
    EXPECT_EQ(set(id, wanted, &value), 0);
    EXPECT_EQ(this->value(id), value);
    return value;
  };
  EXPECT_EQ(taken(kQp, 0), 1);
  EXPECT_EQ(taken(kQp, INT32_MIN), 1);
  EXPECT_EQ(taken(kQp, INT32_MAX), 31);
  EXPECT_EQ(taken(kQp, 7), 7);
  EXPECT_EQ(taken(kBitrate, 37499), 25000);
  EXPECT_EQ(taken(kBitrate, 37500), 50000) << "std_validate_elem(): to the nearest";
  EXPECT_EQ(taken(kBitrate, 99999), 100000);
  EXPECT_EQ(taken(kRateControl, -5), 1);
  EXPECT_EQ(taken(kRateControl, 0), 0);
}

TEST(ARange, ThatIsNegativeOrHasNoStepAtItsEndIsKept) {
  ControlDefinition control{.minimum = -6, .maximum = -1, .step = 2};
  const auto taken = [&](int32_t value) {
    EXPECT_EQ(validate(control, &value), 0);
    return value;
  };
  EXPECT_EQ(taken(INT32_MAX), -2);
  EXPECT_EQ(taken(INT32_MIN), -6);
  EXPECT_EQ(taken(-5), -4);
  control = {.minimum = INT32_MIN, .maximum = INT32_MAX, .step = 1};
  EXPECT_EQ(taken(INT32_MIN), INT32_MIN);
  EXPECT_EQ(taken(INT32_MAX), INT32_MAX);
}

// vidioc-g-ext-ctrls.rst, "Return Value": ERANGE out of a menu's bounds, EINVAL for an item that isn't supported.
TEST_F(AControlSet, RefusesItemsThatAreNone) {
  EXPECT_EQ(set(kMode, 3), ERANGE);
  EXPECT_EQ(set(kMode, -1), ERANGE);
  EXPECT_EQ(set(kMode, V4L2_MPEG_VIDEO_BITRATE_MODE_CBR), EINVAL);
  EXPECT_EQ(set(kMode, V4L2_MPEG_VIDEO_BITRATE_MODE_CQ), 0);
  EXPECT_EQ(set(kPartitions, 3), ERANGE);
  EXPECT_EQ(value(kMode), V4L2_MPEG_VIDEO_BITRATE_MODE_CQ);
}

// vidioc-g-ctrl.rst: EACCES to set a read-only control or to get a write-only one; a class is both.
TEST_F(AControlSet, GuardsWhatIsReadOnlyAndWriteOnly) {
  EXPECT_EQ(set(kBuffers, 2), EACCES);
  EXPECT_EQ(value(kKeyFrame), -EACCES);
  EXPECT_EQ(set(kKeyFrame, 0), 0);
  EXPECT_EQ(value(V4L2_CID_CODEC_CLASS), -EACCES);
  EXPECT_EQ(set(V4L2_CID_CODEC_CLASS, 0), EACCES);
  EXPECT_EQ(set(V4L2_CID_BRIGHTNESS, 0), EINVAL);
}

// vidioc-g-ext-ctrls.rst, error_idx: all are checked before any is set. S says `count`, TRY the index.
TEST_F(AControlSet, SetsAllOrNothing) {
  std::vector<v4l2_ext_control> items = {item(kQp, 9), item(kMode, 3), item(kBuffers, 1)};
  uint32_t at = 0;
  EXPECT_EQ(access(Controls::Access::kSet, &items, &at), ERANGE);
  EXPECT_EQ(at, 3u);
  EXPECT_EQ(access(Controls::Access::kTry, &items, &at), ERANGE);
  EXPECT_EQ(at, 1u);
  items[1].value = 0;
  EXPECT_EQ(access(Controls::Access::kTry, &items, &at), EACCES);
  EXPECT_EQ(at, 2u);
  EXPECT_EQ(value(kQp), 20);
  EXPECT_THAT(events_, IsEmpty());
  EXPECT_THAT(controls_.latch(), IsEmpty());

  items.pop_back();
  EXPECT_EQ(access(Controls::Access::kSet, &items), 0);
  EXPECT_EQ(value(kQp), 9);
}

TEST_F(AControlSet, TriesWithoutSetting) {
  std::vector<v4l2_ext_control> items = {item(kQp, 99), item(kBitrate, 60000)};
  EXPECT_EQ(access(Controls::Access::kTry, &items), 0);
  EXPECT_EQ(items[0].value, 31) << "what S would take";
  EXPECT_EQ(items[1].value, 50000);
  EXPECT_EQ(value(kQp), 20);
}

// vidioc-g-ext-ctrls.rst, `which`: a class, the current values, or the defaults, which can be read only.
TEST_F(AControlSet, ReadsGroupsAndDefaults) {
  ASSERT_EQ(set(kQp, 3), 0);
  std::vector<v4l2_ext_control> items = {item(kQp, 0)};
  EXPECT_EQ(access(Controls::Access::kGet, &items, nullptr, V4L2_CTRL_CLASS_CODEC), 0);
  EXPECT_EQ(items[0].value, 3);
  EXPECT_EQ(access(Controls::Access::kGet, &items, nullptr, V4L2_CTRL_CLASS_USER), EINVAL);
  EXPECT_EQ(access(Controls::Access::kGet, &items, nullptr, V4L2_CTRL_WHICH_DEF_VAL), 0);
  EXPECT_EQ(items[0].value, 20);
  EXPECT_EQ(access(Controls::Access::kSet, &items, nullptr, V4L2_CTRL_WHICH_DEF_VAL), EINVAL);
  items.push_back(item(kKeyFrame, 0));
  uint32_t at = 9;
  EXPECT_EQ(access(Controls::Access::kGet, &items, &at), EACCES) << "write-only";
  EXPECT_EQ(at, 2u);
}

// vidioc-queryctrl.rst, V4L2_CTRL_FLAG_GRABBED: EBUSY; INACTIVE is no obstacle. TRY takes what is grabbed (validate_ctrls()).
TEST_F(AControlSet, RefusesWhatIsGrabbedAndTakesWhatIsInactive) {
  controls_.set_grabbed(kMode, true);
  EXPECT_EQ(set(kMode, 2), EBUSY);
  std::vector<v4l2_ext_control> items = {item(kMode, 2)};
  EXPECT_EQ(access(Controls::Access::kTry, &items), 0);
  EXPECT_EQ(access(Controls::Access::kSet, &items), EBUSY);
  controls_.set_grabbed(kMode, false);
  EXPECT_EQ(set(kMode, 2), 0);
  controls_.set_active(kBitrate, false);
  EXPECT_EQ(set(kBitrate, 75000), 0);
  v4l2_queryctrl query{};
  query.id = kBitrate;
  ASSERT_TRUE(controls_.query(&query));
  EXPECT_EQ(query.flags, uint32_t{V4L2_CTRL_FLAG_INACTIVE});
}

// vidioc-dqevent.rst, struct v4l2_event_ctrl; a value that stays the same is no change (cluster_changed()), a button always is
// one.
TEST_F(AControlSet, ReportsChanges) {
  ASSERT_EQ(set(kQp, 20), 0);
  EXPECT_THAT(events_, IsEmpty());
  ASSERT_EQ(set(kQp, 21), 0);
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_EQ(events_[0].event.type, uint32_t{V4L2_EVENT_CTRL});
  EXPECT_EQ(events_[0].event.id, kQp);
  EXPECT_EQ(events_[0].event.u.ctrl.changes, uint32_t{V4L2_EVENT_CTRL_CH_VALUE});
  EXPECT_EQ(events_[0].event.u.ctrl.value, 21);
  EXPECT_EQ(events_[0].event.u.ctrl.maximum, 31);
  EXPECT_TRUE(events_[0].own) << "for subscriptions with V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK";
  events_.clear();
  for (int twice = 0; twice < 2; ++twice) ASSERT_EQ(set(kKeyFrame, 0), 0);
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(AControlSet, ReportsWhatItsRoleChangesToEverySubscriber) {
  controls_.set_value(kBuffers, 4);
  controls_.set_value(kBuffers, 4);
  controls_.set_active(kQp, false);
  controls_.set_active(kQp, false);
  controls_.set_range(kQp, 25, 51, 1, 30);
  ASSERT_EQ(events_.size(), 3u);
  EXPECT_EQ(events_[0].event.u.ctrl.changes, uint32_t{V4L2_EVENT_CTRL_CH_VALUE});
  EXPECT_EQ(events_[1].event.u.ctrl.changes, uint32_t{V4L2_EVENT_CTRL_CH_FLAGS});
  EXPECT_EQ(events_[1].event.u.ctrl.flags, uint32_t{V4L2_CTRL_FLAG_INACTIVE});
  EXPECT_EQ(events_[2].event.u.ctrl.changes, uint32_t{V4L2_EVENT_CTRL_CH_RANGE | V4L2_EVENT_CTRL_CH_VALUE});
  EXPECT_EQ(events_[2].event.u.ctrl.value, 30) << "20 was the default";
  for (const Notified& event : events_) EXPECT_FALSE(event.own);
}

TEST_F(AControlSet, KeepsAValueAsNearAsItsNewRangeAllows) {
  ASSERT_EQ(set(kQp, 8), 0);
  controls_.set_range(kQp, 25, 51, 1, 30);
  EXPECT_EQ(controls_.value(kQp), 25);
  controls_.set_range(kQp, 1, 51, 1, 10);
  EXPECT_EQ(controls_.value(kQp), 25);
}

// vidioc-subscribe-event.rst, V4L2_EVENT_SUB_FL_SEND_INITIAL; of a write-only control no value (send_initial_event()).
TEST_F(AControlSet, TellsANewSubscriberItsState) {
  ASSERT_EQ(set(kQp, 8), 0);
  EXPECT_EQ(controls_.initial_event(kQp)->u.ctrl.value, 8);
  EXPECT_EQ(controls_.initial_event(kQp)->u.ctrl.changes, uint32_t{V4L2_EVENT_CTRL_CH_VALUE | V4L2_EVENT_CTRL_CH_FLAGS});
  EXPECT_EQ(controls_.initial_event(kKeyFrame)->u.ctrl.changes, uint32_t{V4L2_EVENT_CTRL_CH_FLAGS});
  EXPECT_FALSE(controls_.initial_event(V4L2_CID_BRIGHTNESS));
}

// dev-encoder.rst, Encoding: what is set holds for what is queued next.
TEST_F(AControlSet, LatchesWhatWasSetForTheNextInput) {
  EXPECT_THAT(controls_.latch(), IsEmpty());
  ASSERT_EQ(set(kQp, 7), 0);
  ASSERT_EQ(set(kQp, 8), 0);
  ASSERT_EQ(set(kKeyFrame, 1), 0);
  EXPECT_THAT(controls_.latch(), ElementsAre(ControlValue{kKeyFrame, 0}, ControlValue{kQp, 8}));
  EXPECT_THAT(controls_.latch(), IsEmpty());
  ASSERT_EQ(set(kBitrate, 75000), 0);
  EXPECT_THAT(controls_.snapshot(),
              ElementsAre(ControlValue{kMode, 0}, ControlValue{kBitrate, 75000}, ControlValue{kRateControl, 1},
                          ControlValue{kQp, 8}, ControlValue{kPartitions, 0}, ControlValue{kOwn, 5}));
  EXPECT_THAT(controls_.latch(), IsEmpty()) << "a session that begins has them all";
}

TEST(ADefinition, IsMadeOfWhatV4l2CanExpress) {
  ControlInfo unnamed = integer(kOwn, 0, 9, 1, 5);
  EXPECT_FALSE(definition_of(unnamed)) << "neither standard nor named";
  unnamed.name = "Named";
  EXPECT_TRUE(definition_of(unnamed));
  unnamed.id = 0x00aa0901;
  EXPECT_FALSE(definition_of(unnamed)) << "of a class without a name";
  unnamed.id = V4L2_CID_PRIVATE_BASE;
  EXPECT_FALSE(definition_of(unnamed));
  EXPECT_FALSE(definition_of(menu_control(kOwn, 1, 0))) << "a menu whose items have no names";
  EXPECT_FALSE(definition_of(menu_control(kQp, 1, 0))) << "a menu where V4L2 has an integer";
  EXPECT_FALSE(definition_of(integer(V4L2_CID_CODEC_CLASS, 0, 1, 1, 0))) << "a class";
  ControlInfo read_only = integer(kQp, 1, 31, 1, 20);
  read_only.read_only = true;
  EXPECT_EQ(definition_of(read_only)->flags, uint32_t{V4L2_CTRL_FLAG_READ_ONLY});
}

}  // namespace
}  // namespace softvpu::v4l2
