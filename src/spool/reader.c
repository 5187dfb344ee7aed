/* SPDX-License-Identifier: MIT
 *
 * reader.c - the checked view of a spool file.
 *
 * Context: tools.  Every byte is hostile and may change while we look (a live writer).  So the header
 * is copied once and clamped to the file's real size, and so is every table whose values are checked
 * and used later: entries are checked when they are asked for, in the copy.
 * Owns: the copies, and the mapping (unless the bytes are the caller's).
 */
#include "spool/reader.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "spool/reader_internal.h"

#define FILE_BYTES_MAX	  ((8ull << 30))	/* twice what NEUROPROF_SPOOL_MAX accepts */
#define STRINGS_BYTES_MAX (16u << 20)	/* sixteen times what a writer has */

__attribute__((format(printf, 3, 4)))
static int refuse(char *message, size_t message_bytes, const char *format, ...)
{
	va_list args;

	if (message && message_bytes) {
		va_start(args, format);
		vsnprintf(message, message_bytes, format, args);
		va_end(args);
	}
	return -EBADMSG;
}

/* Word by word, since a live writer counts in it meanwhile. */
static void copy_header(struct np_spool_header *to, const uint8_t *bytes)
{
	const uint64_t *from = (const uint64_t *)(const void *)bytes;
	uint64_t word;

	_Static_assert(sizeof(*to) % sizeof(uint64_t) == 0, "the header is copied in words");
	for (size_t i = 0; i < sizeof(*to) / sizeof(word); i++) {
		word = np_load_relaxed(&from[i]);
		memcpy((uint8_t *)to + i * sizeof(word), &word, sizeof(word));
	}
	to->comm[sizeof(to->comm) - 1] = '\0';
	to->exe[sizeof(to->exe) - 1] = '\0';
	to->fold_out[sizeof(to->fold_out) - 1] = '\0';
}

static int check_header(struct np_spool_reader *reader, char *message, size_t message_bytes)
{
	struct np_spool_header *head = &reader->head;

	if (memcmp(head->magic, NP_SPOOL_MAGIC, sizeof(NP_SPOOL_MAGIC)) != 0) {
		static const char zero[sizeof(head->magic)];

		if (memcmp(head->magic, zero, sizeof(zero)) == 0 && head->state == NP_SPOOL_EMPTY)
			return -ENODATA; /* created, and killed before anything was written */
		return refuse(message, message_bytes, "not a spool: wrong magic at byte 0");
	}
	if (head->version == bswap_32(NP_SPOOL_VERSION))
		return refuse(message, message_bytes,
			      "a spool of a machine with another byte order: fold it there");
	if (head->version != NP_SPOOL_VERSION || head->header_bytes != sizeof(*head))
		return refuse(message, message_bytes,
			"a spool of version %u (header of %u bytes); this tool reads version %u "
			"(%zu bytes): use the tools of the library that wrote it",
			head->version, head->header_bytes, NP_SPOOL_VERSION, sizeof(*head));
	if (head->state == NP_SPOOL_EMPTY)
		return -ENODATA;
	if (head->state > NP_SPOOL_ENDED)
		return refuse(message, message_bytes, "damaged spool: state %u at byte %zu",
			head->state, offsetof(struct np_spool_header, state));
	if (head->period_ns == 0)
		return refuse(message, message_bytes, "damaged spool: period 0 at byte %zu",
			      offsetof(struct np_spool_header, period_ns));
	if (head->hz_wanted == 0 || head->hz_wanted > head->hz)
		head->hz_wanted = head->hz;
	return 0;
}

/* Clamp a table of USED entries to the file; what is said to be there but is not is damage. */
static void place_table(struct np_spool_reader *reader, struct table *table,
			struct np_spool_section *section, uint64_t used, uint64_t entry_bytes,
			uint64_t most)
{
	uint64_t fits = 0;

	if (used > section->capacity)	/* handed out past the end: the writer refused those */
		used = section->capacity;
	/* Handed out, but never allocated (file system full).  Must not be read either: on tmpfs
	 * that would allocate it now, and raise SIGBUS where nothing is left. */
	if (used > section->ready / entry_bytes)
		used = section->ready / entry_bytes;
	if (section->offset >= sizeof(struct np_spool_header) && section->offset <= reader->size &&
	    (entry_bytes == 1 || section->offset % sizeof(uint64_t) == 0))
		fits = (reader->size - section->offset) / entry_bytes;
	if (fits > most)
		fits = most;
	if (used > fits) {
		reader->damaged += used - fits;
		used = fits;
	}
	if (used)			/* the offset is sound */
		table->base = reader->bytes + section->offset;
	table->count = used;
	section->used = used;
}

