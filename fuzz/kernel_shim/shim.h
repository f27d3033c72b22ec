/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of the kernel that kernel/vpu and the decoder of kernel/v4l2 use, for one thread of user
 * space. Locks check that they aren't taken twice, waiting gives the firmware its
 * turn (shim_wait()), time moves when device.c says so. Written for kernel_fuzz; what it leaves out
 * it doesn't need. Every <linux/….h> and <media/….h> that is included there is this.
 */
#ifndef SHIM_H
#define SHIM_H

#include <errno.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define BIT(n) (1UL << (n))
#define U32_MAX UINT32_MAX
#define SZ_256M 0x10000000
#define HZ 250
#define GFP_KERNEL 0
#define GFP_KERNEL_ACCOUNT 0
#define LINUX_VERSION_CODE KERNEL_VERSION(6, 18, 0)
#define KERNEL_VERSION(a, b, c) ((a) << 16 | (b) << 8 | (c))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define likely(x) (x)
#define min(a, b)                       \
	({                              \
		__typeof__(a) a_ = (a); \
		__typeof__(b) b_ = (b); \
		a_ < b_ ? a_ : b_;      \
	})
#define max(a, b)                       \
	({                              \
		__typeof__(a) a_ = (a); \
		__typeof__(b) b_ = (b); \
		a_ > b_ ? a_ : b_;      \
	})
#define min_t(type, a, b) min((type)(a), (type)(b))
#define ALIGN(x, to) (((x) + (__typeof__(x))(to)-1) & ~((__typeof__(x))(to)-1))
#define PAGE_ALIGN(x) ALIGN((unsigned long)(x), 4096UL)
#define swap(a, b)                      \
	do {                            \
		__typeof__(a) t_ = (a); \
		(a) = (b);              \
		(b) = t_;               \
	} while (0)

/* Memory order. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier() __asm__ volatile("" ::: "memory")
#define cmpxchg(p, from, to) __sync_val_compare_and_swap(p, from, to)
typedef struct {
	int counter;
} atomic_t;
typedef atomic_t atomic64_t;
#define atomic_set(a, v) ((a)->counter = (v))
#define atomic_read(a) ((a)->counter)
#define atomic_inc(a) ((a)->counter++)

/* Errors as pointers. */
#define ERR_PTR(error) ((void *)(intptr_t)(error))
#define ERR_CAST(p) ((void *)(p))
#define PTR_ERR(p) ((long)(intptr_t)(p))
#define IS_ERR(p) ((unsigned long)(uintptr_t)(p) >= (unsigned long)-4095)
#define PTR_ERR_OR_ZERO(p) (IS_ERR(p) ? (int)PTR_ERR(p) : 0)

