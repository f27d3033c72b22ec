// SPDX-License-Identifier: LGPL-2.1-or-later
// `softvpu doctor`: softvpu's own parts, and the whole of them at work. Called by verb_doctor.cc.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "apps/softvpu/capture_output.h"
#include "apps/softvpu/doctor_checks.h"
#include "apps/softvpu/doctor_probe.h"
#include "apps/softvpu/installation.h"
#include "apps/softvpu/local_driver.h"

namespace softvpu::cli {
namespace {

using std::chrono::seconds;

Check part(const std::string& name, const Result<std::string>& found, const char* means) {
  if (found) return {name, Verdict::kOk, *found, {}, {}};
  return {name, Verdict::kFail, found.error().reason, means, "a complete build (cmake --build) or installation of softvpu"};
}

Check check_firmware_answers() {
  Result<std::unique_ptr<codec::Driver>> driver = local_driver();
  if (driver) {
    const Result<codec::Capabilities> capabilities = (*driver)->capabilities();
    if (capabilities) {
      return {"codec process",
              Verdict::kOk,
              fmt::format("starts, is jailed and answers: {}, {} codecs", capabilities->name, capabilities->codecs.size()),
              {},
              {}};
    }
    return {"codec process", Verdict::kFail, capabilities.error().reason, "nothing decodes",
            "SOFTVPU_DEBUG=2 softvpu list, which prints why it doesn't start"};
  }
  return {"codec process", Verdict::kFail, driver.error().reason, "nothing decodes",
          "a complete build or installation of softvpu"};
}

}  // namespace

std::vector<Check> check_parts() {
  std::vector<Check> checks = {part("preload library", preload_library(), "`softvpu run` has nothing to put in front of libc"),
                               part("firmware", firmware_program(), "there is no codec process")};
  if (checks.back().verdict == Verdict::kOk) checks.push_back(check_firmware_answers());
  return checks;
}

std::vector<Check> check_end_to_end() {
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error);
  const Output output = capture_output({self, "run", "--", self, "doctor", "--probe"}, seconds(30));
  const std::string answer = output.text.substr(0, output.text.find('\n'));
  if (output.status == 0) return {{"end to end", Verdict::kOk, answer, {}, {}}};
  return {{"end to end", Verdict::kFail, fmt::format("{} (status {})", answer, output.status),
           "a program under `softvpu run` doesn't get the device",
           "SOFTVPU_DEBUG=2 softvpu run -- v4l2-ctl -d /dev/video10 --all"}};
}

// Runs below `softvpu run`, as any client does.
int doctor_probe() {
  const int fd = ::open("/dev/video10", O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    fmt::print("opening /dev/video10: {}\n", std::strerror(errno));
    return 1;
  }
  v4l2_capability capability{};
  if (::ioctl(fd, VIDIOC_QUERYCAP, &capability) < 0) {
    fmt::print("VIDIOC_QUERYCAP: {}\n", std::strerror(errno));
    return 1;
  }
  fmt::print("a program opened /dev/video10 and found \"{}\"\n", reinterpret_cast<const char*>(capability.card));
  ::close(fd);
  return 0;
}

}  // namespace softvpu::cli
