// SPDX-License-Identifier: MIT
//
// keyboard.js - from box to box without a pointer, and the list of the keys.

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
