/* SPDX-License-Identifier: MIT
 *
 * top_screen.c - the live table on a terminal.
 *
 * Context: tools.  By ncursesw; names are cut by columns, never inside a character.
 */
#define NCURSES_WIDECHAR 1

#include "top.h"

#include <curses.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "base/message.h"

struct screen {
	struct np_top *top;
	struct np_top_view view;
	bool threads, paused, utf8, cumulative;
	uint32_t metric_rows;		/* below the table, with their heading */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* TEXT from the cursor on, at most COLUMNS wide; an ellipsis says that there was more. */
static void put(const struct screen *screen, const char *text, int columns)
{
	mbstate_t state = { 0 };
	wchar_t wide[512];
	int count = 0, used = 0;

	while (*text && count < 500) {
		wchar_t c = (unsigned char)*text < 0x80 ? (wchar_t)*text : L'?';
		size_t n = 1;
		int width;

		if (screen->utf8) {
			n = mbrtowc(&c, text, strlen(text), &state);
			if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
				memset(&state, 0, sizeof(state));
				c = L'?';
				n = 1;
			}
		}
		width = wcwidth(c);
		if (width < 0) {
			c = L'?';
			width = 1;
		}
		if (used + width > columns) {
			while (count && used + 1 > columns)
				used -= wcwidth(wide[--count]);
			if (columns > 0)
				wide[count++] = screen->utf8 ? L'\x2026' : L'>';
			break;
		}
		wide[count++] = c;
		used += width;
		text += n;
	}
	addnwstr(wide, count);
}

static int left(void)
{
	int column = getcurx(stdscr);

	return COLS > column ? COLS - column : 0;
}

static uint32_t rows_that_fit(const struct screen *screen, uint32_t count)
{
	uint32_t taken = 4 + screen->metric_rows;
	uint32_t fit = LINES > (int)taken ? (uint32_t)LINES - taken : 0;

	fit = fit < screen->view.rows ? fit : screen->view.rows;
	return fit < count ? fit : count;
}

static void draw_functions(const struct screen *screen)
{
	const struct np_top *top = screen->top;
	uint64_t whole = np_top_value(&screen->view, &top->periods);
	uint32_t count, *order = np_top_functions(top, &screen->view, &count);

	for (uint32_t i = 0; i < rows_that_fit(screen, count); i++) {
		const struct np_top_function *f = &top->functions[order[i]];
		int module_columns = (int)strlen(f->module) + 1;

		mvprintw((int)i + 3, 0, "%5.1f %%  %5.1f %%  ",
			 np_top_percent(np_top_value(&screen->view, &f->self), whole),
			 np_top_percent(np_top_value(&screen->view, &f->total), whole));
		if (module_columns > left() / 2)
			module_columns = left() / 2;
		put(screen, f->name, left() - module_columns);
		if (module_columns > 1) {
			addch(' ');
			attron(A_DIM);
			put(screen, f->module, left());
			attroff(A_DIM);
		}
	}
	free(order);
}

static void draw_threads(const struct screen *screen)
{
	const struct np_top *top = screen->top;
	uint64_t whole = np_top_value(&screen->view, &top->periods);
	uint32_t count, *order = np_top_threads(top, &screen->view, &count);

	for (uint32_t i = 0; i < rows_that_fit(screen, count); i++) {
		const struct np_top_thread *thread = &top->threads[order[i]];

		mvprintw((int)i + 3, 0, "%5.1f %%  %10u  ",
			 np_top_percent(np_top_value(&screen->view, &thread->periods), whole), thread->tid);
		put(screen, thread->tid ? np_symbolizer_text(top->symbolizer, thread->name) : "(startup)",
		    left());
	}
	free(order);
}

/* At most a third of the lines, above the last one. */
static void draw_metrics(const struct screen *screen, char **lines)
{
	int first = LINES - 1 - (int)screen->metric_rows;

	attron(A_REVERSE);
	mvhline(first, 0, ' ', COLS);
	move(first, 0);
	put(screen, NP_TOP_METRICS_HEAD, left());
	attroff(A_REVERSE);
	for (uint32_t i = 0; i + 1 < screen->metric_rows; i++) {
		move(first + 1 + (int)i, 0);
		put(screen, lines[i], left());
	}
}

