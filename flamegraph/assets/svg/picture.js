// SPDX-License-Identifier: MIT
//
// picture.js - places every box for the zoom, the window and the view, and what stands around them.

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
