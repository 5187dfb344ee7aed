/* SPDX-License-Identifier: MIT
 *
 * layout.h - the bytes of a spool file: one process image's samples in shared memory.
 *
 * Written by the host (src/signal inside SIGPROF, src/agent in ordinary context) through
 * spool/writer.h; read by the tools, at any moment and after a SIGKILL, through spool/reader.h.
 * Everything is an index or an offset, never a pointer.  Integers are native-endian; a reader on
 * another byte order sees a wrong magic and says so.  docs/file-formats.md has the byte tables.
 *
 * A spool is a sparse file of its full size from the start.  Each section has room for its
 * capacity, but only the populated prefix (`ready`) may be touched by the writer: it was allocated
 * by MADV_POPULATE_WRITE, which fails where a plain store would raise SIGBUS on a full file system.
 *
 * What a reader may rely on at any moment:
 *  - np_spool_header is complete once `state` is not NP_SPOOL_EMPTY;
 *  - an entry of a table is complete once its `ready` byte is 1 (stored last, with release);
 *    an entry below `used` whose `ready` is 0 was being written when the process died: skip it;
 *  - a node's parent has a smaller index than the node;
 *  - the same (parent, module, pc, kind) may occur in more than one node: their counts add up;
 *  - `resumed` of a sample is counted before its `samples`: who reads all `samples` first and all
 *    `resumed` after them never counts too many calls.
 *
 * Who writes: an entry is filled in by the thread that took its index.  The counts of a thread
 * entry and of the nodes below its roots are changed by that thread alone, without atomic
 * additions; those of thread entry 0 and of node 0 are shared and changed by atomic additions.
 */
#ifndef NP_SPOOL_LAYOUT_H
#define NP_SPOOL_LAYOUT_H

#include <stdint.h>

#define NP_SPOOL_MAGIC   "NPSPOOL"	/* 7 characters and a NUL */
#define NP_SPOOL_VERSION 3u
#define NP_SPOOL_SUFFIX  ".spool"	/* <pid>.<start time in clock ticks>.<image>.spool */

/* Where spools go if nowhere else can be: a directory of this name beside the profiles. */
#define NP_SPOOL_DIR_BESIDE ".neuroprof-spool"

#define NP_SPOOL_NODE_ROOT 0u		/* node 0 is the root of every stack; a parent of 0 is top level */
#define NP_SPOOL_NODE_NONE UINT32_MAX

#define NP_SPOOL_MODULES_MAX 4096u	/* module 0 is "no module": anonymous or JIT code */
#define NP_SPOOL_THREADS_MAX 1024u	/* thread 0 collects the threads that found no entry of their own */
#define NP_SPOOL_METRICS_MAX 1024u
#define NP_SPOOL_SHARDS	     16u	/* cells of a counter, a cache line each: threads share few */
#define NP_SPOOL_SPARE_MAX   7u		/* sections that later versions may add */
#define NP_SPOOL_FANOUT	     4u		/* links of a node to siblings */

enum np_spool_state {
	NP_SPOOL_EMPTY = 0,		/* header not complete: nothing to save */
	NP_SPOOL_LIVE = 1,		/* the process samples, or was killed while it did */
	NP_SPOOL_ENDED = 2,		/* closed by the agent; see `end` */
};

enum np_spool_end {			/* how the image ended, as far as the agent saw it */
	NP_END_UNKNOWN = 0,		/* never told: killed, crashed, or still running */
	NP_END_EXIT = 1,		/* exit, _exit, quick_exit, return from main */
	NP_END_EXEC = 2,		/* replaced by another program */
	NP_END_CONFINED = 4,		/* it went on without us: it forbade itself what we need */
	NP_END_SIGNAL = 3,		/* SIGTERM, SIGINT or SIGHUP at the default action */
};

enum np_clock_kind {
	NP_CLOCK_NONE = 0,
	NP_CLOCK_PERF = 1,		/* perf_event task-clock, one per thread */
	NP_CLOCK_TIMER = 2,		/* timer_create on the thread's CPU clock */
	NP_CLOCK_ITIMER = 3,		/* setitimer(ITIMER_PROF), one per process */
};

enum np_unwinder_kind {
	NP_UNWINDER_NONE = 0,
	NP_UNWINDER_CFI = 1,
	NP_UNWINDER_FP = 2,
	NP_UNWINDER_LIBUNWIND = 3,
};

/* Why a stack ends where it ends.  Everything but COMPLETE is shown to the user by name. */
enum np_quality {
	NP_QUALITY_COMPLETE = 0,	/* reached _start, a thread's entry, or a frame whose CFI says so */
	NP_QUALITY_TOO_DEEP = 1,	/* more than the depth limit: the outermost frames are missing */
	NP_QUALITY_NO_RULE = 2,		/* no unwind rule for a program counter */
	NP_QUALITY_BAD_READ = 3,	/* a rule led outside the stack */
	NP_QUALITY_FOREIGN_STACK = 4,	/* not the thread's own stack: only the leaf is known */
	NP_QUALITY_NO_UNWINDER = 5,	/* the backend is not usable here: only the leaf is known */
	NP_QUALITY_MAX
};

