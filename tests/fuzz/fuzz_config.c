/* SPDX-License-Identifier: MIT
 *
 * fuzz_config.c - any bytes as a neuroprof.yaml; what was accepted is asked about and applied.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/config.h"

static void apply(const struct np_config *config)
{
	struct np_tree *tree = np_tree_create();
	struct np_function function = { .name = np_tree_intern(tree, "a::b<int>(char*)", 16),
		.module = np_tree_intern(tree, "/usr/lib/libx.so.1", 18),
		.file = np_tree_intern(tree, "/src/[x]*?/a.c", 14), .kind = NP_KIND_LIBRARY };
	uint32_t id = np_tree_function(tree, &function);

	np_config_apply(config, tree);
	FUZZ_CHECK(np_tree_function_at(tree, id)->kind == NP_KIND_LIBRARY ||
		   np_tree_function_at(tree, id)->kind == NP_KIND_OWN);
	np_tree_destroy(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_config config;
	char path[64], message[512] = "";
	int fd = memfd_create("config", MFD_CLOEXEC), r;

	FUZZ_CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	np_config_init(&config);
	r = np_config_read(&config, path, message, sizeof(message));
	FUZZ_CHECK(r == 0 || *message);	/* what it quotes is escaped by np_error() */
	for (int i = 0; r == 0 && i < NP_THRESHOLDS; i++)
		FUZZ_CHECK(np_config_threshold(&config, i, 1) >= 0);
	for (size_t i = 0; r == 0 && i < config.budget_count; i++) {
		const struct np_config_budget *budget = &config.budgets[i];

		FUZZ_CHECK(budget->max_self <= 1 && budget->max_total <= 1);
		np_config_matches(&budget->pattern, "main", "libx.so", "");
	}
	if (r == 0)
		apply(&config);
	np_config_finish(&config);
	close(fd);
	return 0;
}
