// SPDX-License-Identifier: MIT
//
// report_browser.js - the picture in a real browser: node report_browser.js REPORT_TOOL GOLDEN_DIR [SHOTS_DIR]
//
// See browser.js for what it needs.
'use strict';
const fs = require('fs'), path = require('path');
const browser = require('./browser.js');

const [, , tool, golden, shots] = process.argv;
const { check, work } = browser;
const draw = (name, folded, ...options) => browser.draw(tool, 'svg', name, folded, ...options);

// The text of the box of that name, where it is drawn, and how.
const boxes = page => page.evaluate(() => Array.from(document.querySelectorAll('#frames > .f'), g => {
	const rect = g.querySelector('rect');

	return { name: g.getAttribute('aria-label').split(', ')[0], shown: !g.hasAttribute('display'),
		 past: g.classList.contains('past'), hit: g.classList.contains('hit'),
		 x: Number(rect.getAttribute('x')), y: Number(rect.getAttribute('y')),
		 width: Number(rect.getAttribute('width')), text: (g.querySelector('text') || {}).textContent,
		 focused: document.activeElement === g };
}));
const box = async (page, name) => (await boxes(page)).find(one => one.name === name);
const status = page => page.locator('output').textContent();
const click = (page, name) => page.evaluate(wanted => {
	for (const g of document.querySelectorAll('#frames > .f'))
		if (g.getAttribute('aria-label').split(', ')[0] === wanted)
			g.querySelector('rect').dispatchEvent(new MouseEvent('click', { bubbles: true }));
}, name);
const focusedName = async page => ((await boxes(page)).find(one => one.focused) || {}).name;

const STACKS = 'main;parse;lex 30\nmain;parse;lex;parse 10\nmain;hash 40\nmain;io;read 15\nmain;io;write 5\n';

async function zooming(page) {
	await page.goto(draw('zoom', STACKS));
	const before = await boxes(page);

	check('all boxes are drawn', before.length === 9 && before.every(one => one.shown), before);
	await click(page, 'io');
	check('io fills the width', Math.abs((await box(page, 'io')).width - (await box(page, 'all')).width) < 1.5);
	check('main is faded', (await box(page, 'main')).past);
	check('hash is gone', !(await box(page, 'hash')).shown);
	check('read takes three quarters', Math.abs((await box(page, 'read')).width /
		(await box(page, 'io')).width - 0.75) < 0.01);
	check('the link names the zoom', (await page.evaluate(() => location.hash)).includes('zoom='));
	const link = page.url();

	await click(page, 'read');
	await page.goBack();
	check('back goes to io', (await box(page, 'write')).shown && (await box(page, 'main')).past);
	await page.locator('button', { hasText: 'Reset zoom' }).click();
	check('reset shows all', (await boxes(page)).every(one => one.shown && !one.past));
	await click(page, 'io');
	await click(page, 'main');
	check('a click on an ancestor zooms out', (await box(page, 'hash')).shown);
	await page.goto('about:blank');
	await page.goto(link);
	check('the link opens zoomed', !(await box(page, 'hash')).shown && (await box(page, 'read')).shown);
	// The same path in a picture of another width.
	await page.goto('about:blank');
	await page.goto(draw('zoom', STACKS + 'main;new 50\n', '--width', '700') + link.slice(link.indexOf('#')));
	check('the link outlives a new profile', !(await box(page, 'hash')).shown && (await box(page, 'read')).shown);
}

async function searching(page) {
	await page.goto(draw('search', STACKS));
	await page.keyboard.press('Control+f');
	await page.keyboard.type('PARSE|lex');
	check('nested matches count once', (await status(page)).replace(/\u00a0/g, ' ').startsWith('40.0 % matched'),
		await status(page));
	check('three boxes match', (await boxes(page)).filter(one => one.hit).length === 3);
	await page.keyboard.press('Enter');
	check('Enter goes to the first', (await status(page)).endsWith('1/3'), await status(page));
	await page.keyboard.press('Enter');
	await page.keyboard.press('Enter');
	await page.keyboard.press('Enter');
	check('and round', (await status(page)).endsWith('1/3'), await status(page));
	await page.keyboard.press('Shift+Enter');
	check('Shift-Enter goes back', (await status(page)).endsWith('3/3'), await status(page));
	await page.locator('button', { hasText: 'Aa' }).click();
	check('with case only lex', (await status(page)).replace(/\u00a0/g, ' ').startsWith('40.0 % matched') &&
		(await boxes(page)).filter(one => one.hit).length === 1, await status(page));
	await page.keyboard.press('Escape');
	check('Esc clears', await status(page) === '' && (await boxes(page)).every(one => !one.hit));
	await page.keyboard.press('/');
	await page.keyboard.type('operator(');
	check('a broken expression is plain text', await page.locator('input.bad').count() === 1);
	await page.keyboard.press('Escape');
	await page.keyboard.press('Escape');
	await click(page, 'io');
	await page.keyboard.press('/');
	await page.keyboard.type('read|hash');
	check('within a zoom it is of the zoom', (await status(page)).replace(/\u00a0/g, ' ').startsWith('75.0 % matched of zoom'),
		await status(page));
}

