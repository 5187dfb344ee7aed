/* SPDX-License-Identifier: MIT
 *
 * unwind-differential.c - single-steps a program and unwinds every instruction twice: by our rules
 * and by libunwind-ptrace.
 *
 * usage: unwind-differential [-n STEPS] [-b BURST] [-v] [-m SHARE] COMMAND...
 *
 * Steps through the program's first STEPS/4 instructions (the loader's work), then in bursts of
 * BURST instructions with stretches in between in which it runs freely, so that the steps are
 * spread over its life; the program is started again until STEPS are done.  Our unwinder runs as it
 * does in a handler, with its cache and with the last stack re-used, on the other process's memory.
 * Exit status 1 if fewer than SHARE % of the stacks were equal or ours was proven right.
 *
 * Where the two disagree, the next stack on which they agree again tells who was right: one
 * instruction pushes or pops a frame at most and leaves the others as they were, so in a run of
 * disagreements the right ones join on to each other and at last to that one.
 */
#include <errno.h>
#include <fcntl.h>
#include <libunwind-ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "signal/modules.h"
#include "signal/unwind.h"
#include "unwind-remote.h"

#define CLASSES_MAX 200
#define RUN_MAX	    4096

struct stack_list {
	uint32_t depth;
	uintptr_t pcs[NP_DEPTH_MAX];	/* leaf first */
	int end;			/* ours: enum np_quality; theirs: the last unw_step() */
};

struct class {				/* disagreements at one leaf */
	uintptr_t pc;
	char leaf[320];
	uint64_t count, ours_right, theirs_right;
	struct stack_list ours, theirs;	/* the first of them */
};

/* Exported for find_proc_info accessors, but in no header. */
int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t, unw_word_t, unw_dyn_info_t *,
				       unw_proc_info_t *, int, void *);

static struct user_regs_struct registers;
static unw_addr_space_t space;
static void *upt;
static struct np_stack stack;
static struct class classes[CLASSES_MAX];
static uint32_t class_count;
static uint64_t steps, equal, complete, reused, ours_right, theirs_right;
static struct {				/* of disagreements, one instruction after the other */
	uint32_t steps;
	struct class *classes[RUN_MAX];
	bool ours_joins, theirs_joins;	/* each on to the one before */
	struct stack_list ours, theirs;	/* the last */
} run;
static bool verbose;

static uint64_t dwarf_register(int number)
{
	const struct user_regs_struct *r = &registers;
	const uint64_t values[17] = {
		r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi, r->rbp, r->rsp, r->r8,
		r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15, r->rip,
	};

	return values[number];
}

static int access_memory(unw_addr_space_t as, unw_word_t address, unw_word_t *value, int write,
			 void *argument)
{
	(void)as;
	(void)argument;
	return !write && np_remote_get(address, value, sizeof(*value)) ? 0 : -UNW_EINVAL;
}

static int access_register(unw_addr_space_t as, unw_regnum_t number, unw_word_t *value, int write,
			   void *argument)
{
	(void)as;
	(void)argument;
	if (write || number < 0 || number > 16)
		return -UNW_EBADREG;
	/* The first pc is looked up as if it were a return address: put it behind its instruction. */
	*value = dwarf_register(number);
	return 0;
}

/* libunwind-ptrace reads the files of mapped objects, so it knows nothing of the vDSO, and after
 * being asked for it, nothing of some others.  There it gets the table in memory. */
static int find_procedure(unw_addr_space_t as, unw_word_t pc, unw_proc_info_t *info, int need,
			  void *argument)
{
	const struct np_module *module = np_module_find(NULL, pc);
	unw_dyn_info_t table;
	uint32_t entries;

	if (!module)
		return -UNW_ENOINFO;
	if (strncmp(np_remote_name(pc), "[vdso]", 6) != 0)
		return _UPT_find_proc_info(as, pc, info, need, argument);
	if (!np_remote_get(module->eh_frame_hdr + 8, &entries, sizeof(entries)))
		return -UNW_ENOINFO;
	memset(&table, 0, sizeof(table));
	table.start_ip = module->start;
	table.end_ip = module->end;
	table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
	table.u.rti.segbase = module->eh_frame_hdr;
	table.u.rti.table_data = module->eh_frame_hdr + 12;
	table.u.rti.table_len = (unw_word_t)entries * 8 / sizeof(unw_word_t);
	return _Ux86_64_dwarf_search_unwind_table(as, pc, &table, info, need, argument);
}

static int no_dynamic_list(unw_addr_space_t as, unw_word_t *address, void *argument)
{
	(void)as;
	(void)address;
	(void)argument;
	return -UNW_ENOINFO;
}

