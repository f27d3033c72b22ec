// SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1-or-later
/*
 * The raw formats, the preferred one first (docs/adr/0009). One row per format. A node offers
 * those of its firmware that have a row here.
 */
#include "core/pixel_formats.h"

#define SVPU_FULL { .bytes_per_sample = 1 }
#define SVPU_QUARTER { .bytes_per_sample = 1, .horizontal_shift = 1, .vertical_shift = 1 }
#define SVPU_QUARTER_PAIR { .bytes_per_sample = 2, .horizontal_shift = 1, .vertical_shift = 1 }

static const struct svpu_pixel_format svpu_pixel_formats[] = {
	{
		.fourcc = SVPU_PIX_FMT_NV12,
		.bit_depth = 8,
		.memory_planes = 1,
		.components = 2,
		.component = { SVPU_FULL, SVPU_QUARTER_PAIR },
	},
	{
		.fourcc = SVPU_PIX_FMT_YUV420,
		.bit_depth = 8,
		.memory_planes = 1,
		.components = 3,
		.component = { SVPU_FULL, SVPU_QUARTER, SVPU_QUARTER },
	},
};

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
