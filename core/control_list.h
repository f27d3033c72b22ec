/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later */
/*
 * V4L2's standard controls that a codec may have: numbers, types, flags, names and menus, as the
 * kernel's control framework has them (Linux 6.1; names are part of the API, clients compare
 * them). One row per control, by id. ext-ctrls-codec.rst, ext-ctrls-jpeg.rst, control.rst.
 *
 * A list to be included with any of these defined, once for each use; control_table.c makes the
 * table of it, control_range.c the lengths of menus, and control_table_test.cc compares it with
 * <linux/v4l2-controls.h>:
 *   SVPU_ITEMS(menu, item, ...)
 *   SVPU_VALUES(menu, value, ...)	of an integer menu
 *   SVPU_CONTROL(type, class, number, id, flags, name)
 *   SVPU_MENU(type, class, number, id, flags, name, menu)
 * `flags` is the end of a SVPU_V4L2_... (control_table.h).
 *
 * A menu may have more items in a later kernel: those here are what every supported kernel has.
 */
#ifndef SVPU_ITEMS
#define SVPU_ITEMS(menu, ...)
#endif
#ifndef SVPU_VALUES
#define SVPU_VALUES(menu, ...)
#endif
#ifndef SVPU_MENU
#define SVPU_MENU(...)
#endif
#ifndef SVPU_CONTROL
#define SVPU_CONTROL(...)
#endif
#define SVPU_INTEGER(class, number, id, name) SVPU_CONTROL(INTEGER, class, number, id, PLAIN, name)
#define SVPU_BOOLEAN(class, number, id, name) SVPU_CONTROL(BOOLEAN, class, number, id, PLAIN, name)

/* clang-format off */
SVPU_ITEMS(bitrate_mode, "Variable Bitrate", "Constant Bitrate", "Constant Quality")
SVPU_ITEMS(header_mode, "Separate Buffer", "Joined With 1st Frame")
SVPU_ITEMS(multi_slice_mode, "Single", "Max Macroblocks", "Max Bytes")
SVPU_ITEMS(intra_refresh_period_type, "Random", "Cyclic")
SVPU_ITEMS(mpeg2_level, "Low", "Main", "High 1440", "High")
SVPU_ITEMS(mpeg2_profile, "Simple", "Main", "SNR Scalable", "Spatially Scalable", "High")
SVPU_ITEMS(h264_entropy_mode, "CAVLC", "CABAC")
SVPU_ITEMS(h264_level,
	   "1", "1b", "1.1", "1.2", "1.3", "2", "2.1", "2.2", "3", "3.1", "3.2", "4", "4.1", "4.2",
	   "5", "5.1", "5.2", "6.0", "6.1", "6.2")
SVPU_ITEMS(h264_loop_filter_mode, "Enabled", "Disabled", "Disabled at Slice Boundary")
SVPU_ITEMS(h264_profile,
	   "Baseline", "Constrained Baseline", "Main", "Extended", "High", "High 10", "High 422",
	   "High 444 Predictive", "High 10 Intra", "High 422 Intra", "High 444 Intra",
	   "CAVLC 444 Intra", "Scalable Baseline", "Scalable High", "Scalable High Intra",
	   "Stereo High", "Multiview High", "Constrained High")
SVPU_ITEMS(vui_sar_idc,
	   "Unspecified", "1:1", "12:11", "10:11", "16:11", "40:33", "24:11", "20:11", "32:11",
	   "80:33", "18:11", "15:11", "64:33", "160:99", "4:3", "3:2", "2:1", "Extended SAR")
SVPU_ITEMS(mpeg4_level, "0", "0b", "1", "2", "3", "3b", "4", "5")
SVPU_ITEMS(mpeg4_profile,
	   "Simple", "Advanced Simple", "Core", "Simple Scalable", "Advanced Coding Efficiency")
SVPU_ITEMS(vpx_golden_frame, "Use Previous Frame", "Use Previous Specific Frame")
SVPU_ITEMS(vpx_profile, "0", "1", "2", "3")
SVPU_ITEMS(vp9_level,
	   "1", "1.1", "2", "2.1", "3", "3.1", "4", "4.1", "5", "5.1", "5.2", "6", "6.1", "6.2")
