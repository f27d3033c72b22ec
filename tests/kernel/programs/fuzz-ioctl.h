/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of fuzz-ioctl share: its threads, their random values, the calls that they make. fuzz-ioctl.c has main().
 */
#pragma once
#include <linux/videodev2.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define FILES 6
#define MAPS 16
#define USER_BYTES (4u << 20)

/* A thread. */
struct fuzzer {
	pthread_t thread;
	uint64_t state; /* of its random numbers */
	volatile unsigned long calls; /* main() watches it: one that stands still is a call that doesn't return */
	unsigned long good;
	struct { void *at; size_t length; } map[MAPS];
	unsigned char *user; /* memory for USERPTR, USER_BYTES long */
};

/* Set by main(), then only read. */
extern const char *firmware_node;
extern unsigned char chunk[1 << 16]; /* the beginning of a stream */
extern size_t chunk_length;
extern volatile int stop;

/* Open files are shared by all threads: calls on one file race. -1: none. */
extern int files[FILES];

/* fuzz-ioctl-values.c */
uint64_t draw(struct fuzzer *f);
unsigned int below(struct fuzzer *f, unsigned int n);
uint32_t number(struct fuzzer *f);
uint32_t buffer_type(struct fuzzer *f);
uint32_t fourcc(struct fuzzer *f);
uint32_t memory_type(struct fuzzer *f);
void random_format(struct fuzzer *f, struct v4l2_format *format);

/* fuzz-ioctl-calls.c: ioctl() that counts; a call or two with arguments of which most are valid. */
int call(struct fuzzer *f, int fd, unsigned long request, void *argument);
void half_valid_call(struct fuzzer *f, int fd);

/* fuzz-ioctl-random.c: a call of the right family, with arguments of noise; no pointer in it leads into this program. */
void random_call(struct fuzzer *f, int fd);

/* fuzz-ioctl-firmware.c: a thread. Its argument is a struct fuzzer. */
void *run_firmware(void *argument);
