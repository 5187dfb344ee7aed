/* SPDX-License-Identifier: MIT
 *
 * xml.h - text into XML, whatever it holds.
 *
 * Context: tools.
 */
#ifndef NP_FLAMEGRAPH_XML_H
#define NP_FLAMEGRAPH_XML_H

#include <stddef.h>
#include <stdio.h>

/* The first LENGTH bytes of TEXT, which comes from np_visible(), with & < > " ' as entities. */
void np_xml_put_bytes(FILE *to, const char *text, size_t length);
void np_xml_put(FILE *to, const char *text);

/* Any bytes: made visible, then as above. */
void np_xml_put_raw(FILE *to, const char *text);

#endif
