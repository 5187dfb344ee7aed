/* SPDX-License-Identifier: MIT
 *
 * spans.c - spans of <neuroprof/metrics.h>: a stack of open ones per thread.  Context: host.
 *
 * The handler may come between any two lines here: a frame is whole before `depth` shows it, and is
 * read only after `depth` hides it.
 */
#include "agent/metrics.h"

#include <string.h>
#include <time.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "spool/metrics.h"

#define GOLDEN 0x9e3779b97f4a7c15u

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* splitmix64 from a seed that the kernel gives once a thread and image. */
static uint64_t next_id(void)
{
	uint64_t z;

	if (np_spans.random == 0) {
		np_syscall(SYS_getrandom, &np_spans.random, sizeof(np_spans.random), 0);
		np_spans.random ^= now_ns() ^ (uint64_t)(uintptr_t)&np_spans;
	}
	z = np_spans.random += GOLDEN;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return z ? z : 1;		/* all zero means none */
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;	/* upper case is not allowed */
}

static bool read_hex(const char *text, int digits, uint64_t *ret)
{
	*ret = 0;
	for (int i = 0; i < digits; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return false;
		*ret = *ret << 4 | (uint64_t)digit;
	}
	return true;
}

/* W3C Trace Context, level 1: version, trace id, parent id, flags; a later version may have more. */
static bool read_traceparent(const char *text, uint64_t trace[2], uint64_t *ret_parent)
{
	uint64_t version, flags;
	size_t length = strnlen(text, 512);

	if (length < NEUROPROF_TRACEPARENT_BYTES - 1 || text[2] != '-' || text[35] != '-' ||
	    text[52] != '-' || !read_hex(text, 2, &version) || !read_hex(text + 3, 16, &trace[0]) ||
	    !read_hex(text + 19, 16, &trace[1]) || !read_hex(text + 36, 16, ret_parent) ||
	    !read_hex(text + 53, 2, &flags))
		return false;
	if (version == 0xff || (version == 0 && length != NEUROPROF_TRACEPARENT_BYTES - 1) ||
	    (length > NEUROPROF_TRACEPARENT_BYTES - 1 && text[NEUROPROF_TRACEPARENT_BYTES - 1] != '-'))
		return false;
	return (trace[0] || trace[1]) && *ret_parent;
}

/* A fork child's frames are its parent's: they end there. */
static void enter_image(void)
{
	if (np_spans.image == np_sampler.image)
		return;
	np_spans.depth = 0;
	np_spans.random = 0;
	np_signal_fence();
	np_spans.image = np_sampler.image;
}

NP_EXPORT uint64_t neuroprof_span_enter(struct neuroprof_metric *span, const char *traceparent)
{
	struct np_span_frame *frame;
	uint64_t trace[2], parent = 0;

	if (!np_agent.attached || span->kind != NEUROPROF_SPAN || !np_metric_is_bound(span) ||
	    span->entry == NP_SPOOL_ENTRY_NONE)	/* a small spool has no room for its name */
		return 0;
	enter_image();
	if (np_spans.depth == NP_SPANS_DEPTH) {
		np_spool_count(&np_sampler.spool, NP_COUNT_SPANS_TOO_DEEP, 1);
		return 0;
	}
	/* Inside another span the trace is that one's, and so is the parent. */
	if (np_spans.depth == 0 && traceparent && read_traceparent(traceparent, trace, &parent)) {
		np_spans.trace[0] = trace[0];
		np_spans.trace[1] = trace[1];
	} else if (np_spans.depth == 0) {
		np_spans.trace[0] = next_id();
		np_spans.trace[1] = next_id();
	}
	frame = &np_spans.frames[np_spans.depth];
	frame->id = next_id();
	frame->remote_parent = parent;
	frame->metric = span->entry;
	frame->record = 0;
	frame->name = span;
	frame->start_ns = now_ns();
	np_signal_fence();
	np_spans.depth++;
	return frame->id;
}

static void end(const struct np_span_frame *frame, uint64_t now)
{
	struct neuroprof_metric *name = frame->name;

	np_metric_record(name, now - frame->start_ns);
	if (frame->record)
		np_spool_span_end(&np_sampler.spool, frame->record - 1, now - frame->start_ns);
}

NP_EXPORT void neuroprof_span_leave(uint64_t span)
{
	uint32_t at = np_spans.depth;
	uint64_t now;

	if (np_spans.image != np_sampler.image)
		return;
	while (at && np_spans.frames[at - 1].id != span)
		at--;
	if (at == 0)			/* another thread's, or ended with one around it */
		return;
	now = now_ns();
	while (np_spans.depth >= at) {
		const struct np_span_frame *frame = &np_spans.frames[np_spans.depth - 1];

		np_spans.depth--;
		np_signal_fence();
		end(frame, now);
	}
}

static char *write_hex(char *to, uint64_t value, int digits)
{
	static const char hex[] = "0123456789abcdef";

	for (int i = digits; i-- > 0; value >>= 4)
		to[i] = hex[value & 15];
	return to + digits;
}

NP_EXPORT int neuroprof_span_traceparent(char text[NEUROPROF_TRACEPARENT_BYTES])
{
	char *at = text;

	*text = '\0';
	if (np_spans.depth == 0 || np_spans.image != np_sampler.image)
		return 0;
	*at++ = '0';
	*at++ = '0';
	*at++ = '-';
	at = write_hex(at, np_spans.trace[0], 16);
	at = write_hex(at, np_spans.trace[1], 16);
	*at++ = '-';
	at = write_hex(at, np_spans.frames[np_spans.depth - 1].id, 16);
	memcpy(at, "-01", 4);
	return 1;
}
