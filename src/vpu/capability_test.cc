// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities: asked from a firmware, good or bad, and as a table in a file that anybody may have written.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "hfi/testing/loopback_link.h"
#include "vpu/capability_query.h"
#include "vpu/driver.h"
#include "vpu/testing/played_firmware.h"

namespace softvpu::vpu {
namespace {

using namespace std::chrono_literals;

codec::Capabilities sample() {
  codec::Capabilities out;
  out.name = "libavcodec 59.37.100";
  out.version = 256;
  codec::CodecInfo info;
  info.coded = kH264;
  info.flags = codec::kContinuousByteStream | codec::kDynamicResolution;
  info.sizes = {{16, 16}, {8192, 8192}, {1, 1}};
  info.min_output_buffers = 3;
  info.raw = {kYuv420, kNv12};
  info.controls = {menu_control(0x990a6b, 0x1f, 4),
                   menu_control(0x990a67, UINT64_MAX, 63),
                   {.id = 0x9909cf, .minimum = -1, .maximum = 100'000'000, .default_value = 2'000'000, .name = "Video Bitrate"}};
  out.codecs.push_back(info);
  info.coded = kVp9;
  info.controls.clear();
  info.raw = {kNv12};
  out.codecs.push_back(info);
  info.role = codec::Role::kEncoder;  // the same coded format in another role
  info.min_interval = {1, 240};
  info.max_interval = {1001, 30};
  out.codecs.push_back(info);
  return out;
}

bool same(const codec::Capabilities& a, const codec::Capabilities& b) {
  return a.name == b.name && a.version == b.version && a.codecs == b.codecs;
}

TEST(ACapabilityTable, SurvivesItsText) {
  const auto parsed = parse_capabilities(print_capabilities(sample()));
  ASSERT_TRUE(parsed) << parsed.error().reason;
  EXPECT_TRUE(same(*parsed, sample()));
  const auto nothing = parse_capabilities(print_capabilities({}));
  ASSERT_TRUE(nothing) << nothing.error().reason;
  EXPECT_TRUE(nothing->codecs.empty());
}

TEST(ACapabilityTable, IsRefusedWhenAnythingIsOdd) {
  const std::string good = print_capabilities(sample());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::string bad[] = {
      "",
      "\n",
      "softvpu-capabilities 2\nend\n",
      good.substr(0, good.size() - 1),  // cut
      good.substr(0, good.size() / 2),  // cut in a line
      good + "end\n",                   // twice
      good + good,                      // twice
      "\n" + good,                      // moved
      with("softvpu-capabilities 2", "softvpu-capabilities 1"),
      with("firmware 256", "firmware x"),
      with("firmware 256", "firmware -1"),
      with("firmware 256", "firmware 99999999999"),
      with("libavcodec", "\x1b[2Jlibav"),
      with("libavcodec", "a name that is much longer than any firmware would have"),
      with("codec 0", "codec 4"),
      with("codec 0", "codec 0 "),
      with("codec 0", "codec  0"),
      with("codec 0", "codec 00000000000000000000000000000000"),
      with("16x16", "0x16"),
      with("16x16", "16"),
      with("16x16", "16x16x16"),
      with("8192x8192", "70000x16"),
      with("8192x8192", "8x8"),
      with(" 1x1 ", " 0x0 "),
      with("control", "kontrol"),
      with("10029675 3 0 0 4 4 1 31", "10029675 3 0 0 4 5 1 31"),  // default isn't an item
      with("10029675 3 0 0 4 4 1 31", "10029675 3 0 0 64 4 1 31"),
      with("10029675 3 0 0 4 4 1 31", "10029675 3 0 0 4 4 1 0"),
      with("10029675 3 0 0 4 4 1 31", "10029675 5 0 0 4 4 1 31"),  // no such type
      with("10029675 3 0 0 4 4 1 31", "10029675 3 2 0 4 4 1 31"),
      with("Video Bitrate", "a name that is longer than controls have"),
      with(" 1/240 ", " 1/0 "),
      with(" 1001/30 ", " 1001 "),
      with(" 3 16x16", " 33 16x16"),
      "softvpu-capabilities 2\nfirmware 1 x\ncontrol 1 1 0 0 1 0 1 0\nend\n",  // of no codec
      with("\nend\n", std::string("\nend\n\0", 6)),
  };
  for (const std::string& text : bad) {
    const auto parsed = parse_capabilities(text);
    EXPECT_FALSE(parsed) << text;
    if (!parsed) {
      EXPECT_FALSE(parsed.error().reason.empty());
    }
  }
  std::string twice = good;
  const size_t line = twice.find("codec ");
  twice.insert(line, twice.substr(line, twice.find('\n', line) + 1 - line));
  EXPECT_FALSE(parse_capabilities(twice)) << "one codec, two lines";
}

TEST(ACapabilityTable, IsRefusedOrReadWhateverBytesAreChanged) {
  const std::string good = print_capabilities(sample());
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (uint32_t changes = 1 + random() % 3; changes > 0; --changes) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        default:
          text.insert(at, 1, static_cast<char>('0' + random() % 10));
          break;
      }
      if (text.empty()) text = "x";
    }
    if (const auto parsed = parse_capabilities(text)) {
      const auto again = parse_capabilities(print_capabilities(*parsed));
      ASSERT_TRUE(again) << text;
      ASSERT_TRUE(same(*again, *parsed)) << text;
    }
  }
}

