// SPDX-License-Identifier: LGPL-2.1-or-later
// Each event goes to the file's role, under the file's lock.
#include "v4l2/file/session_link.h"

#include "v4l2/file/codec_file.h"

namespace softvpu::v4l2 {

template <typename Event>
void SessionLink::pass_on(Event event) {
  if (const auto file = file_.lock()) file->on_session_event(this, event);
}

void SessionLink::input_done(codec::Cookie cookie, codec::DoneStatus status) {
  pass_on([&](CodecFile& file) { file.role().input_done(cookie, status); });
}
void SessionLink::output_done(const codec::OutputDone& done) {
  pass_on([&](CodecFile& file) { file.role().output_done(done); });
}
void SessionLink::format_changed(const codec::StreamFormat& format, bool initial) {
  pass_on([&](CodecFile& file) { file.role().format_changed(format, initial); });
}
void SessionLink::drained(codec::DoneStatus status) {
  pass_on([&](CodecFile& file) { file.role().drained(status); });
}
void SessionLink::flushed(codec::Direction side, uint32_t generation) {
  pass_on([&](CodecFile& file) { file.session().flushed(side, generation); });
}
void SessionLink::failed(const Error& error) {
  pass_on([&](CodecFile& file) { file.role().failed(error); });
}

}  // namespace softvpu::v4l2
