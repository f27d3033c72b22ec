// SPDX-License-Identifier: GPL-2.0
/*
 * Transport "local": /dev/softvpu-fw, where a firmware process of this machine attaches.
 * softvpu/fwdev.h is its interface. The node's file owns the firmware; each session's file owns
 * one session's firmware side.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <softvpu/fwdev.h>

#include "softvpu.h"

struct svpu_local {
	struct svpu_device *dev;
	struct miscdevice misc;
	spinlock_t lock; /* opened, attached, waiting */
	bool opened; /* the node; by one firmware at a time */
	bool attached; /* and it may be offered sessions */
	struct list_head waiting; /* sessions that no worker took yet; each holds a reference */
	wait_queue_head_t wait;
};

static struct platform_device *svpu_platform_device;

/* ---- the transport's side ---- */

static int svpu_local_open_session(struct svpu_session *session, struct svpu_ctx *ctx)
{
	struct svpu_local *local = session->dev->transport_data;

	if (ctx)
		session->opener = ctx->opener;
	session->has_opener = !!ctx;
	session->region = svpu_pages_alloc(SVPU_REGION_SIZE);
	if (!session->region)
		return -ENOMEM;
	svpu_session_init_region(session);

	spin_lock(&local->lock);
	if (!local->attached) {
		spin_unlock(&local->lock);
		vfree(session->region);
		return -ENODEV;
	}
	svpu_session_get(session);
	list_add_tail(&session->transport_link, &local->waiting);
	spin_unlock(&local->lock);
	wake_up(&local->wait);
	return 0;
}

static void svpu_local_close_session(struct svpu_session *session)
{
	struct svpu_local *local = session->dev->transport_data;
	bool waiting;

	spin_lock(&local->lock);
	waiting = !list_empty(&session->transport_link);
	list_del_init(&session->transport_link);
	spin_unlock(&local->lock);

	spin_lock_irq(&session->firmware_lock);
	session->closed = true;
	spin_unlock_irq(&session->firmware_lock);
	wake_up(&session->firmware_wait);
	if (waiting)
		svpu_session_put(session);
}

static void svpu_local_release_session(struct svpu_session *session)
{
	vfree(session->region);
}

static void svpu_local_doorbell(struct svpu_session *session)
{
	unsigned long flags;

	spin_lock_irqsave(&session->firmware_lock, flags);
	session->firmware_bells++;
	spin_unlock_irqrestore(&session->firmware_lock, flags);
	wake_up(&session->firmware_wait);
}

static void svpu_local_free(struct svpu_device *dev)
{
	kfree(dev->transport_data);
}

/*
 * An application's own memory (USERPTR) must not be mapped into another process behind its back.
 */
static bool svpu_local_reaches(struct svpu_ctx *ctx, struct vb2_buffer *vb, unsigned int plane)
{
	return vb->memory == VB2_MEMORY_MMAP || vb->memory == VB2_MEMORY_DMABUF;
}

/* As a dma-buf: MMAP buffers are exported, imported ones are passed on. */
static void *svpu_local_share(struct vb2_buffer *vb, unsigned int plane, void *bounce,
			      struct svpu_plane *wire)
{
	int mode = V4L2_TYPE_IS_CAPTURE(vb->vb2_queue->type) ? O_RDWR : O_RDONLY;
	struct dma_buf *dbuf;

	if (bounce) {
		dbuf = svpu_local_lend(bounce, mode);
	} else if (vb->memory == VB2_MEMORY_MMAP) {
		dbuf = svpu_local_lend(vb->planes[plane].mem_priv, mode);
	} else {
		dbuf = vb->planes[plane].dbuf;
		if (dbuf)
			get_dma_buf(dbuf);
	}
	if (!dbuf)
		return ERR_PTR(-ENOMEM);
	wire->mapped_length = min_t(size_t, dbuf->size, U32_MAX);
	return dbuf;
}