/* Counters of the header: what was taken, and everything that was not, by cause. */
enum np_counter {
	NP_COUNT_SAMPLES = 0,		/* samples committed; 0 in the file: the threads have it, and */
	NP_COUNT_PERIODS,		/* periods committed, likewise; a reader's copy has the sums */
	NP_COUNT_ON_ANCESTOR,		/* samples whose new path did not fit, kept on the deepest known ancestor */
	NP_COUNT_LOST_REENTRANT,	/* ticks that interrupted our own code on the same thread */
	NP_COUNT_LOST_NO_THREAD,	/* ticks on a thread that is not attached (yet, or any more) */
	NP_COUNT_LOST_NO_SPOOL,		/* ticks that came while there was no spool to write to */
	NP_COUNT_LOST_PERIODS,		/* periods that belonged to lost ticks, where known */
	NP_COUNT_THREADS_SEEN,		/* threads attached */
	NP_COUNT_THREADS_UNCOVERED,	/* threads for which no clock could be had */
	NP_COUNT_THREADS_SHARED,	/* threads that share thread entry 0 */
	NP_COUNT_MODULES_LOST,		/* code whose module found no entry: frames stay bare addresses */
	NP_COUNT_STARTUP_PERIODS,	/* periods used before attaching, kept on the [startup] node */
	NP_COUNT_HANDLER_NS,		/* nanoseconds spent in the handler, by its own measure */
	NP_COUNT_SLOWED_DOWN,		/* times that the governor halved the rate */
	NP_COUNT_THREADS_BY_TIMER,	/* threads on a POSIX timer although the clock is perf_event */
	NP_COUNT_CLOCKS_CLOSED,		/* threads whose clock the program closed by a raw system call */
	NP_COUNT_HANDLER_REPLACED,	/* 1: a raw system call took SIGPROF from us: no samples since */
	NP_COUNT_THREADS_UNSEEN,	/* threads found that were made past pthread_create() and not sampled */
	NP_COUNT_UNSEEN_CPU_NS,		/* CPU time that they used, and adopted ones before they were found */
	NP_COUNT_SPAN_SAMPLES_LOST,	/* samples inside a span that found no place for saying so */
	NP_COUNT_SPANS_TOO_DEEP,	/* spans that were not kept, for too many were open around them */
	NP_COUNT_MAX = 32
};

enum np_node_kind {
	NP_NODE_FREE = 0,
	NP_NODE_ROOT = 1,		/* child of node 0: pc = thread entry * 256 + enum np_quality */
	NP_NODE_CALL = 2,		/* a return address: the call is the instruction before pc */
	NP_NODE_LEAF = 3,		/* an interrupted instruction at pc: the leaf, or one below a signal frame */
	NP_NODE_STARTUP = 4,		/* CPU time used before the library attached; pc = 0 */
};

/* One frame of one calling context, one cache line.  pc and key are constant once `ready`.
 *
 * The children of a node are a trie over a hash of (pc, module, kind): `child` is the one that came
 * first, each has links to NP_SPOOL_FANOUT others by the next bits of their hash.  A link is set once. */
struct np_spool_node {
	uint64_t pc;			/* run-time address, or what `kind` says */
	union {
		struct {
			uint32_t parent;	/* index of the caller's node; 0 = top level */
			uint16_t module;	/* index into modules; 0 = none */
			uint8_t kind;		/* enum np_node_kind */
			uint8_t ready;		/* 1 once pc and all of this is in place */
		};
		uint64_t key;		/* the four of them, as they are compared and stored */
	};
	uint32_t child;
	uint32_t reserved;
	uint32_t sibling[NP_SPOOL_FANOUT];
	uint64_t samples;		/* samples that ended here */
	uint64_t periods;		/* clock periods that they weigh */
	uint64_t resumed;		/* samples of which this was the innermost frame that was not new
					 * since the sample before; see np_spool_calls() */
};

/* np_spool_node.key of a node that is complete. */
static inline uint64_t np_spool_key(uint32_t parent, uint16_t module, uint8_t kind)
{
	return (uint64_t)1 << 56 | (uint64_t)kind << 48 | (uint64_t)module << 32 | parent;
}

/* A mapped object.  A file that was unmapped and mapped again gets a new entry. */
struct np_spool_module {
	uint64_t start, end;		/* mapped range, page aligned */
	uint64_t bias;			/* run-time address - bias = address in the ELF file */
	uint32_t path;			/* offset of a NUL-terminated string in the strings section; 0 = "" */
	uint32_t generation;		/* value of the unload counter when it was first seen */
	uint8_t build_id_bytes;		/* 0 = none known */
	uint8_t flags;			/* NP_MODULE_* */
	uint8_t ready;
	uint8_t reserved;
	uint8_t build_id[20];		/* longer ones are cut to 20 */
};

#define NP_MODULE_MAIN 1u		/* the program itself */
#define NP_MODULE_SELF 2u		/* libneuroprof.so: its frames are not shown */
#define NP_MODULE_VDSO 4u		/* no file; see strings */