class ACapabilityFile : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/softvpu-caps-XXXXXX";
    const int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    close(fd);
    path_ = path;
  }
  void TearDown() override { std::remove(path_.c_str()); }
  std::string path_;
};

TEST_F(ACapabilityFile, IsReadBack) {
  ASSERT_TRUE(save_capabilities(sample(), path_));
  const auto loaded = load_capabilities(path_);
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(same(*loaded, sample()));
}

// As much as QUERY_CAPABILITIES may bring (core/codec_list.h).
TEST_F(ACapabilityFile, HoldsTheLongestLists) {
  codec::Capabilities most;
  most.name = std::string(sizeof(svpu_msg_ready::name), 'f');
  most.version = UINT32_MAX;
  codec::CodecInfo info = sample().codecs[0];
  info.raw.clear();
  info.controls.clear();
  for (uint32_t i = 0; i < SVPU_MAX_RAW_FORMATS; ++i) info.raw.push_back(static_cast<FourCC>(UINT32_MAX - i));
  for (uint32_t i = 0; i < SVPU_MAX_CONTROLS; ++i) {
    info.controls.push_back({.id = UINT32_MAX - i,
                             .minimum = INT64_MIN,
                             .maximum = INT64_MAX,
                             .default_value = INT64_MIN,
                             .step = UINT64_MAX,
                             .items = UINT64_MAX,
                             .name = std::string(SVPU_CONTROL_NAME_BYTES, 'c')});
  }
  for (uint32_t i = 0; i < SVPU_MAX_CODECS; ++i) {
    info.coded = static_cast<FourCC>(UINT32_MAX - i);
    most.codecs.push_back(info);
  }
  ASSERT_TRUE(save_capabilities(most, path_));
  const auto loaded = load_capabilities(path_);
  ASSERT_TRUE(loaded) << loaded.error().reason;
  EXPECT_TRUE(same(*loaded, most));
}

TEST_F(ACapabilityFile, ThatIsMissingOrHugeIsAnError) {
  EXPECT_EQ(load_capabilities("/proc/nonexistent/caps").error().code, ENOENT);
  EXPECT_EQ(load_capabilities("/dev/zero").error().code, EFBIG);
  EXPECT_FALSE(load_capabilities("/"));  // a directory
  EXPECT_FALSE(save_capabilities(sample(), "/proc/nonexistent/caps"));
}

TEST_F(ACapabilityFile, OfSomebodyElseIsAnError) {
  ASSERT_TRUE(save_capabilities(sample(), path_));
  for (const mode_t mode : {0666, 0664, 0646}) {
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_EQ(load_capabilities(path_).error().code, EPERM) << std::oct << mode;
  }
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown(path_.c_str(), 12345, 12345), 0);
  EXPECT_EQ(load_capabilities(path_).error().code, EPERM);
}

