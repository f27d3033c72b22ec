// SPDX-License-Identifier: GPL-2.0-or-later
// The worker over a real region: as a thread of this process, and as the jailed program itself.
#include "firmware/worker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <ostream>
#include <thread>

#include "firmware/libav/testing/clip.h"
#include "firmware/testing/host.h"

namespace softvpu::firmware::testing {
namespace {

using hfi::WireStatus;
namespace cmd = hfi::cmd;

enum class Place { kThread, kProcess };
void PrintTo(Place place, std::ostream* out) { *out << (place == Place::kThread ? "AThread" : "AProcess"); }

class AWorker : public ::testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    if (GetParam() == Place::kProcess) {
      pid_ = host_.spawn(SOFTVPU_FW);
      ASSERT_GT(pid_, 0);
    } else {
      thread_ = std::thread([socket = host_.port().take_firmware_socket().release(), this] {
        auto endpoint = hfi::FirmwareEndpoint::attach(UniqueFd(socket), std::chrono::seconds(5));
        if (!endpoint) return;
        Worker worker(**endpoint);
        if (worker.say_ready(0)) end_ = worker.run();
      });
    }
    ASSERT_TRUE(host_.wait_for([&] { return host_.ready.has_value(); })) << "no READY";
  }
  void TearDown() override { finish(); }

  // Hangs up and waits for the end. Returns the process's wait status (0 for a thread).
  int finish() {
    host_.port().hang_up();
    if (thread_.joinable()) thread_.join();
    return reap();
  }
  int reap() {
    int status = 0;
    if (pid_ > 0) waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  bool is_process() const { return GetParam() == Place::kProcess; }

  Host host_;
  pid_t pid_ = -1;
  std::thread thread_;
  std::optional<Worker::End> end_;
};

INSTANTIATE_TEST_SUITE_P(In, AWorker, ::testing::Values(Place::kThread, Place::kProcess),
                         [](const auto& test) { return ::testing::PrintToString(test.param); });

TEST_P(AWorker, SaysReadyFromInsideTheJail) {
  EXPECT_NE(host_.ready->name.find("libavcodec"), std::string::npos);
  if (is_process()) {
    EXPECT_EQ(host_.ready->jail, SVPU_JAIL_SECCOMP);
  }
}

TEST_P(AWorker, TellsItsCapabilities) {
  ASSERT_TRUE(host_.send(cmd::QueryCapabilities{}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.capabilities_end; }));
  ASSERT_EQ(host_.capabilities.size(), 11u) << "five decoders, four encoders, FWHT in both directions";
  EXPECT_EQ(host_.capabilities[0].codec.coded, static_cast<uint32_t>(kH264));
  EXPECT_EQ(host_.capabilities[0].codec.flags, kContinuousByteStream | kDynamicResolution);
  EXPECT_EQ(host_.capabilities[0].controls.size(), 2u) << "profile and level";
  // The preferred one first, of every codec: docs/adr/0009.
  const std::vector<uint32_t> raw{static_cast<uint32_t>(kNv12), static_cast<uint32_t>(kYuv420)};
  for (const auto& one : host_.capabilities) {
    if (one.codec.coded == static_cast<uint32_t>(make_fourcc('F', 'W', 'H', 'T'))) continue;
    std::vector<uint32_t> offered;
    for (const hfi::msg::RawFormat& format : one.raw) offered.push_back(format.fourcc);
    // An encoder takes more of them.
    if (one.codec.role == hfi::Role::kEncoder) offered.resize(raw.size());
    EXPECT_EQ(offered, raw) << one.codec.coded;
  }
  EXPECT_TRUE(host_.complaints.empty()) << host_.complaints[0];
}

// What HFI 2.0 has room for and no codec here has: an error that says so, not a frame without it.
TEST_P(AWorker, RefusesMemoryForParameters) {
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.send(cmd::MapBuffer{hfi::Direction::kParameters, {0, 1}, 1, {svpu_plane{0, 4096, 4096}}}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.session_error.has_value(); }));
  EXPECT_EQ(host_.session_error->status, WireStatus::kUnsupported);
  EXPECT_NE(host_.session_error->text.find("parameters"), std::string::npos) << host_.session_error->text;
}

using ChangeInput = void (*)(cmd::QueueInput& input);

class AWorkersInput : public AWorker {
 protected:
  void expect_refused(ChangeInput change) {
    ASSERT_TRUE(host_.configure(kH264));
    ASSERT_TRUE(host_.map_inputs());
    cmd::QueueInput input = hfi::coded_input({0, 1}, 0, 10, 0);
    change(input);
    ASSERT_TRUE(host_.send(input, 500));
    ASSERT_TRUE(host_.wait_for([&] { return host_.session_error.has_value(); }));
    EXPECT_EQ(host_.session_error->status, WireStatus::kUnsupported);
  }
};