static void svpu_local_unshare(void *dbuf)
{
	dma_buf_put(dbuf);
}

static const struct svpu_transport_ops svpu_local_transport = {
	.name = "local",
	.absent = "no firmware is attached to /dev/softvpu-fw",
	.mem_ops = &svpu_local_memops,
	.reaches = svpu_local_reaches,
	.share = svpu_local_share,
	.unshare = svpu_local_unshare,
	.free = svpu_local_free,
	.open = svpu_local_open_session,
	.close = svpu_local_close_session,
	.release = svpu_local_release_session,
	.doorbell = svpu_local_doorbell,
};

/* ---- a session's file ---- */

static bool svpu_session_readable(struct svpu_session *session)
{
	return READ_ONCE(session->firmware_bells) || READ_ONCE(session->closed);
}

static ssize_t svpu_session_file_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct svpu_session *session = file->private_data;
	bool closed;
	u64 bells;
	int ret;

	if (count < sizeof(bells))
		return -EINVAL;
	for (;;) {
		spin_lock_irq(&session->firmware_lock);
		bells = session->firmware_bells;
		session->firmware_bells = 0;
		closed = session->closed;
		spin_unlock_irq(&session->firmware_lock);
		if (bells)
			return copy_to_user(to, &bells, sizeof(bells)) ? -EFAULT : sizeof(bells);
		if (closed)
			return 0;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(session->firmware_wait,
					       svpu_session_readable(session));
		if (ret)
			return ret;
	}
}

static ssize_t svpu_session_file_write(struct file *file, const char __user *from, size_t count,
				       loff_t *pos)
{
	struct svpu_session *session = file->private_data;

	if (count < sizeof(u64))
		return -EINVAL;
	svpu_session_bell(session);
	return sizeof(u64);
}

static __poll_t svpu_session_file_poll(struct file *file, poll_table *table)
{
	struct svpu_session *session = file->private_data;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &session->firmware_wait, table);
	spin_lock_irq(&session->firmware_lock);
	if (session->firmware_bells)
		mask |= EPOLLIN | EPOLLRDNORM;
	if (session->closed)
		mask |= EPOLLHUP;
	spin_unlock_irq(&session->firmware_lock);
	return mask;
}

static int svpu_session_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct svpu_session *session = file->private_data;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > PAGE_ALIGN(SVPU_REGION_SIZE))
		return -EINVAL;
	/* The process that attaches may hand the session to another: this is the one. */
	WRITE_ONCE(session->worker, task_tgid_nr(current));
	return svpu_pages_map(vma, session->region);
}

static long svpu_session_get_buffer(struct svpu_session *session, void __user *arg)
{
	struct svpu_fw_buffer buffer;
	struct svpu_memory *memory;
	struct dma_buf *dbuf = NULL;
	int fd;

	if (copy_from_user(&buffer, arg, sizeof(buffer)))
		return -EFAULT;
	if (buffer.direction > SVPU_OUTPUT || buffer.index >= SVPU_MAX_BUFFERS ||
	    buffer.plane >= SVPU_MAX_PLANES || buffer.reserved)
		return -EINVAL;
	if (READ_ONCE(session->closed))
		return -ESHUTDOWN;

	mutex_lock(&session->memory_lock);
	memory = session->memory[buffer.direction][buffer.index];
	if (memory && memory->generation == buffer.generation &&
	    buffer.plane < memory->num_planes) {
		dbuf = memory->shared[buffer.plane];
		get_dma_buf(dbuf);
	}
	mutex_unlock(&session->memory_lock);
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
	struct svpu_session *session = file->private_data;

	svpu_session_lost(session);
	svpu_session_put(session);
	return 0;
}

