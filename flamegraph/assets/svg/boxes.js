// SPDX-License-Identifier: MIT
//
// boxes.js - the boxes that the document has, and what the files of the picture's script share.
//
// The picture is complete without the script.  What it shows it reads from the boxes themselves (data-b:
// left, width, depth, parent; <title>: words) and puts back as text only, never as markup, because names may
// hold anything.  embed.py joins the files, in the order of flamegraph/meson.build, into one closure; what
// one file declares the others see.  Elements of the bar are made last, in main.js.

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
