// SPDX-License-Identifier: MIT
//
// page_engine_browser.js - the HTML page's graph, transforms, history and size in a real browser:
//	node page_engine_browser.js REPORT_TOOL [NODES]
//
// Times of a profile of NODES (100 000) nodes are printed, not judged; ./dev bench page takes 500 000.
// See browser.js for what it needs.
'use strict';
const fs = require('fs'), path = require('path');
const { execFileSync } = require('child_process');
const browser = require('./browser.js'), seen = require('./page_seen.js');

const [, , tool, nodes] = process.argv;
const { check, work } = browser;
const { hash, plain } = seen;
const WIDTH = 1280, HEIGHT = 800, ROW = 18;
const draw = (name, folded, ...options) => browser.draw(tool, 'html', name, folded, ...options);

async function open(page, address) {
	await seen.open(page, address);
	await settled(page);
}

const settled = page => page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
const status = async page => plain(await page.locator('.status').textContent());
const chips = async page => (await page.locator('.chip > span').allTextContents()).map(plain);
const button = (page, name) => page.locator('.filters button', { hasText: name }).click();

// The middle of the box that is PART of the width, in row DEPTH of a graph that stands on the ground.
async function spot(page, part, depth) {
	const { x, y, width, height } = await page.locator('.graph canvas').boundingBox();

	return [x + width * part, y + height - ROW * (depth + 0.5)];
}

// What the page says is there.
async function at(page, part, depth) {
	await page.mouse.move(...await spot(page, part, depth));
	await settled(page);
	const tip = page.locator('.tip');

	return await tip.isVisible() ? plain(await tip.locator('> *').first().textContent()) : '';
}

const click = async (page, part, depth, options) => {
	await page.mouse.click(...await spot(page, part, depth), options);
	await settled(page);
};

async function choose(page, part, depth, words) {
	await click(page, part, depth, { button: 'right' });
	await page.locator('.menu button', { hasText: words }).click();
	await settled(page);
}

// hash 400, io 200 (read 150, write 48, its own 2), parse 400 (lex 300, lex;parse 100): by name.
const STACKS = 'main;parse;lex 300\nmain;parse;lex;parse 100\nmain;hash 400\nmain;io;read 150\nmain;io;write 48\nmain;io 2\n';

async function zooming(page) {
	await open(page, draw('zoom', STACKS));
	check('boxes lie where their values put them', (await at(page, 0.2, 2)) === 'hash' && (await at(page, 0.5, 2)) === 'io' &&
		(await at(page, 0.9, 2)) === 'parse' && (await at(page, 0.65, 4)) === 'parse' && (await at(page, 0.65, 3)) === 'lex',
		[await at(page, 0.2, 2), await at(page, 0.5, 2), await at(page, 0.9, 2), await at(page, 0.65, 4), await at(page, 0.65, 3)]);
	check('nothing is above a leaf', await at(page, 0.2, 3) === '');
	await click(page, 0.5, 2);
	check('a click zooms', (await hash(page)).includes('zoom=') && (await at(page, 0.01, 2)) === 'io' && (await at(page, 0.5, 3)) === 'read',
		[await hash(page), await at(page, 0.01, 2), await at(page, 0.5, 3)]);
	check('callers keep their rows', await at(page, 0.99, 1) === 'main' && await at(page, 0.99, 0) === 'all');
	await click(page, 0.9, 3);
	await page.goBack();
	await settled(page);
	check('back is the zoom before', await at(page, 0.5, 3) === 'read' && await at(page, 0.99, 2) === 'io', await at(page, 0.99, 2));
	await click(page, 0.5, 0);
	check('a click on the ground shows all', await at(page, 0.2, 2) === 'hash', await hash(page));
	await click(page, 0.9, 2, { modifiers: ['Shift'] });
	await page.keyboard.press('i');
	await settled(page);
	const canvas = await page.locator('.graph canvas').boundingBox();

	await page.mouse.move(canvas.x + 5, canvas.y + ROW * 1.5);
	check('an icicle hangs from the top', plain(await page.locator('.tip > *').first().textContent()) === 'main');
}

