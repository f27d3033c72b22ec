// SPDX-License-Identifier: LGPL-2.1-or-later
// The files of a V4L2 platform device in /dev, /sys and /run/udev. Called by runtime_tree.cc.
#include "apps/softvpu/tree_entries.h"

#include <fmt/format.h>

#include <map>

namespace softvpu::cli {
namespace {

constexpr int kV4l2Major = 81;

class Entries {
 public:
  void directory(const std::string& path) {
    if (path.empty() || !files_.emplace(path, TreeFile{'d', path, {}}).second) return;
    directory(path.substr(0, path.rfind('/')));
  }
  void add(char type, const std::string& path, std::string content) {
    directory(path.substr(0, path.rfind('/')));
    files_[path] = {type, path, std::move(content)};
  }
  void file(const std::string& path, std::string content) { add('f', path, std::move(content)); }
  void link(const std::string& path, std::string target) { add('l', path, std::move(target)); }
  std::vector<TreeFile> list() const {
    std::vector<TreeFile> all;
    for (const auto& [path, file] : files_) all.push_back(file);
    return all;
  }

 private:
  std::map<std::string, TreeFile> files_;
};

// The platform device that a node belongs to, maybe with others.
void add_platform_device(Entries& entries, const v4l2::NodeSpec& node) {
  const std::string device = fmt::format("/sys/devices/platform/{}", node.device());
  const std::string driver = fmt::format("bus/platform/drivers/{}", node.driver);
  entries.file(device + "/uevent", fmt::format("DRIVER={}\nMODALIAS={}\n", node.driver, node.bus_info));
  entries.file(device + "/modalias", fmt::format("{}\n", node.bus_info));
  entries.link(device + "/subsystem", "../../../bus/platform");
  entries.link(device + "/driver", "../../../" + driver);
  entries.link(fmt::format("/sys/bus/platform/devices/{}", node.device()),
               fmt::format("../../../devices/platform/{}", node.device()));
  entries.link(fmt::format("/sys/{}/{}", driver, node.device()), fmt::format("../../../../devices/platform/{}", node.device()));
}

// Documentation/ABI/stable/sysfs-class-video4linux of the kernel: name, dev, index, dev_debug.
void add_node(Entries& entries, const v4l2::NodeSpec& node, size_t index) {
  const std::string name = fmt::format("video{}", node.minor);
  const std::string in_class = fmt::format("devices/platform/{}/video4linux/{}", node.device(), name);
  const std::string sys = "/sys/" + in_class;
  entries.file(sys + "/name", fmt::format("{}\n", node.card));
  entries.file(sys + "/dev", fmt::format("{}:{}\n", kV4l2Major, node.minor));
  entries.file(sys + "/index", fmt::format("{}\n", index));
  entries.file(sys + "/dev_debug", "0\n");
  entries.file(sys + "/uevent", fmt::format("MAJOR={}\nMINOR={}\nDEVNAME={}\n", kV4l2Major, node.minor, name));
  entries.link(sys + "/device", fmt::format("../../../{}", node.device()));
  entries.link(sys + "/subsystem", "../../../../../class/video4linux");
  entries.link("/sys/class/video4linux/" + name, "../../" + in_class);
  entries.link(fmt::format("/sys/dev/char/{}:{}", kV4l2Major, node.minor), "../../" + in_class);

  const v4l2::NodeWords words = v4l2::words_of(node);
  entries.add('c', "/dev/" + name,
              fmt::format("{} {} {} {} {}", kV4l2Major, node.minor, words.role, words.api, node.codec_threads));
  // The name that Chromium looks for (udev rules of ChromeOS boards make it).
  const std::string alias = fmt::format("{}{}", node.alias, index);
  entries.link("/dev/" + alias, name);
  const std::string by_path = fmt::format("v4l/by-path/platform-{}-video-index{}", node.device(), index);
  entries.link("/dev/" + by_path, "../../" + name);
  // udev's database; v4l_id(1) and path_id(1) would have put these there.
  entries.file(
      fmt::format("/run/udev/data/c{}:{}", kV4l2Major, node.minor),
      fmt::format(
          "S:{}\nS:{}\nI:1000000\nE:ID_V4L_VERSION=2\nE:ID_V4L_PRODUCT={}\nE:ID_V4L_CAPABILITIES=:\nE:ID_PATH=platform-{}\n"
          "E:ID_PATH_TAG=platform-{}\nG:uaccess\nQ:uaccess\nV:1\n",
          alias, by_path, node.card, node.device(), node.device()));
}

}  // namespace

std::vector<TreeFile> tree_entries(const std::vector<v4l2::NodeSpec>& nodes) {
  Entries entries;
  for (size_t i = 0; i < nodes.size(); ++i) {
    add_platform_device(entries, nodes[i]);
    add_node(entries, nodes[i], i);
  }
  return entries.list();
}

}  // namespace softvpu::cli