/* A thread that was sampled at least once. */
struct np_spool_thread {
	uint32_t tid;
	uint8_t ready;
	uint8_t flags;
	uint16_t reserved;
	char name[16];			/* comm at its first sample, NUL-terminated */
	uint64_t samples;		/* committed by this thread */
	uint64_t periods;		/* likewise */
	uint64_t reserved_counts[3];	/* a cache line of its own */
};

/* A counter, gauge, histogram or span by name.  Constant once `ready`, but for the gauge. */
struct np_spool_metric {
	uint8_t ready;
	uint8_t kind;			/* enum neuroprof_kind */
	uint16_t reserved;
	uint32_t cell;			/* its first cell.  A counter: the first word of each of
					 * NP_SPOOL_SHARDS cache lines, to be added up.  Histograms and
					 * spans: NP_LOGLINEAR_BUCKETS counts, then sum and maximum */
	uint64_t gauge;			/* the bits of a double */
	char name[64], unit[16], labels[128];	/* NUL-terminated */
	uint64_t reserved_words[4];
};

/* A span that a sample fell in, or that encloses one; others are only counted in their metric. */
struct np_spool_span {
	uint64_t id;
	uint64_t trace[2];		/* W3C trace id, high and low half */
	uint64_t start_ns;		/* CLOCK_MONOTONIC */
	uint64_t duration_ns;		/* 0 = it was not over */
	uint32_t metric;		/* its name */
	uint32_t parent;		/* entry of the enclosing span + 1; 0 = none here */
	uint64_t remote_parent;		/* span id of a caller elsewhere; 0 = none */
	uint32_t thread;		/* entry */
	uint32_t ready;
};

/* A sample that was taken inside a span; it is counted in its node as well. */
struct np_spool_span_sample {
	uint32_t node;
	uint32_t span;			/* entry of the innermost one */
	uint32_t periods;
	uint32_t ready;
};

/* Where a section is, what fits, what is in use.  `ready` and `used` only grow. */
struct np_spool_section {
	uint64_t offset;		/* from the start of the file */
	uint64_t capacity;		/* entries (bytes for strings) */
	uint64_t ready;			/* bytes from `offset` that are allocated */
	uint64_t used;			/* entries handed out; may pass capacity when full */
};

struct np_spool_header {
	char magic[8];
	uint32_t version;
	uint32_t header_bytes;		/* sizeof(struct np_spool_header) */
	uint64_t file_bytes;
	uint32_t state;			/* enum np_spool_state, stored with release */
	uint32_t end;			/* enum np_spool_end */

	uint32_t pid, ppid;
	uint64_t start_ticks;		/* field 22 of /proc/PID/stat: tells a reused pid apart */
	uint32_t image;			/* how many program images this pid had before */
	uint32_t hz;
	uint64_t period_ns;
	uint32_t clock;			/* enum np_clock_kind */
	uint32_t unwinder;		/* enum np_unwinder_kind */
	int32_t clock_errno;		/* why a better clock was not used; 0 = it was */
	uint32_t depth_max;
	uint64_t started_realtime_ns;	/* CLOCK_REALTIME at attach */
	uint64_t started_monotonic_ns;	/* CLOCK_MONOTONIC at attach */
	uint64_t ended_monotonic_ns;	/* 0 while live */
	uint64_t ended_cpu_ns;		/* process CPU clock when it ended; 0 = not told */
	char comm[16];
	char exe[512];			/* /proc/self/exe; cut when longer */
	char fold_out[512];		/* NEUROPROF_OUT made absolute: where the profile belongs */

	uint32_t control;		/* 1 = sampling wanted, 0 = not; written by agent or tools */
	uint32_t generation;		/* counts dlclose calls */
	uint64_t counters[NP_COUNT_MAX];	/* enum np_counter, relaxed adds */
	uint32_t hz_wanted;		/* the rate to tick at; written by tools.  0, or more than
					 * `hz`: `hz`.  Weights stay in periods of period_ns */
	uint32_t left_to;		/* process that has it folded, at once when the owner ended; 0 = the owner */

	struct np_spool_section modules, threads, strings, nodes;
	struct np_spool_section metrics, cells, spans, span_samples;
	struct np_spool_section spare[NP_SPOOL_SPARE_MAX];	/* 0: not there */
	uint64_t pid_namespace;		/* inode of /proc/self/ns/pid, where left_to is set; 0 = not told */
	uint64_t spare_words[3];
};

_Static_assert(sizeof(struct np_spool_node) == 64, "node size is part of the format");
_Static_assert(sizeof(struct np_spool_module) == 56, "module size is part of the format");
_Static_assert(sizeof(struct np_spool_thread) == 64, "thread size is part of the format");
_Static_assert(sizeof(struct np_spool_metric) == 256, "metric size is part of the format");
_Static_assert(sizeof(struct np_spool_span) == 64, "span size is part of the format");
_Static_assert(sizeof(struct np_spool_span_sample) == 16, "span sample size is part of the format");

#endif
