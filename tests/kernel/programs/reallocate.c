// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decodes an H.264 file and frees and reallocates its CAPTURE buffers again and again inside the session, as a client may; what it gets anew
 * it fills with garbage first. The frames must be the reference's, whatever the memory is used for in between.
 *   reallocate NODE FILE REFERENCE     REFERENCE: raw I420 frames; multi-planar node. Status 1: a frame is wrong, or missing
 */
#include "client.h"

#define ROUND 12 /* buffers: enough that the firmware decodes into some of them */
#define TAKEN 8  /* frames until they are freed */

static unsigned int width, height, stride, coded_height;
static unsigned char *at[ROUND];
static size_t length[ROUND];

static void learn_format(void)
{
	struct v4l2_format format = choose_yu12();
	struct v4l2_selection visible = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .target = V4L2_SEL_TGT_COMPOSE };

	call(VIDIOC_G_SELECTION, &visible, "G_SELECTION");
	width = visible.r.width;
	height = visible.r.height;
	stride = format.fmt.pix_mp.plane_fmt[0].bytesperline;
	coded_height = format.fmt.pix_mp.height;
}

static void make_buffers(void)
{
	unsigned int i;

	if (request_buffers(CAP, ROUND) != ROUND)
		die("fewer buffers than asked for");
	for (i = 0; i < ROUND; i++) {
		struct v4l2_plane plane = { 0 };
		struct v4l2_buffer buffer = { .type = CAP, .index = i, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

		call(VIDIOC_QUERYBUF, &buffer, "QUERYBUF");
		length[i] = plane.length;
		at[i] = mmap(NULL, length[i], PROT_READ | PROT_WRITE, MAP_SHARED, node, plane.m.mem_offset);
		if (at[i] == MAP_FAILED)
			die("mmap");
		memset(at[i], 0xa5, length[i]);
		queue(CAP, i, 0);
	}
	stream(CAP, VIDIOC_STREAMON);
}

static void free_buffers(void)
{
	unsigned int i;

	stream(CAP, VIDIOC_STREAMOFF);
	for (i = 0; i < ROUND; i++)
		munmap(at[i], length[i]);
	request_buffers(CAP, 0);
}

static int plane_equals(const unsigned char *frame, unsigned int frame_stride, unsigned int w, unsigned int h, const unsigned char *reference)
{
	unsigned int y;

	for (y = 0; y < h; y++)
		if (memcmp(reference + (size_t)y * w, frame + (size_t)y * frame_stride, w))
			return 0;
	return 1;
}

static int frame_equals(const unsigned char *frame, const unsigned char *reference)
{
	const unsigned char *u = frame + (size_t)stride * coded_height, *v = u + (size_t)stride / 2 * (coded_height / 2);
	unsigned int luma = width * height;

	return plane_equals(frame, stride, width, height, reference) &&
	       plane_equals(u, stride / 2, width / 2, height / 2, reference + luma) &&
	       plane_equals(v, stride / 2, width / 2, height / 2, reference + luma * 5 / 4);
}

static unsigned char *reference;
static unsigned int total, next, frames, wrong;

/* One of the reference's that are due: those that were done when the queue stopped are lost. */
static void judge(const unsigned char *frame)
{
	unsigned int n, size = width * height * 3 / 2;

	frames++;
	for (n = next; n < total; n++) {
		if (frame_equals(frame, reference + (size_t)n * size)) {
			next = n + 1;
			return;
		}
	}
	wrong++;
	fprintf(stderr, "reallocate: frame %u in round %d is none of the %u that may come\n", frames, round_number, total - next);
}

static void read_reference(const char *name)
{
	FILE *file = fopen(name, "rb");
	long length_of;

	if (!file || fseek(file, 0, SEEK_END) || (length_of = ftell(file)) <= 0)
		die(name);
	rewind(file);
	reference = malloc(length_of);
	if (!reference || fread(reference, 1, length_of, file) != (size_t)length_of)
		die(name);
	fclose(file);
	total = length_of / (width * height * 3 / 2);
}

int main(int argc, char **argv)
{
	struct v4l2_event event;
	int last = 0;

	program = "reallocate";
	if (argc != 4) {
		fprintf(stderr, "usage: reallocate NODE FILE REFERENCE\n");
		return 2;
	}
	read_file(argv[2]);
	open_node(argv[1]);
	queue_file();
	stream(OUT, VIDIOC_STREAMON);
	wait_well_for(POLLPRI, "the source change event");
	call(VIDIOC_DQEVENT, &event, "DQEVENT");
	learn_format();
	read_reference(argv[3]);
	for (round_number = 0; !last; round_number++) {
		unsigned int i;

		make_buffers();
		/* STREAMOFF ends it. */
		ask_for_drain();
		for (i = 0; i < TAKEN && !last; i++) {
			struct v4l2_plane plane = { 0 };
			struct v4l2_buffer buffer = { .type = CAP, .memory = V4L2_MEMORY_MMAP, .length = 1, .m.planes = &plane };

			wait_well_for(POLLIN, "a frame");
			call(VIDIOC_DQBUF, &buffer, "DQBUF");
			last = buffer.flags & V4L2_BUF_FLAG_LAST;
			if (plane.bytesused)
				judge(at[buffer.index]);
			if (!last)
				queue(CAP, buffer.index, 0);
		}
		free_buffers();
	}
	if (frames < total / 4 || round_number < 4) {
		fprintf(stderr, "reallocate: only %u frames of %u, in %d rounds\n", frames, total, round_number);
		return 1;
	}
	return wrong ? 1 : 0;
}