static void unwind_theirs(struct stack_list *list)
{
	unw_cursor_t cursor;
	unw_word_t pc;

	list->depth = 1;
	list->pcs[0] = registers.rip;
	list->end = unw_init_remote(&cursor, space, upt);
	while (list->end >= 0 && list->depth < NP_DEPTH_MAX) {
		list->end = unw_step(&cursor);
		if (list->end <= 0 || unw_get_reg(&cursor, UNW_REG_IP, &pc) < 0 || pc == 0)
			break;
		list->pcs[list->depth++] = pc;
	}
}

static void unwind_ours(struct stack_list *list)
{
	static const uint8_t greg_of_dwarf[17] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
		REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
	};
	struct np_stack_range range = { .low = registers.rsp - 128 };
	uintptr_t low = 0, high = 0;
	bool same_activation;
	ucontext_t context;

	memset(&context, 0, sizeof(context));
	for (int i = 0; i < 17; i++)
		context.uc_mcontext.gregs[greg_of_dwarf[i]] = (greg_t)dwarf_register(i);
	np_remote_range(0, &low, &high);
	if (registers.rsp <= high && high - registers.rsp < 64u << 20) {
		range.high = high;
	} else {
		range.outer_low = high - (64u << 20);
		range.outer_high = high;
		if (np_remote_range(registers.rsp, &low, &high))
			range.high = high;
		else
			range.low = 0;
	}
	reused += np_unwinder_cfi.unwind(NULL, &context, &range, &stack, &same_activation);
	list->depth = stack.depth;
	list->end = stack.quality;
	for (uint32_t i = 0; i < stack.depth; i++)
		list->pcs[i] = stack.frames[stack.depth - 1 - i].pc;
}

static bool same(const struct stack_list *a, const struct stack_list *b)
{
	return a->depth == b->depth && memcmp(a->pcs, b->pcs, a->depth * sizeof(a->pcs[0])) == 0;
}

/* LATER is one instruction after EARLIER: the same callers, or one more frame, or one less. */
static bool follows(const struct stack_list *earlier, const struct stack_list *later)
{
	for (int more = -1; more <= 1; more++) {
		uint32_t outer = earlier->depth - 1;

		if (earlier->depth == 0 || later->depth != earlier->depth + (uint32_t)more)
			continue;
		if (more == -1)
			outer--;
		if (memcmp(&later->pcs[later->depth - outer], &earlier->pcs[earlier->depth - outer],
			   outer * sizeof(later->pcs[0])) == 0)
			return true;
	}
	return false;
}

static void disagree(const struct stack_list *ours, const struct stack_list *theirs)
{
	struct class *class = classes;

	while (class < classes + class_count && class->pc != registers.rip)
		class++;
	if (class == classes + CLASSES_MAX)
		class--;
	if (class == classes + class_count) {
		class_count++;
		class->pc = registers.rip;
		snprintf(class->leaf, sizeof(class->leaf), "%s", np_remote_name(registers.rip));
		class->ours = *ours;
		class->theirs = *theirs;
		if (verbose) {
			printf("-- %s: ours %u frames (end %d), theirs %u (end %d)\n", class->leaf,
			       ours->depth, ours->end, theirs->depth, theirs->end);
			for (uint32_t i = 0; i < ours->depth || i < theirs->depth; i++)
				printf("   %-60s | %s\n",
				       i < ours->depth ? np_remote_name(ours->pcs[i]) : "",
				       i < theirs->depth ? np_remote_name(theirs->pcs[i]) : "");
		}
	}
	class->count++;
	if (run.steps < RUN_MAX)
		run.classes[run.steps] = class;
	if (run.steps) {
		run.ours_joins &= follows(&run.ours, ours);
		run.theirs_joins &= follows(&run.theirs, theirs);
	}
	run.steps++;
	run.ours = *ours;
	run.theirs = *theirs;
}

/* They agree (again) on NOW: judge the run of disagreements that ends here, begin a new one. */
static void agree(const struct stack_list *now)
{
	bool ours = run.ours_joins && follows(&run.ours, now);
	bool theirs = run.theirs_joins && follows(&run.theirs, now);

	for (uint32_t i = 0; i < run.steps && i < RUN_MAX; i++) {
		run.classes[i]->ours_right += ours && !theirs;
		run.classes[i]->theirs_right += theirs && !ours;
		ours_right += ours && !theirs;
		theirs_right += theirs && !ours;
	}
	run.steps = 0;
	run.ours_joins = run.theirs_joins = true;
}

/* A signal's handler comes in between, or the process ran freely: nothing joins on to anything. */
static void interrupt_run(void)
{
	memset(&run, 0, sizeof(run));
}

