// SPDX-License-Identifier: MIT
//
// graph.js - page.view on a canvas.
//
// Only the rows in sight are drawn, and below what is narrower than a pixel nothing is looked at, so neither
// the depth nor the number of nodes matters much.  Neighbours that are so narrow are one "…" box, with all
// that they call; a click on that looks closer.
//
// page.graph.place(node)	{x, y, width, height} within the canvas, or null when it is not shown
// page.graph.at(x, y)		{node} or {run} there, or null; page.graph.nodesInSight()
// page.graph.reveal(node)	scroll to its row
// page.graph.draw()		now; page.graph.redraw() soon
// Needs: page.place.graph, page.paint; page.hits (by view node, or null) marks what a search found.
(page => {
'use strict';

const ROW = 18, PAD = 4, LEAST = 1, GAP = 0.7, LABEL_LEAST = 3, CLOSER = 8, CLOSEST = 1e9;
const CANVAS_MOST = 16384;	// px; browsers refuse larger ones
const FONT = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace';

let scroll, tall, canvas, context, glyph = 7.23, width = 0, height = 0, waiting = false, hovered = null;
let below = 0;	// hidden below the lower edge, before the browser adapts that to another height
// What the last drawing drew: {node or run, depth, x, width}, parents first.
let drawn = [];
let hitsBefore = null;	// by node: how many before it matched
let hatching = null;

/* Where things are */

const rows = () => page.view.rowStart.length - 1;
const top = depth => (page.state.layout === 'icicle' ? depth : rows() - 1 - depth) * ROW;

// A profile lower than its place stands on the ground.
const slack = () => page.state.layout === 'icicle' ? 0 : Math.max(0, height - rows() * ROW);

function windowOf(state, view) {
	if (state.span)
		return state.span;
	const left = view.left[state.zoom];

	return { left, right: left + view.total[state.zoom] };
}

/* Labels */

function isWide(code) {
	return code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf) ||
		(code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
		(code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
		(code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) ||
		(code >= 0x20000 && code <= 0x3fffd));
}

const isPlain = /^[\x20-\x7e]*$/;

function fit(name, columns) {
	if (name.length <= columns && isPlain.test(name))
		return name;
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

function label(text, x, y, pixels, colour) {
	const columns = Math.floor((pixels - 2 * PAD) / glyph);

	if (columns < LABEL_LEAST)
		return;
	context.fillStyle = colour;
	context.fillText(fit(text, columns), x + PAD, y + 13);
}

/* Boxes */

function rectangle(x, y, pixels) {
	if (pixels <= 8) {
		context.fillRect(x, y, pixels > 2 ? pixels - GAP : pixels, ROW - 1);
		return;
	}
	context.beginPath();
	context.roundRect(x, y, pixels - GAP, ROW - 1, 2);
	context.fill();
}

function outline(x, y, pixels, colour, thickness) {
	context.strokeStyle = colour;
	context.lineWidth = thickness;
	context.beginPath();
	context.roundRect(x + thickness / 2, y + thickness / 2, Math.max(1, pixels - GAP - thickness),
			  ROW - 1 - thickness, 2);
	context.stroke();
}

function hatch() {
	const small = document.createElement('canvas'), ink = small.getContext('2d');

	small.width = small.height = 6;
	ink.strokeStyle = page.paint.edge;
	ink.globalAlpha = 0.22;
	ink.beginPath();
	for (const shift of [-6, 0, 6]) {
		ink.moveTo(shift, 6);
		ink.lineTo(shift + 6, 0);
	}
	ink.stroke();
	return context.createPattern(small, 'repeat');
}

function drawBox(node, x, y, pixels, isPast) {
	const { paint, hits, state, view } = page, left = Math.max(0, x), right = Math.min(width, x + pixels);
	const isDim = isPast || hits && !hits[node];

	context.globalAlpha = isDim ? 0.32 : 1;
	context.fillStyle = paint.fill(node);
	rectangle(left, y, right - left);
	if (pixels > 12 && paint.isThin(node) && node) {
		context.fillStyle = hatching = hatching || hatch();
		context.fillRect(left, y, right - left - GAP, ROW - 1);
	}
	context.globalAlpha = 1;
	if (page.KINDS[view.kind[node]] === 'marker' && pixels > 4)
		outline(left, y, right - left, paint.line, 1);
	if (hits && hits[node] && pixels > 3)
		outline(left, y, right - left, paint.edge, 1);
	if (node === state.selected && (node || page.place.graph.classList.contains('focused')))
		outline(left, y, right - left, paint.focus, 2);
	else if (node && view.name[node] === view.name[state.selected] && state.selected && pixels > 3)
		outline(left, y, right - left, paint.focus, 1);	// the same function elsewhere
	else if (hovered && hovered.node === node)
		outline(left, y, right - left, paint.edge, 1);
	label(node ? page.profile.names[view.name[node]] : 'all', left, y, right - left, paint.text);
}

function drawRun(run) {
	const { paint } = page, pixels = Math.max(run.x1 - run.x0, 0.5), y = run.y;
	const isOn = hovered && hovered.run && hovered.run.first === run.first;

	run.hit = hitsBefore !== null && hitsBefore[run.end] > hitsBefore[run.first];
	drawn.push({ run, node: -1, depth: run.depth, x: run.x0, width: pixels });
	context.globalAlpha = page.hits && !run.hit ? 0.32 : 1;
	context.fillStyle = run.hit ? paint.edge : pixels < 4 ? paint.line : paint.narrow;
	rectangle(run.x0, y, pixels);
	context.globalAlpha = 1;
	if (pixels > 6)
		outline(run.x0, y, pixels, paint.line, isOn ? 2 : 0.6);
	label(page.runWords(run), run.x0, y, pixels, run.hit ? paint.ground : paint.narrowText);
}

// "… 41 frames, 0.8 %"
page.runWords = run => '\u2026 ' + page.words.grouped(run.frames) + (run.frames === 1 ? ' frame, ' : ' frames, ') +
	page.words.percent(run.value / page.view.total[0]);

// The frames from the root to the zoomed one, across the width.
function drawPast(yOf, isInSight) {
	const { view, state } = page, past = [];

	for (let node = state.zoom; node > 0; node = view.parent[node])
		past.push(view.parent[node]);
	for (const node of past.reverse())
		if (isInSight(view.depth[node])) {
			drawn.push({ node, run: null, depth: view.depth[node], x: 0, width });
			drawBox(node, 0, yOf(view.depth[node]), width, true);
		}
}

// Along the preorder, past all that is too narrow, beside the window or beyond the last row in sight.
function drawTree(yOf, isInSight, deepest) {
	const { view, state } = page, { zoom } = state, { left, right } = windowOf(state, view);
	const scale = width / (right - left || 1), end = view.end[zoom];
	let run = null;

	for (let node = zoom; node < end;) {
		const x = (view.left[node] - left) * scale, pixels = view.total[node] * scale;
		const depth = view.depth[node];
		const isNarrow = pixels < LEAST && node !== zoom;

		if (run && (!isNarrow || view.parent[node] !== run.parent)) {
			drawRun(run);
			run = null;
		}
		if (x >= width || x + pixels <= 0 || depth > deepest || view.total[node] <= 0) {
			node = view.end[node];
			continue;
		}
		if (!isNarrow) {
			if (isInSight(depth)) {
				const from = Math.max(0, x);

				drawn.push({ node, run: null, depth, x: from, width: Math.min(width, x + pixels) - from });
				drawBox(node, x, yOf(depth), pixels, false);
			}
			node++;
			continue;
		}
		if (isInSight(depth)) {
			if (!run)
				run = { x0: x, y: yOf(depth), depth, first: node, parent: view.parent[node],
					left: view.left[node], frames: 0, value: 0, hit: false };
			run.x1 = x + pixels;
			run.end = view.end[node];
			run.right = view.left[node] + view.total[node];
			run.frames += view.end[node] - node;
			run.value += view.total[node];
		}
		node = view.end[node];
	}
	if (run)
		drawRun(run);
}

function draw() {
	waiting = false;
	if (!context || !width)
		return;
	const shift = scroll.scrollTop - slack(), count = rows(), isIcicle = page.state.layout === 'icicle';
	const first = Math.max(0, Math.floor(shift / ROW));
	const last = Math.min(count, Math.ceil((shift + height) / ROW));
	const shallowest = isIcicle ? first : count - last, deepest = isIcicle ? last - 1 : count - 1 - first;
	const yOf = depth => top(depth) - shift, isInSight = depth => depth >= shallowest && depth <= deepest;

	drawn = [];
	context.fillStyle = page.paint.ground;
	context.fillRect(0, 0, width, height);
	drawPast(yOf, isInSight);
	drawTree(yOf, isInSight, deepest);
}

function countHits() {
	const { hits } = page;

	hitsBefore = hits && new Int32Array(hits.length + 1);
	for (let i = 0; hits && i < hits.length; i++)
		hitsBefore[i + 1] = hitsBefore[i] + hits[i];
}

function redraw() {
	if (!waiting)
		requestAnimationFrame(draw);
	waiting = true;
}

// Not when the place has shrunk already: resize() is about to look.
function keepPlace() {
	if (scroll.clientHeight === height)
		below = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
}

function resize() {
	const ratio = devicePixelRatio || 1, isFlame = page.state.layout === 'flame';

	width = Math.min(scroll.clientWidth, CANVAS_MOST / ratio);
	height = Math.min(scroll.clientHeight, CANVAS_MOST / ratio);
	if (isFlame)	// what stands on the ground stays there
		scroll.scrollTop = tall.offsetHeight - height - below;
	keepPlace();
	canvas.width = Math.round(width * ratio);
	canvas.height = Math.round(height * ratio);
	canvas.style.width = width + 'px';
	canvas.style.height = height + 'px';
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.font = FONT;
	glyph = context.measureText('n'.repeat(40)).width / 40 || glyph;
	hatching = null;
	draw();
}

function remeasure() {
	tall.style.height = Math.max(rows() * ROW, 1) + 'px';
}

/* For others */

function at(x, y) {
	const row = Math.floor((y + scroll.scrollTop - slack()) / ROW);
	const depth = page.state.layout === 'icicle' ? row : rows() - 1 - row;

	return drawn.find(box => box.depth === depth && x >= box.x && x < box.x + box.width) ||
		drawn.find(box => box.run && box.depth === depth && Math.abs(x - box.x) < 2) || null;
}

function place(node) {
	const { view, state } = page, { zoom } = state, isPast = node <= zoom && view.end[node] >= view.end[zoom];

	if (!isPast && (node < zoom || node >= view.end[zoom]))
		return null;
	const { left, right } = windowOf(state, view), scale = width / (right - left || 1);
	const x = isPast ? 0 : Math.max(0, (view.left[node] - left) * scale);
	const end = isPast ? width : Math.min(width, (view.left[node] + view.total[node] - left) * scale);

	return end <= 0 || x >= width ? null
		: { x, y: top(view.depth[node]) + slack() - scroll.scrollTop, width: end - x, height: ROW };
}

function reveal(node) {
	const y = top(page.view.depth[node]), height = scroll.clientHeight;	// ours may be of before

	if (y < scroll.scrollTop)
		scroll.scrollTop = y - ROW;
	else if (y + ROW > scroll.scrollTop + height)
		scroll.scrollTop = y + 2 * ROW - height;
	keepPlace();
	redraw();
}

const nodesInSight = () => drawn.filter(box => !box.run).map(box => box.node);

page.graph = { draw, redraw, at, place, reveal, nodesInSight, ROW };

/* The pointer */

function pointed(event) {
	const bounds = canvas.getBoundingClientRect();

	return at(event.clientX - bounds.left, event.clientY - bounds.top);
}

function move(event) {
	const found = pointed(event), before = hovered;

	hovered = found;
	canvas.style.cursor = found ? 'pointer' : '';
	page.emit('hover', found && !found.run ? found.node : -1, event, found && found.run);
	if (!before !== !found || found && (before.node !== found.node || before.run !== found.run))
		redraw();
}

function leave() {
	hovered = null;
	page.emit('hover', -1);
	redraw();
}

// Closer to the few that the run stands for; to where the pointer is, when they are many.
function lookInto(run, part) {
	const { view, state } = page, now = windowOf(state, view);
	const all = windowOf({ zoom: state.zoom, span: null }, view);
	const size = Math.min((run.right - run.left) * 1.1, (now.right - now.left) / CLOSER);
	const middle = run.right - run.left < size ? (run.left + run.right) / 2
		: now.left + part * (now.right - now.left);
	const left = Math.max(all.left, Math.min(all.right - size, middle - size / 2));

	if (run.parent !== state.zoom)
		page.set({ zoom: run.parent });
	else
		page.set({ span: { left, right: left + size } });
}

function click(event) {
	const found = pointed(event);

	if (!found)
		return;
	if (found.run)
		lookInto(found.run, (event.clientX - canvas.getBoundingClientRect().left) / width);
	else if (event.shiftKey || event.altKey)
		page.set({ selected: found.node });
	else
		page.set({ selected: found.node, zoom: found.node, span: null });
}

// With Ctrl, as everywhere, nearer and farther; without, the rows.
function wheel(event) {
	if (!event.ctrlKey && !event.metaKey)
		return;
	event.preventDefault();
	const { view, state } = page, now = windowOf(state, view);
	const all = windowOf({ zoom: state.zoom, span: null }, view);
	const part = (event.clientX - canvas.getBoundingClientRect().left) / width;
	const factor = Math.exp(Math.max(-1, Math.min(1, event.deltaY * 0.004)));
	const shown = now.right - now.left, most = all.right - all.left;
	const size = Math.min(most, Math.max(shown * factor, most / CLOSEST));
	const left = Math.max(all.left, Math.min(all.right - size, now.left + part * (shown - size)));

	page.apply({ span: size >= most ? null : { left, right: left + size } });
}

page.ready(() => {
	scroll = page.make('div', { class: 'scroll', tabindex: '-1' }, page.place.graph);
	tall = page.make('div', {}, scroll);
	canvas = page.make('canvas', { 'aria-hidden': 'true' }, tall);
	context = canvas.getContext('2d', { alpha: false });
	page.graph.canvas = canvas;
	page.graph.scroll = scroll;
	canvas.addEventListener('mousemove', move);
	canvas.addEventListener('mouseleave', leave);
	canvas.addEventListener('click', click);
	scroll.addEventListener('wheel', wheel, { passive: false });
	scroll.addEventListener('scroll', () => {
		keepPlace();
		redraw();
	});
	new ResizeObserver(resize).observe(scroll);
	page.on('paint', () => {
		hatching = null;
		redraw();
	});
	page.on('hits', () => {
		countHits();
		redraw();
	});
	page.on('view', () => {
		hovered = null;
		remeasure();
	});
	page.on('change', patch => {
		if ('layout' in patch)
			reveal(page.state.zoom);
		else if ('selected' in patch || 'zoom' in patch)
			reveal('selected' in patch ? page.state.selected : page.state.zoom);
		redraw();
	});
	remeasure();
	resize();
	reveal(page.state.zoom);
});
})(page);
