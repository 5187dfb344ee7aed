/* SPDX-License-Identifier: MIT
 *
 * dump.h - the stacks of a process that need not be profiled: stop, copy, let go, unwind, name.
 *
 * Context: tools; between the parts of `neuroprof dump`.  The process stands still only while its
 * registers and stacks are copied; unwinding and naming work on the copies.
 */
#ifndef NP_TOOLS_DUMP_H
#define NP_TOOLS_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "symbolize/symbolize.h"

#define NP_DUMP_DEPTH_MAX 1024u

struct np_dump_map {			/* a line of /proc/PID/maps */
	uint64_t start, end, offset;
	dev_t device;
	ino_t inode;
	bool writable, executable;
	uint32_t module;		/* index + 1; 0 = no ELF object, as far as we know */
	char *path;			/* "" for anonymous memory */
};

struct np_dump_module {			/* an ELF object in memory */
	uint64_t start, end;
	uint64_t bias;			/* run-time address - bias = address in the file */
	uint64_t eh_frame_hdr;		/* run-time address; 0 = none */
	uint64_t eh_frame_hdr_bytes;
	uint8_t build_id[20];
	size_t build_id_bytes;
	char *path;			/* by which we reach the file */
	struct np_symbol_module *symbols;
};

enum np_dump_end {
	NP_DUMP_COMPLETE = 0,
	NP_DUMP_TOO_DEEP,
	NP_DUMP_NO_RULE,		/* libunwind could not go on */
	NP_DUMP_NO_CODE,		/* a return address where no code is */
	NP_DUMP_NOT_STOPPED,		/* the thread did not stop, or ended: nothing is known */
};

struct np_dump_frame {
	uint64_t pc;
	bool exact;			/* an interrupted instruction; else a return address */
	bool signal;			/* the kernel's frame below a signal handler */
	bool guessed;			/* found without unwind rules, by frame pointers */
};

struct np_dump_thread {
	pid_t tid;
	char name[16];
	char state;			/* as in /proc/PID/stat, before we stopped it */
	int signal;			/* to be delivered when it goes on */
	bool seized, stopped;
	struct user_regs_struct registers;
	uint64_t stack_address;		/* of the copy */
	uint8_t *stack;
	size_t stack_bytes;
	bool needs_more;		/* its stack goes on outside of the copy: unwind it stopped */
	enum np_dump_end end;
	struct np_dump_frame *frames;
	uint32_t depth;
};

struct np_dump {
	pid_t pid;
	struct np_dump_map *maps;
	size_t map_count;
	struct np_dump_module *modules;
	size_t module_count;
	struct np_dump_thread *threads;
	size_t thread_count;
	uint64_t stopped_ns;		/* how long the process stood still */
};

/* ---- dump_memory.c */
/* Read the mappings, in place of what was read before.  Returns 0 or -errno. */
int np_dump_read_maps(struct np_dump *dump);
void np_dump_forget_maps(struct np_dump *dump);
const struct np_dump_map *np_dump_map_at(const struct np_dump *dump, uint64_t address);
/* All of BYTES or false. */
bool np_dump_read(const struct np_dump *dump, uint64_t address, void *to, size_t bytes);

/* ---- dump_stop.c */
/* Stop all threads, copy registers and stacks, let them go.  Returns 0 or -errno; then nothing is
 * stopped any more. */
int np_dump_take(struct np_dump *dump);
/* Stop THREAD alone and refresh its registers, and let it go again. */
bool np_dump_stop_one(struct np_dump *dump, struct np_dump_thread *thread);
void np_dump_release_one(struct np_dump_thread *thread);

/* ---- dump_unwind.c: by libunwind.  Fills in the frames of every thread. */
void np_dump_unwind(struct np_dump *dump);

#endif