/* Compare at the present instruction. */
static void compare(pid_t pid)
{
	static struct stack_list ours, theirs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		return;
	np_remote_moved();
	unwind_ours(&ours);
	unwind_theirs(&theirs);
	steps++;
	complete += ours.end == NP_QUALITY_COMPLETE;
	if (same(&ours, &theirs)) {
		equal++;
		agree(&ours);
	} else {
		disagree(&ours, &theirs);
	}
}

static pid_t start(char **command)
{
	pid_t pid = fork();
	int status, null;

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
		fprintf(stderr, "unwind-differential: cannot start and trace %s: %s\n", command[0],
			strerror(errno));
		exit(77);
	}
	return pid;
}

/* COUNT single steps, and more until a disagreement that has begun can be judged.  Returns false when the process is gone. */
static bool burst(pid_t pid, uint64_t count)
{
	int status, signal = 0;

	interrupt_run();
	for (uint64_t i = 0; i < count || (run.steps && i < count + RUN_MAX); i++) {
		if (i % 256 == 0)
			np_remote_remapped();
		compare(pid);
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, (void *)(intptr_t)signal) < 0 ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return false;
		signal = WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP ? 0
			 : WSTOPSIG(status);
		if (signal)
			interrupt_run();
	}
	return true;
}

/* Let it run for a while, a different one each time. */
static bool run_freely(pid_t pid)
{
	struct timespec pause = { 0, 0 };
	int status, signal = 0;

	pause.tv_nsec = 200000 + random() % 3000000;
	if (ptrace(PTRACE_CONT, pid, NULL, NULL) < 0)
		return false;
	nanosleep(&pause, NULL);
	kill(pid, SIGSTOP);
	for (;;) {
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return false;
		signal = WSTOPSIG(status);
		if (signal == SIGSTOP)
			return true;
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)(signal == SIGTRAP ? 0 : signal)) < 0)
			return false;
	}
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static void step_program(char **command, uint64_t wanted, uint64_t burst_steps)
{
	static unw_accessors_t accessors;
	bool first = true;
	uint64_t before;
	pid_t pid;

	accessors.find_proc_info = find_procedure;
	accessors.put_unwind_info = _UPT_put_unwind_info;
	accessors.get_dyn_info_list_addr = no_dynamic_list;
	accessors.access_mem = access_memory;
	accessors.access_reg = access_register;
	accessors.access_fpreg = _UPT_access_fpreg;
	accessors.resume = _UPT_resume;
	accessors.get_proc_name = _UPT_get_proc_name;
	while (steps < wanted) {
		before = steps;
		pid = start(command);
		np_remote_attach(pid);
		space = unw_create_addr_space(&accessors, 0);
		unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
		upt = _UPT_create(pid);
		stack.depth = 0;
		if (!first || burst(pid, wanted / 4))
			while (steps < wanted && run_freely(pid) && burst(pid, burst_steps))
				continue;
		end(pid);
		_UPT_destroy(upt);
		unw_destroy_addr_space(space);
		if (steps == before && !first)
			break;		/* too short to be caught again */
		first = false;
	}
}

static int by_count(const void *a, const void *b)
{
	const struct class *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

int main(int argc, char **argv)
{
	uint64_t wanted = 20000, burst_steps = 500;
	double share, least = 99.95;
	int option;

	while ((option = getopt(argc, argv, "+n:b:m:v")) != -1) {
		if (option == 'n')
			wanted = strtoull(optarg, NULL, 10);
		else if (option == 'b')
			burst_steps = strtoull(optarg, NULL, 10);
		else if (option == 'm')
			least = strtod(optarg, NULL);
		else if (option == 'v')
			verbose = true;
		else
			return 2;
	}
	if (optind == argc) {
		fprintf(stderr, "usage: unwind-differential [-n STEPS] [-b BURST] [-m SHARE] [-v] COMMAND...\n");
		return 2;
	}
	srandom(1);
	step_program(argv + optind, wanted, burst_steps);
	share = steps ? 100.0 * (double)(equal + ours_right) / (double)steps : 0;
	printf("%s: %lu steps, %lu equal, %lu ours proven right, %lu theirs; %.2f %% complete, "
	       "%.1f frames re-used a step\n", argv[optind], steps, equal, ours_right, theirs_right,
	       steps ? 100.0 * (double)complete / (double)steps : 0,
	       steps ? (double)reused / (double)steps : 0);
	qsort(classes, class_count, sizeof(classes[0]), by_count);
	for (uint32_t i = 0; i < class_count && i < 20; i++)
		printf("  %6lu at %s: ours %u frames, theirs %u; proven right: ours %lu, theirs %lu\n",
		       classes[i].count, classes[i].leaf, classes[i].ours.depth, classes[i].theirs.depth,
		       classes[i].ours_right, classes[i].theirs_right);
	return share >= least ? 0 : 1;
}
