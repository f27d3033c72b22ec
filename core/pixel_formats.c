// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The raw formats, the preferred one first (docs/adr/0009). One row per format. A node offers
 * those of its firmware that have a row here.
 */
#include "core/pixel_formats.h"

#define SVPU_PIXEL(bytes) { .bytes_per_sample = (bytes) }
#define SVPU_FULL SVPU_PIXEL(1)
#define SVPU_FULL_PAIR SVPU_PIXEL(2)
#define SVPU_HALF { .bytes_per_sample = 1, .horizontal_shift = 1 }
#define SVPU_HALF_PAIR { .bytes_per_sample = 2, .horizontal_shift = 1 }
#define SVPU_QUARTER { .bytes_per_sample = 1, .horizontal_shift = 1, .vertical_shift = 1 }
#define SVPU_QUARTER_PAIR { .bytes_per_sample = 2, .horizontal_shift = 1, .vertical_shift = 1 }

/* Formats by what their samples are, number of memory planes and component planes. */
#define SVPU_ROW(name, kind, planes, count, ...)                                     \
	{                                                                            \
		.fourcc = SVPU_PIX_FMT_##name, .samples = SVPU_SAMPLES_##kind,       \
		.bit_depth = 8, .memory_planes = (planes), .components = (count),    \
		.component = { __VA_ARGS__ },                                        \
	}

/* clang-format off */
static const struct svpu_pixel_format svpu_pixel_formats[] = {
	SVPU_ROW(NV12, YUV420, 1, 2, SVPU_FULL, SVPU_QUARTER_PAIR),
	SVPU_ROW(YUV420, YUV420, 1, 3, SVPU_FULL, SVPU_QUARTER, SVPU_QUARTER),
	SVPU_ROW(YVU420, YUV420, 1, 3, SVPU_FULL, SVPU_QUARTER, SVPU_QUARTER),
	SVPU_ROW(NV21, YUV420, 1, 2, SVPU_FULL, SVPU_QUARTER_PAIR),
	SVPU_ROW(YUV420M, YUV420, 3, 3, SVPU_FULL, SVPU_QUARTER, SVPU_QUARTER),
	SVPU_ROW(YVU420M, YUV420, 3, 3, SVPU_FULL, SVPU_QUARTER, SVPU_QUARTER),
	SVPU_ROW(NV12M, YUV420, 2, 2, SVPU_FULL, SVPU_QUARTER_PAIR),
	SVPU_ROW(NV21M, YUV420, 2, 2, SVPU_FULL, SVPU_QUARTER_PAIR),
	SVPU_ROW(YUV422P, YUV422, 1, 3, SVPU_FULL, SVPU_HALF, SVPU_HALF),
	SVPU_ROW(NV16, YUV422, 1, 2, SVPU_FULL, SVPU_HALF_PAIR),
	SVPU_ROW(NV61, YUV422, 1, 2, SVPU_FULL, SVPU_HALF_PAIR),
	SVPU_ROW(NV16M, YUV422, 2, 2, SVPU_FULL, SVPU_HALF_PAIR),
	SVPU_ROW(YUYV, YUV422, 1, 1, SVPU_PIXEL(2)),
	SVPU_ROW(YVYU, YUV422, 1, 1, SVPU_PIXEL(2)),
	SVPU_ROW(UYVY, YUV422, 1, 1, SVPU_PIXEL(2)),
	SVPU_ROW(VYUY, YUV422, 1, 1, SVPU_PIXEL(2)),
	SVPU_ROW(NV24, YUV444, 1, 2, SVPU_FULL, SVPU_FULL_PAIR),
	SVPU_ROW(NV42, YUV444, 1, 2, SVPU_FULL, SVPU_FULL_PAIR),
	SVPU_ROW(RGB24, RGB, 1, 1, SVPU_PIXEL(3)),
	SVPU_ROW(BGR24, RGB, 1, 1, SVPU_PIXEL(3)),
	SVPU_ROW(RGB32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(BGR32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(ARGB32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(XRGB32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(ABGR32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(XBGR32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(RGBA32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(RGBX32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(BGRA32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(BGRX32, RGBA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(HSV24, HSV, 1, 1, SVPU_PIXEL(3)),
	SVPU_ROW(HSV32, HSVA, 1, 1, SVPU_PIXEL(4)),
	SVPU_ROW(GREY, GREY, 1, 1, SVPU_FULL),
};

/* clang-format on */

const struct svpu_pixel_format *svpu_pixel_format_at(unsigned int index)
{
	return index < SVPU_COUNT(svpu_pixel_formats) ? &svpu_pixel_formats[index] : NULL;
}

const struct svpu_pixel_format *svpu_pixel_format_find(__u32 fourcc)
{
	const struct svpu_pixel_format *format;
	unsigned int i;

	for (i = 0; (format = svpu_pixel_format_at(i)); i++)
		if (format->fourcc == fourcc)
			return format;
	return NULL;
}

bool svpu_pixel_format_repacks(__u32 one, __u32 other)
{
	const struct svpu_pixel_format *a = svpu_pixel_format_find(one);
	const struct svpu_pixel_format *b = svpu_pixel_format_find(other);

	return a && b && a->samples == b->samples;
}