static void draw(struct screen *screen)
{
	uint32_t metric_count, most = LINES > 12 ? (uint32_t)LINES / 3 : 0;
	char **metrics = np_top_metric_lines(screen->top, &screen->view, &metric_count);
	char *title = np_top_title(screen->top), *summary = np_top_summary(screen->top, &screen->view);
	const char *heading = screen->threads ? "   CPU           TID  THREAD"
			    : screen->view.by_total ? "   self    TOTAL  FUNCTION  module"
						     : "   SELF    total  FUNCTION  module";

	erase();
	attron(A_BOLD);
	move(0, 0);
	put(screen, title, left());
	if (screen->paused)
		put(screen, "  [paused]", left());
	attroff(A_BOLD);
	move(1, 0);
	put(screen, summary, left());
	attron(A_REVERSE);
	mvhline(2, 0, ' ', COLS);
	move(2, 0);
	put(screen, heading, left());
	attroff(A_REVERSE);
	screen->metric_rows = metric_count && most ? (metric_count + 1 < most ? metric_count + 1 : most) : 0;
	if (screen->metric_rows)
		draw_metrics(screen, metrics);
	np_top_metric_lines_free(metrics, metric_count);
	if (screen->threads)
		draw_threads(screen);
	else
		draw_functions(screen);
	move(LINES - 1, 0);
	attron(A_DIM);
	put(screen, "q quit  s self/total  c since began/last look  t threads  p pause  +/- rows", left());
	attroff(A_DIM);
	refresh();
	free(title);
	free(summary);
}

/* Returns false to leave. */
static bool handle_key(struct screen *screen, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 's':
		screen->view.by_total = !screen->view.by_total;
		break;
	case 'c':
		screen->view.cumulative = screen->cumulative = !screen->view.cumulative;
		break;
	case 't':
		screen->threads = !screen->threads;
		break;
	case 'p':
	case ' ':
		screen->paused = !screen->paused;
		break;
	case '+':
		screen->view.rows += screen->view.rows < 100000 ? 5 : 0;
		break;
	case '-':
		screen->view.rows -= screen->view.rows > 5 ? 5 : screen->view.rows - 1;
		break;
	default:
		break;
	}
	return true;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void loop(struct screen *screen, int64_t delay_ms)
{
	int64_t next = now_ms() + delay_ms;

	do {
		int64_t wait;
		int key;

		draw(screen);
		wait = next - now_ms();
		timeout(wait < 0 ? 0 : (int)wait);
		key = getch();
		if (key != ERR && !handle_key(screen, key))
			return;
		if (now_ms() < next)
			continue;
		next = now_ms() + delay_ms;
		if (screen->paused)
			continue;
		np_top_look(screen->top);
		screen->view.cumulative = screen->cumulative;
	} while (!interrupted);
}

int np_top_screen(struct np_top *top, const struct np_top_view *view, double delay)
{
	struct screen screen = { .top = top, .view = *view, .cumulative = view->cumulative };
	struct sigaction leave = { .sa_handler = interrupt };
	SCREEN *terminal;

	setlocale(LC_CTYPE, "");
	screen.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	sigaction(SIGINT, &leave, NULL);	/* before newterm(), which would take it over */
	sigaction(SIGTERM, &leave, NULL);
	sigaction(SIGHUP, &leave, NULL);
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		np_error("top: this terminal (TERM=%s) is not known: use --plain",
			 getenv("TERM") ? getenv("TERM") : "");
		return NP_EXIT_FAILURE;
	}
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	screen.view.cumulative = true;	/* the first look has nothing before it */
	loop(&screen, (int64_t)(delay * 1000));
	endwin();
	delscreen(terminal);
	return NP_EXIT_OK;
}
