// SPDX-License-Identifier: LGPL-2.1-or-later
// The real worker, in its own jailed process, passes the contract that every lower half passes, with real codecs.
#include "tests/contract/encode.h"
#include "tests/contract/session_contract.h"
#include "vpu/driver.h"

namespace softvpu::codec::contract {
namespace {

class WorkerBench final : public Bench {
 public:
  WorkerBench(FourCC coded, const char* encoder) : coded_(coded), encoder_(encoder) {}
  Driver& driver() override { return driver_; }
  FourCC coded() override { return coded_; }
  std::vector<std::vector<uint8_t>> stream(Size size, uint32_t frames) override {
    auto chunks = tests::encode(encoder_, size, frames);
    EXPECT_EQ(chunks.size(), frames);
    return chunks;
  }
  std::chrono::milliseconds patience() override { return std::chrono::seconds(60); }
  std::chrono::milliseconds quiet() override { return std::chrono::milliseconds(150); }

 private:
  const FourCC coded_;
  const char* const encoder_;
  EventLoop loop_;
  vpu::VpuDriver driver_{vpu::VpuConfig{.firmware = SOFTVPU_FW, .loop = &loop_}};
};

std::unique_ptr<Bench> h264() { return std::make_unique<WorkerBench>(kH264, "libx264"); }
std::unique_ptr<Bench> mpeg2() { return std::make_unique<WorkerBench>(kMpeg2, "mpeg2video"); }
std::unique_ptr<Bench> vp8() { return std::make_unique<WorkerBench>(kVp8, "libvpx"); }

INSTANTIATE_TEST_SUITE_P(Worker, SessionContract,
                         testing::Values(MakeBench{"H264", &h264}, MakeBench{"Mpeg2", &mpeg2}, MakeBench{"Vp8", &vp8}),
                         bench_name);

}  // namespace
}  // namespace softvpu::codec::contract