// Nothing is too narrow to be reached.
async function narrowness(page) {
	const lines = Array.from({ length: 4000 }, (_, i) => 'main;f' + String(i).padStart(4, '0') + ';g 1');

	await open(page, draw('narrow', lines.join('\n') + '\nmain;wide 4000\n'));
	check('neighbours that are too narrow are one box', /^\u2026 8,000 frames/.test(await at(page, 0.2, 2)), await at(page, 0.2, 2));
	check('what is wide enough is drawn', await at(page, 0.8, 2) === 'wide');
	for (let clicks = 0; clicks < 6 && (await at(page, 0.25, 2)).startsWith('\u2026'); clicks++)
		await click(page, 0.25, 2);
	check('a click looks closer, until each is there', /^f\d{4}$/.test(await at(page, 0.25, 2)), await at(page, 0.25, 2));
	await page.keyboard.press('Escape');
	await page.mouse.move(...await spot(page, 0.25, 2));
	await page.keyboard.down('Control');
	for (let i = 0; i < 12; i++)
		await page.mouse.wheel(0, -400);
	await page.keyboard.up('Control');
	await settled(page);
	check('so does the wheel with Ctrl', /^f\d{4}$/.test(await at(page, 0.25, 2)), await at(page, 0.25, 2));
	await page.keyboard.press('Escape');
	await settled(page);
	check('Esc shows all again', await at(page, 0.8, 2) === 'wide', await at(page, 0.8, 2));
}

async function transforming(page) {
	await open(page, draw('transform', STACKS));
	await choose(page, 0.65, 3, 'Leave out its frames');
	check('hidden: its callee is one nearer', (await chips(page)).join() === 'without frames of lex' &&
		await at(page, 0.65, 3) === 'parse', [await chips(page), await at(page, 0.65, 3)]);
	await choose(page, 0.65, 3, 'Collapse recursion');
	check('and recursion is one frame', await at(page, 0.65, 3) === '' && (await chips(page)).length === 2, await at(page, 0.65, 3));
	await choose(page, 0.2, 2, 'Leave out stacks through it');
	check('dropped: the rest fills the width', await at(page, 0.2, 2) === 'io' &&
		plain(await page.locator('.filters .note').textContent()).startsWith('60.0 %'), await at(page, 0.2, 2));
	const link = page.url();

	await button(page, 'Undo');
	check('undone', (await chips(page)).length === 2 && await at(page, 0.2, 2) === 'hash', await chips(page));
	await button(page, 'Undo');
	await button(page, 'Undo');
	check('all of it', (await chips(page)).length === 0 && await at(page, 0.65, 3) === 'lex', await chips(page));
	await button(page, 'Redo');
	check('redone', (await chips(page)).join() === 'without frames of lex', await chips(page));
	await page.locator('.chip button').click();
	await settled(page);
	check('a chip goes away by itself', (await chips(page)).length === 0 && await at(page, 0.65, 3) === 'lex');
	await open(page, link);
	check('the link has the transforms', (await chips(page)).length === 3 && await at(page, 0.2, 2) === 'io', [link, await chips(page)]);
	await open(page, draw('other', STACKS + 'main;new 500\n') + link.slice(link.indexOf('#')));
	check('and outlives another profile', (await chips(page)).length === 3 && await at(page, 0.1, 2) === 'io', await at(page, 0.1, 2));
	await open(page, draw('transform', STACKS) + '#t=hide:0123456789abcdef&t=nonsense&t=match:&zoom=zz&tab=../x&view=%3Cscript%3E');
	check('a broken link is the whole', (await chips(page)).length === 0 && await at(page, 0.2, 2) === 'hash', await chips(page));
	await choose(page, 0.5, 0, 'Callers of the leaves');
	check('inverted: leaves at the root', [await at(page, 0.1, 1), await at(page, 0.1, 2)].join() === 'hash,main',
		[await at(page, 0.1, 1), await at(page, 0.1, 2)]);
}

