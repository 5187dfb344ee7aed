/* SPDX-License-Identifier: MIT
 *
 * report_json_values.c - values of JSON, and the profile as one.  Context: tools.
 */
#include "report_json_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/units.h"
#include "base/message.h"
#include "base/utf8.h"

json_t *np_json_must(json_t *value)
{
	if (!value)
		np_die(NP_EXIT_FAILURE, "out of memory");
	return value;
}

void np_json_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, np_json_must(value)) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
}

void np_json_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, np_json_must(value)) != 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
}

json_t *np_json_text(const char *bytes)
{
	size_t length = strlen(bytes);
	char *clean = np_xcalloc(length * 4 + 1, 1);
	json_t *value;

	np_utf8_clean(clean, bytes, length);
	value = np_json_must(json_string(clean));
	free(clean);
	return value;
}

json_t *np_json_text_or_null(const char *bytes)
{
	return bytes && *bytes ? np_json_text(bytes) : json_null();
}

json_t *np_json_real(double value)
{
	return isfinite(value) ? np_json_must(json_real(value)) : json_null();
}

json_t *np_json_integer(uint64_t value)
{
	return np_json_must(value <= INT64_MAX ? json_integer((json_int_t)value)
					       : json_real((double)value));
}

json_t *np_json_samples(struct np_tree *tree, uint64_t count)
{
	double value;

	if (!np_units_samples(np_tree_meta(tree), count, &value))
		return json_null();
	return np_json_must(value == floor(value) && value < 9e15 ? json_integer((json_int_t)value)
								  : json_real(value));
}

json_t *np_json_profile(struct np_tree *tree, char *const *files, size_t file_count)
{
	const struct np_tree_meta *meta = np_tree_meta(tree);
	json_t *object = np_json_must(json_object()), *names = np_json_must(json_array());
	json_t *notes = np_json_must(json_array());

	for (size_t i = 0; i < file_count; i++)
		np_json_append(names, np_json_text(files[i]));
	for (size_t i = 0; i < np_tree_comment_count(tree); i++)
		np_json_append(notes, np_json_text(np_tree_comment(tree, i)));
	np_json_set(object, "files", names);
	np_json_set(object, "command", np_json_text_or_null(meta->command));
	np_json_set(object, "value_type", np_json_text(meta->value_type));
	np_json_set(object, "value_unit", np_json_text(meta->value_unit));
	np_json_set(object, "value_decimals", np_json_integer(meta->decimals));
	np_json_set(object, "value_total", np_json_integer(np_tree_node(tree, 0)->total));
	np_json_set(object, "samples", np_json_samples(tree, np_tree_total_samples(tree, 0)));
	np_json_set(object, "period", meta->period ? np_json_integer(meta->period) : json_null());
	np_json_set(object, "duration_ns",
		    meta->duration_ns ? np_json_integer(meta->duration_ns) : json_null());
	np_json_set(object, "notes", notes);
	return object;
}

json_t *np_json_root(const char *schema)
{
	json_t *root = np_json_must(json_object());

	np_json_set(root, "schema", np_json_text(schema));
	return root;
}

void np_json_write(json_t *root, FILE *to)
{
	json_dumpf(root, to, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
	fputc('\n', to);
	json_decref(root);
}
