/* SPDX-License-Identifier: MIT
 *
 * unwind_libunwind.c - the libunwind backend: the oracle, and a choice for those who trust it more.
 *
 * Context: signal handler.  libunwind's local mode is not fit for a handler (it takes the loader's
 * lock, allocates TLS, probes memory through pipes), so we drive its remote mode on ourselves: every
 * register, every memory word and every unwind table comes from the accessors below, which read
 * nothing outside the stack range and the mapped modules.  Its only lock guards a memory pool, is
 * held for a few instructions with all signals blocked, and is never held while it calls us; the
 * agent lets no fork happen while a handler runs (agent/process.c), so a child never inherits it.
 * It needs about 6 KiB of stack, and re-parses the unwind tables on every step: use `cfi` unless
 * you doubt it.
 */
#include "signal/unwind_libunwind.h"

#include <errno.h>
#include <string.h>

#include "base/atomic.h"
#include "signal/modules.h"
#include "signal/sampler.h"
#include "signal/unwind.h"

struct np_libunwind np_libunwind;

struct walk {
	struct np_spool *spool;
	const ucontext_t *context;
	const struct np_stack_range *range;
	const struct np_module *module;	/* the last one found: most reads go to its tables */
};

static const int greg_of_dwarf[17] = {
	REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
	REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
};

static bool readable(struct walk *walk, uintptr_t address)
{
	const struct np_module *module = walk->module;

	if (address >= walk->range->low && address + sizeof(unw_word_t) <= walk->range->high)
		return true;
	if (module && address >= module->start && address + sizeof(unw_word_t) <= module->end)
		return true;
	return false;
}

static int access_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
			 void *argument)
{
	(void)space;
	if (write || !readable(argument, address))
		return -UNW_EINVAL;
	memcpy(value, (const void *)address, sizeof(*value));
	return 0;
}

static int access_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value,
			   int write, void *argument)
{
	const struct walk *walk = argument;

	(void)space;
	if (write || number < 0 || number > UNW_X86_64_RIP)
		return -UNW_EBADREG;
	*value = (unw_word_t)walk->context->uc_mcontext.gregs[greg_of_dwarf[number]];
	return 0;
}

/* The binary search table of .eh_frame_hdr in the encoding that all linkers write. */
static int find_procedure(unw_addr_space_t space, unw_word_t pc, unw_proc_info_t *info, int need,
			  void *argument)
{
	struct walk *walk = argument;
	const struct np_module *module = np_module_find(walk->spool, pc);
	const uint8_t *header;
	unw_dyn_info_t table;
	uint32_t entries;

	if (!module || !module->eh_frame_hdr || module->eh_frame_hdr_bytes < 12)
		return -UNW_ENOINFO;
	walk->module = module;
	header = (const uint8_t *)module->eh_frame_hdr;
	if (header[0] != 1 || header[2] != 0x03 || header[3] != 0x3b)
		return -UNW_ENOINFO;
	memcpy(&entries, header + 8, sizeof(entries));
	memset(&table, 0, sizeof(table));
	table.start_ip = module->start;
	table.end_ip = module->end;
	table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
	table.u.rti.segbase = module->eh_frame_hdr;
	table.u.rti.table_data = module->eh_frame_hdr + 12;
	table.u.rti.table_len = (unw_word_t)entries * 8 / sizeof(unw_word_t);
	return np_libunwind.search_unwind_table(space, pc, &table, info, need, argument);
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *argument)
{
	(void)space;
	(void)info;
	(void)argument;
}

static int no_dynamic_list(unw_addr_space_t space, unw_word_t *address, void *argument)
{
	(void)space;
	(void)address;
	(void)argument;
	return -UNW_ENOINFO;
}

static int no_float(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
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

int np_unwind_libunwind_ready(void)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_procedure,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = no_dynamic_list,
		.access_mem = access_memory,
		.access_reg = access_register,
		.access_fpreg = no_float,
		.resume = no_resume,
		.get_proc_name = no_name,
	};

	np_libunwind.space = np_libunwind.create_addr_space(&accessors, 0);
	if (!np_libunwind.space)
		return -ENOMEM;
	/* A cache would be shared between threads under a lock, and would outlive a dlclose. */
	np_libunwind.set_caching_policy(np_libunwind.space, UNW_CACHE_NONE);
	return 0;
}

static void push(struct np_stack *stack, uint32_t depth, struct np_spool *spool, uintptr_t pc,
		 bool leaf)
{
	const struct np_module *module = np_module_find(spool, leaf ? pc : pc - 1);
	struct np_frame *frame = &stack->scratch[depth % NP_DEPTH_MAX];

	frame->pc = pc;
	frame->slot = 0;
	frame->module = module ? module->index : 0;
	frame->kind = leaf ? NP_NODE_LEAF : NP_NODE_CALL;
}

/* Leaf-first scratch into root-first frames. */
static void store(struct np_stack *stack, uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++)
		stack->frames[i] = stack->scratch[depth - 1 - i];
	stack->depth = depth;
	stack->backend = NP_UNWINDER_LIBUNWIND;
}

static uint32_t unwind_alone(struct np_spool *spool, const ucontext_t *context,
			     const struct np_stack_range *range, struct np_stack *stack,
			     bool *ret_same_activation)
{
	struct walk walk = { .spool = spool, .context = context, .range = range };
	unw_cursor_t cursor;
	unw_word_t pc = (unw_word_t)context->uc_mcontext.gregs[REG_RIP];
	uint32_t depth = 0;
	bool leaf = true;
	int r = 0;

	*ret_same_activation = false;
	push(stack, depth++, spool, pc, true);
	stack->quality = NP_QUALITY_FOREIGN_STACK;
	if (range->low == range->high)
		goto out;
	stack->quality = NP_QUALITY_NO_UNWINDER;
	if (!np_libunwind.space || np_libunwind.init_remote(&cursor, np_libunwind.space, &walk) < 0)
		goto out;
	stack->quality = NP_QUALITY_TOO_DEEP;
	while (depth < NP_DEPTH_MAX) {
		leaf = np_libunwind.is_signal_frame(&cursor) > 0;	/* the next one was interrupted */
		r = np_libunwind.step(&cursor);
		if (r <= 0 || np_libunwind.get_reg(&cursor, UNW_REG_IP, &pc) < 0 || pc == 0) {
			stack->quality = r == -UNW_EINVAL || r == -UNW_EINVALIDIP ? NP_QUALITY_BAD_READ
				       : r < 0 ? NP_QUALITY_NO_RULE : NP_QUALITY_COMPLETE;
			break;
		}
		push(stack, depth++, spool, pc, leaf);
	}
out:
	store(stack, depth);
	return 0;
}

/* A fork waits until nobody is in here: libunwind's locks are copied with the process. */
static uint32_t libunwind_unwind(struct np_spool *spool, const ucontext_t *context,
				 const struct np_stack_range *range, struct np_stack *stack,
				 bool *ret_same_activation)
{
	uint32_t same;

	np_add_relaxed(&np_sampler.running, 1);
	np_signal_fence();
	same = unwind_alone(spool, context, range, stack, ret_same_activation);
	__atomic_fetch_sub(&np_sampler.running, 1, __ATOMIC_RELEASE);
	return same;
}

const struct np_unwinder np_unwinder_libunwind = {
	.kind = NP_UNWINDER_LIBUNWIND,
	.name = "libunwind",
	.tracks_activations = false,
	.unwind = libunwind_unwind,
};
