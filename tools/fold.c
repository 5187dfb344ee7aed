/* SPDX-License-Identifier: MIT
 *
 * fold.c - from a spool file to the two files of its profile.
 *
 * Context: tools.  Order: read all, name, sort, write aside, rename.  A spool that is damaged in
 * part gives a profile of the rest, and says so.
 */
#include "fold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "fold_about.h"
#include "fold_model.h"
#include "fold_place.h"
#include "fold_write.h"
#include "spool/reader.h"

#define MODULES_KEPT 256		/* from one spool to the next: each is a mapped file */

static void describe_header(const struct np_spool_reader *reader, struct np_fold_result *result)
{
	const struct np_spool_header *head = np_spool_head(reader);

	result->pid = head->pid;
	result->clock = (enum np_clock_kind)head->clock;
	result->hz = head->hz;
	result->period_ns = head->period_ns;
	result->state = (enum np_spool_state)head->state;
	result->end = (enum np_spool_end)head->end;
	result->owner_alive = np_spool_owner_alive(reader);
	memcpy(result->exe, head->exe, sizeof(result->exe));
	memcpy(result->counters, head->counters, sizeof(result->counters));
}

static int write_files(struct np_fold_model *model, const char *out, struct np_fold_result *result)
{
	const struct np_spool_header *head = np_spool_head(model->reader);
	struct np_fold_place place = { .directory = NULL };
	char *identity = np_fold_identity(head);
	int r = np_fold_place_open(&place, out, head, result->message, sizeof(result->message));

	if (r == 0) {
		r = np_fold_write_folded(model, place.folded_fd);
		if (r == 0)
			r = np_fold_write_pprof(model, result, place.pprof_fd);
		if (r < 0)
			snprintf(result->message, sizeof(result->message),
				 "%s: writing the profile: %s", place.directory, strerror(-r));
	}
	if (r == 0)
		r = np_fold_place_commit(&place, identity, &result->folded_path,
			&result->pprof_path, result->message, sizeof(result->message));
	np_fold_place_finish(&place);
	free(identity);
	return r;
}

static const char *place_of(
	const struct np_fold_options *options, const struct np_spool_header *head)
{
	return options && options->out ? options->out : head->fold_out[0] ? head->fold_out : ".";
}

static int write_metrics(const void *reader, int fd)
{
	return np_fold_write_metrics(reader, fd);
}

/* What the last spool's names came from, for this one; and back. */
static void lend(struct np_fold_model *model, const struct np_fold_options *options)
{
	if (options && options->symbolizer) {
		model->symbolizer = *options->symbolizer;
		*options->symbolizer = NULL;
	}
}

static void take_back(struct np_fold_model *model, const struct np_fold_options *options)
{
	if (!options || !options->symbolizer || !model->symbolizer ||
	    np_symbolizer_modules(model->symbolizer) > MODULES_KEPT)
		return;
	*options->symbolizer = model->symbolizer;
	model->symbolizer = NULL;
}

static int fold(const struct np_spool_reader *reader, uid_t owner,
		const struct np_fold_options *options, struct np_fold_result *result)
{
	struct np_fold_model model;
	int r = 0;

	np_fold_model_init(&model, reader);
	result->samples = model.samples;
	result->periods = model.periods;
	result->cpu_ns = model.periods * result->period_ns;	/* checked when it was added up */
	lend(&model, options);
	if (model.samples > 0) {
		np_fold_names(&model, owner);
		np_fold_model_sort(&model);
		np_fold_count(&model, result);
	}
	result->damaged = model.damaged + np_spool_damaged(reader);
	if (model.samples > 0)
		r = write_files(&model, place_of(options, np_spool_head(reader)), result);
	take_back(&model, options);
	np_fold_model_finish(&model);
	if (r == 0 && np_spool_metric_count(reader))
		r = np_fold_place_metrics(place_of(options, np_spool_head(reader)), np_spool_head(reader),
					  result->pprof_path, write_metrics, reader, &result->metrics_path,
					  result->message, sizeof(result->message));
	if (r == 0 && result->damaged) {
		snprintf(result->message, sizeof(result->message),
			"damaged: %" PRIu64 " entries could not be used; %" PRIu64
			" samples were saved",
			result->damaged, result->samples);
		r = -EBADMSG;
	}
	return r;
}

int np_fold_spool(const char *spool_path, const struct np_fold_options *options,
		  struct np_fold_result *result)
{
	struct np_spool_reader *reader;
	struct stat st;
	int r;

	memset(result, 0, sizeof(*result));
	r = np_spool_open(spool_path, &reader, result->message, sizeof(result->message));
	if (r < 0) {
		if (r == -ENODATA)
			snprintf(result->message, sizeof(result->message),
				 "nothing in it: the process ended before its first sample");
		else if (!result->message[0])
			snprintf(result->message, sizeof(result->message), "cannot be read: %s",
				 strerror(-r));
		return r;
	}
	describe_header(reader, result);
	r = fold(reader, stat(spool_path, &st) == 0 ? st.st_uid : geteuid(), options, result);
	np_spool_close(reader);
	return r;
}

void np_fold_result_finish(struct np_fold_result *result)
{
	free(result->folded_path);
	free(result->pprof_path);
	result->folded_path = NULL;
	result->pprof_path = NULL;
	free(result->metrics_path);
	result->metrics_path = NULL;
}
