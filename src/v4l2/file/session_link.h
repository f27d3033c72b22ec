// SPDX-License-Identifier: LGPL-2.1-or-later
// Connects one session with the file that opened it: events of a former session, or for a file that
// is gone, end here. Made by a role (CodecFile::open_session()); called by the lower half's thread.
#pragma once

#include <memory>

#include "codec/session.h"

namespace softvpu::v4l2 {

class CodecFile;

class SessionLink final : public codec::SessionEvents {
 public:
  explicit SessionLink(std::weak_ptr<CodecFile> file) : file_(std::move(file)) {}

  void input_done(codec::Cookie cookie, codec::DoneStatus status) override;
  void output_done(const codec::OutputDone& done) override;
  void format_changed(const codec::StreamFormat& format, bool initial) override;
  void drained(codec::DoneStatus status) override;
  void flushed(codec::Direction side, uint32_t generation) override;
  void failed(const Error& error) override;

 private:
  template <typename Event>
  void pass_on(Event event);

  const std::weak_ptr<CodecFile> file_;
};

}  // namespace softvpu::v4l2