INSTANTIATE_TEST_SUITE_P(In, AWorkersInput, ::testing::Values(Place::kThread),
                         [](const auto& test) { return ::testing::PrintToString(test.param); });

TEST_P(AWorkersInput, HasOnePlane) {
  expect_refused([](cmd::QueueInput& input) { input.num_planes = 2; });
}
TEST_P(AWorkersInput, HasNoParameters) {
  expect_refused([](cmd::QueueInput& input) { input.parameters_generation = 1; });
}
TEST_P(AWorkersInput, HasNoOutputOfItsOwn) {
  expect_refused([](cmd::QueueInput& input) { input.output = 7; });
}

TEST_P(AWorker, DecodesEveryCodecBitForBit) {
  // One session a worker: the other codecs are DecodesACodec's, in processes of their own.
  const Packets clip = make_clip({});
  ASSERT_TRUE(host_.configure(kH264, 2));
  ASSERT_TRUE(host_.map_inputs());
  ASSERT_TRUE(host_.decode(clip, 6, kYuv420));
  std::vector<std::string> sums;
  for (const Picture& picture : host_.pictures) sums.push_back(picture.md5);
  EXPECT_EQ(sums, plain_sums(AV_CODEC_ID_H264, clip));
  EXPECT_TRUE(host_.complaints.empty());
  EXPECT_EQ(host_.inputs[WireStatus::kOk], 30);
  EXPECT_EQ(host_.outputs[WireStatus::kOk], 30);
}

TEST_P(AWorker, DeliversNv12) {
  const Packets clip = make_clip({.frames = 10});
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.map_inputs());
  ASSERT_TRUE(host_.decode(clip, 3, kNv12));
  std::vector<std::string> sums;
  for (const Picture& picture : host_.pictures) sums.push_back(picture.md5);
  EXPECT_EQ(sums, plain_sums(AV_CODEC_ID_H264, clip));
}

TEST_P(AWorker, AnswersFlushesAfterTheBuffersTheyCancel) {
  const Packets clip = make_clip({.frames = 20});
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.map_inputs());
  // No outputs are ever set up, so the inputs wait for the announcement to be answered.
  for (size_t i = 0; i < Host::kInputs; ++i) ASSERT_TRUE(host_.feed(clip[i], i));
  ASSERT_TRUE(host_.wait_for([&] { return host_.format.has_value(); }));
  ASSERT_TRUE(host_.send(cmd::Flush{hfi::Direction::kInput, 17}));
  ASSERT_TRUE(host_.wait_for([&] { return !host_.flushed.empty(); }));
  EXPECT_EQ(host_.flushed[0], (hfi::msg::Flushed{hfi::Direction::kInput, 17}));
  EXPECT_EQ(host_.inputs[WireStatus::kCancelled], static_cast<int>(Host::kInputs));
  EXPECT_TRUE(std::holds_alternative<hfi::msg::Flushed>(host_.messages.back().body));
}

TEST_P(AWorker, AnswersPingsWhileItDecodes) {
  const Packets clip = make_clip({.width = 1280, .height = 720, .frames = 12, .b_frames = 0});
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.map_inputs());
  std::vector<uint8_t> all;
  for (const auto& packet : clip) all.insert(all.end(), packet.begin(), packet.end());
  ASSERT_TRUE(host_.feed(all, 1));
  ASSERT_TRUE(host_.wait_for([&] { return host_.format.has_value(); }));
  host_.set_up_outputs(20, kYuv420);
  for (uint64_t cookie = 100; cookie < 120; ++cookie) {
    ASSERT_TRUE(host_.send(cmd::Ping{}, cookie));
    ASSERT_TRUE(host_.wait_for([&] { return !host_.pongs.empty() && host_.pongs.back() == cookie; }, 2000));
  }
  ASSERT_TRUE(host_.send(cmd::Drain{}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.drains == 1; }));
  EXPECT_EQ(host_.pictures.size(), 12u);
}

TEST_P(AWorker, EndsWhenTheHostHangsUpWhateverItDoes) {
  const Packets clip = make_clip({.width = 1280, .height = 720, .frames = 30});
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.map_inputs());
  ASSERT_TRUE(host_.feed(clip[0], 1));
  const TimePoint before = system_clock().now();
  const int status = finish();
  EXPECT_LT(system_clock().now() - before, std::chrono::seconds(5));
  if (is_process()) {
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  } else {
    EXPECT_EQ(end_, Worker::End::kHostGone);
  }
}

