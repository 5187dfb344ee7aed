// SPDX-License-Identifier: MIT
//
// flame.js - makes the picture answer: zoom, search, keyboard, details, links.
//
// The picture is complete without this script.  What it shows it reads from the boxes themselves
// (data-b: left, width, depth, parent; <title>: words) and puts back as text only, never as markup,
// because names may hold anything.
(function () {
'use strict';

const SVG = 'http://www.w3.org/2000/svg', XHTML = 'http://www.w3.org/1999/xhtml';
const SIDE = 10, ROW = 18, PAD = 4, BAR = 50, BAR_NARROW = 82, NARROW_WINDOW = 820;
const NAME_SEARCHED = 1024;	// of each name, to bound the time of a bad expression
const SEARCH_MS = 1500;

const script = document.currentScript;
const root = script && script.ownerSVGElement || document.documentElement;
const alone = root === document.documentElement;
const frames = root.querySelector('#frames'), foot = root.querySelector('#foot');
const rows = Number(root.dataset.rows), top = Number(root.dataset.top);
const footHeight = foot.querySelectorAll('text').length * 16;
const baseHeight = top + rows * ROW + footHeight + 14;

// The list is taken before it is walked: a live one would be searched anew after every change.
const boxes = Array.from(frames.children).map((g, index) => {
	const [left, width, depth, parent] = g.dataset.b.split(' ').map(Number);
	const title = g.querySelector('title'), words = title.textContent.split('\n');

	title.remove();		// our own details replace the browser's
	// Of two profiles: where it is by the larger side, before and after.
	const sides = g.dataset.v && g.dataset.v.split(' ').map(Number);
	const places = sides && [[left, width], sides.slice(0, 2), sides.slice(2)];

	return { g, index, left, width, depth, parent, words, places, name: words[0],
		 rect: g.querySelector('rect'), text: g.querySelector('text'), end: index + 1,
		 narrow: g.classList.contains('kn'), shown: true, hit: false };
});
// Boxes come parent first, so a subtree is a range: index..end.
for (let i = boxes.length - 1; i > 0; i--)
	boxes[boxes[i].parent].end = Math.max(boxes[boxes[i].parent].end, boxes[i].end);

const VIEWS = ['union', 'before', 'after'];
const state = { zoom: 0, view: 0, icicle: root.dataset.icicle === '1', query: '', matchCase: false };
let width = 0, shift = 0, glyph = 7.25, current = 0, hits = [];

function make(tag, attributes, parent, text) {
	const element = document.createElementNS(XHTML, tag);

	for (const [key, value] of Object.entries(attributes || {}))
		element.setAttribute(key, value);
	if (text !== undefined)
		element.textContent = text;
	if (parent)
		parent.appendChild(element);
	return element;
}

function foreign(name) {
	const element = document.createElementNS(SVG, 'foreignObject');

	element.setAttribute('class', 'over ' + name);
	root.appendChild(element);
	return element;
}

/* Labels */

function isWide(code) {
	return code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf) ||
		(code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
		(code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
		(code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) ||
		(code >= 0x20000 && code <= 0x3fffd));
}

function fit(name, columns) {
	let used = 0, kept = '', cut = '';

	for (const c of name) {
		used += isWide(c.codePointAt(0)) ? 2 : 1;
		if (used <= columns - 1)
			cut += c;
		if (used > columns)
			return cut + '\u2026';
		kept += c;
	}
	return kept;
}

function label(box, x, y, pixels) {
	const columns = Math.floor((pixels - 2 * PAD) / glyph);

	if (columns < 3) {
		if (box.text)
			box.text.setAttribute('display', 'none');
		return;
	}
	if (!box.text) {
		box.text = document.createElementNS(SVG, 'text');
		box.g.appendChild(box.text);
	}
	box.text.removeAttribute('display');
	box.text.setAttribute('x', x + PAD);
	box.text.setAttribute('y', y + 13);
	box.text.textContent = fit(box.name, columns);
}

function measureGlyph() {
	const probe = document.createElementNS(SVG, 'text');
	const group = document.createElementNS(SVG, 'g');

	group.setAttribute('class', 'f');
	probe.textContent = 'n'.repeat(40);
	group.appendChild(probe);
	root.appendChild(group);
	glyph = probe.getComputedTextLength() / 40 || glyph;
	group.remove();
}

/* The picture */

function rowOf(box) {
	return state.icicle ? box.depth : rows - 1 - box.depth;
}

function place(box, zoom, scale) {
	const past = box.index < zoom.index && box.end > zoom.index;
	const inside = box.index >= zoom.index && box.index < zoom.end;
	const x = past ? SIDE : SIDE + (box.left - zoom.left) * scale;
	const pixels = past ? width - 2 * SIDE : box.width * scale;
	const y = top + rowOf(box) * ROW;

	box.shown = (past || inside) && box.width > 0;
	if (!box.shown) {
		box.g.setAttribute('display', 'none');
		return;
	}
	box.g.removeAttribute('display');
	box.g.classList.toggle('past', past);
	box.g.classList.toggle('t', pixels < 4);
	box.rect.setAttribute('x', x);
	box.rect.setAttribute('y', y);
	box.rect.setAttribute('width', pixels > 2 ? pixels - 0.7 : pixels);
	box.rect.setAttribute('rx', pixels > 8 ? 2 : 0);
	label(box, x, y, pixels);
}

function draw() {
	const zoom = boxes[state.zoom], scale = (width - 2 * SIDE) / zoom.width;

	for (const box of boxes)
		place(box, zoom, scale);
	resetButton.disabled = state.zoom === 0;
	icicleButton.setAttribute('aria-pressed', String(state.icicle));
	showMatches();
}

function fitWindow() {
	const old = width;

	width = Math.max(320, alone ? document.documentElement.clientWidth || window.innerWidth
				    : root.parentNode.clientWidth);
	if (old !== width)
		fitHead();

	const bar = width < NARROW_WINDOW ? BAR_NARROW : BAR;
	const height = Math.max(baseHeight + shift + bar, alone ? window.innerHeight : 0);

	root.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
	root.setAttribute('width', width);
	root.setAttribute('height', height);
	barPlace.setAttribute('width', width);
	barPlace.setAttribute('height', bar);
	followScroll();
	if (old !== width)
		draw();
}

// The bar stays at the lower edge of the window.
function followScroll() {
	const height = Number(root.getAttribute('height')), bar = Number(barPlace.getAttribute('height'));
	const edge = alone ? Math.min(height, window.scrollY + window.innerHeight) : height;

	barPlace.setAttribute('y', edge - bar);
}

// Lines of the head that the window has no room for end in an ellipsis.
const head = Array.from(root.querySelectorAll('#head > text, #foot > text'),
			text => ({ text, whole: text.textContent }));

function fitHead() {
	for (const { text, whole } of head) {
		const room = width - Number(text.getAttribute('x')) - SIDE;

		text.textContent = whole;
		const length = text.getComputedTextLength();

		if (length > room)
			text.textContent = Array.from(whole)
				.slice(0, Math.max(1, Math.floor(whole.length * room / length) - 1))
				.join('') + '\u2026';
	}
	fitLegend();
}

// Legend entries flow like words; what that takes more lines than the file gave them shifts the rest.
const legend = Array.from(root.querySelectorAll('#legend > text'), text => ({
	text, rect: text.previousElementSibling.firstElementChild,
	y: Number(text.getAttribute('y')) }));

function fitLegend() {
	let x = SIDE, y = legend.length ? legend[0].y : 0;
	const lowest = legend.length ? legend[legend.length - 1].y : 0;

	for (const { text, rect } of legend) {
		const length = 16 + text.getComputedTextLength();

		if (x > SIDE && x + length > width - SIDE) {
			x = SIDE;
			y += ROW;
		}
		rect.setAttribute('x', x);
		rect.setAttribute('y', y - 10);
		text.setAttribute('x', x + 16);
		text.setAttribute('y', y);
		x += length + 16;
	}
	shift = Math.max(0, y - lowest);
	for (const group of [frames, foot])
		group.setAttribute('transform', 'translate(0,' + shift + ')');
}

// Two profiles: the widths of one side, or the larger of both.
function setView(view) {
	state.view = boxes[0].places && boxes[0].places[view] && boxes[0].places[view][1] > 0 ? view : 0;
	if (!boxes[0].places)
		return;
	for (const box of boxes)
		[box.left, box.width] = box.places[state.view];
	if (boxes[state.zoom].width === 0)
		state.zoom = 0;
	viewButton.textContent = 'Widths: ' + VIEWS[state.view];
}

function nextView() {
	if (!boxes[0].places)
		return;
	setView((state.view + 1) % VIEWS.length);
	remember(false);
	draw();
	search();
	if (!boxes[current].shown)
		focus(boxes[state.zoom]);
	show(boxes[current]);
}

/* Details */

function percent(share) {
	const p = share * 100;

	return (p >= 99.95 && p < 100 ? '>99.9' : p >= 100 ? '100' : p >= 9.995 ? p.toFixed(1)
		: p >= 0.0995 ? p.toFixed(2) : p > 0 ? p.toFixed(3) : '0') + '\u00a0%';
}

function details(box) {
	const lines = box.words.slice(1);

	if (state.zoom !== 0 && box.index > state.zoom)
		lines[lines.length - 1] += ' \u00b7 ' + percent(box.width / boxes[state.zoom].width) +
					   ' of zoom';
	return lines;
}

function show(box) {
	what.firstChild.textContent = box ? box.name : boxes[state.zoom].name;
	what.lastChild.textContent = details(box || boxes[state.zoom]).join(' \u00b7 ');
}

function hover(box, event) {
	for (const other of frames.querySelectorAll('.on'))
		other.classList.remove('on');
	show(box);
	if (tipPlace.hasAttribute('data-help'))
		return;
	if (!box || !event) {
		tipPlace.setAttribute('display', 'none');
		return;
	}
	box.g.classList.add('on');
	tip.textContent = '';
	make('div', {}, tip, box.name.length > 300 ? box.name.slice(0, 300) + '\u2026' : box.name);
	for (const line of details(box))
		make('div', {}, tip, line);
	tipPlace.removeAttribute('display');
	moveTip(event);
}

function moveTip(event) {
	const bounds = root.getBoundingClientRect(), size = tip.getBoundingClientRect();
	const x = Math.min(event.clientX - bounds.left + 14, width - size.width - 4);
	let y = event.clientY - bounds.top + 18;

	if (event.clientY + 18 + size.height > window.innerHeight - Number(barPlace.getAttribute('height')))
		y = event.clientY - bounds.top - size.height - 12;
	tipPlace.setAttribute('x', Math.max(4, x));
	tipPlace.setAttribute('y', Math.max(4, y));
}

function boxOf(target) {
	const g = target.closest && target.closest('.f');

	return g && g.parentNode === frames ? boxes[Number(g.dataset.i)] : null;
}

/* Search */

function matcher(query) {
	let expression;

	try {
		expression = new RegExp(query, state.matchCase ? 'u' : 'iu');
	} catch (error) {
		const plain = state.matchCase ? query : query.toLowerCase();

		return { plain: true, test: name =>
			(state.matchCase ? name : name.toLowerCase()).includes(plain) };
	}
	return { plain: false, test: name => expression.test(name.slice(0, NAME_SEARCHED)) };
}

function search() {
	const known = new Map(), started = Date.now(), match = matcher(state.query);
	let late = false;

	hits = [];
	for (const box of boxes) {
		let found = false;

		if (state.query && !late && !box.narrow && box.index > 0) {
			found = known.get(box.name);
			if (found === undefined) {
				found = match.test(box.name);
				known.set(box.name, found);
				late = Date.now() - started > SEARCH_MS;
			}
		}
		box.hit = found;
		box.g.classList.toggle('hit', found);
	}
	root.classList.toggle('searching', state.query !== '');
	input.classList.toggle('bad', state.query !== '' && match.plain);
	input.title = late ? 'This expression takes too long: only a part was searched'
		: state.query && match.plain ? 'Not a regular expression: taken as plain text' : '';
	caseButton.setAttribute('aria-pressed', String(state.matchCase));
	showMatches();
}

// Boxes within a matching box count once: they come after it and begin before its right edge.
function showMatches() {
	const zoom = boxes[state.zoom];
	let sum = 0, edge = -1;

	hits = boxes.filter(box => box.hit && box.shown);
	for (const box of boxes) {
		if (!box.hit || box.index < zoom.index || box.index >= zoom.end)
			continue;
		if (box.left >= edge) {
			sum += box.width;
			edge = box.left + box.width;
		}
	}
	const at = hits.indexOf(boxes[current]);

	output.textContent = !state.query ? '' : percent(sum / zoom.width) + ' matched' +
		(state.zoom ? ' of zoom' : '') + (hits.length ? ' \u00b7 ' + (at >= 0 ? at + 1 + '/' : '') +
		hits.length : '');
	output.style.display = state.query ? '' : 'none';
	nextButton.style.display = previousButton.style.display = state.query ? '' : 'none';
	nextButton.disabled = previousButton.disabled = hits.length === 0;
}

function nextMatch(step) {
	if (!hits.length)
		return;
	let at = hits.indexOf(boxes[current]);

	if (at < 0)
		at = step > 0 ? hits.findIndex(box => box.index > current) - 1
			      : hits.filter(box => box.index < current).length;
	focus(hits[((at < -1 ? -1 : at) + step + hits.length) % hits.length], document.activeElement === input);
	showMatches();
}

/* Keyboard */

function focus(box, keepInput) {
	boxes[current].g.setAttribute('tabindex', '-1');
	boxes[current].g.classList.remove('on');
	current = box.index;
	box.g.setAttribute('tabindex', '0');
	if (keepInput)
		box.g.classList.add('on');
	else
		box.g.focus({ preventScroll: true });
	bringIntoView(box);
	show(box);
}

function bringIntoView(box) {
	if (!alone)
		return;
	const y = root.getBoundingClientRect().top + top + shift + rowOf(box) * ROW;
	const low = window.innerHeight - Number(barPlace.getAttribute('height')) - ROW;

	if (y < 0)
		window.scrollBy(0, y - ROW);
	else if (y > low)
		window.scrollBy(0, y - low + ROW);
}

function widestChild(box) {
	let best = null;

	for (let i = box.index + 1; i < box.end; i = boxes[i].end)
		if (boxes[i].shown && (!best || boxes[i].width > best.width))
			best = boxes[i];
	// Towards the zoomed box its ancestors have one child that is shown.
	return best;
}

function besides(box, step) {
	for (let i = box.index + step; i >= 0 && i < boxes.length; i += step)
		if (boxes[i].shown && boxes[i].depth === box.depth)
			return boxes[i];
	return null;
}

function arrow(key) {
	const box = boxes[current];
	const outward = key === 'ArrowUp' ? !state.icicle : state.icicle;

	if (key === 'ArrowLeft' || key === 'ArrowRight')
		return besides(box, key === 'ArrowLeft' ? -1 : 1);
	return outward ? widestChild(box) : box.index ? boxes[box.parent] : null;
}

function onKey(event) {
	const typing = event.target === input;

	if ((event.ctrlKey || event.metaKey) && event.key === 'f' || event.key === '/' && !typing) {
		event.preventDefault();
		input.focus();
		input.select();
		return;
	}
	if (event.key === 'Escape') {
		event.preventDefault();
		escape(typing);
		return;
	}
	if (typing) {
		if (event.key === 'Enter')
			nextMatch(event.shiftKey ? -1 : 1);
		return;
	}
	if (event.ctrlKey || event.metaKey || event.altKey || event.target.localName === 'button')
		return;
	if (event.key.startsWith('Arrow')) {
		const box = arrow(event.key);

		event.preventDefault();
		if (box)
			focus(box);
	} else if (event.key === 'Enter' || event.key === ' ') {
		event.preventDefault();
		zoomTo(current);
	} else if (event.key === 'Backspace') {
		event.preventDefault();
		zoomTo(boxes[state.zoom].parent);
	} else if (event.key === '0') {
		zoomTo(0);
	} else if (event.key === 'n' || event.key === 'N') {
		nextMatch(event.key === 'n' ? 1 : -1);
	} else if (event.key === 'i') {
		toggleIcicle();
	} else if (event.key === 'v') {
		nextView();
	} else if (event.key === '?') {
		help();
	}
}

function escape(typing) {
	if (tipPlace.hasAttribute('data-help')) {
		help();
	} else if (state.query) {
		input.value = '';
		setQuery('');
	} else if (typing) {
		input.blur();
	} else {
		zoomTo(0);
	}
}

function help() {
	const keys = [['click, Enter', 'zoom; the root or Esc to go back'], ['/ or Ctrl-F', 'search (regular expression)'],
		      ['n, N', 'next, previous match'], ['arrows', 'to caller, callee, neighbour'],
		      ['Backspace', 'zoom out by one'], ['i', 'root at the top or bottom'], ...(boxes[0].places ? [['v', 'widths: union, before, after']] : []), ['Esc', 'clear the search, then the zoom']];

	if (tipPlace.hasAttribute('data-help')) {
		tipPlace.removeAttribute('data-help');
		tipPlace.setAttribute('display', 'none');
		return;
	}
	tip.textContent = '';
	const grid = make('div', { 'class': 'keys' }, tip);

	for (const [key, meaning] of keys) {
		make('b', {}, grid, key);
		make('span', {}, grid, meaning);
	}
	tipPlace.setAttribute('data-help', '');
	tipPlace.removeAttribute('display');
	const size = tip.getBoundingClientRect();

	tipPlace.setAttribute('x', Math.max(4, width - size.width - 10));
	tipPlace.setAttribute('y', Number(barPlace.getAttribute('y')) - size.height - 8);
}

/* State, and its link: #zoom=<hash of the path>&search=<text>&icicle=1 */

// A hash of the names from the root, so that a link survives another width or a new profile.
function pathHashes() {
	const hashes = new Array(boxes.length), seen = new Map();

	boxes.forEach((box, i) => {
		const twin = box.parent + '\n' + box.name, nth = seen.get(twin) || 0;
		const text = (i ? hashes[box.parent] : '') + '\n' + box.name + (nth ? '\n' + nth : '');
		let a = 0xdeadbeef, b = 0x41c6ce57;

		seen.set(twin, nth + 1);
		for (let k = 0; k < text.length; k++) {
			a = Math.imul(a ^ text.charCodeAt(k), 2654435761);
			b = Math.imul(b ^ text.charCodeAt(k), 1597334677);
		}
		hashes[i] = ((a ^ a >>> 16) >>> 0).toString(16).padStart(8, '0') +
			    ((b ^ b >>> 16) >>> 0).toString(16).padStart(8, '0');
	});
	return hashes;
}
let hashes = null;

function link() {
	const parts = [];

	if (state.zoom) {
		hashes = hashes || pathHashes();
		parts.push('zoom=' + hashes[state.zoom]);
	}
	if (state.query)
		parts.push('search=' + encodeURIComponent(state.query));
	if (state.matchCase)
		parts.push('case=1');
	if (state.view)
		parts.push('view=' + VIEWS[state.view]);
	if (state.icicle !== (root.dataset.icicle === '1'))
		parts.push('icicle=' + (state.icicle ? 1 : 0));
	return parts.join('&');
}

function remember(isStep) {
	if (!alone)
		return;
	try {
		const url = '#' + link();

		if (isStep && location.hash !== url && (location.hash || url !== '#'))
			history.pushState(null, '', url);
		else
			history.replaceState(null, '', url);
	} catch (error) {
		// A sandbox or a data: address has no history; the picture works without.
	}
}

function recall() {
	const given = new URLSearchParams(alone ? location.hash.slice(1) : '');
	const zoom = given.get('zoom');

	hashes = zoom ? hashes || pathHashes() : hashes;
	state.zoom = zoom ? Math.max(0, hashes.indexOf(zoom)) : 0;
	state.icicle = (given.get('icicle') || root.dataset.icicle) === '1';
	setView(Math.max(0, VIEWS.indexOf(given.get('view'))));
	state.matchCase = given.get('case') === '1';
	state.query = given.get('search') || '';
	input.value = state.query;
	draw();
	search();
	show(null);
}

function zoomTo(index) {
	if (boxes[index].narrow)
		return;
	state.zoom = index;
	remember(true);
	draw();
	if (!boxes[current].shown)
		focus(boxes[index]);
	show(boxes[index]);
}

function setQuery(query) {
	state.query = query;
	remember(false);
	search();
}

function toggleIcicle() {
	state.icicle = !state.icicle;
	remember(false);
	draw();
	bringIntoView(boxes[state.zoom]);
}

/* Start */

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
})();
