// SPDX-License-Identifier: LGPL-2.1-or-later
// One open of a codec node: assembles queues, formats, controls, events and the decoder's state, and drives the codec session.
// Fronts call it through FileHandle. Four source files: m2m_file.cc (life, waiting, poll, mmap), m2m_buffers.cc (buffer and
// streaming ioctls), m2m_queries.cc (all other ioctls), m2m_session.cc (transitions, and what the session says).
//
// Locking: one mutex per file, taken by dispatch_ioctl() and by every other entry; handlers run under it. Lock order: file ->
// session and file -> priorities -> (nothing). The session's events take the file's lock on the session's thread, so a session is
// called under that lock but destroyed outside of it (bury()). Nothing that needs a destructor is alive across a sleep (sleep()).
#pragma once

#include <linux/videodev2.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "core/decoder_state.h"
#include "v4l2/codec_device.h"
#include "v4l2/controls/controls.h"
#include "v4l2/decoder/decoder_formats.h"
#include "v4l2/file/events.h"
#include "v4l2/queue/queue.h"
#include "v4l2/queue/tag_history.h"

namespace softvpu::v4l2 {

class SessionLink;

// What an ioctl handler knows besides its argument.
struct IoctlCall {
  bool nonblocking = false;
  int cancel_state = 0;          // the caller's, restored while it sleeps
  v4l2_plane* planes = nullptr;  // copied-in array of a multi-planar v4l2_buffer
  v4l2_ext_control* controls = nullptr;
};

class M2mFile final : public FileHandle, public std::enable_shared_from_this<M2mFile> {
 public:
  M2mFile(std::shared_ptr<CodecDevice> device, const codec::Capabilities& capabilities);
  ~M2mFile() override;

  int ioctl(unsigned long request, void* arg, bool nonblocking) override;
  Result<void*> mmap(void* hint, size_t length, int prot, int flags, uint64_t offset) override;
  void mapping_changed(uint64_t offset, int delta) override;
  Levels levels() override;
  void error_reported() override;
  void set_readiness_sink(ReadinessSink* sink) override;
  long read(void* data, size_t size, bool nonblocking) override;
  long write(const void* data, size_t size, bool nonblocking) override;
  void release() override;
  void before_fork() override;
  void after_fork(bool in_child) override;

  // Handlers of ioctl_table.cc: 0 or a negative errno, under the lock. Queries (m2m_queries.cc):
  int querycap(v4l2_capability& cap, IoctlCall& call);
  int enum_fmt(v4l2_fmtdesc& desc, IoctlCall& call);
  int enum_framesizes(v4l2_frmsizeenum& sizes, IoctlCall& call);
  int g_fmt(v4l2_format& format, IoctlCall& call);
  int s_fmt(v4l2_format& format, IoctlCall& call);
  int try_fmt(v4l2_format& format, IoctlCall& call);
  int g_selection(v4l2_selection& selection, IoctlCall& call);
  int s_selection(v4l2_selection& selection, IoctlCall& call);
  int cropcap(v4l2_cropcap& cap, IoctlCall& call);
  int g_crop(v4l2_crop& crop, IoctlCall& call);
  int s_crop(v4l2_crop& crop, IoctlCall& call);
  int queryctrl(v4l2_queryctrl& query, IoctlCall& call);
  int query_ext_ctrl(v4l2_query_ext_ctrl& query, IoctlCall& call);
  int querymenu(v4l2_querymenu& menu, IoctlCall& call);
  int g_ctrl(v4l2_control& control, IoctlCall& call);
  int s_ctrl(v4l2_control& control, IoctlCall& call);
  int g_ext_ctrls(v4l2_ext_controls& controls, IoctlCall& call);
  int s_ext_ctrls(v4l2_ext_controls& controls, IoctlCall& call);
  int try_ext_ctrls(v4l2_ext_controls& controls, IoctlCall& call);
  int subscribe_event(v4l2_event_subscription& subscription, IoctlCall& call);
  int unsubscribe_event(v4l2_event_subscription& subscription, IoctlCall& call);
  int dqevent(v4l2_event& event, IoctlCall& call);
  int g_priority(uint32_t& priority, IoctlCall& call);
  int s_priority(uint32_t& priority, IoctlCall& call);
  int decoder_cmd(v4l2_decoder_cmd& command, IoctlCall& call);
  int try_decoder_cmd(v4l2_decoder_cmd& command, IoctlCall& call);
  // Buffers (m2m_buffers.cc):
  int reqbufs(v4l2_requestbuffers& request, IoctlCall& call);
  int create_bufs(v4l2_create_buffers& create, IoctlCall& call);
  int querybuf(v4l2_buffer& buffer, IoctlCall& call);
  int prepare_buf(v4l2_buffer& buffer, IoctlCall& call);
  int qbuf(v4l2_buffer& buffer, IoctlCall& call);
  int dqbuf(v4l2_buffer& buffer, IoctlCall& call);
  int expbuf(v4l2_exportbuffer& request, IoctlCall& call);
  int streamon(int& type, IoctlCall& call);
  int streamoff(int& type, IoctlCall& call);

 private:
  friend class SessionLink;
  friend struct Dispatch;  // ioctl_dispatch.cc

