/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of vpu/ that make up a session share; the upper half has session.h. */
#ifndef SOFTVPU_BOOKS_H
#define SOFTVPU_BOOKS_H

#include "vpu/port.h"
#include "vpu/session.h"

/* books.c */
int svpu_session_send(struct svpu_session *session, void *command, u16 type, u16 size, u64 cookie);
void svpu_books_reset(struct svpu_session *session);
void svpu_books_enter(struct svpu_session *session, struct svpu_buffer *buffer);
struct svpu_buffer *svpu_books_find(struct svpu_session *session, enum svpu_direction direction,
				    u64 cookie);
void svpu_books_take(struct svpu_session *session, struct svpu_buffer *buffer);
int svpu_books_flush(struct svpu_session *session, enum svpu_direction direction);
const char *svpu_books_flushed(struct svpu_session *session,
			       const struct svpu_msg_flushed *message);
bool svpu_books_forget_recalled(struct svpu_session *session, u64 cookie);

/* buffers.c */
int svpu_buffer_copy(struct svpu_session *session, struct svpu_buffer *buffer, bool to_firmware);

/* messages.c */
bool svpu_session_read(struct svpu_session *session);
void svpu_session_work(struct work_struct *work);

/* watchdog.c */
void svpu_session_watchdog(struct work_struct *work);

#endif /* SOFTVPU_BOOKS_H */
