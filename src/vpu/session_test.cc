// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's side of a session: what is sent when, what never blocks, and who may release what, and
// when. The firmware is the test (FirmwareBench) or the null codec behind the wire
// (PlayedFirmware).
#include <fcntl.h>
#include <sys/mman.h>

#include <mutex>
#include <set>
#include <thread>

#include "hfi/testing/later_minor.h"
#include "tests/hostile/firmware_bench.h"
#include "vpu/testing/played_firmware.h"

namespace softvpu::hostile {
namespace {

namespace cmd = hfi::cmd;
namespace msg = hfi::msg;

using ASession = FirmwareBench;

TEST_F(ASession, StartsNothingUntilItIsStarted) {
  queue(Direction::kInput, 0, /*read=*/false);
  EXPECT_EQ(firmware_, nullptr);
}

TEST_F(ASession, SendsWhatWasAskedBeforeTheStartInOrder) {
  const BufferHandle input = map(Direction::kInput, 3);
  ASSERT_TRUE(session_->set_control(0x990a6b, 4));
  const Cookie cookie = queue(Direction::kInput, input);
  ASSERT_TRUE(session_->drain());
  ASSERT_TRUE(session_->start());
  ASSERT_TRUE(session_->start());  // once more changes nothing
  EXPECT_EQ(std::get<cmd::Configure>(next_command().body).coded, static_cast<uint32_t>(kH264));
  const auto mapped = std::get<cmd::MapBuffer>(next_command().body);
  EXPECT_EQ(mapped.buffer, (hfi::BufferName{3, input.generation}));
  EXPECT_EQ(mapped.plane[0].length, 4096u);
  EXPECT_TRUE(firmware().take_memory(hfi::Direction::kInput, mapped.buffer));
  EXPECT_EQ(std::get<cmd::SetControl>(next_command().body).value, 4);
  const auto queued = next_command();
  EXPECT_EQ(queued.cookie, static_cast<uint64_t>(cookie));
  EXPECT_EQ(std::get<cmd::QueueInput>(queued.body).plane[0].bytes, 100u);
  expect<cmd::Drain>();
  expect<cmd::Start>();
  EXPECT_TRUE(firmware().wait(0ms).timeout);
}

// What an encoder's host says of its pictures: CONFIGURE has room for it.
TEST(AnEncodersConfiguration, SaysWhatItsPicturesAre) {
  const auto sent = vpu::to_wire(
      {.role = codec::Role::kEncoder, .coded = kVp8, .size_hint = {640, 360}, .interval = {1001, 30000}, .colour = {1, 2, 3, 4}},
      false);
  EXPECT_EQ(sent.role, Role::kEncoder);
  EXPECT_EQ(sent.width_hint, 640u);
  EXPECT_EQ(sent.interval_num, 1001u);
  EXPECT_EQ(sent.colorspace, 1u);
  EXPECT_EQ(sent.xfer_func, 2u);
  EXPECT_EQ(sent.ycbcr_enc, 3u);
  EXPECT_EQ(sent.quantization, 4u);
}

TEST_F(ASession, SendsAnEncodersFrameIntervalAmongItsInputs) {
  EXPECT_EQ(session_->set_frame_interval({1, 30}).error().code, EINVAL) << "a decoder";
  open(codec::Role::kEncoder);
  EXPECT_EQ(session_->set_frame_interval({0, 30}).error().code, EINVAL);
  EXPECT_EQ(session_->set_frame_interval({1, 0}).error().code, EINVAL);
  stream();
  const BufferHandle input = map(Direction::kInput, 0);
  ASSERT_TRUE(session_->set_frame_interval({1001, 30000}));
  queue(Direction::kInput, input);
  expect<cmd::MapBuffer>();
  EXPECT_EQ(std::get<cmd::SetInterval>(next_command().body), (cmd::SetInterval{1001, 30000}));
  expect<cmd::QueueInput>();
}

// What an encoder's host says of a picture in two memory planes.
TEST_F(ASession, SendsEveryPlaneOfAnInput) {
  const auto memory = SharedMemory::create("picture", 8192);
  ASSERT_TRUE(memory);
  const codec::PlaneMemory planes[] = {{memory->fd(), 0, 4096, 4096}, {memory->fd(), 4096, 2048, 4096}};
  ASSERT_TRUE(session_->map_buffer(Direction::kInput, {4, 1}, planes));
  ASSERT_TRUE(session_->queue_input({.buffer = {4, 1},
                                     .cookie = Cookie{900},
                                     .tag = Tag{5},
                                     .plane = {{{16, 4080}, {8, 2040}}},
                                     .num_planes = 2,
                                     .field = FrameField::kInterlacedBottomFirst}));
  ASSERT_TRUE(session_->start());
  expect<cmd::Configure>();
  expect<cmd::MapBuffer>();
  const auto queued = next_command();
  EXPECT_EQ(queued.cookie, 900u);
  const auto& input = std::get<cmd::QueueInput>(queued.body);
  EXPECT_EQ(input.num_planes, 2u);
  EXPECT_EQ(input.plane[0], (svpu_chunk{16, 4080}));
  EXPECT_EQ(input.plane[1], (svpu_chunk{8, 2040}));
  EXPECT_EQ(input.field, uint32_t{SVPU_FIELD_BOTTOM_FIRST});
  EXPECT_EQ(input.tag, 5u);
}

// The client reads there, too; and what is mapped for reading can't be made writable if its descriptor isn't.
TEST_F(ASession, LendsTheMemoryOfInputsForReadingOnly) {
  const BufferHandle input = map(Direction::kInput, 3);
  const BufferHandle output = map(Direction::kOutput, 3);
  stream();
  const auto reading = firmware().take_memory(hfi::Direction::kInput, {3, input.generation});
  ASSERT_TRUE(reading) << reading.error().reason;
  EXPECT_EQ(fcntl((*reading)->fd(0), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, (*reading)->fd(0), 0), MAP_FAILED);
  void* const at = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, (*reading)->fd(0), 0);
  ASSERT_NE(at, MAP_FAILED);
  EXPECT_EQ(mprotect(at, 4096, PROT_READ | PROT_WRITE), -1);
  munmap(at, 4096);
  const auto writing = firmware().take_memory(hfi::Direction::kOutput, {3, output.generation});
  ASSERT_TRUE(writing) << writing.error().reason;
  EXPECT_EQ(fcntl((*writing)->fd(0), F_GETFL) & O_ACCMODE, O_RDWR);
}

TEST_F(ASession, AnswersAFlushBeforeTheStartItself) {
  const BufferHandle a = map(Direction::kInput, 0);
  const BufferHandle b = map(Direction::kOutput, 0);
  const Cookie input = queue(Direction::kInput, a);
  const Cookie output = queue(Direction::kOutput, b);
  ASSERT_TRUE(session_->drain());
  ASSERT_TRUE(session_->flush(Direction::kInput, 4));
  ASSERT_TRUE(session_->flush(Direction::kOutput, 5));
  ASSERT_TRUE(wait_count(Said::kFlushed, 2));
  const auto all = listener_->all();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].cookie, input);
  EXPECT_EQ(all[0].status, DoneStatus::kCancelled);
  EXPECT_EQ(all[1].generation, 4u);
  EXPECT_EQ(all[2].cookie, output);
  EXPECT_EQ(all[3].generation, 5u);
  ASSERT_TRUE(session_->unmap_buffer(Direction::kInput, a));
  ASSERT_TRUE(session_->start());
  expect<cmd::Configure>();
  expect<cmd::MapBuffer>();  // b; neither a, nor a queueing, nor the drain
  expect<cmd::Start>();
}