TEST_P(AWorker, EndsAtAbort) {
  ASSERT_TRUE(host_.send(cmd::Abort{}));
  if (thread_.joinable()) thread_.join();
  const int status = reap();
  if (is_process()) {
    EXPECT_TRUE(WIFEXITED(status));
  } else {
    EXPECT_EQ(end_, Worker::End::kAborted);
  }
}

TEST_P(AWorker, CrashesOnDemandWithLastWords) {
  if (!is_process()) GTEST_SKIP() << "it would take this program with it";
  ASSERT_TRUE(host_.configure(kH264, 1, true));
  ASSERT_TRUE(host_.send(cmd::Crash{}));
  const int status = reap();
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
  const std::string words = host_.port().region().read_last_words();
  EXPECT_NE(words.find("SIGABRT"), std::string::npos) << words;
  EXPECT_NE(words.find("crashing on demand"), std::string::npos) << words;
}

TEST_P(AWorker, RefusesToCrashOutsideOfTests) {
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.send(cmd::Crash{}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.session_error.has_value(); }));
  EXPECT_EQ(host_.session_error->status, WireStatus::kState);
}

TEST_P(AWorker, ReportsAStreamThatItCannotDeliver) {
  const Packets clip = make_clip({.frames = 3, .format = AV_PIX_FMT_YUV422P});
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.map_inputs());
  ASSERT_TRUE(host_.feed(clip[0], 1));
  ASSERT_TRUE(host_.wait_for([&] { return host_.session_error.has_value(); }));
  EXPECT_EQ(host_.session_error->status, WireStatus::kUnsupported);
  EXPECT_NE(host_.session_error->text.find("4:2:2"), std::string::npos) << host_.session_error->text;
  EXPECT_TRUE(host_.inputs.empty()) << "the error is the last message";
}

TEST_P(AWorker, RefusesWhatItCannotDo) {
  ASSERT_TRUE(host_.send(cmd::Configure{.role = hfi::Role::kEncoder, .coded = static_cast<uint32_t>(kMpeg2)}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.configured.has_value(); }));
  EXPECT_EQ(host_.configured, WireStatus::kUnsupported);
  host_.configured.reset();
  ASSERT_TRUE(host_.send(cmd::Configure{.coded = 0x20202020}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.configured.has_value(); }));
  EXPECT_EQ(host_.configured, WireStatus::kUnsupported);
  host_.configured.reset();
  ASSERT_TRUE(host_.configure(kVp8)) << "the next CONFIGURE may be right";
  host_.configured.reset();
  ASSERT_TRUE(host_.send(cmd::Configure{.coded = static_cast<uint32_t>(kVp8)}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.configured.has_value(); }));
  EXPECT_EQ(host_.configured, WireStatus::kState) << "twice";
}

TEST_P(AWorker, AnswersBuffersItDoesNotKnow) {
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.map_inputs());
  ASSERT_TRUE(host_.send(hfi::coded_input({9, 1}, 0, 10, 0), 501));
  ASSERT_TRUE(host_.send(hfi::coded_input({0, 99}, 0, 10, 0), 502));
  ASSERT_TRUE(host_.send(hfi::coded_input({0, 1}, 1u << 20, 4097, 0), 503));
  ASSERT_TRUE(host_.send(cmd::QueueOutput{{0, 1}}, 504));
  ASSERT_TRUE(host_.wait_for([&] {
    size_t answers = 0;
    for (const hfi::Message& message : host_.messages) answers += message.cookie >= 501 && message.cookie <= 504 ? 1 : 0;
    return answers == 4;
  }));
  for (const hfi::Message& message : host_.messages) {
    if (const auto* done = std::get_if<hfi::msg::InputDone>(&message.body)) {
      EXPECT_EQ(done->status, message.cookie == 503 ? WireStatus::kTooSmall : WireStatus::kInvalid);
    }
    if (const auto* done = std::get_if<hfi::msg::OutputDone>(&message.body)) {
      EXPECT_EQ(done->status, WireStatus::kInvalid);
    }
  }
  EXPECT_FALSE(host_.over());
}

