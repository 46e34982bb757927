import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { Status, percentEncode, qrText, version } from 'bearer';
import { start } from './support/server.js';

const server = await start();
const redirectUri = 'http://127.0.0.1:1/callback';
const saved = [];
let client;
beforeEach(async () => {
  await server.post('reset');
  await client?.close();
  saved.length = 0;
  client = server.client({ issuer: server.url }, { onToken: (token) => saved.push(token) });
});
after(() => client.close());

/** What a browser would be sent back to. */
const visit = async (url) => (await fetch(url, { redirect: 'manual' })).headers.get('location');

test('a login in a browser', async () => {
  const login = await client.loginBegin({ redirect_uri: redirectUri, scope: 'openid read' });
  const token = await client.loginFinish(login, await visit(login.authorization_url));
  assert.deepEqual([saved, client.token], [[token], token]);
  assert.equal(client.idToken.sub, 'test-user');
  assert.equal((await client.userinfo()).sub, 'test-user');
  const url = new URL(await client.logoutUrl({ state: 'xyz' }));
  assert.equal(url.searchParams.get('id_token_hint'), token.id_token);
});

test('a callback of another login is refused', async () => {
  const [one, other] = await Promise.all([
    client.loginBegin({ redirect_uri: redirectUri }),
    client.loginBegin({ redirect_uri: redirectUri }),
  ]);
  await assert.rejects(client.loginFinish(one, await visit(other.authorization_url)), (error) => {
    assert.equal(error.json.status, 'unsafe');
    return error.status === Status.UNSAFE && error.reason === 'state';
  });
});

test('a login whose person said no', async () => {
  const login = await client.loginBegin({ redirect_uri: redirectUri, login_hint: 'deny' });
  await assert.rejects(client.loginFinish(login, await visit(login.authorization_url)), { status: Status.ACCESS_DENIED });
});

test('a login with the browser of this machine', async () => {
  const opened = [];
  const token = await client.loginLoopback(null, {
    openUrl: (url) => {
      opened.push(url);
      fetch(url).then((page) => page.text());
    },
  });
  assert.equal(opened.length, 1);
  assert.deepEqual(saved, [token]);
});

test('a login on another device', async () => {
  await server.post('config', { device_interval_s: 1 });
  const device = await client.deviceBegin();
  assert.equal(await client.devicePoll(device), null);
  assert.ok(qrText(device.verification_uri_complete ?? device.verification_uri).includes('█'));
  await server.post('device', { user_code: device.user_code, approve: true });
  const token = await client.deviceWait(device);
  assert.deepEqual(saved, [token]);
});

test('a wait for a device can be given up', async () => {
  const device = await client.deviceBegin();
  const controller = new AbortController();
  const waiting = client.deviceWait(device, { signal: controller.signal });
  setImmediate(() => controller.abort());
  await assert.rejects(waiting, { name: 'AbortError' });
});

test('a grant, introspection and revocation', async () => {
  const token = await client.grant({ grant_type: 'password', username: 'test-user', password: 'test-password' });
  assert.deepEqual(saved, [token]);
  assert.equal((await client.introspect()).active, true);
  assert.equal((await client.introspect('nonsense')).active, false);
  await client.revoke();
  assert.equal(client.token, null);
  await assert.rejects(client.request('api/lights'), (error) => error.needsLogin && error.reason === 'no_token');
});

test('what the server and the API say of themselves', async () => {
  assert.equal((await client.discover()).issuer, server.url);
  const api = server.client({ base_url: `${server.url}/api` });
  assert.deepEqual((await api.discoverResource()).authorization_servers, [server.url]);
  await api.close();
});

test('a registration is made, read, replaced and ended', async () => {
  const metadata = { redirect_uris: [redirectUri], client_name: 'Lights' };
  const made = await client.register(metadata);
  assert.equal((await client.registrationRead(made)).client_name, 'Lights');
  const replaced = await client.registrationUpdate(made, { ...metadata, client_name: 'Lamps' });
  assert.equal(replaced.client_name, 'Lamps');
  await client.registrationDelete(made);
  await assert.rejects(client.registrationRead(made), { status: Status.REJECTED });
});

test('a token for another HTTP stack', async () => {
  client.token = await server.expired();
  const { accessToken, expiresAt } = await client.accessToken({ minValid: 60 });
  assert.ok(expiresAt > Date.now() / 1000);
  const url = `${server.url}/api/lights`;
  const headers = await client.authorization('GET', url);
  assert.equal(headers.authorization, `Bearer ${accessToken}`);
  await server.post('invalidate', { access_token: accessToken });
  const { status } = await fetch(url, { headers });
  assert.equal(await client.feedback('GET', url, headers, status, {}), true);
  const { authorization } = await client.authorization('GET', url);
  assert.equal((await fetch(url, { headers: { authorization } })).status, 200);
});

test('small things', () => {
  assert.equal(percentEncode('a b/ä'), 'a%20b%2F%C3%A4');
  assert.match(version(), /^\d+\.\d+\.\d+$/);
  assert.throws(() => percentEncode('a\0b'), { status: Status.INVALID_ARGUMENT });
});
