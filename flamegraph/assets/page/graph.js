// SPDX-License-Identifier: MIT
//
// graph.js - page.view on a canvas.
//
// Only the rows in sight are drawn, so neither the depth nor the number of nodes matters much.  What is
// narrower than a pixel is drawn together with its neighbours as one "…" box; a click on that looks closer.
//
// page.graph.place(node)	{x, y, width, height} within the canvas, or null when it is not shown
// page.graph.at(x, y)		{node} or {run} there, or null; page.graph.nodesInSight()
// page.graph.reveal(node)	scroll to its row
// page.graph.draw()		now; page.graph.redraw() soon
// Needs: page.place.graph, page.paint; page.hits (by view node, or null) marks what a search found.
(page => {
'use strict';

const ROW = 18, PAD = 4, LEAST = 1, GAP = 0.7, LABEL_LEAST = 3;
const FONT = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace';

let scroll, tall, canvas, context, glyph = 7.23, width = 0, height = 0, waiting = false, hovered = null;
let below = 0;	// hidden below the lower edge, before the browser adapts that to another height
let runs = [];	// of the last drawing
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

// The first of the row's nodes that is not before NODE.
function firstFrom(view, depth, node) {
	let low = view.rowStart[depth], high = view.rowStart[depth + 1];

	while (low < high) {
		const middle = low + high >>> 1;

		if (view.rowNodes[middle] < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

// The first of the row's nodes from LOW on that ends right of LEFT.
function firstRightOf(view, low, high, left) {
	while (low < high) {
		const middle = low + high >>> 1, node = view.rowNodes[middle];

		if (view.left[node] + view.total[node] <= left)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
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
	context.beginPath();
	if (pixels > 8)
		context.roundRect(x, y, pixels - GAP, ROW - 1, 2);
	else
		context.rect(x, y, pixels > 2 ? pixels - GAP : pixels, ROW - 1);
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
	if (node === state.selected && (node || document.activeElement === canvas))
		outline(left, y, right - left, paint.focus, 2);
	else if (hovered && hovered.node === node)
		outline(left, y, right - left, paint.edge, 1);
	label(node ? page.profile.names[view.name[node]] : 'all', left, y, right - left, paint.text);
}

function drawRun(run) {
	const { paint } = page, pixels = Math.max(run.x1 - run.x0, 0.5);

	context.globalAlpha = page.hits && !run.hit ? 0.32 : 1;
	context.fillStyle = run.hit ? paint.edge : pixels < 4 ? paint.line : paint.narrow;
	rectangle(run.x0, run.y, pixels);
	context.globalAlpha = 1;
	if (pixels > 6)
		outline(run.x0, run.y, pixels, paint.line, hovered && hovered.run && hovered.run.first === run.first ? 2 : 0.6);
	if (!run.isInner)
		label(page.runWords(run), run.x0, run.y, pixels, paint.narrowText);
}

// "… 41 frames, 0.8 %"
page.runWords = run => '\u2026 ' + page.words.grouped(run.frames) + (run.frames === 1 ? ' frame, ' : ' frames, ') +
	page.words.percent(run.value / page.view.total[0]);

function drawRow(depth, y) {
	const { view, state, hits } = page, { zoom } = state, { left, right } = windowOf(state, view);
	const scale = width / (right - left || 1), zoomDepth = view.depth[zoom];
	let run = null;

	if (depth < zoomDepth) {
		let node = zoom;

		while (view.depth[node] > depth)
			node = view.parent[node];
		drawBox(node, 0, y, width, true);
		return;
	}
	let at = firstFrom(view, depth, zoom);
	const end = firstFrom(view, depth, view.end[zoom]);

	if (state.span)
		at = firstRightOf(view, at, end, left);
	for (; at < end; at++) {
		const node = view.rowNodes[at], x = (view.left[node] - left) * scale, pixels = view.total[node] * scale;

		if (x >= width)
			break;
		if (pixels >= LEAST || node === zoom) {
			if (run) {
				drawRun(run);
				run = null;
			}
			drawBox(node, x, y, pixels, false);
			continue;
		}
		if (run && x > run.x1 + LEAST) {
			drawRun(run);
			run = null;
		}
		if (!run) {
			run = { x0: x, y, depth, first: node, left: view.left[node], frames: 0, value: 0, hit: false,
				isInner: view.total[view.parent[node]] * scale < LEAST };
			runs.push(run);
		}
		run.x1 = x + pixels;
		run.last = node;
		run.right = view.left[node] + view.total[node];
		run.frames += view.end[node] - node;
		run.value += view.total[node];
		run.hit = run.hit || hits && hits[node] > 0;
	}
	if (run)
		drawRun(run);
}

function draw() {
	waiting = false;
	if (!context || !width)
		return;
	const shift = scroll.scrollTop - slack(), count = rows(), isIcicle = page.state.layout === 'icicle';
	const first = Math.max(0, Math.floor(shift / ROW)), last = Math.min(count, Math.ceil((shift + height) / ROW));

	runs = [];
	context.fillStyle = page.paint.ground;
	context.fillRect(0, 0, width, height);
	for (let row = first; row < last; row++)
		drawRow(isIcicle ? row : count - 1 - row, row * ROW - shift);
}

function redraw() {
	if (!waiting)
		requestAnimationFrame(draw);
	waiting = true;
}

function keepPlace() {
	below = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
}

function resize() {
	const ratio = devicePixelRatio || 1, isFlame = page.state.layout === 'flame';

	width = scroll.clientWidth;
	height = scroll.clientHeight;
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
	const { view, state } = page, row = Math.floor((y + scroll.scrollTop - slack()) / ROW);

	if (row < 0 || row >= rows())
		return null;
	const depth = state.layout === 'icicle' ? row : rows() - 1 - row;

	for (const run of runs)
		if (run.depth === depth && x >= run.x0 - 1 && x <= run.x1 + 1)
			return { run };
	const { left, right } = windowOf(state, view), value = left + x * (right - left) / width;

	if (depth < view.depth[state.zoom]) {
		let node = state.zoom;

		while (view.depth[node] > depth)
			node = view.parent[node];
		return { node };
	}
	const place = firstRightOf(view, firstFrom(view, depth, state.zoom), firstFrom(view, depth, view.end[state.zoom]),
				   value);
	const node = view.rowNodes[place];

	return place < view.rowStart[depth + 1] && node < view.end[state.zoom] && view.left[node] <= value ? { node } : null;
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

// Preorder; of those at least a pixel wide in the rows in sight.
function nodesInSight() {
	const { view, state } = page, shift = scroll.scrollTop - slack(), found = [];
	const { left, right } = windowOf(state, view), least = LEAST * (right - left) / width;

	for (let row = Math.max(0, Math.floor(shift / ROW)); row < rows() && row * ROW < shift + height; row++) {
		const depth = state.layout === 'icicle' ? row : rows() - 1 - row;
		const end = firstFrom(view, depth, view.end[state.zoom]);

		for (let i = firstFrom(view, depth, state.zoom); i < end; i++) {
			const node = view.rowNodes[i];

			if (view.total[node] >= least && view.left[node] < right && view.left[node] + view.total[node] > left)
				found.push(node);
		}
	}
	return found.sort((a, b) => a - b);
}

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
	if ((before && before.node) !== (found && found.node) || (before && before.run) !== (found && found.run))
		redraw();
}

function leave() {
	hovered = null;
	page.emit('hover', -1);
	redraw();
}

// Closer to the few that the run stands for, with a little of their neighbours.
function lookInto(run) {
	const { view, state } = page, parent = view.parent[run.first], room = (run.right - run.left) * 0.05;
	const bounds = windowOf({ zoom: state.zoom, span: null }, view);

	if (view.end[parent] > run.last && parent !== state.zoom && view.total[parent] < bounds.right - bounds.left)
		page.set({ zoom: parent });
	else
		page.set({ zoom: state.zoom, span: { left: Math.max(bounds.left, run.left - room),
						     right: Math.min(bounds.right, run.right + room) } });
}

function click(event) {
	const found = pointed(event);

	if (!found)
		return;
	if (found.run)
		lookInto(found.run);
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
	const { view, state } = page, now = windowOf(state, view), all = windowOf({ zoom: state.zoom, span: null }, view);
	const part = (event.clientX - canvas.getBoundingClientRect().left) / width;
	const factor = Math.exp(Math.max(-1, Math.min(1, event.deltaY * 0.004)));
	const size = Math.min(all.right - all.left, Math.max((now.right - now.left) * factor, (all.right - all.left) / 1e9));
	const left = Math.max(all.left, Math.min(all.right - size, now.left + part * (now.right - now.left - size)));

	page.apply({ span: size >= all.right - all.left ? null : { left, right: left + size } });
}

page.ready(() => {
	scroll = page.make('div', { class: 'scroll' }, page.place.graph);
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
	for (const event of ['paint', 'hits'])
		page.on(event, () => {
			hatching = null;
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
