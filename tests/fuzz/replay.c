/* SPDX-License-Identifier: MIT
 *
 * replay.c - runs a fuzz target over files and directories, where there is no fuzzing engine.
 *
 * Context: tests.  A directory without a file is an error: a replay that replays nothing passes
 * for the wrong reason.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static unsigned replayed;

static int replay_file(const char *path)
{
	uint8_t *bytes = NULL;
	size_t size = 0, n;
	FILE *from = fopen(path, "rb");

	if (!from) {
		fprintf(stderr, "replay: '%s': %s\n", path, strerror(errno));
		return 1;
	}
	do {
		bytes = realloc(bytes, size + 65536);
		if (!bytes)
			abort();
		n = fread(bytes + size, 1, 65536, from);
		size += n;
	} while (n > 0);
	fclose(from);
	/* Exactly SIZE bytes, so that a sanitizer sees a read beyond them. */
	bytes = realloc(bytes, size ? size : 1);
	if (!bytes)
		abort();
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	replayed++;
	return 0;
}

static int replay_directory(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort), failed = 0;

	if (count < 0)
		return replay_file(path);
	for (int i = 0; i < count; i++) {
		char *file = NULL;

		if (entries[i]->d_name[0] != '.' &&
		    asprintf(&file, "%s/%s", path, entries[i]->d_name) > 0)
			failed |= replay_file(file);
		free(file);
		free(entries[i]);
	}
	free(entries);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay_directory(argv[i]);
	if (replayed == 0) {
		fprintf(stderr, "replay: nothing to replay; usage: %s CORPUS...\n", argv[0]);
		return 2;
	}
	printf("%u inputs\n", replayed);
	return failed;
}