SVPU_ITEMS(hevc_profile, "Main", "Main Still Picture", "Main 10")
SVPU_ITEMS(hevc_level,
	   "1", "2", "2.1", "3", "3.1", "4", "4.1", "5", "5.1", "5.2", "6", "6.1", "6.2")
SVPU_ITEMS(hevc_tier, "Main", "High")
SVPU_ITEMS(hevc_loop_filter_mode, "Disabled", "Enabled", "Disabled at slice boundary")
SVPU_ITEMS(hevc_refresh_type, "None", "CRA", "IDR")
SVPU_ITEMS(hevc_size_of_length_field, "0", "1", "2", "4")
SVPU_ITEMS(frame_skip, "Disabled", "Level Limit", "VBV/CPB Limit")
SVPU_ITEMS(jpeg_subsampling, "4:4:4", "4:2:2", "4:2:0", "4:1:1", "4:1:0", "Gray")
SVPU_VALUES(vpx_partitions, 1, 2, 4, 8)
SVPU_VALUES(vpx_ref_frames, 1, 2, 3)

SVPU_BOOLEAN(USER, 20, HFLIP, "Horizontal Flip")
SVPU_BOOLEAN(USER, 21, VFLIP, "Vertical Flip")
SVPU_CONTROL(INTEGER, USER, 39, MIN_BUFFERS_FOR_CAPTURE, READ_ONLY, "Min Number of Capture Buffers")
SVPU_CONTROL(INTEGER, USER, 40, MIN_BUFFERS_FOR_OUTPUT, READ_ONLY, "Min Number of Output Buffers")
SVPU_INTEGER(USER, 41, ALPHA_COMPONENT, "Alpha Component")

SVPU_CONTROL(INTEGER, CODEC, 202, MPEG_VIDEO_B_FRAMES, UPDATE, "Video B Frames")
SVPU_INTEGER(CODEC, 203, MPEG_VIDEO_GOP_SIZE, "Video GOP Size")
SVPU_BOOLEAN(CODEC, 204, MPEG_VIDEO_GOP_CLOSURE, "Video GOP Closure")
SVPU_MENU(MENU, CODEC, 206, MPEG_VIDEO_BITRATE_MODE, UPDATE, "Video Bitrate Mode", bitrate_mode)
SVPU_INTEGER(CODEC, 207, MPEG_VIDEO_BITRATE, "Video Bitrate")
SVPU_INTEGER(CODEC, 208, MPEG_VIDEO_BITRATE_PEAK, "Video Peak Bitrate")
SVPU_INTEGER(CODEC, 214, MPEG_VIDEO_CYCLIC_INTRA_REFRESH_MB, "Number of Intra Refresh MBs")
SVPU_BOOLEAN(CODEC, 215, MPEG_VIDEO_FRAME_RC_ENABLE, "Frame Level Rate Control Enable")
SVPU_MENU(MENU, CODEC, 216, MPEG_VIDEO_HEADER_MODE, PLAIN, "Sequence Header Mode", header_mode)
SVPU_INTEGER(CODEC, 217, MPEG_VIDEO_MAX_REF_PIC, "Max Number of Reference Pics")
SVPU_BOOLEAN(CODEC, 218, MPEG_VIDEO_MB_RC_ENABLE, "H264 MB Level Rate Control")
SVPU_INTEGER(CODEC, 219, MPEG_VIDEO_MULTI_SLICE_MAX_BYTES, "Maximum Bytes in a Slice")
SVPU_INTEGER(CODEC, 220, MPEG_VIDEO_MULTI_SLICE_MAX_MB, "Number of MBs in a Slice")
SVPU_MENU(MENU, CODEC, 221, MPEG_VIDEO_MULTI_SLICE_MODE, PLAIN,
	  "Slice Partitioning Method", multi_slice_mode)