  bool multiplanar() const { return device_->config().multiplanar; }
  BufferQueue& queue(Side side) { return side == Side::kOutput ? output_ : capture_; }

  // --- m2m_file.cc
  // Sleeps with the lock released until something changes, at most `timeout_ns` (< 0: for ever). 0, EINTR or ETIMEDOUT.
  int sleep(const IoctlCall& call, int64_t timeout_ns);
  // Queries about the stream wait for its header while inputs may still bring it, at most a second: ffmpeg asks right after its
  // first packet, and gets what real decoders (s5p-mfc) make it wait for.
  void await_header(const IoctlCall& call);
  // Until the session has answered the flush of that side or failed, as it does at VideoDeviceConfig::flush_limit. Signals don't
  // end it.
  void await_flushed(Side side, const IoctlCall& call);
  Levels current_levels();
  // Ends every locked entry that may have changed something: tells the sink, wakes the sleepers.
  void publish();
  // Takes what must be destroyed without the lock.
  std::vector<std::unique_ptr<codec::Session>> bury();

  // --- m2m_buffers.cc
  Result<Buffer*> buffer_for(const v4l2_buffer& buffer, const IoctlCall& call, Side* side, BufferView* view);
  // Not a part of qbuf(): its frame is gone when the codec gets the buffer, and both need some of the caller's stack.
  __attribute__((noinline)) int enqueue(v4l2_buffer& buffer, IoctlCall& call);
  int try_dequeue(v4l2_buffer& buffer, Side side, IoctlCall& call);
  int set_format(Side side, const PixFormat& adjusted);
  void free_buffers(Side side);
  bool any_capture_buffer_fits() const;
  bool capture_fits_stream(const codec::StreamFormat& stream);

  // --- m2m_session.cc
  // Runs one transition and its actions. Returns 0 or the errno it refused with.
  int happen(const svpu_decoder_event& event);
  // The errno it would refuse with, or 0. Not a part of its callers: what they call needs their stack.
  __attribute__((noinline)) int refusal_of(const svpu_decoder_event& event) const;
  void act(svpu_decoder_action action);
  Status start_session();
  void close_session();
  // Hands over whatever the session may have now.
  void pump();
  void pump_inputs();
  void pump_outputs();
  Status push_input(Buffer& buffer);
  Status tell_layout();
  Status make_known(Buffer& buffer, codec::Direction side);
  void deliver_last();
  void complete_last(Buffer& buffer);
  void apply_stream();
  void push_event(uint32_t type, uint32_t changes);
  void session_failed(const Error& error);
  void give_up(const Error& error);
  // What the session of `link` says; ignored when it is not the current one. Thread: the lower half's, lock not held.
  void on_input_done(const SessionLink* link, codec::Cookie cookie, codec::DoneStatus status);
  void on_output_done(const SessionLink* link, const codec::OutputDone& done);
  void on_format_changed(const SessionLink* link, const codec::StreamFormat& format);
  void on_drained(const SessionLink* link, codec::DoneStatus status);
  void on_flushed(const SessionLink* link, codec::Direction side, uint32_t generation);
  void on_failed(const SessionLink* link, const Error& error);

  const std::shared_ptr<CodecDevice> device_;
  std::mutex mutex_;  // guards everything below but wake_
  bool released_ = false;
  uint32_t priority_ = V4L2_PRIORITY_UNSET;
  BufferQueue output_;
  BufferQueue capture_;
  DecoderFormats formats_;
  Controls controls_;
  EventQueue events_;
  TagHistory tags_;

  svpu_decoder_state state_{};
  std::unique_ptr<codec::Session> session_;
  std::shared_ptr<SessionLink> link_;  // of session_
  std::vector<std::unique_ptr<codec::Session>> buried_;
  std::optional<codec::StreamFormat> announced_;  // by the session, not applied yet
  std::optional<FrameLayout> told_layout_;        // what the session writes
  uint32_t flush_generation_ = 0;
  // Generation of the unanswered flush that STREAMOFF of the side asked for, 0: none.
  uint32_t input_flush_pending_ = 0;
  uint32_t output_flush_pending_ = 0;
  uint64_t next_cookie_ = 1;
  bool drain_damaged_ = false;  // what a drain ended had damage that only its LAST buffer can tell
  bool return_asked_ = false;   // return_output() was called for the LAST buffer that is wanted
  // Polls that reported the error of the session that failed last; at kPatientPolls they end, see there.
  uint32_t error_polls_ = 0;
  size_t stop_covers_ = 0;  // buffers at the head of OUTPUT that were queued before the accepted STOP
  int start_error_ = 0;     // of the last SVPU_DO_START_SESSION

  ReadinessSink* sink_ = nullptr;
  Levels published_;
  bool completed_in_ = false;
  bool completed_out_ = false;
  bool completed_pri_ = false;
  // What sleepers watch: counts changes. Written under the lock; the futex reads it without.
  std::atomic<uint32_t> wake_{0};
  bool somebody_sleeps_ = false;
};

// Copies the argument in, finds the handler, runs it under the lock, copies the answer out (ioctl_dispatch.cc).
int dispatch_ioctl(M2mFile& file, unsigned long request, void* arg, bool nonblocking);

}  // namespace softvpu::v4l2