async function menu(page) {
	await open(page, draw('menu', STACKS));
	await click(page, 0.2, 2, { button: 'right' });
	const item = () => page.evaluate(() => document.activeElement.getAttribute('role') + ' ' + document.activeElement.textContent);

	check('the first is ready', (await item()).startsWith('menuitem Zoom'), await item());
	await page.keyboard.press('ArrowUp');
	check('arrows go round', (await item()).startsWith('menuitemcheckbox Callers'), await item());
	await page.keyboard.press('Escape');
	check('Esc closes and changes nothing', await page.locator('.menu').count() === 0 && !(await hash(page)).includes('t='));
	await page.locator('.bar button', { hasText: 'Filter' }).click();
	check('a button opens it, too', await page.locator('.menu[role=menu]').count() === 1);
	await page.mouse.click(5, 5);
	check('a click elsewhere closes it', await page.locator('.menu').count() === 0);
}

async function depth(page) {
	await open(page, draw('deep', Array.from({ length: 100000 }, (_, i) => 'f' + i % 977).join(';') + ' 5\nmain;x 3\n'));
	check('the ground is in sight', await at(page, 0.3, 0) === 'all' && await at(page, 0.3, 2) === 'f1', await at(page, 0.3, 2));
	await page.locator('.graph .scroll').evaluate(scroll => { scroll.scrollTop = 0; });
	await settled(page);
	const canvas = await page.locator('.graph canvas').boundingBox();

	await page.mouse.move(canvas.x + 20, canvas.y + ROW / 2);
	await settled(page);
	check('and the last of a hundred thousand', plain(await page.locator('.tip > *').first().textContent()) === 'f' + 99999 % 977,
		await page.locator('.tip > *').first().textContent());
}

// Before: hash 50 %, old 20 %, lex 30 %; after: hash 25 %, lex 75 %.  The larger of both: 50, 75, 20, by name.
async function two(page) {
	const before = path.join(work, 'before.folded'), after = path.join(work, 'after.folded'), output = path.join(work, 'two.html');

	fs.writeFileSync(before, 'main;hash 500\nmain;lex 300\nmain;old 200\n');
	fs.writeFileSync(after, 'main;hash 500\nmain;lex 1500\n');
	execFileSync(tool, ['diff', '-f', 'html', '-o', output, before, after]);
	await open(page, 'file://' + output);
	const seen = async () => [await at(page, 0.2, 2), await at(page, 0.6, 2), await at(page, 0.95, 2)].join();

	check('union: nothing gone is invisible', await seen() === 'hash,lex,old', await seen());
	await page.mouse.move(...await spot(page, 0.6, 2));
	await settled(page);
	check('the change in words', plain(await page.locator('.tip').textContent()).includes('30.0 % \u2192 75.0 % (+45.00 points, \u00d72.50)'),
		await page.locator('.tip').textContent());
	await page.selectOption('select[aria-label=Widths]', 'before');
	check('before', await seen() === 'hash,lex,old' && await at(page, 0.75, 2) === 'lex' && await at(page, 0.85, 2) === 'old', await seen());
	await page.selectOption('select[aria-label=Widths]', 'after');
	check('after', await seen() === 'hash,lex,lex', await seen());
	check('what changed comes first', (await page.locator('.changes tbody th').allTextContents()).slice(0, 3).join() === 'lex,hash,old',
		await page.locator('.changes tbody th').allTextContents());
	await page.locator('.changes button', { hasText: 'lex' }).click();
	check('a click on it selects its box', (await status(page)).startsWith('lex'), await status(page));
	await choose(page, 0.2, 2, 'Leave out stacks through it');
	check('transforms work on both', (await at(page, 0.5, 2)) === 'lex' &&
		(await page.locator('.changes tbody th').allTextContents()).join() === 'lex,old,main', await page.locator('.changes tbody th').allTextContents());
	await open(page, page.url());
	check('the link has all of it', (await chips(page)).length === 1 && await at(page, 0.5, 2) === 'lex', [page.url()]);
}

