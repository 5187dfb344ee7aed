/* SPDX-License-Identifier: MIT
 *
 * hotspots_read.c - hotness ratios from neuroprof-report's JSON and from baselines.  Context: tools.
 *
 * Both may come from elsewhere, so every number is checked.
 */
#include "hotspots.h"

#include <math.h>

#include "base/message.h"

static bool take_share(const json_t *object, const char *key, double *ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = json_number_value(value);
	return json_is_number(value) && *ret >= 0 && *ret <= 1;
}

static bool take_hotspot(struct np_hotspot *hotspot, const char *function, const char *module, double roi)
{
	if (!function || !module || !isfinite(roi))
		return false;
	hotspot->function = np_xstrdup(function);
	hotspot->module = np_xstrdup(module);
	hotspot->roi = roi;
	return true;
}

/* A row of neuroprof-report's JSON. */
static bool take_row(struct np_hotspot *hotspot, const json_t *row)
{
	return take_share(json_object_get(row, "self"), "share", &hotspot->self) &&
		take_share(json_object_get(row, "total"), "share", &hotspot->total) &&
		take_hotspot(hotspot, json_string_value(json_object_get(row, "function")),
			     json_string_value(json_object_get(row, "module")),
			     json_number_value(json_object_get(row, "roi")));
}

bool np_hotspots_read_ranking(struct np_hotspots *hotspots, const char *path)
{
	json_t *file = json_load_file(path, 0, NULL);
	const json_t *rows = json_object_get(file, "rows"), *row;
	size_t index;

	hotspots->samples = json_number_value(json_object_get(json_object_get(file, "profile"), "samples"));
	hotspots->all = np_xcalloc(json_array_size(rows) + 1, sizeof(*hotspots->all));
	json_array_foreach(rows, index, row) {
		if (take_row(&hotspots->all[hotspots->count], row))
			hotspots->count++;
	}
	json_decref(file);
	return hotspots->count > 0;
}

bool np_hotspots_read(struct np_hotspots *hotspots, const json_t *object)
{
	const json_t *all = json_object_get(object, "functions"), *entry;
	size_t index;

	*hotspots = (struct np_hotspots){ 0 };
	if (!object)
		return true;
	hotspots->samples = json_number_value(json_object_get(object, "samples"));
	hotspots->all = np_xcalloc(json_array_size(all) + 1, sizeof(*hotspots->all));
	json_array_foreach(all, index, entry) {
		struct np_hotspot *hotspot = &hotspots->all[hotspots->count];

		if (!take_share(entry, "self", &hotspot->self) || !take_share(entry, "total", &hotspot->total) ||
		    !take_hotspot(hotspot, json_string_value(json_object_get(entry, "function")),
				  json_string_value(json_object_get(entry, "module")),
				  json_number_value(json_object_get(entry, "roi"))))
			return false;
		hotspots->count++;
	}
	return hotspots->samples >= 1 && hotspots->count > 0;
}