SVPU_INTEGER(CODEC, 222, MPEG_VIDEO_VBV_SIZE, "VBV Buffer Size")
SVPU_INTEGER(CODEC, 225, MPEG_VIDEO_VBV_DELAY, "Initial Delay for VBV Control")
SVPU_BOOLEAN(CODEC, 226, MPEG_VIDEO_REPEAT_SEQ_HEADER, "Repeat Sequence Header")
SVPU_INTEGER(CODEC, 227, MPEG_VIDEO_MV_H_SEARCH_RANGE, "Horizontal MV Search Range")
SVPU_INTEGER(CODEC, 228, MPEG_VIDEO_MV_V_SEARCH_RANGE, "Vertical MV Search Range")
SVPU_CONTROL(BUTTON, CODEC, 229, MPEG_VIDEO_FORCE_KEY_FRAME, PRESSED, "Force Key Frame")
SVPU_BOOLEAN(CODEC, 231, MPEG_VIDEO_AU_DELIMITER, "Generate Access Unit Delimiters")
SVPU_INTEGER(CODEC, 236, MPEG_VIDEO_INTRA_REFRESH_PERIOD, "Intra Refresh Period")
SVPU_MENU(MENU, CODEC, 237, MPEG_VIDEO_INTRA_REFRESH_PERIOD_TYPE, PLAIN,
	  "Intra Refresh Period Type", intra_refresh_period_type)
SVPU_MENU(MENU, CODEC, 270, MPEG_VIDEO_MPEG2_LEVEL, PLAIN, "MPEG2 Level", mpeg2_level)
SVPU_MENU(MENU, CODEC, 271, MPEG_VIDEO_MPEG2_PROFILE, PLAIN, "MPEG2 Profile", mpeg2_profile)
SVPU_INTEGER(CODEC, 290, FWHT_I_FRAME_QP, "FWHT I-Frame QP Value")
SVPU_INTEGER(CODEC, 291, FWHT_P_FRAME_QP, "FWHT P-Frame QP Value")
SVPU_INTEGER(CODEC, 300, MPEG_VIDEO_H263_I_FRAME_QP, "H263 I-Frame QP Value")
SVPU_INTEGER(CODEC, 301, MPEG_VIDEO_H263_P_FRAME_QP, "H263 P-Frame QP Value")
SVPU_INTEGER(CODEC, 302, MPEG_VIDEO_H263_B_FRAME_QP, "H263 B-Frame QP Value")
SVPU_INTEGER(CODEC, 303, MPEG_VIDEO_H263_MIN_QP, "H263 Minimum QP Value")
SVPU_INTEGER(CODEC, 304, MPEG_VIDEO_H263_MAX_QP, "H263 Maximum QP Value")
SVPU_INTEGER(CODEC, 350, MPEG_VIDEO_H264_I_FRAME_QP, "H264 I-Frame QP Value")
SVPU_INTEGER(CODEC, 351, MPEG_VIDEO_H264_P_FRAME_QP, "H264 P-Frame QP Value")
SVPU_INTEGER(CODEC, 352, MPEG_VIDEO_H264_B_FRAME_QP, "H264 B-Frame QP Value")
SVPU_INTEGER(CODEC, 353, MPEG_VIDEO_H264_MIN_QP, "H264 Minimum QP Value")
SVPU_INTEGER(CODEC, 354, MPEG_VIDEO_H264_MAX_QP, "H264 Maximum QP Value")
SVPU_BOOLEAN(CODEC, 355, MPEG_VIDEO_H264_8X8_TRANSFORM, "H264 8x8 Transform Enable")
SVPU_INTEGER(CODEC, 356, MPEG_VIDEO_H264_CPB_SIZE, "H264 CPB Buffer Size")
SVPU_MENU(MENU, CODEC, 357, MPEG_VIDEO_H264_ENTROPY_MODE, PLAIN,
	  "H264 Entropy Mode", h264_entropy_mode)
SVPU_INTEGER(CODEC, 358, MPEG_VIDEO_H264_I_PERIOD, "H264 I-Frame Period")
SVPU_MENU(MENU, CODEC, 359, MPEG_VIDEO_H264_LEVEL, PLAIN, "H264 Level", h264_level)
SVPU_INTEGER(CODEC, 360, MPEG_VIDEO_H264_LOOP_FILTER_ALPHA, "H264 Loop Filter Alpha Offset")
SVPU_INTEGER(CODEC, 361, MPEG_VIDEO_H264_LOOP_FILTER_BETA, "H264 Loop Filter Beta Offset")
SVPU_MENU(MENU, CODEC, 362, MPEG_VIDEO_H264_LOOP_FILTER_MODE, PLAIN,
	  "H264 Loop Filter Mode", h264_loop_filter_mode)
