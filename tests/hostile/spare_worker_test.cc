// SPDX-License-Identifier: LGPL-2.1-or-later
// Workers that are kept ready, and who might spoil it: programs that die, lie or ask a lot, an owner that is killed or stopped, a
// spare that is killed. docs/adr/0018.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "base/raw_syscall.h"
#include "hfi/firmware_endpoint.h"
#include "hfi/transport/packet.h"
#include "tests/contract/listener.h"
#include "tests/hostile/capability_file.h"
#include "vpu/capability_query.h"
#include "vpu/driver.h"
#include "vpu/spare_workers.h"
#include "vpu/worker_source.h"

namespace softvpu::vpu {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;

Firmware firmware() { return std::move(*open_firmware(SOFTVPU_FW)); }

bool ends_within(int pidfd, int milliseconds) {
  pollfd death{pidfd, POLLIN, 0};
  return poll(&death, 1, milliseconds) == 1;
}

UniqueFd watch_process(int pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

// The directory of a run's socket.
class Place {
 public:
  Place() {
    char path[] = "/tmp/softvpu-spare-XXXXXX";
    directory_ = mkdtemp(path);
  }
  ~Place() { std::filesystem::remove_all(directory_); }
  std::string socket() const { return directory_ + "/workers"; }

 private:
  std::string directory_;
};

class ASpareWorker : public ::testing::Test {
 protected:
  ASpareWorker() {
    auto made = SpareWorkers::create(firmware());
    if (!made || !(*made)->listen(place_.socket())) return;
    workers_ = std::move(*made);
    workers_->set_pauses({.after_sessions = 1ms, .during_sessions = 1h});
  }
  void SetUp() override { ASSERT_TRUE(workers_); }
  void serve() {
    ASSERT_TRUE(workers_->capabilities(kPatience));
    first_ = workers_->spare_pid();
    ASSERT_TRUE(workers_->serve());
  }
  Result<ReadyWorker> take(WorkerSource& source) {
    const Firmware wanted = firmware();
    return source.take(wanted.device, wanted.inode);
  }
  // As the loop sees it.
  int kept() {
    int pid = 0;
    std::atomic<bool> done{false};
    workers_->loop().post([&] {
      pid = workers_->spare_pid();
      done = true;
    });
    while (!done) std::this_thread::sleep_for(1ms);
    return pid;
  }
  bool refills() {
    for (int i = 0; i < 2000 && kept() < 0; ++i) std::this_thread::sleep_for(5ms);
    return kept() > 0;
  }
  UniqueFd connection() {
    UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    place_.socket().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  const Place place_;
  std::unique_ptr<SpareWorkers> workers_;
  int first_ = -1;
};

TEST_F(ASpareWorker, SaysWhatAnyWorkerAnswers) {
  const auto said = workers_->capabilities(kPatience);
  ASSERT_TRUE(said) << said.error().reason;
  auto link = ProcessLink::start(SOFTVPU_FW);
  ASSERT_TRUE(link);
  const auto answered = query_capabilities(**link, kPatience);
  ASSERT_TRUE(answered);
  EXPECT_EQ(print_capabilities(*said), print_capabilities(*answered));
}

TEST_F(ASpareWorker, IsHandedOverAndServesASession) {
  serve();
  WorkerSource source(place_.socket());
  auto worker = take(source);
  ASSERT_TRUE(worker) << worker.error().reason;
  EXPECT_EQ(worker->process.pid, first_);
  auto link = ProcessLink::adopt(std::move(*worker));
  ASSERT_TRUE(link);
  const auto answered = query_capabilities(**link, kPatience);
  EXPECT_TRUE(answered) << answered.error().reason;
}

// Whom it can't accept, it refuses, instead of being woken for it over and over.
TEST_F(ASpareWorker, RefusesProgramsWhenItsOwnerHasNoDescriptorsLeft) {
  serve();
  UniqueFd program(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  place_.socket().copy(address.sun_path, sizeof(address.sun_path) - 1);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};  // those are in use
  setrlimit(RLIMIT_NOFILE, &none);
  const int connected = connect(program.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
  pollfd refusal{program.get(), POLLIN, 0};
  const int refused = poll(&refusal, 1, 10'000);
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_EQ(connected, 0);
  EXPECT_EQ(refused, 1);
  VpuDriver driver({.firmware = SOFTVPU_FW, .workers = place_.socket()});
  EXPECT_TRUE(driver.capabilities()) << "it starts its own";
}

TEST_F(ASpareWorker, IsNeverTheSameProcessForTwo) {
  serve();
  WorkerSource source(place_.socket());
  const auto map = [](const ReadyWorker& worker) {
    std::ifstream maps("/proc/" + std::to_string(worker.process.pid) + "/maps");
    std::string line;
    std::getline(maps, line);
    return line.substr(0, line.find('-'));
  };
  auto first = take(source);
  ASSERT_TRUE(first);
  const std::string layout = map(*first);
  const int pid = first->process.pid;
  const auto none = take(source);
  ASSERT_FALSE(none) << "there is one at a time";
  EXPECT_EQ(none.error().code, ENODEV);
  first->socket.reset();
  ASSERT_TRUE(refills());
  const auto second = take(source);
  ASSERT_TRUE(second) << second.error().reason;
  EXPECT_NE(second->process.pid, pid);
  EXPECT_NE(map(*second), layout) << "address spaces must be laid out anew for each";
}

// Its client says hello before it has loaded anything.
TEST_F(ASpareWorker, ServesASessionThatGetsItWhileItIsStarting) {
  serve();
  WorkerSource source(place_.socket());
  for (int i = 0; i < 5; ++i) {
    auto worker = take(source);
    ASSERT_TRUE(worker) << worker.error().reason;
    auto link = ProcessLink::adopt(std::move(*worker));
    ASSERT_TRUE(link);
    const auto answered = query_capabilities(**link, kPatience);
    EXPECT_TRUE(answered) << answered.error().reason;
    (*link)->kill();
    ASSERT_TRUE(refills());
  }
}

TEST_F(ASpareWorker, IsStartedAgainWhenTheSessionIsOver) {
  serve();
  WorkerSource source(place_.socket());
  auto worker = take(source);
  ASSERT_TRUE(worker);
  EXPECT_EQ(kept(), -1);
  worker->socket.reset();  // as a session ends
  EXPECT_TRUE(refills());
}

TEST_F(ASpareWorker, InheritsNoLimitsOfTheProgram) {
  serve();
  WorkerSource source(place_.socket());
  source.connect();
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto worker = take(source);
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_TRUE(worker);
  std::stringstream limits;
  limits << std::ifstream("/proc/" + std::to_string(worker->process.pid) + "/limits").rdbuf();
  ASSERT_NE(limits.str().find("Max file size "), std::string::npos);
  EXPECT_EQ(limits.str().find("Max file size             4096 "), std::string::npos);
}

TEST_F(ASpareWorker, IsReplacedWhenItWasKilled) {
  serve();
  const UniqueFd pidfd = watch_process(first_);
  ASSERT_EQ(kill(first_, SIGKILL), 0);
  ASSERT_TRUE(ends_within(pidfd.get(), 5000));
  WorkerSource source(place_.socket());
  EXPECT_FALSE(take(source));
  ASSERT_TRUE(refills());
  const auto worker = take(source);
  ASSERT_TRUE(worker) << worker.error().reason;
  EXPECT_NE(worker->process.pid, first_);
  EXPECT_TRUE(worker->alive());
}

TEST_F(ASpareWorker, OfAnotherProgramIsRefused) {
  serve();
  WorkerSource source(place_.socket());
  const auto other = source.take(1, 2);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ENODEV);
  EXPECT_TRUE(take(source)) << "the connection goes on";
}

TEST_F(ASpareWorker, EndsWithItsOwner) {
  serve();
  const UniqueFd pidfd = watch_process(first_);
  workers_->end();
  EXPECT_TRUE(ends_within(pidfd.get(), 0)) << "it is dead when end() returns";
}

TEST_F(ASpareWorker, EndsWithAProgramThatDiesWithoutTakingIt) {
  serve();
  const UniqueFd pidfd = watch_process(first_);
  {
    const UniqueFd program = connection();
    const Firmware wanted = firmware();
    const WorkerRequest request{.device = wanted.device, .inode = wanted.inode};
    ASSERT_EQ(write(program.get(), &request, sizeof(request)), static_cast<ssize_t>(sizeof(request)));
    pollfd answer{program.get(), POLLIN, 0};
    ASSERT_EQ(poll(&answer, 1, 10'000), 1);
  }
  EXPECT_TRUE(ends_within(pidfd.get(), 5000)) << "the answer was never received";
}

TEST_F(ASpareWorker, SurvivesProgramsThatSendNonsense) {
  serve();
  const auto is_closed = [](const UniqueFd& program) {
    char byte = 0;
    pollfd wait{program.get(), POLLIN, 0};
    return poll(&wait, 1, 10'000) == 1 && recv(program.get(), &byte, 1, 0) == 0;
  };
  const std::string large(100'000, 'x');
  for (const std::string& text : {std::string("x"), std::string(sizeof(WorkerRequest), '\0'), large}) {
    const UniqueFd program = connection();
    ASSERT_GT(write(program.get(), text.data(), text.size()), 0);
    EXPECT_TRUE(is_closed(program)) << text.size();
  }
  {
    const UniqueFd program = connection();
    const Firmware wanted = firmware();
    const WorkerRequest request{.device = wanted.device, .inode = wanted.inode};
    const int fds[] = {0, 1};
    ASSERT_TRUE(hfi::send_packet(program.get(), std::as_bytes(std::span(&request, 1)), fds));
    EXPECT_TRUE(is_closed(program)) << "a request has no descriptors";
  }
  WorkerSource source(place_.socket());
  const auto worker = take(source);
  ASSERT_TRUE(worker);
  EXPECT_EQ(worker->process.pid, first_) << "and nobody else got it";
}

TEST_F(ASpareWorker, GoesToOneOfManyWhoAskAtOnce) {
  serve();
  constexpr size_t kPrograms = 16;
  std::vector<std::optional<ReadyWorker>> got(kPrograms);
  std::vector<std::thread> programs;
  for (auto& one : got) {
    programs.emplace_back([&] {
      WorkerSource source(place_.socket());
      if (auto worker = take(source)) one = std::move(*worker);
    });
  }
  for (std::thread& program : programs) program.join();
  size_t workers = 0;
  for (const auto& one : got) workers += one ? 1 : 0;
  EXPECT_EQ(workers, 1u);
}

UniqueFd listen_at(const Place& place) {
  UniqueFd listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  place.socket().copy(address.sun_path, sizeof(address.sun_path) - 1);
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(listen(listener.get(), 8), 0);
  return listener;
}

// The test is the owner, and the worker, too. Its answer is there before the driver asks: however busy the machine is, the driver
// never waits for it.
TEST(AProgram, GivesItsSessionTheWorkerThatItIsHanded) {
  const Place place;
  const UniqueFd owner = listen_at(place);
  const hostile::CapabilityFile capabilities;
  EventLoop loop;
  VpuDriver driver({.firmware = SOFTVPU_FW, .capability_file = capabilities.path(), .workers = place.socket(), .loop = &loop});
  ASSERT_TRUE(driver.capabilities());  // connects
  const UniqueFd program(accept4(owner.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(program);

  UniqueFd hosts_end;
  UniqueFd workers_end;
  ASSERT_TRUE(hfi::make_packet_pair(hosts_end, workers_end));
  const pid_t worker = fork();
  if (worker == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  const UniqueFd pidfd = watch_process(worker);
  WorkerAnswer answer;
  answer.pid = worker;
  const int fds[] = {hosts_end.get(), pidfd.get()};
  ASSERT_TRUE(hfi::send_packet(program.get(), std::as_bytes(std::span(&answer, 1)), fds));
  hosts_end.reset();

  const auto listener = std::make_shared<codec::contract::Listener>();
  auto session = driver.open_session({.role = codec::Role::kDecoder, .coded = kH264}, listener);
  ASSERT_TRUE(session) << session.error().reason;
  ASSERT_TRUE((*session)->start());
  WorkerRequest request{.version = 0};
  const auto asked = hfi::receive_packet(program.get(), std::as_writable_bytes(std::span(&request, 1)));
  ASSERT_TRUE(asked) << asked.error().reason;
  const Firmware wanted = firmware();
  EXPECT_EQ(request.version, kHandoverVersion);
  EXPECT_EQ(request.device, uint64_t{wanted.device});
  EXPECT_EQ(request.inode, uint64_t{wanted.inode});
  EXPECT_TRUE(hfi::FirmwareEndpoint::attach(std::move(workers_end), kPatience)) << "no hello for the worker that was handed over";
  session->reset();
  EXPECT_TRUE(ends_within(pidfd.get(), 20'000)) << "a session that ends kills its worker";
  waitpid(worker, nullptr, 0);
}

TEST(AProgram, StartsItsOwnWorkerWhenNobodyAnswers) {
  const Place place;
  const UniqueFd deaf = listen_at(place);
  VpuDriver driver({.firmware = SOFTVPU_FW, .workers = place.socket()});
  EXPECT_TRUE(driver.capabilities());
}

TEST(AProgram, StartsItsOwnWorkerWhenThePlaceIsGone) {
  VpuDriver driver({.firmware = SOFTVPU_FW, .workers = "/nonexistent/workers"});
  EXPECT_TRUE(driver.capabilities());
}

TEST(AnOwnerThatIsKilled, LeavesNoSpareBehind) {
  const Place place;
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    auto workers = SpareWorkers::create(firmware());
    const int pid = workers && (*workers)->listen(place.socket()) && (*workers)->serve() ? (*workers)->spare_pid() : -1;
    (void)!write(ends[1], &pid, sizeof(pid));
    for (;;) pause();
  }
  int pid = -1;
  ASSERT_EQ(read(ends[0], &pid, sizeof(pid)), static_cast<ssize_t>(sizeof(pid)));
  ASSERT_GT(pid, 0);
  const UniqueFd pidfd = watch_process(pid);
  EXPECT_FALSE(ends_within(pidfd.get(), 0));
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  EXPECT_TRUE(ends_within(pidfd.get(), 5000));
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace softvpu::vpu