TEST_F(ACapabilityFile, CanBeReadByAnyUserWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  const bool saved = save_capabilities(sample(), path_).has_value();
  ::umask(before);
  ASSERT_TRUE(saved);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

// A driver whose firmware is made by the test, and counted.
struct CountingFirmware {
  std::vector<std::unique_ptr<PlayedFirmware>> firmwares;
  int made = 0;
  LinkFactory factory() {
    return [this]() -> Result<std::unique_ptr<hfi::HostLink>> {
      ++made;
      auto pair = hfi::LoopbackLink::create(1);
      if (!pair) return Unexpected(pair.error());
      firmwares.push_back(std::make_unique<PlayedFirmware>(std::move(pair->firmware)));
      return std::unique_ptr<hfi::HostLink>(std::move(pair->link));
    };
  }
};

TEST(ADriver, AsksOneWorkerOnceAndKeepsTheAnswer) {
  CountingFirmware firmware;
  EventLoop loop;
  VpuDriver driver({.loop = &loop, .make_link = firmware.factory()});
  const auto first = driver.capabilities();
  ASSERT_TRUE(first) << first.error().reason;
  EXPECT_EQ(first->name, "played firmware");
  EXPECT_EQ(first->codecs, codec::NullDriver().capabilities()->codecs);
  ASSERT_TRUE(driver.capabilities());
  EXPECT_EQ(firmware.made, 1);
  EXPECT_TRUE(firmware.firmwares[0]->wire().endpoint().host_gone()) << "the worker that was asked lives on";
}

TEST_F(ACapabilityFile, SparesTheDriverTheQuestion) {
  ASSERT_TRUE(save_capabilities(sample(), path_));
  CountingFirmware firmware;
  EventLoop loop;
  VpuDriver driver({.capability_file = path_, .loop = &loop, .make_link = firmware.factory()});
  const auto known = driver.capabilities();
  ASSERT_TRUE(known);
  EXPECT_TRUE(same(*known, sample()));
  EXPECT_EQ(firmware.made, 0);
}

TEST_F(ACapabilityFile, ThatIsDamagedIsIgnored) {
  ASSERT_TRUE(save_capabilities(sample(), path_));
  std::string text = print_capabilities(sample());
  text[text.size() / 2] = '?';
  FILE* file = fopen(path_.c_str(), "w");
  fputs(text.c_str(), file);
  fclose(file);
  CountingFirmware firmware;
  EventLoop loop;
  VpuDriver driver({.capability_file = path_, .loop = &loop, .make_link = firmware.factory()});
  const auto known = driver.capabilities();
  ASSERT_TRUE(known);
  EXPECT_EQ(known->name, "played firmware");
  EXPECT_EQ(firmware.made, 1);
}

TEST(ADriverWithoutFirmware, SaysSoEachTimeItIsAsked) {
  EventLoop loop;
  VpuDriver driver({.firmware = "/proc/nonexistent/softvpu-fw", .loop = &loop});
  for (int i = 0; i < 2; ++i) {
    const auto known = driver.capabilities();
    ASSERT_FALSE(known);
    EXPECT_EQ(known.error().code, EIO);
    EXPECT_NE(known.error().reason.find("/proc/nonexistent/softvpu-fw"), std::string::npos) << known.error().reason;
  }
}

// The question put to firmwares that answer badly; `script` plays one.
Result<codec::Capabilities> ask(const std::function<void(hfi::LoopbackFirmware&)>& script, Duration limit = 10s) {
  auto pair = hfi::LoopbackLink::create(1);
  std::thread player([&] { script(*pair->firmware); });
  auto answer = query_capabilities(*pair->link, limit);
  pair->link->kill();
  player.join();
  return answer;
}

hfi::msg::Codec one_codec() {
  hfi::msg::Codec capability;
  capability.coded = 5;
  capability.min_width = capability.min_height = 16;
  capability.max_width = capability.max_height = 64;
  capability.step_width = capability.step_height = 1;
  return capability;
}

hfi::msg::RawFormat one_raw(uint32_t fourcc = 6) {
  return {.fourcc = fourcc, .width_align = 16, .height_align = 2, .stride_align = 16, .tail_lines = 2};
}

hfi::msg::Control one_control(uint32_t id = 7) { return {.id = id, .type = SVPU_CONTROL_INTEGER, .maximum = 5, .step = 1}; }

void say(hfi::LoopbackFirmware& firmware, hfi::msg::Body body) { (void)firmware.endpoint().send({0, std::move(body)}); }

TEST(AQuestion, IsAnsweredByAGoodFirmware) {
  const auto answer = ask([](auto& firmware) {
    say(firmware, hfi::msg::Ready{7, 1, "good"});
    say(firmware, hfi::Unknown{99});
    say(firmware, one_codec());
    for (uint32_t fourcc = 1; fourcc <= SVPU_MAX_RAW_FORMATS; ++fourcc) say(firmware, one_raw(fourcc));
    say(firmware, hfi::Unknown{99});
    for (uint32_t id = 1; id <= SVPU_MAX_CONTROLS; ++id) say(firmware, one_control(id));
    say(firmware, hfi::msg::CapabilitiesEnd{});
  });
  ASSERT_TRUE(answer) << answer.error().reason;
  EXPECT_EQ(answer->version, 7u);
  ASSERT_EQ(answer->codecs.size(), 1u);
  EXPECT_EQ(answer->codecs[0].raw.size(), size_t{SVPU_MAX_RAW_FORMATS});
  EXPECT_EQ(answer->codecs[0].controls.size(), size_t{SVPU_MAX_CONTROLS});
}

TEST(AQuestion, HasALimit) {
  const auto answer = ask([](auto& firmware) { say(firmware, hfi::msg::Ready{1, 1, "slow"}); }, 50ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ETIMEDOUT);
}

TEST(AQuestion, EndsWithTheFirmwaresDeath) {
  const auto answer = ask([](auto& firmware) {
    firmware.endpoint().last_words("no jail");
    firmware.die();
  });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, EIO);
  EXPECT_NE(answer.error().reason.find("no jail"), std::string::npos);
}

