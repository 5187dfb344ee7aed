// SPDX-License-Identifier: MIT
//
// speedscope.js - a file as speedscope itself shows it: node speedscope.js FILE
//
// Prints the rows of its sandwich view as JSON.  Needs Chromium ($CHROMIUM or /usr/bin/chromium),
// playwright-core ($NP_PLAYWRIGHT or anywhere node looks) and speedscope ($NP_SPEEDSCOPE, its
// directory, or anywhere node looks); without, exit 77.
'use strict';
const fs = require('fs'), os = require('os'), path = require('path'), url = require('url');

const file = process.argv[2];
const browserPath = process.env.CHROMIUM || '/usr/bin/chromium';
let playwright, home;

function skip(why) {
	console.log('skipped: ' + why);
	process.exit(77);
}

try {
	playwright = require(process.env.NP_PLAYWRIGHT || 'playwright-core');
} catch (error) {
	skip('no playwright-core: npm install playwright-core somewhere, NP_PLAYWRIGHT=<there>/node_modules/playwright-core');
}
try {
	home = process.env.NP_SPEEDSCOPE || path.dirname(require.resolve('speedscope/package.json'));
} catch (error) {
	skip('no speedscope: npm install speedscope somewhere, NP_SPEEDSCOPE=<there>/node_modules/speedscope');
}
const page_path = path.join(home, 'dist/release/index.html');
if (!fs.existsSync(page_path))
	skip('no ' + page_path);
if (!fs.existsSync(browserPath))
	skip('no ' + browserPath + ': apt-get install chromium');

async function main() {
	const work = fs.mkdtempSync(path.join(os.tmpdir(), 'np-speedscope-'));
	const loader = path.join(work, 'load.js');
	const data = fs.readFileSync(file).toString('base64');
	// As its command line tool hands a file to the page.
	fs.writeFileSync(loader, `speedscope.loadFileFromBase64(${JSON.stringify(path.basename(file))}, "${data}")`);
	const browser = await playwright.chromium.launch({ executablePath: browserPath,
		args: ['--no-sandbox', '--enable-unsafe-swiftshader'] });
	try {
		const page = await browser.newPage({ viewport: { width: 1200, height: 4000 } });
		const errors = [];
		page.on('pageerror', (error) => errors.push(error.message));
		await page.goto(url.pathToFileURL(page_path) + '#localProfilePath=' + loader);
		await page.waitForFunction(() => document.body.innerText.includes('Sandwich'), null, { timeout: 60000 });
		await page.keyboard.press('3');
		await page.waitForFunction(() => document.body.innerText.includes('Symbol Name'), null, { timeout: 60000 });
		const rows = await page.evaluate(() => [...document.querySelectorAll('table tr')]
			.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.innerText.trim()))
			.filter((cells) => cells.length === 3)
			.map(([total, self, name]) => ({ name, total: total.split(' ')[0], self: self.split(' ')[0] })));
		if (errors.length || rows.length === 0)
			throw new Error('page errors: ' + errors.join('; ') + ', rows: ' + rows.length);
		console.log(JSON.stringify(rows));
	} finally {
		await browser.close();
		fs.rmSync(work, { recursive: true });
	}
}

main().catch((error) => {
	console.log(String(error));
	process.exit(1);
});
