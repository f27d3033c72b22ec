// SPDX-License-Identifier: GPL-2.0
/*
 * The open file of /dev/softvpu-fw, which is a firmware: it comes, takes sessions and goes. Each
 * session has a file of its own (local_session.c). softvpu/fwdev.h.
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include <softvpu/fwdev.h>

#include "transport/local.h"

/*
 * No new sessions; the waiting ones are lost like the running ones, and go when their owners
 * leave. Only then the next firmware may come: what is lost here must not be its.
 */
static void svpu_fw_detach(struct svpu_local *local)
{
	spin_lock(&local->lock);
	local->attached = false;
	spin_unlock(&local->lock);
	svpu_device_detached(local->dev);
	spin_lock(&local->lock);
	local->opened = false;
	spin_unlock(&local->lock);
}

static int svpu_fw_open(struct inode *inode, struct file *file)
{
	struct svpu_local *local = container_of(file->private_data, struct svpu_local, misc);
	int ret = 0;

	spin_lock(&local->lock);
	if (local->opened) {
		ret = -EBUSY;
	} else {
		local->opened = true;
		local->attached = true;
	}
	spin_unlock(&local->lock);
	if (ret)
		return ret;

	svpu_device_get(local->dev);
	file->private_data = local;
	ret = svpu_device_attached(local->dev);
	if (ret) {
		svpu_fw_detach(local);
		svpu_device_put(local->dev);
	}
	return ret;
}

static int svpu_fw_release(struct inode *inode, struct file *file)
{
	struct svpu_local *local = file->private_data;
	struct svpu_device *dev = local->dev;

	svpu_fw_detach(local);
	svpu_device_put(dev);
	return 0;
}

static __poll_t svpu_fw_poll(struct file *file, poll_table *table)
{
	struct svpu_local *local = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &local->wait, table);
	spin_lock(&local->lock);
	if (!list_empty(&local->waiting))
		mask = EPOLLIN | EPOLLRDNORM;
	spin_unlock(&local->lock);
	if (READ_ONCE(local->dev->removed))
		mask |= EPOLLHUP;
	return mask;
}

static long svpu_fw_attach_session(struct svpu_local *local, void __user *arg)
{
	struct svpu_fw_attach attach;
	struct svpu_local_session *session;
	struct file *file;
	int fd;

	if (copy_from_user(&attach, arg, sizeof(attach)))
		return -EFAULT;
	if (attach.flags || attach.opener ||
	    memchr_inv(attach.reserved, 0, sizeof(attach.reserved)))
		return -EINVAL;
	if (attach.abi_major != SVPU_ABI_MAJOR)
		return -EPROTONOSUPPORT;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	/* The list's reference becomes the file's. */
	spin_lock(&local->lock);
	session = list_first_entry_or_null(&local->waiting, struct svpu_local_session, waiting);
	if (session)
		list_del_init(&session->waiting);
	spin_unlock(&local->lock);
	if (!session) {
		put_unused_fd(fd);
		return -EAGAIN;
	}
	file = anon_inode_getfile("[softvpu-session]", &svpu_session_file_ops, session, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		svpu_link_lost(session->link);
		svpu_link_put(session->link);
		return PTR_ERR(file);
	}
	attach.fd = fd;
	attach.generation = session->link->generation;
	attach.region_size = SVPU_REGION_SIZE;
	if (session->has_opener) {
		attach.flags = SVPU_FW_ATTACH_OPENER;
		attach.opener = from_kuid_munged(current_user_ns(), session->opener);
	}
	if (copy_to_user(arg, &attach, sizeof(attach))) {
		put_unused_fd(fd);
		fput(file);
		return -EFAULT;
	}
	fd_install(fd, file);
	return 0;
}

static long svpu_fw_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != SVPU_FW_ATTACH)
		return -ENOTTY;
	return svpu_fw_attach_session(file->private_data, (void __user *)arg);
}

const struct file_operations svpu_fw_file_ops = {
	.owner = THIS_MODULE,
	.open = svpu_fw_open,
	.release = svpu_fw_release,
	.poll = svpu_fw_poll,
	.unlocked_ioctl = svpu_fw_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};