/* Where an entry says that it is complete; `ready` is a byte or 4 of them. */
struct shape {
	size_t bytes, ready_at, ready_bytes;
};

#define SHAPE_OF(entry)                                                                            \
	((struct shape){ sizeof(entry), offsetof(entry, ready), sizeof(((entry *)0)->ready) })

/* Entries that are complete, as they are now; others stay 0.  Their words are read in order. */
static bool copy_table(struct table *table, struct shape shape)
{
	const uint64_t *from = (const void *)table->base;
	size_t words = shape.bytes / sizeof(*from), ready = shape.ready_at / sizeof(*from);
	uint64_t mask = (shape.ready_bytes == 1 ? 0xffull : 0xffffffffull) << shape.ready_at % 8 * 8;
	uint64_t *to;

	if (table->count == 0)
		return true;
	table->copy = to = calloc(table->count, shape.bytes);
	if (!to)
		return false;
	for (uint64_t i = 0; i < table->count; i++, from += words, to += words) {
		/* Acquire pairs with the release of `ready`: all else is there. */
		uint64_t word = np_load_acquire(&from[ready]);

		if (!(word & mask))
			continue;
		for (size_t w = 0; w < words; w++)
			to[w] = w == ready ? word : np_load_acquire(&from[w]);
	}
	table->base = table->copy;
	return true;
}

/* All samples before any `resumed`: layout.h says why. */
static bool copy_nodes(struct table *nodes)
{
	const struct np_spool_node *from = (const void *)nodes->base;
	struct np_spool_node *to;

	if (!copy_table(nodes, SHAPE_OF(struct np_spool_node)))
		return false;
	to = nodes->copy;
	for (uint64_t i = 0; i < nodes->count; i++)
		if (to[i].ready)
			to[i].resumed = np_load_relaxed(&from[i].resumed);
	return true;
}

static bool copy_strings(struct table *strings)
{
	if (strings->count == 0)
		return true;
	strings->copy = malloc(strings->count);
	if (!strings->copy)
		return false;
	memcpy(strings->copy, strings->base, strings->count);
	strings->base = strings->copy;
	return true;
}

/* The strings after what points into them. */
static int copy_all(struct np_spool_reader *reader)
{
	bool all = copy_table(&reader->threads, SHAPE_OF(struct np_spool_thread)) &&
		   copy_table(&reader->modules, SHAPE_OF(struct np_spool_module)) &&
		   copy_nodes(&reader->nodes) &&
		   copy_table(&reader->metrics, SHAPE_OF(struct np_spool_metric)) &&
		   copy_table(&reader->spans, SHAPE_OF(struct np_spool_span)) &&
		   copy_table(&reader->span_samples, SHAPE_OF(struct np_spool_span_sample)) &&
		   copy_strings(&reader->strings);

	return all ? 0 : -ENOMEM;
}

/* Saturates: every sum of ours is far below. */
static void sum_up(uint64_t *sum, uint64_t add)
{
	if (__builtin_add_overflow(*sum, add, sum))
		*sum = UINT64_MAX;
}

/* What all threads committed, into the header's copy. */
static void sum_threads(struct np_spool_reader *reader)
{
	uint64_t *counters = reader->head.counters;

	for (uint64_t i = 0; i < reader->threads.count; i++) {
		const struct np_spool_thread *thread =
			np_spool_entry(&reader->threads, i, sizeof(*thread));

		sum_up(&counters[NP_COUNT_SAMPLES], thread->samples);
		sum_up(&counters[NP_COUNT_PERIODS], thread->periods);
	}
}

static int place_all(struct np_spool_reader *reader)
{
	struct np_spool_header *head = &reader->head;
	int r;

	place_table(reader, &reader->threads, &head->threads, head->threads.used,
		    sizeof(struct np_spool_thread), NP_SPOOL_THREADS_MAX);
	place_table(reader, &reader->modules, &head->modules, head->modules.used,
		    sizeof(struct np_spool_module), NP_SPOOL_MODULES_MAX);
	place_table(reader, &reader->strings, &head->strings, head->strings.used, 1, STRINGS_BYTES_MAX);
	place_table(reader, &reader->nodes, &head->nodes, head->nodes.used,
		    sizeof(struct np_spool_node), NP_SPOOL_NODE_NONE - 1);
	place_table(reader, &reader->metrics, &head->metrics, head->metrics.used,
		    sizeof(struct np_spool_metric), NP_SPOOL_METRICS_MAX);
	place_table(reader, &reader->cells, &head->cells, head->cells.used, sizeof(uint64_t),
		    UINT32_MAX);
	place_table(reader, &reader->spans, &head->spans, head->spans.used,
		    sizeof(struct np_spool_span), UINT32_MAX - 1);
	place_table(reader, &reader->span_samples, &head->span_samples, head->span_samples.used,
		    sizeof(struct np_spool_span_sample), UINT32_MAX - 1);
	r = copy_all(reader);
	if (r == 0)
		sum_threads(reader);
	return r;
}

