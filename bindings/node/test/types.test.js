import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const installed = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));

test('the types fit what a program may write, and refuse what it may not', () => {
  const tsc = ['tsc', 'tsc.js'].map((name) => join(installed, 'bin', name)).find(existsSync);
  const project = fileURLToPath(new URL('types', import.meta.url));
  execFileSync(process.execPath, [tsc, '--project', project], { stdio: ['ignore', 'inherit', 'inherit'] });
});
