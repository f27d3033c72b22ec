// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory the users of this module's nodes may hold: a ceiling for each user and one for
 * all together. Memory that the kernel allocates for a client is charged to its control group as
 * well (GFP_KERNEL_ACCOUNT, pages.c); pages that a client lends (USERPTR) are pinned, and count
 * here. Called by the memory operations of both transports, in the client's context.
 */
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "transport/memory.h"

static unsigned int svpu_memory_mib;
module_param_named(memory_mib, svpu_memory_mib, uint, 0644);
MODULE_PARM_DESC(memory_mib, "most memory of all buffers (default 0: three quarters of the RAM)");

static unsigned int svpu_user_memory_mib;
module_param_named(user_memory_mib, svpu_user_memory_mib, uint, 0644);
MODULE_PARM_DESC(user_memory_mib, "most memory of one user's buffers (default 0: half the RAM)");

/* Exists while it has something charged. */
struct svpu_user {
	struct list_head link;
	kuid_t uid;
	u64 bytes;
};

static DEFINE_SPINLOCK(svpu_users_lock); /* svpu_users, svpu_bytes */
static LIST_HEAD(svpu_users);
static u64 svpu_bytes;

static u64 svpu_ceiling(unsigned int mib, unsigned int quarters)
{
	return mib ? (u64)mib << 20 : ((u64)totalram_pages() << PAGE_SHIFT) / 4 * quarters;
}

/* The lock is held. `fresh` is used up (and NULL then) when the user has nothing charged yet. */
static struct svpu_user *svpu_user_of(kuid_t uid, struct svpu_user **fresh)
{
	struct svpu_user *user;

	list_for_each_entry(user, &svpu_users, link)
		if (uid_eq(user->uid, uid))
			return user;
	user = *fresh;
	*fresh = NULL;
	user->uid = uid;
	list_add(&user->link, &svpu_users);
	return user;
}

/*
 * Charges `bytes` to the user of the calling process; `charge` says what to give back. Errors:
 * -ENOMEM, a ceiling is reached.
 */
int svpu_charge(struct svpu_charge *charge, unsigned long bytes)
{
	u64 most = svpu_ceiling(READ_ONCE(svpu_memory_mib), 3);
	u64 most_of_user = svpu_ceiling(READ_ONCE(svpu_user_memory_mib), 2);
	struct svpu_user *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	struct svpu_user *user;
	int ret = -ENOMEM;

	if (!fresh)
		return -ENOMEM;
	spin_lock(&svpu_users_lock);
	user = svpu_user_of(current_uid(), &fresh);
	if (svpu_bytes + bytes <= most && user->bytes + bytes <= most_of_user) {
		svpu_bytes += bytes;
		user->bytes += bytes;
		charge->user = user;
		charge->bytes = bytes;
		ret = 0;
	} else if (!user->bytes) {
		list_del(&user->link);
		fresh = user;
	}
	spin_unlock(&svpu_users_lock);
	kfree(fresh);
	return ret;
}

/* Gives back what svpu_charge() charged, if anything. */
void svpu_uncharge(struct svpu_charge *charge)
{
	struct svpu_user *user = charge->user;

	if (!user)
		return;
	spin_lock(&svpu_users_lock);
	svpu_bytes -= charge->bytes;
	user->bytes -= charge->bytes;
	if (user->bytes)
		user = NULL;
	else
		list_del(&user->link);
	spin_unlock(&svpu_users_lock);
	kfree(user);
	charge->user = NULL;
}