TEST_P(AWorker, RefusesMemoryThatIsSmallerThanItSays) {
  ASSERT_TRUE(host_.configure(kH264));
  auto memory = SharedMemory::create("small", 4096);
  ASSERT_TRUE(memory);
  const int fd = memory->fd();
  ASSERT_EQ(host_.port().send_memory(hfi::Direction::kOutput, {3, 1}, {&fd, 1}), hfi::HostLink::SendOutcome::kOk);
  cmd::MapBuffer command{.direction = hfi::Direction::kOutput, .buffer = {3, 1}, .num_planes = 1};
  command.plane[0] = {0, 1 << 20, 1 << 20};
  ASSERT_TRUE(host_.send(command));
  ASSERT_TRUE(host_.wait_for([&] { return host_.session_error.has_value(); }));
  EXPECT_EQ(host_.session_error->status, WireStatus::kInvalid);
}

TEST_P(AWorker, RefusesWhatIsNotMemory) {
  ASSERT_TRUE(host_.configure(kH264));
  const UniqueFd directory(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const int fd = directory.get();
  ASSERT_EQ(host_.port().send_memory(hfi::Direction::kInput, {3, 1}, {&fd, 1}), hfi::HostLink::SendOutcome::kOk);
  cmd::MapBuffer command{.direction = hfi::Direction::kInput, .buffer = {3, 1}, .num_planes = 1};
  command.plane[0] = {0, 1 << 20, 1 << 20};
  ASSERT_TRUE(host_.send(command));
  ASSERT_TRUE(host_.wait_for([&] { return host_.session_error.has_value(); }));
}

TEST_P(AWorker, RefusesALayoutThatReachesPastItsPlane) {
  ASSERT_TRUE(host_.configure(kH264));
  cmd::SetLayout command{
      .fourcc = static_cast<uint32_t>(kYuv420), .width = 64, .height = 64, .memory_planes = 1, .components = 3};
  command.stride = {64, 32, 32};
  command.offset = {0, 4096, 5120};
  command.plane_size = {6000};
  ASSERT_TRUE(host_.send(command));
  ASSERT_TRUE(host_.wait_for([&] { return host_.session_error.has_value(); }));
  EXPECT_NE(host_.session_error->text.find("component 2"), std::string::npos);
}

TEST_P(AWorker, GivesAnOutputBackWhenAsked) {
  const Packets clip = make_clip({.frames = 4, .b_frames = 0});
  ASSERT_TRUE(host_.configure(kH264));
  ASSERT_TRUE(host_.map_inputs());
  ASSERT_TRUE(host_.decode(clip, 4, kYuv420));
  ASSERT_TRUE(host_.send(cmd::ReturnOutput{}));
  ASSERT_TRUE(host_.wait_for([&] { return host_.outputs[WireStatus::kCancelled] == 1; }));
  EXPECT_EQ(host_.open_outputs(), 3u);
}

class AWorkerProcess : public ::testing::TestWithParam<CodecUnderTest> {};
INSTANTIATE_TEST_SUITE_P(Of, AWorkerProcess, ::testing::ValuesIn(kCodecs),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(AWorkerProcess, DecodesInTheJail) {
  const CodecUnderTest codec = GetParam();
  const Packets clip = make_clip({.encoder = codec.encoder});
  const Packets other = make_clip({.encoder = codec.encoder, .width = 96, .height = 80, .frames = 8});
  if (clip.empty()) GTEST_SKIP() << "this libavcodec has no " << codec.encoder;
  Packets both = clip;
  both.insert(both.end(), other.begin(), other.end());
  Host host;
  const pid_t pid = host.spawn(SOFTVPU_FW);
  ASSERT_TRUE(host.configure(codec.coded, 2));
  ASSERT_TRUE(host.map_inputs());
  EXPECT_TRUE(host.decode(both, 5, kYuv420))
      << (host.session_error ? host.session_error->text : host.port().region().read_last_words());
  std::vector<std::string> sums;
  for (const Picture& picture : host.pictures) sums.push_back(picture.md5);
  auto expected = plain_sums(codec.id, clip);
  for (const std::string& sum : plain_sums(codec.id, other)) expected.push_back(sum);
  EXPECT_EQ(sums, expected);
  EXPECT_TRUE(host.complaints.empty());
  host.port().hang_up();
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(AWorkerProgram, ExplainsItselfWhenStartedByHand) {
  const std::string command = std::string(SOFTVPU_FW) + " 2>&1 3<&-";
  FILE* output = popen(command.c_str(), "r");
  ASSERT_NE(output, nullptr);
  char text[1024] = {};
  const size_t size = fread(text, 1, sizeof(text) - 1, output);
  const int status = pclose(output);
  EXPECT_GT(size, 0u);
  EXPECT_NE(std::string(text).find("softvpu run"), std::string::npos) << text;
  EXPECT_EQ(WEXITSTATUS(status), 2);
}

}  // namespace
}  // namespace softvpu::firmware::testing
