// The keys of the provider and of the clients that sign. The clients' private ones are left in the work folder.
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';

export const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];

async function keyPair(alg, kid) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const of = async (key) => ({ ...(await exportJWK(key)), kid, alg, use: 'sig' });
  return { alg, pem: await exportPKCS8(privateKey), private: await of(privateKey), public: await of(publicKey) };
}

export const ofProvider = await Promise.all(ALGORITHMS.map((alg) => keyPair(alg, `provider-${alg}`)));

// {alg}.pem and {alg}.jwk in the folder: the same key in both forms. Returns the public keys.
export async function ofClients(folder) {
  const keys = await Promise.all(ALGORITHMS.map((alg) => keyPair(alg, `client-${alg}`)));
  for (const key of keys) {
    writeFileSync(join(folder, `${key.alg}.pem`), key.pem, { mode: 0o600 });
    writeFileSync(join(folder, `${key.alg}.jwk`), JSON.stringify(key.private), { mode: 0o600 });
  }
  return keys.map((key) => key.public);
}

// A certificate's key as a client's registration has it (RFC 8705 section 2.2).
export function ofCertificate(file) {
  const certificate = new X509Certificate(readFileSync(file));
  const jwk = certificate.publicKey.export({ format: 'jwk' });
  return { ...jwk, use: 'sig', kid: 'certificate', x5c: [certificate.raw.toString('base64')] };
}