TEST_F(ASession, GivesAnOutputBackBeforeTheStart) {
  ASSERT_TRUE(session_->return_output());
  const Cookie output = queue(Direction::kOutput, 0, /*read=*/false);
  ASSERT_TRUE(session_->return_output());
  ASSERT_TRUE(wait_count(Said::kOutput, 1));
  EXPECT_EQ(listener_->all()[0].cookie, output);
  EXPECT_EQ(listener_->all()[0].status, DoneStatus::kCancelled);
}

TEST_F(ASession, AsksForAnOutputOnlyWhenOneIsQueued) {
  stream();
  ASSERT_TRUE(session_->return_output());
  const Cookie output = queue(Direction::kOutput, 0);
  ASSERT_TRUE(session_->return_output());
  expect<cmd::ReturnOutput>();
  msg::OutputDone done;
  done.status = hfi::WireStatus::kCancelled;
  say(done, static_cast<uint64_t>(output));
  EXPECT_TRUE(wait_count(Said::kOutput, 1));
}

TEST_F(ASession, SendsOneResumeForEachPause) {
  stream();
  ASSERT_TRUE(session_->resume());  // no pause: nothing is sent
  say(format());
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  ASSERT_TRUE(session_->resume());
  ASSERT_TRUE(session_->resume());
  ASSERT_TRUE(session_->drain());
  expect<cmd::Resume>();
  expect<cmd::Drain>();
}