TEST(AQuestion, TakesNoNonsense) {
  using Script = void (*)(hfi::LoopbackFirmware&);
  const Script scripts[] = {
      [](auto& f) { say(f, one_codec()); },  // before READY
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        say(f, hfi::msg::Ready{});
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        for (int twice = 0; twice < 2; ++twice) {
          say(f, one_codec());
          say(f, one_raw());
        }
      },
      [](auto& f) {  // lists of nothing
        say(f, hfi::msg::Ready{});
        say(f, one_raw());
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        say(f, one_control());
      },
      [](auto& f) {  // a codec without a raw format, the last one or not
        say(f, hfi::msg::Ready{});
        say(f, one_codec());
        say(f, hfi::msg::CapabilitiesEnd{});
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        say(f, one_codec());
        auto other = one_codec();
        other.coded = 8;
        say(f, other);
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        say(f, one_codec());
        say(f, one_raw());
        say(f, one_raw());
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        say(f, one_codec());
        say(f, one_control());
        say(f, one_control());
      },
      [](auto& f) {  // lists that are too long
        say(f, hfi::msg::Ready{});
        say(f, one_codec());
        for (uint32_t fourcc = 1; fourcc <= SVPU_MAX_RAW_FORMATS + 1; ++fourcc) say(f, one_raw(fourcc));
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        say(f, one_codec());
        for (uint32_t id = 1; id <= SVPU_MAX_CONTROLS + 1; ++id) say(f, one_control(id));
      },
      [](auto& f) {  // what this host's layouts don't give
        say(f, hfi::msg::Ready{});
        say(f, one_codec());
        auto wide = one_raw();
        wide.stride_align = 256;
        say(f, wide);
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        say(f, hfi::msg::Pong{});
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        auto bad = one_codec();
        bad.max_width = 1;
        say(f, bad);
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        for (uint32_t i = 1; i < 100; ++i) {
          auto more = one_codec();
          more.coded = i;
          say(f, more);
          say(f, one_raw());
        }
      },
      [](auto& f) {
        say(f, hfi::msg::Ready{});
        while (!f.killed()) say(f, hfi::Unknown{99});
      },
      [](auto& f) {
        __atomic_store_n(&f.message_index().write, 70000u, __ATOMIC_SEQ_CST);
        f.raw_ring();
      },
  };
  for (size_t i = 0; i < std::size(scripts); ++i) {
    const auto answer = ask(scripts[i]);
    ASSERT_FALSE(answer) << i;
    EXPECT_EQ(answer.error().code, EPROTO) << i << ": " << answer.error().reason;
  }
}

TEST(TheEnvironment, SetsTheWatchdogOnlyWithANumber) {
  const auto ping_with = [](const char* text) {
    setenv("SOFTVPU_WATCHDOG_MS", text, 1);
    const Duration ping = VpuConfig::from_environment().limits.ping;
    unsetenv("SOFTVPU_WATCHDOG_MS");
    return ping;
  };
  const Duration standard = WatchdogLimits{}.ping;
  EXPECT_EQ(ping_with("500"), 500ms);
  for (const char* odd : {"", "0", "-1", "1s", " 5", "99999999999999", "1e3"}) EXPECT_EQ(ping_with(odd), standard) << odd;
}

}  // namespace
}  // namespace softvpu::vpu
