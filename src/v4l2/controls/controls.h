// SPDX-License-Identifier: LGPL-2.1-or-later
// The controls of an open file: those that its role defines, and their values, as the kernel's
// control framework has them for a driver with a handler per open file, as mem2mem drivers have.
// Called under the file's lock. What is set is for the session with the next input: latch().
// Clauses: vidioc-queryctrl.rst, vidioc-g-ctrl.rst, vidioc-g-ext-ctrls.rst, vidioc-dqevent.rst;
// order of checks: v4l2-ctrls-api.c.
#pragma once

#include <linux/videodev2.h>

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "v4l2/controls/definition.h"

namespace softvpu::v4l2 {

// Who tells subscribers of changes: the file.
class ControlListener {
 public:
  // A V4L2_EVENT_CTRL. `own`: the client set it by this file, so it is for subscriptions with
  // V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK only.
  virtual void control_changed(const v4l2_event& event, bool own) = 0;

 protected:
  ~ControlListener() = default;
};

class Controls {
 public:
  // Each id counts once, and not at all without a name. The controls of their classes are added.
  explicit Controls(std::span<const ControlDefinition> definitions, ControlListener* listener = nullptr);

  // --- controls.cc

  // `query->id` may carry V4L2_CTRL_FLAG_NEXT_CTRL and _NEXT_COMPOUND. Errors: EINVAL.
  Status query(v4l2_query_ext_ctrl* query) const;
  Status query(v4l2_queryctrl* query) const;
  // Errors: EINVAL for no menu, an unsupported item, or one out of range.
  Status query_menu(v4l2_querymenu* menu) const;

  bool is_class(uint32_t id) const;
  bool has(uint32_t id) const { return find(id) != nullptr; }
  // Its value may change without anybody setting it: it is the stream's.
  bool is_volatile(uint32_t id) const;
  // What the client would read; nothing for a class or an unknown control.
  std::optional<int64_t> value(uint32_t id) const;

  // --- access.cc: the client

  // Errors: EINVAL for an unknown control, EACCES for a write-only one or a class.
  Status get(v4l2_control* control) const;
  // Makes of `control->value` what the control took. Errors: EINVAL for an unknown control or an
  // item that doesn't exist, ERANGE beyond a menu, EACCES read-only, EBUSY grabbed.
  Status set(v4l2_control* control);

  enum class Access : uint8_t { kGet, kSet, kTry };
  // The VIDIOC_*_EXT_CTRLS: fills `controls`, and `error_idx` of `set`. Nothing is set if anything
  // is refused. Errors: those of get() and set(); EINVAL for requests and another class.
  Status access(Access how, v4l2_ext_controls* set, std::span<v4l2_ext_control> controls);

  // --- changes.cc: the role, and what follows from changes

  // A value that the stream brought. Clamped to the control's range; nothing happens when there is
  // no such control.
  void set_value(uint32_t id, int64_t value);
  // V4L2_CTRL_FLAG_INACTIVE: it can be set, and has no effect now.
  void set_active(uint32_t id, bool active);
  // V4L2_CTRL_FLAG_GRABBED: setting it is EBUSY, as while streaming.
  void set_grabbed(uint32_t id, bool grabbed);
  // Another range of an integer. A value that is out of it becomes the nearest one, one that is the default becomes the new
  // default.
  void set_range(uint32_t id, int64_t minimum, int64_t maximum, int64_t step, int64_t default_value);

  // What the client has set since the last latch(), by id; a button counts each time.
  std::vector<ControlValue> latch();
  // All that a client can set and that has a value, whether it was set or not: for a session that
  // begins. Forgets what latch() would return.
  std::vector<ControlValue> snapshot();

  // The event that tells a new subscriber the value (V4L2_EVENT_SUB_FL_SEND_INITIAL). Errors:
  // EINVAL for an unknown control.
  Result<v4l2_event> initial_event(uint32_t id) const;

 private:
  struct Control : ControlDefinition {
    int32_t value = 0;
    bool changed = false;  // since the last latch()
    const svpu_v4l2_control* standard = nullptr;
    std::string_view title() const { return standard != nullptr ? standard->name : std::string_view(name); }
    bool has(uint32_t flag) const { return (flags & flag) != 0; }
  };
  void add(const ControlDefinition& definition);
  const Control* find(uint32_t id) const;
  Control* find(uint32_t id);

  // 0, or the errno of the first control that `how` can't be done to; its index in `*at`. Makes of
  // values to be set what the controls take.
  int check(Access how, uint32_t which, std::span<v4l2_ext_control> controls, uint32_t* at) const;
  static int check_set(const Control& control, bool for_certain, int32_t* value);
  // The client's, which validate() made.
  void take(Control& control, int32_t value);

  static v4l2_event event_of(const Control& control, uint32_t changes);
  void report(const Control& control, uint32_t changes, bool own);
  void change_flag(uint32_t id, uint32_t flag, bool on);

  std::vector<Control> controls_;  // by id
  ControlListener* const listener_;
};

}  // namespace softvpu::v4l2
