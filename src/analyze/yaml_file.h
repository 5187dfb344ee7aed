/* SPDX-License-Identifier: MIT
 *
 * yaml_file.h - the user's YAML files, checked key by key.
 *
 * Context: tools.  libyaml makes the document, without recursion and without expanding aliases;
 * what may stand where is a table of keys.  Nothing is guessed: an unknown key is an error that
 * names the nearest known one, because a misspelt key would silently leave a default in force.
 * Every failure is one line: file, line, key, what is wrong, what is accepted.
 */
#ifndef NP_ANALYZE_YAML_FILE_H
#define NP_ANALYZE_YAML_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#define NP_YAML_FILE_MAX    ((size_t)1 << 20)
#define NP_YAML_PATTERN_MAX 1024u
#define NP_YAML_KEYS_MAX    32u

struct np_yaml {
	yaml_document_t document;
	const char *path;
	char *message;		/* the caller's: one line when something failed */
	size_t message_size;
};

/* A key that a mapping may have.  READ returns 0 or a negative errno after np_yaml_fail(). */
struct np_yaml_key {
	const char *name;
	int (*read)(struct np_yaml *yaml, const yaml_node_t *value, const char *key, void *context);
};

/* Read PATH (at most NP_YAML_FILE_MAX bytes) and hand its root node to READ.  Returns what READ
 * does, or -errno with the message set.  WHAT is for "no WHAT": "complexity file". */
int np_yaml_read(const char *path, const char *what, char *message, size_t message_size,
		 int (*read)(struct np_yaml *yaml, const yaml_node_t *root, void *context),
		 void *context);

/* Put "'FILE' line N: ..." into the message; returns -EBADMSG. */
int np_yaml_fail(struct np_yaml *yaml, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

size_t np_yaml_line(const yaml_node_t *node);	/* from 1 */

/* The scalar's text, or NULL: not a scalar, or with a NUL in it. */
const char *np_yaml_text(const yaml_node_t *node);

/* Read each key of a mapping by the row of KEYS that has its name; KEYS ends with a row without a
 * name and has at most NP_YAML_KEYS_MAX of them.  WHERE is for "unknown key 'x' WHERE", such as
 * "in a rule"; EXAMPLE for what is no mapping.  A key given twice is an error. */
int np_yaml_keys(struct np_yaml *yaml, const yaml_node_t *node, const struct np_yaml_key *keys,
		 const char *where, const char *example, void *context);

/* Hand each entry of a list to READ. */
int np_yaml_list(struct np_yaml *yaml, const yaml_node_t *node, const char *key,
		 int (*read)(struct np_yaml *yaml, const yaml_node_t *item, void *context),
		 void *context);

int np_yaml_number(struct np_yaml *yaml, const yaml_node_t *node, const char *key, double least,
		   double most, double *ret);

/* "5", "5%" or "5 %" as 0.05; LEAST and MOST are percent. */
int np_yaml_percent(struct np_yaml *yaml, const yaml_node_t *node, const char *key, double least,
		    double most, double *ret);

/* A shell pattern, to be freed. */
int np_yaml_pattern(struct np_yaml *yaml, const yaml_node_t *node, const char *key, char **ret);

/* The row of KEYS whose name is most like WORD, or NULL when none is. */
const struct np_yaml_key *np_yaml_nearest(const struct np_yaml_key *keys, const char *word);

#endif
