// SPDX-License-Identifier: LGPL-2.1-or-later
// What a session has to tell its owner, in order, until the loop thread tells it. Used by SessionCore under its lock.
#pragma once

#include <deque>
#include <optional>
#include <variant>

#include "codec/session.h"

namespace softvpu::vpu {

struct InputDoneEvent {
  codec::Cookie cookie;
  codec::DoneStatus status;
};
struct FormatChangedEvent {
  codec::StreamFormat format;
  bool initial;
};
struct DrainedEvent {
  codec::DoneStatus status;
};
struct FlushedEvent {
  codec::Direction side;
  uint32_t generation;
};
struct FailedEvent {
  Error error;
};
using Event = std::variant<InputDoneEvent, codec::OutputDone, FormatChangedEvent, DrainedEvent, FlushedEvent, FailedEvent>;

// Tells one event. No lock held. Thread: session loop.
void tell(codec::SessionEvents& owner, const Event& event);

}  // namespace softvpu::vpu
