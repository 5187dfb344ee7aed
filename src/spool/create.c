/* SPDX-License-Identifier: MIT
 *
 * create.c - a new spool: its file, its sections, and the first entries of its tables.
 *
 * Context: signal handler and host, once in a process image.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "spool/section.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define PAGE_BYTES	  NP_SECTION_PAGE_BYTES
#define BYTES_MIN	  (1u << 20)
#define BYTES_UNPOPULATED (8u << 20)	/* all that we allocate where populate is unknown (< 5.14) */
#define STRINGS_BYTES	  (1u << 20)
#define CELLS_MAX	  (1u << 20)
#define SPANS_MAX	  (1u << 17)
#define SPAN_SAMPLES_MAX  (1u << 19)

static uint64_t layout_section(struct np_spool_section *section, uint64_t offset, uint64_t capacity,
			       uint64_t entry_bytes)
{
	section->offset = offset;
	section->capacity = capacity;
	return np_section_page_up(offset + capacity * entry_bytes);
}

/* A thirty-second of the file, or as many as anybody needs. */
static uint64_t entries_of(uint64_t bytes, uint64_t entry_bytes, uint64_t most)
{
	uint64_t fit = bytes / 32 / entry_bytes;

	return fit < most ? fit : most;
}

/* Place all sections in BYTES; HEAD is zeroed.  What a first sample touches lies as close together as
 * it can, under one page of the page table; the nodes take what the others leave. */
static void layout(struct np_spool_header *head, uint64_t bytes)
{
	uint64_t at = (sizeof(*head) + 63) & ~63ull;	/* the first threads are in the header's page */
	uint64_t strings = bytes / 16 < STRINGS_BYTES ? bytes / 16 : STRINGS_BYTES;
	uint64_t metrics = entries_of(bytes, sizeof(struct np_spool_metric), NP_SPOOL_METRICS_MAX);
	uint64_t cells = entries_of(bytes, sizeof(uint64_t), CELLS_MAX);
	uint64_t spans = entries_of(bytes, sizeof(struct np_spool_span), SPANS_MAX);
	uint64_t span_samples = entries_of(bytes, sizeof(struct np_spool_span_sample),
					   SPAN_SAMPLES_MAX);
	uint64_t after_nodes = np_section_page_up(metrics * sizeof(struct np_spool_metric)) +
			       np_section_page_up(cells * sizeof(uint64_t)) +
			       np_section_page_up(spans * sizeof(struct np_spool_span)) +
			       np_section_page_up(span_samples * sizeof(struct np_spool_span_sample));
	uint64_t nodes;

	at = layout_section(&head->threads, at, NP_SPOOL_THREADS_MAX, sizeof(struct np_spool_thread));
	head->threads.ready = PAGE_BYTES - head->threads.offset;
	at = layout_section(&head->modules, at, NP_SPOOL_MODULES_MAX, sizeof(struct np_spool_module));
	at = layout_section(&head->strings, at, strings, 1);
	nodes = (bytes - at - after_nodes) / sizeof(struct np_spool_node);
	at = layout_section(&head->nodes, at, nodes < NP_SPOOL_NODE_NONE ? nodes : NP_SPOOL_NODE_NONE - 1,
			    sizeof(struct np_spool_node));
	at = layout_section(&head->metrics, at, metrics, sizeof(struct np_spool_metric));
	at = layout_section(&head->cells, at, cells, sizeof(uint64_t));
	at = layout_section(&head->spans, at, spans, sizeof(struct np_spool_span));
	layout_section(&head->span_samples, at, span_samples, sizeof(struct np_spool_span_sample));
}

static long map_file(struct np_spool *spool, int fd, uint64_t bytes)
{
	long r = np_syscall(SYS_ftruncate, fd, bytes);
	long base;

	if (r < 0)
		return r;
	base = np_syscall(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			  fd, 0);
	if (base < 0 && base > -4096)
		return base;
	spool->base = (uint8_t *)base;
	spool->head = (struct np_spool_header *)base;
	spool->bytes = bytes;
	np_syscall(SYS_madvise, base, bytes, MADV_DONTDUMP);
	/* On a disk a fault reads ahead, which means zeroing up to MiBs of a file full of holes. */
	np_syscall(SYS_madvise, base, bytes, MADV_RANDOM);
	return 0;
}

/* ftruncate() past RLIMIT_FSIZE raises SIGXFSZ, which would kill the host: stay below. */
static uint64_t file_size_limit(uint64_t bytes)
{
	struct rlimit limit;

	if (np_syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit) == 0 && limit.rlim_cur < bytes)
		return limit.rlim_cur & ~(uint64_t)(PAGE_BYTES - 1);
	return bytes;
}

/* An old kernel, or a filter that knows no such advice. */
static bool is_unknown(long r)
{
	return r == -EINVAL || r == -ENOSYS || r == -EPERM || r == -EACCES;
}