TEST_F(ASession, TellsWhatTheFirmwareLearntFromTheStream) {
  stream();
  auto message = format(1920, 1088);
  message.visible_height = 1080;
  message.visible_top = 4;
  message.bit_depth = 8;
  message.interlaced = true;
  message.colorspace = 3;
  message.pixel_aspect_num = 4;
  message.pixel_aspect_den = 3;
  message.min_output_buffers = 7;
  say(message);
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  const Said said = listener_->all()[0];
  EXPECT_TRUE(said.initial);
  EXPECT_EQ(said.format.coded, (Size{1920, 1088}));
  EXPECT_EQ(said.format.visible, (Rect{0, 4, 1920, 1080}));
  EXPECT_TRUE(said.format.interlaced);
  EXPECT_EQ(said.format.colour.colorspace, 3u);
  EXPECT_EQ(said.format.pixel_aspect_num, 4u);
  EXPECT_EQ(said.format.min_output_buffers, 7u);
  EXPECT_EQ(said.format.native, kYuv420);
}

TEST_F(ASession, PassesWhatAFrameSaysOfItself) {
  stream();
  const Cookie output = queue(Direction::kOutput, 0);
  say(msg::OutputDone{hfi::WireStatus::kDataError, true, 2, 1, 77, {4096, 0, 0, 0}}, static_cast<uint64_t>(output));
  ASSERT_TRUE(wait_count(Said::kOutput, 1));
  const codec::OutputDone done = listener_->all()[0].output;
  EXPECT_EQ(done.status, DoneStatus::kError);
  EXPECT_EQ(done.tag, Tag{77});
  EXPECT_TRUE(done.has_tag);
  EXPECT_EQ(done.type, codec::FrameType::kP);
  EXPECT_EQ(done.field, codec::FrameField::kInterlacedTopFirst);
  EXPECT_EQ(done.bytes_used[0], 4096u);
}

// docs/hfi.md, Versions: every message is longer than here, and types that there aren't yet come between them.
TEST_F(ASession, UnderstandsAFirmwareOfALaterMinorVersion) {
  auto say_later = [this, sequence = 0u](msg::Body body, uint64_t cookie = 0) mutable {
    const hfi::Entry known = hfi::serialize(hfi::Message{cookie, std::move(body)});
    for (hfi::Entry entry : {hfi::testing::with_appended_fields(known), hfi::testing::of_a_later_type()}) {
      svpu_entry header = entry.header();
      header.sequence = sequence++;
      entry.set_header(header);
      firmware_->raw_push(entry);
    }
  };
  ASSERT_TRUE(session_->start());
  say_later(msg::Ready{1, SVPU_JAIL_SECCOMP, "later"});
  expect<cmd::Configure>();
  say_later(msg::Configured{});
  expect<cmd::Start>();
  const Cookie input = queue(Direction::kInput, 0);
  const Cookie output = queue(Direction::kOutput, 1);
  say_later(format());
  ASSERT_TRUE(wait_count(Said::kFormat, 1));
  ASSERT_TRUE(session_->resume());
  say_later(msg::InputDone{}, static_cast<uint64_t>(input));
  msg::OutputDone done;
  done.bytes_used[0] = 7;
  say_later(done, static_cast<uint64_t>(output));
  ASSERT_TRUE(wait_count(Said::kOutput, 1));
  ASSERT_TRUE(session_->drain());
  say_later(msg::Drained{hfi::WireStatus::kDataError});
  ASSERT_TRUE(wait_count(Said::kDrained, 1));
  EXPECT_EQ(listener_->all().back().status, DoneStatus::kError);
  EXPECT_EQ(count(Said::kInput), 1u);
  EXPECT_EQ(count(Said::kFailed), 0u);
}

