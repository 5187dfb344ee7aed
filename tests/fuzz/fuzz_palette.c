/* SPDX-License-Identifier: MIT
 *
 * fuzz_palette.c - any bytes as palette.map: what gets into a style sheet are colours, whatever the names are;
 * the same map gives the same style.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/report_palette.h"
#include "fuzz.h"
#include "profile/read.h"

static const char stacks[] = "main;a->rgb(1,2,3);f 1\nmain;g 2\n";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct np_tree *tree = np_tree_create();
	struct np_read_report report;
	char *first = NULL;

	FUZZ_CHECK(np_read_memory("stacks", stacks, sizeof(stacks) - 1, NULL, tree, &report) == 0);
	np_tree_finish(tree);
	np_tree_sort(tree);
	for (int i = 0; i < 2 && size > 0; i++) {
		FILE *map = fmemopen((void *)(uintptr_t)bytes, size, "r");
		unsigned long line = 0;
		struct np_palette *palette;
		const char *style;

		FUZZ_CHECK(map);
		palette = np_palette_create_from(tree, "hot", NULL, map, &line);
		fclose(map);
		if (!palette) {
			FUZZ_CHECK(line > 0 && line <= size);
			break;
		}
		style = np_palette_colours(palette)->style;
		FUZZ_CHECK(strspn(style, "abcdefghijklmnopqrstuvwxyz.#0123456789:;,()-{} \n") == strlen(style));
		FUZZ_CHECK(!first || strcmp(first, style) == 0);
		free(first);
		first = strdup(style);
		np_palette_destroy(palette);
	}
	free(first);
	np_tree_destroy(tree);
	return 0;
}
