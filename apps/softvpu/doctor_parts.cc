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
  if (output.status > 128) {
    return {{"end to end", Verdict::kFail, fmt::format("a program was ended by {}", ::strsignal(output.status - 128)),
             "a program that begins a session is ended", "the limits above: ulimit -a"}};
  }
  return {{"end to end", Verdict::kFail, fmt::format("{} (status {})", answer, output.status),
           "a program under `softvpu run` doesn't get the device",
           "SOFTVPU_DEBUG=2 softvpu run -- v4l2-ctl -d /dev/video10 --all"}};
}

// Runs below `softvpu run`, as any client does. A session is begun with buffers for 1080p: that needs a codec process, its memory
// and its threads, within the limits of this shell.
int doctor_probe() {
  const auto failed = [](const char* step) {
    fmt::print("{}: {}\n", step, std::strerror(errno));
    return 1;
  };
  const int fd = ::open("/dev/video10", O_RDWR | O_CLOEXEC);
  if (fd < 0) return failed("opening /dev/video10");
  v4l2_capability capability{};
  if (::ioctl(fd, VIDIOC_QUERYCAP, &capability) < 0) return failed("VIDIOC_QUERYCAP");
  v4l2_format format{};
  format.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  format.fmt.pix_mp.width = 1920;
  format.fmt.pix_mp.height = 1088;
  format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_H264;
  format.fmt.pix_mp.num_planes = 1;
  if (::ioctl(fd, VIDIOC_S_FMT, &format) < 0) return failed("VIDIOC_S_FMT of 1080p");
  v4l2_requestbuffers buffers{};
  buffers.count = 2;
  buffers.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  buffers.memory = V4L2_MEMORY_MMAP;
  if (::ioctl(fd, VIDIOC_REQBUFS, &buffers) < 0) return failed("VIDIOC_REQBUFS of two buffers for 1080p");
  int type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
  if (::ioctl(fd, VIDIOC_STREAMON, &type) < 0) return failed("VIDIOC_STREAMON, which starts a codec process");
  if (::ioctl(fd, VIDIOC_STREAMOFF, &type) < 0) return failed("VIDIOC_STREAMOFF");
  fmt::print("a program opened /dev/video10, found \"{}\" and began a session\n", reinterpret_cast<const char*>(capability.card));
  ::close(fd);
  return 0;
}

}  // namespace softvpu::cli