static const struct file_operations svpu_session_file_ops = {
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

/* ---- the firmware's file ---- */

/*
 * No new sessions; the waiting ones are lost like the running ones, and go when their owners
 * leave. Only then the next firmware may come: what is lost here must not be its.
 */
static void svpu_fw_detach(struct svpu_local *local)
{
	spin_lock(&local->lock);
	local->attached = false;
	spin_unlock(&local->lock);
	svpu_probe_cancel(local->dev);
	svpu_device_lose_sessions(local->dev);
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

	v4l2_device_get(&local->dev->v4l2_dev);
	file->private_data = local;
	ret = svpu_probe_start(local->dev);
	if (ret) {
		svpu_fw_detach(local);
		v4l2_device_put(&local->dev->v4l2_dev);
	}
	return ret;
}

static int svpu_fw_release(struct inode *inode, struct file *file)
{
	struct svpu_local *local = file->private_data;
	struct svpu_device *dev = local->dev;

	svpu_fw_detach(local);
	v4l2_device_put(&dev->v4l2_dev);
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
	struct svpu_session *session;
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
	session = list_first_entry_or_null(&local->waiting, struct svpu_session, transport_link);
	if (session)
		list_del_init(&session->transport_link);
	spin_unlock(&local->lock);
	if (!session) {
		put_unused_fd(fd);
		return -EAGAIN;
	}
	file = anon_inode_getfile("[softvpu-session]", &svpu_session_file_ops, session, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		svpu_session_lost(session);
		svpu_session_put(session);
		return PTR_ERR(file);
	}
	attach.fd = fd;
	attach.generation = session->generation;
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

static const struct file_operations svpu_fw_file_ops = {
	.owner = THIS_MODULE,
	.open = svpu_fw_open,
	.release = svpu_fw_release,
	.poll = svpu_fw_poll,
	.unlocked_ioctl = svpu_fw_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* ---- the platform device that carries the nodes ---- */

static int svpu_local_probe(struct platform_device *pdev)
{
	struct svpu_local *local;
	struct svpu_device *dev;
	int ret;

	dev = svpu_device_create(&pdev->dev, &svpu_local_transport);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	/* Freed with the device: a firmware's open file may outlive the driver's binding. */
	local = kzalloc(sizeof(*local), GFP_KERNEL);
	if (!local) {
		svpu_device_remove(dev);
		return -ENOMEM;
	}
	local->dev = dev;
	spin_lock_init(&local->lock);
	INIT_LIST_HEAD(&local->waiting);
	init_waitqueue_head(&local->wait);
	dev->transport_data = local;

	local->misc.minor = MISC_DYNAMIC_MINOR;
	local->misc.name = "softvpu-fw";
	local->misc.fops = &svpu_fw_file_ops;
	local->misc.parent = &pdev->dev;
	local->misc.mode = 0600;
	ret = misc_register(&local->misc);
	if (ret) {
		svpu_device_remove(dev);
		return ret;
	}
	platform_set_drvdata(pdev, local);
	return 0;
}

static void svpu_local_remove(struct platform_device *pdev)
{
	struct svpu_local *local = platform_get_drvdata(pdev);

	misc_deregister(&local->misc);
	/* A firmware's open file may hold the last reference, or nobody. */
	v4l2_device_get(&local->dev->v4l2_dev);
	svpu_device_remove(local->dev);
	wake_up(&local->wait);
	v4l2_device_put(&local->dev->v4l2_dev);
}

SVPU_PLATFORM_REMOVE(svpu_local_remove)

static struct platform_driver svpu_local_driver = {
	.probe = svpu_local_probe,
	.remove = svpu_local_remove_op,
	.driver.name = SVPU_NAME,
};

int svpu_local_init(void)
{
	int ret = platform_driver_register(&svpu_local_driver);

	if (ret)
		return ret;
	svpu_platform_device =
		platform_device_register_simple(SVPU_NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(svpu_platform_device)) {
		platform_driver_unregister(&svpu_local_driver);
		return PTR_ERR(svpu_platform_device);
	}
	return 0;
}

void svpu_local_exit(void)
{
	platform_device_unregister(svpu_platform_device);
	platform_driver_unregister(&svpu_local_driver);
}