/* READER has bytes and size.  On failure it is freed. */
static int finish_open(struct np_spool_reader *reader, bool head_only,
		       struct np_spool_reader **ret_reader, char *message, size_t message_bytes)
{
	int r;

	if (reader->size < sizeof(struct np_spool_header))
		r = refuse(message, message_bytes,
			"not a spool: %llu bytes, its header alone has %zu",
			(unsigned long long)reader->size, sizeof(struct np_spool_header));
	else {
		/* Acquire pairs with np_spool_publish(): a published header is complete. */
		(void)np_load_acquire((const uint32_t *)(const void *)
				      (reader->bytes + offsetof(struct np_spool_header, state)));
		copy_header(&reader->head, reader->bytes);
		r = check_header(reader, message, message_bytes);
		if (r == 0 && !head_only)
			r = place_all(reader);
	}
	if (r < 0) {
		np_spool_close(reader);
		return r;
	}
	*ret_reader = reader;
	return 0;
}

static int map_whole(int fd, const uint8_t **ret_bytes, uint64_t *ret_size, char *message,
		     size_t message_bytes)
{
	struct stat st;
	void *bytes;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return refuse(message, message_bytes, "not a spool: not a regular file");
	if ((uint64_t)st.st_size < sizeof(struct np_spool_header))
		return refuse(message, message_bytes,
			"not a spool: %lld bytes, its header alone has %zu", (long long)st.st_size,
			sizeof(struct np_spool_header));
	if ((uint64_t)st.st_size > FILE_BYTES_MAX)
		return refuse(message, message_bytes, "not a spool: larger than any (%lld bytes)",
			      (long long)st.st_size);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	*ret_bytes = bytes;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

static int open_file(const char *path, bool head_only, struct np_spool_reader **ret_reader,
		     char *message, size_t message_bytes)
{
	struct np_spool_reader *reader;
	int fd, r;

	if (message && message_bytes)
		message[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);	/* never wait at a FIFO */
	if (fd < 0)
		return -errno;
	reader = calloc(1, sizeof(*reader));
	r = reader ? map_whole(fd, &reader->bytes, &reader->size, message, message_bytes) : -ENOMEM;
	close(fd);
	if (r < 0) {
		free(reader);
		return r;
	}
	reader->mapped = true;
	return finish_open(reader, head_only, ret_reader, message, message_bytes);
}

int np_spool_open(const char *path, struct np_spool_reader **ret_reader, char *message,
		  size_t message_bytes)
{
	return open_file(path, false, ret_reader, message, message_bytes);
}

int np_spool_open_head(const char *path, struct np_spool_reader **ret_reader)
{
	return open_file(path, true, ret_reader, NULL, 0);
}

int np_spool_open_memory(const void *bytes, size_t size, struct np_spool_reader **ret_reader,
			 char *message, size_t message_bytes)
{
	struct np_spool_reader *reader;

	if (message && message_bytes)
		message[0] = '\0';
	if ((uintptr_t)bytes % sizeof(uint64_t) != 0)
		return -EINVAL;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->bytes = bytes;
	reader->size = size;
	return finish_open(reader, false, ret_reader, message, message_bytes);
}

void np_spool_close(struct np_spool_reader *reader)
{
	if (!reader)
		return;
	free(reader->threads.copy);
	free(reader->modules.copy);
	free(reader->strings.copy);
	free(reader->nodes.copy);
	free(reader->metrics.copy);
	free(reader->spans.copy);
	free(reader->span_samples.copy);
	if (reader->mapped)
		munmap((void *)(uintptr_t)reader->bytes, reader->size);
	free(reader);
}

const struct np_spool_header *np_spool_head(const struct np_spool_reader *reader)
{
	return &reader->head;
}

/* The only field that the accessors change. */
void np_spool_count_damage(const struct np_spool_reader *reader, const struct table *table,
			   uint64_t index, bool is_damaged)
{
	struct np_spool_reader *self = (struct np_spool_reader *)(uintptr_t)reader;
	struct table *at = (struct table *)(uintptr_t)table;

	if (index < at->visited)
		return;
	at->visited = index + 1;
	self->damaged += is_damaged;
}

uint32_t np_spool_node_count(const struct np_spool_reader *reader)
{
	return (uint32_t)reader->nodes.count;
}

static bool node_is_sound(const struct np_spool_node *node, uint32_t index)
{
	if (node->kind == NP_NODE_FREE || node->kind > NP_NODE_STARTUP)
		return false;
	if (index == NP_SPOOL_NODE_ROOT)
		return node->kind == NP_NODE_ROOT && node->parent == 0;
	return node->parent < index;
}

const struct np_spool_node *np_spool_node(const struct np_spool_reader *reader, uint32_t index)
{
	const struct np_spool_node *node = np_spool_entry(&reader->nodes, index, sizeof(*node));
	bool sound;

	if (!node || node->ready == 0)
		return NULL;
	sound = node->ready == 1 && node_is_sound(node, index);
	np_spool_count_damage(reader, &reader->nodes, index, !sound);
	return sound ? node : NULL;
}

/* A sample is one activation more of each frame inside the one that it resumed: the sum over a
 * node's subtree of samples, less those that were resumed in it. */
void np_spool_calls(const struct np_spool_reader *reader, uint64_t *ret_calls)
{
	uint32_t count = np_spool_node_count(reader);
	uint64_t *sums = ret_calls;	/* modulo 2^64, so that nothing overflows on the way */

	for (uint32_t i = 0; i < count; i++) {
		const struct np_spool_node *node = np_spool_node(reader, i);

		sums[i] = node ? node->samples : 0;
	}
	for (uint32_t i = count; i-- > 0;) {
		const struct np_spool_node *node = np_spool_node(reader, i);

		if (!node)
			continue;
		sums[i] -= node->resumed;
		if (node->parent < i)	/* but for node 0 */
			sums[node->parent] += sums[i];
		/* Less than none: a sample that was cut off within its commit, or damage. */
		if (sums[i] > INT64_MAX)
			sums[i] = 0;
	}
}

uint32_t np_spool_module_count(const struct np_spool_reader *reader)
{
	return (uint32_t)reader->modules.count;
}

const struct np_spool_module *np_spool_module(const struct np_spool_reader *reader, uint32_t index)
{
	const struct np_spool_module *module =
		np_spool_entry(&reader->modules, index, sizeof(*module));
	bool sound;

	if (!module || module->ready == 0)
		return NULL;
	sound = module->ready == 1 && module->start < module->end &&
		module->build_id_bytes <= sizeof(module->build_id);
	np_spool_count_damage(reader, &reader->modules, index, !sound);
	return sound ? module : NULL;
}

uint32_t np_spool_thread_count(const struct np_spool_reader *reader)
{
	return (uint32_t)reader->threads.count;
}

const struct np_spool_thread *np_spool_thread(const struct np_spool_reader *reader, uint32_t index)
{
	const struct np_spool_thread *thread =
		np_spool_entry(&reader->threads, index, sizeof(*thread));
	bool sound;

	if (!thread || thread->ready == 0)
		return NULL;
	sound = thread->ready == 1 && memchr(thread->name, '\0', sizeof(thread->name));
	np_spool_count_damage(reader, &reader->threads, index, !sound);
	return sound ? thread : NULL;
}

const char *np_spool_module_path(const struct np_spool_reader *reader,
				 const struct np_spool_module *module)
{
	const char *path = np_spool_entry(&reader->strings, module->path, 1);
	uint64_t room = path ? reader->strings.count - module->path : 0;

	if (module->path == 0)
		return "";
	if (path && memchr(path, '\0', room))
		return path;
	np_spool_count_damage(reader, &reader->strings, module->path, true);
	return "";
}

uint64_t np_spool_damaged(const struct np_spool_reader *reader)
{
	return reader->damaged;
}

/* Field 22 of /proc/PID/stat; 0 when it cannot be read. */
static uint64_t start_ticks_of(uint32_t pid)
{
	char path[64], text[1024];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')'); /* the command's name may hold anything, also ')' and blanks */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

bool np_spool_owner_alive(const struct np_spool_reader *reader)
{
	const struct np_spool_header *head = &reader->head;
	uint64_t ticks;

	if (head->pid == 0 || head->pid > INT32_MAX)
		return false;
	ticks = start_ticks_of(head->pid);
	if (ticks != 0)
		return ticks == head->start_ticks;
	/* Not to be seen (hidepid): when in doubt it lives; a live spool must not be removed. */
	return kill((pid_t)head->pid, 0) == 0 || errno == EPERM;
}
