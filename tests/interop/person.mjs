// What a person does: signs in and agrees in a browser, approves a device, or says no.
import * as http from 'node:http';
import * as https from 'node:https';
import { errors } from 'oidc-provider';

// The provider's own page for signing in. login_hint says who signs in; "deny" says no.
export async function interaction(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  const hint = details.params.login_hint;
  const finish = (result, mergeWithLastSubmission) => (
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission }));
  if (hint === 'deny') return finish({ error: 'access_denied', error_description: 'the person said no' }, false);
  if (details.prompt.name === 'login') return finish({ login: { accountId: hint ?? 'alice' } }, false);

  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = details.prompt.details;
  const grant = details.grantId
    ? await provider.Grant.find(details.grantId)
    : new provider.Grant({ accountId: details.session.accountId, clientId: details.params.client_id });
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) grant.addResourceScope(resource, scopes.join(' '));
  return finish({ consent: { grantId: await grant.save() } }, true);
}

function exchange(url, ca, method, cookies, form) {
  const body = form && new URLSearchParams(form).toString();
  const headers = { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') };
  if (body) headers['content-type'] = 'application/x-www-form-urlencoded';
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, { method, ca, headers }, async (answer) => {
      try {
        let text = '';
        for await (const piece of answer) text += piece;
        resolve({ status: answer.statusCode, headers: answer.headers, text });
      } catch (error) {
        reject(error);
      }
    });
    request.on('error', reject);
    request.end(body);
  });
}

// A browser: keeps cookies, follows redirects inside the issuer, and returns where it was sent beyond.
async function browse({ origin, ca }, method, path, form, cookies = new Map()) {
  let url = new URL(path, origin);
  for (let hops = 0; hops < 12; hops += 1) {
    if (url.origin !== origin) return { location: url.href };
    const answer = await exchange(url, ca, method, cookies, form);
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    if (!answer.headers.location) return { status: answer.status, text: answer.text, cookies };
    url = new URL(answer.headers.location, url);
    method = 'GET';
    form = undefined;
  }
  throw new Error('the redirects do not end');
}

// Opens an authorization request; gives the URL that the browser is sent back to.
export async function signIn(issuer, query) {
  const end = await browse(issuer, 'GET', `/auth${query}`);
  if (!end.location) throw new Error(end.text);
  return { location: end.location };
}

// Ends the session that there may be, and agrees; gives the URL that the browser is sent back to, or the page.
export async function signOut(issuer, query) {
  const page = await browse(issuer, 'GET', `/session/end${query}`);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1];
  if (!xsrf) throw new Error(page.text);
  const end = await browse(issuer, 'POST', '/session/end/confirm', { xsrf, logout: 'yes' }, page.cookies);
  return end.location ? { location: end.location } : { text: end.text };
}

// Enters a device's code, and approves it or not.
export async function device(issuer, userCode, approves) {
  const page = await browse(issuer, 'GET', `/device?user_code=${encodeURIComponent(userCode)}`);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1];
  const answer = approves ? { confirm: 'yes' } : { abort: 'yes' };
  const end = await browse(issuer, 'POST', '/device', { xsrf, user_code: userCode, ...answer }, page.cookies);
  if (end.status !== 200) throw new Error(end.text);
  return { done: true };
}

// Answers a backchannel login (CIBA).
export async function backchannel({ provider }, id, approves) {
  const asked = await provider.BackchannelAuthenticationRequest.find(id);
  const grant = new provider.Grant({ accountId: asked.accountId, clientId: asked.clientId });
  grant.addOIDCScope(asked.scope);
  await grant.save();
  await provider.backchannelResult(asked, approves ? grant : new errors.AccessDenied('the person said no'));
  return { done: true };
}