TEST_F(ASession, RefusesWhatTheCodecHasNot) {
  EXPECT_FALSE(session_->set_control(1, 0));
  EXPECT_FALSE(session_->set_control(0x990a6b, 5));
  EXPECT_FALSE(session_->set_control(0x990a6b, -1));
  EXPECT_FALSE(session_->set_control(0x990a6b, 64));
  FrameLayout layout = *layout_for(kNv12, {64, 64});
  EXPECT_TRUE(session_->set_frame_layout(layout));
  layout.fourcc = make_fourcc('n', 'o', 'n', 'e');
  EXPECT_FALSE(session_->set_frame_layout(layout));
  layout = *layout_for(kNv12, {64, 64});
  layout.component_plane[1] = 3;
  EXPECT_FALSE(session_->set_frame_layout(layout));
}

TEST_F(ASession, NeverBlocksOnAFullRingAndKeepsTheOrder) {
  stream();
  std::vector<Cookie> cookies;
  const BufferHandle handle = map(Direction::kInput, 0);
  expect<cmd::MapBuffer>();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(session_->set_control(0x990a6b, i % 5));
  const Cookie last = queue(Direction::kInput, handle);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(std::get<cmd::SetControl>(next_command().body).value, i % 5) << i;
  EXPECT_EQ(next_command().cookie, static_cast<uint64_t>(last));
}

// 600 buffers' memory don't fit into the socket of a firmware that isn't reading; they follow once it does.
TEST_F(ASession, NeverBlocksOnAFullSocketAndKeepsTheOrder) {
  stream();
  std::vector<BufferHandle> handles;
  for (uint32_t i = 0; i < 600; ++i) {
    handles.push_back(map(Direction::kInput, i % 64));
    ASSERT_TRUE(session_->unmap_buffer(Direction::kInput, handles.back()));
  }
  for (const BufferHandle& handle : handles) {
    const auto mapped = std::get<cmd::MapBuffer>(expect<cmd::MapBuffer>().body);
    ASSERT_EQ(mapped.buffer.generation, handle.generation);
    ASSERT_TRUE(firmware().take_memory(hfi::Direction::kInput, mapped.buffer));
    expect<cmd::UnmapBuffer>();
  }
}

TEST_F(ASession, MayUnmapWhatAFlushWillReturn) {
  stream();
  const BufferHandle handle = map(Direction::kOutput, 0);
  const Cookie cookie = queue(Direction::kOutput, handle);
  EXPECT_FALSE(session_->unmap_buffer(Direction::kOutput, handle));
  ASSERT_TRUE(session_->flush(Direction::kOutput, 1));
  EXPECT_TRUE(session_->unmap_buffer(Direction::kOutput, handle));
  const BufferHandle again = map(Direction::kOutput, 0);  // the same index, a new generation
  const Cookie next = queue(Direction::kOutput, again);
  msg::OutputDone cancelled;
  cancelled.status = hfi::WireStatus::kCancelled;
  say(cancelled, static_cast<uint64_t>(cookie));
  say(msg::Flushed{hfi::Direction::kOutput, 1});
  say(msg::OutputDone{}, static_cast<uint64_t>(next));
  EXPECT_TRUE(wait_count(Said::kOutput, 2));
  EXPECT_EQ(count(Said::kFailed), 0u);
}

TEST_F(ASession, TakesTheDrainedOfADrainThatAFlushOvertook) {
  stream();
  ASSERT_TRUE(session_->drain());
  ASSERT_TRUE(session_->flush(Direction::kInput, 1));
  say(msg::Drained{});
  say(msg::Flushed{hfi::Direction::kInput, 1});
  ASSERT_TRUE(wait_count(Said::kFlushed, 1));
  EXPECT_EQ(count(Said::kDrained), 1u);
  ASSERT_TRUE(session_->resume());
  ASSERT_TRUE(session_->drain());
  say(msg::Drained{});
  EXPECT_TRUE(wait_count(Said::kDrained, 2));
}

TEST_F(ASession, FailsWithTheFirmwaresOwnWords) {
  stream();
  say(msg::SessionError{hfi::WireStatus::kNoMemory, "no memory for a frame"});
  expect_failed();
  EXPECT_EQ(driver_->statistics().protocol_violations.load(), 0u);
}

