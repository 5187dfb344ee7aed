// SPDX-License-Identifier: MIT
//
// details.js - what is known of a box: in the bar and beside the pointer.

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
