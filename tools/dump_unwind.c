/* SPDX-License-Identifier: MIT
 *
 * dump_unwind.c - stacks by libunwind, from copies of registers and stacks.
 *
 * Context: tools.  Unwind rules come from .eh_frame in the process's memory (the same also when its
 * files were replaced since), else from its files by libunwind-ptrace.  Memory that the process may
 * write is only believed as long as it stands still: from the copy, or while the thread is stopped.
 */
#include "dump.h"

#include <libunwind-ptrace.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"

/* Exported by libunwind for such accessors, but in no header. */
int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t, unw_word_t, unw_dyn_info_t *,
				       unw_proc_info_t *, int, void *);

static struct {			/* what the accessors work on */
	struct np_dump *dump;
	struct np_dump_thread *thread;
	bool stopped;		/* its memory may be read as it is */
	bool without_rule;	/* the last look-up found none */
	void *upt;
} now;

static const struct np_dump_module *module_at(uint64_t pc)
{
	const struct np_dump_map *map = np_dump_map_at(now.dump, pc);

	return map && map->module ? &now.dump->modules[map->module - 1] : NULL;
}

static int from_memory(unw_addr_space_t space, unw_word_t pc, unw_proc_info_t *info, int need,
		       void *argument)
{
	const struct np_dump_module *module = module_at(pc);
	unw_dyn_info_t table;
	uint8_t header[4];
	uint32_t entries;

	/* Version 1, pointers of 4 bytes to the frame, a count of 4 bytes, pairs of 4 bytes: what
	 * every linker writes, and the only form with a table to search. */
	if (!module || module->eh_frame_hdr_bytes < 12 ||
	    !np_dump_read(now.dump, module->eh_frame_hdr, header, sizeof(header)) || header[0] != 1 ||
	    (header[1] & 0x0f) != 0x0b || header[2] != 0x03 || header[3] != 0x3b ||
	    !np_dump_read(now.dump, module->eh_frame_hdr + 8, &entries, sizeof(entries)) ||
	    entries == 0 || entries > (module->eh_frame_hdr_bytes - 12) / 8)
		return -UNW_ENOINFO;
	memset(&table, 0, sizeof(table));
	table.start_ip = module->start;
	table.end_ip = module->end;
	table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
	table.u.rti.segbase = module->eh_frame_hdr;
	table.u.rti.table_data = module->eh_frame_hdr + 12;
	table.u.rti.table_len = (unw_word_t)entries * 8 / sizeof(unw_word_t);
	return _Ux86_64_dwarf_search_unwind_table(space, pc, &table, info, need, argument);
}

static int find_procedure(unw_addr_space_t space, unw_word_t pc, unw_proc_info_t *info, int need,
			  void *argument)
{
	const struct np_dump_map *map = np_dump_map_at(now.dump, pc);
	int r = from_memory(space, pc, info, need, argument);

	if (r < 0 && map && map->module && map->path[0] == '/')
		r = _UPT_find_proc_info(space, pc, info, need, now.upt);
	now.without_rule = r < 0;
	return r;
}

static void put_information(unw_addr_space_t space, unw_proc_info_t *info, void *argument)
{
	(void)space;
	(void)info;		/* from libunwind's own pool, to which it goes back by itself */
	(void)argument;
}

static int no_dynamic_list(unw_addr_space_t space, unw_word_t *address, void *argument)
{
	(void)space;
	(void)address;
	(void)argument;
	return -UNW_ENOINFO;
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
			 void *argument)
{
	const struct np_dump_thread *thread = now.thread;
	const struct np_dump_map *map;
	uint64_t offset = address - thread->stack_address;

	(void)space;
	(void)argument;
	if (write)
		return -UNW_EINVAL;
	if (!now.stopped && thread->stack && thread->stack_bytes >= sizeof(*value) &&
	    address >= thread->stack_address && offset <= thread->stack_bytes - sizeof(*value)) {
		memcpy(value, thread->stack + offset, sizeof(*value));
		return 0;
	}
	map = np_dump_map_at(now.dump, address);
	if (map && map->writable && !now.stopped) {
		now.thread->needs_more = true;
		return -UNW_EINVAL;
	}
	return np_dump_read(now.dump, address, value, sizeof(*value)) ? 0 : -UNW_EINVAL;
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write,
			   void *argument)
{
	const struct user_regs_struct *r = &now.thread->registers;
	const uint64_t by_number[] = {	/* the psABI's DWARF numbers */
		r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8,
		r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15, r->rip,
	};

	(void)space;
	(void)argument;
	if (write || number < 0 || (size_t)number >= sizeof(by_number) / sizeof(*by_number))
		return -UNW_EBADREG;
	*value = by_number[number];
	return 0;
}

