// SPDX-License-Identifier: MIT
//
// take.js - the pictures of docs/reports.md: node docs/screenshots/take.js PAGE.html POOR.html DIFF.html
//
// PAGE: the demo service at 999 Hz with --sources, POOR: a profile with few samples, DIFF: the page of
// tests/golden/pair/before?.folded -- after?.folded.  Needs what the tests of the pictures need (see
// tests/host/page_browser.js).
'use strict';
const path = require('path');
const playwright = require(process.env.NP_PLAYWRIGHT || 'playwright-core');

const [, , good, poor, pair] = process.argv.map(file => path.resolve(file));

async function shot(browser, name, file, options, act) {
	const context = await browser.newContext({ viewport: { width: 1200, height: 760 }, colorScheme: 'light', ...options });
	const page = await context.newPage();

	await page.goto('file://' + file);
	await page.waitForSelector('html.live');
	await act(page);
	await page.waitForTimeout(200);
	await page.screenshot({ path: path.join(__dirname, name + '.png') });
	await context.close();
}

const row = (page, name) => page.locator('.space .row', { hasText: name }).first().click();

(async () => {
	const browser = await playwright.chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
							   args: ['--no-sandbox'] });

	await shot(browser, 'page', good, {}, async page => {
		await row(page, 'hash_bytes');
		const box = await page.locator('.graph canvas').boundingBox();

		await page.mouse.move(box.x + box.width * 0.42, box.y + box.height - 18 * 7.5);
	});
	await shot(browser, 'sandwich', good, {}, async page => {
		await page.fill('.panel-bar input', 'service_mix');
		await row(page, 'service_mix');
		await page.locator('#tab-sandwich').click();
	});
	await shot(browser, 'source', good, { colorScheme: 'dark' }, async page => {
		await row(page, 'hash_round');
		await page.locator('#tab-source').click();
	});
	await shot(browser, 'search', good, {}, async page => {
		await page.fill('.search input', '/sort|compare/ self>0.1%');
		await page.keyboard.press('Enter');
		await page.selectOption('select[title=Colours]', 'module');
	});
	await shot(browser, 'poor', poor, {}, page => page.locator('.badge').click());
	await shot(browser, 'diff', pair, { viewport: { width: 1200, height: 620 } }, async page => {
		await page.keyboard.press('ArrowUp');
		await page.keyboard.press('ArrowUp');
	});
	await shot(browser, 'narrow', good, { viewport: { width: 400, height: 760 } }, page => row(page, 'visit'));
	await shot(browser, 'print', good, { viewport: { width: 800, height: 760 } }, page => page.emulateMedia({ media: 'print' }));
	await browser.close();
})();
