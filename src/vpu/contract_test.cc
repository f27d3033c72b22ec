// SPDX-License-Identifier: LGPL-2.1-or-later
// The lower half over HFI passes the contract that every lower half passes; the null codec is behind the wire.
#include "tests/contract/session_contract.h"

#include "vpu/driver.h"
#include "vpu/testing/played_firmware.h"

namespace softvpu::codec::contract {
namespace {

class WireBench final : public Bench {
 public:
  Driver& driver() override { return driver_; }
  FourCC coded() override { return kH264; }
  std::vector<std::vector<uint8_t>> stream(Size size, uint32_t frames) override {
    StreamFormat format;
    format.coded = size;
    format.visible = {0, 0, size.width, size.height};
    format.min_output_buffers = 2;
    format.native = kYuv420;
    std::vector<std::vector<uint8_t>> chunks;
    for (uint32_t i = 0; i < frames; ++i) {
      auto chunk = i == 0 ? null_header(format, 1) : std::vector<uint8_t>{};
      const auto frame = null_frame(i == 0 ? FrameType::kKey : FrameType::kP, static_cast<uint8_t>(i));
      chunk.insert(chunk.end(), frame.begin(), frame.end());
      chunks.push_back(std::move(chunk));
    }
    return chunks;
  }
  std::vector<uint8_t> fatal_chunk() override { return null_fatal(); }

 private:
  // Destroyed in the reverse order: the driver, the loop with its thread, then the firmwares.
  std::mutex mutex_;
  std::vector<std::unique_ptr<vpu::PlayedFirmware>> firmwares_;
  EventLoop loop_;
  vpu::VpuDriver driver_{config()};

  vpu::VpuConfig config() {
    vpu::VpuConfig config;
    config.loop = &loop_;
    config.make_link = [this]() -> Result<std::unique_ptr<hfi::HostLink>> {
      auto pair = hfi::LoopbackLink::create(1);
      if (!pair) return Unexpected(pair.error());
      const std::lock_guard lock(mutex_);
      firmwares_.push_back(std::make_unique<vpu::PlayedFirmware>(std::move(pair->firmware)));
      return std::unique_ptr<hfi::HostLink>(std::move(pair->link));
    };
    return config;
  }
};

std::unique_ptr<Bench> make_wire_bench() { return std::make_unique<WireBench>(); }

INSTANTIATE_TEST_SUITE_P(Wire, SessionContract, testing::Values(MakeBench{"Played", &make_wire_bench}), bench_name);

}  // namespace
}  // namespace softvpu::codec::contract
