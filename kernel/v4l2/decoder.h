/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The decoder's machine and what it does to queues and session. All under the file's lock, but for
 * svpu_decoder_wait_header().
 */
#ifndef SOFTVPU_DECODER_H
#define SOFTVPU_DECODER_H

#include "v4l2/context.h"

/* decoder.c: what happens to the decoder, in calls and in events */
int svpu_decoder_run(struct svpu_ctx *ctx, const struct svpu_decoder_event *event);
int svpu_decoder_run_by(struct svpu_ctx *ctx, const struct svpu_decoder_event *event,
			void (*act)(struct svpu_ctx *ctx, enum svpu_decoder_action action));
void svpu_decoder_act(struct svpu_ctx *ctx, enum svpu_decoder_action action);
int svpu_decoder_happens(struct svpu_ctx *ctx, enum svpu_decoder_trigger what);
void svpu_decoder_fail(struct svpu_ctx *ctx, const char *why);
void svpu_decoder_check(struct svpu_ctx *ctx, int ret);
int svpu_decoder_tell_controls(struct svpu_ctx *ctx);
void svpu_decoder_push(struct svpu_ctx *ctx);
void svpu_decoder_deliver_last(struct svpu_ctx *ctx);
void svpu_decoder_header_news(struct svpu_ctx *ctx);

/* calls.c: what only the client's own calls do; these may wait */
int svpu_decoder_start_output(struct svpu_ctx *ctx);
int svpu_decoder_start_capture(struct svpu_ctx *ctx);
void svpu_decoder_stop_output(struct svpu_ctx *ctx);
void svpu_decoder_stop_capture(struct svpu_ctx *ctx);
int svpu_decoder_command(struct svpu_ctx *ctx, struct v4l2_decoder_cmd *cmd);
void svpu_decoder_dequeued(struct svpu_ctx *ctx);
void svpu_decoder_wait_header(struct svpu_ctx *ctx);

/* pump.c: buffers go out and come back */
int svpu_pump_inputs(struct svpu_ctx *ctx);
int svpu_pump_outputs(struct svpu_ctx *ctx);
int svpu_pump_layout(struct svpu_ctx *ctx);
int svpu_pump_drain(struct svpu_ctx *ctx);
bool svpu_capture_fits(struct svpu_ctx *ctx);
bool svpu_capture_has_frames(struct svpu_ctx *ctx);
void svpu_return_ready(struct svpu_ctx *ctx, enum svpu_q which, enum vb2_buffer_state state);
void svpu_return_in_flight(struct svpu_ctx *ctx, enum svpu_q which, enum vb2_buffer_state state);

/* events.c: for svpu_session_init() */
extern const struct svpu_session_ops svpu_decoder_events;

#endif /* SOFTVPU_DECODER_H */
