/* SPDX-License-Identifier: MIT
 *
 * symtab.c - function symbols, within strict bounds.
 *
 * Context: tools.  libdwfl merges .symtab (or .dynsym) with the separate debug file and
 * .gnu_debugdata.  A symbol names only what lies within [value, value + size): between the exported
 * functions of a stripped file lie others that have no name, and the nearest symbol is a wrong one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "symbolize/internal.h"

#define LABELS_MAX 4096		/* that are passed over between a function's start and an address */

static int rank_of_bind(uint8_t bind)
{
	return bind == STB_GLOBAL || bind == STB_GNU_UNIQUE ? 0 : bind == STB_WEAK ? 1 : 2;
}

static int rank_of_type(uint8_t type)
{
	return type == STT_FUNC ? 0 : type == STT_GNU_IFUNC ? 1 : 2;
}

static size_t underscores(const char *name)
{
	return strspn(name, "_");
}

/* Which of two names for one address people know it by; never 0 for different names. */
static int compare_aliases(const struct np_table_symbol *a, const struct np_table_symbol *b)
{
	size_t x, y;

	if (rank_of_type(a->type) != rank_of_type(b->type))
		return rank_of_type(a->type) - rank_of_type(b->type);
	if ((a->bind == STB_LOCAL) != (b->bind == STB_LOCAL))
		return a->bind == STB_LOCAL ? 1 : -1;
	if (a->versioned != b->versioned)
		return a->versioned - b->versioned;
	x = underscores(a->name);
	y = underscores(b->name);
	if (x != y)
		return x < y ? -1 : 1;	/* "poll", though weak, rather than "__poll" */
	if (rank_of_bind(a->bind) != rank_of_bind(b->bind))
		return rank_of_bind(a->bind) - rank_of_bind(b->bind);
	x = strlen(a->name);
	y = strlen(b->name);
	if (x != y)
		return x < y ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare(const void *a, const void *b)
{
	const struct np_table_symbol *x = a, *y = b;
	int aliases;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	aliases = compare_aliases(x, y);
	if (aliases)
		return aliases;
	return x->end < y->end ? -1 : x->end > y->end;
}

/* Is it the name of code?  NAME may be changed for one without a version ("read@@GLIBC_2.2.5"). */
static bool accept(struct np_symbol_module *module, const GElf_Sym *sym, uint64_t address,
		   const char **name, bool *ret_versioned)
{
	uint8_t type = GELF_ST_TYPE(sym->st_info);
	size_t section;
	const char *at;

	if (!*name || **name == '\0' || !np_module_in_code(module, address, &section))
		return false;
	if (type != STT_FUNC && type != STT_GNU_IFUNC &&
	    (type != STT_NOTYPE || **name == '.' || **name == '$'))
		return false;
	at = strchr(*name + 1, '@');
	*ret_versioned = at && at[1] != '@';	/* "@@" is the version that new programs get */
	if (at) {
		char *plain = strndup(*name, (size_t)(at - *name));

		*name = np_names_keep(module->owner->names, plain ? plain : *name);
		free(plain);
	}
	return true;
}

static void read_symbols(struct np_symbol_module *module, int count)
{
	uint64_t bias = module->bias;
	bool versioned;

	module->symbols = np_xcalloc((unsigned long)count, sizeof(*module->symbols));
	for (int i = 1; i < count; i++) {
		struct np_table_symbol *to = &module->symbols[module->symbol_count];
		GElf_Addr address;
		GElf_Word section;
		GElf_Sym sym;
		const char *name = dwfl_module_getsym_info(module->dwfl_module, i, &sym, &address,
							   &section, NULL, NULL);

		if (!name || section == SHN_UNDEF || section == SHN_ABS ||
		    !accept(module, &sym, address - bias, &name, &versioned))
			continue;
		to->name = name;
		to->start = address - bias;
		to->end = to->start + sym.st_size;
		if (to->end < to->start)
			to->end = to->start;
		to->bind = GELF_ST_BIND(sym.st_info);
		to->type = GELF_ST_TYPE(sym.st_info);
		to->versioned = versioned;
		module->symbol_count++;
	}
}

void np_symtab_load(struct np_symbol_module *module)
{
	int count = dwfl_module_getsymtab(module->dwfl_module);

	if (count > 1)
		read_symbols(module, count);
	qsort(module->symbols, module->symbol_count, sizeof(*module->symbols), compare);
	for (size_t i = 0; i < module->symbol_count; i++)
		np_ranges_add(&module->sized, module->symbols[i].start, module->symbols[i].end,
			      (uint32_t)i);
	np_ranges_finish(&module->sized);
}

/* The last symbol at or before ADDRESS, of several at one place the best; NULL when none is. */
static const struct np_table_symbol *last_before(const struct np_symbol_module *module,
						 uint64_t address)
{
	size_t low = 0, high = module->symbol_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (module->symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	address = module->symbols[--low].start;
	while (low > 0 && module->symbols[low - 1].start == address)
		low--;
	return &module->symbols[low];
}

static bool is_label(const struct np_table_symbol *symbol)
{
	return symbol->type == STT_NOTYPE && symbol->bind == STB_LOCAL;
}

/* Hand-written assembly often has no size.  Such a symbol reaches up to the next symbol, and no
 * further than its section and the unwind rules that its first instruction belongs to. */
static const struct np_table_symbol *find_unsized(const struct np_symbol_module *module,
						  uint64_t address, const struct np_range *fde)
{
	const struct np_table_symbol *symbol = last_before(module, address);
	const struct np_range *around;
	size_t of_symbol, of_address;

	if (!symbol || symbol->end != symbol->start ||
	    !np_module_in_code(module, symbol->start, &of_symbol) ||
	    !np_module_in_code(module, address, &of_address) || of_symbol != of_address)
		return NULL;
	if (np_ranges_smallest(&module->fdes, symbol->start) != fde)
		return NULL;
	around = np_ranges_smallest(&module->sized, symbol->start);
	if (around && around->end <= address)
		return NULL;	/* a label inside a function that ended before ADDRESS */
	/* A local label without a type is as likely a loop as a function. */
	return is_label(symbol) ? NULL : symbol;
}

/* No size reaches ADDRESS, but unwind rules do: a symbol where they begin names all of it, unless
 * another function begins in between. */
static const struct np_table_symbol *find_at_fde(const struct np_symbol_module *module,
						 uint64_t address, const struct np_range *fde)
{
	const struct np_table_symbol *first = last_before(module, fde->start);
	const struct np_table_symbol *last = last_before(module, address);

	if (!first || first->start != fde->start)
		return NULL;
	for (int steps = 0; last > first; last--, steps++)
		if (steps == LABELS_MAX || (last->start != fde->start && !is_label(last)))
			return NULL;
	return first;
}

const struct np_table_symbol *np_symtab_find(
	const struct np_symbol_module *module, uint64_t address, const struct np_range *fde)
{
	const struct np_range *sized = np_ranges_smallest(&module->sized, address);
	const struct np_table_symbol *symbol;

	if (sized && (!fde || fde->start == sized->start ||
		      fde->end - fde->start >= sized->end - sized->start))
		return &module->symbols[sized->id];
	symbol = fde ? find_at_fde(module, address, fde) : NULL;
	return symbol || sized ? symbol : find_unsized(module, address, fde);
}
