/* SPDX-License-Identifier: MIT
 *
 * recover.c - `neuroprof recover`: fold the spools of processes that could not do it themselves.
 *
 * Context: tools.
 */
#include <dirent.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "commands.h"
#include "harvest.h"
#include "places.h"

#define DIRS_MAX 4

static const char help_text[] =
	"usage: neuroprof recover [-o DIR] [-q] [SPOOL_DIR…]\n\n"
	"Folds what killed or crashed processes left behind, into the place that each was told\n"
	"(NEUROPROF_OUT) or into DIR.  Spools of running processes are left alone.\n"
	"Looks into $NEUROPROF_SPOOL_DIR, $XDG_RUNTIME_DIR/neuroprof, /dev/shm/neuroprof-<uid> and\n"
	"./.neuroprof-spool unless directories are named.\n\n"
	"  -o, --output DIR   where the profiles go\n"
	"  -q, --quiet        say nothing when all is well\n"
	"      --help         this text\n\n"
	"Exit status: 0 when every spool was read whole, also when there was none; 1 otherwise.\n";

/* What recording sessions left when `neuroprof record` itself was killed. */
static void harvest_sessions(const char *directory, const char *out, struct np_harvest *harvest)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *session;

		if (strncmp(entry->d_name, "record-", 7) != 0)
			continue;
		session = np_xasprintf("%s/%s", directory, entry->d_name);
		np_harvest_directory(session, out, false, harvest);
		rmdir(session);		/* only when nothing is left in it */
		free(session);
	}
	if (dir)
		closedir(dir);
}

int np_command_recover(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char *found[DIRS_MAX], **dirs = found;
	const char *out = NULL;
	struct np_harvest harvest = { .processes = 0 };
	size_t count;
	bool quiet = false;
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:q", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			out = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return NP_EXIT_OK;
		default:
			return np_bad_option(c, argv, "neuroprof recover --help");
		}
	}
	count = (size_t)(argc - optind);
	if (count)
		dirs = argv + optind;
	else
		count = np_places_spool_dirs(found, DIRS_MAX);
	for (size_t i = 0; i < count; i++) {
		np_harvest_directory(dirs[i], out, false, &harvest);
		harvest_sessions(dirs[i], out, &harvest);
	}
	if (!quiet && harvest.processes == 0 && harvest.damaged == 0)
		np_note("nothing to recover%s", harvest.running ? "; running processes were left alone" : "");
	else if (!quiet)
		np_harvest_summary(&harvest, NULL);
	status = harvest.damaged ? NP_EXIT_FAILURE : NP_EXIT_OK;
	np_harvest_finish(&harvest);
	return status;
}