TEST_F(ASession, HearsThatTheFirmwareHasLetGoOfABuffer) {
  stream();
  const BufferHandle output = map(Direction::kOutput, 0);
  expect<cmd::MapBuffer>();
  ASSERT_TRUE(session_->unmap_buffer(Direction::kOutput, output));
  expect<cmd::UnmapBuffer>();
  say(msg::Unmapped{hfi::Direction::kOutput, {output.index, output.generation}});
  ASSERT_TRUE(session_->flush(Direction::kInput, 3));
  say(msg::Flushed{hfi::Direction::kInput, 3});
  EXPECT_TRUE(wait_count(Said::kFlushed, 1));
  EXPECT_EQ(count(Said::kFailed), 0u);
}

TEST_F(ASession, IgnoresMessagesOfALaterVersion) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  for (int i = 0; i < 20; ++i) say(hfi::Unknown{static_cast<uint16_t>(100 + i)});
  say(msg::InputDone{}, static_cast<uint64_t>(input));
  EXPECT_TRUE(wait_count(Said::kInput, 1));
}

TEST_F(ASession, KillsItsFirmwareWhenItIsDestroyed) {
  stream();
  session_.reset();
  EXPECT_TRUE(firmware().wait(kPatience).hangup);
}

TEST_F(ASession, SaysNothingToAnOwnerThatIsGone) {
  stream();
  const Cookie input = queue(Direction::kInput, 0);
  listener_.reset();
  say(msg::InputDone{}, static_cast<uint64_t>(input));
  wait_until_read();
}

// --- Owners that are destroyed at bad moments.

// As the upper half: one lock for calls, and handlers take it.
class LockingOwner final : public codec::SessionEvents {
 public:
  std::mutex lock;
  std::unique_ptr<codec::Session> session;  // guarded by lock
  std::atomic<int> entered{0};              // handlers that began
  std::atomic<int> told{0};                 // handlers that found the session theirs
  bool let_go_in_handler = false;

  void input_done(Cookie, DoneStatus) override { handle(); }
  void output_done(const codec::OutputDone&) override { handle(); }
  void format_changed(const codec::StreamFormat&, bool) override { handle(); }
  void drained(DoneStatus) override { handle(); }
  void flushed(Direction, uint32_t) override { handle(); }
  void failed(const Error&) override { handle(); }

 private:
  void handle() {
    entered.fetch_add(1);
    const std::lock_guard hold(lock);
    if (!session) return;
    told.fetch_add(1);
    if (let_go_in_handler) session.reset();
  }
};

class AnOwner : public FirmwareBench {
 protected:
  void SetUp() override {
    FirmwareBench::SetUp();
    owner_ = std::make_shared<LockingOwner>();
    auto opened = driver_->open_session({.role = codec::Role::kDecoder, .coded = kH264}, owner_);
    ASSERT_TRUE(opened);
    session_ = std::move(*opened);
    stream();
  }
  void give_to_owner() {
    const std::lock_guard hold(owner_->lock);
    owner_->session = std::move(session_);
  }
  bool entered(int n) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (owner_->entered.load() < n && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    return owner_->entered.load() >= n;
  }
  std::shared_ptr<LockingOwner> owner_;
};

TEST_F(AnOwner, MayDestroyTheSessionWithItsLockHeldWhileAHandlerWaitsForThatLock) {
  const Cookie input = queue(Direction::kInput, 0);
  const Cookie output = queue(Direction::kOutput, 0);
  give_to_owner();
  {
    const std::lock_guard hold(owner_->lock);
    say(msg::InputDone{}, static_cast<uint64_t>(input));
    say(msg::OutputDone{}, static_cast<uint64_t>(output));
    ASSERT_TRUE(entered(1));  // the handler sleeps on our lock
    owner_->session.reset();  // and this returns
  }
  EXPECT_TRUE(firmware().wait(kPatience).hangup);
  EXPECT_EQ(owner_->told.load(), 0);
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ(owner_->entered.load(), 1) << "an event began after the session was gone";
}

TEST_F(AnOwner, MayDestroyTheSessionInAHandler) {
  const Cookie input = queue(Direction::kInput, 0);
  const Cookie other = queue(Direction::kInput, 1);
  owner_->let_go_in_handler = true;
  give_to_owner();
  say(msg::InputDone{}, static_cast<uint64_t>(input));
  say(msg::InputDone{}, static_cast<uint64_t>(other));
  EXPECT_TRUE(firmware().wait(kPatience).hangup);
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ(owner_->told.load(), 1);
}

