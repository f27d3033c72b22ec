// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/softvpu/DEVICE/sessions: the firmware, its sessions and counters, for people
 * and tests.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "softvpu.h"

static struct dentry *svpu_debugfs_root;

static int svpu_sessions_show(struct seq_file *file, void *unused)
{
	struct svpu_device *dev = file->private;
	struct svpu_session *session;

	mutex_lock(&dev->lock);
	seq_printf(file, "firmware: %s\n", dev->caps ? dev->caps->name : "none yet");
	seq_printf(file, "transport: %s\n", dev->transport->name);
	mutex_unlock(&dev->lock);
	spin_lock(&dev->sessions_lock);
	seq_printf(file, "opened: %llu\nfailed: %llu\n", dev->sessions_opened,
		   dev->sessions_failed);
	list_for_each_entry(session, &dev->sessions, link)
		seq_printf(file, "session %u: worker %d, %s, %llu commands, %llu messages\n",
			   session->generation, session->worker,
			   session->lost  ? "lost" :
			   session->ready ? "ready" :
					    "starting",
			   session->commands_sent, session->messages_seen);
	spin_unlock(&dev->sessions_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(svpu_sessions);

void svpu_debugfs_init(void)
{
	svpu_debugfs_root = debugfs_create_dir(SVPU_NAME, NULL);
}

void svpu_debugfs_exit(void)
{
	debugfs_remove_recursive(svpu_debugfs_root);
}

void svpu_debugfs_add(struct svpu_device *dev)
{
	dev->debugfs = debugfs_create_dir(dev_name(dev->dev), svpu_debugfs_root);
	debugfs_create_file("sessions", 0444, dev->debugfs, dev, &svpu_sessions_fops);
}

void svpu_debugfs_remove(struct svpu_device *dev)
{
	debugfs_remove_recursive(dev->debugfs);
}
