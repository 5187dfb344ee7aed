// SPDX-License-Identifier: MIT
//
// main.js - the bar, the listeners, and the first drawing.

const barPlace = foreign('bar-place'), bar = make('div', { 'class': 'bar' }, barPlace);
const what = make('div', { 'class': 'what' }, bar);
make('div', {}, what);
make('div', {}, what);
const tools = make('div', { 'class': 'tools' }, bar);
const output = make('output', { 'aria-live': 'polite' }, tools);
const previousButton = make('button', { type: 'button', title: 'Previous match (N)', 'aria-label': 'Previous match' }, tools, '\u2039');
const nextButton = make('button', { type: 'button', title: 'Next match (n)', 'aria-label': 'Next match' }, tools, '\u203a');
const input = make('input', { type: 'text', placeholder: 'Search ( / )', 'aria-label': 'Search functions by regular expression', spellcheck: 'false', autocomplete: 'off' }, tools);
const caseButton = make('button', { type: 'button', title: 'Match case', 'aria-label': 'Match case', 'aria-pressed': 'false' }, tools, 'Aa');
const resetButton = make('button', { type: 'button', title: 'Show everything (Esc)' }, tools, 'Reset zoom');
const viewButton = make('button', { type: 'button', title: 'Widths of the larger side, before, after (v)' }, boxes[0].places ? tools : null, 'Widths: union');
const icicleButton = make('button', { type: 'button', title: 'Root at the top (i)', 'aria-pressed': 'false' }, tools, 'Icicle');
const helpButton = make('button', { type: 'button', title: 'Keys (?)', 'aria-label': 'Keys' }, tools, '?');
const tipPlace = foreign('tip-place'), tip = make('div', { 'class': 'tip' }, tipPlace);

tipPlace.setAttribute('width', 1);
tipPlace.setAttribute('height', 1);
tipPlace.setAttribute('display', 'none');
tipPlace.style.overflow = 'visible';
tipPlace.style.pointerEvents = 'none';
tip.style.width = 'max-content';

root.classList.add('live');
root.setAttribute('role', 'group');
frames.setAttribute('role', 'tree');
frames.setAttribute('aria-label', 'Call tree: callers hold their callees');
for (const box of boxes) {
	box.g.dataset.i = box.index;
	box.g.setAttribute('role', 'treeitem');
	box.g.setAttribute('aria-level', box.depth + 1);
	box.g.setAttribute('aria-label', box.words.join(', '));
	box.g.setAttribute('tabindex', box.index ? '-1' : '0');
}

frames.addEventListener('click', event => {
	const box = boxOf(event.target);

	if (box && !box.narrow) {
		focus(box);
		zoomTo(box.index);
	}
});
frames.addEventListener('mouseover', event => hover(boxOf(event.target), event));
frames.addEventListener('mousemove', event => {
	if (boxOf(event.target) && !tipPlace.hasAttribute('data-help'))
		moveTip(event);
});
frames.addEventListener('mouseleave', () => hover(null));
// On the document, because a browser takes an SVG element that listens to focus for a stop of Tab.
document.addEventListener('focusin', event => {
	const box = boxOf(event.target);

	if (box)
		show(box);
});
input.addEventListener('input', () => setQuery(input.value));
previousButton.addEventListener('click', () => nextMatch(-1));
nextButton.addEventListener('click', () => nextMatch(1));
caseButton.addEventListener('click', () => {
	state.matchCase = !state.matchCase;
	remember(false);
	search();
});
resetButton.addEventListener('click', () => zoomTo(0));
icicleButton.addEventListener('click', toggleIcicle);
viewButton.addEventListener('click', nextView);
helpButton.addEventListener('click', help);
(alone ? window : root).addEventListener('keydown', onKey);
window.addEventListener('resize', fitWindow);
window.addEventListener('scroll', followScroll);
window.addEventListener('popstate', recall);
window.addEventListener('hashchange', recall);

measureGlyph();
fitWindow();
recall();
bringIntoView(boxes[state.zoom]);