TEST_F(AnOwner, MayDestroyTheSessionWhileItFails) {
  queue(Direction::kInput, 0);
  owner_->let_go_in_handler = true;
  give_to_owner();
  firmware_->die();
  ASSERT_TRUE(entered(1));
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ(owner_->told.load(), 1);
}

// --- Random work against a good firmware that dies at a random moment: each buffer is answered once, whatever happens.

class ASessionOfAMortalFirmware : public testing::Test {};

TEST_F(ASessionOfAMortalFirmware, AnswersEachBufferOnceWheneverItDies) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    EventLoop loop;
    std::unique_ptr<vpu::PlayedFirmware> firmware;
    CapabilityFile file;
    vpu::VpuConfig config;
    config.capability_file = file.path();
    config.loop = &loop;
    config.limits = {20ms, 60ms, 400ms};
    config.make_link = [&firmware]() -> Result<std::unique_ptr<hfi::HostLink>> {
      auto pair = hfi::LoopbackLink::create(1);
      if (!pair) return Unexpected(pair.error());
      firmware = std::make_unique<vpu::PlayedFirmware>(std::move(pair->firmware));
      return std::unique_ptr<hfi::HostLink>(std::move(pair->link));
    };
    vpu::VpuDriver driver(std::move(config));
    const auto listener = std::make_shared<Listener>();
    auto opened = driver.open_session({.role = codec::Role::kDecoder, .coded = kH264}, listener);
    ASSERT_TRUE(opened);
    codec::Session& session = **opened;
    ASSERT_TRUE(session.start());

    uint64_t random = seed * 2654435761u + 1;
    const auto next = [&random](uint32_t below) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      return static_cast<uint32_t>((random >> 33) % below);
    };
    std::set<Cookie> queued;
    uint64_t cookie = 0;
    uint32_t generation = 0;
    uint32_t index[2] = {0, 0};
    uint32_t flushes = 0;
    const uint32_t end_at = next(120);
    const bool freeze = next(4) == 0;
    bool dead = false;
    for (uint32_t step = 0; step < 140; ++step) {
      if (step == end_at) {
        if (freeze) {
          firmware->freeze();
        } else {
          firmware->die();
        }
        dead = true;
      }
      switch (next(10)) {
        case 0:
          (void)session.drain();
          break;
        case 1:
          (void)session.resume();
          break;
        case 2:
          (void)session.flush(next(2) == 0 ? Direction::kInput : Direction::kOutput, ++flushes);
          break;
        case 3:
          (void)session.return_output();
          break;
        default: {
          const Direction side = next(2) == 0 ? Direction::kInput : Direction::kOutput;
          uint32_t& used = index[static_cast<size_t>(side)];
          if (used == SVPU_MAX_BUFFERS) break;
          const auto stream = codec::null_frame(codec::FrameType::kKey, static_cast<uint8_t>(step));
          auto memory = SharedMemory::create("mortal", 16384);
          auto mapping = memory->map();
          std::memcpy(mapping->data(), stream.data(), stream.size());
          const codec::PlaneMemory plane{memory->fd(), 0, 16384, 16384};
          const BufferHandle handle{used++, ++generation};
          if (!session.map_buffer(side, handle, std::span(&plane, 1))) break;
          const Cookie mine{++cookie};
          const Status status = side == Direction::kInput
                                    ? session.queue_input({handle, mine, Tag{1}, 0, static_cast<uint32_t>(stream.size())})
                                    : session.queue_output(handle, mine);
          if (status) queued.insert(mine);
        }
      }
      if (next(8) == 0) std::this_thread::sleep_for(100us);
    }
    if (!dead) firmware->die();
    const auto failed = [](const auto& all) { return !all.empty() && all.back().kind == Said::kFailed; };
    if (queued.empty() && freeze) continue;  // a frozen firmware from which nothing is wanted is left in peace
    // A freeze is noticed only while something is under way; then end it the other way.
    if (!listener->wait(1s, failed)) firmware->die();
    ASSERT_TRUE(listener->wait(10s, failed)) << "seed " << seed;
    std::multiset<Cookie> answered;
    for (const Said& said : listener->all()) {
      if (said.kind == Said::kInput || said.kind == Said::kOutput) answered.insert(said.cookie);
    }
    EXPECT_EQ(answered, std::multiset<Cookie>(queued.begin(), queued.end())) << "seed " << seed;
    opened->reset();
    firmware.reset();
  }
}

}  // namespace
}  // namespace softvpu::hostile