/* Size */

// A tree of many calling contexts: COUNT paths, each one longer than one before.
function large(count) {
	let seed = 1;
	const random = below => (seed = Math.imul(seed, 1664525) + 1013904223 >>> 0) / 4294967296 * below | 0;
	const paths = ['main'], depths = [1], names = [];

	for (let i = 0; i < 8000; i++)
		names.push('ns' + i % 37 + '::Class' + i % 211 + '::method_' + i + '(int)');
	const file = fs.openSync(path.join(work, 'large.folded'), 'w');
	const known = new Set();
	let text = '';

	while (paths.length < count) {
		const from = random(paths.length), name = names[Math.floor(8000 * Math.pow(random(1e6) / 1e6, 3))];

		if (depths[from] > 40 || known.has(from * 8000 + names.indexOf(name)))
			continue;
		known.add(from * 8000 + names.indexOf(name));
		paths.push(paths[from] + ';' + name);
		depths.push(depths[from] + 1);
		text += paths[paths.length - 1] + ' ' + (1 + random(20)) + '\n';
		if (text.length > 1 << 20) {
			fs.writeSync(file, text);
			text = '';
		}
	}
	fs.writeSync(file, text);
	fs.closeSync(file);
	const output = path.join(work, 'large.html');

	execFileSync(tool, [path.join(work, 'large.folded'), '-o', output]);
	return output;
}

// From an event to what it changed on the screen, in ms: the least of some tries, and the middle one.
async function timed(page, act) {
	const times = [];

	for (let i = 0; i < 7; i++) {
		await page.waitForTimeout(50);
		times.push(await page.evaluate(async ([what, i]) => {
			const canvas = document.querySelector('.graph canvas'), box = canvas.getBoundingClientRect();
			const input = document.querySelector('.search input'), start = performance.now();

			if (what === 'zoom') {
				canvas.dispatchEvent(new MouseEvent('click', { bubbles: true, clientX: box.left + box.width / 2,
					clientY: box.bottom - 18 * (i % 2 ? 0.5 : 2.5) }));
			} else {
				input.value = 'method_' + i;
				input.dispatchEvent(new Event('input', { bubbles: true }));
			}
			const worked = performance.now();

			await new Promise(done => requestAnimationFrame(done));
			const frame = performance.now();

			await new Promise(done => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(0); });
			return worked - start + performance.now() - frame;
		}, [act, i]));
	}
	times.sort((a, b) => a - b);
	return times[0].toFixed(0) + ' ms (median ' + times[3].toFixed(0) + ')';
}

async function size(page) {
	const file = large(Number(nodes || 100000)), opened = [];

	await page.addInitScript(() => {
		document.addEventListener('DOMContentLoaded', () => new MutationObserver(() =>
			document.documentElement.classList.contains('live') && setTimeout(() => { window.openedAt = window.openedAt || performance.now(); }))
			.observe(document.documentElement, { attributes: true }));
	});
	for (let i = 0; i < 3; i++) {
		await open(page, 'file://' + file);
		opened.push(await page.evaluate(() => window.openedAt));
	}
	const count = Number(nodes || 100000), before = await hash(page);

	console.log(count + ' nodes, a page of ' + (fs.statSync(file).size / 1e6).toFixed(1) + ' MB: open in ' +
		Math.min(...opened).toFixed(0) + ' ms, zoom in ' + await timed(page, 'zoom') + ', search in ' + await timed(page, 'search'));
	check('it was zoomed and searched', (await hash(page)) !== before && (await hash(page)).includes('search=method_6'), await hash(page));
}

browser.run([zooming, narrowness, transforming, menu, depth, two, size], { viewport: { width: WIDTH, height: HEIGHT } });