SVPU_MENU(MENU, CODEC, 363, MPEG_VIDEO_H264_PROFILE, PLAIN, "H264 Profile", h264_profile)
SVPU_INTEGER(CODEC, 364, MPEG_VIDEO_H264_VUI_EXT_SAR_HEIGHT, "Vertical Size of SAR")
SVPU_INTEGER(CODEC, 365, MPEG_VIDEO_H264_VUI_EXT_SAR_WIDTH, "Horizontal Size of SAR")
SVPU_BOOLEAN(CODEC, 366, MPEG_VIDEO_H264_VUI_SAR_ENABLE, "Aspect Ratio VUI Enable")
SVPU_MENU(MENU, CODEC, 367, MPEG_VIDEO_H264_VUI_SAR_IDC, PLAIN, "VUI Aspect Ratio IDC", vui_sar_idc)
SVPU_INTEGER(CODEC, 383, MPEG_VIDEO_H264_CONSTRAINED_INTRA_PREDICTION,
	     "H264 Constrained Intra Pred")
SVPU_INTEGER(CODEC, 384, MPEG_VIDEO_H264_CHROMA_QP_INDEX_OFFSET, "H264 Chroma QP Index Offset")
SVPU_INTEGER(CODEC, 385, MPEG_VIDEO_H264_I_FRAME_MIN_QP, "H264 I-Frame Minimum QP Value")
SVPU_INTEGER(CODEC, 386, MPEG_VIDEO_H264_I_FRAME_MAX_QP, "H264 I-Frame Maximum QP Value")
SVPU_INTEGER(CODEC, 387, MPEG_VIDEO_H264_P_FRAME_MIN_QP, "H264 P-Frame Minimum QP Value")
SVPU_INTEGER(CODEC, 388, MPEG_VIDEO_H264_P_FRAME_MAX_QP, "H264 P-Frame Maximum QP Value")
SVPU_INTEGER(CODEC, 389, MPEG_VIDEO_H264_B_FRAME_MIN_QP, "H264 B-Frame Minimum QP Value")
SVPU_INTEGER(CODEC, 390, MPEG_VIDEO_H264_B_FRAME_MAX_QP, "H264 B-Frame Maximum QP Value")
SVPU_INTEGER(CODEC, 400, MPEG_VIDEO_MPEG4_I_FRAME_QP, "MPEG4 I-Frame QP Value")
SVPU_INTEGER(CODEC, 401, MPEG_VIDEO_MPEG4_P_FRAME_QP, "MPEG4 P-Frame QP Value")
SVPU_INTEGER(CODEC, 402, MPEG_VIDEO_MPEG4_B_FRAME_QP, "MPEG4 B-Frame QP Value")
SVPU_INTEGER(CODEC, 403, MPEG_VIDEO_MPEG4_MIN_QP, "MPEG4 Minimum QP Value")
SVPU_INTEGER(CODEC, 404, MPEG_VIDEO_MPEG4_MAX_QP, "MPEG4 Maximum QP Value")
SVPU_MENU(MENU, CODEC, 405, MPEG_VIDEO_MPEG4_LEVEL, PLAIN, "MPEG4 Level", mpeg4_level)
SVPU_MENU(MENU, CODEC, 406, MPEG_VIDEO_MPEG4_PROFILE, PLAIN, "MPEG4 Profile", mpeg4_profile)
SVPU_BOOLEAN(CODEC, 407, MPEG_VIDEO_MPEG4_QPEL, "Quarter Pixel Search Enable")
SVPU_MENU(INTEGER_MENU, CODEC, 500, MPEG_VIDEO_VPX_NUM_PARTITIONS, PLAIN,
	  "VPX Number of Partitions", vpx_partitions)
SVPU_INTEGER(CODEC, 501, MPEG_VIDEO_VPX_IMD_DISABLE_4X4, "VPX Intra Mode Decision Disable")
SVPU_MENU(INTEGER_MENU, CODEC, 502, MPEG_VIDEO_VPX_NUM_REF_FRAMES, PLAIN,
	  "VPX No. of Refs for P Frame", vpx_ref_frames)
