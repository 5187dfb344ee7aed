// SPDX-License-Identifier: MIT
//
// Firefox Profiler's own importer, to ask it what it makes of our export.  There is no package of it, so the
// test "exports: firefox" uses it where NP_FIREFOX_IMPORT names the bundle, and else goes by the format's
// documentation.  To make the bundle, in a checkout of github.com/firefox-devtools/profiler after "yarn":
//
//	cp .../tests/interop/firefox_import.ts . && npx esbuild firefox_import.ts --bundle --platform=node \
//		--alias:firefox-profiler=./src --loader:.svg=text --loader:.css=empty --outfile=firefox_import.js
import { readFileSync } from 'fs';
import { unserializeProfileOfArbitraryFormat } from './src/profile-logic/process-profile';

unserializeProfileOfArbitraryFormat(readFileSync(process.argv[2], 'utf8'), process.argv[2]).then(
  (profile) => console.log(JSON.stringify(profile)),
  (error) => {
    console.error(error);
    process.exit(1);
  }
);
