// SPDX-License-Identifier: LGPL-2.1-or-later
// The lower half over HFI: codec::Driver whose sessions are firmware workers. Assembled by front/preload and the apps.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/event_loop.h"
#include "codec/session.h"
#include "vpu/process_link.h"
#include "vpu/session_core.h"
#include "vpu/worker_source.h"

namespace softvpu::vpu {

struct VpuConfig {
  std::string firmware;         // path of softvpu-fw; empty: find_firmware() looks for it
  std::string capability_file;  // a saved table; empty: ask a worker
  std::string workers;          // SpareWorkers' socket; empty: every worker is started here
  WatchdogLimits limits;
  EventLoop* loop = nullptr;   // nullptr: EventLoop::process()
  LinkFactory make_link;       // empty: a worker process; tests give their own
  bool test_commands = false;  // sessions obey VpuSession::crash()
  const Clock* clock = &system_clock();

  // SOFTVPU_FW, SOFTVPU_CAPS, SOFTVPU_WORKERS, SOFTVPU_WATCHDOG_MS (the ping limit, 1 to 3600000). What isn't valid is ignored,
  // with a log line.
  static VpuConfig from_environment();
};

// Threads: any.
class VpuDriver final : public codec::Driver {
 public:
  explicit VpuDriver(VpuConfig config);

  // The first call reads the table or asks a worker (it waits for that one); the answer is kept, an error isn't.
  Result<codec::Capabilities> capabilities() override;
  Result<std::unique_ptr<codec::Session>> open_session(const codec::SessionConfig& config,
                                                       std::weak_ptr<codec::SessionEvents> events) override;

  const Statistics& statistics() const { return *statistics_; }

 private:
  Result<codec::Capabilities> find_out();
  Result<std::unique_ptr<hfi::HostLink>> make_link();
  Status open_firmware_once();

  const VpuConfig config_;
  WorkerSource workers_;
  EventLoop& loop_;
  const std::shared_ptr<Statistics> statistics_;
  std::mutex mutex_;  // guards capabilities_ and firmware_
  std::optional<codec::Capabilities> capabilities_;
  Firmware firmware_;  // found, and from then on the same
};

// The seam's Session. Its destruction returns at once and waits for nothing: not for the worker, not for an event that is being
// told on the loop thread. That event may therefore still run, blocked on the owner's own lock, when destruction is over; an
// owner that must not see it compares, under that lock, whether the session is still the one it has. No event begins afterwards.
class VpuSession final : public codec::Session {
 public:
  explicit VpuSession(std::shared_ptr<SessionCore> core) : core_(std::move(core)) {}
  ~VpuSession() override { core_->close(); }

  Status map_buffer(codec::Direction side, codec::BufferHandle buffer, std::span<const codec::PlaneMemory> planes) override {
    return core_->map_buffer(side, buffer, planes);
  }
  Status unmap_buffer(codec::Direction side, codec::BufferHandle buffer) override { return core_->unmap_buffer(side, buffer); }
  Status set_frame_layout(const FrameLayout& layout) override { return core_->set_frame_layout(layout); }
  Status set_control(uint32_t id, int64_t value) override { return core_->set_control(id, value); }
  Status set_frame_interval(FrameInterval interval) override { return core_->set_frame_interval(interval); }
  Status start() override { return core_->start(); }
  Status queue_input(const codec::InputChunk& chunk) override { return core_->queue_input(chunk); }
  Status queue_output(codec::BufferHandle buffer, codec::Cookie cookie) override { return core_->queue_output(buffer, cookie); }
  Status resume() override { return core_->resume(); }
  Status drain() override { return core_->drain(); }
  Status return_output() override { return core_->return_output(); }
  Status flush(codec::Direction side, uint32_t generation) override { return core_->flush(side, generation); }
  void give_up(const std::string& reason) override { core_->give_up(reason); }

  // For tests, with VpuConfig::test_commands: the worker crashes on demand.
  Status crash() { return core_->crash(); }

 private:
  const std::shared_ptr<SessionCore> core_;
};

}  // namespace softvpu::vpu
