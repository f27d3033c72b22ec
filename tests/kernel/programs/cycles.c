// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens a decoder node, decodes a whole H.264 file of a megabyte at most, closes it, and does so again: the client of
 * tests/kernel/guest/leaks.
 *   cycles NODE FILE ROUNDS FRAMES     every round must give that many frames; multi-planar node. Status 1: it didn't
 */
#include <limits.h>

#include "client.h"

static unsigned int decode(const char *name)
{
	unsigned int frames;

	open_node(name);
	queue_file();
	stream(OUT, VIDIOC_STREAMON);
	set_capture_up();
	ask_for_drain();
	frames = take_frames(UINT_MAX);
	/* Every other round leaves everything to close(). */
	if (round_number % 2) {
		stream(CAP, VIDIOC_STREAMOFF);
		stream(OUT, VIDIOC_STREAMOFF);
		request_buffers(CAP, 0);
		request_buffers(OUT, 0);
	}
	close(node);
	return frames;
}

int main(int argc, char **argv)
{
	unsigned int frames, wanted;

	program = "cycles";
	if (argc != 5) {
		fprintf(stderr, "usage: cycles NODE FILE ROUNDS FRAMES\n");
		return 2;
	}
	read_file(argv[2]);
	wanted = atoi(argv[4]);
	for (round_number = 0; round_number < atoi(argv[3]); round_number++) {
		frames = decode(argv[1]);
		if (frames != wanted) {
			fprintf(stderr, "cycles: round %d gave %u frames, expected %u\n", round_number, frames, wanted);
			return 1;
		}
	}
	return 0;
}
