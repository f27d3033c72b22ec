# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stock programs that decode through the device, and the command line of each for a vector.

Each client also has a *control*: the same program, the same demuxer and parser, with its own software decoder in the device's place. Where
the control fails too, the limit is the client's.
"""
import dataclasses
import os
import typing

import reference

FFMPEG_DECODER = {"h264": "h264_v4l2m2m", "hevc": "hevc_v4l2m2m", "vp8": "vp8_v4l2m2m", "vp9": "vp9_v4l2m2m", "mpeg2": "mpeg2_v4l2m2m"}
FFMPEG_CONTROL = {"h264": "h264", "hevc": "hevc", "vp8": "vp8", "vp9": "vp9", "mpeg2": "mpeg2video"}

GST_DECODER = {"h264": "v4l2h264dec", "hevc": "v4l2h265dec", "vp8": "v4l2vp8dec", "vp9": "v4l2vp9dec", "mpeg2": "v4l2mpeg2dec"}
# By default GStreamer's libav elements show pictures that libavcodec itself, and ffmpeg, keep back.
GST_CONTROL = {"h264": "avdec_h264 output-corrupt=false max-threads=1", "hevc": "avdec_h265 output-corrupt=false max-threads=1", "vp8": "avdec_vp8", "vp9": "avdec_vp9",
               "mpeg2": "avdec_mpeg2video"}
GST_PARSER = {"h264": ["h264parse"], "hevc": ["h265parse"], "vp8": [], "vp9": ["vp9parse"], "mpeg2": ["mpegvideoparse"]}
# What takes the stream out of its container; the parser itself for bare streams. No entry: GStreamer has no demuxer for it.
GST_DEMUXER = {"h264": [], "hevc": [], "mpegvideo": [], "mov": ["qtdemux"], "matroska": ["matroskademux"], "flv": ["flvdemux"], "mpegts": ["tsdemux"],
               "mpeg": ["mpegpsdemux"], "ivf": ["ivfparse"], "ogg": ["oggdemux"]}

V4L2_FORMAT = {"h264": "H264", "hevc": "HEVC", "mpeg2": "MPG2"}


@dataclasses.dataclass(frozen=True)
class Client:
    name: str
    # A vector's command line that writes frames to a file, through the device or (control) not. A text instead of a list says why this client can't read such a file at all.
    command: typing.Callable
    environment: typing.Callable = dict
    autorotates: bool = False  # turns the pictures of a file that asks for it
    tries: int = 1  # that a run gets to come out right: more than one where the client gives up by the clock


def ffmpeg_command(vector, control, output):
    decoder = [FFMPEG_CONTROL[vector.codec], *reference.DECODER_FLAGS.get(vector.codec, []), "-threads", "1"] if control else [FFMPEG_DECODER[vector.codec]]
    # Software decoders have a pixel format of their own for full range (yuvj420p); the device doesn't.
    pix_fmt = [] if control else ["-pix_fmt", "yuv420p"]
    return ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", "-nostats", "-c:v", *decoder, *vector.ffmpeg_input, "-map", "0:v:0",
            "-fps_mode", "passthrough", "-autoscale", "0", *vector.output_options, "-f", "rawvideo", *pix_fmt, "-y", str(output)]


def gst_command(vector, control, output):
    if vector.container not in GST_DEMUXER:
        return f"GStreamer has no demuxer for {vector.container}"
    decoder = GST_CONTROL[vector.codec] if control else GST_DECODER[vector.codec]
    # Its file holds the picture alone; filesink would write a device's buffers with the padding at the end of each line.
    # It writes NV12 one byte at a time; I420 a line at a time.
    sink = ["video/x-raw,format=I420", f"videocodectestsink location={output} sync=false"]
    elements = [[f"filesrc location={vector.path}"], GST_DEMUXER[vector.container], GST_PARSER[vector.codec], vector.elements, [decoder], sink]
    pipeline = " ! ".join(element for group in elements for element in group)
    return ["gst-launch-1.0", "-q", *pipeline.split()]


def gst_environment(work):
    # The registry remembers which elements the devices of its day made: one of our own.
    return {"GST_REGISTRY": str(work / "gst-registry.bin"), "GST_DEBUG_NO_COLOR": "1"}


def v4l2_ctl_command(vector, control, output):
    if control:
        return "v4l2-ctl has no software decoder to be a control"
    if not vector.is_bare:
        return "v4l2-ctl reads no container: it cuts a file into buffers wherever a buffer is full"
    # If the whole file fits into the OUTPUT buffers, v4l2-ctl says STOP before it has set up CAPTURE, which starts no drain (stateful decoder, Drain,
    # step 1, warning), and ends when half a second brought no frame. That isn't enough for the first of large pictures on a machine
    # that has other things to do: with one buffer it says STOP when the last byte has been read.
    buffers = "=1" if vector.path.stat().st_size > 1 << 20 else ""
    return ["v4l2-ctl", "-d", os.environ.get("SOFTVPU_TEST_DEVICE", "/dev/video10"), "-x", f"pixelformat={V4L2_FORMAT[vector.codec]}",
            "-v", "pixelformat=YU12", "--stream-mmap", f"--stream-out-mmap{buffers}", f"--stream-from={vector.path}", f"--stream-to={output}"]


CLIENTS = {client.name: client for client in (
    Client("ffmpeg", ffmpeg_command, autorotates=True),
    Client("gstreamer", gst_command, gst_environment),
    # It waits two seconds for a frame, and half a second after it said STOP; a machine with other things to do may need more for a first one.
    Client("v4l2-ctl", v4l2_ctl_command, tries=4),
)}


def environment(client, work):
    extra = client.environment(work) if client.environment is not dict else {}
    return {**os.environ, **extra}
