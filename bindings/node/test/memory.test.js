import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'bearer';
import koffi from 'koffi';
import { registeredHooks } from '../lib/hooks.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** What malloc has given out and not had back. */
function nativeBytes() {
  const size = 'size_t';
  const members = ['arena', 'ordblks', 'smblks', 'hblks', 'hblkhd', 'usmblks', 'fsmblks', 'uordblks', 'fordblks', 'keepcost'];
  const type = koffi.struct(Object.fromEntries(members.map((name) => [name, size])));
  const mallinfo2 = koffi.load(null).func('mallinfo2', type, []);
  return () => {
    const { hblkhd, uordblks } = mallinfo2();
    return Number(hblkhd) + Number(uordblks);
  };
}

async function use() {
  const client = new Client(
    { base_url: 'http://localhost/', token: { access_token: 'a', expires_at: 4102444800 } },
    { onHttp: () => ({ status: 200, headers: { 'x-a': 'b' }, body: 'answer' }), onToken: () => {} },
  );
  const { signal } = new AbortController();
  const answer = await client.request('lights', { headers: { 'x-mine': 'yes' }, query: { a: 'b' }, signal });
  assert.equal(await answer.text(), 'answer');
  await client.close();
}

// The resident set is no measure: the heaps of V8's threads grow and shrink by more than what is asked about here.
test('10,000 clients that are made, used and closed leave nothing', { skip: process.platform !== 'linux' }, async (t) => {
  const native = nativeBytes();
  const rounds = async (count) => {
    for (let done = 0; done < count; done += 4) await Promise.all([use(), use(), use(), use()]);
    for (let passes = 0; passes < 3; passes += 1) {
      collect();
      await turn();
    }
    const { heapUsed, external } = process.memoryUsage();
    return { heap: heapUsed + external, native: native() };
  };
  const before = registeredHooks();
  const first = await rounds(2000);
  const last = await rounds(8000);
  assert.equal(registeredHooks(), before);
  for (const kind of ['heap', 'native']) {
    const more = last[kind] - first[kind];
    t.diagnostic(`${kind}: ${first[kind]} bytes after 2,000, ${more} more after 10,000`);
    // 128 bytes for each would be as many.
    assert.ok(more < 8000 * 128, `${kind}: ${more} bytes more`);
  }
});
