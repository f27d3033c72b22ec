// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/softvpu/DEVICE, human-readable and tests. `sessions`: the firmware and its
 * sessions, each with its counters; `counters`: of all sessions of the device together, those that
 * are over and those that run, a name and a number on each line. docs/kernel.md says what they
 * count.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "debugfs.h"
#include "module.h"
#include "vpu/caps.h"
#include "vpu/port.h"

static struct dentry *svpu_debugfs_root;

static void svpu_show_session(struct seq_file *file, const struct svpu_port *port)
{
	const struct svpu_counters *c = &port->counters;

	seq_printf(file, "session %u: worker %d, %s, %llu commands, %llu messages\n",
		   port->link.generation, port->link.worker,
		   port->lost  ? "lost" :
		   svpu_session_is_ready(&port->state) ? "ready" :
				    "starting",
		   c->commands, c->messages);
	seq_printf(file, "  doorbells: %llu rung, %u received\n", c->rung,
		   atomic_read(&port->bells));
	seq_printf(file,
		   "  buffers: %llu inputs, %llu frames, %llu in place; at most %u and %u at a time\n",
		   c->inputs, c->frames, c->in_place, c->deepest[SVPU_INPUT],
		   c->deepest[SVPU_OUTPUT]);
	seq_printf(file, "  copies: %llu in, %llu bytes; %llu out, %llu bytes\n", c->copies_in,
		   c->bytes_in, c->copies_out, c->bytes_out);
}

static int svpu_sessions_show(struct seq_file *file, void *unused)
{
	struct svpu_vpu *vpu = file->private;
	struct svpu_caps *caps = svpu_vpu_caps(vpu);
	struct svpu_port *port;

	seq_printf(file, "firmware: %s\n", caps ? caps->name : "none yet");
	seq_printf(file, "transport: %s\n", vpu->device.transport->name);
	if (caps)
		svpu_caps_put(caps);
	spin_lock(&vpu->ports_lock);
	seq_printf(file, "opened: %llu\nfailed: %llu\n", vpu->sessions_opened,
		   vpu->sessions_failed);
	list_for_each_entry(port, &vpu->ports, entry)
		svpu_show_session(file, port);
	spin_unlock(&vpu->ports_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(svpu_sessions);

static int svpu_counters_show(struct seq_file *file, void *unused)
{
	struct svpu_vpu *vpu = file->private;
	struct svpu_port *port;
	struct svpu_counters c;

	spin_lock(&vpu->ports_lock);
	c = vpu->ended;
	list_for_each_entry(port, &vpu->ports, entry)
		svpu_counters_add(&c, port);
	spin_unlock(&vpu->ports_lock);
	seq_printf(file, "commands %llu\nmessages %llu\n", c.commands, c.messages);
	seq_printf(file, "doorbells_rung %llu\ndoorbells_received %llu\n", c.rung, c.received);
	seq_printf(file, "inputs %llu\nframes %llu\n", c.inputs, c.frames);
	seq_printf(file, "frames_in_place %llu\n", c.in_place);
	seq_printf(file, "copies_in %llu\nbytes_in %llu\n", c.copies_in, c.bytes_in);
	seq_printf(file, "copies_out %llu\nbytes_out %llu\n", c.copies_out, c.bytes_out);
	seq_printf(file, "deepest_output %u\ndeepest_capture %u\n", c.deepest[SVPU_INPUT],
		   c.deepest[SVPU_OUTPUT]);
	seq_printf(file, "faults %lld\n", (s64)atomic64_read(&vpu->device.faults));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(svpu_counters);

void svpu_debugfs_init(void)
{
	svpu_debugfs_root = debugfs_create_dir(SVPU_NAME, NULL);
}

void svpu_debugfs_exit(void)
{
	debugfs_remove_recursive(svpu_debugfs_root);
}

void svpu_debugfs_add(struct svpu_vpu *vpu)
{
	vpu->debugfs = debugfs_create_dir(dev_name(vpu->device.dev), svpu_debugfs_root);
	debugfs_create_file("sessions", 0444, vpu->debugfs, vpu, &svpu_sessions_fops);
	debugfs_create_file("counters", 0444, vpu->debugfs, vpu, &svpu_counters_fops);
}

void svpu_debugfs_remove(struct svpu_vpu *vpu)
{
	debugfs_remove_recursive(vpu->debugfs);
	vpu->debugfs = NULL;
}