async function keys(page) {
	await page.goto(draw('keys', STACKS));
	await page.keyboard.press('Tab');
	check('Tab reaches the root', await focusedName(page) === 'all', await focusedName(page));
	for (const [key, name] of [['ArrowUp', 'main'], ['ArrowUp', 'hash'], ['ArrowRight', 'io'],
				   ['ArrowUp', 'read'], ['ArrowRight', 'write'], ['ArrowDown', 'io'],
				   ['ArrowLeft', 'hash'], ['ArrowRight', 'io']]) {
		await page.keyboard.press(key);
		check(key + ' to ' + name, await focusedName(page) === name, await focusedName(page));
	}
	await page.keyboard.press('Enter');
	check('Enter zooms', !(await box(page, 'hash')).shown);
	await page.keyboard.press('Backspace');
	check('Backspace zooms out', (await box(page, 'hash')).shown);
	await page.keyboard.press('Enter');
	await page.keyboard.press('Escape');
	check('Esc resets', (await boxes(page)).every(one => one.shown && !one.past));
	const y = (await box(page, 'all')).y;

	await page.keyboard.press('i');
	check('i turns it over', (await box(page, 'all')).y < y && (await box(page, 'main')).y > (await box(page, 'all')).y);
	await page.keyboard.press('ArrowDown');
	check('then down is outward', await focusedName(page) === 'read', await focusedName(page));
	const aria = await page.evaluate(() => ({
		tree: document.querySelector('#frames').getAttribute('role'),
		items: document.querySelectorAll('#frames > [role=treeitem][aria-level][aria-label]').length,
		stops: document.querySelectorAll('#frames > [tabindex="0"]').length }));

	check('roles', aria.tree === 'tree' && aria.items === 9 && aria.stops === 1, aria);
}

async function hostile(page) {
	const dialogs = [], requests = [];

	page.on('dialog', dialog => { dialogs.push(dialog.message()); dialog.dismiss(); });
	page.on('request', request => requests.push(request.url()));
	await page.goto(draw('hostile', fs.readFileSync(path.join(golden, 'hostile.folded')),
			     '--title', '</style></title><script>window.pwned=2</script><img src=x onerror=alert(1)>'));
	for (let i = 0; i < 24; i++) {
		await page.keyboard.press('ArrowUp');
		await page.keyboard.press('ArrowRight');
	}
	await page.evaluate(() => document.querySelectorAll('#frames > .f').forEach(g =>
		g.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))));
	await page.keyboard.press('/');
	await page.keyboard.type('<script>');
	check('nothing ran', await page.evaluate(() => window.pwned) === undefined && dialogs.length === 0, dialogs);
	check('one script, no image', await page.evaluate(() => document.querySelectorAll('script').length === 1 &&
		document.querySelectorAll('img, image, a').length === 0));
	check('nothing was asked for', requests.length === 1, requests);
	check('the name is found as it is', (await boxes(page)).filter(one => one.hit).length === 1);
}

async function without_scripts(browser) {
	const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 800, height: 600 } });
	const page = await context.newPage();

	await page.goto(draw('static', STACKS));
	if (shots)
		await page.screenshot({ path: path.join(shots, 'report-static.png') });
	const size = await page.locator('#np').boundingBox();

	check('fits a narrow window', size.width <= 800, size);
	check('names are there', await page.locator('#frames text', { hasText: 'hash' }).count() === 1);
	check('words are there', (await page.locator('#frames title').nth(3).textContent()).includes('% of all'));
	await context.close();
}

async function as_image(browser) {
	const context = await browser.newContext(), page = await context.newPage();

	fs.writeFileSync(path.join(work, 'page.html'), '<img src="static.svg" alt="">');
	await page.goto('file://' + path.join(work, 'page.html'));
	check('works as an image', await page.evaluate(() => document.images[0].naturalWidth) === 1200);
	await context.close();
}

async function resizing(page) {
	await page.goto(draw('resize', STACKS));
	for (const width of [1600, 360]) {
		await page.setViewportSize({ width, height: 500 });
		await page.waitForFunction(w => Number(document.documentElement.getAttribute('width')) <= w &&
			Number(document.documentElement.getAttribute('width')) > w - 20, width);
		const root = await box(page, 'all');

		check('fills ' + width, Math.abs(root.width + 20 - width) < 20, root);
		check('no sideways scrolling at ' + width, await page.evaluate(() =>
			document.documentElement.scrollWidth <= window.innerWidth));
	}
}

browser.run([zooming, searching, keys, hostile, resizing], { viewport: { width: 1200, height: 700 } },
	without_scripts, as_image);
