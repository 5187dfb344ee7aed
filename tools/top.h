/* SPDX-License-Identifier: MIT
 *
 * top.h - functions and threads of a running process, look by look.
 *
 * Context: tools; between the parts of `neuroprof top`.
 */
#ifndef NP_TOOLS_TOP_H
#define NP_TOOLS_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "live.h"
#include "symbolize/symbolize.h"

struct np_top_count {		/* in periods, as of the last look and the one before */
	uint64_t now, before;
};

struct np_top_function {
	const char *name, *module;	/* kept by the symbolizer: the same text, the same pointer */
	struct np_top_count self, total;
	uint32_t stamp;			/* the node that was counted here last: recursion counts once */
};

struct np_top_thread {
	uint32_t tid;			/* 0 = not known */
	char name[16];
	struct np_top_count periods;
};

struct np_top {
	struct np_live live;
	struct np_symbolizer *symbolizer;
	struct np_top_function *functions;
	uint32_t function_count, function_room;
	uint32_t *slots;		/* open addressing over functions; index + 1, 0 = free */
	uint32_t slot_room;
	struct np_top_thread *threads;
	uint32_t thread_count;
	struct np_top_count *metrics;	/* by entry: counts; of a gauge nothing */
	uint32_t metric_count;
	struct np_top_count samples, periods;
	uint64_t looked_ns, before_ns;	/* CLOCK_MONOTONIC */
	bool ended;			/* the process is gone; the counts are those of the last look */
};

struct np_top_view {		/* what the user chose to see */
	bool by_total;			/* sorted by; else by self */
	bool cumulative;		/* since it began; else since the look before */
	uint32_t rows;
};

/* Take over LIVE and look for the first time. */
void np_top_init(struct np_top *top, struct np_live *live);
void np_top_finish(struct np_top *top);

/* Count again.  When the process has ended, only `ended` changes. */
void np_top_look(struct np_top *top);

/* A count as VIEW wants it. */
uint64_t np_top_value(const struct np_top_view *view, const struct np_top_count *count);

/* Sort functions or threads for VIEW; indexes, the caller's to free, those without a value left
 * out. */
uint32_t *np_top_functions(const struct np_top *top, const struct np_top_view *view,
			   uint32_t *ret_count);
uint32_t *np_top_threads(const struct np_top *top, const struct np_top_view *view,
			 uint32_t *ret_count);

/* Metrics: counted with each look; a line each, without a line end. */
#define NP_TOP_METRICS_HEAD "       COUNT          RATE  METRIC"
void np_top_count_metrics(struct np_top *top);
char **np_top_metric_lines(const struct np_top *top, const struct np_top_view *view, uint32_t *ret_count);
void np_top_metric_lines_free(char **lines, uint32_t count);

/* The two lines above the table, without a line end; the caller's to free. */
char *np_top_title(const struct np_top *top);
char *np_top_summary(const struct np_top *top, const struct np_top_view *view);

double np_top_percent(uint64_t part, uint64_t whole);

/* The live table on the terminal, until the user leaves.  Returns an exit status. */
int np_top_screen(struct np_top *top, const struct np_top_view *view, double delay);

#endif
