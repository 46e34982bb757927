import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { start } from './support/server.js';

const server = await start();
const client = server.client({ token: await server.post('issue') });
beforeEach(() => server.post('reset'));
after(() => client.close());

const seen = async (path, options) => (await client.request(path, options)).json();
const header = ({ headers }, wanted) => headers.filter(([name]) => name === wanted).map(([, value]) => value);

test('an answer of any status is one', async () => {
  const answer = await client.request('api/status/404');
  assert.deepEqual([answer.status, answer.ok, await answer.text()], [404, false, 'status 404']);
  const empty = await client.request('api/empty');
  assert.deepEqual([empty.status, empty.ok, (await empty.arrayBuffer()).byteLength], [204, true, 0]);
});

test('headers of one name stay apart', async () => {
  const answer = await client.request('api/headers');
  assert.equal(answer.headers.getSetCookie().length, 2);
  assert.equal(answer.headers.get('x-repeated').split(', ').length, 2);
  assert.equal(answer.url, `${server.url}/api/headers`);
  await answer.text();
});

test('bodies in every form', async () => {
  const forms = [
    [{ body: 'ä' }, 'ä', 'text/plain;charset=UTF-8'],
    [{ json: { on: true } }, '{"on":true}', 'application/json'],
    [{ body: new URLSearchParams({ a: 'b c' }) }, 'a=b+c', 'application/x-www-form-urlencoded;charset=UTF-8'],
    [{ body: Buffer.from('bytes') }, 'bytes', undefined],
    [{ body: new TextEncoder().encode('x').buffer, headers: { 'Content-Type': 'a/b' } }, 'x', 'a/b'],
    [{ body: 'a', headers: new Headers({ 'content-type': 'c/d' }) }, 'a', 'c/d'],
  ];
  for (const [options, text, type] of forms) {
    const answer = await seen('api/lights', { method: 'POST', ...options });
    assert.equal(answer.body_text, text);
    assert.equal(header(answer, 'content-type')[0], type);
  }
  await assert.rejects(client.request('api/lights', { method: 'POST', body: {} }), TypeError);
});

test('queries and headers in every form', async () => {
  const queries = { 'a=1&a=x%20y': { a: [1, 'x y'] }, 'b=%26': new URLSearchParams({ b: '&' }), 'c=2': 'c=2', 'd=3': [['d', 3]] };
  for (const [text, query] of Object.entries(queries)) {
    assert.equal((await seen('api/lights', { query })).path, `/api/lights?${text}`);
  }
  const headers = [['X-A', '1'], ['X-A', '2']];
  assert.deepEqual(header(await seen('api/lights', { headers }), 'x-a'), ['1', '2']);
});

test('a body comes whole or as a stream, once', async () => {
  const wanted = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  const whole = await client.request('api/bytes/300000');
  assert.deepEqual(new Uint8Array(await whole.arrayBuffer()), wanted);
  await assert.rejects(whole.text(), TypeError);
  assert.ok(whole.bodyUsed);

  const parts = [];
  for await (const part of (await client.request('api/chunked/300000')).body) parts.push(part);
  assert.ok(parts.length > 1);
  assert.deepEqual(new Uint8Array(Buffer.concat(parts)), wanted);

  const left = await client.request('api/bytes/300000');
  const reader = left.body.getReader();
  await reader.read();
  await reader.cancel();
});

test('a header that would break out of its line is refused', async () => {
  for (const headers of [{ 'x-a': 'b\r\nx-c: d' }, { 'x-a': 'b\0c' }, { host: 'elsewhere' }]) {
    await assert.rejects(client.request('api/lights', { headers }), { code: 'INVALID_ARGUMENT' });
  }
  assert.equal((await server.state()).api_requests, 0);
});

test('what an API asks for', async () => {
  await server.post('config', { step_up: { scope: 'admin' } });
  const answer = await client.request('api/lights');
  assert.equal(answer.status, 403);
  assert.deepEqual(answer.challenge.login, { scope: 'admin' });
  await answer.text();
});
