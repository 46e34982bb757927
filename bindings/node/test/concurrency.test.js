import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start } from './support/server.js';

const server = await start();

test('64 promises that meet an expired token make one renewal', async () => {
  const updates = [];
  const onToken = async (token) => {
    await new Promise(setImmediate);
    updates.push(token.access_token);
  };
  const client = server.client({ token: await server.expired() }, { onToken });
  const hold = await server.hold('/auth/token');
  const calls = Array.from({ length: 64 }, () => client.request('api/lights').then((answer) => answer.json()));
  await hold.arrived(1);
  await hold.release();
  const seen = await Promise.all(calls);
  const sent = new Set(seen.map(({ headers }) => headers.find(([name]) => name === 'authorization')[1]));
  assert.deepEqual([...sent], [`Bearer ${updates[0]}`]);
  const { refreshes, token_requests, families_revoked, api_401 } = await server.state();
  assert.deepEqual({ refreshes, token_requests, families_revoked, api_401 }, {
    refreshes: 1, token_requests: 1, families_revoked: 0, api_401: 0,
  });
  assert.equal(updates.length, 1);
  await client.close();
});
