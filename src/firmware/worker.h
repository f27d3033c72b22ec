// SPDX-License-Identifier: GPL-2.0-or-later
// One session's worker: commands of the host -> buffers and codec, events of the codec -> messages. docs/hfi.md, the order of
// things. apps/softvpu-fw runs it in the jail; tests run it in-process over a loopback link.
//
// Threads: run() is the control thread. It answers pings and watches the codec thread, which owns the codec and sends what the
// codec reports. Commands are read by whichever of the two is awake: by the codec thread between two pieces of work, so that a
// busy worker is never rung for them, and by the control thread when it is rung or has napped. A lock makes them one dispatcher.
//
// FrameBell decides when the host is rung for frames and used inputs.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "firmware/buffers.h"
#include "firmware/catalog.h"
#include "firmware/codec_thread.h"
#include "firmware/frame_bell.h"
#include "firmware/processor_lease.h"
#include "hfi/firmware_endpoint.h"

namespace softvpu::firmware {

class Worker final : private CodecEvents {
 public:
  enum class End {
    kHostGone,  // hung up
    kAborted,   // told to end
    kProtocol,  // the host broke the rings
    kStuck,     // the codec thread didn't come back in time
  };
  struct Options {
    // One access unit or picture may take this long.
    Duration step_limit = std::chrono::seconds(30);
    ProcessorLease* lease = nullptr;   // of the process, renewed while the host is there
    const Catalog* catalog = nullptr;  // outlives the worker; nullptr: codec_catalog()
    bool by_hand = false;              // without a codec thread: step() in place of run(), for fuzz targets
  };

  explicit Worker(hfi::FirmwareEndpoint& endpoint) : Worker(endpoint, Options{}) {}
  Worker(hfi::FirmwareEndpoint& endpoint, Options options);
  ~Worker() override;

  // Says READY; `jail` is its SVPU_JAIL_* bits. False: the host is gone.
  bool say_ready(uint32_t jail);
  // Until the end. With kStuck and kHostGone the codec thread may still be inside a library: the caller ends the process.
  End run();
  // One round of run(), with all that the codec thread would do, and without waiting for anything but a host that doesn't read.
  std::optional<End> step();

 private:
  // Any thread; the next one with dispatch_mutex_ held, and all that it calls.
  std::optional<End> dispatch_commands();
  std::optional<End> dispatch_next_commands();
  std::optional<End> dispatch(const hfi::Command& command);
  // Codec thread.
  void between_steps();
  void before_sleep();
  // Control thread: until the host, or the codec thread's long work, wants it.
  hfi::FirmwareEndpoint::Wake sleep();
  std::optional<End> watch();

  void answer_capabilities();
  void configure(const hfi::cmd::Configure& command);
  void map_buffer(const hfi::cmd::MapBuffer& command);
  void set_control(const hfi::cmd::SetControl& command);
  void set_interval(const hfi::cmd::SetInterval& command);
  void set_layout(const hfi::cmd::SetLayout& command);
  void queue_input(uint64_t cookie, const hfi::cmd::QueueInput& command);
  // Those of one role. kOk, or what the input is answered with.
  hfi::WireStatus find_coded_bytes(const hfi::cmd::QueueInput& command, const MappedBuffer& memory, InputBuffer& input);
  hfi::WireStatus find_raw_picture(const hfi::cmd::QueueInput& command, const MappedBuffer& memory, InputBuffer& input);
  void queue_output(uint64_t cookie, const hfi::cmd::QueueOutput& command);
  void flush(const hfi::cmd::Flush& command);
  void unmap_buffer(const hfi::cmd::UnmapBuffer& command);
  void tell_unmapped();
  void post(CodecThread::Task task);
  // Reports once that the session has ended; the host then ends the worker.
  void session_error(hfi::WireStatus status, const std::string& text);
  using Bell = hfi::FirmwareEndpoint::Bell;
  void send(uint64_t cookie, hfi::msg::Body body, Bell bell = Bell::kNow);

  // Codec thread.
  void report(Cookie cookie, hfi::msg::Body body, Bell bell = Bell::kNow);
  void input_done(Cookie cookie, DoneStatus status) override;
  void output_done(const OutputDone& done) override;
  void format_changed(const StreamFormat& format, bool initial) override;
  void drained(DoneStatus status) override;
  void failed(const Error& error) override;

  hfi::FirmwareEndpoint& endpoint_;
  const Options options_;
  const Catalog& catalog_;
  // Buffers that nobody here holds any more. Said by the control thread: the last reference may be
  // dropped by a libavcodec thread, which must not wait for the host.
  std::mutex unmapped_mutex_;
  std::vector<hfi::msg::Unmapped> unmapped_;
  std::mutex dispatch_mutex_;  // guards the next five, and the endpoint's reading of commands
  Buffers buffers_;
  const CodecInfo* codec_ = nullptr;    // of the catalog, once configured; written before there is a codec thread
  std::optional<FrameLayout> picture_;  // an encoder's inputs lie so
  bool test_ = false;
  std::optional<End> end_;              // once set it stays; the control thread ends run() with it
  FrameBell bell_;                      // codec thread, once there is one
  std::atomic<bool> over_{false};       // session_error() was said. Both threads.
  std::atomic<bool> host_gone_{false};  // set by send() of either thread, read by run()
  CodecThread thread_;                  // last: it ends first
};

}  // namespace softvpu::firmware
