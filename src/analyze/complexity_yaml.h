/* SPDX-License-Identifier: MIT
 *
 * complexity_yaml.h - the readers of "rules" and "defaults", for the files that have them.
 *
 * Context: tools, for complexity_yaml.c and config.c.  CONTEXT is a struct np_complexity.
 */
#ifndef NP_ANALYZE_COMPLEXITY_YAML_H
#define NP_ANALYZE_COMPLEXITY_YAML_H

#include "analyze/yaml_file.h"

int np_complexity_yaml_rules(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
			     void *context);
int np_complexity_yaml_defaults(struct np_yaml *yaml, const yaml_node_t *value, const char *key,
				void *context);

#endif
