// What a program in TypeScript may write, and what it may not. It is compiled, not run.
import { AbstractAuth, Auth, BearerError, Client, OAuth2Auth, Status, percentEncode, qrText, version } from 'bearer';
import type { Hooks, TokenSet } from 'bearer';

class MyAuth extends AbstractAuth {
  async getAccessToken(rejected: string | null): Promise<string> {
    return rejected ?? 'a token';
  }
}

class MyOAuth2 extends OAuth2Auth {
  override async refreshTokens(): Promise<TokenSet> {
    return { access_token: 'another' };
  }
}

// @ts-expect-error: getAccessToken is missing
class Incomplete extends AbstractAuth {}

export async function program(signal: AbortSignal): Promise<void> {
  const auth = new MyOAuth2('https://api.example.com', {
    token: { access_token: 'a', refresh_token: 'r', expires_at: 1, vendors_own: ['kept'] },
    clientId: 'my-app',
    tokenUpdater: async (token) => void token.access_token?.length,
  });
  const answer = await auth.request('get', 'lights', { query: { on: true, room: ['a', 'b'] }, signal, timeout: 500 });
  const lights: { name: string }[] = await answer.json();
  const type: string | null = answer.headers.get('content-type');
  for await (const chunk of answer.body) chunk.byteLength.toFixed();
  await Promise.all([new Auth('https://x', 's').close(), new MyAuth('https://x').close(), auth.close()]);

  const hooks: Hooks = {
    onRefresh: (token) => ({ access_token: `${token?.refresh_token}` }),
    onHttp: ({ url, method, headers, body }) => fetch(url, { method, headers, body }),
    onLock: { lock: async () => {}, reload: () => null, unlock: (_token, outcome) => void outcome.toFixed() },
    onLog: (level, { event }) => void [level.toFixed(), event.length],
  };
  const client = new Client({ base_url: 'https://api.example.com', http: { timeout_s: 5 } }, hooks);
  const login = await client.loginBegin({ redirect_uri: 'https://app.example/callback' });
  const token: TokenSet = await client.loginFinish(login, new URL('https://app.example/callback?code=1'));
  client.token = token;
  const polled: TokenSet | null = await client.devicePoll(await client.deviceBegin());
  const { accessToken, expiresAt } = await client.accessToken({ minValid: 60, signal });
  const claims: string = client.idToken.sub;
  try {
    await client.scope({ signal }).refresh();
  } catch (error) {
    if (error instanceof BearerError && error.status === Status.LOGIN_REQUIRED) error.reason?.length;
  }
  void [lights, type, polled, accessToken, expiresAt, claims, percentEncode('a'), qrText('b'), version()];

  // @ts-expect-error: a misspelt member
  new Client({ base_ulr: 'https://api.example.com' });
  // @ts-expect-error: a body is no object
  await client.request('lights', { body: { on: true } });
  // @ts-expect-error: AbstractAuth is abstract
  new AbstractAuth('https://api.example.com');
  // @ts-expect-error: the token may be missing
  client.scope().token.access_token;
  void Incomplete;
}
