# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/check-layers says no where it must: each test plants one file in a small tree with the real table of rooms."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]


class SmallTree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "docs").mkdir()
        shutil.copy(TOP / "docs/architecture.md", self.root / "docs")
        for header in ("src/base/result.h", "src/media/geometry.h", "src/codec/session.h", "src/vpu/driver.h", "src/v4l2/video_device.h", "src/v4l2/decoder/decoder.h",
                       "src/hfi/ring.h", "core/ring.h", "core/types.h", "kernel/module.h", "kernel/v4l2/decoder.h", "kernel/vpu/session.h",
                       "src/vpu/session.h", "kernel/transport/transport.h", "include/uapi/softvpu/hfi.h", "tests/contract/session_contract.h"):
            self.plant(header, "")

    def plant(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def verdict(self, path, include):
        self.plant(path, f"// a comment\n#include {include}\n")
        done = subprocess.run([TOP / "tools/check-layers", "--root", self.root], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.assertIn(f"{path}:2:", done.stdout + done.stderr)
        return done.returncode


class AnInclude(SmallTree):
    def test_down_the_table_is_allowed(self):
        self.assertEqual(self.verdict("src/v4l2/queue/queue.cc", '"codec/session.h"'), 0)
        self.assertEqual(self.verdict("src/hfi/port.cc", "<softvpu/hfi.h>"), 0)
        self.assertEqual(self.verdict("apps/softvpu/run.cc", '"vpu/driver.h"'), 0)

    def test_up_the_table_is_refused(self):
        self.assertEqual(self.verdict("src/base/log.cc", '"media/geometry.h"'), 1)
        self.assertEqual(self.verdict("src/codec/null.cc", '"v4l2/video_device.h"'), 1)

    def test_across_the_seam_is_refused(self):
        self.assertEqual(self.verdict("src/v4l2/queue/queue.cc", '"vpu/driver.h"'), 1)
        self.assertEqual(self.verdict("src/vpu/session.cc", '"v4l2/video_device.h"'), 1)
        self.assertEqual(self.verdict("src/v4l2/queue/queue.cc", "<softvpu/hfi.h>"), 1)

    def test_by_a_relative_path_is_seen_too(self):
        self.assertEqual(self.verdict("src/v4l2/queue/queue.cc", '"../../vpu/driver.h"'), 1)

    def test_of_the_lower_half_is_for_the_assembly_file_alone(self):
        self.assertEqual(self.verdict("src/front/preload/assembly.cc", '"vpu/driver.h"'), 0)
        self.assertEqual(self.verdict("src/front/preload/symbols.cc", '"vpu/driver.h"'), 1)

    def test_of_a_role_is_for_the_switch_over_roles_alone(self):
        self.assertEqual(self.verdict("src/v4l2/codec_device.cc", '"v4l2/decoder/decoder.h"'), 0)
        self.assertEqual(self.verdict("src/v4l2/file/file_core.cc", '"v4l2/decoder/decoder.h"'), 1)
        self.assertEqual(self.verdict("src/v4l2/queue/queue.cc", '"core/ring.h"'), 1)

    def test_of_libavcodec_stays_in_its_room(self):
        self.assertEqual(self.verdict("src/firmware/libav/decoder.cc", "<libavcodec/avcodec.h>"), 0)
        self.assertEqual(self.verdict("src/firmware/worker.cc", "<libavcodec/avcodec.h>"), 1)
        self.assertEqual(self.verdict("apps/softvpu/list.cc", "<libavutil/avutil.h>"), 1)

    def test_of_videodev2_stays_above_the_seam(self):
        self.assertEqual(self.verdict("src/v4l2/ioctl/table.cc", "<linux/videodev2.h>"), 0)
        self.assertEqual(self.verdict("src/media/fourcc_test.cc", "<linux/videodev2.h>"), 0)
        self.assertEqual(self.verdict("src/media/fourcc.cc", "<linux/videodev2.h>"), 1)

    def test_of_a_system_header_is_not_for_core(self):
        self.assertEqual(self.verdict("core/ring_test.cc", "<gtest/gtest.h>"), 0)
        self.assertEqual(self.verdict("core/ring.c", '"core/types.h"'), 0)
        self.assertEqual(self.verdict("core/ring.c", "<softvpu/hfi.h>"), 0)
        self.assertEqual(self.verdict("core/types.h", "<linux/types.h>"), 0)
        self.assertEqual(self.verdict("core/ring.c", "<linux/types.h>"), 1)
        self.assertEqual(self.verdict("core/types.h", "<string.h>"), 1)

    def test_of_a_room_is_not_for_core_nor_for_the_kernel(self):
        self.assertEqual(self.verdict("kernel/vpu/ring.c", '"core/ring.h"'), 0)
        self.assertEqual(self.verdict("kernel/vpu/ring.c", '"module.h"'), 0)
        self.assertEqual(self.verdict("kernel/vpu/ring.c", "<linux/slab.h>"), 0)
        self.assertEqual(self.verdict("kernel/vpu/ring.c", '"../../src/hfi/ring.h"'), 1)
        self.assertEqual(self.verdict("core/ring.c", '"media/geometry.h"'), 1)
        self.assertEqual(self.verdict("core/ring.c", '"kernel/module.h"'), 1)

    def test_of_the_kernel_module_goes_down(self):
        self.assertEqual(self.verdict("kernel/main.c", '"v4l2/decoder.h"'), 0)
        self.assertEqual(self.verdict("kernel/v4l2/queue.c", '"vpu/session.h"'), 0)
        self.assertEqual(self.verdict("kernel/vpu/port.c", '"transport/transport.h"'), 0)
        self.assertEqual(self.verdict("kernel/v4l2/queue.c", '"transport/transport.h"'), 1)
        self.assertEqual(self.verdict("kernel/vpu/port.c", '"v4l2/decoder.h"'), 1)
        self.assertEqual(self.verdict("kernel/transport/local.c", '"vpu/session.h"'), 1)

    def test_of_test_code_is_for_tests(self):
        self.assertEqual(self.verdict("src/vpu/session_test.cc", '"tests/contract/session_contract.h"'), 0)
        self.assertEqual(self.verdict("src/vpu/session.cc", '"tests/contract/session_contract.h"'), 1)

    def test_in_a_folder_without_a_room_is_refused(self):
        self.plant("src/new/thing.cc", "")
        done = subprocess.run([TOP / "tools/check-layers", "--root", self.root], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("src/new/thing.cc", done.stdout)

    def test_is_not_how_to_learn_of_a_machines_state(self):
        for line, status in (("if (ctx->state.draining) return;", 1), ("return state->capture_streaming;", 1), ("if (phase == SVPU_PHASE_STOPPED)", 1), ("if (session->state.stale_drain) return;", 1),
                             ("if (svpu_decoder_has_failed(&ctx->state)) return;", 0), ("if (cookie.draining) return;", 0)):
            for path in ("kernel/v4l2/queue.c", "src/v4l2/decoder/decoder.cc", "core/decoder_state.c"):
                self.plant(path, line + "\n")
                done = subprocess.run([TOP / "tools/check-layers", "--root", self.root], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0 if path.startswith("core") else status, line)
                self.plant(path, "")

    def test_is_not_how_to_learn_of_a_codec(self):
        self.plant("src/firmware/libav/codecs/h264.cc", "  .id = AV_CODEC_ID_H264, .description = {.coded = kH264},\n")
        for path, line, status in (("src/firmware/libav/decoder.cc", "if (row.id == AV_CODEC_ID_HEVC) return;", 1),
                                   ("apps/softvpu-fw/main.cc", "avcodec_find_decoder(AV_CODEC_ID_H264);", 1),
                                   ("src/firmware/worker.cc", "if (config.coded == kH264) return;", 1),
                                   ("src/firmware/worker.cc", "if (kH264 != config.coded) return;", 1),
                                   ("src/firmware/worker.cc", "    case kH264:", 1),
                                   ("src/firmware/worker.cc", "if (layout.fourcc == kNv12) return;", 0),
                                   ("src/firmware/libav/decoder.cc", "const AVCodec* codec = avcodec_find_decoder(row.id);", 0),
                                   ("src/firmware/libav/codecs/hevc.cc", ".id = AV_CODEC_ID_HEVC,", 0),
                                   ("src/firmware/libav/testing/clip.h", "if (id == AV_CODEC_ID_H264) return;", 0),
                                   ("src/firmware/libav/decoder_test.cc", "if (codec.id == AV_CODEC_ID_H264) return;", 0),
                                   ("bench/clip.cc", "{AV_CODEC_ID_H264, V4L2_PIX_FMT_H264},", 0)):
            self.plant(path, line + "\n")
            done = subprocess.run([TOP / "tools/check-layers", "--root", self.root], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, status, f"{path}: {line}: {done.stdout}")
            self.assertEqual(f"{path}:1:" in done.stdout, status == 1, done.stdout)
            self.plant(path, "")

    def test_of_test_support_is_for_tests(self):
        self.plant("src/firmware/libav/testing/clip.h", "")
        self.assertEqual(self.verdict("src/firmware/libav/decoder_test.cc", '"firmware/libav/testing/clip.h"'), 0)
        self.assertEqual(self.verdict("tests/stream/vectors_test.cc", '"firmware/libav/testing/clip.h"'), 0)
        self.assertEqual(self.verdict("src/firmware/libav/decoder.cc", '"firmware/libav/testing/clip.h"'), 1)


class ACallInTheKernelModule(SmallTree):
    UP = "void svpu_upper(int a,\n\t\tint b)\n{\n}\n"

    def verdict_of_call(self, defined_in, called_in):
        self.plant(defined_in, self.UP)
        self.plant(called_in, "/* svpu_upper() is called\n * below. */\nstatic void f(void)\n{\n\tsvpu_upper(1, 2);\n}\n")
        done = subprocess.run([TOP / "tools/check-layers", "--root", self.root], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.assertIn(f"{called_in}:5: svpu_upper()", done.stdout)
        for path in (defined_in, called_in):
            self.plant(path, "")
        return done.returncode

    def test_down_is_allowed(self):
        self.assertEqual(self.verdict_of_call("kernel/vpu/port.c", "kernel/v4l2/decoder.c"), 0)
        self.assertEqual(self.verdict_of_call("kernel/transport/pages.c", "kernel/vpu/port.c"), 0)

    def test_up_is_refused(self):
        self.assertEqual(self.verdict_of_call("kernel/v4l2/decoder.c", "kernel/vpu/messages.c"), 1)
        self.assertEqual(self.verdict_of_call("kernel/v4l2/decoder.c", "kernel/transport/local.c"), 1)
        self.assertEqual(self.verdict_of_call("kernel/vpu/port.c", "kernel/transport/local.c"), 1)

    def test_up_from_a_transport_is_allowed_where_its_own_header_declares_it(self):
        self.plant("kernel/transport/transport.h", "void svpu_upper(int a, int b);\n")
        self.assertEqual(self.verdict_of_call("kernel/vpu/port.c", "kernel/transport/local.c"), 0)
        self.assertEqual(self.verdict_of_call("kernel/v4l2/decoder.c", "kernel/transport/local.c"), 1)

    def test_that_waits_is_for_the_clients_own_calls(self):
        self.assertEqual(self.verdict_of_call("kernel/vpu/wait.c", "kernel/v4l2/calls.c"), 0)
        self.assertEqual(self.verdict_of_call("kernel/v4l2/calls.c", "kernel/v4l2/queue.c"), 0)
        self.assertEqual(self.verdict_of_call("kernel/vpu/wait.c", "kernel/vpu/messages.c"), 1)
        self.assertEqual(self.verdict_of_call("kernel/vpu/wait.c", "kernel/v4l2/events.c"), 1)
        self.assertEqual(self.verdict_of_call("kernel/v4l2/calls.c", "kernel/v4l2/decoder.c"), 1)

    def test_in_a_circle_of_files_is_refused(self):
        self.plant("kernel/vpu/a.c", "void svpu_a(void)\n{\n\tsvpu_b();\n}\n")
        self.plant("kernel/vpu/b.c", "void svpu_b(void)\n{\n\tsvpu_c();\n}\n")
        self.plant("kernel/vpu/c.c", "void svpu_c(void)\n{\n}\n")
        self.assertEqual(self.verdict("kernel/vpu/port.c", '"core/ring.h"'), 0)
        self.plant("kernel/vpu/c.c", "void svpu_c(void)\n{\n\tsvpu_a();\n}\n")
        done = subprocess.run([TOP / "tools/check-layers", "--root", self.root], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("circle: kernel/vpu/a.c, kernel/vpu/b.c, kernel/vpu/c.c", done.stdout)

    def test_of_a_static_function_of_the_same_name_is_its_own(self):
        self.plant("kernel/v4l2/events.c", "static " + self.UP)
        self.plant("kernel/vpu/messages.c", "static " + self.UP)
        done = subprocess.run([TOP / "tools/check-layers", "--root", self.root], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
