/* SPDX-License-Identifier: MIT
 *
 * fuzz_spool.c - any bytes as a spool: the reader, and the folder up to the sorted tree.
 *
 * Names are left out: they come from files that the spool names, not from its bytes.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fold_model.h"
#include "fold_write.h"

static void look(const struct np_spool_reader *reader)
{
	const struct np_spool_header *head = np_spool_head(reader);
	uint64_t sum = strlen(head->exe) + strlen(head->fold_out) + strlen(head->comm);

	for (uint32_t i = 0; i < np_spool_module_count(reader); i++) {
		const struct np_spool_module *module = np_spool_module(reader, i);

		if (module)
			sum += strlen(np_spool_module_path(reader, module));
	}
	for (uint32_t i = 0; i < np_spool_thread_count(reader); i++)
		if (np_spool_thread(reader, i))
			sum += strlen(np_spool_thread(reader, i)->name);
	FUZZ_CHECK(!np_spool_node(reader, np_spool_node_count(reader)));
	FUZZ_CHECK(sum < UINT64_MAX);
}

static void fold(const struct np_spool_reader *reader)
{
	struct np_fold_result result = { .samples = 0 };
	struct np_fold_model model;
	uint64_t samples = 0;

	np_fold_model_init(&model, reader);
	np_fold_model_sort(&model);
	np_fold_count(&model, &result);
	for (int i = 0; i < NP_QUALITY_MAX; i++)
		samples += result.by_quality[i];
	FUZZ_CHECK(samples == model.samples);	/* nothing is lost on the way to the output */
	np_fold_model_finish(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_spool_reader *reader = NULL;
	char message[256] = "";
	uint64_t *copy = malloc(size + 1);	/* aligned, as a mapping is, and not a byte longer */
	int r;

	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	copy = realloc(copy, size ? size : 1);
	r = np_spool_open_memory(copy, size, &reader, message, sizeof(message));
	FUZZ_CHECK((r == 0) == (reader != NULL));
	FUZZ_CHECK(r != -EBADMSG || message[0]);
	if (r == 0) {
		look(reader);
		fold(reader);
		np_spool_close(reader);
	}
	free(copy);
	return 0;
}
