// SPDX-License-Identifier: LGPL-2.1-or-later
// One open of a codec node, a mem2mem device: two queues, controls and a session, and a role that
// decides what they mean. Its ioctls are in codec_ioctls.cc, buffer_ioctls.cc and
// control_ioctls.cc, and in the folder of the role. poll exactly as v4l2_m2m_poll().
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

  // ---- for handlers and roles; the lock is held

  const VideoDeviceConfig& config() const { return device_->config(); }
  const NodeSpec& node() const { return config().node; }
  bool multiplanar() const { return node().multiplanar; }
  BufferQueue& queue(Side side) { return side == Side::kOutput ? output_queue_ : capture_queue_; }
  Controls& controls() { return controls_; }
  Role& role() { return *role_; }
  SessionBooks& session() { return session_; }
  const BufferExporter& exporter() const { return device_->exporter(); }

  void control_changed(const v4l2_event& event, bool own) override { push_event(event, own); }

  // A session for this file, which isn't started yet. Errors: the driver's.
  Status open_session(const codec::SessionConfig& config);
  void close_session();
  // vb2_queue_error() of the queues that stream.
  void fail_queues();
  void free_buffers(Side side);
  // Until the session has answered the flush of that side or failed, as it does at
  // VideoDeviceConfig::flush_limit. Signals don't end it.
  void await_flushed(Side side, const IoctlCall& call);

  // Runs `event(file)` if the session of `link` is the current one. Thread: the lower
  // half's, the lock isn't held.
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
  // Polls that reported the error of the session that failed last; at
  // NodeSpec::patient_polls they end.
  uint32_t error_polls_ = 0;
};

}  // namespace softvpu::v4l2