static int access_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
			void *argument)
{
	(void)space;
	(void)number;
	(void)value;
	(void)write;
	(void)argument;
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *argument)
{
	(void)space;
	(void)cursor;
	(void)argument;
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t bytes,
		   unw_word_t *offset, void *argument)
{
	(void)space;
	(void)address;
	(void)name;
	(void)bytes;
	(void)offset;
	(void)argument;
	return -UNW_ENOINFO;
}

static bool is_code(uint64_t pc)
{
	const struct np_dump_map *map = np_dump_map_at(now.dump, pc);

	return map && map->executable;
}

/* mov $SYS_rt_sigreturn, %rax; syscall: to where the kernel lets signal handlers return.  Below it
 * lies what was interrupted.  (Versions of libunwind differ in which of the two they mean.) */
static bool is_signal_return(uint64_t pc)
{
	static const uint8_t code[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	uint8_t there[sizeof(code)];

	return is_code(pc) && np_dump_read(now.dump, pc, there, sizeof(there)) &&
	       memcmp(there, code, sizeof(code)) == 0;
}

static void add_frame(struct np_dump_thread *thread, struct np_dump_frame frame)
{
	if ((thread->depth & (thread->depth - 1)) == 0)	/* 0 and every power of two */
		thread->frames = np_xrealloc(thread->frames, thread->depth ? thread->depth * 2ul : 1,
					     sizeof(*thread->frames));
	thread->frames[thread->depth++] = frame;
}

static void walk(unw_addr_space_t space, struct np_dump_thread *thread)
{
	unw_cursor_t cursor;
	unw_word_t pc = thread->registers.rip;
	int r = unw_init_remote(&cursor, space, now.upt);
	bool in_signal, before = true, guessed = false;	/* the first frame is exact */

	thread->depth = 0;
	thread->end = NP_DUMP_COMPLETE;
	if (r < 0)
		thread->end = NP_DUMP_NO_RULE;
	while (r >= 0) {
		in_signal = is_signal_return(pc);
		add_frame(thread, (struct np_dump_frame){ .pc = pc, .exact = before || in_signal,
							  .signal = in_signal, .guessed = guessed });
		before = in_signal;
		if (thread->depth == NP_DUMP_DEPTH_MAX) {
			thread->end = NP_DUMP_TOO_DEEP;
			return;
		}
		now.without_rule = false;
		r = unw_step(&cursor);
		guessed = now.without_rule;
		if (r < 0)
			thread->end = NP_DUMP_NO_RULE;
		if (r <= 0 || unw_get_reg(&cursor, UNW_REG_IP, &pc) < 0 || pc == 0)
			return;
		if (!is_code(pc)) {
			thread->end = NP_DUMP_NO_CODE;
			return;
		}
	}
}

static void unwind_thread(unw_addr_space_t space, struct np_dump *dump, struct np_dump_thread *thread)
{
	if (thread->end == NP_DUMP_NOT_STOPPED)
		return;
	now.thread = thread;
	now.stopped = false;
	now.upt = _UPT_create(thread->tid);
	if (!now.upt)
		np_die(NP_EXIT_FAILURE, "out of memory");
	walk(space, thread);
	/* A signal handler's stack of its own, mostly.  What it holds now need not fit to what the
	 * thread was doing, so look at the thread as it is now. */
	if (thread->needs_more && np_dump_stop_one(dump, thread)) {
		now.stopped = true;
		walk(space, thread);
		np_dump_release_one(thread);
	}
	_UPT_destroy(now.upt);
}

void np_dump_unwind(struct np_dump *dump)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_procedure,
		.put_unwind_info = put_information,
		.get_dyn_info_list_addr = no_dynamic_list,
		.access_mem = access_memory,
		.access_reg = access_register,
		.access_fpreg = access_float,
		.resume = no_resume,
		.get_proc_name = no_name,
	};
	unw_addr_space_t space = unw_create_addr_space(&accessors, 0);

	if (!space)
		np_die(NP_EXIT_FAILURE, "out of memory");
	unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
	now.dump = dump;
	for (size_t i = 0; i < dump->thread_count; i++)
		unwind_thread(space, dump, &dump->threads[i]);
	unw_destroy_addr_space(space);
}
