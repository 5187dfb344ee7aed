/* SPDX-License-Identifier: MIT
 *
 * page.c - the document around the data: head, policy, style, what can be read without scripts, script.
 *
 * Context: tools.  The data is base64 in a script element of a type that no browser runs; whatever the
 * profile holds, there is nothing in it that could end the element.
 */
#include "page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "analyze/visible.h"
#include "assets.h"
#include "base/message.h"
#include "bytes.h"
#include "page_data.h"
#include "page_static.h"
#include "xml.h"

char *np_page_summary(struct np_tree *tree, const struct np_page_options *options)
{
	return options->summary ? np_xstrdup(options->summary) : np_units_summary(tree);
}

static void put_head(const char *title, bool is_pair, FILE *to)
{
	fprintf(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"script-src 'sha256-%s'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
		is_pair ? np_asset_pair_js_sha256 : np_asset_page_js_sha256, np_asset_page_css_sha256);
	np_xml_put(to, title);
	fprintf(to, "</title>\n<style>%s</style>\n</head>\n", np_asset_page_css);
}

static void put_health(const struct np_page_options *options, FILE *to)
{
	if (options->health_count == 0)
		return;
	fputs("<ul id=\"np-health\">\n", to);
	for (size_t i = 0; i < options->health_count; i++) {
		const struct np_page_health *line = &options->health[i];

		fprintf(to, "<li class=\"%s\">", line->level);
		np_xml_put_raw(to, line->what);
		if (line->todo && *line->todo) {
			fputs(": ", to);
			np_xml_put_raw(to, line->todo);
		}
		fputs("</li>\n", to);
	}
	fputs("</ul>\n", to);
}

static void put_header(struct np_tree *tree, const struct np_page_options *options, const char *title,
		       FILE *to)
{
	char *summary = np_page_summary(tree, options), *notes = np_units_notes(tree);

	fputs("<body>\n<header id=\"np-head\">\n<h1>", to);
	np_xml_put(to, title);
	fputs("</h1>\n<p id=\"np-summary\">", to);
	np_xml_put(to, summary);
	if (options->source) {
		fputs(" \xc2\xb7 ", to);
		np_xml_put_raw(to, options->source);
	}
	fputs("</p>\n", to);
	if (*notes) {
		fputs("<p id=\"np-notes\">", to);
		np_xml_put(to, notes);
		fputs("</p>\n", to);
	}
	put_health(options, to);
	fputs("</header>\n", to);
	free(summary);
	free(notes);
}

int np_page_write(struct np_tree *tree, const struct np_page_options *options, FILE *to)
{
	char *title = np_visible(options->title ? options->title : "Profile", NP_VISIBLE_NAME_MAX);
	struct np_bytes data = { .size = 0 };
	uint32_t nodes;

	errno = 0;
	np_page_data(tree, options, &data, &nodes);
	put_head(title, options->nodes != NULL, to);
	put_header(tree, options, title, to);
	np_page_static(tree, options, to);
	fputs("<script type=\"application/octet-stream\" id=\"np-data\">", to);
	np_bytes_write_packed(&data, to);
	fprintf(to, "</script>\n<script>%s</script>\n</body>\n</html>\n",
		options->nodes ? np_asset_pair_js : np_asset_page_js);
	np_bytes_finish(&data);
	free(title);
	if (fflush(to) != 0 || ferror(to))
		return errno ? -errno : -EIO;
	return 0;
}
