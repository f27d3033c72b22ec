// SPDX-License-Identifier: LGPL-2.1-or-later
// `softvpu list`: the device as a client would see it, without a client. Called by main.cc.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "apps/softvpu/device_report.h"
#include "apps/softvpu/local_driver.h"
#include "apps/softvpu/messages.h"
#include "apps/softvpu/run_devices.h"
#include "apps/softvpu/verbs.h"
#include "v4l2/video_device.h"

namespace softvpu::cli {
namespace {

using nlohmann::ordered_json;

std::string size_text(const SizeReport& size) {
  if (!size.stepwise) return fmt::format("{}x{}", size.max_width, size.max_height);
  return fmt::format("{}x{} to {}x{} in steps of {}x{}", size.min_width, size.min_height, size.max_width, size.max_height,
                     size.step_width, size.step_height);
}

void print_formats(const char* title, const std::vector<FormatReport>& formats) {
  fmt::print("  {}\n", title);
  for (const FormatReport& format : formats) {
    fmt::print("    {}  {}{}\n", format.fourcc, format.description,
               format.flags.empty() ? "" : fmt::format(" ({})", fmt::join(format.flags, ", ")));
    for (const SizeReport& size : format.sizes) fmt::print("          {}\n", size_text(size));
  }
}

void print_text(const DeviceReport& device) {
  fmt::print("{}: {} (driver {}, {}; {})\n", device.node, device.card, device.driver, device.bus_info,
             fmt::join(device.capabilities, ", "));
  print_formats("takes", device.coded);
  print_formats("gives", device.raw);
  fmt::print("  controls\n");
  for (const ControlReport& control : device.controls) {
    fmt::print("    {:#010x}  {} ({}) {}..{} default {}{}\n", control.id, control.name, control.type, control.minimum,
               control.maximum, control.default_value,
               control.flags.empty() ? "" : fmt::format(" ({})", fmt::join(control.flags, ", ")));
    for (const MenuItem& item : control.menu) fmt::print("                {}: {}\n", item.index, item.name);
  }
}

ordered_json json_of(const std::vector<FormatReport>& formats) {
  ordered_json all = ordered_json::array();
  for (const FormatReport& format : formats) {
    ordered_json sizes = ordered_json::array();
    for (const SizeReport& size : format.sizes) {
      sizes.push_back({{"min", {size.min_width, size.min_height}},
                       {"max", {size.max_width, size.max_height}},
                       {"step", {size.step_width, size.step_height}}});
    }
    all.push_back({{"fourcc", format.fourcc}, {"description", format.description}, {"flags", format.flags}, {"sizes", sizes}});
  }
  return all;
}

ordered_json json_of(const DeviceReport& device) {
  ordered_json controls = ordered_json::array();
  for (const ControlReport& control : device.controls) {
    ordered_json menu = ordered_json::array();
    for (const MenuItem& item : control.menu) menu.push_back({{"index", item.index}, {"name", item.name}});
    controls.push_back({{"id", control.id},
                        {"name", control.name},
                        {"type", control.type},
                        {"minimum", control.minimum},
                        {"maximum", control.maximum},
                        {"step", control.step},
                        {"default", control.default_value},
                        {"flags", control.flags},
                        {"menu", menu}});
  }
  return {{"node", device.node},
          {"driver", device.driver},
          {"card", device.card},
          {"bus_info", device.bus_info},
          {"capabilities", device.capabilities},
          {"coded_formats", json_of(device.coded)},
          {"raw_formats", json_of(device.raw)},
          {"controls", controls}};
}

int no_answer(const Error& error) {
  return complain({kExitFailed, "list: " + error.reason, "a codec process that answers", "softvpu doctor"});
}

Result<DeviceReport> report_node(const v4l2::NodeSpec& node, codec::Driver& driver) {
  v4l2::VideoDeviceConfig config;
  config.node = node;
  const auto device = v4l2::make_codec_device(config, driver);
  const Result<std::shared_ptr<v4l2::FileHandle>> file = device->open();
  if (!file) return Unexpected(file.error());
  Result<DeviceReport> report = report_device(fmt::format("/dev/video{}", node.minor), **file);
  (*file)->release();
  return report;
}

}  // namespace

int verb_list(const ListOptions& options) {
  const Result<std::unique_ptr<codec::Driver>> driver = local_driver();
  if (!driver) return no_answer(driver.error());
  const Result<RunDevices> devices = run_devices(options.node, options.codecs);
  if (!devices) return complain(no_devices(options.codecs, devices.error()));
  std::vector<FourCC> offered;
  if (devices->capabilities)
    for (const codec::CodecInfo& codec : devices->capabilities->codecs) offered.push_back(codec.coded);
  ordered_json all = ordered_json::array();
  for (v4l2::NodeSpec node : devices->nodes) {
    node.codecs = offered;
    const Result<DeviceReport> report = report_node(node, **driver);
    if (!report) return no_answer(report.error());
    if (options.json) {
      all.push_back(json_of(*report));
    } else {
      print_text(*report);
    }
  }
  if (options.json) fmt::print("{}\n", ordered_json{{"devices", all}}.dump(2));
  return kExitOk;
}

}  // namespace softvpu::cli
