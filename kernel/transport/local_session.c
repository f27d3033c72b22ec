// SPDX-License-Identifier: GPL-2.0
/*
 * Transport "local": the file of one session, which a worker has: region, doorbells, memory of
 * buffers. softvpu/fwdev.h is its interface. Made by local.c.
 */
#include <linux/file.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include <softvpu/fwdev.h>

#include "transport/local.h"
#include "transport/memory.h"

static bool svpu_session_readable(struct svpu_local_session *session)
{
	return READ_ONCE(session->bells) || READ_ONCE(session->closed);
}

static ssize_t svpu_session_file_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct svpu_local_session *session = file->private_data;
	bool closed;
	u64 bells;
	int ret;

	if (count < sizeof(bells))
		return -EINVAL;
	for (;;) {
		spin_lock_irq(&session->lock);
		bells = session->bells;
		session->bells = 0;
		closed = session->closed;
		spin_unlock_irq(&session->lock);
		if (bells)
			return copy_to_user(to, &bells, sizeof(bells)) ? -EFAULT : sizeof(bells);
		if (closed)
			return 0;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(session->wait, svpu_session_readable(session));
		if (ret)
			return ret;
	}
}

static ssize_t svpu_session_file_write(struct file *file, const char __user *from, size_t count,
				       loff_t *pos)
{
	struct svpu_local_session *session = file->private_data;

	if (count < sizeof(u64))
		return -EINVAL;
	svpu_link_bell(session->link);
	return sizeof(u64);
}

static __poll_t svpu_session_file_poll(struct file *file, poll_table *table)
{
	struct svpu_local_session *session = file->private_data;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &session->wait, table);
	spin_lock_irq(&session->lock);
	if (session->bells)
		mask |= EPOLLIN | EPOLLRDNORM;
	if (session->closed)
		mask |= EPOLLHUP;
	spin_unlock_irq(&session->lock);
	return mask;
}

static int svpu_session_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct svpu_local_session *session = file->private_data;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > PAGE_ALIGN(SVPU_REGION_SIZE))
		return -EINVAL;
	/* The process that attaches may hand the session to another: this is the one. */
	WRITE_ONCE(session->link->worker, task_tgid_nr(current));
	return svpu_pages_map(vma, session->link->region);
}

static void svpu_local_hold(void *dbuf)
{
	get_dma_buf(dbuf);
}

static long svpu_session_get_buffer(struct svpu_local_session *session, void __user *arg)
{
	struct svpu_memory_name name;
	struct svpu_fw_buffer buffer;
	struct dma_buf *dbuf;
	int fd;

	if (copy_from_user(&buffer, arg, sizeof(buffer)))
		return -EFAULT;
	if (buffer.direction > SVPU_OUTPUT || buffer.index >= SVPU_MAX_BUFFERS ||
	    buffer.plane >= SVPU_MAX_PLANES || buffer.reserved)
		return -EINVAL;
	if (READ_ONCE(session->closed))
		return -ESHUTDOWN;

	name = (struct svpu_memory_name){ buffer.direction, buffer.index, buffer.generation };
	dbuf = svpu_link_find(session->link, &name, buffer.plane, svpu_local_hold);
	if (!dbuf)
		return -ENOENT;

	buffer.size = dbuf->size;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(dbuf);
		return fd;
	}
	buffer.fd = fd;
	if (copy_to_user(arg, &buffer, sizeof(buffer))) {
		put_unused_fd(fd);
		dma_buf_put(dbuf);
		return -EFAULT;
	}
	/* The dma-buf's reference goes to the descriptor. */
	fd_install(fd, dbuf->file);
	return 0;
}

static long svpu_session_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != SVPU_FW_GET_BUFFER)
		return -ENOTTY;
	return svpu_session_get_buffer(file->private_data, (void __user *)arg);
}

static int svpu_session_file_release(struct inode *inode, struct file *file)
{
	struct svpu_local_session *session = file->private_data;

	svpu_link_lost(session->link);
	svpu_link_put(session->link);
	return 0;
}

const struct file_operations svpu_session_file_ops = {
	.owner = THIS_MODULE,
	.read = svpu_session_file_read,
	.write = svpu_session_file_write,
	.poll = svpu_session_file_poll,
	.mmap = svpu_session_file_mmap,
	.unlocked_ioctl = svpu_session_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = svpu_session_file_release,
	.llseek = noop_llseek,
};
