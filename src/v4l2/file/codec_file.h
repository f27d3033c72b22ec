// SPDX-License-Identifier: LGPL-2.1-or-later
// An open file of a codec node (a mem2mem device): two queues, controls, a session, and a role that
// decides what they mean. Its ioctls are in codec_ioctls.cc, buffer_ioctls.cc and
// control_ioctls.cc, and in the role's folder. poll() behaves exactly like v4l2_m2m_poll().
#pragma once

#include <memory>

#include "v4l2/codec_device.h"
#include "v4l2/controls/controls.h"
#include "v4l2/file/file_core.h"
#include "v4l2/file/session_books.h"
#include "v4l2/queue/queue.h"
#include "v4l2/role.h"

namespace softvpu::v4l2 {

class CodecFile final : public FileCore, public ControlListener, public std::enable_shared_from_this<CodecFile> {
 public:
  CodecFile(std::shared_ptr<CodecDevice> device, const codec::Capabilities& capabilities, const RoleKind& kind);
  ~CodecFile() override;

  Result<void*> mmap(void* hint, size_t length, int prot, int flags, uint64_t offset) override;
  void mapping_changed(uint64_t offset, int delta) override;
  void error_reported() override;
  const IoctlTable& ioctls() const override { return role_->ioctls(); }

  // ---- For handlers and roles. The caller holds the lock.

  const VideoDeviceConfig& config() const { return device_->config(); }
  const NodeSpec& node() const { return config().node; }
  bool multiplanar() const { return node().multiplanar; }
  BufferQueue& queue(Side side) { return side == Side::kOutput ? output_queue_ : capture_queue_; }
  Controls& controls() { return controls_; }
  Role& role() { return *role_; }
  SessionBooks& session() { return session_; }
  const BufferExporter& exporter() const { return device_->exporter(); }

  void control_changed(const v4l2_event& event, bool own) override { push_event(event, own); }

  // Opens a session for this file without starting it. Errors: the driver's.
  Status open_session(const codec::SessionConfig& config);
  void close_session();
  // SessionEvents::input_done(). False: the client has it back since STREAMOFF, or the session didn't use it.
  bool complete_input(codec::Cookie cookie, codec::DoneStatus status);
  // Like vb2_queue_error(), on each queue that streams.
  void fail_queues();
  void free_buffers(Side side);
  // Waits until the session has answered the flush of that side or has failed; it is made to fail
  // at VideoDeviceConfig::flush_limit. Signals don't interrupt the wait.
  void await_flushed(Side side, const IoctlCall& call);

  // Calls `event(file)` with the lock held if the session of `link` is the current one. Called on
  // the lower half's thread without the lock.
  template <typename Event>
  void on_session_event(const SessionLink* link, Event event) {
    const std::lock_guard lock(mutex());
    if (!session_.is_of(link)) return;
    event(*this);
    publish();
  }

 private:
  Levels current_levels() const override;
  void end() override;
  bool abandon_session() override;
  PlaneMemory* plane_at(uint64_t offset);

  const std::shared_ptr<CodecDevice> device_;
  BufferQueue output_queue_;
  BufferQueue capture_queue_;
  Controls controls_;
  SessionBooks session_;
  std::unique_ptr<Role> role_;
  // Number of polls that reported the error of the last failed session. From
  // NodeSpec::patient_polls on, the error is no longer reported.
  uint32_t error_polls_ = 0;
};

}  // namespace softvpu::v4l2
