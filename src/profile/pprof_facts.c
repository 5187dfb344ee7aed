/* SPDX-License-Identifier: MIT
 *
 * pprof_facts.c - what a pprof file says about itself beyond its stacks: threads, cut stacks,
 * mapped files.
 *
 * Context: tools.  Every index is checked.
 */
#include <errno.h>
#include <string.h>

#include "profile.pb-c.h"
#include "profile/intern.h"
#include "profile/pprof_model.h"

static int mapping_facts(struct np_pprof_model *model)
{
	const Np__Pprof__Profile *profile = model->profile;
	struct np_read_facts *facts = &model->report->facts;

	for (size_t i = 0; i < profile->n_mapping; i++) {
		uint32_t file, build_id;

		if (np_pprof_string(model, profile->mapping[i]->filename, &file) < 0 ||
		    np_pprof_string(model, profile->mapping[i]->build_id, &build_id) < 0)
			return -EBADMSG;
		/* Only what lies in a file can have one: no "[vdso]", no "//anon". */
		if (np_tree_string(model->tree, file)[0] != '/' ||
		    np_tree_string(model->tree, file)[1] == '/' ||
		    profile->mapping[i]->memory_limit == 0)
			continue;
		facts->modules++;
		facts->modules_without_build_id += build_id == 0;
	}
	return 0;
}

/* One sample's labels; THREADS interns what threads are told apart by. */
static int label_facts(struct np_pprof_model *model, const Np__Pprof__Sample *sample,
		       uint64_t samples, struct np_intern *threads)
{
	int64_t key[3] = { 0 };		/* tid, name, pid */
	bool any = false;

	for (size_t i = 0; i < sample->n_label; i++) {
		const Np__Pprof__Label *label = sample->label[i];
		const char *name;
		uint32_t id;

		if (np_pprof_string(model, label->key, &id) < 0)
			return -EBADMSG;
		name = np_tree_string(model->tree, id);
		if (strcmp(name, "tid") == 0 || strcmp(name, "thread_id") == 0)
			key[0] = label->num ? label->num : label->str;
		else if (strcmp(name, "thread") == 0)
			key[1] = label->str ? label->str : label->num;
		else if (strcmp(name, "pid") == 0)
			key[2] = label->num ? label->num : label->str;
		else if (strcmp(name, "stack") == 0 && label->str &&
			 __builtin_add_overflow(model->report->facts.cut_samples, samples,
						&model->report->facts.cut_samples))
			model->report->facts.cut_samples = UINT64_MAX;
		any |= key[0] != 0 || key[1] != 0;
	}
	if (any)
		np_intern_get(threads, (const char *)key, sizeof(key), NULL);
	return 0;
}

int np_pprof_facts(struct np_pprof_model *model, int64_t samples)
{
	const Np__Pprof__Profile *profile = model->profile;
	struct np_intern threads;
	int rc = mapping_facts(model);

	np_intern_init(&threads);
	for (size_t i = 0; rc == 0 && i < profile->n_sample; i++) {
		const Np__Pprof__Sample *sample = profile->sample[i];
		int64_t count = samples < 0 ? 1 : sample->value[samples];

		rc = label_facts(model, sample, count > 0 ? (uint64_t)count : 0, &threads);
	}
	model->report->facts.threads = threads.count;
	np_intern_finish(&threads);
	return rc;
}
