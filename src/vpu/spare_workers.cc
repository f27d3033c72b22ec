// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeping a worker ready and handing it over: see spare_workers.h.
#include "vpu/spare_workers.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/raw_syscall.h"
#include "hfi/transport/packet.h"
#include "vpu/capability_query.h"

namespace softvpu::vpu {
namespace {

constexpr size_t kMostPrograms = 256;  // connected at a time; the others start their own workers
constexpr size_t kMostLent = 256;      // whose end is waited for
constexpr int kBacklog = 64;
constexpr int kEndMs = 1000;

Result<UniqueFd> listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return fail(ENAMETOOLONG, path + " is too long for a socket");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const library_fds::Birth birth;
  const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(errno, "socket");
  UniqueFd socket = raise_fd(UniqueFd(fd));
  // Before it listens nobody can connect, whatever the mask of file modes is.
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) < 0 ||
      ::chmod(path.c_str(), S_IRUSR | S_IWUSR) < 0 || ::listen(socket.get(), kBacklog) < 0) {
    return fail(errno, "a socket at " + path);
  }
  return socket;
}

}  // namespace

bool ReadyWorker::alive() const {
  pollfd death{process.pidfd.get(), POLLIN, 0};
  return raw::poll(&death, 1, 0) == 0;
}

void ReadyWorker::end() {
  raw::call(SYS_pidfd_send_signal, process.pidfd.get(), SIGKILL);
  pollfd death{process.pidfd.get(), POLLIN, 0};
  raw::poll(&death, 1, kEndMs);
  reap_worker(process.pidfd.get());
}

Result<std::unique_ptr<SpareWorkers>> SpareWorkers::create(Firmware firmware) {
  std::unique_ptr<SpareWorkers> self(new SpareWorkers(std::move(firmware)));
  auto spare = start_spare(self->firmware_, true);
  if (!spare) return Unexpected(spare.error());
  self->spare_ = std::move(*spare);
  return self;
}

SpareWorkers::~SpareWorkers() { end(); }

Result<codec::Capabilities> SpareWorkers::capabilities(Duration limit) {
  if (!spare_) return fail(ENOENT, "no worker is ready");
  auto answer = receive_capabilities(spare_->socket.get(), limit);
  if (answer) return answer;
  spare_->end();
  spare_.reset();
  return answer;
}

Status SpareWorkers::listen(const std::string& path) {
  auto listener = listen_at(path);
  if (!listener) return Unexpected(listener.error());
  listener_ = std::move(*listener);
  return {};
}

Status SpareWorkers::serve() {
  serving_ = true;  // before there is a thread that reads it
  if (Status started = loop_.start(); !started) {
    serving_ = false;
    listener_.reset();  // programs are refused at once, rather than left without an answer
    return started;
  }
  loop_.post([this] {
    auto watch = loop_.watch(listener_.get(), EPOLLIN, [this](uint32_t) { accept_programs(); });
    if (!watch) return listener_.reset();
    listener_watch_ = *watch;
  });
  return {};
}

void SpareWorkers::end() {
  if (serving_) {
    // What the loop does is over before anything is taken from it.
    std::mutex mutex;
    std::condition_variable over;
    bool done = false;
    loop_.post([&] {
      if (refill_) loop_.cancel(*refill_);
      for (const Program& program : programs_) loop_.unwatch(program.watch);
      for (const Lent& lent : lent_) loop_.unwatch(lent.watch);
      stop_listening();
      serving_ = false;
      const std::lock_guard lock(mutex);
      done = true;
      over.notify_one();
    });
    std::unique_lock lock(mutex);
    over.wait(lock, [&] { return done; });
  }
  programs_.clear();
  lent_.clear();
  if (spare_) spare_->end();
  spare_.reset();
}

void SpareWorkers::stop_listening() {
  loop_.unwatch(listener_watch_);
  listener_.reset();
}

void SpareWorkers::accept_programs() {
  while (serving_) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      // Who can't be accepted stays in the queue and would wake the loop for ever: refused, it starts its own worker.
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) stop_listening();
      return;
    }
    UniqueFd socket(fd);
    if (programs_.size() >= kMostPrograms) continue;
    const auto program = programs_.insert(programs_.end(), {std::move(socket), 0});
    auto watch = loop_.watch(program->socket.get(), EPOLLIN, [this, program](uint32_t) { on_program(program); });
    if (!watch) {
      programs_.erase(program);
      continue;
    }
    program->watch = *watch;
  }
}

void SpareWorkers::on_program(std::list<Program>::iterator program) {
  if (!serving_) return;
  WorkerRequest request;
  const auto packet = hfi::receive_packet(program->socket.get(), std::as_writable_bytes(std::span(&request, 1)));
  if (!packet && (packet.error().code == EAGAIN || packet.error().code == EINTR)) return;
  const bool sane = packet && packet->size == sizeof(request) && packet->num_fds == 0 && request.version == kHandoverVersion;
  if (!sane || !answer(program->socket.get(), request)) forget(program);
}

void SpareWorkers::forget(std::list<Program>::iterator program) {
  loop_.unwatch(program->watch);
  programs_.erase(program);
}

bool SpareWorkers::answer(int socket, const WorkerRequest& request) {
  WorkerAnswer said;
  const auto bytes = std::as_bytes(std::span(&said, 1));
  if (request.device != uint64_t{firmware_.device} || request.inode != uint64_t{firmware_.inode})
    return hfi::send_packet(socket, bytes, {}).has_value();
  std::optional<ReadyWorker> worker = std::exchange(spare_, std::nullopt);
  if (!worker || !worker->alive()) {
    // The program starts one itself, at the same time as others do; one that we started for it would wait for those before it.
    if (lent_.empty()) refill_after(pauses_.after_sessions);
    return hfi::send_packet(socket, bytes, {}).has_value();
  }
  said.pid = worker->process.pid;
  const int fds[] = {worker->socket.get(), worker->process.pidfd.get()};
  if (!hfi::send_packet(socket, bytes, fds)) {
    worker->end();
    return false;
  }
  note_lent(std::move(worker->process.pidfd));
  refill_after(pauses_.during_sessions);
  return true;
}

void SpareWorkers::note_lent(UniqueFd pidfd) {
  if (lent_.size() >= kMostLent) return;
  const auto lent = lent_.insert(lent_.end(), {std::move(pidfd), 0});
  auto watch = loop_.watch(lent->pidfd.get(), EPOLLIN, [this, lent](uint32_t) { on_lent_end(lent); });
  if (watch) {
    lent->watch = *watch;
  } else {
    lent_.erase(lent);
  }
}

void SpareWorkers::on_lent_end(std::list<Lent>::iterator lent) {
  if (!serving_) return;
  loop_.unwatch(lent->watch);
  lent_.erase(lent);
  if (lent_.empty()) refill_after(pauses_.after_sessions);
}

void SpareWorkers::refill_after(Duration pause) {
  if (refill_) loop_.cancel(*refill_);
  refill_ = loop_.schedule(pause, [this] { refill(); });
}

void SpareWorkers::refill() {
  refill_.reset();
  // Without a program that has opened a device there is likely nobody to want it.
  if (!serving_ || spare_ || programs_.empty()) return;
  if (auto worker = start_spare(firmware_, false)) spare_ = std::move(*worker);
}

}  // namespace softvpu::vpu