SVPU_INTEGER(CODEC, 503, MPEG_VIDEO_VPX_FILTER_LEVEL, "VPX Loop Filter Level Range")
SVPU_INTEGER(CODEC, 504, MPEG_VIDEO_VPX_FILTER_SHARPNESS, "VPX Deblocking Effect Control")
SVPU_INTEGER(CODEC, 505, MPEG_VIDEO_VPX_GOLDEN_FRAME_REF_PERIOD, "VPX Golden Frame Refresh Period")
SVPU_MENU(MENU, CODEC, 506, MPEG_VIDEO_VPX_GOLDEN_FRAME_SEL, PLAIN,
	  "VPX Golden Frame Indicator", vpx_golden_frame)
SVPU_INTEGER(CODEC, 507, MPEG_VIDEO_VPX_MIN_QP, "VPX Minimum QP Value")
SVPU_INTEGER(CODEC, 508, MPEG_VIDEO_VPX_MAX_QP, "VPX Maximum QP Value")
SVPU_INTEGER(CODEC, 509, MPEG_VIDEO_VPX_I_FRAME_QP, "VPX I-Frame QP Value")
SVPU_INTEGER(CODEC, 510, MPEG_VIDEO_VPX_P_FRAME_QP, "VPX P-Frame QP Value")
SVPU_MENU(MENU, CODEC, 511, MPEG_VIDEO_VP8_PROFILE, PLAIN, "VP8 Profile", vpx_profile)
SVPU_MENU(MENU, CODEC, 512, MPEG_VIDEO_VP9_PROFILE, PLAIN, "VP9 Profile", vpx_profile)
SVPU_MENU(MENU, CODEC, 513, MPEG_VIDEO_VP9_LEVEL, PLAIN, "VP9 Level", vp9_level)
SVPU_INTEGER(CODEC, 600, MPEG_VIDEO_HEVC_MIN_QP, "HEVC Minimum QP Value")
SVPU_INTEGER(CODEC, 601, MPEG_VIDEO_HEVC_MAX_QP, "HEVC Maximum QP Value")
SVPU_INTEGER(CODEC, 602, MPEG_VIDEO_HEVC_I_FRAME_QP, "HEVC I-Frame QP Value")
SVPU_INTEGER(CODEC, 603, MPEG_VIDEO_HEVC_P_FRAME_QP, "HEVC P-Frame QP Value")
SVPU_INTEGER(CODEC, 604, MPEG_VIDEO_HEVC_B_FRAME_QP, "HEVC B-Frame QP Value")
SVPU_MENU(MENU, CODEC, 615, MPEG_VIDEO_HEVC_PROFILE, PLAIN, "HEVC Profile", hevc_profile)
SVPU_MENU(MENU, CODEC, 616, MPEG_VIDEO_HEVC_LEVEL, PLAIN, "HEVC Level", hevc_level)
SVPU_INTEGER(CODEC, 617, MPEG_VIDEO_HEVC_FRAME_RATE_RESOLUTION, "HEVC Frame Rate Resolution")
SVPU_MENU(MENU, CODEC, 618, MPEG_VIDEO_HEVC_TIER, PLAIN, "HEVC Tier", hevc_tier)
SVPU_INTEGER(CODEC, 619, MPEG_VIDEO_HEVC_MAX_PARTITION_DEPTH, "HEVC Maximum Coding Unit Depth")
SVPU_MENU(MENU, CODEC, 620, MPEG_VIDEO_HEVC_LOOP_FILTER_MODE, PLAIN,
	  "HEVC Loop Filter", hevc_loop_filter_mode)
SVPU_INTEGER(CODEC, 621, MPEG_VIDEO_HEVC_LF_BETA_OFFSET_DIV2, "HEVC Loop Filter Beta Offset")
SVPU_INTEGER(CODEC, 622, MPEG_VIDEO_HEVC_LF_TC_OFFSET_DIV2, "HEVC Loop Filter TC Offset")
SVPU_MENU(MENU, CODEC, 623, MPEG_VIDEO_HEVC_REFRESH_TYPE, PLAIN,
	  "HEVC Refresh Type", hevc_refresh_type)
