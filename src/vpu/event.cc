// SPDX-License-Identifier: LGPL-2.1-or-later
// Events to calls of codec::SessionEvents: see event.h.
#include "vpu/event.h"

namespace softvpu::vpu {
namespace {

struct Teller {
  codec::SessionEvents& owner;
  void operator()(const InputDoneEvent& event) const { owner.input_done(event.cookie, event.status); }
  void operator()(const codec::OutputDone& event) const { owner.output_done(event); }
  void operator()(const FormatChangedEvent& event) const { owner.format_changed(event.format, event.initial); }
  void operator()(const DrainedEvent& event) const { owner.drained(event.status); }
  void operator()(const FlushedEvent& event) const { owner.flushed(event.side, event.generation); }
  void operator()(const FailedEvent& event) const { owner.failed(event.error); }
};

}  // namespace

void tell(codec::SessionEvents& owner, const Event& event) { std::visit(Teller{owner}, event); }

}  // namespace softvpu::vpu