/* Everything must exist before the first store.  Where populate is unknown, allocate it all. */
static long allocate_first(struct np_spool *spool, int fd, bool has_populate)
{
	struct np_spool_header *head = spool->head;
	long r = has_populate ? 0 : np_syscall(SYS_fallocate, fd, 0, 0, spool->bytes);

	if (r < 0)
		return r;
	layout(head, spool->bytes);	/* the file is new: all else is 0 */
	spool->nodes = (struct np_spool_node *)(spool->base + head->nodes.offset);
	spool->threads = (struct np_spool_thread *)(spool->base + head->threads.offset);
	spool->nodes_max = (uint32_t)head->nodes.capacity;
	if (has_populate)
		return 0;
	head->threads.ready = head->threads.capacity * sizeof(struct np_spool_thread);
	head->modules.ready = head->modules.capacity * sizeof(struct np_spool_module);
	head->strings.ready = head->strings.capacity;
	head->nodes.ready = head->nodes.capacity * sizeof(struct np_spool_node);
	head->metrics.ready = head->metrics.capacity * sizeof(struct np_spool_metric);
	head->cells.ready = head->cells.capacity * sizeof(uint64_t);
	head->spans.ready = head->spans.capacity * sizeof(struct np_spool_span);
	head->span_samples.ready = head->span_samples.capacity * sizeof(struct np_spool_span_sample);
	return 0;
}

static bool take_first(struct np_spool *spool, struct np_spool_section *section, uint64_t entry_bytes)
{
	uint64_t one = 1;

	return np_section_take(spool, section, entry_bytes, &one, 1) == 0;
}

/* Entry 0 of every table; offset 0 of the strings is "". */
static bool first_entries(struct np_spool *spool)
{
	struct np_spool_header *head = spool->head;

	if (!take_first(spool, &head->strings, 1) ||
	    !take_first(spool, &head->modules, sizeof(struct np_spool_module)) ||
	    !take_first(spool, &head->threads, sizeof(struct np_spool_thread)) ||
	    !take_first(spool, &head->nodes, sizeof(struct np_spool_node)))
		return false;
	memcpy(spool->threads[0].name, "(other)", 8);
	np_store_release(&spool->threads[0].ready, 1);
	np_store_release(&spool->nodes[0].key, np_spool_key(NP_SPOOL_NODE_ROOT, 0, NP_NODE_ROOT));
	return true;
}

int np_spool_create(struct np_spool *spool, const char *path, uint64_t bytes_max)
{
	long fd = np_syscall(SYS_openat, AT_FDCWD, path,
			     O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	uint64_t bytes = file_size_limit(np_section_page_up(bytes_max));
	size_t length = strlen(path);
	bool has_populate;
	long r;

	if (fd < 0)
		return (int)fd;
	if (length >= sizeof(spool->path)) {
		r = -ENAMETOOLONG;
		goto fail;
	}
	if (bytes < BYTES_MIN) {
		r = -EFBIG;
		goto fail;
	}
	do {				/* a tight RLIMIT_AS: be content with less */
		r = bytes < BYTES_MIN ? -ENOMEM : map_file(spool, (int)fd, bytes);
		if (r == -ENOMEM)
			bytes = bytes / 2 & ~(uint64_t)(PAGE_BYTES - 1);
	} while (r == -ENOMEM && bytes >= BYTES_MIN);
	if (r < 0)
		goto fail;
	r = np_syscall(SYS_madvise, spool->base, PAGE_BYTES, MADV_POPULATE_WRITE);
	has_populate = !is_unknown(r);
	if (!has_populate && spool->bytes > BYTES_UNPOPULATED) {
		np_spool_forget(spool);
		r = map_file(spool, (int)fd, BYTES_UNPOPULATED);
		if (r < 0)
			goto fail;
	}
	if (has_populate && r < 0)
		r = r == -EFAULT ? -ENOSPC : r;
	else
		r = allocate_first(spool, (int)fd, has_populate);
	if (r == 0 && !first_entries(spool))
		r = -ENOSPC;
	if (r < 0)
		goto fail;
	memcpy(spool->path, path, length + 1);
	memcpy(spool->head->magic, NP_SPOOL_MAGIC, sizeof(NP_SPOOL_MAGIC));
	spool->head->version = NP_SPOOL_VERSION;
	spool->head->header_bytes = sizeof(struct np_spool_header);
	spool->head->file_bytes = spool->bytes;
	np_syscall(SYS_close, fd);
	return 0;
fail:
	np_spool_forget(spool);
	np_syscall(SYS_close, fd);
	np_syscall(SYS_unlink, path);
	return (int)r;
}

void np_spool_publish(struct np_spool *spool)
{
	np_store_release(&spool->head->state, NP_SPOOL_LIVE);
}

void np_spool_forget(struct np_spool *spool)
{
	if (spool->base)
		np_syscall(SYS_munmap, spool->base, spool->bytes);
	spool->base = NULL;
	spool->head = NULL;
	spool->nodes = NULL;
	spool->threads = NULL;
	spool->nodes_max = 0;
	spool->bytes = 0;
}