SVPU_INTEGER(CODEC, 624, MPEG_VIDEO_HEVC_REFRESH_PERIOD, "HEVC Num of I-Frame b/w 2 IDR")
SVPU_INTEGER(CODEC, 625, MPEG_VIDEO_HEVC_LOSSLESS_CU, "HEVC Lossless Encoding")
SVPU_INTEGER(CODEC, 626, MPEG_VIDEO_HEVC_CONST_INTRA_PRED, "HEVC Constant Intra Prediction")
SVPU_INTEGER(CODEC, 627, MPEG_VIDEO_HEVC_WAVEFRONT, "HEVC Wavefront")
SVPU_INTEGER(CODEC, 628, MPEG_VIDEO_HEVC_GENERAL_PB, "HEVC General PB")
SVPU_INTEGER(CODEC, 629, MPEG_VIDEO_HEVC_TEMPORAL_ID, "HEVC Temporal ID")
SVPU_INTEGER(CODEC, 630, MPEG_VIDEO_HEVC_STRONG_SMOOTHING, "HEVC Strong Intra Smoothing")
SVPU_INTEGER(CODEC, 631, MPEG_VIDEO_HEVC_MAX_NUM_MERGE_MV_MINUS1, "HEVC Max Num of Candidate MVs")
SVPU_INTEGER(CODEC, 632, MPEG_VIDEO_HEVC_INTRA_PU_SPLIT, "HEVC Intra PU Split")
SVPU_INTEGER(CODEC, 633, MPEG_VIDEO_HEVC_TMV_PREDICTION, "HEVC TMV Prediction")
SVPU_INTEGER(CODEC, 634, MPEG_VIDEO_HEVC_WITHOUT_STARTCODE, "HEVC ENC Without Startcode")
SVPU_MENU(MENU, CODEC, 635, MPEG_VIDEO_HEVC_SIZE_OF_LENGTH_FIELD, PLAIN,
	  "HEVC Size of Length Field", hevc_size_of_length_field)
SVPU_INTEGER(CODEC, 643, MPEG_VIDEO_REF_NUMBER_FOR_PFRAMES, "Reference Frames for a P-Frame")
SVPU_INTEGER(CODEC, 644, MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR, "Prepend SPS and PPS to IDR")
SVPU_INTEGER(CODEC, 645, MPEG_VIDEO_CONSTANT_QUALITY, "Constant Quality")
SVPU_MENU(MENU, CODEC, 646, MPEG_VIDEO_FRAME_SKIP_MODE, PLAIN, "Frame Skip Mode", frame_skip)
SVPU_INTEGER(CODEC, 647, MPEG_VIDEO_HEVC_I_FRAME_MIN_QP, "HEVC I-Frame Minimum QP Value")
SVPU_INTEGER(CODEC, 648, MPEG_VIDEO_HEVC_I_FRAME_MAX_QP, "HEVC I-Frame Maximum QP Value")
SVPU_INTEGER(CODEC, 649, MPEG_VIDEO_HEVC_P_FRAME_MIN_QP, "HEVC P-Frame Minimum QP Value")
SVPU_INTEGER(CODEC, 650, MPEG_VIDEO_HEVC_P_FRAME_MAX_QP, "HEVC P-Frame Maximum QP Value")
SVPU_INTEGER(CODEC, 651, MPEG_VIDEO_HEVC_B_FRAME_MIN_QP, "HEVC B-Frame Minimum QP Value")
SVPU_INTEGER(CODEC, 652, MPEG_VIDEO_HEVC_B_FRAME_MAX_QP, "HEVC B-Frame Maximum QP Value")
SVPU_INTEGER(CODEC, 653, MPEG_VIDEO_DEC_DISPLAY_DELAY, "Display Delay")
SVPU_BOOLEAN(CODEC, 654, MPEG_VIDEO_DEC_DISPLAY_DELAY_ENABLE, "Display Delay Enable")

SVPU_MENU(MENU, JPEG, 1, JPEG_CHROMA_SUBSAMPLING, PLAIN, "Chroma Subsampling", jpeg_subsampling)
SVPU_INTEGER(JPEG, 2, JPEG_RESTART_INTERVAL, "Restart Interval")
SVPU_INTEGER(JPEG, 3, JPEG_COMPRESSION_QUALITY, "Compression Quality")
/* clang-format on */

#undef SVPU_ITEMS
#undef SVPU_VALUES
#undef SVPU_MENU
#undef SVPU_CONTROL
#undef SVPU_INTEGER
#undef SVPU_BOOLEAN
