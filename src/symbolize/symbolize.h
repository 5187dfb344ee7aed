/* SPDX-License-Identifier: MIT
 *
 * symbolize.h - address in a module -> function names, inlines, file and line.
 *
 * Context: tools.  By elfutils libdw/libelf, from the file itself or from its separate debug file
 * (build-id directories, .gnu_debuglink, .gnu_debugdata; debuginfod when DEBUGINFOD_URLS is set),
 * names demangled by libiberty.  A file that is not the one that was profiled (its build id
 * differs) is not used: a wrong name is worse than none.
 */
#ifndef NP_SYMBOLIZE_SYMBOLIZE_H
#define NP_SYMBOLIZE_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct np_symbolizer;		/* opaque: caches modules and addresses */
struct np_symbol_module;	/* opaque, owned by the symbolizer */

struct np_symbol_line {
	const char *name;	/* demangled; never NULL */
	const char *system_name;/* as in the symbol table; "" when there is none */
	const char *file;	/* "" when unknown */
	uint32_t line;		/* the line at the address; 0 when unknown */
	uint32_t decl_line;	/* where the function is declared; 0 when unknown */
	bool inlined;		/* inlined into the next line of the array */
};

enum np_symbol_source {
	NP_SYMBOL_NONE = 0, /* nothing known: name is "module+0xADDRESS" and counts as unresolved */
	NP_SYMBOL_FDE,		/* bounds from .eh_frame: name is "module+0xSTART", or "_start" and
				 * "main" where the program's entry tells */
	NP_SYMBOL_TABLE,	/* .symtab, .dynsym or .gnu_debugdata, address within its size */
	NP_SYMBOL_DWARF,	/* debugging information */
	NP_SYMBOL_PLT,		/* a PLT stub: name is "target@plt" */
};

struct np_symbol {
	const struct np_symbol_line *lines;	/* innermost inlined function first */
	size_t line_count;			/* at least 1 */
	enum np_symbol_source source;
	uint64_t start; /* of the outermost function; the address itself if unknown */
};

struct np_symbolizer *np_symbolizer_create(void);
void np_symbolizer_destroy(struct np_symbolizer *symbolizer);	/* NULL is fine */

/* A printable copy of TEXT (\xNN for what is not), as long as the symbolizer lives. */
const char *np_symbolizer_text(struct np_symbolizer *symbolizer, const char *text);

/* How many modules it knows, each with its file mapped. */
size_t np_symbolizer_modules(const struct np_symbolizer *symbolizer);

/* A file without a build id that was changed after REALTIME_NS is taken for another one.  Holds for
 * modules that are asked for after this; so one symbolizer can serve several processes. */
void np_symbolizer_distrust_after(struct np_symbolizer *symbolizer, uint64_t realtime_ns);

/* The module at PATH as it was mapped by the profiled process.  BUILD_ID may be empty (0 bytes).
 * Never NULL: a file that is gone or changed gives a module whose names are module+0xADDRESS.
 * The same arguments give the same module. */
struct np_symbol_module *np_symbolizer_module(struct np_symbolizer *symbolizer, const char *path,
					      const uint8_t *build_id, size_t build_id_bytes);

/* Why names may be missing, one line for the user ("file has changed since", "no symbols: named
 * from .eh_frame"), or NULL when all is well. */
const char *np_symbol_module_note(const struct np_symbol_module *module);

/* Resolve ADDRESS (as in the ELF file).  IS_CALL: the address is a return address, the call lies
 * before it.  RET stays valid until np_symbolizer_destroy(). */
void np_symbolize(struct np_symbol_module *module, uint64_t address, bool is_call,
		  struct np_symbol *ret);

#endif