/* The module's own mistakes, as a kernel with debugging finds them. */
void shim_complain(const char *what) __attribute__((noreturn));
void shim_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define WARN_ON_ONCE(c) ((c) ? (shim_complain(#c), true) : false)
#define dev_dbg(dev, ...) ((void)(dev), shim_log(__VA_ARGS__))
#define dev_warn_ratelimited(dev, ...) ((void)(dev), shim_log(__VA_ARGS__))
#define dev_err(dev, ...) ((void)(dev), shim_log(__VA_ARGS__))

#define kzalloc(size, flags) calloc(1, size)
#define kvzalloc(size, flags) calloc(1, size)
#define kfree(p) free(p)
#define kvfree(p) free(p)

struct kref {
	int count;
};
static inline void kref_init(struct kref *ref)
{
	ref->count = 1;
}
static inline void kref_get(struct kref *ref)
{
	if (ref->count++ <= 0)
		shim_complain("a reference on what is gone");
}
static inline void kref_put(struct kref *ref, void (*release)(struct kref *))
{
	if (!--ref->count)
		release(ref);
}

/* Locks of one thread. */
struct mutex {
	bool locked;
};
typedef struct mutex spinlock_t;
static inline void shim_lock(struct mutex *m)
{
	if (m->locked)
		shim_complain("a lock is taken twice");
	m->locked = true;
}
static inline void shim_unlock(struct mutex *m)
{
	if (!m->locked)
		shim_complain("a lock that isn't held is given back");
	m->locked = false;
}
#define mutex_init(m) ((m)->locked = false)
#define mutex_destroy(m) ((m)->locked ? shim_complain("a held lock is destroyed") : (void)0)
#define mutex_lock(m) shim_lock(m)
#define mutex_unlock(m) shim_unlock(m)
#define spin_lock_init(l) mutex_init(l)
#define spin_lock(l) shim_lock(l)
#define spin_unlock(l) shim_unlock(l)
#define spin_lock_irqsave(l, flags) ((flags) = 0, shim_lock(l))
#define spin_unlock_irqrestore(l, flags) ((void)(flags), shim_unlock(l))
struct srcu_struct {
	int readers;
};
static inline int srcu_read_lock(struct srcu_struct *s)
{
	return s->readers++;
}
#define init_srcu_struct(s) ((s)->readers = 0)
#define cleanup_srcu_struct(s) ((s)->readers ? shim_complain("a section never ends") : (void)0)
#define synchronize_srcu(s) ((void)(s))
static inline void srcu_read_unlock(struct srcu_struct *s, int index)
{
	(void)index;
	s->readers--;
}

/* Time, and what happens in it. */
extern unsigned long jiffies;
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define msecs_to_jiffies(ms) ((unsigned long)(ms) / (1000 / HZ))
#define cond_resched() ((void)0)
typedef struct {
	int unused;
} wait_queue_head_t;
#define init_waitqueue_head(w) ((void)(w))
#define wake_up(w) ((void)(w))
bool shim_wait(void); /* the firmware's turn; false: it does nothing more */
#define wait_event_killable_timeout(wait, condition, timeout) \
	({                                                    \
		long left_ = (timeout);                       \
		while (!(condition))                          \
			if (!shim_wait()) {                   \
				jiffies += left_;             \
				left_ = 0;                    \
				break;                        \
			}                                     \
		left_;                                        \
	})
struct work_struct {
	void (*run)(struct work_struct *);
	bool pending;
};
struct delayed_work {
	struct work_struct work;
	unsigned long due;
};
#define to_delayed_work(w) container_of(w, struct delayed_work, work)
#define INIT_WORK(w, f) ((w)->run = (f))
#define INIT_DELAYED_WORK(w, f) ((w)->work.run = (f))
#define queue_work(wq, w) ((w)->pending = true)
#define mod_delayed_work(wq, w, delay) ((w)->work.pending = true, (w)->due = jiffies + (delay))
#define cancel_work_sync(w) ((w)->pending = false)
#define cancel_delayed_work_sync(w) ((w)->work.pending = false)

/* Lists. */
struct list_head {
	struct list_head *next, *prev;
};
#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }
static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l->prev = l;
}
static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}
static inline bool list_is_first(const struct list_head *l, const struct list_head *head)
{
	return l->prev == head;
}
static inline void list_add_tail(struct list_head *l, struct list_head *head)
{
	l->next = head;
	l->prev = head->prev;
	head->prev->next = l;
	head->prev = l;
}
static inline void list_del_init(struct list_head *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	INIT_LIST_HEAD(l);
}
#define list_del(l) list_del_init(l)
static inline void list_splice_init(struct list_head *from, struct list_head *to)
{
	while (!list_empty(from)) {
		struct list_head *l = from->next;

		list_del_init(l);
		list_add_tail(l, to);
	}
}
#define list_entry(l, type, member) container_of(l, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_for_each_entry(each, head, member)                                                   \
	for (each = list_entry((head)->next, __typeof__(*each), member); &each->member != (head); \
	     each = list_entry(each->member.next, __typeof__(*each), member))
#define list_for_each_entry_safe(each, after, head, member)                   \
	for (each = list_entry((head)->next, __typeof__(*each), member),      \
	    after = list_entry(each->member.next, __typeof__(*each), member); \
	     &each->member != (head);                                         \
	     each = after, after = list_entry(after->member.next, __typeof__(*after), member))

#include "kernel_shim/media.h"

#endif
