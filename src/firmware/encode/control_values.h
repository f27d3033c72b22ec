// SPDX-License-Identifier: GPL-2.0-or-later
// The controls of an encoder that calls a library: their values, which change between pictures, and which of those changes its
// library can't take without beginning a new stream. Used by x264_encoder.cc and its like.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "media/control.h"

namespace softvpu::firmware {

// A row of an encoder's table of controls.
struct EncoderControl {
  ControlInfo info;
  // What has been coded can't be continued with another value: the next frame is a key frame with new headers.
  bool begins_anew = false;
};

inline ControlInfo integer_control(uint32_t id, int64_t minimum, int64_t maximum, int64_t usual) {
  return {.id = id, .minimum = minimum, .maximum = maximum, .default_value = usual};
}
inline ControlInfo boolean_control(uint32_t id, bool usual) {
  return {.id = id, .type = ControlType::kBoolean, .maximum = 1, .default_value = usual ? 1 : 0};
}

class ControlValues {
 public:
  // `table` outlives it. Every control has its default.
  explicit ControlValues(const std::vector<EncoderControl>& table);

  void set(uint32_t id, int64_t value);
  // 0 for a control that isn't in the table.
  int64_t of(uint32_t id) const;
  int number(uint32_t id) const { return static_cast<int>(of(id)); }
  bool is_on(uint32_t id) const { return of(id) != 0; }

  // Something has changed since take_changes(); of a kind that needs a new stream.
  bool changed() const { return changed_; }
  bool begins_anew() const { return begins_anew_; }
  void take_changes() { changed_ = begins_anew_ = false; }

 private:
  struct Value {
    int64_t value = 0;
    bool begins_anew = false;
  };
  std::map<uint32_t, Value> values_;
  bool changed_ = false;
  bool begins_anew_ = false;
};

// The table as a codec's description has it.
std::vector<ControlInfo> described(const std::vector<EncoderControl>& table);

}  // namespace softvpu::firmware
