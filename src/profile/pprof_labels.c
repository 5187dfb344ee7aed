/* SPDX-License-Identifier: MIT
 *
 * pprof_labels.c - what a sample of a pprof file is labelled with: which samples are wanted, and
 * the root frames that stand for threads or for the values of a label.
 *
 * Context: tools.  Every index is checked.
 */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "profile.pb-c.h"
#include "profile/intern.h"
#include "profile/pprof_model.h"

/* The label's value: its text, or its number in TO. */
static int value_of(struct np_pprof_model *model, const Np__Pprof__Label *label, char to[24],
		    const char **ret)
{
	uint32_t text;

	if (np_pprof_string(model, label->str, &text) < 0)
		return -EBADMSG;
	if (label->str == 0)
		snprintf(to, 24, "%" PRId64, label->num);
	*ret = label->str ? np_tree_string(model->tree, text) : to;
	return 0;
}

/* The value of the first label called KEY, in *RET; NULL: there is none. */
static int find(struct np_pprof_model *model, const Np__Pprof__Sample *sample, const char *key,
		char to[24], const char **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < sample->n_label; i++) {
		uint32_t name;

		if (np_pprof_string(model, sample->label[i]->key, &name) < 0)
			return -EBADMSG;
		if (strcmp(np_tree_string(model->tree, name), key) == 0)
			return value_of(model, sample->label[i], to, ret);
	}
	return 0;
}

/* Has it a label KEY of that value, or one that the pattern fits?  A key may come more than once: a
 * sample is in every span around it. */
static int has(struct np_pprof_model *model, const Np__Pprof__Sample *sample, const char *key,
	       const char *wanted)
{
	for (size_t i = 0; i < sample->n_label; i++) {
		const char *value;
		char number[24];
		uint32_t name;

		if (np_pprof_string(model, sample->label[i]->key, &name) < 0)
			return -EBADMSG;
		if (strcmp(np_tree_string(model->tree, name), key) != 0)
			continue;
		if (value_of(model, sample->label[i], number, &value) < 0)
			return -EBADMSG;
		if (strcmp(value, wanted) == 0 || fnmatch(wanted, value, 0) == 0)
			return 1;
	}
	return 0;
}

/* Did the span take longer than all but the slowest share?  Spans that had not ended are neither
 * slow nor the rest.  The label is of tools/fold_spans.h. */
static int is_slow_enough(struct np_pprof_model *model, const Np__Pprof__Sample *sample)
{
	const struct np_read_options *options = model->options;
	int64_t limit = (int64_t)((1 - options->slowest) * 1e6);
	char key[96];

	snprintf(key, sizeof(key), "slowness:%.80s", options->span);
	for (size_t i = 0; i < sample->n_label; i++) {
		uint32_t name;

		if (np_pprof_string(model, sample->label[i]->key, &name) < 0)
			return -EBADMSG;
		if (strcmp(np_tree_string(model->tree, name), key) == 0)
			return (sample->label[i]->num >= limit) != options->rest;
	}
	return 0;
}

static int is_wanted(struct np_pprof_model *model, const Np__Pprof__Sample *sample)
{
	const struct np_read_options *options = model->options;
	int wanted = 1;

	for (size_t i = 0; i < options->label_count && wanted == 1; i++)
		wanted = has(model, sample, options->labels[i].key, options->labels[i].value);
	if (wanted == 1 && options->span)
		wanted = has(model, sample, "span", options->span);
	if (wanted == 1 && options->span && options->slowest > 0)
		wanted = is_slow_enough(model, sample);
	return wanted;
}

static uint32_t root_frame(struct np_pprof_model *model, const char *name)
{
	return np_tree_function(model->tree, &(struct np_function){
		.name = np_tree_intern(model->tree, name, strlen(name)), .kind = NP_KIND_THREAD });
}

/* "worker (tid 17)", "tid 17", "worker"; a thread without any of them has no root frame. */
static int thread_root(struct np_pprof_model *model, const Np__Pprof__Sample *sample,
		       uint32_t *ret_root)
{
	const char *name, *tid;
	char number[24], other[24], text[512];

	if (find(model, sample, "thread", other, &name) < 0 ||
	    find(model, sample, "tid", number, &tid) < 0 ||
	    (!tid && find(model, sample, "thread_id", number, &tid) < 0))
		return -EBADMSG;
	if (!name && !tid)
		return 0;
	snprintf(text, sizeof(text), "%.400s%s%.64s%s", name ? name : "", !tid ? "" : name ? " (tid " : "tid ",
		 tid ? tid : "", name && tid ? ")" : "");
	*ret_root = root_frame(model, text);
	return 0;
}

int np_pprof_labels(struct np_pprof_model *model, const Np__Pprof__Sample *sample,
		    uint32_t *ret_root)
{
	const char *key = model->options->group_by, *value;
	char number[24], text[512];
	int wanted = is_wanted(model, sample);

	*ret_root = 0;
	if (wanted <= 0)
		return wanted < 0 ? wanted : 1;
	if (!key)
		return model->options->threads ? thread_root(model, sample, ret_root) : 0;
	if (find(model, sample, key, number, &value) < 0)
		return -EBADMSG;
	snprintf(text, sizeof(text), "%.64s=%.400s", key, value ? value : "(none)");
	*ret_root = root_frame(model, text);
	return 0;
}

const char *np_pprof_label_names(struct np_pprof_model *model, char *text, size_t size)
{
	const Np__Pprof__Profile *profile = model->profile;
	struct np_intern seen;
	size_t n = 0;

	np_intern_init(&seen);
	snprintf(text, size, "none");
	for (size_t i = 0; i < profile->n_sample; i++) {
		for (size_t j = 0; j < profile->sample[i]->n_label; j++) {
			const char *name;
			uint32_t key;
			int is_new;

			if (np_pprof_string(model, profile->sample[i]->label[j]->key, &key) < 0)
				continue;
			name = np_tree_string(model->tree, key);
			np_intern_get(&seen, name, strlen(name), &is_new);
			if (is_new && n + 40 < size)
				n += (size_t)snprintf(text + n, size - n, "%s%.32s", n ? ", " : "", name);
		}
	}
	np_intern_finish(&seen);
	return text;
}
